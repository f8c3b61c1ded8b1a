"""The pages for reading: the list, a document in parts, the place a citation names, and who may see what."""

from __future__ import annotations

import html
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from index.errors import DocumentUnreadable, IndexCorrupt
from index.filters import Filter
from index.loaders import load
from index.loaders.libreoffice import program
from index.records import Document, Heading, Metadata, Origin, Span, Table
from index.sandbox import Sandbox
from index.store.sync import content_digest
from index.structure.page_positions import PlacedLine, PlacedPage, packed
from tests.support.fake_answerer import PLAN, RULES, FakeAnswerer
from tests.support.files import at, ofd, pdf, word
from tests.support.served import built
from ui import errors
from ui.access.visitors import Role, Visitor
from ui.answer_queue import AnswerQueue
from ui.documents import routes
from ui.documents.page_marks import page_marks
from ui.documents.view import OUTLINE, PART, blocks, outline, part_at, parts

NASTY = "<img src=x onerror=alert(1)>\"'&{{7*7}}</title><script>alert(1)</script>"
EVIL = replace(
    RULES,
    id="evil",
    title=NASTY,
    source=NASTY,
    text=NASTY + "\n" + NASTY,
    headings=(Heading(NASTY, 1, 0, len(NASTY)),),
    metadata=Metadata(NASTY, NASTY, NASTY, NASTY, NASTY, NASTY),
)


def long_document(paragraphs: int = 3_000, headings_each: int = 50) -> Document:
    lines = [f"第{n}段，" + "内容" * 10 for n in range(paragraphs)]
    text, starts = "", []
    for n, line in enumerate(lines):
        if n % headings_each == 0:
            starts.append(len(text))
        text += line + "\n"
    headings = tuple(Heading(text[start : start + 6], 1, start, text.index("\n", start)) for start in starts)
    return replace(RULES, id="long", title="长文", text=text, headings=headings)


def client(*documents: Document, visitor: Visitor | None = None) -> TestClient:
    app = FastAPI()
    errors.install(app)
    routes.add_routes(app, AnswerQueue(FakeAnswerer(sources=documents)))

    async def visited(scope, receive, send):
        if visitor and scope["type"] == "http":
            scope["state"] = {**scope.get("state", {}), "visitor": visitor}
        await app(scope, receive, send)

    return TestClient(visited)


def text_of(page: str) -> str:
    body = page[page.index("<article") :]
    return html.unescape(re.sub(r"<a class=\"pin\".*?</a>|<[^>]+>", "", body))


def test_the_list_tells_what_documents_say_of_themselves():
    page = client(PLAN, RULES).get("/documents/").text
    for said in ("綦江府发〔2023〕16号", "重庆市綦江区人民政府", "2023-04-28", "綦江方案.txt", "共 2 份"):
        assert said in page
    assert 'href="plan-1a2b"' in page
    assert "Issuer" in client(PLAN).get("/documents/?lang=en").text


def test_the_newest_documents_come_first_and_a_single_year_is_one():
    dated = [
        replace(
            RULES,
            id=f"d{year}",
            title=f"{year}年规定",
            metadata=Metadata(issued=f"{year}-05-01", period=f"{year}/{year}"),
        )
        for year in (2019, 2024, 2021)
    ]
    page = client(replace(RULES, title="无日期"), *dated).get("/documents/").text
    assert re.findall(r'<h2><a href="[^"]+">([^<]+)', page) == ["2024年规定", "2021年规定", "2019年规定", "无日期"]
    assert "<dd>2021</dd>" in page


def test_validity_and_other_versions_are_told():
    old, new = (
        replace(
            RULES, id=f"v{year}", metadata=Metadata(issuer="某省", issued=f"{year}-01-01", effective=f"{year}-02-01")
        )
        for year in (2015, 2021)
    )
    asked = client(old, new)
    assert [word in asked.get("/documents/").text for word in ("已被修改", "现行有效")] == [True, True]
    page = asked.get("/documents/v2015").text
    assert "已被修改" in page
    assert re.search(r'其他版本\s*<a href="v2021">2021年1月1日公布</a>', page)
    hidden = client(old, new, visitor=Visitor(role=Role.READER, scope=Filter(documents=frozenset({"v2015"}))))
    assert "v2021" not in hidden.get("/documents/v2015").text


