"""The values that travel between the rooms. All frozen; offsets are half-open and count code points."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from index.clauses import clause_path


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of code points; ValueError if it is negative or reversed."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"a span needs 0 <= start <= end, got {self.start}..{self.end}")

    def __len__(self) -> int:
        return self.end - self.start

    def slice(self, text: str) -> str:
        """Return the part of `text` that this span covers."""
        return text[self.start : self.end]

    def shift(self, offset: int) -> Span:
        """Return the same range seen from a text that begins `offset` code points earlier."""
        return Span(self.start + offset, self.end + offset)

    def contains(self, other: Span) -> bool:
        """Return whether `other` lies wholly inside this span."""
        return self.start <= other.start and other.end <= self.end

    def overlap(self, other: Span) -> int:
        """Return how many code points both spans share."""
        return max(0, min(self.end, other.end) - max(self.start, other.start))


_FIGURES = re.compile(r"[\d\s.,%:/()\[\]+~–—-]*")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the outline."""

    title: str  # the heading as it stands in the text, numbering included, trimmed
    level: int  # 1 is outermost
    start: int  # offset of its first code point
    end: int  # offset behind its last; for a run-in heading the rest of the paragraph follows


@dataclass(frozen=True, slots=True)
class Declared:
    """A heading that the file itself declares: by style, tag or bookmark."""

    level: int  # 1 is outermost; 0 where the file only sets the line off, as a short one all in bold
    span: Span  # its line in the text


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table."""

    line: Span  # where it is written
    # for each column where the text of its cell stands: of a cell that reaches over several rows in the first of them,
    # of one over several columns the same place; None where a cell is empty
    cells: tuple[Span | None, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Lines of a text that are the rows of a table."""

    span: Span  # from its first row to behind its last, line ends included
    caption: str = ""  # what the text above calls it; empty where nothing does
    # what each column is called, its headings from the outermost in, joined by 「 › 」; empty where nothing names them
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()  # below the headings, in text order; empty where the cells are not known

    def shift(self, offset: int) -> Table:
        """Return the same table seen from a text that begins `offset` code points earlier."""
        rows = tuple(
            Row(row.line.shift(offset), tuple(cell.shift(offset) if cell else None for cell in row.cells))
            for row in self.rows
        )
        return Table(self.span.shift(offset), self.caption, self.columns, rows)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a document says of itself; None where it does not."""

    number: str | None = None  # document number (文号), e.g. 綦江府发〔2023〕16号
    issuer: str | None = None  # issuing body, e.g. 重庆市綦江区人民政府
    issued: str | None = None  # date of issue as ISO 8601, year alone or year-month where no more is known
    effective: str | None = None  # date from which it applies, likewise
    period: str | None = None  # first and last year that it covers, e.g. 2022/2025; equal for a single year
    region: str | None = None  # whose it is, e.g. 重庆市綦江区; 全国 for what the state issues
    revised: str | None = None  # date of the amendment that made this version, and what it was called: 2018-10-26 修正
    expires: str | None = None  # the last date on which it applies
    repeals: str | None = None  # titles in 《》 of what it puts out of force, one after another


@dataclass(frozen=True, slots=True)
class Origin:
    """The file that a document was read from, to see next time whether it changed or is gone."""

    # the folder that was given to be indexed, or that a file given by itself lies in, absolute; None where that is not
    # known
    folder: str | None = None
    digest: str = ""  # of the file's content, and of the version of the loaders that read it


@dataclass(frozen=True, slots=True)
class Document:
    """A source, loaded once: verbatim text with an outline."""

    id: str  # stable across rebuilds of the same source; ASCII letters, digits, `-` and `_`
    title: str  # what a reader would call it
    text: str  # verbatim; never normalised in place
    source: str  # file name as given by the user
    headings: tuple[Heading, ...] = ()  # in text order
    page_starts: tuple[int, ...] = ()  # offset at which each page begins; empty where there are no pages
    metadata: Metadata = field(default_factory=Metadata)
    tables: tuple[Table, ...] = ()  # in text order
    origin: Origin = Origin()  # where its file lies
    # where its lines stand on its pages, see `index.structure.page_positions`; empty where that is not known
    placed: str = ""
    gaps: tuple[str, ...] = ()  # what of the file was not read, and why, as users are told

    def section_path(self, offset: int) -> tuple[str, ...]:
        """Return the headings that enclose `offset`, outermost first; in an article then 第…款 and 第…项."""
        path: list[Heading] = []
        after = len(self.text)
        for heading in self.headings:
            if heading.start > offset:
                after = heading.start
                break
            while path and path[-1].level >= heading.level:
                path.pop()
            path.append(heading)
        if not path:
            return ()
        start = path[-1].start
        titles = tuple(heading.title for heading in path)
        return titles + clause_path(titles[-1], self.text[start:after], offset - start)

    @property
    def description(self) -> Description:
        """Return all of it but text and outline."""
        return Description(self.id, self.title, self.source, self.metadata, self.origin, len(self.text))

    def page(self, offset: int) -> int | None:
        """Return the 1-based page that holds `offset`, or None where there are no pages."""
        return bisect_right(self.page_starts, offset) or None


@dataclass(frozen=True, slots=True)
class Description:
    """A document without its text and outline: all that lists, filters and versions ask for."""

    id: str
    title: str
    source: str
    metadata: Metadata
    origin: Origin
    characters: int  # length of the text, in code points


Described = Document | Description
"""What lists, filters and versions work with."""


@dataclass(frozen=True, slots=True)
class Passage:
    """An exact slice of a document, the unit of retrieval.

    Invariant: `span.slice(document.text) == text`.
    """

    document_id: str
    title: str
    text: str
    span: Span
    section_path: tuple[str, ...] = ()
    page: int | None = None
    labels: tuple[str, ...] = ()  # names of facts in it that the text itself does not name; indexed, never quoted

    @property
    def id(self) -> str:
        """`document:start-end`, unique in an index."""
        return f"{self.document_id}:{self.span.start}-{self.span.end}"

    @property
    def indexed_text(self) -> str:
        """Title, section path, labels and text: what encoder and BM25 see. `text` alone is what is quoted."""
        return " › ".join((self.title, *self.section_path, *self.labels)) + "\n" + self.text

    @property
    def encoded_text(self) -> str:
        """Return the text for the encoder: of a table's rows only the first has the names of its columns and figures.

        Names said once mean as much as names said in every row, figures mean nothing to an encoder, and both are most
        of what there is to encode. BM25 sees all of it.
        """
        lines = self.indexed_text.split("\n")
        named: set[str] = set()
        for number, line in enumerate(lines[1:], 1):
            pieces = [piece.rpartition("：") for piece in line.split(" | ")]
            if len(pieces) > 1:
                kept = [rest if name in named else name + mark + rest for name, mark, rest in pieces]
                lines[number] = " | ".join(piece for piece in kept if not (named and _FIGURES.fullmatch(piece)))
                named.update(name for name, mark, _ in pieces if mark)
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found; its rank is its place in the list."""

    passage: Passage  # what was found
    score: float  # of the search as a whole; comparable within one search only
    # by meaning alone, the cosine; None where that is not known
    dense: float | None = field(default=None, compare=False)
    lexical: float | None = field(default=None, compare=False)  # by wording alone, BM25; None where that is not known
    # file name of the document as the user gave it; empty if it was not looked up
    source: str = field(default="", compare=False)
