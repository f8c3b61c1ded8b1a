"""Values as rows of Milvus and back; a filter as an expression."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index import codec
from index.filters import Filter, issuers_of, years_of
from index.manifest import Manifest
from index.milvus.connection import LONGEST, MOST_NAMES, MOST_YEARS, Row
from index.records import Description, Document, Passage, Span
from index.text import terms

Vector = NDArray[np.float32]

RECORD = "record"
"""The key of what the index says of itself, among the documents: no document has a key without a colon."""

NOTHING = 'document == ""'
"""An expression that no passage fits."""

EVERYTHING = 'document != ""'
"""One that all fit, where an expression must not be empty."""

_UNUSED = [0.0, 0.0]
_PIECE = 15_000  # characters; four bytes each at most
_LONGEST_NAME = 250


@dataclass(frozen=True, slots=True)
class Record:
    """What an index in a Milvus says of itself."""

    manifest: Manifest  # as an index in a folder
    tokens: int = 0  # how many terms all passages have together, for the mean that BM25 measures lengths by
    unfinished: bool = False  # whether a change has begun and not ended, or was broken off
    changes: int = 0  # counts them, so that no two states look alike

    def row(self) -> Row:
        """Return it as a row of the documents' collection."""
        content = _json(asdict(self))
        nothing = {"document": "", "part": RECORD, **dict.fromkeys(("change", "pieces", "passages", "tokens"), 0)}
        return {"key": RECORD, "content": content, **nothing, "unused": _UNUSED}

    @classmethod
    def read(cls, content: str) -> Record:
        """Read from the content of a row; ValueError if it is not what an index says of itself."""
        try:
            stored = json.loads(content)
            manifest = Manifest(**{**stored["manifest"], "segments": ()})
            record = cls(manifest, int(stored["tokens"]), bool(stored["unfinished"]), int(stored["changes"]))
        except (TypeError, KeyError) as error:
            raise ValueError(f"清单不合规（{error}）") from error
        counts = (manifest.dim, manifest.documents, manifest.passages)
        if not all(type(count) is int and count >= 0 for count in counts):
            raise ValueError("清单中的数量不合规")
        return record

    def changed(self, **values: Any) -> Record:
        """Return the record with one more change, and other values."""
        return replace(self, changes=self.changes + 1, **values)


@dataclass(frozen=True, slots=True)
class Held:
    """A document that an index holds."""

    description: Description  # the document but for its text and outline
    change: int  # the change that wrote it, and its passages
    passages: int  # how many it has
    tokens: int  # how many terms they have together


CARD, BODY = "card", "body"
"""The two parts of a document: its description, which is read of all documents, and the whole."""

CARD_FIELDS = ("key", "document", "change", "pieces", "passages", "tokens", "content")
"""What `held_from` wants of the rows of cards."""


def document_rows(document: Document, change: int, passages: int, tokens: int) -> list[Row]:
    """Return a document in pieces that Milvus takes, its card last; the other arguments as in `Held`."""
    counts = {"passages": passages, "tokens": tokens}
    body, card = codec.document_row(document), codec.card_row(document)
    return [*_pieces(document.id, change, BODY, body, counts), *_pieces(document.id, change, CARD, card, counts)]


def _pieces(id: str, change: int, part: str, row: object, counts: Mapping[str, int]) -> Iterator[Row]:
    whole = _json(row)
    pieces = [whole[start : start + _PIECE] for start in range(0, len(whole), _PIECE)]
    shared = {"document": id, "change": change, "part": part, "pieces": len(pieces), **counts, "unused": _UNUSED}
    for number, piece in enumerate(pieces):
        yield {"key": f"{id}:{change}:{part}:{number:06d}", "content": piece, **shared}


def held_from(rows: Iterable[Row]) -> list[Held]:
    """Return documents out of the pieces of their cards, by ascending id; of each the last that is whole."""
    pieces: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in rows:
        pieces[row["document"], row["change"]].append(row)
    whole = {id: (change, found) for (id, change), found in sorted(pieces.items()) if len(found) == found[0]["pieces"]}
    return [
        Held(codec.description_from(_joined(found)), change, found[0]["passages"], found[0]["tokens"])
        for change, found in whole.values()
    ]


