"""Systems compared, as one HTML page: differences with intervals, and who won which question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from eval.metrics.answer_metrics import LABELS
from eval.metrics.comparison import Contrast, System
from eval.metrics.scores import figure
from eval.report.markup import Cell, Row, clip, document, filters, sortable

Given = Mapping[str, Mapping[str, str]]
"""Question id → name of the system → what it answered."""


def comparison_page(
    systems: Sequence[System], contrasts: Sequence[Contrast], questions: Mapping[str, str], given: Given | None = None
) -> str:
    """Return a complete HTML document; the same comparison gives the same bytes.

    Args:
        systems: the first is what the others are held against.
        contrasts: of all the others.
        questions: what was asked, by id.
        given: what was answered, shown side by side for each question that changed; None where that is not known.
    """
    title = f"比较 · {' / '.join(system.name for system in systems)}"
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="quiet">与 {escape(systems[0].name)} 相比；p 值已按 Holm 对 {len(contrasts)} 项比较校正。</p>',
        _differences(contrasts),
        *_questions(contrasts, questions, given or {}),
    ]
    return document(title, body)


def _differences(contrasts: Sequence[Contrast]) -> str:
    rows: list[Row] = [
        [
            escape(each.system),
            escape(LABELS.get(each.score, each.score)),
            Cell(figure(each.before), each.before),
            Cell(f'<span class="{_color(each)}">{each.difference.value:+.3f}</span>', each.difference.value),
            Cell(_bar(each), each.difference.value),
            Cell(f"{each.p:.4f}", each.p),
            Cell(str(len(each.won)), len(each.won)),
            Cell(str(len(each.lost)), len(each.lost)),
        ]
        for each in contrasts
    ]
    return sortable(["系统", "指标", "第一份", "差", "95% 区间", "p", "胜", "负"], rows)


def _color(contrast: Contrast) -> str:
    if contrast.p >= 0.05:
        return ""
    return "good" if contrast.gain > 0 else "bad"


def _bar(contrast: Contrast) -> str:
    """Return the interval of a difference on a scale from -1 to 1, 0 in the middle."""
    low, high = (100 + 90 * each for each in (contrast.difference.interval.low, contrast.difference.interval.high))
    return (
        '<svg width="200" height="16" viewBox="0 0 200 16" role="img" aria-label="差的区间">'
        '<line x1="100" x2="100" y1="1" y2="15" stroke="currentColor"/>'
        f'<line x1="{low:.1f}" x2="{max(high, low + 1):.1f}" y1="8" y2="8" stroke="var(--bar)" stroke-width="5"/></svg>'
    )


def _questions(contrasts: Sequence[Contrast], questions: Mapping[str, str], given: Given) -> list[str]:
    """Return one entry for each question that some system won or lost."""
    moves: dict[str, list[str]] = {}
    for each in contrasts:
        label = f"{each.system} {LABELS.get(each.score, each.score)}"
        for sign, ids in (("＋", each.won), ("－", each.lost)):
            for id in ids:
                moves.setdefault(id, []).append(f"{sign}{label}")
    ordered = [(id, moves[id], _kind(moves[id])) for id in questions if id in moves]
    kinds = [(kind, sum(each == kind for *_, each in ordered)) for kind in ("胜", "负", "有胜有负")]
    entries = [
        f'<details class="move" data-kind="{kind}"><summary>{kind} {escape(clip(questions[id], 120))} '
        f"<small>{escape(id)}</small></summary>{escape('，'.join(moved))}{_beside(given.get(id, {}))}</details>"
        for id, moved, kind in ordered
    ]
    return [f"<h2>有变化的 {len(ordered)} 题</h2>", filters("details.move", kinds, "按文字筛选问题"), *entries]


def _beside(answers: Mapping[str, str]) -> str:
    """Return what each system answered, side by side."""
    if not answers:
        return ""
    head = "".join(f"<th>{escape(name)}</th>" for name in answers)
    cells = "".join(f'<td class="text">{escape(clip(text, 400))}</td>' for text in answers.values())
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody><tr>{cells}</tr></tbody></table></div>'


def _kind(moved: Sequence[str]) -> str:
    signs = {each[0] for each in moved}
    return "有胜有负" if len(signs) > 1 else "胜" if signs == {"＋"} else "负"
