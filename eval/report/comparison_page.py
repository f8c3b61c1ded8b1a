"""Systems compared, as one HTML page: differences with intervals, and who won which question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from eval.metrics.answer_metrics import LABELS
from eval.metrics.comparison import Contrast, System
from eval.report.markup import page

Given = Mapping[str, Mapping[str, str]]
"""Question id → name of the system → what it answered."""


def comparison_page(
    systems: Sequence[System], contrasts: Sequence[Contrast], questions: Mapping[str, str], given: Given
) -> str:
    """Return a complete HTML document; `questions` and `given` are what was asked and what was answered, by id."""
    moves: dict[str, list[str]] = {}
    for each in contrasts:
        label = f"{each.system} {LABELS.get(each.score, each.score)}"
        for sign, ids in (("＋", each.won), ("－", each.lost)):
            for id in ids:
                moves.setdefault(id, []).append(f"{sign}{label}")
    ordered = [
        {"id": id, "question": text, "moved": moves[id], "kind": _kind(moves[id]), "given": given.get(id, {})}
        for id, text in questions.items()
        if id in moves
    ]
    counts = Counter(str(each["kind"]) for each in ordered)
    return page(
        "comparison.html",
        f"比较 · {' / '.join(system.name for system in systems)}",
        first=systems[0].name,
        contrasts=contrasts,
        moves=ordered,
        kinds=[(kind, counts[kind]) for kind in ("胜", "负", "有胜有负")],
    )


def _kind(moved: Sequence[str]) -> str:
    signs = {each[0] for each in moved}
    return "有胜有负" if len(signs) > 1 else "胜" if signs == {"＋"} else "负"
