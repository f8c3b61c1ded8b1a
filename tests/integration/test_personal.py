"""Personal data is masked wherever a text is shown or kept, and nothing moves for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from index.__main__ import main as build
from index.filters import Filter
from index.protocols import Vectors
from index.records import Document, Heading, Origin, Passage
from index.rights import RightsFile
from index.store.passage_index import PassageIndex
from qa.answers import Answer, Citation, Conflict, Said, Sentence
from qa.bootstrap import open_assistant
from qa.privacy.library import MaskedLibrary, PersonalDocuments
from qa.privacy.masking import Masked
from qa.privacy.personal import masked
from qa.settings import Settings
from tests.support.fake_answerer import PLAN, FakeAnswerer, cite
from tests.support.fakes import HashEncoder
from tests.support.managed import Held
from tests.support.served import built
from ui.access.visitors import OWNER
from ui.audit.command import entries
from ui.audit.log import AuditLog
from ui.usage.log import UsageLog, read_rows

# Made up; their check digits are right.
MOBILE, CITIZEN, CARD, MAIL = "13812345678", "11010519491231002X", "6222021234567894", "zhang.san@example.cn"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"联系人张三，手机{MOBILE}。", "联系人张三，手机138****5678。"),
        ("+86 138-1234-5678", "+86 138-****-5678"),
        ("138 1234 5678、139 1234 567", "138 **** 5678、139 1234 567"),
        ("138 123 45678", "138 *** *5678"),
        ("８６１３８１２３４５６７８", "８６１３８****５６７８"),
        ("1\u200b38123\u200b45678", "1\u200b38***\u200b*5678"),
        (f"{MOBILE}、{MOBILE}", "138****5678、138****5678"),
        (f"身份证号{CITIZEN}，", "身份证号110**************X，"),
        ("110105 19491231 002x", "110*** ******** ***x"),
        ("110105194912310021", "110105194912310021"),  # the check digit would be X …
        ("身份证号：110105194912310021", "身份证号：110**************1"),  # … but somebody mistyped theirs
        (f"卡号{CARD}", "卡号************7894"),
        ("6222 0212 3456 7894", "**** **** **** 7894"),
        ("6222021234567895", "6222021234567895"),  # no card: Luhn
        (f"来信：{MAIL}", "来信：z********@example.cn"),
        ("ａ＠ｂ．ｃｎ a@b.cn", "*＠ｂ．ｃｎ *@b.cn"),
    ],
)
def test_the_telling_part_is_masked_and_nothing_else(text, shown):
    assert masked(text) == shown and len(shown) == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "市民热线12345，监督电话12388、95588，400-810-8888，010-66412345，023-48656789",
        "统一社会信用代码91500000MA5U123456",
        "完成投资13812345678元，用地13812345678.5平方米，人口13912345678 人",
        "綦江府发〔2023〕16号，2023年4月28日，光伏70MW",
        "3.13812345678",
        "编号2023110105194912310021",
    ],
)
def test_what_organisations_publish_and_figures_stay(text):
    assert masked(text) == text


@given(st.text(alphabet="0123456789 -@.aX张\u200b１", max_size=60))
def test_masking_changes_no_length_and_masking_again_changes_nothing(text):
    once = masked(text)
    assert len(once) == len(text) and masked(once) == once
    assert all(a == b or b == "*" for a, b in zip(text, once, strict=True))


def test_what_has_no_end_is_masked_in_no_time():
    for text in ("1" * 100_000, "a." * 50_000 + "@", "1234 " * 20_000, "138-" * 25_000, "@" * 100_000):
        assert len(masked(text)) == len(text)


# Everywhere

TEXT = (
    f"通讯录\n一、联系{MOBILE}\n张三，手机{MOBILE}，身份证{CITIZEN}，工资卡{CARD}，邮箱{MAIL}。值班电话023-48656789。\n"
)
BOOK = Document(
    "book-1a2b",
    f"通讯录{MOBILE}",
    TEXT,
    f"通讯录{MOBILE}.txt",
    (Heading(f"一、联系{MOBILE}", 1, TEXT.index("一、"), TEXT.index("\n张三")),),
    origin=Origin("/srv", "digest"),
)
SECRETS = (MOBILE, MOBILE[3:7], CITIZEN, "19491231", CARD, MAIL, "zhang")


class Telling(FakeAnswerer):
    """Answers everything with all that the book holds."""

    def ask(self, question: str, history: Sequence[str] = (), within: object = None) -> Answer:
        line = TEXT.splitlines()[2]
        citation: Citation = cite(1, BOOK, line)
        passage: Passage = citation.passage
        hits = tuple(replace(hit, passage=passage) for hit in super().ask("光伏").hits[:1])
        return Answer(question, question, f"{line}[1]", MOBILE, (citation,), hits, confidence=0.9)

    def stream(self, question: str, history: Sequence[str] = (), within: object = None) -> Iterator[Answer]:
        yield self.ask(question)

    def examples(self, n: int = 4, within: object = None) -> list[str]:
        return [f"{MOBILE}是谁的手机？"]

    def limited_to(self, readable: object) -> Telling:
        return Telling(sources=tuple(each for each in self.sources if readable.admits(each)))


def hides(text: str) -> bool:
    return not any(secret in text for secret in SECRETS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def client(folder: Path) -> Iterator[TestClient]:
    usage = UsageLog(folder / "index-usage.sqlite", log_users=True, mask=masked)
    with closing(AuditLog(folder / "index-audit.jsonl")) as audit:
        app = built(Telling(sources=(BOOK, PLAN)), usage=usage, audit=audit, mask=masked, mcp=True)
        with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 1)) as client:
            yield client


ASKED = f"{MOBILE}是谁，身份证{CITIZEN}，{CARD}，{MAIL}？"


def test_no_route_shows_it_and_no_file_keeps_it(client, folder):
    turn = {"question": ASKED, "short": MOBILE, "text": TEXT, "sources": []}
    said = [
        client.post("/api/ask", json={"question": ASKED}),
        client.post("/api/ask?stream=1", json={"question": ASKED}),
        client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": ASKED}]}),
        client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": ASKED}], "stream": True}),
        client.get("/api/documents"),
        client.get(f"/api/documents/{BOOK.id}"),
        client.get(f"/api/documents/{BOOK.id}/text"),
        client.get(f"/api/documents/{BOOK.id}/context?start=10&end=30"),
        client.get("/documents/"),
        client.get(f"/documents/{BOOK.id}?start=10&end=30"),
        client.get("/api/examples"),
        client.post("/api/export", json={"format": "md", "turns": [turn]}),
    ]
    id = said[0].json()["id"]
    client.post("/api/feedback", json={"answer_id": id, "rating": "bad", "reason": f"应为{MOBILE}"})
    said += [client.get("/admin/"), client.get("/admin/questions.jsonl")]
    for reply in said:  # escapes and random ids hold any digits
        assert reply.status_code == 200 and hides(re.sub(r"\\u[0-9a-f]{4}|[0-9a-f]{32}", "", reply.text)), reply.url
    word = client.post("/api/export", json={"format": "docx", "turns": [turn]})
    assert hides(ZipFile(BytesIO(word.content)).read("word/document.xml").decode())
    told = [{**row} for row in read_rows(folder / "index-usage.sqlite", "SELECT * FROM answers")]
    assert len(told) == 4 and hides(json.dumps(told, ensure_ascii=False))
    audited = list(entries(folder / "index-audit.jsonl"))
    assert audited[0]["said"]["question"].startswith("138****5678") and hides(json.dumps(audited, ensure_ascii=False))


def test_quotes_pages_and_offsets_agree_with_the_text_that_is_shown(client):
    answer = client.post("/api/ask", json={"question": "手机"}).json()
    text = client.get(f"/api/documents/{BOOK.id}/text").text
    assert len(text) == len(TEXT) and answer["short_answer"] == "138****5678"
    for each in (*answer["citations"], *({**p, "quote": p["text"]} for p in answer["passages"])):
        assert text[each["start"] : each["end"]] == each["quote"]
    assert answer["short_answer"] in answer["citations"][0]["quote"] and "023-48656789" in text


def test_every_text_of_an_answer_is_masked_whatever_it_is_for():
    whole = Telling(sources=(BOOK,)).ask(ASKED)
    beside = Conflict(MOBILE, (Said(1, MOBILE, f"通讯录{MOBILE}", "2023"),))
    said = replace(
        whole, id="a" * 32, notice=MAIL, sentences=(Sentence(CITIZEN, (1,), problem=CARD),), conflicts=(beside,)
    )

    class Saying(Telling):
        def ask(self, question: str, history: Sequence[str] = (), within: object = None) -> Answer:
            return said

    shown = Masked(Saying(sources=(BOOK,))).ask("谁")
    assert hides(json.dumps(shown.to_json(), ensure_ascii=False)) and shown.id == "a" * 32
    assert shown.conflicts[0].said[0].title == "通讯录138****5678"
    assert (shown.confidence, shown.citations[0].quote) == (said.confidence, said.citations[0].quote)
    assert [each.passage.id for each in shown.hits] == [each.passage.id for each in said.hits]


def test_a_guessed_number_is_answered_like_any_other(monkeypatch):
    asked = []

    class Hearing(Telling):
        def ask(self, question, history=(), within=None):
            asked.append((question, *history))
            return super().ask(question, history, within)

    for guess in ("13812345678", "13899995678"):
        Masked(Hearing(sources=(BOOK,))).ask(f"张三的电话是{guess}吗", [f"{guess}是谁的"])
    assert asked[0] == asked[1] == ("张三的电话是138****5678吗", "138****5678是谁的")


def test_a_page_is_not_shown_as_a_picture(client):
    assert client.get(f"/documents/{BOOK.id}/pages/1.png").status_code == 404


def test_rules_about_rights_are_about_the_files_as_they_are_called(tmp_path):
    from ui.access.visitors import Role, Visitor
    from ui.answer_queue import AnswerQueue

    (tmp_path / "rights.txt").write_text(f"@hr {BOOK.source}\n", "utf-8")
    queue = AnswerQueue(Telling(sources=(BOOK, PLAN)), rights=RightsFile(tmp_path / "rights.txt"), mask=masked)
    reader, of_hr = (Visitor("han", Role.READER, reader=frozenset(groups)) for groups in ({"han"}, {"@hr"}))
    assert [each.id for each in queue.seen_by(reader).documents()] == [PLAN.id]
    assert [each.source for each in queue.seen_by(of_hr).documents()] == ["通讯录138****5678.txt", PLAN.source]
    assert (queue.sees_all(OWNER), queue.sees_all(of_hr), queue.sees_all(reader)) == (True, True, False)


def test_what_was_kept_before_is_masked_too(tmp_path):
    path = tmp_path / "index-usage.sqlite"
    answer = replace(Telling(sources=(BOOK,)).ask(ASKED), id="a1")
    for mask in (None, masked):
        usage = UsageLog(path, mask=mask)
        usage.record(answer, OWNER, where="chat")
        usage.rate("a1", False, MAIL).result()
        usage.close()
    (row,) = read_rows(path, "SELECT * FROM answers")
    assert hides(json.dumps({**row}, ensure_ascii=False)) and row["short"] == "138****5678"
    assert json.loads(row["citations"])[0]["start"] == TEXT.index("张三，")


def test_an_index_answers_as_before_and_shows_less():
    shown = Masked(Held(index=PassageIndex.build([BOOK, PLAN], HashEncoder(dim=16))))
    assert [each.text for each in shown.documents()] == [masked(TEXT), PLAN.text]
    assert [(each.title, each.origin) for each in shown.descriptions()] == [
        ("通讯录138****5678", Origin()),
        (PLAN.title, Origin()),
    ]
    assert [each.id for each in shown.documents()[1:]] == [PLAN.id] and shown.document("none") is None
    assert shown.document(PLAN.id) == replace(PLAN, origin=Origin())


# What is hidden changes no answer


class Blind(HashEncoder):
    """Sees no digits and no letters: what differs then differs by wording."""

    def _encode(self, texts: Sequence[str]) -> Vectors:
        return super()._encode([re.sub(r"[0-9A-Za-z]", "", text) for text in texts])


def library_of(middle: str, mail: str) -> MaskedLibrary:
    text = (
        f"通讯录\n\n张三的手机是138-{middle}-5678，邮箱是{mail}@example.cn。\n\n李四在采购处，房间1234，分机zhang。\n"
    )
    book = Document("book-1a2b", "通讯录", text, "通讯录.txt")
    index = PassageIndex.build([book, PLAN], Blind(dim=16))
    hiding = PersonalDocuments().of(index)
    return MaskedLibrary(index, index.limited_to(Filter(without=hiding)), hiding)


def test_what_is_hidden_changes_nothing_that_a_guess_of_a_part_is_told():
    one, other = library_of("1234", "zhang.san"), library_of("9876", "zebra.sun")
    for query in (
        "张三的手机有1234吗",
        "138-1234",
        "zhang是谁的邮箱",
        "9876",
        "张三的手机",
        "１２３４",
        "光伏装机70MW",
    ):
        found = one.search(query, 5)
        assert found == other.search(query, 5) and len(found) <= 5
        assert all("1234-" not in hit.passage.text and "zhang.san" not in hit.passage.text for hit in found)
    assert one.search("张三的手机有1234吗", 5)[0].passage.document_id == "book-1a2b"
    assert one.search("光伏装机70MW", 5)[0].passage.document_id == PLAN.id
    for term in ("1234", "9876", "zhang", "手机", "70"):
        assert one.document_frequency(term) == other.document_frequency(term)
        assert one.rarity(term) == other.rarity(term)
    assert one.vocabulary() == other.vocabulary()
    assert one.document("book-1a2b") == other.document("book-1a2b")
    assert one.passages("book-1a2b") == other.passages("book-1a2b") != []
    assert one.document("none") is None and one.document(PLAN.id) == PLAN


def test_an_assistant_reads_masked_documents_where_it_is_told_to(tmp_path):
    (tmp_path / "book.txt").write_text("通讯录\n\n张三的手机是138-1234-5678，在采购处。\n", "utf-8")
    assert build(["build", str(tmp_path / "book.txt"), "-o", str(tmp_path / "index")]) == 0
    told = {
        mask: open_assistant(Settings(index=tmp_path / "index", mask_personal=mask)).ask("张三的手机是多少")
        for mask in (False, True)
    }
    assert "138-1234-5678" in told[False].text and "138-****-5678" in told[True].text
