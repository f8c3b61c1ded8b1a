"""`yiju-eval DATASET`: ask every question, score the answers, compare with a baseline, gate."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from eval.commands import DONE, GATE_FAILED, Openers, write, write_json
from eval.data.datasets import load_dataset
from eval.data.journal import Journal, journal_path
from eval.data.outcomes import Askable, Expanding, ask_all, read_outcomes
from eval.errors import Interrupted
from eval.generation.judging import add_judge_options, judge_json, judge_of
from eval.generation.model_runs import ModelRun, add_model_run_options, model_run_of
from eval.metrics.answer_metrics import TextOf
from eval.metrics.retrieval_metrics import canonical
from eval.metrics.stages import StagedSearch, search_stages
from eval.progress import with_progress
from eval.records import Dataset, Outcome
from eval.report.baseline import (
    check_index,
    load_baseline,
    new_failures,
    new_failures_text,
    regression_text,
    regressions,
    sight_text,
)
from eval.report.junit import report_junit
from eval.report.markdown import report_markdown
from eval.report.page import report_page
from eval.report.provenance import index_json, program_sha256, provenance, settings_told
from eval.report.report import STAGE_MEASURES, Circumstances, IndexJson, ReportJson, make_report
from eval.report.report_text import report_text
from eval.report.requirements import Requirement, parse_tolerance, unmet, unmet_text
from eval.report.traces import langfuse_scores, openinference
from index.command_line import whole_number
from index.locations import add_index_argument
from index.platforms import peak_megabytes
from qa.protocols import Answerer, Expander
from qa.settings import Answering, Settings, add_caution_option

DESCRIPTION = "用一个问题集评测问答：逐题作答、打分、列出错题。"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="问题集：JSON Lines，或 .csv、.xlsx、.parquet")
    add_index_argument(parser)
    parser.add_argument("--split", metavar="NAME", help="只用这一半问题：dev 或 test")
    parser.add_argument(
        "--answers",
        type=Path,
        metavar="FILE",
        help="给已有的答案打分（yiju-ask --batch 的输出）；同时给 --index 才核对引文、分阶段看检索",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="把报告存成 JSON，可作以后的基线；中断后可接着做")
    parser.add_argument("--html", type=Path, metavar="FILE", help="把报告存成一个 HTML 页面")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="把报告存成 Markdown，贴进合并请求")
    parser.add_argument("--baseline", type=Path, metavar="FILE", help="与存下的报告相比，有指标显著变差则以 1 退出")
    parser.add_argument(
        "--tolerance",
        action="append",
        default=[],
        metavar="SCORE=LOSS",
        help="比基线低这么多以内不算变差，如 answer_hit=0.02；可多次",
    )
    parser.add_argument(
        "--max-new-failures",
        type=int,
        metavar="N",
        help="比基线新错的题多于 N 道则以 1 退出，不论显著与否；须与 --baseline 同用",
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="把每题的对错存成 JUnit XML，供持续集成显示")
    parser.add_argument(
        "--require",
        action="append",
        default=[],
        metavar="SCORE>=NUMBER",
        help="没达到则以 1 退出，如 'short_hit>=0.9'、'false_answer[number]<=0.2'；可多次",
    )
    parser.add_argument(
        "--measures",
        nargs="+",
        default=[],
        metavar="NAME",
        help="另报这些检索指标，如 nDCG@5 RR@10",
    )
    parser.add_argument("--openinference", type=Path, metavar="FILE", help="把每题存成 OpenInference 的 OTLP JSON")
    parser.add_argument("--langfuse-scores", type=Path, metavar="FILE", help="把每题的得分存成 Langfuse 的 JSON")
    add_answer_options(parser)
    add_judge_options(parser)
    add_model_run_options(parser)


def add_answer_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the product about answering."""
    add_caution_option(parser)
    parser.add_argument("--k", type=whole_number(1), metavar="N", help="阅读检索到的前几个片段，默认 10")
    parser.add_argument(
        "--answering",
        type=Answering,
        choices=list(Answering),
        default=Answering.BOTH,
        help="有语言模型时由谁作答：extractive 只摘原文，generative 只用语言模型，both 两者（默认）",
    )


def run(arguments: argparse.Namespace, openers: Openers) -> int:
    """Evaluate; what does not fit is refused before the first question is asked."""
    dataset = load_dataset(arguments.dataset, arguments.split)
    requirements = [Requirement.parse(text) for text in arguments.require]
    tolerances = dict(parse_tolerance(text) for text in arguments.tolerance)
    baseline = load_baseline(arguments.baseline, dataset) if arguments.baseline else None
    if arguments.max_new_failures is not None and baseline is None:
        raise ValueError("--max-new-failures 须与 --baseline 同用：没有基线就没有新旧之分")
    judge = judge_of(arguments)
    with model_run_of(arguments) as model:
        report, outcomes = _report(arguments, dataset, openers, baseline, model, _measures(arguments, requirements))
    if judge is not None:
        report["judge"] = judge_json(outcomes, arguments.judge_model, judge)
    print(report_text(report))
    _save(report, outcomes, baseline, arguments)
    return max(_verdict(report, baseline, tolerances, requirements), _few_enough(report, baseline, arguments))


def _measures(arguments: argparse.Namespace, requirements: Sequence[Requirement]) -> list[str]:
    """Return the usual measures of the search, and what is asked for beside them.

    Raises:
        ValueError: if there is no such measure.
    """
    names = [*STAGE_MEASURES, *arguments.measures, *(each.name for each in requirements if canonical(each.name))]
    return [*dict.fromkeys(canonical(name) or name for name in names)]


