"""Indexes written before there were segments: JSON lines, one matrix. Read into memory, never written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from index import codec
from index.arrays import map_npy
from index.manifest import Manifest
from index.protocols import Vectors
from index.records import Document, Passage, Span
from index.search.dense import check_vectors
from index.store import storage
from index.store.contents import Pairs
from index.store.segments import Segment, decoded


def read_segment(folder: Path, manifest: Manifest) -> Segment:
    """All of an index, checked; terms are counted anew.

    Raises:
        IndexCorrupt: if a file is missing or altered, or does not fit the others.
    """
    (files,) = manifest.segments
    paths = {kind: storage.check_file(folder, file, whole=True) for kind, file in files.items()}
    documents = decoded(paths["documents"], _documents)
    pairs = decoded(paths["passages"], lambda path: _pairs(path, documents))
    size = sum(len(passages) for _, passages in pairs)
    if (len(documents), size) != (manifest.documents, manifest.passages):
        raise storage.corrupt(folder / storage.MANIFEST, "清单中的数量与内容不符")
    return Segment.build(pairs, decoded(paths["vectors"], lambda path: _vectors(path, (size, manifest.dim))))


def _lines(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        for line in file:
            yield codec.unpacked(line)


def _documents(path: Path) -> Mapping[str, Document]:
    documents = [codec.document_of(row) for row in _lines(path)]
    if any(one.id >= other.id for one, other in pairwise(documents)):
        raise ValueError("文档未按编号排列，或编号重复")
    return {document.id: document for document in documents}


def _pairs(path: Path, documents: Mapping[str, Document]) -> Pairs:
    passages = [_passage(row, documents) for row in _lines(path)]
    if any((one.document_id, one.span) >= (other.document_id, other.span) for one, other in pairwise(passages)):
        raise ValueError("片段重复或次序不对")
    found = {id: tuple(group) for id, group in groupby(passages, key=lambda passage: passage.document_id)}
    return [(document, found.get(id, ())) for id, document in documents.items()]


def _passage(row: Any, documents: Mapping[str, Document]) -> Passage:
    if not isinstance(row, list) or len(row) != 6 or row[0] not in documents:
        raise ValueError(f"片段不合规：{str(row)[:60]}")
    identifier, start, end, path, page, labels = row
    document = documents[identifier]
    if not (type(start) is type(end) is int and 0 <= start < end <= len(document.text)):
        raise ValueError(f"片段的位置不对：{start}–{end}")
    if page != document.page(start):
        raise ValueError(f"片段的页码不对：{page}")
    section_path, names = codec.path_from([path, labels])
    span = Span(start, end)
    return Passage(document.id, document.title, span.slice(document.text), span, section_path, page, names)


def _vectors(path: Path, shape: tuple[int, int]) -> Vectors:
    vectors: Vectors = map_npy(path)
    if vectors.shape != shape:
        raise ValueError(f"应为 {shape}，实为 {vectors.shape}")
    check_vectors(vectors)
    return vectors
