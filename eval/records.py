"""The values of an evaluation. All frozen."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass

from qa.answers import AnswerJson


@dataclass(frozen=True, slots=True)
class Query:
    """A question with what is known about its answer.

    Attributes:
        id: unique in its data set.
        question: as asked.
        answers: alternatives; each is a tuple of strings that must all be present. Empty where `answerable` is false.
        evidence: verbatim strings of the source, any one of which supports the answer; may be empty for sets
            that have none, and then nothing about evidence is scored.
        answerable: whether the documents answer; if not, refusing is right.
        type: kind of question, e.g. number.
        history: earlier questions of the conversation, oldest first.
        split: dev, test or another name; None where the set is not split.
        section: part of the source the question is about or near to; None where not stated.
        within: title or file name, without its ending, of the one document that is asked; None for all.
    """

    id: str
    question: str
    answers: tuple[tuple[str, ...], ...]
    evidence: tuple[str, ...]
    answerable: bool
    type: str
    history: tuple[str, ...] = ()
    split: str | None = None
    section: str | None = None
    within: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return the question as a line of a data set."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Dataset:
    """Questions in file order.

    Attributes:
        name: file name, for people.
        queries: at least one, ids unique.
        split: what was selected; None for all.
    """

    name: str
    queries: tuple[Query, ...]
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
    """What became of a question: an answer, or the reason why there is none.

    Attributes:
        query: the question.
        answer: None when answering failed.
        error: why it failed; None when it did not.
    """

    query: Query
    answer: AnswerJson | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ScoredOutcome:
    """An outcome with its scores.

    Attributes:
        outcome: what was scored.
        scores: value by score name; a score that does not apply to the question is absent.
    """

    outcome: Outcome
    scores: dict[str, float]
