"""`yiju-eval`: ask every question of a data set, score the answers, print what came out."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from eval.answer_metrics import TextOf
from eval.baseline import load_baseline, regression_text, regressions
from eval.datasets import load_dataset
from eval.outcomes import ask_all, read_outcomes
from eval.page import report_page
from eval.records import Dataset, Outcome
from eval.report import IndexJson, ReportJson, make_report, printable, report_text
from index.errors import YijuError
from index.storage import read_manifest
from qa.protocols import Answerer
from qa.settings import Settings

DONE, GATE_FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130

Opener = Callable[[Settings], Answerer]


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the command line in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(UNUSABLE, f"yiju-eval：命令用法不对（{message}）；用法见 yiju-eval --help\n")


def main(argv: Sequence[str] | None = None, *, opener: Opener | None = None) -> int:
    """Run the command.

    Args:
        argv: arguments without the program's name; None takes those of the process.
        opener: opens the assistant; None takes the product's own.

    Returns:
        0 done; 1 the gate failed; 2 an input is unusable; 130 interrupted.
    """
    try:
        return _run(_arguments(argv), opener or _open_assistant)
    except KeyboardInterrupt:
        return _say(INTERRUPTED, "已中断，没有写出结果")
    except (YijuError, ValueError) as error:
        return _say(UNUSABLE, str(error))
    except OSError as error:
        return _say(UNUSABLE, f"读写 {error.filename or '文件'} 失败：{error.strerror or error}")


def _open_assistant(settings: Settings) -> Answerer:
    # Imported here: scoring given answers needs neither index nor encoder.
    from qa.bootstrap import open_assistant

    return open_assistant(settings)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = _Parser(prog="yiju-eval", description="用一个问题集评测问答：逐题作答、打分、列出错题。")
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="问题集，JSON Lines")
    parser.add_argument("--index", type=Path, metavar="DIR", help="索引文件夹；默认取 YIJU_INDEX，再取 data/index")
    parser.add_argument("--split", metavar="NAME", help="只用这一半问题：dev 或 test")
    parser.add_argument(
        "--answers",
        type=Path,
        metavar="FILE",
        help="给已有的答案打分（yiju-ask --batch 的输出）；同时给 --index 才核对引文",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="把报告存成 JSON，可作以后的基线")
    parser.add_argument("--html", type=Path, metavar="FILE", help="把报告存成一个 HTML 页面")
    parser.add_argument("--baseline", type=Path, metavar="FILE", help="与存下的报告相比，有指标显著变差则以 1 退出")
    return parser.parse_args(argv)


def _run(arguments: argparse.Namespace, opener: Opener) -> int:
    dataset = load_dataset(arguments.dataset, arguments.split)
    # Before the work, so that a baseline that does not fit costs no time.
    baseline = load_baseline(arguments.baseline, dataset) if arguments.baseline else None
    report = _report(arguments, dataset, opener)
    print(report_text(report))
    _save(report, arguments.json, arguments.html)
    if baseline is None:
        return DONE
    found = regressions(baseline, report)
    print("\n" + regression_text(found))
    return GATE_FAILED if found else DONE


def _report(arguments: argparse.Namespace, dataset: Dataset, opener: Opener) -> ReportJson:
    settings = Settings.from_environment(index=arguments.index)
    if arguments.answers is None:
        answerer = opener(settings)
        outcomes = list(_with_progress(ask_all(answerer, dataset.queries), len(dataset.queries)))
        return make_report(dataset, outcomes, _texts(answerer), _index_json(settings.index))
    outcomes = read_outcomes(arguments.answers, dataset.queries)
    if arguments.index is None:
        return make_report(dataset, outcomes)
    return make_report(dataset, outcomes, _texts(opener(settings)), _index_json(settings.index))


def _texts(answerer: Answerer) -> TextOf:
    def text_of(document_id: str) -> str | None:
        document = answerer.document(document_id)
        return document.text if document else None

    return text_of


def _index_json(folder: Path) -> IndexJson | None:
    """What the index says of itself; None for an assistant that keeps no index there."""
    try:
        manifest = read_manifest(folder)
    except YijuError:
        return None
    return {
        "path": str(folder),
        "encoder": manifest.encoder,
        "revision": manifest.revision,
        "documents": manifest.documents,
        "passages": manifest.passages,
        "created_with": manifest.created_with,
    }


def _with_progress(outcomes: Iterable[Outcome], total: int) -> Iterator[Outcome]:
    """Pass outcomes on; on a terminal, say how far it has come."""
    shown = sys.stderr.isatty()
    for done, outcome in enumerate(outcomes, start=1):
        if shown:
            print(f"\r评测 {done}/{total}", end="" if done < total else "\n", file=sys.stderr, flush=True)
        yield outcome


def _save(report: ReportJson, json_path: Path | None, html_path: Path | None) -> None:
    # A lone surrogate, which JSON can smuggle into a question, is written as its escape: still valid JSON.
    if json_path is not None:
        text = json.dumps(report, ensure_ascii=False, indent=1) + "\n"
        json_path.write_text(text, encoding="utf-8", errors="backslashreplace")
    if html_path is not None:
        html_path.write_text(report_page(report), encoding="utf-8", errors="backslashreplace")


def _say(status: int, message: str) -> int:
    """One line on stderr, whatever the message holds."""
    print(printable(f"yiju-eval：{' '.join(message.split())}"), file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
