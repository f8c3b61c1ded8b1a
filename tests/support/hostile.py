"""Documents and answers that are hostile in all of their parts, and checks that a page or terminal stays harmless."""

from __future__ import annotations

import re
from unicodedata import category

from lxml import etree, html

from eval.data.drafting import Draft
from eval.records import Query
from index.records import Document, Heading, Hit, Metadata, Passage, Span
from qa.answers import Answer, Citation

ACTIVE = {"iframe", "object", "embed", "base", "style", "math", "template", "audio", "video", "marquee"}


ADDRESSES = {"href", "src", "srcset", "action", "formaction", "data", "poster", "ping", "xlink:href", "background"}


def evil(text: str) -> tuple[Document, Answer]:
    """A document that is hostile in all of its parts, and an answer from it that is."""
    line = f"光伏：{text}"
    document = Document(
        "evil-5e6f",
        text,
        f"{line}\n正文。\n",
        text,
        (Heading(text, 1, 0, len(line)),),
        metadata=Metadata(text, text, "2023", region=text, revised=f"2018 {text}", expires="2020"),
    )
    passage = Passage(document.id, text, line, Span(0, len(line)), (text,), labels=(text,))
    citation = Citation(1, passage, text, Span(0, len(line)))
    hits = (Hit(passage, 1.0),)
    return document, Answer(text, f"{text}？", f"{line}[1]", text, (citation,), hits, confidence=0.9, id="e" * 32)


def visible(text: str) -> str:
    """What can be seen of a text, with white space squeezed."""
    return " ".join("".join(c if c.isprintable() or c.isspace() else "" for c in text).split())


def inert(page: str) -> html.HtmlElement:
    """The page, in which nothing runs but its own scripts, and nothing leads or calls elsewhere by itself."""
    tree = html.document_fromstring(page.encode(), parser=html.HTMLParser(encoding="utf-8"))
    for element in tree.iter(etree.Element):
        name = str(element.tag).lower()
        assert name not in ACTIVE, name
        assert name != "svg" or element.get("role") == "img"  # the product's own
        if name == "script":
            assert (element.get("src") or "").startswith((".", "/")) and not (element.text or "").strip()
        assert not (name == "meta" and element.get("http-equiv")), "a meta that does something"
        for attribute, value in element.attrib.items():
            assert not attribute.lower().startswith("on"), (name, attribute)
            if attribute.lower() in ADDRESSES:
                assert re.match(r"[./#?]|[\w-]+([./?#]|$)|$", value) and "//" not in value.partition("?")[0], value
    return tree


def quiet(text: str) -> bool:
    """Whether a terminal only shows it."""
    return not any(category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs") for c in text if c not in "\n\t")


def drafts(text: str) -> list[Draft]:
    query = Query(text, text, ((text,),), (text,), True, "number", section=text)
    return [Draft(query, text, text)]
