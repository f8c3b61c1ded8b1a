"""The values of an evaluation. All frozen."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass

from qa.answers import AnswerJson


@dataclass(frozen=True, slots=True)
class Query:
    """A question with what is known about its answer."""

    id: str  # unique in its data set
    question: str
    # alternatives; each is a tuple of strings that must all be present. Empty where `answerable` is false.
    answers: tuple[tuple[str, ...], ...]
    # verbatim strings of the source, any one of which supports the answer; may be empty for sets that have
    # none, and then nothing about evidence is scored
    evidence: tuple[str, ...]
    answerable: bool  # whether the documents answer; if not, refusing is right
    type: str
    history: tuple[str, ...] = ()  # earlier questions of the conversation, oldest first
    split: str | None = None  # dev, test or another name; None where the set is not split
    section: str | None = None  # part of the source the question is about or near to; None where not stated
    within: str | None = None  # title or file name, without its ending, of the one document that is asked; None for all

    def to_json(self) -> dict[str, object]:
        """Return the question as a line of a data set."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Dataset:
    """Questions in file order."""

    name: str  # file name, for people
    queries: tuple[Query, ...]  # at least one, ids unique
    split: str | None = None

    @property
    def sha256(self) -> str:
        """Hash of the selected questions' content; file name, white space and field order do not matter."""
        canonical = json.dumps([asdict(query) for query in self.queries], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def splits(self) -> dict[str, int]:
        """Return questions in each split, by name; `-` stands for none."""
        return dict(sorted(Counter(query.split or "-" for query in self.queries).items()))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a question: an answer, or the reason why there is none."""

    query: Query
    answer: AnswerJson | None  # None when answering failed
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ScoredOutcome:
    """An outcome with its scores."""

    outcome: Outcome
    scores: dict[str, float]  # value by score name; a score that does not apply to the question is absent
