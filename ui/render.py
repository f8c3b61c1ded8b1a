"""An answer as Markdown for the chat. Pure; every character of documents and models is escaped."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

from index.records import Passage
from qa.answers import Answer, Citation

LEADS = 3
"""How many passages are offered where the documents do not answer."""

LEAD_CHARACTERS = 90
"""How much of a passage its lead shows."""

CONFIDENCE_WORDS = ((0.85, "把握较高"), (0.6, "把握一般"), (0.0, "把握较低，请核对原文"))
"""From which confidence on which words are said."""

REFUSAL = "#####"
"""Begins every message that stands in place of an answer."""

_MARKER = re.compile(r"\[(\d{1,3})\]")
_PUNCTUATION = re.compile(r"[!\"#$%'()*+,\-./:;=?@\[\\\]^_`{|}~]")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Co"))


def render(answer: Answer) -> str:
    """The chat message of one answer, or of a snapshot of it.

    Strong text is the short answer, emphasis a remark, `####` opens the leads; `app.css` relies on that.
    Only a complete answer has citations; markers of earlier snapshots look the same but lead nowhere yet.
    """
    return "\n\n".join(_paragraphs(answer))


def render_refusal(message: str) -> str:
    """The chat message in place of an answer that could not be given."""
    return f"{REFUSAL} {escape(message)}"


def confidence_words(confidence: float) -> str:
    """The calibrated probability as people say it."""
    return next(words for bound, words in CONFIDENCE_WORDS if confidence >= bound or bound == 0)


def escape(text: str) -> str:
    """`text` as Markdown that shows exactly its visible characters and does nothing else.

    Line ends become spaces and invisible characters go, so that no block, link or tag can begin in it.
    """
    visible = "".join(" " if c.isspace() else c for c in text if c.isspace() or _visible(c))
    marked = _PUNCTUATION.sub(r"\\\g<0>", visible.strip())
    return re.sub("[&<>]", lambda found: _HTML[found[0]], marked)


def unescape(markdown: str) -> str:
    """The text that `escape` was given, less what it dropped."""
    return html.unescape(_ESCAPED.sub(r"\1", markdown))


def source_link(document_id: str, start: int, end: int, kind: str = "ev") -> str:
    """The fragment by which `app.js` finds a place in a document; kind is `ev` (evidence) or `lead`."""
    return f"#{kind}-{re.sub(r'[^A-Za-z0-9_-]', '', document_id)}-{start}-{end}"


def _visible(character: str) -> bool:
    return unicodedata.category(character) not in _INVISIBLE


def _paragraphs(answer: Answer) -> Iterator[str]:
    if answer.standalone_question.strip() != answer.question.strip() and answer.standalone_question:
        yield f"*理解为：{escape(answer.standalone_question)}*"
    if answer.abstained:
        yield escape(answer.text)
        yield from _leads(answer)
        return
    if answer.short is not None:
        yield f"**{escape(answer.short)}**"
    yield from (_line(line, answer.citations) for line in answer.text.splitlines() if line.strip())
    if answer.citations:
        yield f"*{confidence_words(answer.confidence)}*"


def _line(line: str, citations: tuple[Citation, ...]) -> str:
    """One line with its markers as links; a marker out of range stays text."""
    pieces = _MARKER.split(line)
    parts = [escape(pieces[0])]
    for number, text in zip(pieces[1::2], pieces[2::2], strict=True):
        parts += [_marker(int(number), citations), escape(text)]
    return "".join(parts)


def _marker(n: int, citations: tuple[Citation, ...]) -> str:
    if not citations:
        return f"[{n}](#pending)"
    if not 1 <= n <= len(citations):
        return escape(f"[{n}]")
    quote = citations[n - 1]
    return f"[{n}]({source_link(quote.passage.document_id, quote.quote.start, quote.quote.end)})"


def _leads(answer: Answer) -> Iterator[str]:
    if not answer.hits:
        return
    yield "#### 线索：最接近的原文，未必回答了问题"
    yield "\n".join(f"- {_lead(hit.passage)}" for hit in answer.hits[:LEADS])


def _lead(passage: Passage) -> str:
    text = " ".join(passage.text.split())
    shown = text[:LEAD_CHARACTERS] + ("…" if len(text) > LEAD_CHARACTERS else "")
    where = " › ".join((passage.title, *passage.section_path[-1:]))
    link = source_link(passage.document_id, passage.span.start, passage.span.end, "lead")
    return f"[{escape(shown)}]({link}) *{escape(where)}*"
