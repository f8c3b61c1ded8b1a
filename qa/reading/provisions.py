"""Questions that name a provision: 「第三条之一」, 「第三条第二款第二项」, and what follows from breaking it.

The provision is found by counting, as lawyers do: 款 are an article's paragraphs, 项 their numbered items. A penalty is
where another article refers to it: 「违反本条例第五条第一项、第二项规定的，…」.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from index.clauses import Part, parts
from index.numerals import cn_number
from index.records import Document, Heading, Hit, Span
from index.text import align, fold, terms
from qa.answers import Answer, Citation
from qa.protocols import DocumentOf
from qa.reading.citations import MAX_QUOTE, Numbered, passage_at, quote_spans, quoted

_CN = "[〇零一二三四五六七八九十百千两0-9]{1,7}"
_ARTICLE = re.compile(rf"第(?P<article>{_CN})条(?:之(?P<added>[一二三四五六七八九十]{{1,3}}))?")
_NAMED = re.compile(rf"{_ARTICLE.pattern}(?:第(?P<paragraph>{_CN})款)?(?:第[(（]?(?P<item>{_CN})[)）]?项)?")
_PLAIN = re.compile(
    r"(?:请问|请|本法|本条例|本办法|条例|办法|中|里|的|了|是|在|有|都|到底|具体|主要|内容|规定|要求|原文|全文|条文|什么|哪些|怎么|如何|怎样|"
    r"条件|情形|事项|职责|义务|权利|行为|程序|材料|写|说|讲|列|列出|告诉我|查|看|一下|吗|呢|意思|[，,。？?、\s])*"
)
_PENALTY = re.compile("违反|罚|处分|后果|法律责任|责任")
_FINE = re.compile("罚|处分|什么后果|法律责任|怎么处理")
_SAID = 0.75
"""Share of an item's pairs of characters that a question must have to ask about it."""
_ITEMS = re.compile(rf"第[(（]?(?P<first>{_CN})[)）]?项(?:至第[(（]?(?P<last>{_CN})[)）]?项)?")
_BREAKING = re.compile("违反|有.{0,6}第|依照|按照")
_REFERENCE = re.compile(rf"第(?P<article>{_CN})条(?P<rest>(?:第[^规\n，。；]{{1,40}}?(?:款|项)(?:至|、|和|或者?)?)*)")
CONFIDENCE = 0.96
"""Confidence of a provision that was counted out."""


@dataclass(frozen=True, slots=True)
class Provision:
    """A provision that a question names."""

    name: str  # as typed
    article: int  # article, added: 第三条之一 is 3 and 1; 0 where nothing is added
    added: int
    paragraph: int = 0  # paragraph, item: 0 where the question names none
    item: int = 0


def answer_of(question: str, hits: Sequence[Hit], document_of: DocumentOf) -> Answer | None:
    """Return what a provision says that a question names, or what breaking it brings; None for other questions."""
    match = _NAMED.search(align(question))
    if match is None:
        return _of_breach(question, hits, document_of) if _FINE.search(align(question)) else None
    asked = _provision(match)
    rest = align(question)[: match.start()] + align(question)[match.end() :]
    penalty = _PENALTY.search(rest) is not None
    for document in _documents(hits, document_of, rest):
        left = rest
        for named in (document.title, *re.findall("《([^》]+)》", rest)):
            left = left.replace(align(named), "")
        if not penalty and not _PLAIN.fullmatch(left.replace("《", "").replace("》", "")):
            return None
        if (span := _place(document, asked)) is not None:
            return _told(question, document, asked, span, hits, penalty=penalty)
    return None


def _of_breach(question: str, hits: Sequence[Hit], document_of: DocumentOf) -> Answer | None:
    """Return the penalty for what an item of an article forbids: another article states it for the item's number."""
    asked = set(terms(question))
    for document in _documents(hits, document_of, ""):
        best: tuple[float, Provision, Span] | None = None
        for article, heading, span in _articles(document):
            for part in parts(heading.title, span.slice(document.text)):
                place = Span(span.start + part.start, span.start + part.end)
                said = set(terms(_bare(place.slice(document.text))))
                share = len(said & asked) / len(said) if part.item and len(said) > 1 else 0.0
                if share >= _SAID and (best is None or share > best[0]):
                    best = share, replace(article, item=part.item, name=f"{article.name}第{part.item}项"), place
        if best is not None and any(_penalties(document, best[1], best[2])):
            return _told(question, document, best[1], best[2], hits, penalty=True)
    return None


