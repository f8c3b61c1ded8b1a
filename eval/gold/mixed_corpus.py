"""The documents that `mixed.jsonl` asks about, written as text files to be indexed together.

The documents themselves are not part of the project: this reads them from the shared data and copies
their text unchanged, so that every `evidence` of the questions occurs verbatim in a file.

    python -m eval.gold.mixed_corpus OUT_DIR [--data ../shared/data]
    yiju-index build OUT_DIR -o INDEX
    yiju-eval eval/gold/mixed.jsonl --index INDEX
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

DEFAULT_DATA = Path("../shared/data")

_REPORTS = "policy/work_reports.jsonl"
_POLICIES = "policy/business_climate_2023.jsonl"
_LAWS = "law/laws.jsonl"
_ENCYCLOPAEDIA = "mrc/xquad_zh_test.jsonl"

_NOT_IN_FILE_NAMES = re.compile(r'[\x00-\x1f/\\:*?"<>|]')


class CorpusError(Exception):
    """The shared data is missing or is not what the questions were written from."""


@dataclass(frozen=True)
class Source:
    """Where one document lies in the shared data.

    Attributes:
        file: path below the data folder.
        key: `doc_id` of a whole text, or `title` of an encyclopaedic text kept as several contexts.
        split: the half of the questions that asks about it.
    """

    file: str
    key: str
    split: str


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
        """The title as a file name, with the characters that some file system forbids left out."""
        return _NOT_IN_FILE_NAMES.sub("", self.title).strip() + ".txt"


SOURCES: tuple[Source, ...] = (
    Source(_REPORTS, "gwr-2025-河北省", "dev"),
    Source(_REPORTS, "gwr-2025-浙江省", "dev"),
    Source(_REPORTS, "gwr-2025-西藏", "dev"),
    Source(_POLICIES, "biz2023-0034", "dev"),  # 山西省政务数据安全管理办法
    Source(_POLICIES, "biz2023-0234", "dev"),  # 红河州“用水报装”工作实施方案
    Source(_LAWS, "law-34c6ba624b", "dev"),  # 道路交通安全违法行为记分管理办法
    Source(_LAWS, "law-2c30327f04", "dev"),  # 劳动争议调解仲裁法
    Source(_ENCYCLOPAEDIA, "Victoria_and_Albert_Museum", "dev"),
    Source(_REPORTS, "gwr-2025-河南省", "test"),
    Source(_REPORTS, "gwr-2025-陕西省", "test"),
    Source(_POLICIES, "biz2023-0005", "test"),  # 推进基本养老服务体系建设的意见
    Source(_POLICIES, "biz2023-0017", "test"),  # 完善招标投标交易担保制度的通知
    Source(_POLICIES, "biz2023-0264", "test"),  # 白银市招商引资优惠政策三十条
    Source(_LAWS, "law-bb84d1f724", "test"),  # 反家庭暴力法
    Source(_LAWS, "law-f8bed6ec49", "test"),  # 节约用水条例
    Source(_ENCYCLOPAEDIA, "Harvard_University", "test"),
)


def load(data: Path) -> tuple[Document, ...]:
    """Read the documents from the shared data, in the order of `SOURCES`.

    Args:
        data: the shared data folder.

    Raises:
        CorpusError: if a file or a document is missing.
    """
    return tuple(_document(data, source) for source in SOURCES)


def write(documents: Sequence[Document], folder: Path) -> list[Path]:
    """Write every document as UTF-8 text, unchanged, and return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for document in documents:
        path = folder / document.file_name
        path.write_text(document.text, encoding="utf-8", newline="")
        paths.append(path)
    return paths


def _document(data: Path, source: Source) -> Document:
    if source.file == _ENCYCLOPAEDIA:
        return _joined_contexts(data, source)
    for row in _rows(data / source.file):
        if row.get("doc_id") == source.key:
            return Document(str(row["title"]), str(row["text"]), source.split)
    raise CorpusError(f"{data / source.file} 里没有 doc_id 为 {source.key} 的文件")


def _joined_contexts(data: Path, source: Source) -> Document:
    contexts: dict[str, str] = {}
    for row in _rows(data / source.file):
        if row.get("title") == source.key:
            contexts.setdefault(str(row["context_id"]), str(row["context"]))
    if not contexts:
        raise CorpusError(f"{data / source.file} 里没有 title 为 {source.key} 的段落")
    return Document(source.key, "\n\n".join(contexts.values()), source.split)


def _rows(path: Path) -> Iterator[dict[str, object]]:
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except OSError as error:
        raise CorpusError(f"读不了 {path}（{error.strerror}）；用 --data 指明数据所在的文件夹") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0 done, 2 the data is not usable."""
    parser = argparse.ArgumentParser(
        prog="python -m eval.gold.mixed_corpus", description="把 mixed.jsonl 所问的文件写成文本文件"
    )
    parser.add_argument("out", metavar="OUT_DIR", type=Path, help="写到哪个文件夹")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help=f"数据文件夹（默认 {DEFAULT_DATA}）")
    options = parser.parse_args(arguments)
    try:
        paths = write(load(options.data), options.out)
    except CorpusError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"写不了 {options.out}：{error.strerror}\n")
        return 2
    sys.stdout.write(f"已写 {len(paths)} 个文件到 {options.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
