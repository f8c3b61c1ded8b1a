"""A hundred thousand tiny documents: what a question costs where documents are many, and not passages of each.

Documents are made by rule, with issuer, region and date; every fiftieth is a law in two versions. Vectors are those of
real texts with noise: encoding a hundred thousand would take minutes and say nothing here.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import TypeVar

import numpy as np

from bench import Measurement
from index.encoding.encoders import load_encoder
from index.filters import Filter
from index.protocols import Encoder, Vectors
from index.records import Document, Metadata
from index.store.passage_index import PassageIndex
from index.structure.splitter import split
from qa.bootstrap import open_assistant
from qa.settings import Settings

T = TypeVar("T")

DOCUMENTS = 100_000
_PAIRS = 50  # one in so many documents has an earlier version of itself
_TEXTS = 64  # real vectors, of which the others are perturbations
_NOISE = 0.3
_ASKED = 7

_PLACES = ("重庆市", "四川省", "贵州省", "云南省", "湖北省", "湖南省", "陕西省")
_FILTERS = (
    ("one region", Filter(regions=frozenset({"四川省"}))),
    ("one year", Filter(years=frozenset({2021}))),
    ("one issuer", Filter(issuers=frozenset({"云南省能源局"}))),
    ("without some documents", Filter(without=frozenset({"d0000010", "d0000011"}))),
)


def questions() -> list[Measurement]:
    """Return a question, a filter and examples over a hundred thousand tiny documents: what each costs, and opening."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "index"
        build(folder, DOCUMENTS)
        opened, assistant = timed(lambda: open_assistant(Settings(index=folder)))
        first, _ = timed(lambda: assistant.ask(_question(0)))
        later = [timed(partial(assistant.ask, _question(number)))[0] for number in range(1, _ASKED)]
        narrowed = [
            (words, timed(lambda within=within: assistant.ask(_question(9), within=within))[0])  # type: ignore[misc]
            for words, within in _FILTERS
        ]
        examples, _ = timed(assistant.examples)
    return [
        Measurement("documents", DOCUMENTS),
        Measurement("opening, models included", opened, "s"),
        Measurement("first question", first, "s"),
        Measurement(f"later questions, p50 of {len(later)}", 1000 * median(later), "ms"),
        *(Measurement(f"first question within {words}", 1000 * seconds, "ms") for words, seconds in narrowed),
        Measurement("examples", examples, "s"),
    ]


def build(folder: Path, count: int) -> None:
    """Index documents made by rule.

    Args:
        folder: for the index.
        count: how many documents.
    """
    encoder = load_encoder()
    pairs = [(document, tuple(split(document))) for document in documents(count)]
    passages = sum(len(found) for _, found in pairs)
    PassageIndex.of(pairs, _vectors(encoder, passages), encoder).save(folder)


def documents(count: int) -> Iterator[Document]:
    """Yield tiny documents by ascending id."""
    for number in range(count):
        work, year = number - number % _PAIRS % 2 if number % _PAIRS < 2 else number, 2015 + number % 10
        place = _PLACES[work % len(_PLACES)]
        title = f"{place}第{work}号登记办法" + (f"（{year}年修正）" if number % _PAIRS == 1 else "")
        text = f"{title}\n登记单位{number}的光伏装机容量为{number % 977}千瓦，责任人工号{number * 7}。\n"
        said = Metadata(issuer=f"{place}能源局", region=place, issued=f"{year}-03-01", effective=f"{year}-05-01")
        yield Document(f"d{number:07}", title, text, f"d{number:07}.txt", metadata=said)


def _vectors(encoder: Encoder, count: int) -> Vectors:
    texts = [f"登记单位{number * 31}的光伏装机容量为{number}千瓦。" for number in range(_TEXTS)]
    chance = np.random.default_rng(7)
    near = encoder.encode_passages(texts)[chance.integers(_TEXTS, size=count)]
    moved = near + chance.normal(0, _NOISE / encoder.dim**0.5, near.shape).astype(np.float32)
    vectors: Vectors = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return vectors


def _question(number: int) -> str:
    return f"登记单位{number * 101 + 3}的光伏装机容量是多少"


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Return the seconds of wall time that some work takes, and what it gives."""
    begun = time.perf_counter()
    done = work()
    return time.perf_counter() - begun, done
