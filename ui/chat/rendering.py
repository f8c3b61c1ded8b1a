"""An answer as HTML for the chat. Pure; every character of documents and models is escaped.

A message is one block of HTML without an empty line, which Markdown leaves as it is. The page's scripts and styles rely
on its classes and on the fragments of its links: `#ev-…` a citation, `#lead-…` a passage, `#copy`, `#ask`, `#expand`,
`#good-…`.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence

from index.records import Hit, Passage
from index.text import terms
from qa.answers import Answer, Citation
from qa.computing.tabulating import Rows, blocks
from qa.reading.citations import MARKER
from ui.chat.english import labelled_in, said_in
from ui.chat.references import reference
from ui.wording import CHINESE, Words, expansion

NEAR = 0.5
"""Share of a question's words that a passage must hold to be offered where the documents do not answer."""

LONG_SHORT = 60
"""From how many characters on a short answer is none: its sentence says it all."""

LEAD_CHARACTERS = 90
"""How much of a passage its lead shows."""

READ_CHARACTERS = 60
"""How much is shown of each passage that was read."""

SURE, FAIR = 0.92, 0.6
"""From which confidence on an answer is called sure, or fair."""

REFUSAL = '<p class="yj-refusal">'
"""Begins every message that stands in place of an answer."""

WAITING = '<p class="yj-waiting">'
"""Begins the message that stands in place of an answer to come."""

_LISTED = re.compile(r"[；\n]")
_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Co"))


def render(
    answer: Answer, words: Words = CHINESE, *, suggestions: Sequence[str] = (), rated: bool = False, done: bool = True
) -> str:
    """Return the chat message of one answer, or of a snapshot of it.

    Only a complete answer has citations; markers of earlier snapshots look the same but lead nowhere yet.

    Args:
        answer: what is shown.
        words: the language of what is said beside it.
        suggestions: questions to ask next.
        rated: whether readers may say that it helped, or did not; it needs an id for that.
        done: whether the answer is complete.
    """
    parts = [*_said(answer, words), *_checked(answer, words)]
    if done:
        parts += [*_sources(answer, words), _actions(answer, words, rated)]
        parts += [*_read(answer, words), *_next(answer, suggestions, words)]
    return f'<div class="yj-answer">{"".join(parts)}</div>'


def render_question(question: str) -> str:
    """Return the chat message of a question."""
    return f"<p>{escape(question)}</p>"


def render_refusal(message: str) -> str:
    """Return the chat message in place of an answer that could not be given."""
    return f"{REFUSAL}{escape(message)}</p>"


def render_waiting(words: Words = CHINESE) -> str:
    """Return the chat message until there is an answer."""
    return f"{WAITING}{escape(words.searching)}</p>"


def confidence_words(confidence: float, words: Words = CHINESE) -> str:
    """Return the calibrated probability as people say it."""
    if confidence >= SURE:
        return words.sure
    return words.fair if confidence >= FAIR else words.unsure


def escape(text: str) -> str:
    """`text` as HTML that shows exactly its visible characters and does nothing else.

    Line ends become spaces, so that no Markdown can begin in it; invisible characters go.
    """
    visible = "".join(" " if c.isspace() else c for c in text if c.isspace() or _visible(c))
    return html.escape(visible.strip())


def unescape(message: str) -> str:
    """Return the question that `render_question` was given, less what `escape` dropped."""
    return html.unescape(message.removeprefix("<p>").removesuffix("</p>"))


def source_link(document_id: str, start: int, end: int, kind: str = "ev") -> str:
    """Return the fragment by which `app.js` finds a place in a document; kind is `ev` (evidence) or `lead`."""
    return f"#{kind}-{re.sub(r'[^A-Za-z0-9_-]', '', document_id)}-{start}-{end}"


def _visible(character: str) -> bool:
    return unicodedata.category(character) not in _INVISIBLE


