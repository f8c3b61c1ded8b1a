"""Small files in the formats that people have, made by hand so that every byte is known."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def docx(body: str, **parts: str) -> bytes:
    """A Word file with a body in XML (`w:` is bound) and further parts by name: styles, numbering, footnotes."""
    wrap = {
        name: f'<w:{root} xmlns:w="{W}">{parts[name]}</w:{root}>'
        for name, root in (("styles", "styles"), ("numbering", "numbering"), ("footnotes", "footnotes"))
        if name in parts
    }
    return zipped(
        {
            "[Content_Types].xml": TYPES,
            "word/document.xml": f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>',
            **{f"word/{name}.xml": content for name, content in wrap.items()},
        }
    )


def word(*paragraphs: str) -> bytes:
    """A Word file that other programs open as well."""
    office = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    return zipped(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/word/document.xml" ContentType="{office}"/></Types>',
            "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{R}/officeDocument" Target="word/document.xml"/></Relationships>',
            "word/document.xml": f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>',
        }
    )


def ofd(content: str, **parts: str | bytes) -> bytes:
    """An OFD file of one page with these objects and further parts."""
    return zipped(
        {
            "OFD.xml": "<OFD><DocBody><DocRoot>Doc_0/Document.xml</DocRoot></DocBody></OFD>",
            "Doc_0/Document.xml": "<Document><CommonData><PublicRes>Res.xml</PublicRes></CommonData>"
            '<Pages><Page ID="1" BaseLoc="P.xml"/></Pages></Document>',
            "Doc_0/P.xml": f"<Page><Content><Layer>{content}</Layer></Content></Page>",
            **{f"Doc_0/{name}.{'xml' if name == 'Res' else 'png'}": part for name, part in parts.items()},
        }
    )


def p(text: str, properties: str = "") -> str:
    """A paragraph of a Word file."""
    return f'<w:p><w:pPr>{properties}</w:pPr><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def tbl(rows: Sequence[Sequence[str]], header: bool = False) -> str:
    """A table of a Word file; `header` declares its first row one."""
    mark = "<w:trPr><w:tblHeader/></w:trPr>"
    lines = (
        f"<w:tr>{mark if header and n == 0 else ''}" + "".join(f"<w:tc>{p(cell)}</w:tc>" for cell in row) + "</w:tr>"
        for n, row in enumerate(rows)
    )
    return f"<w:tbl>{''.join(lines)}</w:tbl>"


def pptx(*slides: str) -> bytes:
    """A presentation of slides given as the XML of their shapes (`p:` and `a:` are bound)."""
    ids = "".join(f'<p:sldId id="{256 + n}" r:id="r{n}"/>' for n in range(len(slides)))
    links = "".join(f'<Relationship Id="r{n}" Target="slides/slide{n}.xml"/>' for n in range(len(slides)))
    return zipped(
        {
            "[Content_Types].xml": TYPES,
            "ppt/presentation.xml": f'<p:presentation xmlns:p="{P}" xmlns:r="{R}"><p:sldIdLst>{ids}</p:sldIdLst>'
            "</p:presentation>",
            "ppt/_rels/presentation.xml.rels": f"<Relationships>{links}</Relationships>",
            **{
                f"ppt/slides/slide{n}.xml": f'<p:sld xmlns:p="{P}" xmlns:a="{A}"><p:cSld><p:spTree>{slide}</p:spTree>'
                "</p:cSld></p:sld>"
                for n, slide in enumerate(slides)
            },
        }
    )


def shape(text: str, kind: str = "", y: int = 0) -> str:
    """A shape with text on a slide."""
    place = f'<p:nvPr><p:ph type="{kind}"/></p:nvPr>' if kind else f'<a:off x="0" y="{y}"/>'
    return f"<p:sp>{place}<p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"


def pdf(*pages: str, rotate: int = 0, outline: Sequence[tuple[str, int]] = (), width: int = 595) -> bytes:
    """A PDF of pages given as content streams; /F1 is Chinese text as hexadecimal UCS-2.

    Args:
        pages: content streams, see `at` and `stroke`.
        rotate: degrees that each page is shown turned by.
        outline: bookmarks: title and page.
        width: of the pages in points; the height is 842.
    """
    objects = [
        "",
        "",
        "<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[4 0 R]>>",
    ]
    objects.append(
        "<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)"
        "/Supplement 2>>/FontDescriptor 5 0 R/DW 1000/W[1 95 500]>>"
    )
    objects.append(
        "<</Type/FontDescriptor/FontName/STSong-Light/Flags 4/FontBBox[0 -120 1000 880]/ItalicAngle 0/Ascent 880"
        "/Descent -120/CapHeight 880/StemV 80>>"
    )
    kids = []
    for content in pages:
        objects.append(f"<</Length {len(content)}>>stream\n{content}\nendstream")
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} 842]/Rotate {rotate}/Contents {len(objects)} 0 R"
            "/Resources<</Font<</F1 3 0 R>>>>>>"
        )
        kids.append(len(objects))
    objects[1] = f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(f'{kid} 0 R' for kid in kids)}]>>"
    root = len(objects) + 1
    for n, (title, page) in enumerate(outline):
        chain = f"/Next {root + n + 2} 0 R" if n + 1 < len(outline) else ""
        objects.append(f"<</Title<feff{hexed(title)}>/Parent {root} 0 R/Dest[{kids[page]} 0 R/Fit]{chain}>>")
    if outline:
        objects.insert(root - 1, f"<</Type/Outlines/First {root + 1} 0 R/Last {root + len(outline)} 0 R>>")
    objects[0] = f"<</Type/Catalog/Pages 2 0 R{f'/Outlines {root} 0 R' if outline else ''}>>"
    return _assembled(objects)


def two_up(left: str, right: str) -> bytes:
    """A PDF whose page shows two pages, given as content streams, side by side at 0.7 of their size."""
    data = pdf("q .7 0 0 .7 0 0 cm /L Do Q q .7 0 0 .7 416.5 0 cm /R Do Q\n", width=833).decode("latin-1")
    objects = re.findall(r"\d+ 0 obj\n(.*?)\nendobj\n", data, re.S)
    at_page = len(objects)
    names = f"/XObject<</L {at_page + 1} 0 R/R {at_page + 2} 0 R>>"
    objects[-1] = objects[-1].replace("/Resources<<", f"/Resources<<{names}").replace("842]", "590]")
    form = "<</Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>/Length {}>>"
    form += "stream\n{}\nendstream"
    return _assembled([*objects, *(form.format(len(content), content) for content in (left, right))])


def drawing_itself() -> bytes:
    """A PDF of one page whose form draws itself twice, and so without end."""
    objects = re.findall(r"\d+ 0 obj\n(.*?)\nendobj\n", pdf("/F Do\n").decode("latin-1"), re.S)
    names = f"/XObject<</F {len(objects) + 1} 0 R>>"
    objects[-1] = objects[-1].replace("/Resources<<", f"/Resources<<{names}")
    form = "/F Do /F Do 0 0 10 10 re f"
    head = f"<</Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<<{names}>>/Length {len(form)}>>"
    return _assembled([*objects, f"{head}stream\n{form}\nendstream"])


def noted(content: str, notes: Sequence[tuple[str, str, str]]) -> bytes:
    """A PDF of one page with annotations: kind, rectangle and text."""
    data = pdf(content).decode("latin-1")
    objects = re.findall(r"\d+ 0 obj\n(.*?)\nendobj\n", data, re.S)
    kids = "".join(
        f"<</Type/Annot/Subtype/{kind}/Rect[{box}]/DA(/F1 12 Tf)/Contents<feff{hexed(text)}>>>"
        for kind, box, text in notes
    )
    objects[-1] = f"{objects[-1][:-2]}/Annots[{kids}]>>"
    return _assembled(objects)


def _assembled(objects: Sequence[str]) -> bytes:
    data, offsets = b"%PDF-1.5\n", []
    for n, content in enumerate(objects, 1):
        offsets.append(len(data))
        data += f"{n} 0 obj\n{content}\nendobj\n".encode("latin-1")
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    trailer = f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{len(data)}\n%%EOF\n"
    return data + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}".encode()


def hexed(text: str) -> str:
    return text.encode("utf-16-be").hex()


def at(x: float, y: float, text: str, size: float = 12) -> str:
    """Text at a place, from the lower left corner of the page."""
    return f"BT /F1 {size} Tf {x} {y} Td <{hexed(text)}> Tj ET\n"


def stroke(x0: float, y0: float, x1: float, y1: float) -> str:
    """A line."""
    return f"{x0} {y0} m {x1} {y1} l S\n"


def ruled(x: Sequence[float], y: Sequence[float]) -> str:
    """A table's rules at these places."""
    return "".join(stroke(x[0], v, x[-1], v) for v in y) + "".join(stroke(u, y[0], u, y[-1]) for u in x)
