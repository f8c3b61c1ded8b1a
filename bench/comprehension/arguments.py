"""What the commands over public reading comprehension sets share: their arguments, and where results and errors go."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from index.errors import YijuError
from training.corpora.corpus import DEFAULT_DATA

Report = TypeVar("Report", bound=Mapping[str, object])


def parser(module: str, description: str) -> argparse.ArgumentParser:
    """Return the arguments of such a command: which part of the articles, where the data is, where figures go.

    Args:
        module: that is run, for the help.
        description: of the command, for people.
    """
    made = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    made.add_argument("--part", choices=("dev", "test"), default="test", help="问哪一部分文章（默认 test）")
    made.add_argument("--data", type=Path, default=DEFAULT_DATA, help=f"数据文件夹（默认 {DEFAULT_DATA}）")
    made.add_argument("--json", type=Path, metavar="FILE", help="另存为 JSON 文件")
    return made


def run(options: argparse.Namespace, measure: Callable[[], Report], text: Callable[[Report], str]) -> int:
    """Measure, print what came out and keep it where the options say.

    Args:
        options: of `parser`.
        measure: gives the report.
        text: shows it in a terminal.

    Returns:
        The exit status: 0 done, 2 an input is unusable, which one line on stderr says.
    """
    try:
        report = measure()
    except YijuError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(text(report) + "\n")
    if options.json:
        options.json.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0
