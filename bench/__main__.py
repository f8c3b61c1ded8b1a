"""`python -m bench [NAME...] [--json FILE]`: run benchmarks, print their figures as a Markdown table."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from bench import (
    Measurement,
    answers,
    cluster,
    commands,
    documents,
    encoding,
    evaluation,
    extremes,
    folders,
    generated,
    history,
    load,
    many,
    messages,
    metadata,
    outlines,
    page,
    scale,
    stages,
    statutes,
    stores,
    uploads,
    wording,
)
from index.errors import YijuError

Bench = Callable[[], Sequence[Measurement]]

# What each measures stands in its docstring's first line.
BENCHES: Mapping[str, Bench] = {
    "answers": answers.speed,
    "cluster": cluster.workers,
    "commands": commands.speed,
    "documents-articles": documents.articles,
    "documents-extremes": extremes.extremes,
    "documents-folders": folders.reports,
    "documents-many": folders.many,
    "documents-metadata": metadata.dates_and_places,
    "documents-statutes": statutes.statutes,
    "documents-tables": documents.tables,
    "documents-cells": documents.cells,
    "documents-text": documents.text,
    "documents-tiny": many.questions,
    "encoding": encoding.speed,
    "encoding-retrieval": encoding.retrieval,
    "evaluation": evaluation.speed,
    "messages": messages.cost,
    "milvus": stores.milvus,
    "page": page.speed,
    "generated": generated.guests,
    "outlines": outlines.development,
    "outlines-test": outlines.test,
    "outlines-pdf": outlines.plans,
    "outlines-pdf-test": outlines.plans_test,
    "load": load.crowd,
    "scale": scale.curve,
    "uploads": uploads.handed_in,
    "wording": wording.speed,
    "stages": stages.shares,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks named on the command line, or all.

    Args:
        arguments: those of the command line unless given.

    Returns:
        The exit status: 0, or 2 if a benchmark could not run.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in BENCHES:
            parser.error(f"没有基准测试 {name}；有：{'、'.join(BENCHES)}")
    benches: dict[str, Bench] = {**BENCHES, "scale": partial(scale.curve, options.sizes, options.encode)}
    results: dict[str, Sequence[Measurement]] = {}
    kept: dict[str, history.Result] = {}
    for name in options.names or BENCHES:
        print(f"{name} ……", file=sys.stderr)
        try:
            results[name], kept[name] = history.timed(benches[name])
            if options.history:
                history.keep(options.history, kept)
        except YijuError as error:
            print(f"{name}：{error}", file=sys.stderr)
            return 2
    print(table(results))
    if options.json:
        content = {name: [asdict(figure) for figure in figures] for name, figures in results.items()}
        options.json.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


def table(results: Mapping[str, Sequence[Measurement]]) -> str:
    """Return the figures as a Markdown table, in the order given."""
    lines = ["| bench | figure | value | goal |", "|---|---|---:|---|"]
    for name, figures in results.items():
        for figure in figures:
            digits = ",.0f" if abs(figure.value) >= 1000 else ".4g"
            value = f"{figure.value:{digits}} {figure.unit}".rstrip()
            lines.append(f"| {name} | {figure.name} | {value} | {figure.goal} |")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="运行基准测试，结果为 Markdown 表格。")
    listing = "；".join(f"{name}：{(bench.__doc__ or '').splitlines()[0]}" for name, bench in BENCHES.items())
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"默认全部。{listing}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="另存为 JSON 文件")
    parser.add_argument(
        "--history", type=Path, metavar="DIR", help="结果连同机器和负载按提交存进文件夹，历次的画成旁边的 DIR.html"
    )
    parser.add_argument(
        "--sizes", type=_sizes, default=scale.SIZES, metavar="N,N…", help="scale：量哪几档篇数（默认 %(default)s）"
    )
    parser.add_argument(
        "--encode", type=int, default=scale.ENCODED, metavar="N", help="scale：真编码前多少篇（默认 %(default)s）"
    )
    return parser


def _sizes(text: str) -> list[int]:
    sizes = [int(part) for part in text.split(",") if part.isdecimal()]
    if not sizes or min(sizes) < 1:
        raise argparse.ArgumentTypeError(f"应为逗号隔开的正整数，如 100,10000，得到 {text}")
    return sizes


if __name__ == "__main__":
    sys.exit(main())
