from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.records import Hit, Passage, Span
from qa.language.grammar import Kind
from qa.reading.features import READ_PASSAGES, SPANS, Place, places
from qa.reading.model_input import WINDOW_CHARACTERS, window_spans
from qa.reading.span_model import Scores
from qa.reading.windows import READ_WINDOWS, View, candidates_of, span_features, views
from tests.support.fakes import FakeSpans

FILLER = "大力推动绿色制造产业的高质量发展。" * 12
TEXT = f"光伏装机容量70MW。{FILLER}总投资5亿元，由区发展改革委牵头。{FILLER}引进企业12家。"


def hit(text: str = TEXT, document: str = "d") -> Hit:
    return Hit(Passage(document, "方案", text, Span(0, len(text)), ("一、目标",)), 1.0)


def scored(found: list[Place], **values: float) -> np.ndarray:
    """A score for each place by its text, without the spaces; of the others, falling from -1 in their order."""
    return np.array([values.get(place.text, -1.0 - row / 1000) for row, place in enumerate(found)])


def chosen(view: View, found: list[Place], told: dict[str, str] | None = None) -> tuple[list[Place], Scores]:
    (scores,) = FakeSpans(told).read("q", [view.window])
    return list(candidates_of(view, scores, found)), scores


# --- Which windows ---


def test_the_windows_of_the_best_candidates_are_read_best_first() -> None:
    found = places([hit()])
    seen = views(found, scored(found, **{"12家": 3.0, "70MW": 2.0, "5亿元": 1.0}))
    shown = [view.window.text for view in seen]
    assert "12家" in shown[0] and "70MW" in shown[1] and "5亿元" in shown[2]
    assert seen[0].window.title == "方案" and seen[0].window.path == ("一、目标",)


def test_two_candidates_of_one_window_are_read_once() -> None:
    found = places([hit("光伏装机容量70MW，风电装机容量180MW。")])
    assert len(found) > 2
    assert len(views(found, scored(found))) == 1


def test_no_more_windows_are_read_than_allowed_and_none_twice() -> None:
    found = places([hit(TEXT, document) for document in "abcdefg"])
    for n in (1, 3, READ_WINDOWS):
        seen = views(found, scored(found), n)
        assert len(seen) == n == len({(view.rank, view.span) for view in seen})


def test_equal_texts_of_two_passages_are_two_windows() -> None:
    found = places([hit("光伏装机容量70MW。", "a"), hit("光伏装机容量70MW。", "b")])
    assert [view.hit.passage.document_id for view in views(found, scored(found))] == ["a", "b"]


def test_ties_are_read_in_the_order_of_the_candidates() -> None:
    found = places([hit(document=document) for document in "ab"])
    seen = views(found, np.zeros(len(found)))
    assert seen == views(found, np.zeros(len(found)))
    assert seen[0].rank == 0


# --- What stands in them ---


def test_a_candidate_over_a_border_belongs_to_the_window_that_holds_more_of_it() -> None:
    text = "字" * 170 + "，区发展改革委、区经济信息委、区科学技术局、区财政局、区人力社保局" + "牵" * 160 + "。"
    found = places([hit(text)])
    spans = window_spans(text)
    assert len(spans) > 1
    seen = [View(found[0].hit, 0, span) for span in spans]
    for place in found:
        span = place.site.candidate.span
        holders = [view for view in seen if view.holds(place)]
        assert len(holders) <= 1
        assert all(2 * view.span.overlap(span) > len(span) for view in holders)
        for view in holders:
            local = view.local(span)
            assert 0 <= local.start <= local.end <= len(view.span)
            assert local.slice(view.window.text) in place.text
    crossing = [
        p for p in found if any(0 < s.overlap(p.site.candidate.span) < len(p.site.candidate.span) for s in spans)
    ]
    assert crossing  # the case is the one meant


def test_a_place_of_another_passage_is_in_no_window_of_this_one() -> None:
    found = places([hit(document="a"), hit(document="b")])
    (view,) = views(found, scored(found), 1)
    assert {place.rank for place in chosen(view, found)[0]} == {0}


def test_what_a_window_holds_is_its_own_candidates_and_two_more() -> None:
    found = places([hit()])
    view = View(found[0].hit, 0, window_spans(TEXT)[0])
    told, _ = chosen(view, found)
    inside = [place for place in found if view.holds(place)]
    assert told[: len(inside)] == inside
    assert 0 < len(told) - len(inside) <= 2
    assert all(view.span.contains(place.site.candidate.span) for place in told[len(inside) :])


def free(text: str, answer: str) -> Place:
    """The candidate that the network names by itself."""
    found = places([hit(text)])
    told, _ = chosen(View(found[0].hit, 0, Span(0, len(text))), found, {"q": answer})
    return next(place for place in told if place.text == answer)


def test_a_figure_is_the_grammars_and_not_widened() -> None:
    with pytest.raises(StopIteration):
        free("光伏装机容量为70MW。", "为70MW")
    assert free("光伏装机容量为70MW。", "70MW").site.candidate.kind is Kind.QUANTITY