def test_the_list_finds_by_any_of_its_words_and_goes_by_hundreds():
    many = [replace(RULES, id=f"d{n:03}", title=f"第{n}号文件") for n in range(250)]
    asked = client(*many, PLAN)
    assert "綦江区绿色发展实施方案" in asked.get("/documents/", params={"q": "綦江 16号"}).text
    assert "未找到匹配的文档" in asked.get("/documents/", params={"q": "没有的"}).text
    pages = [asked.get(f"/documents/?page={n}").text for n in range(3)]
    assert [page.count("<h2>") for page in pages] == [100, 100, 51]
    assert 'rel="next"' not in pages[2]


def test_a_permanent_link_marks_its_passage():
    start = PLAN.text.index("风电计划装机容量180MW")
    page = client(PLAN).get(f"/documents/plan-1a2b?start={start}&end={start + 13}").text
    assert re.findall("<mark>(.*?)</mark>", page) == ["风电计划装机容量180MW"]
    assert 'href="?part=0#c' in page  # the outline leads on from here


def test_a_marked_place_may_go_over_lines_and_headings():
    start, end = PLAN.text.index("重点任务"), PLAN.text.index("规划建设")
    page = client(PLAN).get(f"/documents/plan-1a2b?start={start}&end={end}").text
    marked = re.findall("<mark>(.*?)</mark>", page)
    assert marked == ["重点任务", "（三）加快新能源开发", "加快水电、风电和分布式光伏发电"]


@pytest.mark.parametrize(
    "query", ["", "?start=9&end=3", "?start=-1&end=x", "?start=99999&end=99999999999999", "?part=77"]
)
def test_an_address_that_names_no_place_shows_the_document(query):
    reply = client(PLAN).get(f"/documents/plan-1a2b{query}")
    assert reply.status_code == 200
    assert "<mark>" not in reply.text
    assert "光伏发电计划装机容量70MW" in reply.text


def test_what_may_not_be_seen_is_as_if_it_were_not_there():
    reader = Visitor(role=Role.READER, scope=Filter(documents=frozenset({"plan-1a2b"})))
    for visitor, refusal in ((reader, 404), (Visitor(), 401)):  # a guest is asked to sign in, whatever the address
        asked = client(PLAN, RULES, visitor=visitor)
        for path in (
            "/documents/{}",
            "/documents/{}?start=0&end=9",
            "/documents/{}/pages/1.png",
            "/documents/{}/pages",
        ):
            hidden, unknown = asked.get(path.format("rules-3c4d")), asked.get(path.format("nothing"))
            assert (hidden.status_code, hidden.text) == (unknown.status_code, unknown.text)
            assert hidden.status_code == refusal
        assert "光伏项目管理办法" not in asked.get("/documents/").text


def test_hostile_names_and_texts_stay_text():
    asked = client(EVIL)
    for page in (asked.get("/documents/").text, asked.get("/documents/evil?start=0&end=9").text):
        assert "<img src=x" not in page
        assert "<script>alert" not in page
        assert "49" not in page
    wanted = asked.get("/documents/", params={"q": NASTY}).text
    assert "<script>alert" not in wanted


def test_a_long_document_comes_in_parts_that_hold_everything():
    document = long_document()
    spans = parts(document)
    assert len(spans) > 3
    assert "".join(span.slice(document.text) for span in spans) == document.text
    assert max(map(len, spans)) <= PART
    asked = client(document)
    shown = [text_of(asked.get(f"/documents/long?part={n}").text) for n in range(len(spans))]
    assert [bool(re.search(f"第{n}段，", "".join(shown))) for n in (0, 1_500, 2_999)] == [True] * 3
    last = document.headings[-1]
    page = asked.get(f"/documents/long?start={last.start}&end={last.end}").text
    assert f'id="c{last.start}"' in page


