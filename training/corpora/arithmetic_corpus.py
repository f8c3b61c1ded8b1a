"""The documents that `arithmetic.jsonl` asks about: 31 work reports, a policy with amounts, and the sample document.

python -m training.corpora.arithmetic_corpus OUT_DIR [--data ../shared/data]
yiju-index build OUT_DIR -o INDEX
yiju-eval eval/gold/arithmetic.jsonl --index INDEX --split dev
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from training.corpora import corpus, mixed_corpus, work_reports_corpus
from training.corpora.corpus import CorpusError, Document

SAMPLE = "qijiang_green_manufacturing_2022_2025"
POLICY = "白银市招商引资优惠政策三十条"


def load(data: Path) -> tuple[Document, ...]:
    """Read the documents from the shared data.

    Args:
        data: the shared data folder.

    Raises:
        CorpusError: if a file or a document is missing.
    """
    policies = (each for each in mixed_corpus.load(data) if POLICY in each.title)
    return (*work_reports_corpus.load(data), *policies, _sample(data / "sample" / f"{SAMPLE}.txt"))


def _sample(path: Path) -> Document:
    try:
        return Document(SAMPLE, path.read_text(encoding="utf-8"), "dev")
    except OSError as error:
        raise CorpusError(f"读不了 {path}（{error.strerror}）；用 --data 指明数据所在的文件夹") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0 done, 2 the data is not usable."""
    return corpus.run("training.corpora.arithmetic_corpus", "arithmetic.jsonl", load, arguments)


if __name__ == "__main__":
    sys.exit(main())
