from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.data.datasets import load_dataset
from eval.errors import EvaluationError
from eval.records import Query

GOOD: dict[str, object] = {
    "id": "h001",
    "question": "光伏装机目标是多少",
    "answers": [["70MW"], ["70兆瓦"]],
    "evidence": ["光伏发电计划装机容量70MW"],
    "answerable": True,
    "type": "number",
    "history": ["风电呢"],
}


def write(folder: Path, *lines: object) -> Path:
    path = folder / "set.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path


def test_a_question_of_the_contract_is_read(tmp_path: Path) -> None:
    dataset = load_dataset(write(tmp_path, GOOD))
    assert dataset.queries == (
        Query(
            "h001",
            "光伏装机目标是多少",
            (("70MW",), ("70兆瓦",)),
            ("光伏发电计划装机容量70MW",),
            True,
            "number",
            ("风电呢",),
        ),
    )
    assert (dataset.name, dataset.split) == ("set.jsonl", None)


def test_only_id_question_and_answerable_are_needed_of_an_unanswerable_question(tmp_path: Path) -> None:
    dataset = load_dataset(write(tmp_path, {"id": "u", "question": "核电呢", "answerable": False}))
    assert dataset.queries == (Query("u", "核电呢", (), (), False, "other"),)


def test_blank_lines_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text("\n" + json.dumps(GOOD) + "\n\n", encoding="utf-8-sig")
    assert len(load_dataset(path).queries) == 1


def test_a_split_keeps_its_questions_only(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD | {"split": "dev"}, GOOD | {"id": "h002", "split": "test"}, GOOD | {"id": "h003"})
    dataset = load_dataset(path, "test")
    assert [query.id for query in dataset.queries] == ["h002"]
    assert dataset.splits == {"test": 1}
    assert load_dataset(path).splits == {"-": 1, "dev": 1, "test": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": ""}, "字段 id 是 空白，应为非空字符串"),
        ({"question": "  "}, "字段 question 是 空白，应为非空字符串"),
        ({"answerable": "yes"}, "字段 answerable 是 yes，应为 true 或 false"),
        ({"answers": []}, "字段 answers 是 []，应为至少一个备选答案"),
        ({"answers": [[]]}, "字段 answers 是 [[]]，应为字符串的数组，或数组的数组"),
        ({"answers": [7]}, "字段 answers 是 [7]，应为字符串的数组，或数组的数组"),
        ({"answerable": False}, "应为空数组（answerable 为 false）"),
        ({"evidence": 3}, "字段 evidence 是 3，应为非空字符串的数组"),
        ({"evidence": [""]}, '字段 evidence 是 [""]，应为非空字符串的数组'),
        ({"history": [1]}, "字段 history 是 [1]，应为非空字符串的数组"),
        ({"type": 3}, "字段 type 是 3，应为字符串"),
    ],
)
def test_a_wrong_field_is_named_with_its_line(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = write(tmp_path, GOOD, GOOD | {"id": "h002"} | change)
    with pytest.raises(EvaluationError) as caught:
        load_dataset(path)
    assert f"{path} 第 2 行：" in str(caught.value)
    assert message in str(caught.value)


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, {key: value for key, value in GOOD.items() if key not in ("answerable", "answers")})
    with pytest.raises(EvaluationError, match="第 1 行：字段 answerable 没有，应为 true 或 false"):
        load_dataset(path)


def test_an_id_used_twice_is_named_with_both_lines(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD, GOOD)
    with pytest.raises(EvaluationError, match="第 2 行：字段 id 的 h001 在第 1 行已经用过"):
        load_dataset(path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "h001", "ques', "第 1 行不是完整的 JSON"),
        ("[" * 100_000, "第 1 行不是完整的 JSON"),
        ('["h001"]', "应为一个 JSON 对象"),
        ("", "一个问题也没有"),
    ],
)
def test_a_line_that_is_no_question_is_named(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        load_dataset(write(tmp_path, line))


def test_a_split_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="没有 split 为 tset 的问题；文件里有：dev"):
        load_dataset(write(tmp_path, GOOD | {"split": "dev"}), "tset")


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"gone\.jsonl"):
        load_dataset(tmp_path / "gone.jsonl")
    path = tmp_path / "gbk.jsonl"
    path.write_bytes("光伏".encode("gbk"))
    with pytest.raises(EvaluationError, match="不是 UTF-8 文本"):
        load_dataset(path)


def test_the_hash_depends_on_content_and_selection_only(tmp_path: Path) -> None:
    dev, test = GOOD | {"split": "dev"}, GOOD | {"id": "h002", "split": "test"}
    dataset = load_dataset(write(tmp_path, dev, test))
    reordered = dict(reversed(list(dev.items())))
    assert load_dataset(write(tmp_path, reordered, "", test)).sha256 == dataset.sha256
    assert load_dataset(write(tmp_path, dev, test), "dev").sha256 != dataset.sha256
    assert load_dataset(write(tmp_path, dev | {"question": "风电呢"}, test)).sha256 != dataset.sha256
