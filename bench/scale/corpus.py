"""Texts for an index of any size: real ones as far as they go, then real sentences put together anew.

A text is a document of about one passage. The first `n` are the same however many are asked for, so that sizes nest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from bench.documents import SHARED
from index.errors import YijuError
from index.loaders import document_id
from index.records import Document
from index.structure.splitter import split

SEED = 7
_SENTENCE = re.compile(r"[^。；\n]+[。；\n]*")
_SHORTEST = 40  # characters below which a piece of a report says nothing by itself


def articles() -> list[Document]:
    """Return all articles of national laws, one document each, in an order that mixes the laws.

    Raises:
        YijuError: if the shared data are not there.
    """
    path = SHARED / "law" / "articles.jsonl"
    if not path.is_file():
        raise YijuError(f"找不到 {path}：这项测量需要仓库旁的共享数据，见 README。")
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    found = [Document(row["art_id"], row["law"], f"{row['article']} {row['text']}", row["art_id"]) for row in rows]
    return _mixed(found)


def policies() -> list[Document]:
    """Return the passages of policies and work reports, one document each, in an order that mixes them."""
    found = []
    for name in ("business_climate_2023", "work_reports"):
        with (SHARED / "policy" / f"{name}.jsonl").open(encoding="utf-8") as file:
            for row in map(json.loads, file):
                pieces = split(Document(row["doc_id"], row["title"], row["text"], row["doc_id"]))
                texts = [piece.text for piece in pieces if len(piece.text) >= _SHORTEST]
                ids = [document_id(f"{row['doc_id']}-{number}") for number in range(len(texts))]
                found += [Document(id, row["title"], text, id) for id, text in zip(ids, texts, strict=True)]
    return _mixed(found)


def write(path: Path, size: int) -> int:
    """Write the first `size` documents as JSON lines, unless as many are there already.

    Returns:
        How many of them are real.
    """
    noted = path.with_suffix(".json")
    if noted.is_file() and (said := json.loads(noted.read_text("utf-8")))["size"] >= size:
        return int(said["real"])
    real = [*articles(), *policies()]
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        for document in islice(_endless(real), size):
            row = [document.id, document.title, document.text]
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    part.replace(path)
    noted.write_text(json.dumps({"size": size, "real": len(real)}), encoding="utf-8")
    return len(real)


def read(path: Path, size: int) -> Iterator[Document]:
    """Yield the first `size` documents of a file, one at a time."""
    with path.open(encoding="utf-8") as file:
        for line in islice(file, size):
            id, title, text = json.loads(line)
            yield Document(id, title, text, f"{id}.txt")


def _mixed(documents: list[Document]) -> list[Document]:
    return [documents[at] for at in np.random.default_rng(SEED).permutation(len(documents))]


def _endless(real: list[Document]) -> Iterator[Document]:
    """Yield all real documents, and then as many as are wanted of sentences of two to four of them."""
    yield from real
    chance, number = np.random.default_rng(SEED + 1), 0
    while True:
        chosen = [real[at] for at in chance.integers(0, len(real), chance.integers(2, 5))]
        sentences = [each for document in chosen for each in _SENTENCE.findall(document.text)]
        order = chance.permutation(len(sentences))[: -(-len(sentences) // len(chosen))]
        yield Document(f"mix-{number:07}", chosen[0].title, "".join(sentences[at] for at in order), f"mix-{number}")
        number += 1
