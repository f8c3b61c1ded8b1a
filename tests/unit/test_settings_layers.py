from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from qa.layering import layered
from ui.__main__ import _parser, main


def held(argv: list[str], environment: dict[str, str], file: Path) -> tuple[argparse.Namespace, dict[str, str]]:
    arguments, settings = layered(_parser(), argv, environment, file)
    return arguments, {each.name: each.origin for each in settings}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "yiju.toml"
    path.write_text('port = 8000\nkeep-days = 30\nlog_users = true\nallow-host = ["a.example", "b.example"]\n', "utf-8")
    return path


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(file: Path) -> None:
    arguments, origins = held(["--port", "9000"], {"YIJU_PORT": "8500", "YIJU_KEEP_DAYS": "7"}, file)
    assert (arguments.port, arguments.keep_days, arguments.log_users) == (9000, 7, True)
    assert arguments.allow_host == ["a.example", "b.example"]
    assert origins["port"] == "命令行" and origins["keep-days"] == "环境变量 YIJU_KEEP_DAYS"
    assert origins["log-users"] == str(file) and origins["host"] == "默认"


def test_without_file_and_variables_the_defaults_hold(tmp_path: Path) -> None:
    arguments, origins = held([], {}, tmp_path / "none.toml")
    assert (arguments.port, arguments.host, set(origins.values())) == (7860, "127.0.0.1", {"默认"})


def test_lists_of_the_environment_are_separated_by_commas_and_flags_are_true_or_false(tmp_path: Path) -> None:
    environment = {"YIJU_ALLOW_HOST": "a.example, b.example", "YIJU_MCP": "true", "YIJU_OPEN": "0"}
    arguments, _ = held([], environment, tmp_path / "none.toml")
    assert (arguments.allow_host, arguments.mcp, arguments.open) == (["a.example", "b.example"], True, False)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("prot = 1\n", "里没有 prot 这个设置；有：index、caution"),
        ("port = 70000\n", "的 port：须为 0 到 65535 的整数，得到 70000"),
        ('caution = "brave"\n', "的 caution"),
        ('open = "maybe"\n', "的 open 是 'maybe'，应为 true 或 false"),
        ("port = \n", "无法解析"),
    ],
)
def test_a_file_that_does_not_fit_is_named_with_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], content: str, said: str
) -> None:
    (tmp_path / "yiju.toml").write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main([]) == 2
    assert said in (error := capsys.readouterr().err) and error.count("\n") == 1


def test_config_prints_what_holds_and_where_from_and_no_secret(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(file.parent)
    monkeypatch.setenv("YIJU_LLM_KEY", "sk-secret")
    assert main(["config", "--host", "0.0.0.0"]) == 0
    printed = capsys.readouterr().out
    rows = {line.split()[0]: line for line in printed.splitlines()}
    assert rows["port"].endswith("8000  ← yiju.toml") and rows["host"].endswith("0.0.0.0  ← 命令行")
    assert "已设置" in printed and "sk-secret" not in printed


def test_errors_of_the_command_line_are_one_chinese_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--prot", "1"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == ("yiju-serve：命令用法不对（不认识的参数 --prot 1）；用法见 yiju-serve --help\n")


def test_every_command_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0 and capsys.readouterr().out.startswith("yiju-serve 0.")
