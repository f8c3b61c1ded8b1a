"""Powers, indices and fractions: what is raised or lowered in a file is so in its text, 10⁴ and not 104."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from index.loaders import load
from index.loaders.number_formats import shown
from index.loaders.symbols import lowered, raised, with_fractions
from tests.support.files import at, docx, pdf, pptx

POWERS = "占地1.5×10⁴m²，剂量10⁻³g，排放CO₂。"


def text(folder: Path, name: str, data: bytes | str) -> str:
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    return load(folder / name).text.strip()


def test_powers_in_word(tmp_path: Path) -> None:
    def run(said: str, how: str = "") -> str:
        place = f'<w:rPr><w:vertAlign w:val="{how}"/></w:rPr>' if how else ""
        return f"<w:r>{place}<w:t>{said}</w:t></w:r>"

    up, down = "superscript", "subscript"
    pieces = (("占地1.5×10", ""), ("4", up), ("m", ""), ("2", up), ("，剂量10", ""), ("-3", up), ("g，排放CO", ""))
    body = "".join(run(*piece) for piece in (*pieces, ("2", down), ("。", "")))
    assert text(tmp_path, "文.docx", docx(f"<w:p>{body}</w:p>")) == POWERS


def test_equations_in_word_keep_their_powers_and_fractions(tmp_path: Path) -> None:
    def m(said: str) -> str:
        return f"<m:r><m:t>{said}</m:t></m:r>"

    power = f"<m:sSup><m:e>{m('10')}</m:e><m:sup>{m('4')}</m:sup></m:sSup>"
    half = f"<m:f><m:num>{m('1')}</m:num><m:den>{m('2')}</m:den></m:f>"
    rate = f"<m:f><m:num>{m('a+b')}</m:num><m:den>{m('c')}</m:den></m:f>"
    names = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    body = f"<w:p><m:oMath {names}>{m('x=')}{power}{m('+3')}{half}{m('+')}{rate}</m:oMath></w:p>"
    assert text(tmp_path, "文.docx", docx(body)) == "x=10⁴+3 1/2+(a+b)/c"


def test_powers_on_a_web_page_and_in_its_cells(tmp_path: Path) -> None:
    said = "占地1.5×10<sup>4</sup>m<sup>2</sup>，剂量10<sup>-3</sup>g，排放CO<sub>2</sub>。"
    page = f"<html><body><p>{said}</p><table><tr><th>名</th><th>量</th></tr><tr><td>甲</td><td>3<sup>1</sup>/<sub>2"
    page += f"</sub>升，{said}</td></tr></table><p>见第2<sup>[1]</sup>页。</p></body></html>"
    assert text(tmp_path, "页.html", page).splitlines() == [POWERS, f"名：甲 | 量：3 1/2升，{POWERS}", "见第2[1]页。"]


def test_powers_on_a_slide(tmp_path: Path) -> None:
    def run(said: str, shift: int = 0) -> str:
        return f'<a:r><a:rPr baseline="{shift}"/><a:t>{said}</a:t></a:r>'

    pieces = [("占地1.5×10", 0), ("4", 30000), ("m", 0), ("2", 30000), ("，剂量10", 0), ("-3", 30000), ("g，排放CO", 0)]
    body = "".join(run(*piece) for piece in [*pieces, ("2", -25000), ("。", 0)])
    slide = f'<p:sp><a:off x="0" y="0"/><p:txBody><a:p>{body}</a:p></p:txBody></p:sp>'
    assert text(tmp_path, "讲.pptx", pptx(slide)) == POWERS


def test_powers_in_a_cell_of_a_sheet(tmp_path: Path) -> None:
    up, down = InlineFont(vertAlign="superscript"), InlineFont(vertAlign="subscript")
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"] = CellRichText(
        "占地1.5×10", TextBlock(up, "4"), "m", TextBlock(up, "2"), "，剂量10", TextBlock(up, "-3"), "g，排放CO",
        TextBlock(down, "2"), "。",
    )  # fmt: skip
    buffer = io.BytesIO()
    book.save(buffer)
    assert text(tmp_path, "表.xlsx", buffer.getvalue()) == POWERS


def test_small_raised_digits_on_a_page_are_powers(tmp_path: Path) -> None:
    page, x = "", 72.0
    for said, size, up in (
        ("占地", 12, 0), ("1.5", 12, 0), ("×", 12, 0), ("10", 12, 0), ("4", 7, 4), ("m", 12, 0), ("2", 7, 4),
        ("，剂量", 12, 0), ("10", 12, 0), ("-3", 7, 4), ("g", 12, 0), ("，排放", 12, 0), ("CO", 12, 0), ("2", 7, -2),
        ("。", 12, 0),
    ):  # fmt: skip
        page += at(x, 700 + up, said, size)
        x += sum(size * (0.5 if character.isascii() else 1) for character in said)
    assert text(tmp_path, "文.pdf", pdf(page)) == POWERS


def test_small_signs_that_have_no_lowered_form_together_stay_as_they_are(tmp_path: Path) -> None:
    page = at(72, 700, "PM", 12) + at(84, 698, "2.5", 7) + at(94.5, 700, "年均浓度", 12)
    assert text(tmp_path, "文.pdf", pdf(page)) == "PM2.5年均浓度"
    assert lowered("2.5") == "2.5"


def test_small_print_that_is_not_raised_is_no_power(tmp_path: Path) -> None:
    page = at(72, 700, "装机") + at(96, 700, "70", 12) + at(108, 700.5, "1", 8) + at(112, 700, "兆瓦。")
    assert text(tmp_path, "文.pdf", pdf(page)) == "装机701兆瓦。"


@pytest.mark.parametrize(
    ("said", "written"),
    [("¹/₂", "1/2"), ("3¹⁄₂升", "3 1/2升"), ("10m³/2h", "10m³/2h"), ("½", "½"), ("10³/d", "10³/d")],
)
def test_fractions_of_small_digits_are_plain(said: str, written: str) -> None:
    assert with_fractions(said) == written


def test_marks_of_notes_stay_as_they_are() -> None:
    assert (raised("[1]"), raised("th"), raised("注2"), lowered("max")) == ("[1]", "th", "注2", "max")


@pytest.mark.parametrize(
    ("value", "shape", "written"),
    [
        (0.5, "# ?/?", "1/2"), (1.25, "# ?/?", "1 1/4"), (-2.75, "# ?/?", "-2 3/4"), (3, "# ?/?", "3"),
        (0, "# ?/?", "0"), (0.333, "# ?/?", "1/3"), (3.14159, "# ??/??", "3 1/7"), (0.99, "# ?/?", "1"),
        (5.375, "# ?/8", "5 3/8"), (0.5, "# ?/8", "4/8"), (2.5, "?/?", "5/2"), (0.3, "# ?/10", "3/10"),
        (0.25, '# ?/?"英寸"', "1/4英寸"), (3, '# ?/?"英寸"', "3英寸"), (1.0625, "# ??/16", "1 1/16"),
    ],
)  # fmt: skip
def test_fractions_are_shown_as_their_format_says(value: float, shape: str, written: str) -> None:
    assert shown(value, shape) == written
