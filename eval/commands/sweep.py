"""`yiju-eval sweep DATASET DOCUMENTS…`: retrieval and answers under many settings, with a plot of what each costs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from eval.commands import DONE, Openers, write, write_json
from eval.data.datasets import load_dataset
from eval.data.folders import documents_of
from eval.metrics.answer_metrics import LABELS
from eval.metrics.comparison import Contrast, System, compare, pareto
from eval.metrics.scores import figure
from eval.progress import with_progress
from eval.report.markup import Axis, Cell, Dot, Plot, page
from eval.report.report import table
from index.terminal import printable

if TYPE_CHECKING:
    from eval.commands.sweeping import Measured

DESCRIPTION = "在多种编码器、片段长度、融合权重、检索深度下评测检索（和作答），画出质量与开销；没有变化的不重算。"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="带证据的问题集")
    parser.add_argument("documents", type=Path, nargs="+", metavar="PATH", help="问题所问的文件或文件夹")
    parser.add_argument("--split", metavar="NAME", help="只用这一半问题")
    parser.add_argument(
        "--encoder", nargs="+", default=["multilingual-e5-small"], metavar="NAME", help="编码器，可多个"
    )
    parser.add_argument("--size", nargs="+", type=int, default=[200, 400, 800], metavar="N", help="片段最长字数")
    parser.add_argument(
        "--weight", nargs="+", type=float, default=[0.3, 0.5, 0.7], metavar="W", help="融合中语义检索的权重，0 到 1"
    )
    parser.add_argument("--depth", nargs="+", type=int, default=[1, 5, 10], metavar="K", help="取前几个片段")
    parser.add_argument(
        "--cache", type=Path, default=Path("data/eval-cache"), metavar="FOLDER", help="存中间结果，默认 data/eval-cache"
    )
    parser.add_argument("--answers", action="store_true", help="也让产品作答，看短答命中与耗时、内存；久得多")
    parser.add_argument("--json", type=Path, metavar="FILE", help="把结果存成 JSON")
    parser.add_argument("--html", type=Path, metavar="FILE", help="把结果存成一个 HTML 页面")


def run(arguments: argparse.Namespace, openers: Openers) -> int:
    """Run all settings; the first is what the others are held against."""
    # Here and not above: FAISS and the runtimes behind encoders are heavy, and other commands do without.
    from eval.commands.sweeping import ANSWER_MEASURES, Setting, Sweep, measures_at
    from index.encoding.encoders import load_encoder

    dataset = load_dataset(arguments.dataset, arguments.split)
    settings = [Setting(*each) for each in product(arguments.encoder, arguments.size, arguments.weight)]
    documents, answers = documents_of(arguments.documents), arguments.answers
    sweep = Sweep(dataset, documents, arguments.cache, load_encoder, arguments.depth, answers=answers)
    found = list(with_progress(sweep.run(settings), len(settings), "设置"))
    # The one that settings are judged by stands last.
    measures = [*measures_at(sorted(set(arguments.depth))), *(ANSWER_MEASURES if answers else ())]
    contrasts = _contrasts(found, measures)
    print(printable(sweep_text(found, measures, contrasts)))
    if arguments.json:
        write_json(arguments.json, _json(found, measures))
    if arguments.html:
        write(arguments.html, sweep_page(dataset.name, found, measures, contrasts))
    return DONE


def _contrasts(found: Sequence[Measured], measures: Sequence[str]) -> list[Contrast]:
    systems = [System(str(each.setting), each.scores) for each in found]
    return compare(systems, measures) if len(systems) > 1 else []


def _front(found: Sequence[Measured], measure: str) -> list[bool]:
    """Return which settings are best for what they cost."""
    return pareto([(each.mean(measure) or 0.0, -each.latency_ms, -each.index_mb) for each in found])


def _rows(found: Sequence[Measured], measures: Sequence[str], contrasts: Sequence[Contrast]) -> list[list[str]]:
    p = {(each.system, each.score): each for each in contrasts}
    return [
        [
            "★" if best else "",
            str(each.setting),
            *(f"{figure(each.mean(name))}{_mark(p.get((str(each.setting), name)))}" for name in measures),
            f"{each.latency_ms:.1f}",
            f"{each.index_mb:.1f}",
        ]
        for each, best in zip(found, _front(found, measures[-1]), strict=True)
    ]


def _mark(contrast: Contrast | None) -> str:
    if contrast is None or contrast.p >= 0.05:
        return ""
    return "↑" if contrast.gain > 0 else "↓"


def _header(measures: Sequence[str]) -> list[str]:
    return ["", "设置", *(LABELS.get(name, name) for name in measures), "毫秒", "MB"]


def sweep_text(found: Sequence[Measured], measures: Sequence[str], contrasts: Sequence[Contrast]) -> str:
    """Return the settings as a table for a terminal."""
    judged = LABELS.get(measures[-1], measures[-1])
    notes = "↑↓ 与第一行相比显著更好、更差（已按 Holm 校正）"
    return "\n".join(
        [
            table(_header(measures), _rows(found, measures, contrasts)),
            f"{notes}；★ 在 {judged}、耗时、内存上没有其他设置全面优于它",
        ]
    )


def _json(found: Sequence[Measured], measures: Sequence[str]) -> list[dict[str, object]]:
    return [
        {
            "encoder": each.setting.encoder,
            "size": each.setting.size,
            "weight": each.setting.weight,
            "scores": {name: _rounded(each.mean(name)) for name in measures},
            "latency_ms": each.latency_ms,
            "index_mb": each.index_mb,
            "pareto": best,
        }
        for each, best in zip(found, _front(found, measures[-1]), strict=True)
    ]


def _number(cell: str) -> float | None:
    bare = cell.rstrip("↑↓")
    return None if bare == "-" else float(bare)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def sweep_page(name: str, found: Sequence[Measured], measures: Sequence[str], contrasts: Sequence[Contrast]) -> str:
    """Return the settings as a page: quality over latency and over memory, and a table that sorts."""
    costs = (("一题，毫秒", "latency_ms"), ("索引，MB", "index_mb"))
    return page(
        "sweep.html",
        f"扫描 · {name}",
        plots=[_plot(found, measures[-1], label, [getattr(each, field) for each in found]) for label, field in costs],
        header=_header(measures),
        rows=[
            [cell if place < 2 else Cell(cell, _number(cell)) for place, cell in enumerate(row)]
            for row in _rows(found, measures, contrasts)
        ],
    )


def _plot(found: Sequence[Measured], measure: str, label: str, costs: Sequence[float]) -> Plot:
    values = [each.mean(measure) or 0.0 for each in found]
    name = LABELS.get(measure, measure)
    dots = [
        Dot(cost, value, f"{each.setting}：{figure(value)}，{cost:g}", 6, "var(--good)" if best else "var(--bar)")
        for each, value, cost, best in zip(found, values, costs, _front(found, measure), strict=True)
    ]
    x, y = Axis(label, 0.0, max(costs) * 1.05), Axis(name, min(values) - 0.02, max(values) + 0.02, 2)
    return Plot(f"{name} 与{label}", x, y, dots=dots)
