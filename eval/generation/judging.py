"""A language model as judge: whether an answer says what is expected, and how far that agrees with our own scores.

Scores of the contract compare strings; a reference in whole sentences, as ragas has it, is seldom repeated to the
letter. The judge sees question, expected answers and the answer that was given, and says 对 or 错.

Source: Zheng et al. 2023, Judging LLM-as-a-Judge; Cohen 1960, A Coefficient of Agreement for Nominal Scales.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from typing import TypedDict

from eval.metrics.answer_metrics import answer_hit
from eval.metrics.scores import ScoreJson, score_json
from eval.records import Outcome
from qa.protocols import Message
from qa.settings import ENVIRONMENT

_PROMPT = """下面是一个问题、标准答案和待判的回答。只看回答是否说出标准答案的意思：多说的话、引用编号、措辞不同不算错，
数字、单位、年份、名称不同算错。标准答案有几种时，符合其中一种即可。只回答一个字：对 或 错。

问题：{question}
标准答案：{expected}
回答：{given}"""

_VERDICT = re.compile("[对错]")
_THOUGHT = re.compile(r"<think>.*?</think>", re.S)
_MAX_TOKENS = 512
"""Room for models that think aloud before they answer."""

Judge = Callable[[str], str]
"""Prompt → reply."""


class AgreementJson(TypedDict):
    """How often the judge says what `answer_hit` says; `kappa` is null where either says the same of all."""

    share: ScoreJson
    kappa: float | None
    judge_only: list[str]
    hit_only: list[str]


class JudgeJson(TypedDict):
    """What a language model thinks of the answers to answerable questions; one that was refused is wrong unasked."""

    model: str
    right: ScoreJson
    unreadable: list[str]
    agreement: AgreementJson


def add_judge_options(parser: argparse.ArgumentParser) -> None:
    """Add everything that `judge_of` reads."""
    group = parser.add_argument_group("请语言模型判对错：默认不用；密钥只取自环境变量 YIJU_JUDGE_KEY")
    group.add_argument("--judge-url", metavar="URL", help="OpenAI 兼容接口的地址，例如 http://127.0.0.1:11434/v1")
    group.add_argument("--judge-model", metavar="NAME", help="接口中模型的名称，例如 qwen3:8b")


def judge_of(arguments: argparse.Namespace) -> Judge | None:
    """Return the judge that the options name; None for none.

    Raises:
        ValueError: if one option lacks the other.
        MissingDependency: if the extra `llm` is not installed.
    """
    if bool(arguments.judge_url) != bool(arguments.judge_model):
        raise ValueError("--judge-url 与 --judge-model 须同时给出")
    if not arguments.judge_url:
        return None
    from qa.generating.chat_http import HttpChatModel  # an extra

    model = HttpChatModel(arguments.judge_url.rstrip("/"), arguments.judge_model, ENVIRONMENT.get("YIJU_JUDGE_KEY"))
    return lambda prompt: "".join(model.stream([Message("user", prompt)], _MAX_TOKENS))


def judge_json(outcomes: Sequence[Outcome], model: str, judge: Judge) -> JudgeJson:
    """Return what the judge says of all answers to answerable questions.

    Raises:
        ModelError: if it cannot be asked.
    """
    asked = [each for each in outcomes if each.query.answerable]
    told = {each.query.id: _verdict(each, judge) for each in asked}
    hits = {each.query.id: answer_hit(each.query, each.answer) for each in asked}
    pairs = {id: (verdict, hits[id]) for id, verdict in told.items() if verdict is not None}
    return {
        "model": model,
        "right": score_json([verdict for verdict, _ in pairs.values()]),
        "unreadable": [id for id, verdict in told.items() if verdict is None],
        "agreement": {
            "share": score_json([float(verdict == hit) for verdict, hit in pairs.values()]),
            "kappa": kappa(list(pairs.values())),
            "judge_only": [id for id, (verdict, hit) in pairs.items() if verdict > hit],
            "hit_only": [id for id, (verdict, hit) in pairs.items() if verdict < hit],
        },
    }


def _verdict(outcome: Outcome, judge: Judge) -> float | None:
    """Return 1 for right, 0 for wrong, None for a reply that says neither."""
    if outcome.answer is None or outcome.answer["abstained"]:
        return 0.0
    expected = " 或 ".join("，".join(parts) for parts in outcome.query.answers)
    reply = judge(_PROMPT.format(question=outcome.query.question, expected=expected, given=outcome.answer["answer"]))
    said = _VERDICT.findall(_THOUGHT.sub("", reply))
    return float(said[-1] == "对") if said else None


def kappa(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Return Cohen's kappa of two judges who say 0 or 1; None where chance alone would have them agree."""
    if not pairs:
        return None
    agreed = sum(one == other for one, other in pairs) / len(pairs)
    one, other = (sum(each[which] for each in pairs) / len(pairs) for which in (0, 1))
    chance = one * other + (1 - one) * (1 - other)
    return None if chance == 1 else round((agreed - chance) / (1 - chance), 6)


def judge_text(judged: JudgeJson) -> str:
    """Return the judgement as people read it."""
    agreement = judged["agreement"]
    lines = [
        f"模型评判  {judged['model']}：判对 {_share(judged['right'])}；"
        f"与「答案命中」一致 {_share(agreement['share'])}，"
        f"κ {'-' if agreement['kappa'] is None else format(agreement['kappa'], '.2f')}"
    ]
    for label, ids in (
        ("模型判对而未命中", agreement["judge_only"]),
        ("命中而模型判错", agreement["hit_only"]),
        ("评语里没有“对”或“错”", judged["unreadable"]),
    ):
        if ids:
            lines.append(f"{label} {len(ids)} 题：{'、'.join(ids)}")
    return "\n".join(lines)


def _share(score: ScoreJson) -> str:
    if score["value"] is None:
        return "-"
    return f"{score['value']:.3f} [{score['low']:.2f},{score['high']:.2f}] {score['n']} 题"
