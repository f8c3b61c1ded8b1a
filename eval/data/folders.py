"""Folders of documents, as the commands of the evaluation take them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from eval.errors import EvaluationError
from index.errors import DocumentError
from index.loaders import find_files
from index.records import Document
from index.sandbox import Sandbox


def documents_of(paths: Sequence[Path]) -> list[Document]:
    """Return the documents in files and folders; one that cannot be read is reported on stderr and skipped.

    Raises:
        EvaluationError: if no document can be read.
        DocumentError: if a path does not exist.
    """
    found: list[Document] = []
    with Sandbox() as sandbox:
        for path, source in find_files(paths):
            for each in sandbox.load_all(path, source=source):
                if isinstance(each, DocumentError):
                    sys.stderr.write(f"略过：{each}\n")
                else:
                    found.append(each)
    if not found:
        raise EvaluationError(f"{'、'.join(map(str, paths))} 里没有可以读取的文件")
    return found