@pytest.mark.parametrize(
    ("text", "answer", "kind", "unit"),
    [
        ("技术改造由金星红推进，成效显著。", "金星红", Kind.NAME, ""),
        ("由张三推进绿色制造。", "张三推进绿色制造", Kind.CLAUSE, ""),
    ],
)
def test_a_free_span_is_of_the_kind_that_it_mostly_shares(text: str, answer: str, kind: Kind, unit: str) -> None:
    place = free(text, answer)
    candidate = place.site.candidate
    assert (candidate.kind, candidate.unit, candidate.labelled) == (kind, unit, False)
    assert place.site.sentence.contains(candidate.span)


def test_half_a_pair_of_brackets_is_no_answer() -> None:
    with pytest.raises(StopIteration):
        free("工业增加值三年（到2025年）翻番。", "2025年）翻番")
    assert free("工业增加值三年（到2025年）翻番。", "三年（到2025年）翻番").site.candidate.kind is Kind.CLAUSE


def test_a_free_span_keeps_its_place_in_a_later_window() -> None:
    found = places([hit()])
    span = next(each for each in window_spans(TEXT) if "牵头" in each.slice(TEXT))
    told, _ = chosen(View(found[0].hit, 0, span), found, {"q": "改革委牵头"})
    assert "改革委牵头" in [place.text for place in told]


@pytest.mark.parametrize("text", ["\u200b\u200b", "\u200b" * 5_000])
def test_a_window_without_tokens_has_no_candidates(text: str) -> None:
    found = places([hit(text)])
    assert found
    for view in views(found, scored(found)):
        assert chosen(view, found)[0] == []


# --- What is said of them ---


def features(text: str, told: dict[str, str], *more: str) -> dict[str, list[float]]:
    """Features by candidate, of one window a text."""
    hits = [hit(each) for each in (text, *more)]
    found = places(hits)
    seen = [View(each, rank, Span(0, len(each.passage.text))) for rank, each in enumerate(hits)]
    read = FakeSpans(told).read("q", [view.window for view in seen])
    every = [(v, s, place) for v, s in zip(seen, read, strict=True) for place in candidates_of(v, s, found)]
    matrix = span_features(every)
    assert matrix.shape == (len(every), len(SPANS)) and matrix.dtype == np.float64
    return {place.text: row for (_, _, place), row in zip(every, matrix.tolist(), strict=True)}


def test_the_best_span_shares_itself_and_lags_nothing() -> None:
    told = features("光伏装机容量70MW，风电180MW。", {"q": "70MW"})
    span, window, shared, lag, local = told["70MW"]
    assert (span, window, shared, lag, local) == (2.0, 2.0, 1.0, 0.0, 0.0)  # 5 + 5, a fifth of it
    other = dict(zip(SPANS, told["180MW"], strict=True))
    assert other["span"] < 0 and other["span_overlap"] == 0.0
    assert other["span_lag"] == other["span_local"] == pytest.approx(other["span"] - 2.0)


def test_part_of_the_best_span_shares_part_of_it() -> None:
    told = features("光伏装机容量70MW。", {"q": "容量70MW"})
    assert told["70MW"][SPANS.index("span_overlap")] == pytest.approx(2 * 4 / (6 + 4))


def test_a_window_is_behind_the_best_of_all_windows() -> None:
    told = features("光伏装机容量70MW。", {"q": "70MW"}, "风电180MW。")
    assert told["180MW"][SPANS.index("span_lag")] < told["180MW"][SPANS.index("span_local")] == 0.0


def test_what_the_network_is_certain_of_is_bounded() -> None:
    found = places([hit("光伏装机容量70MW。")])
    view = View(found[0].hit, 0, Span(0, len(found[0].hit.passage.text)))
    (scores,) = FakeSpans().read("q", [view.window])
    for factor in (1e6, -1e6):
        loud = Scores(scores.spans, scores.starts * factor, scores.ends * factor)
        matrix = span_features([(view, loud, place) for place in found])
        assert np.abs(matrix).max() <= 4.0 and np.isfinite(matrix).all()


@settings(max_examples=60)
@given(st.lists(st.text(alphabet="光伏装机容量70MW，。、 \n由委\u200b\ud800😀", max_size=400), min_size=1, max_size=6))
def test_any_texts_are_viewed_and_told_of(texts: list[str]) -> None:
    hits = [hit(text) for text in texts]
    found = places(hits)
    if not found:
        return
    seen = views(found, scored(found))
    assert 0 < len(seen) <= READ_WINDOWS and len(set(seen)) == len(seen)
    assert all(view.rank < READ_PASSAGES and len(view.span) <= WINDOW_CHARACTERS for view in seen)
    read = FakeSpans().read("光伏", [view.window for view in seen])
    every = [(v, s, place) for v, s in zip(seen, read, strict=True) for place in candidates_of(v, s, found)]
    assert all(place.site.candidate.span.end <= len(place.hit.passage.text) for _, _, place in every)
    if every:
        assert np.isfinite(span_features(every)).all()
