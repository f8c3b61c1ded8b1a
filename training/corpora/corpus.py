"""Documents that a question set asks about, written as text files to be indexed together.

The documents are not part of the project: they are read from the shared data and written unchanged, so that every
`evidence` of the questions occurs verbatim in a file.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

DEFAULT_DATA = Path("../shared/data")

_NOT_IN_FILE_NAMES = re.compile(r'[\x00-\x1f/\\:*?"<>|]')


class CorpusError(Exception):
    """The shared data is missing or is not what the questions were written from."""


@dataclass(frozen=True)
class Document:
    """One document as it is written.

    Attributes:
        title: what the questions call it in `document`.
        text: the text as the shared data has it.
        split: the half of the questions that asks about it.
    """

    title: str
    text: str
    split: str

    @property
    def file_name(self) -> str:
        """Return the title as a file name, with the characters that some file system forbids left out."""
        return _NOT_IN_FILE_NAMES.sub("", self.title).strip() + ".txt"


def rows(path: Path) -> Iterator[dict[str, object]]:
    """Yield the objects of a JSON-lines file of the shared data.

    Raises:
        CorpusError: if it cannot be read.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except OSError as error:
        raise CorpusError(f"读不了 {path}（{error.strerror}）；用 --data 指明数据所在的文件夹") from error


def write(documents: Sequence[Document], folder: Path) -> list[Path]:
    """Write every document as UTF-8 text, unchanged, and return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for document in documents:
        path = folder / document.file_name
        path.write_text(document.text, encoding="utf-8", newline="")
        paths.append(path)
    return paths


def run(
    module: str,
    questions: str,
    load: Callable[[Path], Sequence[Document]],
    arguments: Sequence[str] | None,
) -> int:
    """Return the command of a question set: write its documents.

    Args:
        module: that is run, for the help.
        questions: file name of the question set.
        load: reads the documents from the shared data folder.
        arguments: those of the command line; None takes them from the process.

    Returns:
        The exit status: 0 done, 2 the data is not usable.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=f"把 {questions} 所问的文件写成文本文件")
    parser.add_argument("out", metavar="OUT_DIR", type=Path, help="写到哪个文件夹")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help=f"数据文件夹（默认 {DEFAULT_DATA}）")
    options = parser.parse_args(arguments)
    try:
        paths = write(load(options.data), options.out)
    except CorpusError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"无法写入 {options.out}：{error.strerror}\n")
        return 2
    sys.stdout.write(f"已写 {len(paths)} 个文件到 {options.out}\n")
    return 0
