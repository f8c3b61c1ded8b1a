"""What a language model contributed: sentences shown and withheld, how many are right, their cost.

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

from eval.generation.perturbation import FAITHFUL, FIGURES, NAMES, Kind
from eval.generation.scripted import key
from eval.metrics.answer_metrics import LABELS, SCORES, TextOf, overlaps, score
from eval.metrics.comparison import System, compare
from eval.metrics.scores import ScoreJson, figure, percentiles, score_json
from eval.records import Outcome
from qa.answers import AnswerJson, SentenceJson
from qa.generating.fact_checking import Basis, facts
from qa.reading.citations import marked
from qa.settings import Answering

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
    """Sum up what a language model wrote; None where none was asked."""
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
    read, wrote = (sum(each["prompt_tokens"] for each in taken), sum(each["completion_tokens"] for each in taken))
    p50, p95 = percentiles([each["ms"] for each in taken])
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


# --- ways of answering -------------------------------------------------------------------------

WAYS = {Answering.EXTRACTIVE: "只摘原文", Answering.GENERATIVE: "只用语言模型", Answering.BOTH: "两者"}
"""Ways of answering as people read them, in the order in which they are compared."""


class WayJson(TypedDict):
    """What one way of answering reached, and what it cost; `cost` is null where no model was asked."""

    name: str
    label: str
    scores: dict[str, ScoreJson]
    ms_p50: float | None
    ms_p95: float | None
    share_struck: ScoreJson | None
    cost: CostJson | None


class ContrastJson(TypedDict):
    """One score of one way against quoting alone; `p` is corrected for all contrasts (Holm)."""

    name: str
    score: str
    difference: float
    low: float
    high: float
    p: float


class WaysJson(TypedDict):
    """All ways, and how the others differ from the first."""

    ways: list[WayJson]
    contrasts: list[ContrastJson]


def ways_json(
    answered: Mapping[Answering, Sequence[Outcome]], text_of: TextOf | None = None, truth: Truth | None = None
) -> WaysJson | None:
    """Compare ways of answering the same questions; None where there are fewer than two."""
    if len(answered) < 2:
        return None
    scored = {way: {each.query.id: score(each.query, each.answer, text_of) for each in answered[way]} for way in WAYS}
    contrasts = compare([System(way, scored[way]) for way in WAYS], SCORES)
    return {
        "ways": [_way(way, answered[way], scored[way], truth) for way in WAYS],
        "contrasts": [
            {
                "name": each.system,
                "score": each.score,
                "difference": round(each.difference.value, 6),
                "low": round(each.difference.interval.low, 6),
                "high": round(each.difference.interval.high, 6),
                "p": round(each.p, 6),
            }
            for each in contrasts
        ],
    }


def _way(
    way: Answering, outcomes: Sequence[Outcome], scored: Mapping[str, Mapping[str, float]], truth: Truth | None
) -> WayJson:
    writing = writing_json(outcomes, truth)
    p50, p95 = percentiles([each.answer["timing_ms"]["total"] for each in outcomes if each.answer])
    return {
        "name": way,
        "label": WAYS[way],
        "scores": {name: score_json(each[name] for each in scored.values() if name in each) for name in SCORES},
        "ms_p50": p50,
        "ms_p95": p95,
        "share_struck": writing["share_struck"] if writing else None,
        "cost": writing["cost"] if writing else None,
    }


# --- for people --------------------------------------------------------------------------------

Rows = tuple[list[str], list[list[str]]]
"""A header, and the rows below it: for the terminal, the page and Markdown alike."""

_KINDS = {
    "verbatim": "原句",
    "converted": "换算过的",
    "reordered": "换了次序的",
    "digit": "改了数字",
    "scale": "改了数量级",
    "unit": "改了单位",
    "swap": "数字对调",
    "year": "改了年份",
    "made-up figure": "编造数字",
    "name": "改了名称",
    "made-up name": "编造名称",
    "direction": "改了增减",
    "denial": "改了准禁",
}
"""What was done to a sentence, as people read it."""

_WAY_SCORES = ("answer_hit", "short_hit", "citation_recall", "citation_precision", "false_answer", "false_refusal")


_SHARES: Mapping[str, str] = {
    "share_struck": "删去的句子",
    "figures_carried": "显示的数字在所引原文里",
    "evidence_precision": "显示的句子引到已知证据",
    "support_precision": "句子支持准确率（显示的句子中属实的比例）",
    "support_recall": "句子支持召回率（属实的句子中显示的比例）",
    "false_figures_shown": "错误数字的显示率↓",
    "false_names_shown": "错误名称的显示率↓",
}


def writing_table(writing: WritingJson) -> Rows:
    """Return each measure that applies, with its interval."""
    found: list[tuple[str, str, ScoreJson]] = [(label, name, writing[name]) for name, label in _SHARES.items()]  # type: ignore[literal-required]
    return ["指标", "值", "95% 区间", "个数", "名称"], [
        [label, figure(each["value"]), f"[{figure(each['low'])}, {figure(each['high'])}]", str(each["n"]), name]
        for label, name, each in found
        if each["value"] is not None
    ]


def writing_head(writing: WritingJson) -> str:
    """Return how much was written, and what it cost, in one line."""
    cost = writing["cost"]
    estimated = f"（其中 {cost['estimated']} 题按字数估算）" if cost["estimated"] else ""
    return (
        f"{writing['answers']} 题问了语言模型，{writing['extended']} 题因此多了内容；写 {writing['sentences']} 句，"
        f"显示 {writing['shown']} 句；读 {cost['prompt_tokens']}、写 {cost['completion_tokens']} token，"
        f"每题 {figure(cost['tokens_per_answer'], 0)}{estimated}；每题 p50 {figure(cost['ms_p50'], 0)} ms，"
        f"p95 {figure(cost['ms_p95'], 0)} ms"
    )


def kind_table(writing: WritingJson) -> Rows:
    """Return what was done to sentences, how many were shown and how many written."""
    rows = [[_KINDS[kind], str(each["shown"]), str(each["written"])] for kind, each in writing["by_kind"].items()]
    return ["写的句子", "显示", "写了"], rows


def way_table(ways: WaysJson) -> Rows:
    """Return each way of answering; a score that differs from the first way's by more than chance is marked *."""
    sure = {(each["name"], each["score"]) for each in ways["contrasts"] if each["p"] < 0.05}
    header = ["方式", *(LABELS[name] for name in _WAY_SCORES), "p50 毫秒", "p95 毫秒", "删去", "每题 token"]
    return header, [
        [
            way["label"],
            *(figure(way["scores"][name]["value"]) + "*" * ((way["name"], name) in sure) for name in _WAY_SCORES),
            figure(way["ms_p50"], 0),
            figure(way["ms_p95"], 0),
            figure(way["share_struck"]["value"] if way["share_struck"] else None),
            figure(way["cost"]["tokens_per_answer"] if way["cost"] else None, 0),
        ]
        for way in ways["ways"]
    ]