def _said(answer: Answer, words: Words) -> Iterator[str]:
    if answer.standalone_question.strip() != answer.question.strip() and answer.standalone_question:
        understood = words.understood.format(question=answer.standalone_question)
        yield f'<p class="yj-understood">{escape(understood)}</p>'
    if answer.abstained:
        yield f'<p class="yj-none">{escape(said_in(words, answer.text))}</p>'
        yield from _lead_to(answer, words)
        return
    if answer.short is not None and not _is_said_twice(answer.short, answer.text):
        yield f'<p class="yj-short"><strong>{escape(answer.short)}</strong></p>'
    marked = answer.short if answer.citations else None
    for block in blocks(labelled_in(words, answer.text)):
        yield _table(block, answer) if isinstance(block, list) else _paragraph(block, answer, marked)
    if answer.citations:
        sure, percent = confidence_words(answer.confidence, words), round(100 * answer.confidence)
        yield f'<p class="yj-sure">{escape(words.confidence.format(words=sure, percent=percent))}</p>'


def _checked(answer: Answer, words: Words) -> Iterator[str]:
    """Yield what a language model wrote and could not show for, and what is to be said of how the answer came about."""
    unfit = [each for each in answer.sentences if each.problem]
    told = [(each.text, said_in(words, each.problem or "")) for each in unfit if each.text]
    struck = "".join(f"<li><del>{escape(text)}</del> {escape(problem)}</li>" for text, problem in told)
    if struck:
        yield f'<p class="yj-caption">{escape(words.struck)}</p><ul class="yj-struck">{struck}</ul>'
    if withheld := sum(not each.text for each in unfit):
        yield f'<p class="yj-caption">{escape(words.withheld.format(n=withheld))}</p>'
    if answer.notice:
        yield f'<p class="yj-notice">{escape(said_in(words, answer.notice))}</p>'


def _is_said_twice(short: str, text: str) -> bool:
    """Return whether a short answer is a list, or a long text, that the sentences below it give again."""
    plain = MARKER.sub("", text)
    parts = [each.strip() for each in _LISTED.split(short) if each.strip()]
    listed = len(parts) > 2 and all(each in plain for each in parts)
    return listed or (len(short) > LONG_SHORT and short in plain) or short.strip() == plain.strip()


def _paragraph(line: str, answer: Answer, marked: str | None) -> str:
    return f'<p class="yj-said">{_line(line, answer.citations, marked)}</p>'


def _table(rows: Rows, answer: Answer) -> str:
    """Return a table, in a frame of its own that scrolls where a phone is too narrow for it."""
    head, *body = [[_line(cell, answer.citations) for cell in row] for row in rows]
    named = "".join(f"<th>{cell}</th>" for cell in head)
    lines = "".join(f"<tr><th>{row[0]}</th>{''.join(f'<td>{cell}</td>' for cell in row[1:])}</tr>" for row in body)
    return f'<div class="yj-table"><table><thead><tr>{named}</tr></thead><tbody>{lines}</tbody></table></div>'


def _line(line: str, citations: tuple[Citation, ...], marked: str | None = None) -> str:
    """Return one line with its markers as links, and the answer marked in it; a marker out of range stays text."""
    pieces = MARKER.split(line)
    parts = [_marked(pieces[0], marked)]
    for number, text in zip(pieces[1::2], pieces[2::2], strict=True):
        parts += [_marker(int(number), citations), _marked(text, marked)]
    return "".join(parts)


def _marked(text: str, answer: str | None) -> str:
    """Return a text as HTML, with the answer marked where it stands in it among other words."""
    before, found, behind = text.partition(answer) if answer and answer != text else (text, "", "")
    if not found:
        return escape(text)
    # `escape` trims what it is given.
    spaces = [" " * (part != part.rstrip()) for part in (before,)] + [" " * (behind != behind.lstrip())]
    return f"{escape(before)}{spaces[0]}<mark>{escape(found)}</mark>{spaces[1]}{escape(behind)}"


def _marker(n: int, citations: tuple[Citation, ...]) -> str:
    if not citations:
        return f'<a href="#pending">{n}</a>'
    if not 1 <= n <= len(citations):
        return f"[{n}]"
    quote = citations[n - 1]
    place = source_link(quote.passage.document_id, quote.quote.start, quote.quote.end)
    return f'<a href="{place}" title="{escape(reference(quote.passage))}">{n}</a>'