def _few_enough(report: ReportJson, baseline: ReportJson | None, arguments: argparse.Namespace) -> int:
    if baseline is None:
        return DONE
    found, allowed = new_failures(baseline, report), arguments.max_new_failures
    if allowed is None:
        print(sight_text(len(report["questions"])))
        return DONE
    print(new_failures_text(found, allowed))
    return GATE_FAILED if len(found) > allowed else DONE


def _verdict(
    report: ReportJson,
    baseline: ReportJson | None,
    tolerances: dict[str, float],
    requirements: Sequence[Requirement],
) -> int:
    lost = regressions(baseline, report, tolerances) if baseline else []
    short = unmet(requirements, report)
    if baseline is not None:
        print("\n" + regression_text(lost))
    if requirements:
        print("\n" + (unmet_text(short, report) if short else "要求全部达到"))
    return GATE_FAILED if lost or short else DONE


def _report(
    arguments: argparse.Namespace,
    dataset: Dataset,
    openers: Openers,
    baseline: ReportJson | None,
    model: ModelRun,
    measures: Sequence[str],
) -> tuple[ReportJson, Sequence[Outcome]]:
    settings = _settings(arguments, model)
    if arguments.answers is not None and arguments.index is None:
        outcomes = read_outcomes(arguments.answers, dataset.queries)
        return make_report(dataset, outcomes), outcomes
    answerer = openers.assistant(settings)
    index = index_json(settings.index, answerer.documents())
    if baseline is not None:
        check_index(arguments.baseline, baseline, index)
    answered: dict[Answering, list[Outcome]] = {}
    if arguments.answers is not None:
        outcomes, memory = read_outcomes(arguments.answers, dataset.queries), None
    else:
        for way in Answering if arguments.compare_ways else ():
            if way is not Answering.BOTH:
                other = dataclasses.replace(settings, answering=way)
                journal = _journal(arguments, dataset, index, other)
                answered[way] = _asked(openers.assistant(other), dataset, journal)
        outcomes = _asked(_asking(arguments, answerer), dataset, _journal(arguments, dataset, index, settings))
        memory = peak_megabytes()
    search = _search(openers, settings, outcomes)
    ways = {**answered, Answering.BOTH: outcomes} if answered else {}
    circumstances = Circumstances(
        index, search, provenance(settings, expand=arguments.expand), memory, model.truth, measures, ways
    )
    return make_report(dataset, outcomes, _texts(answerer), circumstances), outcomes


def _settings(arguments: argparse.Namespace, model: ModelRun) -> Settings:
    settings = Settings.from_environment(index=arguments.index, caution=arguments.caution, model=model.settings)
    return dataclasses.replace(settings, k=arguments.k or settings.k, answering=arguments.answering)


def _asking(arguments: argparse.Namespace, answerer: Answerer) -> Askable:
    if not arguments.expand:
        return answerer
    if not isinstance(answerer, Expander):
        raise ValueError("这里的问答不能展开说明：请去掉 --expand。")
    return Expanding(answerer)


def _journal(
    arguments: argparse.Namespace, dataset: Dataset, index: IndexJson | None, settings: Settings
) -> Journal | None:
    """Return answers kept beside the report, for the same questions, documents, encoder, program and settings only."""
    if arguments.json is None:
        return None
    return Journal(
        journal_path(arguments.json, settings.answering),
        {
            "dataset": dataset.sha256,
            "index": json.dumps(index, sort_keys=True),
            "program": program_sha256(),
            "settings": json.dumps({**settings_told(settings), "expand": arguments.expand}, sort_keys=True),
        },
    )


def _asked(answerer: Askable, dataset: Dataset, journal: Journal | None) -> list[Outcome]:
    asked: Iterable[Outcome] = (
        journal.ask_all(answerer, dataset.queries) if journal else ask_all(answerer, dataset.queries)
    )
    try:
        return list(with_progress(asked, len(dataset.queries)))
    except KeyboardInterrupt:
        if journal is None:
            raise
        raise Interrupted(journal.path, len(journal.answers), len(dataset.queries)) from None


def _search(openers: Openers, settings: Settings, outcomes: Sequence[Outcome]) -> StagedSearch | None:
    index = openers.index(settings)
    if index is None:
        return None
    # What was really searched: a follow-up stands alone only after rewriting.
    searched = {each.query.id: each.answer["standalone_question"] for each in outcomes if each.answer}
    return search_stages(index, [each.query for each in outcomes], searched)


def _texts(answerer: Answerer) -> TextOf:
    def text_of(document_id: str) -> str | None:
        document = answerer.document(document_id)
        return document.text if document else None

    return text_of


def _save(
    report: ReportJson, outcomes: Sequence[Outcome], baseline: ReportJson | None, arguments: argparse.Namespace
) -> None:
    if arguments.json is not None:
        write_json(arguments.json, report)
        for way in Answering:
            journal_path(arguments.json, way).unlink(missing_ok=True)
    writers: dict[str, Callable[[], str]] = {
        "html": lambda: report_page(report, baseline),
        "markdown": lambda: report_markdown(report, baseline),
        "junit": lambda: report_junit(report),
        "openinference": lambda: openinference(report, outcomes),
        "langfuse_scores": lambda: langfuse_scores(report),
    }
    for name, written in writers.items():
        if path := getattr(arguments, name):
            write(path, written())
