"""The documents that `work_reports.jsonl` asks about: the work reports of 31 provinces of one year.

They are nearly alike in outline and wording and differ in their figures, so an answer can be right in every word and
come from the wrong province.

    python -m training.corpora.work_reports_corpus OUT_DIR [--data ../shared/data]
    yiju-index build OUT_DIR -o INDEX
    yiju-eval eval/gold/work_reports.jsonl --index INDEX
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from training.corpora import corpus
from training.corpora.corpus import CorpusError, Document

REPORTS = 31

DEV = frozenset(
    ("北京市", "天津市", "河北省", "山西省", "吉林省", "浙江省", "江西省", "湖南省", "广西", "云南省", "西藏", "青海省")
)
"""Provinces of the development half, those of `mixed_corpus` among them; all others are of the test half."""

_FILE = "policy/work_reports.jsonl"
_KIND = "provincial_gwr"


def load(data: Path) -> tuple[Document, ...]:
    """Read the reports from the shared data, in its order.

    Args:
        data: the shared data folder.

    Raises:
        CorpusError: if the file is missing or does not hold exactly `REPORTS` provincial reports.
    """
    path = data / _FILE
    reports = tuple(_document(row) for row in corpus.rows(path) if row["kind"] == _KIND)
    if len(reports) != REPORTS:
        raise CorpusError(f"{path} 里有 {len(reports)} 份省级政府工作报告，应为 {REPORTS} 份；请核对数据的版本")
    return reports


def _document(row: dict[str, object]) -> Document:
    return Document(str(row["title"]), str(row["text"]), "dev" if row["region"] in DEV else "test")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0 done, 2 the data is not usable."""
    return corpus.run("training.corpora.work_reports_corpus", "work_reports.jsonl", load, arguments)


if __name__ == "__main__":
    sys.exit(main())
