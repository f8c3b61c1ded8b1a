"""`yiju-eval stats DATASET`: what is in a question set, and what would skew an evaluation with it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from eval.commands import DONE, GATE_FAILED, Openers
from eval.data.checks import Finding, findings, statistics
from eval.data.datasets import load_dataset
from eval.data.folders import documents_of
from eval.report.report import table
from index.terminal import printable

DESCRIPTION = "统计问题集，并检查重复、照抄原文、跨划分泄漏和在文档里找不到的证据。"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="问题集，JSON Lines")
    parser.add_argument("--documents", type=Path, nargs="+", metavar="PATH", help="问题所问的文件或文件夹")
    parser.add_argument("--split", metavar="NAME", help="只看这一半问题")
    parser.add_argument("--strict", action="store_true", help="有任何发现则以 1 退出")


def run(arguments: argparse.Namespace, openers: Openers) -> int:
    """Count and check."""
    dataset = load_dataset(arguments.dataset, arguments.split)
    found = findings(dataset, documents_of(arguments.documents) if arguments.documents else ())
    print(printable(table(["", dataset.name], [list(row) for row in statistics(dataset)])))
    print("\n" + printable(_found_text(found)))
    return GATE_FAILED if found and arguments.strict else DONE


def _found_text(found: Sequence[Finding]) -> str:
    if not found:
        return "没有发现问题"
    rows = [[each.kind, each.id, " ".join(each.detail.split())] for each in found]
    return f"发现 {len(found)} 处\n" + table(["种类", "问题", "详情"], rows)
