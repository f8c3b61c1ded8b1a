from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest

from eval.metrics.answer_metrics import LABELS, LOWER_IS_BETTER, SCORES
from eval.records import Dataset, Outcome, Query, ScoredOutcome
from eval.report.page import report_page
from eval.report.report import ReportJson, make_report, miss_kind, table
from eval.report.report_text import report_text
from tests.support.eval_fakes import TEXT, make_answer, make_query, refusal

RIGHT = make_query(id="right")
WRONG = make_query(id="wrong")
REFUSED = make_query(id="refused", type="list")
FAILED = make_query(id="failed", type="list")
TRAP = make_query(id="trap", type="unanswerable", answerable=False)
QUIET = make_query(id="quiet", type="unanswerable", answerable=False)


def example() -> ReportJson:
    outcomes = [
        Outcome(RIGHT, make_answer(confidence=0.9)),
        Outcome(WRONG, make_answer("180MW[1]", "180MW", quotes=("风电计划装机容量180MW",), confidence=0.5)),
        Outcome(REFUSED, refusal()),
        Outcome(FAILED, None, "索引坏了"),
        Outcome(TRAP, make_answer(confidence=0.3)),
        Outcome(QUIET, refusal()),
    ]
    dataset = Dataset("set.jsonl", tuple(each.query for each in outcomes))
    return make_report(dataset, outcomes, lambda document_id: TEXT if document_id == "plan" else None)


def test_scores_are_averages_over_the_questions_that_count() -> None:
    scores = example()["scores"]
    assert (scores["answer_hit"]["value"], scores["answer_hit"]["n"]) == (0.25, 4)  # right of 4 answerable
    # Citations: right 1, wrong 0, failed 0; refused cites nothing and does not count.
    assert (scores["citation_precision"]["value"], scores["citation_precision"]["n"]) == (round(1 / 3, 6), 3)
    assert (scores["evidence_recall_at_1"]["value"], scores["evidence_recall_at_1"]["n"]) == (0.75, 4)
    assert (scores["false_answer"]["value"], scores["false_answer"]["n"]) == (0.5, 2)
    assert (scores["false_refusal"]["value"], scores["false_refusal"]["n"]) == (0.25, 4)
    assert (scores["verbatim"]["value"], scores["verbatim"]["n"]) == (1, 3)


def test_every_score_of_the_contract_is_there_with_an_interval_around_it() -> None:
    scores = example()["scores"]
    assert tuple(scores) == SCORES
    for each in scores.values():
        assert each["low"] is not None and each["value"] is not None and each["high"] is not None
        assert each["low"] <= each["value"] <= each["high"]


def test_a_score_that_no_question_counts_in_is_null() -> None:
    report = make_report(Dataset("s", (RIGHT,)), [Outcome(RIGHT, make_answer())])
    assert report["scores"]["verbatim"] == {"value": None, "low": None, "high": None, "n": 0}


def test_scores_come_by_type_too_and_only_those_that_count_for_it() -> None:
    by_type = example()["by_type"]
    assert list(by_type) == ["number", "list", "unanswerable"]
    assert by_type["number"]["answer_hit"]["value"] == 0.5
    assert list(by_type["unanswerable"]) == ["verbatim", "false_answer"]


def test_calibration_takes_answers_given_and_calls_those_to_unanswerable_questions_wrong() -> None:
    # 0.9 right, 0.5 wrong, 0.3 wrong (unanswerable): (0.1 + 0.5 + 0.3) / 3 = 0.3
    calibration = example()["calibration"]
    assert calibration["ece"] == pytest.approx(0.3)
    assert [(each["confidence"], each["accuracy"]) for each in calibration["bins"]] == [(0.3, 0), (0.5, 0), (0.9, 1)]


def test_nothing_answered_has_no_calibration_and_no_latency() -> None:
    report = make_report(Dataset("s", (FAILED,)), [Outcome(FAILED, None, "坏了")])
    assert report["calibration"] == {"ece": None, "bins": []}
    assert report["latency_ms"] == {"p50": None, "p95": None, "n": 0}


def test_latency_is_that_of_answers_that_state_it() -> None:
    outcomes = []
    for total in (10.0, 20.0, 30.0):
        answer = make_answer()
        answer["timing_ms"]["total"] = total
        outcomes.append(Outcome(make_query(id=str(total)), answer))
    report = make_report(Dataset("s", tuple(each.query for each in outcomes)), outcomes)
    # Linear interpolation: p95 lies 0.9 of the way from 20 to 30.
    assert report["latency_ms"] == {"p50": 20.0, "p95": 29.0, "n": 3}


