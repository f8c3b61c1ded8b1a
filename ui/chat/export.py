"""A conversation as a file to take along, Markdown or Word, made from what the page sends; nothing is kept."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from fastapi import APIRouter, FastAPI, Request, Response

from qa.computing.tabulating import Rows, blocks, markdown
from qa.privacy.personal import Mask
from ui.access.visitors import Role, needs
from ui.bodies import read_object
from ui.errors import invalid
from ui.templating import written
from ui.wording import Words, words_for

_TEXTS = ("question", "short", "text", "confidence")

TURNS = 200
"""How many turns a file may have."""

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_ADDRESS = re.compile(r"https?://[^\s<>()\"]+")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~&]|^[-+=])")
_NUMBERED = re.compile(r"^(\d{1,9})([.)])")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Source:
    """A citation: its number, where it stands, its permanent address, and the part of a table that it lies in."""

    n: int
    reference: str
    address: str
    caption: str = ""
    table: Rows = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Turn:
    """A question with what was answered, as the page showed it."""

    question: str
    short: str
    text: str
    confidence: str
    sources: tuple[Source, ...]


def add_routes(app: FastAPI, mask: Mask = str) -> None:
    """Add `/api/export`; every text of a conversation is masked."""
    router = APIRouter(dependencies=[needs(Role.READER)])

    @router.post("/api/export")
    async def export(request: Request) -> Response:
        """Return the conversation in the body as a file."""
        body = await read_object(request)
        language, turns = body.get("lang"), [_masked(turn, mask) for turn in turns_of(body)]
        words = words_for(language if isinstance(language, str) else None)
        if body.get("format") == "docx":
            return Response(as_word(turns, words), media_type=WORD)
        return Response(as_markdown(turns, words), media_type="text/markdown; charset=utf-8")

    app.include_router(router)


def _masked(turn: Turn, mask: Mask) -> Turn:
    sources = tuple(
        replace(
            each,
            reference=mask(each.reference),
            caption=mask(each.caption),
            table=[[mask(cell) for cell in row] for row in each.table],
        )
        for each in turn.sources
    )
    return Turn(mask(turn.question), mask(turn.short), mask(turn.text), turn.confidence, sources)


def turns_of(body: Mapping[str, object]) -> list[Turn]:
    """Return the turns that a body holds.

    Raises:
        ApiError: 422 if it is no conversation in one of the formats.
    """
    turns, kind = body.get("turns"), body.get("format")
    if kind not in ("md", "docx"):
        raise invalid("format 须为 md 或 docx。")
    if not isinstance(turns, list) or len(turns) > TURNS:
        raise invalid(f"turns 须为数组，最多 {TURNS} 项。")
    return [_turn(each) for each in turns]


def as_markdown(turns: Sequence[Turn], words: Words) -> str:
    """Return the conversation as Markdown in which every text stays text."""
    lines = [f"# {words.conversation}"]
    for turn in turns:
        lines += [f"## {_plain(turn.question)}", f"**{_plain(turn.short)}**" if turn.short else ""]
        lines += [_markdown(block) for block in blocks(turn.text)] + [_plain(turn.confidence)]
        if turn.sources:
            lines += [f"{words.basis}{words.colon}", "\n".join(_listed(source) for source in turn.sources)]
        for source in turn.sources:
            if source.table:
                lines += [_plain(f"[{source.n}] {source.caption}"), _markdown(source.table)]
    return "\n\n".join(line for line in lines if line) + "\n"


def as_word(turns: Sequence[Turn], words: Words) -> bytes:
    """Return the conversation as a .docx, with headings, and links at its sources."""
    addresses = dict.fromkeys(source.address for turn in turns for source in turn.sources)
    links = {address: f"link{n}" for n, address in enumerate(addresses)}
    parts = {
        "[Content_Types].xml": written("word_types.xml"),
        "_rels/.rels": written("word_package_rels.xml"),
        "word/_rels/document.xml.rels": written("word_rels.xml", links=links),
        "word/styles.xml": written("word_styles.xml"),
        "word/document.xml": written("word_document.xml", turns=turns, words=words, links=links, blocks=blocks),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _turn(value: object) -> Turn:
    if not isinstance(value, dict):
        raise invalid("turns 的每一项须为对象。")
    sources = value.get("sources") or []
    if not isinstance(sources, list) or not all(isinstance(each, dict) for each in sources):
        raise invalid("sources 须为对象的数组。")
    question, short, text, confidence = (_text(value.get(name), name) for name in _TEXTS)
    return Turn(question, short, text, confidence, tuple(_source(each) for each in sources))


def _source(value: Mapping[str, object]) -> Source:
    n, address = value.get("n"), _text(value.get("address"), "address")
    if not isinstance(n, int) or not _ADDRESS.fullmatch(address):
        raise invalid("sources 须有编号 n 和网址 address。")
    reference, table = _text(value.get("reference"), "reference"), value.get("table")
    if not isinstance(table, dict):
        return Source(n, reference, address)
    return Source(n, reference, address, _text(table.get("caption"), "caption"), _rows(table))


def _rows(table: Mapping[str, object]) -> Rows:
    """Return the names of the columns, and the rows below them."""
    columns, rows = table.get("columns"), table.get("rows")
    whole = [columns, *rows] if isinstance(rows, list) else []
    lists = [row for row in whole if isinstance(row, list) and row]
    if not lists or len(lists) != len(whole) or any(len(row) != len(lists[0]) for row in lists):
        raise invalid("table 须有 columns 和 rows，每行与 columns 等长。")
    return [[_text(cell, "rows") for cell in row] for row in lists]


def _text(value: object, name: str) -> str:
    if not isinstance(value, str | None):
        raise invalid(f"{name} 须为字符串。")
    return _NOT_XML.sub("", value or "").strip()


def _plain(text: str) -> str:
    return _NUMBERED.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\1", " ".join(text.split())))


def _markdown(block: str | Rows) -> str:
    return _plain(block) if isinstance(block, str) else markdown([[_plain(cell) for cell in row] for row in block])


def _listed(source: Source) -> str:
    return f"- \\[{source.n}\\] [{_plain(source.reference)}]({source.address})"
