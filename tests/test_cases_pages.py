"""Pages as offices have them: each file stands for a kind that was read wrongly once."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.encoders import load_encoder
from index.loaders import load
from index.passage_index import PassageIndex
from qa.bootstrap import open_assistant
from qa.settings import Settings

CASES = Path(__file__).parent / "cases"

ANSWERED = [
    ("screenshot_notice.png", "早餐时间调整为几点到几点", "6:40至8:20"),
]


@pytest.mark.parametrize(("name", "question", "right"), ANSWERED, ids=[name for name, _, _ in ANSWERED])
def test_a_page_is_read_well_enough_to_answer_from(tmp_path: Path, name: str, question: str, right: str) -> None:
    PassageIndex.build([load(CASES / name)], load_encoder()).save(tmp_path / "index")
    answer = open_assistant(Settings(index=tmp_path / "index")).ask(question)
    assert right in (answer.short or "")


def text(name: str) -> str:
    return load(CASES / name).text


def test_a_letterhead_says_who_wrote_the_letter() -> None:
    assert load(CASES / "scan_title22pt.jpg").metadata.issuer == "綦江区应急管理局"


def test_strokes_of_large_characters_are_no_rules_of_a_table() -> None:
    assert text("screenshot_notice.png").splitlines()[0] == "关于调整食堂开放时间的通知"
    assert "关于开展有限空间作业专项整治的通知" in text("scan_title22pt.jpg").splitlines()
    assert "为防范有限空间作业事故，决定自2025年7月1日起开展为期90天的专项整治，重点检查污水井、" in text("scan_title22pt.jpg")
