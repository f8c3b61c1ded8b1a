"""The administrator's page: figures, open questions by meaning, and what becomes of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from lxml import html

from eval.data.datasets import load_dataset
from tests.support.fake_answerer import FakeAnswerer
from tests.support.served import built
from ui import errors
from ui.access.visitors import Role, Visitor
from ui.admin import routes
from ui.admin.cases import add_cases
from ui.admin.plots import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, lines, stacked
from ui.admin.questions import Moment, figures, stretches
from ui.answer_queue import AnswerQueue
from ui.usage.log import UsageLog

FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass
class Site:
    """A served application with its record of questions."""

    client: TestClient
    usage: UsageLog
    cases: Path

    def ask(self, question: str) -> str:
        id: str = self.client.post("/api/ask", json={"question": question}).json()["id"]
        self.usage.flush()
        return id

    def object_to(self, question: str, reason: str) -> str:
        body = {"answer_id": self.ask(question), "rating": "bad", "reason": reason}
        assert self.client.post("/api/feedback", json=body).status_code == 200
        return str(body["answer_id"])

    def page(self) -> html.HtmlElement:
        reply = self.client.get("/admin/")
        assert reply.status_code == 200
        return html.fromstring(reply.text)

    def open(self) -> list[str]:
        return [each.text_content() for each in self.page().cssselect("section.open h3")]

    def settle(self, how: str, *ids: str, **fields: str):
        return self.client.post("/admin/settle", data={"how": how, "answer": ids, "until": "9999999999", **fields})


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    usage = UsageLog(tmp_path / "index-usage.sqlite")
    with TestClient(built(FakeAnswerer(), usage=usage)) as client:
        yield Site(client, usage, tmp_path / "index-cases.jsonl")


def test_the_page_counts_answers_and_lists_what_is_open(site):
    for question in ("光伏装机目标是多少", "光伏装机目标是多少？", "天气如何", "天气 如何？", "股价多少"):
        site.ask(question)
    site.object_to("补贴标准是什么", "已经改过了")
    page = site.page()
    tiles = {
        each.cssselect("dt")[0].text: each.cssselect("dd")[0].text_content() for each in page.cssselect(".tiles div")
    }
    assert (tiles["提问"], tiles["答出"], tiles["未答出"], tiles["有用 / 答错了"]) == ("6", "3 50 %", "3 50 %", "0 / 1")
    assert site.open() == ["天气 如何？", "补贴标准是什么", "股价多少"]  # the latest spelling, most asked first
    assert page.cssselect("blockquote")[0].text == "已经改过了"
    assert page.cssselect(".given a")[0].get("href").startswith("../documents/rules-3c4d?start=")
    assert [each.text_content() for each in page.cssselect("tbody th a")] == ["天气 如何？", "光伏装机目标是多少？"]


def test_what_people_type_runs_nowhere_on_the_page(site):
    payload = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"
    site.ask(payload)
    site.object_to(f"光伏{payload}", payload)
    page = site.page()
    assert not page.cssselect("img, script")
    assert sorted(site.open()) == sorted([payload, f"光伏{payload}"])
    assert not [name for each in page.iter() for name in each.attrib if name.startswith("on")]


def test_a_refusal_that_is_right_becomes_a_case_that_the_evaluation_reads(site):
    id = site.ask("明天的天气如何？")
    reply = site.settle("refuse", id)
    assert "已记为评测题" in reply.text
    assert site.open() == []
    (case,) = load_dataset(site.cases).queries
    assert (case.question, case.answerable, case.answers, case.type) == ("明天的天气如何？", False, (), "use")
    again = site.ask("明天的天气如何")
    assert "已有这一题" in site.settle("refuse", again).text
    assert len(load_dataset(site.cases).queries) == 1
    assert site.client.get("/admin/cases.jsonl").text == site.cases.read_text(encoding="utf-8")


def test_a_disputed_answer_becomes_a_case_with_the_right_answer_and_its_basis(site):
    id = site.object_to("光伏装机目标是多少", "单位不对")
    fields = site.page().cssselect("textarea")
    assert [each.text for each in fields] == ["70MW", "光伏发电计划装机容量70MW。"]
    reply = site.settle("answer", id, correct="70\n兆瓦", evidence="风电计划装机容量180MW，\n光伏发电计划装机容量70MW")
    assert reply.status_code == 200
    (case,) = load_dataset(site.cases).queries
    assert (case.answerable, case.answers) == (True, (("70", "兆瓦"),))
    assert json.loads(site.cases.read_text(encoding="utf-8"))["reason"] == "单位不对"
    assert site.open() == []


@pytest.mark.parametrize(
    ("correct", "evidence", "said"),
    [
        ("", "光伏发电计划装机容量70MW", "都要填"),
        ("70MW", " ", "都要填"),
        ("70MW", "光伏发电装机容量不少于70MW", "逐字复制"),
        ("7" * 1_001, "光伏发电计划装机容量70MW", "不超过 1000"),
    ],
)
def test_a_case_that_would_not_be_right_is_refused(site, correct, evidence, said):
    reply = site.settle("answer", site.object_to("光伏", ""), correct=correct, evidence=evidence)
    assert reply.status_code == 422
    assert said in reply.text
    assert site.open() == ["光伏"]
    assert not site.cases.exists()


def test_what_the_documents_answer_by_now_leaves_the_list_at_once(site):
    id = site.object_to("光伏装机目标是多少", "没找到")
    assert "现有文档已能回答" in site.settle("document", id).text
    assert site.open() == []


def test_what_they_still_do_not_answer_leaves_it_only_if_that_is_meant(site):
    id = site.ask("天气如何")
    reply = site.settle("document", id)
    assert "现有文档仍无法回答" in reply.text
    assert site.open() == ["天气如何"]
    form = html.fromstring(reply.text).cssselect("form")[0]
    kept = {each.get("name"): each.get("value") for each in form.cssselect("input")}
    assert site.client.post("/admin/settle", data={**kept, "how": "anyway"}).status_code == 200
    assert site.open() == []


def test_asking_again_on_the_page_is_not_counted_as_use(site):
    site.settle("document", site.object_to("光伏", ""))
    assert html.fromstring(site.client.get("/admin/").text).cssselect(".tiles dd")[0].text_content() == "1"


def test_questions_of_one_meaning_are_one_group_and_can_be_taken_out_of_it(site):
    first, other = site.ask("天气如何呢"), site.ask("天气好不好")
    (section,) = site.page().cssselect("section.open")
    assert [each.get("value") for each in section.cssselect("input[type=checkbox]")] == [other, first]
    site.settle("dismiss", first)
    assert site.open() == ["天气好不好"]


def test_a_question_that_was_answered_later_says_so(site):
    site.object_to("光伏", "")
    site.ask("光伏")
    assert site.page().cssselect(".tags .fine")[0].text == "后来已答出"


def test_all_open_questions_can_be_had_as_drafts(site, tmp_path):
    site.ask("天气如何")
    site.object_to("光伏", "不对")
    (tmp_path / "drafts.jsonl").write_text(site.client.get("/admin/questions.jsonl").text, encoding="utf-8")
    assert {each.question for each in load_dataset(tmp_path / "drafts.jsonl").queries} == {"天气如何", "光伏"}


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", FORM, 409),
        (b"how=dismiss&until=1", FORM, 409),
        (b"how=dismiss&answer=../../etc/passwd&until=1", FORM, 409),
        (b"\xff\xfe=%ff", FORM, 422),
        (b"answer=a&" * 2_000, FORM, 422),
        (b'{"how": "dismiss"}', {"content-type": "application/json"}, 415),
        (b"a" * 300_000, FORM, 413),
    ],
)
def test_a_form_that_makes_no_sense_changes_nothing(site, body, headers, status):
    site.ask("天气如何")
    assert site.client.post("/admin/settle", content=body, headers=headers).status_code == status
    assert site.open() == ["天气如何"]


@pytest.mark.parametrize(
    ("how", "until"), [("drop", "9999999999"), ("", "9999999999"), ("dismiss", "x"), ("dismiss", "nan")]
)
def test_a_form_with_a_wrong_field_changes_nothing(site, how, until):
    id = site.ask("天气如何")
    reply = site.client.post("/admin/settle", data={"how": how, "answer": id, "until": until})
    assert reply.status_code == 422
    assert site.open() == ["天气如何"]


def test_another_site_cannot_send_the_form(site):
    id = site.ask("天气如何")
    form = {"how": "dismiss", "answer": id, "until": "9999999999"}
    reply = site.client.post("/admin/settle", data=form, headers={"origin": "http://elsewhere.example"})
    assert reply.status_code == 403
    assert site.open() == ["天气如何"]


def test_without_a_record_the_page_says_how_to_have_one():
    with TestClient(built(FakeAnswerer())) as client:
        assert "没有启用提问记录" in client.get("/admin/").text
        assert client.get("/admin/questions.jsonl").status_code == 503


@pytest.mark.parametrize("path", ["/admin/", "/admin/cases.jsonl", "/admin/questions.jsonl", "/admin/settle"])
def test_only_administrators_see_or_change_anything(tmp_path, path):
    app = FastAPI()
    errors.install(app)
    routes.add_routes(app, AnswerQueue(FakeAnswerer(), usage=UsageLog(tmp_path / "usage.sqlite")))

    async def as_editor(scope, receive, send):
        scope["state"] = {"visitor": Visitor("李四", Role.EDITOR)}
        await app(scope, receive, send)

    client = TestClient(as_editor)
    reply = client.post(path, data={"how": "dismiss"}) if path.endswith("settle") else client.get(path)
    assert reply.status_code == 403


def test_a_cases_file_that_somebody_wrote_in_is_added_to_with_care(tmp_path):
    path = tmp_path / "cases.jsonl"
    path.write_text('{"id": "mine", "question": "q", "answerable": false}', encoding="utf-8")  # no line end
    case = {"id": "use-1", "question": "天气", "answerable": False}
    assert add_cases(path, [case, case]) == 1
    assert [each.id for each in load_dataset(path).queries] == ["mine", "use-1"]
    path.write_text("damaged\n", encoding="utf-8")
    with pytest.raises(errors.YijuError, match="无法读写"):
        add_cases(path, [case])
    assert path.read_text(encoding="utf-8") == "damaged\n"


def moment(at: datetime, seconds: float = 1.0, refused: bool = False, good: bool | None = None) -> Moment:
    return Moment(at, refused, seconds, good)


def test_figures_of_hand_worked_answers():
    now = datetime(2026, 5, 1)
    told = figures([moment(now, float(n), refused=n <= 3, good=[None, True, False][n % 3]) for n in range(1, 21)])
    # the smallest value that at least half, or 95 of 100, do not exceed: the 10th and the 19th of 20
    assert (told.total, told.answered, told.refused, told.p50, told.p95) == (20, 17, 3, 10.0, 19.0)
    assert (told.good, told.bad) == (7, 7)  # 1, 4, … 19 and 2, 5, … 20
    assert (figures([]).p50, figures([]).p95) == (None, None)


@pytest.mark.parametrize(
    ("days", "count", "first", "last"),
    [(1, 24, "16时", "15时"), (7, 7, "4月25日", "5月1日"), (90, 13, "1月31日", "4月25日")],
)
def test_time_is_cut_into_hours_days_or_weeks_that_end_now(days, count, first, last):
    now = datetime(2026, 5, 1, 15, 30)
    cut = stretches([moment(now), moment(now - timedelta(days=200))], days, now)
    assert (len(cut), cut[0].label, cut[-1].label) == (count, first, last)
    assert [each.figures.total for each in cut] == [0] * (count - 1) + [1]


def test_bars_stand_on_one_another_to_scale():
    plot = stacked(["甲", "乙"], [("answered", "答出", [3, 0]), ("refused", "未答出", [1, 2])])
    height = HEIGHT - TOP - BOTTOM
    assert [(each.kind, round(each.height / height, 3)) for each in plot.bars] == [
        ("answered", 0.75),  # 3 of 4, the top of the axis
        ("refused", 0.25),
        ("refused", 0.5),
    ]
    assert plot.bars[1].y + plot.bars[1].height == pytest.approx(plot.bars[0].y)
    assert [each.label for each in plot.values] == ["0", "1", "2", "3", "4"]
    assert plot.bars[0].tip == "甲 答出 3"


def test_a_line_breaks_where_there_is_nothing_to_show():
    plot = lines(["甲", "乙", "丙", "丁"], [("p50", [0.2, 0.4, None, 0.4])])
    step = (WIDTH - LEFT) / 4
    (line,) = plot.lines
    assert [len(piece.split()) for piece in line.pieces] == [2, 1]
    assert line.pieces[1] == f"{LEFT + 3.5 * step:.1f},{TOP:.1f}"  # the highest value at the top
    assert lines([], []).lines == ()
