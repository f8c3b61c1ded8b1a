"""Questions put together by what they ask for."""

from __future__ import annotations

import numpy as np
import pytest

from qa.suggesting.grouping import MeaningGrouper
from tests.support.fakes import HashEncoder

PARAPHRASES = [
    "光伏装机目标是多少",
    "信息安全产业由谁牵头",
    "光伏的装机目标是多少",
    "信息安全产业由哪个单位牵头",
    "生猪养殖多少头",
]


class Near(HashEncoder):
    """As the default encoder sees questions: each is near the others, paraphrases a little nearer."""

    def encode_queries(self, texts):
        apart = super().encode_queries(texts)
        common = np.full((len(texts), 1), np.sqrt(0.8), dtype=np.float32)
        return np.hstack([common, apart * np.float32(np.sqrt(0.2))])


class Told:
    """An encoder whose vectors are two numbers told for each text."""

    name, revision, dim = "told", "1", 2

    def __init__(self, **angles: float) -> None:
        self.angles = angles

    def encode_queries(self, texts):
        angles = np.array([self.angles[text] for text in texts])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)

    encode_passages = encode_queries


def test_every_question_is_in_one_group_and_the_order_is_theirs():
    groups = MeaningGrouper(Near()).groups(PARAPHRASES)
    assert groups == [[0, 2], [1, 3], [4]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2025年光伏装机目标是多少", "2030年光伏装机目标是多少"),
        ("西藏今年的增长目标是多少", "天津今年的增长目标是多少"),
        ("第五条是怎么规定的", "第六条是怎么规定的"),
    ],
)
def test_another_year_place_or_article_keeps_questions_apart(one, other):
    equal = MeaningGrouper(Told(**dict.fromkeys([one, other], 0.0)))  # meaning alone would make them one
    assert equal.groups([one, other]) == [[0], [1]]
    assert equal.groups([one, one]) == [[0, 1]]


def test_meaning_counts_as_much_as_wording():
    # no term in common: wording 0, meaning 1 by equal vectors, together the 0.5 that makes one group
    assert MeaningGrouper(Told(甲=0.0, 乙=0.0, 丙=1.0)).groups(["甲", "乙", "丙"]) == [[0, 1], [2]]


def test_nothing_and_one_question_are_fine():
    grouper = MeaningGrouper(HashEncoder())
    assert grouper.groups([]) == []
    assert grouper.groups(["？"]) == [[0]]
    assert grouper.groups(["？", "！"]) in ([[0, 1]], [[0], [1]])


def test_it_is_the_same_every_time():
    questions = PARAPHRASES * 3
    assert MeaningGrouper(Near()).groups(questions) == MeaningGrouper(Near()).groups(questions)
