"""Find the intact parts of a damaged index folder, so that only the rest is built again, to the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from index.errors import IndexCorrupt
from index.manifest import Manifest, StoredFile
from index.protocols import Encoder
from index.records import Document
from index.search.dense import Codebook
from index.store import storage
from index.store.passage_index import DEFAULT_RECALL, PassageIndex, read_codebook
from index.store.segments import Segment, decoded, read_contents
from index.text import terms_fingerprint

_DERIVED = {"postings", "codes"}
"""What follows from the rest of a segment without the encoder."""


@dataclass(frozen=True, slots=True)
class Salvage:
    """What is left."""

    index: PassageIndex  # of the segments whose documents and vectors are whole
    documents: Sequence[Document]  # of those whose documents alone are


def salvage(folder: Path, manifest: Manifest, encoder: Encoder) -> Salvage:
    """Look at every file of an index, and return what is left."""
    file = manifest.shared.get("codebook")  # another is learnt where it is damaged
    codebook = read_codebook(folder / file.name) if file and _is_whole(folder, file) else None
    segments, documents = list[Segment](), list[Document]()
    for files in manifest.segments:
        damaged = {kind for kind, file in files.items() if not _is_whole(folder, file)}
        try:
            if damaged <= _DERIVED:
                segments.append(_segment(folder, files, damaged, manifest, codebook))
            elif "contents" not in damaged:
                contents = decoded(folder / files["contents"].name, partial(read_contents, check=True))
                documents += [contents.document(number) for number in range(len(contents))]
        except IndexCorrupt:
            continue  # whole by its digest, and yet it fits nothing
    recall = manifest.search.wanted if manifest.search else DEFAULT_RECALL
    index = PassageIndex(segments, encoder, codebook, recall, manifest.shared if codebook else None)
    return Salvage(index, documents)


def _segment(
    folder: Path, files: Mapping[str, StoredFile], damaged: set[str], manifest: Manifest, codebook: Codebook | None
) -> Segment:
    """Return a segment with what follows from its documents and vectors made again, where that is damaged."""
    good = {kind: file for kind, file in files.items() if kind not in damaged and (codebook or kind != "codes")}
    anew = "postings" not in good or manifest.terms != terms_fingerprint()
    coded = codebook if "codes" in good else None
    segment = Segment.opened(folder, good, manifest.dim, coded, whole=True, anew=anew)
    return segment.coded(codebook) if codebook and not coded else segment


def _is_whole(folder: Path, file: StoredFile) -> bool:
    try:
        storage.check_file(folder, file, whole=True)
    except IndexCorrupt:
        return False
    return True
