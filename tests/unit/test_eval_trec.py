from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.errors import EvaluationError
from eval.metrics.trec import ranking, read_qrels, read_run, write_qrels, write_run


def file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "file"
    path.write_text(text, encoding="utf-8")
    return path


def test_qrels_are_read_in_trec_form(tmp_path: Path) -> None:
    assert read_qrels(file(tmp_path, "q1 0 d1 1\nq1\t0\td2\t0\n\nq2 0 甲 -1\n")) == {
        "q1": {"d1": 1, "d2": 0},
        "q2": {"甲": -1},
    }


def test_qrels_are_read_in_the_form_of_beir(tmp_path: Path) -> None:
    assert read_qrels(file(tmp_path, "query-id\tcorpus-id\tscore\nq1\td1\t2\n")) == {"q1": {"d1": 2}}


def test_a_run_is_ranked_by_score_whatever_its_rank_column_says(tmp_path: Path) -> None:
    run = read_run(file(tmp_path, "q Q0 a 1 0.1 tag\nq Q0 b 2 0.9 tag\nq Q0 c 3 0.1 tag\n"))
    assert ranking(run["q"]) == ["b", "c", "a"]


def test_a_run_written_and_read_back_is_the_same_to_the_last_bit(tmp_path: Path) -> None:
    run = {"q1": {"d1": 0.1 + 0.2, "d2": -1e-300}, "q2": {"d1": 12345678.123456789}}
    write_run(tmp_path / "run", run)
    assert read_run(tmp_path / "run") == run
    assert (tmp_path / "run").read_text().splitlines()[0] == "q1 Q0 d1 1 0.30000000000000004 yiju"


IDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1).filter(lambda id: id.split() == [id])


@given(st.dictionaries(IDS, st.dictionaries(IDS, st.integers(-5, 5), min_size=1), min_size=1))
def test_qrels_written_and_read_back_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, qrels: dict[str, dict[str, int]]
) -> None:
    path = tmp_path_factory.mktemp("qrels") / "qrels"
    write_qrels(path, qrels)
    assert read_qrels(path) == qrels


@pytest.mark.parametrize("id", ["", "a b", "a\n", "\u3000"])
def test_an_id_that_would_break_the_columns_is_not_written(tmp_path: Path, id: str) -> None:
    with pytest.raises(ValueError, match="编号"):
        write_qrels(tmp_path / "qrels", {id: {"d": 1}})
    with pytest.raises(ValueError, match="编号"):
        write_run(tmp_path / "run", {"q": {id: 1.0}})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("q 0 d 1\nq 0 d\n", "第 2 行有 3 列，应为 4 列（以空白分隔）：q 0 d"),
        ("q 0 d x\n", "第 1 行：分级应为整数，这里是 x"),
        ("q 0 d 1.5\n", "第 1 行：分级应为整数，这里是 1.5"),
        ("q 0 d --1\n", "第 1 行：分级应为整数，这里是 --1"),
        ("q 0 d 1\nq 0 d 2\n", "第 2 行：问题 q 的文档 d 前面已有"),
        ("\n \n", "里一行也没有"),
        ("query-id\tcorpus-id\tscore\n", "里一行也没有"),
    ],
)
def test_qrels_that_cannot_be_used_are_refused_with_line_and_field(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        read_qrels(file(tmp_path, text))
    assert complaint in str(caught.value)


@pytest.mark.parametrize("score", ["nan", "inf", "x", "1,5"])
def test_a_run_with_a_score_that_is_no_number_is_refused(tmp_path: Path, score: str) -> None:
    with pytest.raises(EvaluationError, match=f"第 1 行：分数应为有限的数，这里是 {score}"):
        read_run(file(tmp_path, f"q Q0 d 1 {score} tag\n"))


def test_a_file_that_is_not_utf8_is_refused_with_the_place(tmp_path: Path) -> None:
    path = tmp_path / "gbk"
    path.write_bytes("q 0 甲 1\n".encode("gbk"))
    with pytest.raises(EvaluationError, match="不是 UTF-8 文本"):
        read_qrels(path)
