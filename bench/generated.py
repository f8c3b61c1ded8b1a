"""Measure what a language model costs and how many false claims pass, against scripted servers."""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np

from bench import Measurement
from bench.answers import dev_questions
from bench.programs import DOCUMENTS, sample_index
from eval.generation.perturbation import FAITHFUL, FIGURES, NAMES, Claim, Kind, claims, is_usable
from eval.generation.scripted import NAME, scripted_model
from eval.records import Query
from index.records import Document, Passage
from index.structure.splitter import split
from index.text import sentence_spans
from qa.generating.checking import SentenceChecker
from qa.protocols import Expander
from qa.settings import ModelSettings, Settings

SHARED = Path(__file__).resolve().parents[2] / "shared/data"
_REWORDED = frozenset({Kind.CONVERTED, Kind.REORDERED})
"""True sentences that the network has to read, since they do not stand in the text as they are."""
QUESTIONS, SENTENCES, TEXTS, SEED = 12, 60, 10, 7


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of sentences made of one kind of text.

    Attributes:
        kind: of text.
        shown: whether each was shown, with what was done to it.
        ms: milliseconds of each check.
    """

    kind: str
    shown: list[tuple[Claim, bool]]
    ms: list[float]


def guests() -> list[Measurement]:
    """Return time until the quoted answer stands and for checking a sentence.

    False sentences shown, by kind of text.
    """
    return [*_first_snapshots(), *_checks()]


def _checks() -> Iterator[Measurement]:
    from qa.reading.span_model import load_span_model

    checker = SentenceChecker(load_span_model())
    found = [checked(kind, texts, checker) for kind, texts in _texts().items()]
    read = [ms for each in found for ms, (claim, _) in zip(each.ms, each.shown, strict=True) if claim.true]
    every = [ms for each in found for ms in each.ms]
    yield Measurement("checking a true sentence, p50", _percentile(read, 50), "ms", "≤ 60")
    yield Measurement("checking a true sentence, p95", _percentile(read, 95), "ms")
    other = [
        ms for each in found for ms, (claim, _) in zip(each.ms, each.shown, strict=True) if claim.kind in _REWORDED
    ]
    yield Measurement("checking a true sentence in other words, p50", _percentile(other, 50), "ms", "≤ 60")
    yield Measurement(f"checking any of {len(every)} sentences, p50", _percentile(every, 50), "ms", "≤ 60")
    for each in found:
        yield from shares(each)


def shares(found: Checked) -> Iterator[Measurement]:
    """Yield which share was shown of the sentences of one kind of text.

    With false figures, with false names, true ones.
    """
    for name, kinds, goal in (
        ("false figures", FIGURES, "0"),
        ("false names", NAMES, "0"),
        ("true sentences", FAITHFUL, ""),
    ):
        these = [shown for claim, shown in found.shown if claim.kind in kinds]
        yield Measurement(
            f"{found.kind}: {name} shown, of {len(these)}", float(np.mean(these)) if these else 0.0, "", goal
        )


def checked(kind: str, texts: Sequence[Document], checker: SentenceChecker) -> Checked:
    """Return the sentences of some texts, true and spoilt, each checked against its own passage."""
    told = Checked(kind, [], [])
    for passage, sentence in _sentences(texts):
        for claim in claims(sentence, passage.text):
            start = time.perf_counter()
            verdict = checker.check(f"{claim.text[:-1]}[1]。", [passage])
            told.ms.append((time.perf_counter() - start) * 1e3)
            told.shown.append((claim, verdict.problem is None))
    return told


def _sentences(texts: Sequence[Document]) -> list[tuple[Passage, str]]:
    """Return sentences with their passages, drawn at random, as many of each text as of the others."""
    generator, drawn = random.Random(SEED), list[tuple[Passage, str]]()
    for text in texts:
        pairs = [
            (passage, sentence)
            for passage in split(text)
            for span in sentence_spans(passage.text)
            if is_usable(sentence := span.slice(passage.text))
        ]
        drawn += generator.sample(pairs, min(len(pairs), SENTENCES // len(texts)))
    return drawn


def _texts() -> dict[str, list[Document]]:
    """Return the sample document; laws, policies and encyclopedia articles of the half that no rule was made by."""
    (sample,) = sorted(DOCUMENTS.glob("*.txt"))
    texts = {"sample": [Document("sample", sample.stem, sample.read_text("utf-8-sig"), sample.name)]}
    for kind, name, id, text in (
        ("laws", "law/laws.jsonl", "doc_id", "text"),
        ("policies", "policy/business_climate_2023.jsonl", "doc_id", "text"),
        ("articles", "mrc/xquad_zh_test.jsonl", "context_id", "context"),
    ):
        path = SHARED / name
        rows = map(json.loads, path.read_text("utf-8").splitlines()) if path.is_file() else ()
        held = {row[id]: row for row in rows if crc32(str(row[id]).encode()) % 2}
        drawn = random.Random(SEED).sample(sorted(held), min(len(held), TEXTS))
        if drawn:
            texts[kind] = [Document(each, held[each]["title"], held[each][text], each) for each in drawn]
    return texts


def _first_snapshots() -> Iterator[Measurement]:
    """Yield how long until what quoting gives is on the screen, whatever the language model does."""
    from qa.bootstrap import open_assistant

    with sample_index() as index, scripted_model() as writing, _silent() as silent:
        urls = {"writes": writing.url, "is silent": silent, "is away": f"http://127.0.0.1:{_closed_port()}/v1"}
        models = {told: ModelSettings(url=url, name=NAME) for told, url in urls.items()}
        asked = {told: open_assistant(Settings(index, model=model)) for told, model in models.items()}
        asked["is none"] = open_assistant(Settings(index))
        waits: dict[str, list[float]] = {told: [] for told in asked}
        # By turns, so that whatever else the machine does is shared; the first question loads what all share.
        for query in dev_questions()[: QUESTIONS + 1]:
            for told, assistant in asked.items():
                waits[told].append(_wait(assistant, query))
    for told, ms in waits.items():
        goal = "≤ 300" if told in urls else ""
        yield Measurement(f"first answer where the model {told}, p50", _percentile(ms[1:], 50), "ms", goal)
        yield Measurement(f"first answer where the model {told}, p95", _percentile(ms[1:], 95), "ms")


def _wait(assistant: Expander, query: Query) -> float:
    """Return milliseconds to the first snapshot that shows something.

    The model is asked always, and left once it stands.
    """
    start = time.perf_counter()
    snapshots = assistant.expand(query.question, query.history)
    next(each for each in snapshots if each.text or each.notice)
    return (time.perf_counter() - start) * 1e3


@contextmanager
def _silent() -> Iterator[str]:
    """Provide the address of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"


def _closed_port() -> int:
    """Return a port on which no process listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def _percentile(values: Sequence[float], percent: float) -> float:
    return float(np.percentile(values, percent))
