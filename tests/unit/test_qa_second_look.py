"""The second look: which candidates are read again, how they are marked, and what decides among them."""

from __future__ import annotations

import numpy as np
import pytest

from index.records import Hit, Passage, Span
from qa.question.analysis import analyse
from qa.reading.features import FEATURES, SECOND, places
from qa.reading.model_input import sentences_around
from qa.reading.second_look import CERTAIN, JUDGED, LAG, bounded, second_look
from tests.support.fakes import FakeSpans

TEXT = "300KW（含）至600KW的，最高补助50万元；600KW（含）至1MW的，最高补助80万元；1MW以上的，最高补助100万元。"
QUESTION = "500KW的项目最高补助多少"


def hits() -> list[Hit]:
    return [Hit(Passage("d", "补助办法", TEXT, Span(0, len(TEXT)), ("二、标准",)), 1.0)]


def look(spans: FakeSpans):
    found = places(hits())
    scores = np.linspace(1, 0, len(found))
    return found, second_look(analyse(QUESTION), found, scores, np.zeros((len(found), len(FEATURES))), spans)


def test_candidates_that_say_the_same_are_read_once() -> None:
    found, judged = look(FakeSpans())
    values = [found[row].site.value for row in judged.rows]
    assert len(values) == len(set(values)) <= JUDGED + 1
    assert judged.features.shape == (len(judged.rows), len(SECOND))


def test_a_candidate_far_behind_the_first_is_not_read_again() -> None:
    found = places(hits())
    scores = np.linspace(0, -2 * LAG, len(found))
    empty = np.zeros((len(found), len(FEATURES)))
    judged = second_look(analyse(QUESTION), found, scores, empty, FakeSpans())
    assert all(scores[row] >= -LAG for row in judged.rows)


def test_a_candidate_is_marked_where_it_stands() -> None:
    seen: list[str] = []

    class Watching(FakeSpans):
        def judge(self, question, marked):
            seen.extend(span.slice(window.text) for window, span in marked)
            return super().judge(question, marked)

    found, judged = look(Watching())
    assert seen == [found[row].text for row in judged.rows]


def test_support_is_the_last_feature_and_is_bounded() -> None:
    _, judged = look(FakeSpans({"500KW": "50万元"}))
    assert SECOND[-1] == "support"
    assert set(judged.features[:, -1]) <= {4.0, -4.0}
    assert bounded(99.0) == CERTAIN
    assert bounded(-99.0) == -CERTAIN


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (1, "第二句有十个字呢。"),
        (19, "第一句有十个字呢。第二句有十个字呢。"),
        (99, "第一句有十个字呢。第二句有十个字呢。第三句。"),
    ],
)
def test_whole_sentences_around_a_span_up_to_a_size(size: int, expected: str) -> None:
    text = "第一句有十个字呢。第二句有十个字呢。第三句。"
    assert sentences_around(text, Span(9, 12), size).slice(text) == expected
