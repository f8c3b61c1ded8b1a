"""A library that is searched and read as if its personal data had been masked before it was indexed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from index.filters import Filter
from index.protocols import Encoder, Index, Library
from index.records import Description, Document, Hit, Passage
from index.text import UNSPACED
from qa.privacy.personal import masked, personal

_KEPT = 256
"""How many documents are kept as they are read."""

_GUESS = re.compile(rf"(?:(?![{UNSPACED}])\w)+")
"""A number or a word of letters: what could name part of something personal."""


class PersonalDocuments:
    """Tells which documents hold personal data, and remembers it as long as they do not change."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, int], bool] = {}

    def of(self, index: Index) -> frozenset[str]:
        """Return the ids of those of an index; each is read once."""
        keys = {each.id: (each.id, each.origin.digest, each.characters) for each in index.descriptions()}
        for document_id, key in keys.items():
            if key not in self._known and (found := index.document(document_id)):
                self._known[key] = any(map(personal, (found.title, found.text)))
        return frozenset(document_id for document_id, key in keys.items() if self._known.get(key, True))


class MaskedLibrary:
    """A library whose personal data no question can find, match or be told of, not even in part.

    Numbers and words of letters are looked up among the documents without personal data alone. The others are found by
    the rest of the question, and what is read of any is masked; so nothing of an answer depends on what is hidden.
    Sources stay, as rights name documents by them.

    Args:
        whole: all documents.
        clear: those without personal data.
        hiding: ids of the others.
    """

    def __init__(self, whole: Library, clear: Library, hiding: frozenset[str]) -> None:
        self._whole = whole
        self._clear = clear
        self._hiding = hiding
        self._read = lru_cache(_KEPT)(masked_document)

    @property
    def encoder(self) -> Encoder:
        """Return the encoder that questions go through."""
        return self._whole.encoder

    def search(self, query: str, k: int, within: Filter | None = None) -> list[Hit]:
        """Return the best passages, as `Retriever.search` does."""
        rest = _GUESS.sub(" ", query)
        if rest == query:
            found = self._whole.search(query, k, within)
        else:
            hiding = Filter(documents=self._hiding)
            found = self._clear.search(query, k, within)
            found += self._whole.search(rest, k, within.both(hiding) if within else hiding) if rest.strip() else []
            found.sort(key=lambda hit: (-hit.score, hit.passage.document_id, hit.passage.span.start))
        return [replace(hit, passage=self._passage(hit.passage)) for hit in found[:k]]

    def documents(self) -> Sequence[Document]:
        """Return all documents, ordered by id; what shows them masks them."""
        return self._whole.documents()

    def descriptions(self) -> Sequence[Description]:
        """Return all documents without their texts and outlines, ordered by id."""
        return self._whole.descriptions()

    def document(self, document_id: str) -> Document | None:
        """Return the document with this id as it is read, or None."""
        found = self._whole.document(document_id)
        return self._read(found) if found and document_id in self._hiding else found

    def passages(self, document_id: str) -> Sequence[Passage]:
        """Return the passages of one document in text order; empty for an unknown id."""
        return [self._passage(each) for each in self._whole.passages(document_id)]

    def document_frequency(self, term: str) -> int:
        """Return in how many passages a term occurs."""
        return self._knowing(term).document_frequency(term)

    def vocabulary(self) -> Mapping[str, int]:
        """Return all terms with the number of passages they occur in."""
        told = {term: count for term, count in self._whole.vocabulary().items() if not _GUESS.search(term)}
        return told | {term: count for term, count in self._clear.vocabulary().items() if _GUESS.search(term)}

    def rarity(self, word: str) -> float:
        """Return how rare a folded word is."""
        return self._knowing(word).rarity(word)

    def _knowing(self, word: str) -> Library:
        return self._clear if _GUESS.search(word) else self._whole

    def _passage(self, passage: Passage) -> Passage:
        hidden = passage.document_id in self._hiding
        return masked_passage(passage, self.document(passage.document_id)) if hidden else passage


def masked_passage(passage: Passage, document: Document | None) -> Passage:
    """Return a passage as its masked document has it; by itself if the document has just left the index."""
    return replace(
        passage,
        title=masked(passage.title),
        text=passage.span.slice(document.text) if document else masked(passage.text),
        section_path=tuple(map(masked, passage.section_path)),
    )


def masked_document(document: Document) -> Document:
    """Return a document with its title, text and headings masked; its source stays."""
    headings = tuple(replace(each, title=masked(each.title)) for each in document.headings)
    return replace(document, title=masked(document.title), text=masked(document.text), headings=headings)
