"""Where lines stand on their pages: written short, read strictly, and true to the picture that a reader sees."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from index import codec
from index.loaders import load
from index.loaders.pictures import draw_page
from index.loaders.sheets import Sheet, Shown
from index.records import Document, Span
from index.store.contents import SegmentContents
from index.structure.page_positions import PlacedLine, PlacedPage, packed, unpacked
from index.structure.splitter import split
from tests.support.files import at, hexed, pdf, ruled

LINES = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500), *[st.integers(-2000, 2000)] * 4), min_size=1)
PAGES = st.lists(st.tuples(st.integers(1, 1000), st.integers(1, 1000), st.integers(-7000, 7000), LINES), min_size=1)


@given(PAGES)
def test_what_is_packed_comes_back(rows):
    pages = [
        PlacedPage(
            width,
            height,
            skew / 10_000,
            tuple(PlacedLine(Span(start, start + size), *box) for start, size, *box in lines),
        )
        for width, height, skew, lines in rows
    ]
    assert unpacked(packed([PlacedPage(7, 9), *pages]), 1000) == dict(enumerate(pages, 2))


def test_a_usual_line_takes_about_nine_characters():
    lines = [PlacedLine(Span(40 * n, 40 * n + 39), 90, 100 + 20 * n, 915, 112 + 20 * n) for n in range(40)]
    assert len(packed([PlacedPage(707, 1000, 0.0, tuple(lines))])) < 40 * 9


def test_a_line_that_a_broken_file_puts_where_no_page_is_is_left_out():
    near, far = PlacedLine(Span(0, 5), 90, 100, 915, 112), PlacedLine(Span(5, 9), 90, 10**13, 915, 10**13 + 12)
    kept = unpacked(packed([PlacedPage(707, 1000, 0.0, (near, far)), PlacedPage(10**9, 1000, 0.0, (near,))]), 10)
    assert {number: page.lines for number, page in kept.items()} == {1: (near,)}


def test_pages_without_a_line_are_nothing():
    assert packed([PlacedPage(707, 1000)] * 3) == ""
    assert unpacked("", 10) == {}


@pytest.mark.parametrize(
    "text", ["!", "g", "AA", "AAAA", "CCAC", "CCAAoBAAAA", "CCA" + "g" * 99 + "A", "CCAD" + "A" * 5]
)
def test_what_was_not_packed_is_refused(text):
    with pytest.raises(ValueError, match="页面上"):
        unpacked(text, 10)


def test_an_altered_place_is_found_by_checking_the_index():
    document = Document("d", "t", "光伏装机容量。", "s", page_starts=(0,))
    line = PlacedLine(Span(0, 7), 1, 2, 3, 4)
    whole = replace(document, placed=packed([PlacedPage(10, 10, 0.0, (line,))]))
    SegmentContents.of([(whole, tuple(split(whole)))]).check()
    beyond = replace(document, placed=packed([PlacedPage(10, 10, 0.0, (replace(line, span=Span(0, 8)),))]))
    with pytest.raises(ValueError, match="超出正文"):
        SegmentContents.of([(beyond, tuple(split(beyond)))]).check()


def test_documents_without_places_are_stored_as_before():
    plain = Document("d", "t", "正文。", "s")
    assert set(codec.outline_row(plain)) == {"headings", "page_starts", "tables"}
    assert codec.document_of(codec.document_row(plain)) == plain


@pytest.mark.parametrize(
    ("turns", "box"),
    # A page 300 wide and 400 high, read upright: what stands 30–60 from the left and 40–80 from the top of it was,
    # before a quarter turn to the left, as far from the top and from the right: 400 − 80 … 400 − 40 and 30 … 60.
    [(0, (75, 100, 150, 200)), (1, (800, 75, 900, 150)), (2, (600, 800, 675, 900)), (3, (100, 600, 200, 675))],
)
def test_a_page_that_was_turned_to_be_read_is_turned_back(turns, box):
    shown = Shown(1, Sheet(300, 400, (), turns=turns))
    assert tuple(shown.box(30, 40, 60, 80))[1:] == box
    assert (shown.page.width, shown.page.height) == ((1000, 750) if turns % 2 else (750, 1000))


def test_the_corners_of_a_skewed_line_fall_to_the_right():
    page = PlacedPage(200, 100, 0.1)
    corners = page.corners(PlacedLine(Span(0, 1), 50, 50, 150, 60))
    # About the middle (100, 50): 50 to the left is 50 sin 0.1 = 4.99 higher, 50 to the right as much lower.
    assert [(round(x), round(y, 1)) for x, y in corners[:2]] == [(50, 45.0), (150, 55.0)]


# --- true to the picture ----------------------------------------------------------------------


def ink_outside(document: Document, picture: bytes, page: int) -> tuple[float, list[float]]:
    """The share of a page's ink outside all lines, and for each line how much of it is ink."""
    with Image.open(io.BytesIO(picture)) as image:
        dark = np.asarray(image.convert("L")) < 128
    placed = unpacked(document.placed, len(document.text))[page]
    scale = dark.shape[1] / placed.width
    covered, shares = np.zeros_like(dark), []
    for line in placed.lines:
        mask = Image.new("L", dark.shape[::-1])
        ImageDraw.Draw(mask).polygon([(x * scale, y * scale) for x, y in placed.corners(line)], fill=1)
        inside = np.asarray(mask) > 0
        shares.append(float(dark[inside].mean()))
        covered |= inside
    return float((dark & ~covered).sum() / dark.sum()), shares


