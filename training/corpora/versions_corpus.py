"""The documents that `versions.jsonl` asks about: national laws, each in two versions, which differ in a few figures.

An answer can be verbatim and well cited and yet come from a version that no longer applies.

    python -m training.corpora.versions_corpus OUT_DIR [--data ../shared/data]
    yiju-index build OUT_DIR -o INDEX
    yiju-eval eval/gold/versions.jsonl --index INDEX
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from training.corpora import corpus
from training.corpora.corpus import CorpusError, Document

DEV = frozenset(
    (
        "中华人民共和国慈善法",
        "中华人民共和国反洗钱法",
        "中华人民共和国保守国家秘密法",
        "中华人民共和国行政复议法",
        "中华人民共和国监察法",
        "烈士褒扬条例",
    )
)
"""Laws of the development half."""

TEST = frozenset(
    (
        "中华人民共和国公司法",
        "中华人民共和国野生动物保护法",
        "中华人民共和国农产品质量安全法",
        "中华人民共和国妇女权益保障法",
        "中华人民共和国体育法",
        "军人抚恤优待条例",
    )
)
"""Laws of the test half."""

_FILE = "law/laws.jsonl"


def load(data: Path) -> tuple[Document, ...]:
    """Read both versions of each law from the shared data, the older first, as law is printed: with its history.

    Args:
        data: the shared data folder.

    Raises:
        CorpusError: if the file is missing or does not hold two versions of each law.
    """
    path = data / _FILE
    versions: dict[str, list[dict[str, object]]] = defaultdict(list)
    for row in corpus.rows(path):
        versions[re.sub(r"\s", "", str(row["title"]))].append(row)
    found: list[Document] = []
    for title in sorted(DEV | TEST):
        if len(versions[title]) != 2:
            raise CorpusError(f"{path} 里有 {len(versions[title])} 个版本的《{title}》，应为 2 个；请核对数据的版本")
        found += [_document(title, row) for row in sorted(versions[title], key=lambda row: str(row["date"]))]
    return tuple(found)


def _document(title: str, row: dict[str, object]) -> Document:
    told = row["history"]
    history = "\u3000".join(str(event).rstrip("）") for event in told) if isinstance(told, list) else ""
    text = f"{title}\n（{history}）\n\n{row['text']}"
    return Document(f"{title}({row['date']})", text, "dev" if title in DEV else "test")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0 done, 2 the data is not usable."""
    return corpus.run("training.corpora.versions_corpus", "versions.jsonl", load, arguments)


if __name__ == "__main__":
    sys.exit(main())
