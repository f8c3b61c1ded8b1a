"""依据 Yiju for programmers: build an index, open an assistant on it, ask or search.

import yiju

yiju.build_index(["documents"], "index")
assistant = yiju.open_assistant("index")
answer = assistant.ask("光伏装机目标是多少")
print(answer.short, [citation.text for citation in answer.citations])
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from index.encoding.encoders import DEFAULT_ENCODER, load_encoder
from index.errors import DocumentError, YijuError
from index.filters import Filter
from index.loaders import find_files
from index.records import Hit
from index.sandbox import Sandbox
from index.store.passage_index import PassageIndex
from qa import bootstrap
from qa.answers import Answer, Citation
from qa.assistant import Assistant
from qa.settings import Caution, Settings

__all__ = [
    "Answer",
    "Assistant",
    "Citation",
    "Filter",
    "Hit",
    "PassageIndex",
    "YijuError",
    "__version__",
    "build_index",
    "open_assistant",
]

__version__ = version("yiju")


def open_assistant(index: str | Path, *, k: int = 10, caution: str = "normal") -> Assistant:
    """Open an index and return what answers from it.

    Args:
        index: its folder.
        k: how many passages are read.
        caution: how sure an answer must be to be given: low, normal or high.

    Raises:
        IndexStoreError: if there is no usable index.
        ModelError, MissingDependency: if its encoder does not load.
        ValueError: if there is no such caution.
    """
    return bootstrap.open_assistant(Settings(index=Path(index), k=k, caution=Caution(caution)))


def build_index(
    paths: Sequence[str | Path], output: str | Path | None = None, *, encoder: str = DEFAULT_ENCODER
) -> PassageIndex:
    """Read files and folders, index them in memory, and save the index where a folder is named.

    For many files use `yiju-index build`, which goes on where it was broken off and reports files that cannot be read;
    here the first of them is an error.

    Args:
        paths: files and folders.
        output: the folder of the index; None saves nothing.
        encoder: the default one, or the name or folder of any sentence-transformers model.

    Raises:
        DocumentError: if a file cannot be read, or there is none.
        ModelError, MissingDependency: if the encoder does not load.
        IndexStoreError: if the folder cannot be written.
    """
    documents = []
    with Sandbox() as sandbox:
        for path, source in find_files([Path(path) for path in paths]):
            for each in sandbox.load_all(path, source=source):
                if isinstance(each, DocumentError):
                    raise each
                documents.append(each)
    index = PassageIndex.build(documents, load_encoder(encoder))
    if output is not None:
        index.save(Path(output))
    return index
