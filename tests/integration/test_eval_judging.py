"""A language model behind a fake endpoint that judges answers, and how far it agrees with our own scores."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval import __main__ as command
from eval.generation.judging import kappa
from tests.support.chat_server import Handler, chat_server, refuses, says
from tests.support.eval_fakes import EVIDENCE, TableAnswerer

QUESTIONS = ("甲", "乙", "丙", "丁")
ANSWERER = TableAnswerer({"甲": ("70MW", EVIDENCE), "乙": ("70兆瓦", EVIDENCE), "丙": ("80MW", EVIDENCE)})


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    lines = [{"id": name, "question": name, "answers": ["70MW"], "evidence": EVIDENCE} for name in QUESTIONS]
    lines.append({"id": "无", "question": "无", "answers": []})
    path = tmp_path / "set.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def run(*argv: str | Path) -> int:
    return command.main([str(each) for each in argv], opener=lambda settings: ANSWERER)


def by_question(handler: Handler) -> None:
    """Reply as a model that thinks aloud and knows units, but not the second question."""
    prompt = handler.server.asked[-1].prompt
    says("<think>这不对吧</think>对" if "兆瓦" in prompt else "错。" if "80MW" in prompt else "对")(handler)


def test_a_model_judges_what_was_answered_and_its_agreement_is_reported(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIJU_JUDGE_KEY", "sesame")
    with chat_server(by_question) as server:
        judged = ("--judge-url", server.url, "--judge-model", "judge-1", "--json", tmp_path / "r.json")
        assert run(dataset, *judged) == 0
    assert len(server.asked) == 3  # neither what was refused nor what has no answer
    assert {each.headers["Authorization"] for each in server.asked} == {"Bearer sesame"}
    assert "标准答案：70MW" in server.asked[0].prompt and "回答：70MW[1]" in server.asked[0].prompt
    found = json.loads((tmp_path / "r.json").read_text("utf-8"))["judge"]
    assert (found["model"], found["right"]["value"], found["right"]["n"]) == ("judge-1", 0.5, 4)
    assert found["agreement"]["share"]["value"] == 0.75 and found["agreement"]["judge_only"] == ["乙"]
    assert found["agreement"]["kappa"] == 0.5
    said = capsys.readouterr().out
    assert "判对 0.500" in said and "κ 0.50" in said and "模型判对而未命中 1 题：乙" in said


def test_a_reply_that_is_no_verdict_is_counted_apart(dataset: Path, tmp_path: Path) -> None:
    with chat_server(says("无法判断")) as server:
        assert run(dataset, "--judge-url", server.url, "--judge-model", "m", "--json", tmp_path / "r.json") == 0
    found = json.loads((tmp_path / "r.json").read_text("utf-8"))["judge"]
    assert (found["unreadable"], found["right"]["n"]) == (["甲", "乙", "丙"], 1)


def test_a_judge_that_cannot_be_asked_ends_the_command_with_one_line(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with chat_server(refuses(401)) as server:
        assert run(dataset, "--judge-url", server.url, "--judge-model", "m", "--json", tmp_path / "r.json") == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert (tmp_path / "r.json.answers").exists()  # the answers are kept, and the next run goes on from there


def test_a_judge_needs_a_model(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(dataset, "--judge-url", "http://127.0.0.1:1/v1") == 2
    assert "须同时给出" in capsys.readouterr().err


def test_kappa_is_what_cohen_worked_out() -> None:
    # Two readers on 50 proposals: 20 both yes, 5 only the first, 10 only the second, 15 both no.
    pairs = [(1.0, 1.0)] * 20 + [(1.0, 0.0)] * 5 + [(0.0, 1.0)] * 10 + [(0.0, 0.0)] * 15
    assert kappa(pairs) == pytest.approx(0.4)
    assert kappa([(1.0, 1.0)]) is None and kappa([]) is None