@given(st.text(alphabet="甲 \n\r\t。", max_size=400), st.integers(0, 400), st.integers(0, 400))
def test_the_lines_of_a_part_say_all_that_is_visible_and_mark_what_was_asked_for(text, start, end):
    document = Document("d", "t", text, "s")
    marked = Span(min(start, end), max(start, end))
    made = blocks(document, Span(0, len(text)), marked)
    assert "".join(piece.text for block in made for piece in block.pieces) == "".join(
        line.strip() for line in text.split("\n")
    )
    for block in made:
        assert "".join(piece.text for piece in block.pieces) == block.span.slice(text)
        inside = "".join(piece.text for piece in block.pieces if piece.marked)
        assert len(inside) == block.span.overlap(marked)


def test_headings_rows_and_pages_are_told_apart():
    text = "一、总则\n第一条 为了规范，制定本法。\n项目：光伏 | 目标：70\n完"
    run_in = text.index("第一条")
    headings = (Heading("一、总则", 1, 0, 4), Heading("第一条", 4, run_in, run_in + 3))
    table = text.index("项目")
    document = Document("d", "t", text, "s", headings, (0, table), tables=(Table(Span(table, text.index("完"))),))
    made = blocks(document, Span(0, len(text)))
    assert [(block.level, block.row, list(block.pages)) for block in made] == [
        (2, False, [1]),
        (0, False, []),
        (0, True, [2]),
        (0, False, []),
    ]
    assert [piece.strong for piece in made[1].pieces] == [True, False]


def test_a_very_long_outline_keeps_to_its_outer_levels():
    headings = tuple(Heading(f"{n}", 1 + (n % 20 > 0), n, n + 1) for n in range(2_000))
    document = Document("d", "t", "x" * 40_000, "s", headings)
    entries, deepest = outline(document, parts(document))
    assert (len(entries), deepest) == (100, 1)
    assert len(entries) <= OUTLINE
    assert {entry.part for entry in entries} == {part_at(parts(document), heading.start) for heading in headings[::20]}


def origin(path):
    with path.open("rb") as file:
        return Origin(str(path.parent), content_digest(file))


@pytest.mark.parametrize("how", ["link", "content", "folder", "gone", "pipe"])
def test_of_a_file_that_is_not_the_indexed_one_nothing_is_shown(tmp_path, how):
    (tmp_path / "open").mkdir()
    (tmp_path / "closed").mkdir()
    Image.new("RGB", (60, 90), "black").save(tmp_path / "closed/scan.png")
    path = tmp_path / "open/scan.png"
    Image.new("RGB", (60, 90), "white").save(path)
    scan = replace(RULES, id="scan", source="open/scan.png", page_starts=(0,))
    scan = replace(scan, origin=Origin(str(tmp_path), origin(path).digest))
    asked = client(scan)
    assert asked.get("/documents/scan/pages/1.png").status_code == 200
    path.unlink()
    if how == "link":
        path.symlink_to(tmp_path / "closed/scan.png")
    elif how == "content":
        path.write_bytes((tmp_path / "closed/scan.png").read_bytes())
    elif how == "folder":
        path.parent.rmdir()
        path.parent.symlink_to(tmp_path / "closed")
    elif how == "pipe":
        os.mkfifo(path)
    assert asked.get("/documents/scan/pages/1.png").status_code == 404


def test_pages_of_a_picture_are_shown(tmp_path):
    Image.new("RGB", (60, 90), "white").save(tmp_path / "scan.png")
    scan = replace(RULES, id="scan", source="scan.png", page_starts=(0,), origin=origin(tmp_path / "scan.png"))
    asked = client(scan, RULES)
    assert 'src="scan/pages/1.png"' in asked.get("/documents/scan").text
    assert "<details><summary>第 1 页" in asked.get("/documents/scan").text
    assert "<details open><summary>第 1 页" in asked.get("/documents/scan?start=0&end=5").text  # what is cited is shown
    picture = asked.get("/documents/scan/pages/1.png")
    assert (picture.status_code, picture.content[:4]) == (200, b"\x89PNG")
    for path in ("scan/pages/9.png", "scan/pages/0.png", "rules-3c4d/pages/1.png"):
        assert asked.get(f"/documents/{path}").status_code == 404


