from __future__ import annotations

from index.records import Hit, Passage, Span
from qa.answers import Answer, Citation, Timing
from qa.reading.joining import joined

TEXT = "光伏装机70MW，风电装机180MW。"
ENERGY = Passage("a", "甲", TEXT, Span(0, len(TEXT)), ())
OTHER = Passage("b", "乙", "水电装机1200MW。", Span(0, 11), ())


def given(question: str, short: str | None, passage: Passage, confidence: float = 0.9) -> Answer:
    citation = Citation(1, passage, passage.title, passage.span)
    return Answer(
        question,
        question,
        f"{passage.text}[1]",
        short,
        (citation,),
        (Hit(passage, 1.0),),
        False,
        confidence,
        Timing(1, 2, 3),
    )


def refused(question: str, reason: str = "没有找到。") -> Answer:
    return Answer(question, question, reason, hits=(Hit(OTHER, 0.5),), abstained=True)


def test_markers_are_numbered_through_and_the_same_quote_has_one_number() -> None:
    answer = joined(
        "三问", [given("光伏？", "70MW", ENERGY), given("水电", "1200MW", OTHER), given("风电", "180MW", ENERGY)]
    )
    assert answer.text.split("\n\n") == [
        f"1. 光伏？\n{TEXT}[1]",
        "2. 水电？\n水电装机1200MW。[2]",
        f"3. 风电？\n{TEXT}[1]",
    ]
    assert [(citation.n, citation.passage.id) for citation in answer.citations] == [(1, ENERGY.id), (2, OTHER.id)]
    assert answer.short == "70MW；1200MW；180MW"
    assert [hit.passage.id for hit in answer.hits] == [ENERGY.id, OTHER.id]


def test_it_is_as_sure_as_its_least_sure_part_and_took_as_long_as_all() -> None:
    answer = joined("两问", [given("光伏", "70MW", ENERGY, 0.9), given("风电", "180MW", ENERGY, 0.6)])
    assert (answer.confidence, answer.timing, answer.question) == (0.6, Timing(2, 4, 6), "两问")


def test_a_part_without_answer_says_so_and_leaves_no_short_answer() -> None:
    answer = joined("两问", [given("光伏", "70MW", ENERGY), refused("核电？")])
    assert answer.text == f"1. 光伏？\n{TEXT}[1]\n\n2. 核电？\n没有找到。"
    assert not answer.abstained and answer.short is None and answer.confidence == 0.9
    assert [hit.passage.id for hit in answer.hits] == [ENERGY.id, OTHER.id]


def test_a_short_answer_that_no_quote_carries_is_left_out() -> None:
    assert joined("两问", [given("光伏", "75MW", ENERGY), given("风电", "180MW", ENERGY)]).short is None
    assert joined("两问", [given("光伏", None, ENERGY), given("风电", "180MW", ENERGY)]).short is None


def test_all_refusals_make_one_sentence() -> None:
    answer = joined("两问", [refused("核电"), refused("氢能？", "文档没有说到氢能。")])
    assert answer.abstained and answer.citations == () and answer.confidence == 0
    assert answer.text == "「核电」：没有找到；「氢能」：文档没有说到氢能。"
    assert joined("两问", [refused("核电"), refused("氢能")]).text == "没有找到。"
