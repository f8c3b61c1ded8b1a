"""The documents that `mixed.jsonl` asks about, written as text files to be indexed together.

The documents themselves are not part of the project: this reads them from the shared data and copies
their text unchanged, so that every `evidence` of the questions occurs verbatim in a file.

    python -m training.corpora.mixed_corpus OUT_DIR [--data ../shared/data]
    yiju-index build OUT_DIR -o INDEX
    yiju-eval eval/gold/mixed.jsonl --index INDEX
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.corpora import corpus
from training.corpora.corpus import CorpusError, Document

_REPORTS = "policy/work_reports.jsonl"
_POLICIES = "policy/business_climate_2023.jsonl"
_LAWS = "law/laws.jsonl"
_ENCYCLOPAEDIA = "mrc/xquad_zh_test.jsonl"


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


def _document(data: Path, source: Source) -> Document:
    if source.file == _ENCYCLOPAEDIA:
        return _joined_contexts(data, source)
    for row in corpus.rows(data / source.file):
        if row.get("doc_id") == source.key:
            return Document(str(row["title"]), str(row["text"]), source.split)
    raise CorpusError(f"{data / source.file} 里没有 doc_id 为 {source.key} 的文件")


def _joined_contexts(data: Path, source: Source) -> Document:
    contexts: dict[str, str] = {}
    for row in corpus.rows(data / source.file):
        if row.get("title") == source.key:
            contexts.setdefault(str(row["context_id"]), str(row["context"]))
    if not contexts:
        raise CorpusError(f"{data / source.file} 里没有 title 为 {source.key} 的段落")
    return Document(source.key, "\n\n".join(contexts.values()), source.split)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0 done, 2 the data is not usable."""
    return corpus.run("training.corpora.mixed_corpus", "mixed.jsonl", load, arguments)


if __name__ == "__main__":
    sys.exit(main())