@pytest.mark.parametrize(
    ("rotate", "turn"),
    [(0, "1 0 0 1 72 700"), (90, "0 1 -1 0 300 100"), (180, "-1 0 0 -1 500 400"), (270, "0 -1 1 0 300 700")],
)
def test_lines_of_a_pdf_stand_where_its_picture_shows_them(tmp_path: Path, rotate: int, turn: str) -> None:
    text = (
        f"BT /F1 12 Tf {turn} Tm <{hexed('Installed capacity 70 MW')}> Tj 150 -60 Td <{hexed('Wind 180 MW')}> Tj ET\n"
    )
    data = pdf(text, text, rotate=rotate)
    (tmp_path / "a.pdf").write_bytes(data)
    document = load(tmp_path / "a.pdf")
    assert document.text == "Installed capacity 70 MW\nWind 180 MW\n" * 2
    for page in (1, 2):
        outside, shares = ink_outside(document, draw_page(tmp_path / "a.pdf", io.BytesIO(data), page), page)
        assert len(shares) == 2
        assert outside < 0.1
        assert min(shares) > 0.1


def test_rows_of_a_table_and_notes_have_their_places(tmp_path: Path) -> None:
    cells = [["Item", "2024", "2025"], ["Solar", "60", "70"], ["Wind", "150", "180"]]
    texts = "".join(at(80 + 120 * x, 708 - 30 * y, cell) for y, row in enumerate(cells) for x, cell in enumerate(row))
    body = at(72, 780, "Plan of the district for the years to come") + at(72, 90, "[1] Preliminary.", 8)
    (tmp_path / "a.pdf").write_bytes(pdf(body + ruled((72, 192, 312, 432), (730, 700, 670, 640)) + texts))
    document = load(tmp_path / "a.pdf")
    lines = unpacked(document.placed, len(document.text))[1].lines
    assert [line.span.slice(document.text) for line in lines] == [
        "Plan of the district for the years to come",
        "Item：Solar | 2024：60 | 2025：70",
        "Item：Wind | 2024：150 | 2025：180",
        "[1] Preliminary.",
    ]
    solar = lines[1]  # between the rules at 700 and 670 points from the bottom of 842, and at 72 and 432 from the left
    assert (solar.x0, solar.top, solar.x1, solar.bottom) == tuple(
        round(side / 842 * 1000) for side in (72, 842 - 700, 432, 842 - 670)
    )


def test_a_paragraph_over_two_pages_has_lines_on_both(tmp_path: Path) -> None:
    full = "推动装配式建筑产业发展和绿色建材应用并且加快新能源汽车推广与充电设施建设工作"
    (tmp_path / "a.pdf").write_bytes(pdf(at(96, 120, full[:36]) + at(72, 102, full), at(72, 780, "下一页说完。")))
    document = load(tmp_path / "a.pdf")
    placed = unpacked(document.placed, len(document.text))
    said = {n: [line.span.slice(document.text) for line in page.lines] for n, page in placed.items()}
    assert said == {1: [full[:36], full], 2: ["下一页说完。"]}


@pytest.mark.parametrize("angle", [3, 90, 268])
def test_lines_of_a_crooked_or_turned_scan_stand_where_its_picture_shows_them(tmp_path: Path, angle: int) -> None:
    pytest.importorskip("rapidocr")
    page = Image.new("RGB", (1200, 900), "white")
    for n in range(6):
        ImageDraw.Draw(page).text(
            (100, 120 + 90 * n), f"{n} Installed capacity 70 MW", fill="black", font=ImageFont.load_default(40)
        )
    page.rotate(angle, expand=True, fillcolor="white").save(tmp_path / "a.png")
    document = load(tmp_path / "a.png")
    outside, shares = ink_outside(document, (tmp_path / "a.png").read_bytes(), 1)
    assert len(shares) == 6
    assert outside < 0.05
    assert min(shares) > 0.1