def test_cited_lines_are_marked_on_the_picture_of_every_page_they_stand_on(tmp_path):
    full = "推动装配式建筑产业发展和绿色建材应用并且加快新能源汽车推广与充电设施建设工作"
    first = at(72, 780, "无关。") + at(96, 120, full[:36]) + at(72, 102, full)
    (tmp_path / "a.pdf").write_bytes(pdf(first, at(72, 780, "下一页说完。") + at(96, 740, "新的一段。")))
    document = replace(load(tmp_path / "a.pdf"), id="cited", origin=Origin(str(tmp_path)))
    start, end = document.text.index(full), document.text.index("新的")
    page = client(document).get(f"/documents/cited?start={start}&end={end}").text
    assert re.findall(r"<details open><summary>第 (\d)", page) == ["1", "2"]
    shapes = [re.findall("<polygon", svg) for svg in re.findall("<svg.*?</svg>", page, re.S)]
    assert [len(found) for found in shapes] == [1, 1]
    assert 'viewBox="0 0 707 1000"' in page
    assert "第 2 页的图像，所引各行已标出" in page
    # Of an index made before places were kept, the page is shown as it is.
    older = client(replace(document, placed="")).get(f"/documents/cited?start={start}&end={end}").text
    assert re.findall(r"<details open><summary>第 (\d)", older) == ["1"]
    assert "<svg" not in older
    assert "<svg" not in client(document).get("/documents/cited").text


def test_of_a_line_only_what_is_cited_is_marked_but_of_a_table_the_row():
    text = "项目：光伏 | 目标：70\n到2025年达到70MW。\n"
    line = text.index("到")
    page = PlacedPage(
        1000,
        700,
        0.0,
        (PlacedLine(Span(0, line - 1), 100, 10, 900, 30), PlacedLine(Span(line, len(text) - 1), 100, 50, 1060, 62)),
    )
    document = replace(RULES, text=text, placed=packed([page]), tables=(Table(Span(0, line)),))
    # 到 2025 年达到 70MW 。 is 2+4+6+4+2 = 18 wide: 70MW stands from 12 to 16 of them, 100 + 960 · 12/18 = 740 to 953.
    seventy = text.rindex("70MW")
    marks = page_marks(document, Span(seventy, seventy + 4))[1]
    assert marks.shapes == ("738.0,48.0 955.0,48.0 955.0,64.0 738.0,64.0",)
    assert page_marks(document, Span(3, 5))[1].shapes == ("98.0,8.0 902.0,8.0 902.0,32.0 98.0,32.0",)
    assert page_marks(document, Span(line - 1, line)) == {}


def test_places_that_make_no_sense_are_damage_of_the_index():
    with pytest.raises(IndexCorrupt, match="verify"):
        page_marks(replace(RULES, placed="!"), Span(0, 1))


def test_pages_of_an_ofd_are_drawings_that_run_nothing_with_the_cited_line_marked(tmp_path):
    line = '<TextObject Size="5" Boundary="20 {} 99 9"><TextCode X="0" Y="5" DeltaX="g 5 5">{}</TextCode></TextObject>'
    (tmp_path / "a.ofd").write_bytes(ofd(line.format(30, "光伏装机容量") + line.format(50, "风电装机容量")))
    document = replace(load(tmp_path / "a.ofd"), id="fixed", origin=origin(tmp_path / "a.ofd"))
    asked = client(document)
    start = document.text.index("风电")
    page = asked.get(f"/documents/fixed?start={start}&end={start + 6}").text
    assert 'src="fixed/pages/1.png"' in page
    assert len(re.findall("<polygon", page)) == 1
    drawn = asked.get("/documents/fixed/pages/1.png")
    assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/svg+xml")
    assert drawn.headers["content-security-policy"] == "default-src 'none'; img-src data:; sandbox"
    assert "风电装机容量" in drawn.text
    assert asked.get("/documents/fixed/pages").status_code == 404  # its lines are known without LibreOffice


