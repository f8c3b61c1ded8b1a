from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from index.records import Span
from index.text import sentence_spans
from qa.reading.citations import MAX_QUOTE, quote_span, quote_spans, unmarked


def quoted(text: str, wanted: str) -> str:
    start = text.index(wanted)
    return quote_span(text, Span(start, start + len(wanted))).slice(text)


def test_the_sentence_of_the_answer_is_quoted() -> None:
    assert quoted("前一句。光伏装机70MW。后一句。", "70MW") == "光伏装机70MW。"


def test_an_answer_over_two_sentences_quotes_both() -> None:
    assert quoted("甲一。乙二。丙三。", "一。乙") == "甲一。乙二。"


def test_never_more_than_three_sentences() -> None:
    text = "一句。二句。三句。四句。五句。"
    assert quoted(text, text) == "一句。二句。三句。"


def test_a_long_sentence_is_quoted_around_the_answer_from_comma_to_comma() -> None:
    text = "甲乙丙丁，" * 100 + "光伏装机70MW，" + "戊己庚辛，" * 100 + "完。"
    quote = quoted(text, "70MW")
    assert "光伏装机70MW" in quote and len(quote) <= MAX_QUOTE
    assert quote.startswith("甲乙丙丁，") and quote.endswith("戊己庚辛")


def test_a_sentence_of_ten_thousand_characters_without_a_comma_quotes_the_answer_alone() -> None:
    assert quoted("字" * 5000 + "70MW" + "字" * 5000, "70MW") == "70MW"


def test_an_answer_longer_than_a_quote_is_quoted_from_its_beginning() -> None:
    text = "字" * 10_000
    assert quote_span(text, Span(10, 9_000)) == Span(10, 10 + MAX_QUOTE)


def test_white_space_is_no_sentence() -> None:
    assert quote_span("   \n  ", Span(1, 3)) == Span(1, 3)


@given(st.text(alphabet="甲乙7。，、；！\n ”", min_size=1, max_size=700), st.data())
def test_a_quote_is_short_and_holds_a_short_answer(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    span = Span(start, data.draw(st.integers(start + 1, min(len(text), start + 20))))
    quote = quote_span(text, span)
    sentences = [each for each in sentence_spans(text) if each.overlap(span)]
    assert quote.end <= len(text) and len(quote) <= MAX_QUOTE
    assert sum(each.overlap(quote) > 0 for each in sentence_spans(text)) <= 3
    if 0 < len(sentences) <= 3:
        visible = Span(max(span.start, sentences[0].start), min(span.end, sentences[-1].end))
        assert quote.contains(visible)


def test_the_brackets_of_a_source_are_not_taken_for_our_markers() -> None:
    assert unmarked("见文献[3]和〔2023〕[2023]") == "见文献［3］和〔2023〕[2023]"


def test_a_long_list_is_quoted_in_parts_of_three_sentences() -> None:
    text = "条件如下：\n（一）甲；\n（二）乙；\n（三）丙；\n（四）丁。\n其他。"
    quotes = quote_spans(text, Span(0, text.index("其他")))
    assert [quote.slice(text) for quote in quotes] == ["条件如下：\n（一）甲；\n（二）乙；", "（三）丙；\n（四）丁。"]


def test_a_short_span_is_quoted_at_once() -> None:
    text = "建设园区。引进企业。"
    assert quote_spans(text, Span(0, 4)) == [quote_span(text, Span(0, 4))]
