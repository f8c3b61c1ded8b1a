"""Question sets in the files and under the names that other tools write."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from eval.data.datasets import load_dataset
from eval.errors import EvaluationError
from eval.records import Query

EXPECTED = (
    Query("r0002", "光伏装机目标是多少", (("70MW",), ("70兆瓦",)), ("光伏装机70MW。",), True, "number"),
    Query("r0003", "核电呢", (), (), False, "other"),
)
TABLE = [
    ["问题", "答案", "证据", "类型"],
    ["光伏装机目标是多少", "70MW | 70兆瓦", "光伏装机70MW。", "number"],
    ["核电呢", "", "", ""],
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize(("name", "delimiter"), [("set.csv", ","), ("set.tsv", "\t")])
def test_a_table_as_text_is_read_in_any_encoding(tmp_path: Path, name: str, delimiter: str, encoding: str) -> None:
    path = tmp_path / name
    path.write_text("\r\n".join(delimiter.join(row) for row in TABLE), encoding=encoding, newline="")
    assert load_dataset(path).queries == EXPECTED


def test_a_sheet_of_excel_is_read(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    for row in TABLE:
        book.active.append(row)
    book.save(tmp_path / "set.xlsx")
    assert load_dataset(tmp_path / "set.xlsx").queries == EXPECTED


def test_a_cell_may_hold_json_and_truth_as_a_spreadsheet_writes_it(tmp_path: Path) -> None:
    table = io.StringIO()
    table.write('id,question,answers,answerable,history\na,共几项,"[[""甲"", ""乙""]]",TRUE,"先问的\n再问的"\n')
    (tmp_path / "set.csv").write_text(table.getvalue(), encoding="utf-8")
    (query,) = load_dataset(tmp_path / "set.csv").queries
    assert (query.answers, query.history) == ((("甲", "乙"),), ("先问的", "再问的"))


def test_parquet_of_hugging_face_is_read(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = [
        {
            "id": 7,
            "context": "光伏装机70MW。",
            "question": "光伏多少",
            "answers": {"text": ["70MW"], "answer_start": [4]},
        },
        {"id": 8, "context": "光伏装机70MW。", "question": "核电多少", "answers": {"text": [], "answer_start": []}},
    ]
    parquet.write_table(arrow.Table.from_pylist(rows), tmp_path / "set.parquet")
    solar, nuclear = load_dataset(tmp_path / "set.parquet").queries
    assert (solar.id, solar.answers, solar.evidence) == ("7", (("70MW",),), ("光伏装机70MW。",))
    assert not nuclear.answerable


def test_what_was_answered_is_not_taken_for_what_should_be(tmp_path: Path) -> None:
    row = {"question": "光伏多少", "answer": "80MW", "ground_truth": "70MW", "contexts": ["光伏装机70MW。"]}
    (tmp_path / "set.json").write_text(json.dumps([row]), encoding="utf-8")
    assert load_dataset(tmp_path / "set.json").queries[0].answers == (("70MW",),)


@pytest.mark.parametrize("name", ["set.xlsx", "set.parquet", "set.csv"])
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path: Path, name: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    (tmp_path / name).write_bytes(bytes(range(256)) * 4)
    with pytest.raises(EvaluationError, match=name):
        load_dataset(tmp_path / name)
