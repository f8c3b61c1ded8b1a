"""What a language model contributed: sentences shown and withheld, why, how many are right, and their cost.

Where it is known which of its sentences are true (`eval.generation.scripted`), support precision is the share of true
ones among those shown, support recall the share of those shown among the true ones. Where it is not, the figures of
shown sentences are looked for again in what they cite, and known evidence stands in for the truth.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from eval.generation.perturbation import FAITHFUL, FIGURES, NAMES, Kind
from eval.generation.scripted import key
from eval.metrics.answer_metrics import overlaps
from eval.metrics.scores import ScoreJson, score_json
from eval.records import Outcome
from qa.answers import AnswerJson, SentenceJson
from qa.generating.fact_checking import Basis, facts
from qa.reading.citations import marked

Truth = Mapping[str, Kind]
"""What was done to each sentence that a scripted model wrote, by `eval.generation.scripted.key`."""

_SAID = re.compile("“[^”]*”|\\[\\d+\\]")
_SHOWN_STRUCK = 200
"""Struck sentences that a report lists."""


class KindJson(TypedDict):
    """Sentences of which it is known what was done to them."""

    written: int
    shown: int


class StruckJson(TypedDict):
    """A sentence that did not stand the check; `text` is empty where it is withheld."""

    id: str
    text: str
    problem: str


class CostJson(TypedDict):
    """What the model took, over the answers for which it was asked."""

    requests: int
    prompt_tokens: int
    completion_tokens: int
    tokens_per_answer: float | None
    estimated: int
    ms_p50: float | None
    ms_p95: float | None


class WritingJson(TypedDict):
    """What a language model contributed to the answers of a run."""

    answers: int
    extended: int
    sentences: int
    shown: int
    share_struck: ScoreJson
    reasons: dict[str, int]
    figures_carried: ScoreJson
    evidence_precision: ScoreJson
    support_precision: ScoreJson
    support_recall: ScoreJson
    false_figures_shown: ScoreJson
    false_names_shown: ScoreJson
    by_kind: dict[str, KindJson]
    cost: CostJson
    struck: list[StruckJson]


@dataclass(frozen=True, slots=True)
class Written:
    """One sentence of a language model."""

    outcome: Outcome
    sentence: SentenceJson  # as the answer has it
    kind: Kind | None  # what was done to it; None where that is not known

    @property
    def shown(self) -> bool:
        """Return whether it is part of the answer."""
        return self.sentence["problem"] is None


def writing_json(outcomes: Sequence[Outcome], truth: Truth | None = None) -> WritingJson | None:
    """Sum up what a language model wrote; None where none was asked.

    Args:
        outcomes: one a question.
        truth: what was done to its sentences, where that is known.
    """
    asked = [each for each in outcomes if each.answer and "usage" in each.answer]
    written = [each for outcome in asked for each in _written(outcome, truth or {})]
    if not asked:
        return None
    shown = [each for each in written if each.shown]
    known = [each for each in written if each.kind is not None]
    true = [each for each in known if each.kind in FAITHFUL]
    return {
        "answers": len(asked),
        "extended": sum(any(each.shown and each.outcome is outcome for each in written) for outcome in asked),
        "sentences": len(written),
        "shown": len(shown),
        "share_struck": score_json(not each.shown for each in written),
        "reasons": dict(Counter(_reason(each.sentence["problem"]) for each in written if not each.shown).most_common()),
        "figures_carried": score_json(held for each in shown for held in _figures_held(each)),
        "evidence_precision": score_json(_cites_evidence(each) for each in shown if _has_evidence(each)),
        "support_precision": score_json(each.kind in FAITHFUL for each in known if each.shown),
        "support_recall": score_json(each.shown for each in true),
        "false_figures_shown": score_json(each.shown for each in known if each.kind in FIGURES),
        "false_names_shown": score_json(each.shown for each in known if each.kind in NAMES),
        "by_kind": _by_kind(known),
        "cost": _cost([each.answer for each in asked if each.answer]),
        "struck": [_struck(each) for each in written if not each.shown][:_SHOWN_STRUCK],
    }


def _written(outcome: Outcome, truth: Truth) -> Iterable[Written]:
    for sentence in outcome.answer.get("sentences", []) if outcome.answer else []:
        yield Written(outcome, sentence, truth.get(key(marked(sentence["text"])[0])))


def _figures_held(written: Written) -> list[bool]:
    """Return for each figure and year of a shown sentence whether a quote that it cites has it."""
    answer = written.outcome.answer
    cited = written.sentence["citations"]
    quotes = [Basis.of(each["quote"]) for each in answer["citations"] if each["n"] in cited] if answer else []
    needed = [fact for fact in facts(marked(written.sentence["text"])[0]) if re.search(r"\d", fact.text)]
    return [any(quote.backs(fact) for quote in quotes) for fact in needed]


def _has_evidence(written: Written) -> bool:
    return not written.outcome.query.answerable or bool(written.outcome.query.evidence)


def _cites_evidence(written: Written) -> bool:
    """Return whether a quote that a sentence cites overlaps known evidence; what is unanswerable has none."""
    answer, cited = written.outcome.answer, written.sentence["citations"]
    quotes = [each["quote"] for each in answer["citations"] if each["n"] in cited] if answer else []
    return any(overlaps(text, quote) for text in written.outcome.query.evidence for quote in quotes)


def _reason(problem: str | None) -> str:
    """Return a problem without what it is about: problems of one kind are counted together."""
    return _SAID.sub("…", problem or "")


def _by_kind(known: Sequence[Written]) -> dict[str, KindJson]:
    counts: dict[str, KindJson] = {}
    for kind in Kind:
        these = [each for each in known if each.kind is kind]
        if these:
            counts[kind] = {"written": len(these), "shown": sum(each.shown for each in these)}
    return counts


def _cost(answers: Sequence[AnswerJson]) -> CostJson:
    taken = [answer["usage"] for answer in answers]
    ms = [each["ms"] for each in taken]
    read, wrote = (sum(each["prompt_tokens"] for each in taken), sum(each["completion_tokens"] for each in taken))
    p50, p95 = (round(float(value), 3) for value in np.percentile(ms, [50, 95]))
    return {
        "requests": sum(each["requests"] for each in taken),
        "prompt_tokens": read,
        "completion_tokens": wrote,
        "tokens_per_answer": round((read + wrote) / len(taken), 1),
        "estimated": sum(each["estimated"] for each in taken),
        "ms_p50": p50,
        "ms_p95": p95,
    }


def _struck(written: Written) -> StruckJson:
    sentence = written.sentence
    return {"id": written.outcome.query.id, "text": sentence["text"], "problem": sentence["problem"] or ""}
