"""`yiju-eval retrieve`: retrieval by itself, stage by stage, with TREC files in and out.

A question set in the contract's form judges passages: those that hold its evidence. A folder of `yiju-eval convert`
with `qrels.tsv` judges documents: a document ranks where its best passage does.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from eval.commands import DONE, Openers, write_json
from eval.data.datasets import load_dataset
from eval.errors import EvaluationError
from eval.jsonlines import read_records
from eval.metrics.retrieval_metrics import DEFAULT_MEASURES, score_run
from eval.metrics.scores import ScoreJson, score_json
from eval.metrics.stages import DEPTH, STAGES, StagedIndex, search_stages
from eval.metrics.trec import Qrels, Run, read_qrels, read_run, write_qrels, write_run
from eval.report.report import STAGE_LABELS, table
from index.locations import add_index_argument
from qa.settings import Settings

DESCRIPTION = "只评测检索：各阶段的 R、P、MRR、MAP、nDCG，读写 TREC 的 qrels 与 run 文件。"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "source", type=Path, metavar="SOURCE", help="问题集，或 convert 得到的文件夹，或 TREC qrels 文件"
    )
    parser.add_argument(
        "--run", type=Path, action="append", default=[], metavar="FILE", help="给这个 run 文件打分，不检索；可多次"
    )
    add_index_argument(parser)
    parser.add_argument("--split", metavar="NAME", help="只用这一半问题")
    parser.add_argument(
        "--measures", nargs="+", default=list(DEFAULT_MEASURES), metavar="NAME", help="指标，如 R@5 nDCG@10"
    )
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="把 qrels 和各阶段的 run 文件存到这里")
    parser.add_argument("--json", type=Path, metavar="FILE", help="把得分存成 JSON")


def run(arguments: argparse.Namespace, openers: Openers) -> int:
    """Search, or read what was found; score."""
    if arguments.run:
        qrels: Qrels = read_qrels(arguments.source)
        runs: Mapping[str, Run] = {str(path): read_run(path) for path in arguments.run}
    else:
        qrels, runs = _searched(arguments, openers)
    scores = {name: _scores(qrels, found, arguments.measures) for name, found in runs.items()}
    rows = [[STAGE_LABELS.get(name, name), *(_cell(each) for each in found.values())] for name, found in scores.items()]
    print(table([f"{len(qrels)} 题", *arguments.measures], rows))
    if arguments.runs:
        _save(arguments.runs, qrels, runs)
    if arguments.json:
        write_json(arguments.json, scores)
    return DONE


def _searched(arguments: argparse.Namespace, openers: Openers) -> tuple[Qrels, dict[str, Run]]:
    index = openers.index(Settings.from_environment(index=arguments.index))
    if index is None:
        raise ValueError("没有可以分阶段检索的索引")
    if not arguments.source.is_dir():
        search = search_stages(index, load_dataset(arguments.source, arguments.split).queries)
        if not search.qrels:
            raise EvaluationError(f"{arguments.source} 没有一个问题带证据，无法评测检索；请补上 evidence")
        return search.qrels, {stage: search.run(stage) for stage in STAGES}
    topics = {record.text("_id"): record.text("text") for record in read_records(arguments.source / "queries.jsonl")}
    return read_qrels(arguments.source / "qrels.tsv"), document_runs(index, topics)


def document_runs(index: StagedIndex, topics: Mapping[str, str]) -> dict[str, Run]:
    """Return a run of documents for each stage: each document with the score of its best passage among `DEPTH`."""
    names = {document.id: unquote(Path(document.source).stem) for document in index.documents()}
    runs: dict[str, Run] = {}
    for stage in STAGES:
        found: dict[str, dict[str, float]] = {}
        for query, text in topics.items():
            best = found[query] = {}
            for hit in index.retriever(stage).search(text, DEPTH):
                best.setdefault(names[hit.passage.document_id], hit.score)
        runs[stage] = found
    return runs


def _scores(qrels: Qrels, found: Run, measures: list[str]) -> dict[str, ScoreJson]:
    by_question = score_run(qrels, found, measures)
    return {name: score_json([each[name] for each in by_question.values()]) for name in dict.fromkeys(measures)}


def _cell(score: ScoreJson) -> str:
    value, low, high = score["value"], score["low"], score["high"]
    return "-" if value is None else f"{value:.3f} [{low:.2f},{high:.2f}]"


def _save(folder: Path, qrels: Qrels, runs: Mapping[str, Run]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_qrels(folder / "qrels", qrels)
    for name, found in runs.items():
        write_run(folder / f"{Path(name).stem}.run", found, Path(name).stem)