def _provision(match: re.Match[str]) -> Provision:
    numbers = {name: cn_number(numeral) if numeral else 0 for name, numeral in match.groupdict().items()}
    return Provision(name=match.group(), **numbers)


def _documents(hits: Sequence[Hit], document_of: DocumentOf, rest: str) -> Iterator[Document]:
    """Yield the documents of the passages: those whose name the question says first, then the likeliest."""
    ids = dict.fromkeys(hit.passage.document_id for hit in hits)
    found = [document for each in ids if (document := document_of(each))]
    yield from sorted(found, key=lambda document: fold(document.title) not in fold(rest))


def _articles(document: Document) -> Iterator[tuple[Provision, Heading, Span]]:
    """Yield the articles of a document with their heading and where all of them stands."""
    for place, heading in enumerate(document.headings):
        if number := _ARTICLE.match(heading.title):
            following = document.headings[place + 1].start if place + 1 < len(document.headings) else len(document.text)
            yield _provision(number), heading, Span(heading.start, following)


def _place(document: Document, asked: Provision) -> Span | None:
    """Return where a provision stands; None where the document has none of that number."""
    for article, heading, span in _articles(document):
        if (article.article, article.added) == (asked.article, asked.added):
            return _place_in(heading, span, document, asked)
    return None


def _place_in(heading: Heading, span: Span, document: Document, asked: Provision) -> Span | None:
    text = span.slice(document.text)
    if not asked.paragraph and not asked.item:
        return Span(span.start, span.start + len(text.rstrip()))
    part = _part(parts(heading.title, text), asked)
    return part.shift(span.start) if part else None


def _part(found: Sequence[Part], asked: Provision) -> Span | None:
    """Return a paragraph with its items, or one item."""
    if not asked.item:
        inside = [part for part in found if part.paragraph == asked.paragraph]
        return Span(inside[0].start, inside[-1].end) if inside else None
    held = [part for part in found if part.item == asked.item and asked.paragraph in (0, part.paragraph)]
    return Span(held[0].start, held[0].end) if held else None


def _told(
    question: str, document: Document, asked: Provision, span: Span, hits: Sequence[Hit], *, penalty: bool
) -> Answer:
    cited = Numbered()
    text, short = f"{asked.name}：{_quotes(document, span, cited)}", _bare(span.slice(document.text))
    confidence = CONFIDENCE
    if penalty:
        broken = [_quotes(document, each, cited) for each in _penalties(document, asked, span)]
        text += "\n" + ("违反的后果：" + "\n".join(broken) if broken else "文档中没有找到违反它的后果。")
        confidence -= 0 if broken else 0.2
        short = ""
    return Answer(
        question,
        question,
        text,
        short if 0 < len(short) <= MAX_QUOTE else None,
        tuple(cited.citations),
        tuple(hits),
        confidence=confidence,
    )


def _bare(text: str) -> str:
    """Return a provision without its number, where it is one line."""
    lines = [line.strip() for line in text.strip().split("\n") if line.strip()]
    if len(lines) != 1:
        return ""
    line = re.sub(rf"^(?:{_ARTICLE.pattern}|[（(]{_CN}[)）])[\s\u3000]*", "", lines[0])
    return line.rstrip("；;。")


def _penalties(document: Document, asked: Provision, own: Span) -> Iterator[Span]:
    """Yield the sentences of other articles that refer to a provision."""
    for _, _, span in _articles(document):
        if span.contains(own):
            continue
        for line in re.finditer(r"[^\n]+", span.slice(document.text)):
            if _BREAKING.search(line.group()) and _refers(line.group(), asked):
                yield Span(span.start + line.start(), span.start + line.end())


def _refers(line: str, asked: Provision) -> bool:
    """Return whether a line names a provision: the article whole, or the item among others."""
    for match in _REFERENCE.finditer(line):
        if cn_number(match["article"]) != asked.article or "之" in line[match.end() : match.end() + 1]:
            continue
        items = list(_ITEMS.finditer(match["rest"]))
        if not asked.item or not items:
            return True
        for item in items:
            first = cn_number(item["first"])
            if first <= asked.item <= (cn_number(item["last"]) if item["last"] else first):
                return True
    return False


def _quotes(document: Document, span: Span, cited: Numbered) -> str:
    """Return lines of a document with their markers."""
    text, said = span.slice(document.text), ""
    for quote in quote_spans(text, Span(0, len(text))):
        passage = passage_at(document, quote.shift(span.start))
        n = cited.number(Citation(0, passage, document.source, passage.span))
        said += quoted(cited.citations[n - 1])
    return said
