from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench import Measurement, __main__, history
from bench.history import Result, keep, page, timed
from index.errors import YijuError


def result(value: float, others: float = 0.0, name: str = "warm p50") -> Result:
    figure: dict[str, str | float] = {"name": name, "value": value, "unit": "ms", "goal": "≤ 60"}
    return {"others": others, "load": "0.1 / 0.2 / 0.3", "figures": [figure]}


def a_run(date: str, commit: str, value: float, others: float = 0.0) -> history.Run:
    machine = {"processor": "EPYC <7>", "cores": "2"}
    return {"date": date, "commit": commit, "machine": machine, "results": {"answers": result(value, others)}}


def test_a_page_shows_the_newest_value_and_every_one_with_its_commit_machine_and_load() -> None:
    shown = page([a_run("2026-11-01T08:00", "aaaa", 143.0), a_run("2026-11-02T08:00", "bbbb", 104.5)])
    assert '<td data-v="104.5">104.5 ms</td><td>≤ 60</td><td>2026-11-02</td><td>EPYC &lt;7&gt;，2 核</td>' in shown
    titles = re.findall(r"<title>(.*?)</title></circle>", shown)
    assert titles == [f"{value} · 2026-11-0{n} {of} · EPYC &lt;7&gt;，2 核 · 负载 0.1 / 0.2 / 0.3"
                      for n, value, of in ((1, 143, "aaaa"), (2, 104.5, "bbbb"))]  # fmt: skip


def test_a_figure_of_a_busy_machine_is_marked() -> None:
    shown = page([a_run("2026-11-01", "aaaa", 143.0, others=1.2), a_run("2026-11-02", "bbbb", 104.5)])
    assert shown.count("机器忙</title>") == 1
    assert shown.count('fill="var(--bad)"') == 1
    assert "<td>机器忙</td>" not in shown
    assert "<td>机器忙</td>" in page([a_run("2026-11-01", "aaaa", 143.0, others=1.2)])


def test_what_is_measured_of_one_commit_on_one_day_lies_in_one_file(tmp_path: Path) -> None:
    folder = tmp_path / "bench"
    keep(folder, {"answers": result(1.0)})
    keep(folder, {"encoding": result(2.0)})
    keep(folder, {"answers": result(3.0)})
    [path] = folder.glob("*.json")
    run = json.loads(path.read_text("utf-8"))
    assert {name: each["figures"][0]["value"] for name, each in run["results"].items()} == {"answers": 3, "encoding": 2}
    assert run["machine"].keys() >= {"processor", "cores", "memory", "python"}
    assert "3 ms" in (tmp_path / "bench.html").read_text("utf-8")


def test_a_file_that_is_no_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(YijuError, match=r"x\.json 不是基准测试的结果"):
        keep(tmp_path, {})


def test_what_others_take_is_told_from_what_the_benchmark_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = iter([10.0, 13.0])
    monkeypatch.setattr(history, "_processor_of_others", lambda: next(taken))
    clock = iter([100.0, 102.0])
    monkeypatch.setattr(history, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    figures, kept = timed(lambda: [Measurement("x", 1.0)])
    assert (list(figures), kept["others"]) == ([Measurement("x", 1.0)], 1.5)


def test_the_command_keeps_what_it_measures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def speed() -> list[Measurement]:
        """Measure nothing."""
        return [Measurement("warm p50", 104.5, "ms")]

    monkeypatch.setitem(__main__.BENCHES, "answers", speed)  # type: ignore[index]
    assert __main__.main(["answers", "--history", str(tmp_path / "bench")]) == 0
    assert "104.5 ms" in capsys.readouterr().out
    assert "104.5 ms" in (tmp_path / "bench.html").read_text("utf-8")
