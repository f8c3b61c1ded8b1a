"""Documents of three sections, and all that an index finds in them."""

from __future__ import annotations

import numpy as np

from index.records import Document, Heading
from index.store.passage_index import PassageIndex
from tests.support.fakes import HashEncoder

ENCODER = HashEncoder(dim=64)


QUERIES = ["光伏装机目标是多少", "责任单位", "第二章 风电", "nothing here", ""]


def document(name: str, body: str = "") -> Document:
    """Three sections that differ between documents in a few words only, as official documents do."""
    body = body or f"到2025年{name}光伏装机容量达到{len(name) * 10}MW。责任单位：{name}发展改革委。\n"
    text = f"{name}方案\n一、光伏\n{body * 3}二、风电\n{body}三、园区\n{body * 9}"
    starts = [text.index(title) for title in ("一、光伏", "二、风电", "三、园区")]
    headings = tuple(Heading(text[start : start + 4], 1, start, start + 4) for start in starts)
    return Document(id=f"id-{name}", title=f"{name}方案", text=text, source=f"{name}.txt", headings=headings)


def results(index: PassageIndex) -> list[list[tuple[str, bytes]]]:
    """Ids and scores to the last bit, of every stage."""
    return [
        [(hit.passage.id, np.float64(hit.score).tobytes()) for hit in index.retriever(stage).search(query, 20)]
        for stage in ("dense", "lexical", "fused")
        for query in QUERIES
    ]