def test_failed_questions_are_named() -> None:
    assert example()["failed"] == ["failed"]


def test_each_miss_says_what_was_asked_expected_given_and_quoted() -> None:
    misses = {miss["id"]: miss for miss in example()["misses"]}
    assert {id: miss["kind"] for id, miss in misses.items()} == {
        "wrong": "答错",
        "refused": "误拒",
        "failed": "出错",
        "trap": "误答",
    }
    wrong = misses["wrong"]
    assert (wrong["expected"], wrong["given"], wrong["short"]) == ([["70MW"]], "180MW[1]", "180MW")
    assert wrong["quotes"] == ["风电计划装机容量180MW"]
    assert misses["failed"]["error"] == "索引坏了"


@pytest.mark.parametrize(
    ("scores", "kind"),
    [
        ({"answer_hit": 0.0, "wrong_document": 1.0}, "引错文件"),
        ({"answer_hit": 1.0, "citation_recall": 0.0, "short_hit": 0.0}, "出处不对"),
        ({"answer_hit": 1.0, "citation_recall": 1.0, "short_hit": 0.0}, "短答不准"),
        ({"answer_hit": 1.0, "short_hit": 1.0, "evidence_recall_at_10": 0.0}, "证据未检出"),
        ({"answer_hit": 1.0, "verbatim": 0.5}, "引文与原文不符"),
        ({"answer_hit": 1.0, "false_refusal": 0.0, "verbatim": 1.0}, None),
        ({"false_answer": 0.0}, None),
    ],
)
def test_a_miss_is_called_by_the_gravest_thing_that_went_wrong(scores: dict[str, float], kind: str | None) -> None:
    assert miss_kind(ScoredOutcome(Outcome(RIGHT, make_answer()), scores)) == kind


def test_the_same_answers_give_the_same_bytes() -> None:
    assert json.dumps(example()) == json.dumps(example())


def test_the_text_shows_scores_types_and_misses() -> None:
    text = report_text(example())
    assert "答案命中     0.250  [0.000, 0.750]  4     answer_hit" in text
    assert "错题 4 道" in text
    assert "[答错] wrong number  光伏装机目标是多少\n    应为  70MW\n    实为  180MW[1]\n    短答  180MW" in text
    assert "出错    1 题：failed" in text
    assert "（应当拒答）" in text


def test_a_clean_run_says_so() -> None:
    report = make_report(Dataset("s", (RIGHT,)), [Outcome(RIGHT, make_answer())])
    assert report_text(report).endswith("没有错题")


def test_a_terminal_is_never_given_control_characters_or_surrogates() -> None:
    answer = make_answer("\x1b[31m错\ud800", None)
    query = Query("q", "问\x1b]0;x\x07题", (("对",),), (), True, "number")
    text = report_text(make_report(Dataset("s", (query,)), [Outcome(query, answer)]))
    assert "\x1b" not in text
    text.encode("utf-8")


def test_columns_align_where_characters_are_two_places_wide() -> None:
    assert table(["甲", "b"], [["x", "1"], ["乙丙", "2"]]) == "甲    b\nx     1\n乙丙  2"


def test_every_score_has_a_label_and_an_arrow_where_less_is_better() -> None:
    assert tuple(LABELS) == SCORES
    assert {name for name, label in LABELS.items() if label.endswith("↓")} == LOWER_IS_BETTER


class Page(HTMLParser):
    """Collects what a page would fetch or run, and whether its tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"img", "link", "iframe", "object"} or any(name in {"src", "href"} for name, _ in attrs):
            self.fetched.append(tag)
        if tag not in {"meta", "br", "input"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def hostile(text: str) -> ReportJson:
    """A report with a miss in which every text is `text`."""
    query = Query(text, text, ((text + "!",),), (text,), True, text, (text,))
    return make_report(Dataset(text, (query,)), [Outcome(query, make_answer(text, text, quotes=(text,)))])


def test_the_page_fetches_nothing_and_is_well_formed() -> None:
    page = report_page(example())
    parsed = Page(page)
    assert (parsed.fetched, parsed.open) == ([], [])
    assert "url(" not in page and "http:" not in page and "https:" not in page


def test_the_page_escapes_every_text() -> None:
    page = report_page(hostile("<script>alert('\"&')</script>"))
    assert page.count("<script") == 1  # the page's own
    assert "&lt;script&gt;" in page
    assert Page(page).fetched == []


def test_the_page_shows_misses_with_what_was_expected() -> None:
    page = report_page(example())
    assert "<b>答错</b> 光伏装机目标是多少" in page
    assert "<dt>标准答案</dt><dd>70MW</dd>" in page
