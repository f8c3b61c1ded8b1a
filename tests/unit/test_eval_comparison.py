from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.__main__ import main
from eval.metrics.comparison import System, compare, pareto
from eval.metrics.significance import holm
from tests.support.eval_fakes import EVIDENCE, TableAnswerer


def system(name: str, *values: float, score: str = "answer_hit") -> System:
    return System(name, {f"q{n}": {score: value} for n, value in enumerate(values)})


def test_holm_worked_by_hand() -> None:
    # Sorted 0.01, 0.02, 0.04: times 3, 2, 1 = 0.03, 0.04, 0.04.
    assert holm([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    # A greater p never comes out smaller: 0.02 × 2 = 0.04, then 0.03 × 1 is raised to it.
    assert holm([0.02, 0.03]) == pytest.approx([0.04, 0.04])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1)))
def test_corrected_p_values_never_shrink_and_keep_their_order(ps: list[float]) -> None:
    corrected = holm(ps)
    assert all(after >= before and after <= 1 for before, after in zip(ps, corrected, strict=True))
    order = sorted(range(len(ps)), key=ps.__getitem__)
    assert [corrected[place] for place in order] == sorted(corrected)


def test_wins_and_losses_are_named_and_less_is_better_where_it_is() -> None:
    (contrast,) = compare([system("a", 1, 0, 0, 1), system("b", 0, 1, 1, 1)], ["answer_hit"])
    assert (contrast.won, contrast.lost, contrast.before, contrast.difference.value) == (
        ("q1", "q2"),
        ("q0",),
        0.5,
        0.25,
    )
    (contrast,) = compare(
        [system("a", 1, 0, score="false_answer"), system("b", 0, 0, score="false_answer")], ["false_answer"]
    )
    assert (contrast.won, contrast.lost, contrast.gain) == (("q0",), (), 0.5)


def test_many_systems_are_corrected_together() -> None:
    alone = compare([system("a", *[0] * 8), system("b", *[1] * 8)], ["answer_hit"])[0]
    among = compare([system("a", *[0] * 8), *(system(f"b{n}", *[1] * 8) for n in range(10))], ["answer_hit"])
    assert alone.p < 0.05 < among[0].p
    assert among[0].p == pytest.approx(10 * alone.p)


def test_one_system_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="至少要有两个"):
        compare([system("a", 1)], ["answer_hit"])


def test_the_pareto_front_holds_what_nothing_beats() -> None:
    assert pareto([(1, 1), (2, 0), (0, 2), (0, 1), (1, 1)]) == [True, True, True, False, True]


LINES = [
    {"id": f"s{n}", "question": f"光伏{n}", "answers": [["70MW"]], "evidence": [EVIDENCE], "answerable": True}
    for n in range(12)
]


def reports(tmp_path: Path) -> tuple[Path, Path]:
    dataset = tmp_path / "set.jsonl"
    dataset.write_text("".join(json.dumps(line) + "\n" for line in LINES), encoding="utf-8")
    good = TableAnswerer({f"光伏{n}": ("70MW", EVIDENCE) for n in range(12)})
    for name, answerer in (("good", good), ("bad", TableAnswerer())):
        main([str(dataset), "--json", str(tmp_path / f"{name}.json")], opener=lambda settings, it=answerer: it)  # type: ignore[misc]
    return tmp_path / "good.json", tmp_path / "bad.json"


def test_the_command_tells_what_is_worse_and_by_which_questions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = reports(tmp_path)
    capsys.readouterr()
    files = [tmp_path / f"c.{kind}" for kind in ("json", "html", "md")]
    argv = ["compare", good, bad, "--json", files[0], "--html", files[1], "--markdown", files[2]]
    assert main([str(each) for each in argv]) == 0
    out = capsys.readouterr().out
    assert "更差" in out
    assert "bad 的 答案命中 变差的问题：s0、s1" in out
    contrast = json.loads(files[0].read_text(encoding="utf-8"))["contrasts"][0]
    assert (contrast["system"], contrast["score"], contrast["difference"]["value"]) == ("bad", "answer_hit", -1.0)
    assert "光伏11" in files[1].read_text(encoding="utf-8")
    assert "| bad | 答案命中 | 1.000 | 0.000 |" in files[2].read_text(encoding="utf-8")


def test_reports_over_other_questions_are_refused_with_the_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = reports(tmp_path)
    report = json.loads(bad.read_text(encoding="utf-8"))
    report["dataset"] |= {"sha256": "f" * 64, "name": "other.jsonl"}
    bad.write_text(json.dumps(report), encoding="utf-8")
    capsys.readouterr()
    assert main(["compare", str(good), str(bad)]) == 2
    assert "other.jsonl 12 题（sha256 ffffffffffff）" in capsys.readouterr().err
