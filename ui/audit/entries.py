"""Record questions and views of documents in the audit log, also where answering fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qa.answers import Answer
from ui.access.visitors import Visitor

if TYPE_CHECKING:
    from ui.audit.log import AuditLog

HERE = "本机"
"""The name of a program on this machine where no one must authenticate."""


@dataclass
class AuditedQuestion:
    """A question at work."""

    last: Answer | None = None  # the newest snapshot, some of which the asker may have seen
    complete: bool = False  # whether the answer came to its end
    searched: bool = False  # whether passages alone were wanted


def name_of(visitor: Visitor) -> str:
    """Return the visitor's name in the audit log: user name, `key:NAME`, else the address."""
    return visitor.name or visitor.address or HERE


@contextmanager
def noting(audit: AuditLog | None, visitor: Visitor, question: str, where: str, id: str) -> Iterator[AuditedQuestion]:
    """Record a question at the end of answering, also of one that fails or is broken off; None notes nothing."""
    asked = AuditedQuestion()
    try:
        yield asked
    finally:
        if audit is not None:
            from ui.audit.log import Note  # an extra

            standalone = asked.last.standalone_question if asked.last else question
            said = {"question": question, "standalone": standalone}
            audit.note(Note("ask", name_of(visitor), where, said, {"id": id, **_outcome(asked)}))


def note_reading(audit: AuditLog | None, visitor: Visitor, document_id: str, where: str) -> None:
    """Record that a visitor looks at a document."""
    if audit is not None:
        from ui.audit.log import Note

        audit.note(Note("read", name_of(visitor), where, open={"documents": [document_id]}))


def note_person(audit: AuditLog | None, visitor: Visitor, event: str, name: str) -> None:
    """Record that an administrator looks at a person's questions."""
    if audit is not None:
        from ui.audit.log import Note

        audit.note(Note(event, name_of(visitor), "admin", {"person": name}))


def _outcome(asked: AuditedQuestion) -> dict[str, object]:
    """Return how it ended, the documents that were cited, and those whose passages were shown beside them."""
    answer = asked.last
    if answer is None:
        return {"outcome": "failed", "documents": []}
    cited = dict.fromkeys(each.passage.document_id for each in answer.citations)
    shown = dict.fromkeys(hit.passage.document_id for hit in answer.hits)
    done = "searched" if asked.searched else "refused" if answer.abstained else "answered"
    how = done if asked.complete else "broken off"
    return {"outcome": how, "documents": [*cited], "shown": [each for each in shown if each not in cited]}