def written(folder: Path) -> Document:
    """A Word file of two paragraphs, read."""
    (folder / "a.docx").write_bytes(word("光伏装机容量为七十兆瓦。", "风电装机容量为三十兆瓦。"))
    return replace(load(folder / "a.docx"), id="office", origin=origin(folder / "a.docx"))


@pytest.mark.skipif(program() is None, reason="no LibreOffice here (Debian: apt install libreoffice-writer)")
def test_pages_of_a_word_file_are_laid_out_once_with_the_cited_line_marked(tmp_path, monkeypatch):
    document, laid_out, runs = written(tmp_path), Sandbox.laid_out, []
    monkeypatch.setattr(Sandbox, "laid_out", lambda *given: runs.append(1) or laid_out(*given))
    asked, start = client(document), document.text.index("风电")
    assert '<details class="yj-office"' in asked.get("/documents/office").text
    found = asked.get(f"/documents/office/pages?start={start}&end={start + 12}").json()
    assert (found["pages"], [(each["page"], len(each["shapes"])) for each in found["pictures"]]) == (1, [(1, 1)])
    picture = asked.get("/documents/office/pages/1.png")
    assert (picture.status_code, picture.content[:4], len(runs)) == (200, b"\x89PNG", 1)
    assert asked.get("/documents/office/pages/2.png").status_code == 404


def test_what_could_not_be_laid_out_is_not_tried_again_at_once(tmp_path, monkeypatch):
    runs = []

    def failing(_: Sandbox, path: Path, opened: object) -> bytes:
        runs.append(path)
        raise DocumentUnreadable(path, "坏了")

    monkeypatch.setattr("ui.documents.office_pages.program", lambda: "soffice")
    monkeypatch.setattr(Sandbox, "laid_out", failing)
    asked = client(written(tmp_path))
    for path in ("pages", "pages", "pages/1.png"):
        assert asked.get(f"/documents/office/{path}").status_code == 404
    assert len(runs) == 1


def test_without_libreoffice_a_document_says_why_it_has_no_pictures(tmp_path, monkeypatch):
    monkeypatch.setattr("ui.documents.office_pages.program", lambda: None)
    asked = client(written(tmp_path))
    shown = asked.get("/documents/office").text
    assert "服务器没有安装 LibreOffice，不能显示页面图像" in shown
    assert "yj-office" not in shown
    assert asked.get("/documents/office/pages").status_code == 404


def test_every_page_is_offered_though_a_paragraph_goes_on_over_it(tmp_path):
    Image.new("RGB", (60, 90), "white").save(
        tmp_path / "scan.tif", save_all=True, append_images=[Image.new("RGB", (60, 90))] * 3
    )
    text = "一段很长的话。又一段"
    scan = replace(
        RULES, id="scan", source="scan.tif", text=text, page_starts=(0, 2, 4, 9), origin=Origin(str(tmp_path))
    )
    assert re.findall(r"pages/(\d).png", client(scan).get("/documents/scan").text) == ["1", "2", "3", "4"]


def test_pages_that_cannot_be_drawn_are_not_offered(tmp_path):
    (tmp_path / "a.ofd").write_bytes(b"PK\x03\x04")
    paged = replace(RULES, id="paged", source="a.ofd", page_starts=(0,), origin=Origin(str(tmp_path)))
    assert "pages/1.png" not in client(paged).get("/documents/paged").text


def test_pages_styles_and_scripts_travel_small():
    asked = TestClient(built(FakeAnswerer()))
    page = asked.get("/chat/", headers={"Accept-Encoding": "gzip"})
    assert page.headers["content-encoding"] == "gzip"
    assert int(page.headers["content-length"]) < 12_000
    for name in ("app.css", "app.js"):
        reply = asked.get(f"/static/{name}", headers={"Accept-Encoding": "gzip"})
        assert reply.headers["content-encoding"] == "gzip"
        again = asked.get(f"/static/{name}", headers={"If-None-Match": reply.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