def document_from(rows: Sequence[Row]) -> Document:
    """Return a document out of the pieces of its body; ValueError if they do not make a document."""
    return codec.document_of(_joined(rows))


def _joined(rows: Sequence[Row]) -> Any:
    return json.loads("".join(row["content"] for row in sorted(rows, key=lambda row: str(row["key"]))))


def passage_row(passage: Passage, document: Document, change: int, vector: Vector) -> Row:
    """Return a passage, with what filters ask of its document."""
    region = document.metadata.region or ""
    content = [passage.span.start, passage.span.end, passage.page, codec.path_row(passage), passage.text]
    return {
        "key": f"{passage.id}:{change}",
        "document": document.id,
        "change": change,
        "content": _json(content),
        "issuers": sorted(name for name in issuers_of(document) if len(name) <= _LONGEST_NAME)[:MOST_NAMES],
        "regions": [region[:end] for end in range(1, min(len(region), MOST_NAMES) + 1)],
        "years": sorted(years_of(document), reverse=True)[:MOST_YEARS],
        "terms": tokens(terms(passage.indexed_text)),
        "vector": vector,
    }


def passage_from(row: Row, document: Description) -> Passage:
    """Return a passage out of its row; ValueError if it is no passage of the document."""
    try:
        start, end, page, path, text = json.loads(row["content"])
        section_path, labels = codec.path_from(path)
        fits = 0 <= start < end <= document.characters and end - start == len(text)
    except TypeError as error:
        raise ValueError(f"片段不合规（{error}）") from error
    if not fits or not (page is None or type(page) is int):
        raise ValueError(f"片段的位置不对：{start}–{end}")
    return Passage(document.id, document.title, text, Span(start, end), section_path, page, labels)


def term_rows(frequencies: Mapping[str, int]) -> list[Row]:
    """Return terms with the number of passages they occur in."""
    return [{"term": term, "frequency": count, "unused": _UNUSED} for term, count in frequencies.items()]


def tokens(found: Iterable[str]) -> str:
    """Return terms as one text that every tokenizer cuts into just these: letters and digits between spaces.

    A term of other characters becomes a 0 and their numbers, 光伏 `0u5149u4f0f`: no term has digits beside letters.
    """
    return " ".join(_fitting(map(_token, found)))


def _token(term: str) -> str:
    return term if term.isascii() and term.isalnum() else "0" + "".join(f"u{ord(character):x}" for character in term)


def _fitting(words: Iterable[str]) -> Iterator[str]:
    """Yield as many as Milvus takes: of absurdly long passages some terms are lost to finding them by wording."""
    left = LONGEST
    for word in words:
        left -= len(word) + 1
        if left < 0:
            return
        yield word


def expression(within: Filter | None) -> str:
    """Return a filter as an expression of Milvus over passages; empty for all, `NOTHING` for none."""
    if within is None:
        return ""
    regions = None if within.regions is None else [region for region in within.regions if region]
    parts = (
        _any_of("document in {}", within.documents),
        _any_of("array_contains_any(issuers, {})", within.issuers),
        _any_of("array_contains_any(regions, {})", regions),
        _any_of("array_contains_any(years, {})", within.years),
        f"document not in {_json(sorted(within.without))}" if within.without else "",
        expression(within.also),
    )
    return " and ".join(f"({part})" for part in parts if part)


def of_change(held: Held) -> str:
    """Return an expression for the rows, of documents or of passages, that one change wrote of one document."""
    return f'document == "{held.description.id}" and change == {held.change}'


def _any_of(pattern: str, values: Iterable[str | int] | None) -> str:
    if values is None:
        return ""
    # JSON's quotes and escapes are those of Milvus; half a surrogate pair fits nothing.
    listed = _json(sorted(values, key=str)) if values else ""
    return pattern.format(listed) if listed else NOTHING


def _json(value: object) -> str:
    """Return JSON that is valid UTF-8: a lone surrogate, as in odd file names, becomes its escape."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
