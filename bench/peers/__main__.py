"""`python -m bench.peers`: measure all systems on all tasks, write `docs/peers.md` and `docs/peers.html`.

Needs the package index once, for the environments; takes about half an hour on two cores. What was measured before is
remembered in `build/peers` as long as nothing that it depends on has changed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.peers import SYSTEMS
from bench.peers.environments import Environment, prepare
from bench.peers.measuring import answer, search
from bench.peers.page import TaskResult, markdown, page
from bench.peers.tasks import Task, tasks
from bench.programs import ROOT
from index.errors import YijuError
from training.corpora.corpus import DEFAULT_DATA, CorpusError

FOLDER = ROOT / "build" / "peers"
COMMAND = "make bench-peers"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit status: 0 done, 2 something could not be installed, read or run."""
    options = _parser().parse_args(arguments)
    try:
        results, environments = _measured(options.data, options.sets)
    except (YijuError, CorpusError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    (options.out / "peers.md").write_text(markdown(results, environments, COMMAND), "utf-8")
    (options.out / "peers.html").write_text(page(results, environments, COMMAND), "utf-8")
    return 0


def _measured(data: Path, sets: Sequence[str]) -> tuple[list[TaskResult], dict[str, Environment]]:
    environments = {}
    for system in SYSTEMS:
        if system.environment not in environments:
            sys.stderr.write(f"环境 {system.environment} ……\n")
            environments[system.environment] = prepare(system.environment, FOLDER / "environments")
    wanted = [task for task in tasks(FOLDER / "files", data) if not sets or task.name in sets]
    if not wanted:
        raise YijuError(f"没有 {'、'.join(sets)} 这样的题目；有：sample、mixed、reports、drcd")
    return [_result(task, environments) for task in wanted], environments


def _result(task: Task, environments: dict[str, Environment]) -> TaskResult:
    measured = []
    for system in SYSTEMS:
        sys.stderr.write(f"{task.name}：{system.name} ……\n")
        measured.append(search(system, task, environments[system.environment], FOLDER / "results"))
    sys.stderr.write(f"{task.name}：作答 ……\n")
    return TaskResult(task, tuple(measured), *answer(task, environments["yiju"], FOLDER / "results"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.peers",
        description="同样的文件、题目和编码器，与 LangChain、LlamaIndex、Haystack、txtai 相比",
    )
    parser.add_argument("sets", nargs="*", metavar="SET", help="只测这几组：sample、mixed、reports、drcd；默认全部")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help=f"数据文件夹（默认 {DEFAULT_DATA}）")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", metavar="FOLDER", help="页面写到哪里（默认 docs）")
    return parser


if __name__ == "__main__":
    sys.exit(main())
