"""Search by wording over up to a million passages: processor time, memory, and tantivy on the same terms beside it."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bench import Measurement
from bench.scale import FOLDER, QUESTIONS, corpus
from bench.scale.worker import questions, resident
from index.arrays import open_arrays, write_arrays
from index.search.fusion import Rows
from index.search.postings import Postings
from index.search.sparse import SparseIndex
from index.text import terms

SIZES = (100_000, 1_000_000)
_SEGMENT = 31_250  # passages of a segment: an index of a million has 32
_DEPTHS = (10, 100)  # the second is what a search by meaning and wording fuses


def speed(sizes: Sequence[int] = SIZES, folder: Path = FOLDER) -> list[Measurement]:
    """Return processor time of searches by wording, asked first and again, and memory; tantivy's if it is installed."""
    asked = questions(QUESTIONS)
    return [figure for size in sizes for figure in (*_own(size, folder, asked), *_tantivy(size, folder, asked))]


def _own(size: int, folder: Path, asked: Sequence[str]) -> Iterator[Measurement]:
    before = resident()["VmRSS"]
    index = SparseIndex([Postings(open_arrays(path)) for path in _segments(size, folder)])
    goals = ("≤ 3", "≤ 20") if size >= 1_000_000 else ("", "")
    for turn in ("first", "again"):
        for k in _DEPTHS:
            yield from _percentiles(f"{size:,}, best {k}, asked {turn}", _times(partial(_best, index, k), asked), goals)
    one = partial(_best, index, 10, among=np.array([size // 2]))
    yield from _percentiles(f"{size:,}, a filter leaves one", _times(one, asked), goals)
    yield Measurement(f"{size:,}, memory", resident()["VmRSS"] - before, "MB", "≤ 1200" if goals[0] else "")


def _tantivy(size: int, folder: Path, asked: Sequence[str]) -> Iterator[Measurement]:
    try:
        tantivy: Any = importlib.import_module("tantivy")
    except ImportError:
        return
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("terms", tokenizer_name="spaces", index_option="freq")
    schema = builder.build()
    index = tantivy.Index(schema)
    spaces = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("spaces", spaces)
    writer = index.writer(512_000_000, 1)
    for document in corpus.read(_texts(size, folder), size):
        writer.add_document(tantivy.Document(terms=" ".join(terms(f"{document.title}\n{document.text}"))))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()
    made = partial(_query, tantivy, schema)
    for k in _DEPTHS:
        seconds = _times(partial(_found, searcher, made, k), asked)
        yield from _percentiles(f"{size:,}, best {k}, tantivy", seconds, ("", ""))


def _best(index: SparseIndex, k: int, question: str, among: Rows | None = None) -> object:
    return index.matching(question).best(k, among)


def _found(searcher: Any, made: Callable[[str], Any], k: int, question: str) -> object:
    return searcher.search(made(question), k, count=False)


def _query(tantivy: Any, schema: Any, question: str) -> Any:
    clauses = [tantivy.Query.term_query(schema, "terms", term, "freq") for term in dict.fromkeys(terms(question))]
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, clause) for clause in clauses])


def _segments(size: int, folder: Path) -> Iterator[Path]:
    """Yield files of postings of so many documents; made where they are missing."""
    documents = corpus.read(_texts(size, folder), size)
    (folder / "wording").mkdir(exist_ok=True)
    for first in range(0, size, _SEGMENT):
        some = islice(documents, min(_SEGMENT, size - first))
        path = folder / "wording" / f"{first}-{min(first + _SEGMENT, size)}.arrays"
        if path.is_file():
            for _ in some:
                pass
        else:
            part = path.with_suffix(".part")
            with part.open("wb") as file:
                write_arrays(Postings.of(f"{each.title}\n{each.text}" for each in some).arrays, file)
            part.replace(path)
        yield path


def _texts(size: int, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    corpus.write(folder / "corpus.jsonl", size)
    return folder / "corpus.jsonl"


def _times(search: Callable[[str], object], asked: Sequence[str]) -> list[float]:
    """Return the processor seconds of each question."""
    marks = [time.process_time(), *((search(question), time.process_time())[1] for question in asked)]
    return np.diff(marks).tolist()


def _percentiles(name: str, seconds: Sequence[float], goals: tuple[str, str]) -> Iterator[Measurement]:
    for share, goal in zip((0.5, 0.95), goals, strict=True):
        yield Measurement(f"{name}, p{100 * share:.0f}", 1e3 * float(np.quantile(seconds, share)), "ms", goal)
