"""Which cell of a table a question means: the one whose row and column say all that another's do, and more.

A ranking by words and network mostly finds the row and may still take the cell beside it, as the words of a short
name, 上年同期, count little among all others. Here cells are compared with their like only: those of one table.
"""

from __future__ import annotations

from collections.abc import Iterable

from index.loaders.tables import SEPARATOR
from index.text import fold
from qa.reading.features import Place


def better_cell(question: str, first: Place, others: Iterable[Place]) -> Place | None:
    """The cell that fits a question better than the first one by the names of its row and column, or None.

    Args:
        question: as it was asked.
        first: what would be answered.
        others: what else may be.

    Returns:
        Of the cells of the first one's table one in another row whose names hold every pair of characters
        that the question shares with the first one's, and more; else one in its row whose column's name does, or holds
        the same and less that the question does not say.
    """
    if not _is_cell(first):
        return None
    asked = _pairs(fold(question))
    named, column = _pairs(first.site.own) & asked, _pairs(first.site.lead) & asked
    alike = [other for other in others if _is_cell(other) and _is_alike(first, other)]
    cells = [other for other in alike if _is_comparable(first, other, column)]
    of_rows = [cell for cell in cells if not _is_beside(first, cell) and _pairs(cell.site.own) & asked > named]
    if of_rows:
        return max(of_rows, key=lambda cell: len(_pairs(cell.site.own) & asked))
    if not column:  # of two columns that nobody named neither is better
        cells = [cell for cell in cells if _pairs(cell.site.lead) & asked]
    beside = [cell for cell in cells if _is_beside(first, cell) and _pairs(cell.site.lead) & asked >= column]
    best = min([first, *beside], key=lambda cell: (-len(_pairs(cell.site.lead) & asked), _unasked(cell, asked)))
    return best if best is not first else None


def _is_cell(place: Place) -> bool:
    candidate = place.site.candidate
    return candidate.labelled and bool(place.site.lead) and SEPARATOR in _row(place)


def _is_alike(first: Place, other: Place) -> bool:
    """Whether two cells are of one table, as far as headings tell."""
    one, another = first.hit.passage, other.hit.passage
    return (one.document_id, one.section_path) == (another.document_id, another.section_path)


def _is_comparable(first: Place, other: Place, column: frozenset[str]) -> bool:
    """Whether two cells hold values of one kind, or the question says nothing of the first one's column."""
    return first.site.candidate.kind is other.site.candidate.kind or not column


def _is_beside(first: Place, other: Place) -> bool:
    return first.hit.passage.id == other.hit.passage.id and _row(first) == _row(other)


def _row(place: Place) -> str:
    text, span = place.hit.passage.text, place.site.candidate.clause
    end = text.find("\n", span.end)
    return text[text.rfind("\n", 0, span.start) + 1 : end if end >= 0 else len(text)]


def _unasked(place: Place, asked: frozenset[str]) -> int:
    """Pairs of characters in the name of a cell's column that the question does not have."""
    return len(_pairs(place.site.lead) - asked)


def _pairs(text: str) -> frozenset[str]:
    words = "".join(each if each.isalnum() else " " for each in text).split()
    return frozenset(word[at : at + 2] for word in words for at in range(max(1, len(word) - 1)))