def _lead_to(answer: Answer, words: Words) -> Iterator[str]:
    """Yield the first passage that is about what was asked, if any is."""
    asked = {*terms(answer.standalone_question or answer.question)}
    for hit in answer.hits:
        if asked and len(asked & {*terms(hit.passage.indexed_text)}) >= NEAR * len(asked):
            lead = _lead(hit.passage, LEAD_CHARACTERS)
            yield f'<p class="yj-caption">{escape(words.leads)}</p><ul class="yj-leads"><li>{lead}</li></ul>'
            return


def _sources(answer: Answer, words: Words) -> Iterator[str]:
    """Yield where an answer stands: a line each place, by document, section and page; of several a document once."""
    documents = dict[str, dict[tuple[object, ...], Citation]]()
    for each in answer.citations:
        places = documents.setdefault(each.passage.document_id, {})
        places.setdefault((each.passage.section_path, each.passage.page), each)
    listed = ""
    for places in documents.values():
        first, *others = places.values()
        listed += f'<li class="yj-of"><cite>{escape(first.passage.title)}</cite></li>' if others else ""
        listed += "".join(f"<li>{_source(each, words, named=not others)}</li>" for each in places.values())
    if listed:
        yield f'<ul class="yj-sources">{listed}</ul>'


def _source(citation: Citation, words: Words, *, named: bool) -> str:
    passage = citation.passage
    page = (words.page.format(n=passage.page),) if passage.page else ()
    parts = (*passage.section_path[-1:], *page)
    where = " · ".join((passage.title, *parts) if named or not parts else parts)
    place = source_link(passage.document_id, citation.quote.start, citation.quote.end)
    return f'<a href="{place}" title="{escape(reference(passage))}">{citation.n}</a> <cite>{escape(where)}</cite>'


def _lead(passage: Passage, characters: int, score: str = "") -> str:
    text = " ".join(passage.text.split())
    shown = text[:characters] + ("…" if len(text) > characters else "")
    where = " › ".join((passage.title, *passage.section_path[-1:]))
    link = source_link(passage.document_id, passage.span.start, passage.span.end, "lead")
    return f'<a href="{link}">{escape(shown)}</a> <cite>{escape(where)}{score}</cite>'


def _actions(answer: Answer, words: Words, rated: bool) -> str:
    links = [("#copy", words.copy), ("#copy-all", words.copy_all), ("#link", words.copy_link)]
    if rated and answer.id is not None:
        links += [(f"#good-{answer.id}", words.good), (f"#bad-{answer.id}", words.bad)]
    made = [f'<a href="{escape(to)}">{escape(text)}</a>' for to, text in links]
    if answer.expandable:
        asked = escape(expansion(answer.standalone_question or answer.question, words))
        made.insert(0, f'<a href="#expand" title="{asked}">{escape(words.expand)}</a>')
    return f'<p class="yj-does">{" ".join(made)}</p>'


def _read(answer: Answer, words: Words) -> Iterator[str]:
    """Yield the passages read, folded away."""
    if answer.hits:
        listed = "".join(f"<li>{_scored(hit)}</li>" for hit in answer.hits)
        summary = escape(words.read.format(n=len(answer.hits)))
        yield f'<details class="yj-read"><summary>{summary}</summary><ol>{listed}</ol></details>'


def _scored(hit: Hit) -> str:
    return _lead(hit.passage, READ_CHARACTERS, f" · {hit.score:.2f}")


def _next(answer: Answer, suggestions: Sequence[str], words: Words) -> Iterator[str]:
    if suggestions:
        caption = words.try_asking if answer.abstained else words.ask_next
        questions = "".join(f'<li><a href="#ask">{escape(each)}</a></li>' for each in suggestions)
        yield f'<p class="yj-caption">{escape(caption)}</p><ul class="yj-next">{questions}</ul>'
