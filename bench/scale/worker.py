"""`python -m bench.scale.worker STEP JOB RESULT`: one measurement at one size, in a process of its own."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TypedDict, TypeVar

import numpy as np

from bench.documents import SHARED
from bench.scale import corpus
from bench.scale.vectors import Known, Perturbing
from index.arrays import open_npy
from index.encoding.encoders import load_encoder
from index.protocols import Encoder, Stage, Vectors
from index.records import Document
from index.store.folder_store import FolderStore
from index.store.named_encoder import NamedEncoder
from index.store.passage_index import PassageIndex
from index.store.storage import read_manifest

Values = dict[str, float]
T = TypeVar("T")

_BATCH = 2000  # documents read and encoded together, as `yiju-index build` does with about as much text
_CALIBRATION = 256  # texts encoded to tell how fast that is
_TRIALS = 40  # questions that recall is measured by, and of exact searches
_BLOCK = 1 << 18  # floats read at once to measure memory: a megabyte


class Job(TypedDict):
    """What a step needs.

    Attributes:
        size: documents.
        corpus: file with at least as many.
        vectors: folder of known vectors.
        index: folder of the index.
        questions: how many are asked.
    """

    size: int
    corpus: str
    vectors: str
    index: str
    questions: int


def encode(job: Job) -> Values:
    """Return how fast the encoder is on these texts; what questions are encoded to is kept for the search."""
    encoder = load_encoder()
    QuestionCost(encoder, questions(job["questions"]), Path(job["vectors"]))
    documents = list(corpus.read(Path(job["corpus"]), min(job["size"], _CALIBRATION)))
    texts = [f"{document.title}\n{document.text}" for document in documents]
    encoder.encode_passages(texts[:8])
    seconds, _ = _timed(lambda: encoder.encode_passages(texts))
    return {"encode_passages_s": len(texts) / seconds, "encode_characters_s": sum(map(len, texts)) / seconds}


def build(job: Job) -> Values:
    """Return a build with vectors that are there already: all that is not encoding, with the encoder in memory."""
    encoder = load_encoder()
    known, folder = Known(Path(job["vectors"]), encoder), Path(job["index"])
    perturbing = Perturbing(known, encoder)
    began, processor = time.perf_counter(), time.process_time()
    with FolderStore(folder).building(encoder.name, lambda name: perturbing, job=f"{len(known)}") as builder:
        documents = iter(corpus.read(Path(job["corpus"]), job["size"]))
        held = {each.source for each in builder.descriptions()} if builder.document_count else set()
        while batch := list(islice(documents, _BATCH)):
            if fresh := [each for each in batch if each.source not in held]:
                builder.add(fresh)
    manifest = read_manifest(folder)
    search = manifest.search
    return {
        "build_s": time.perf_counter() - began,
        "build_cpu_s": time.process_time() - processor,
        "build_peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "documents": manifest.documents,
        "passages": manifest.passages,
        "disk_mb": manifest.size() / 1e6,
        "segments": len(manifest.segments),
        "lists": search.lists if search else 0,
        "probes": search.probes if search else 0,
        "tuned_recall": search.found if search else 1.0,
        "known_vectors": len(known),
    }


def search(job: Job) -> Values:
    """Return opening, searching by each stage, and what dense, lexical and store hold in memory.

    No encoder is loaded.
    """
    before = resident()
    folder, asked = Path(job["index"]), questions(job["questions"])
    encoder = QuestionCost(NamedEncoder(read_manifest(folder)), asked, Path(job["vectors"]))
    opened, index = _timed(lambda: PassageIndex.open(folder, encoder=encoder))
    first, _ = _timed(lambda: index.search(asked[0], 10))
    values = {"open_ms": 1e3 * opened, "first_search_ms": 1e3 * first}
    for stage in ("dense", "lexical", "fused"):
        values |= _percentiles(stage, [_timed(lambda q=q, s=stage: index.search_stage(s, q, 10))[0] for q in asked])  # type: ignore[misc]
    values |= _resident_now(before)
    exact = index.exactly()
    return values | _recall(index, exact, asked[:_TRIALS]) | _bandwidth(index, exact, encoder, asked[:_TRIALS], folder)


def answer(job: Job) -> Values:
    """Return whole answers, one after the other, by an assistant as `yiju-ask` has it."""
    from qa.bootstrap import open_assistant
    from qa.settings import Settings

    opened, assistant = _timed(lambda: open_assistant(Settings(Path(job["index"]))))
    asked = questions(job["questions"] + 3)
    first, _ = _timed(lambda: assistant.ask(asked[0]))
    for question in asked[1:3]:
        assistant.ask(question)
    times = [_timed(lambda q=q: assistant.ask(q))[0] for q in asked[3:]]  # type: ignore[misc]
    return {
        **_percentiles("answer", times),
        "assistant_open_ms": 1e3 * opened,
        "first_answer_ms": 1e3 * first,
        "answering_mb": resident()["VmRSS"],
    }


def change(job: Job) -> Values:
    """Return adding one document to the index and taking it away again, saved each time."""
    encoder = load_encoder()
    encoder.encode_passages(["预热"])
    new = Document("zz-new", "新的规定", "第一条 光伏发电装机容量达到七十兆瓦的，由发展改革部门备案。", "zz-new.txt")
    times: list[Values] = []
    for _ in range(3):
        with FolderStore(Path(job["index"])).writing(lambda name: encoder) as writer:
            added, _ = _timed(lambda w=writer: w.add([new]))  # type: ignore[misc]
            removed, _ = _timed(lambda w=writer: w.remove([new.id]))  # type: ignore[misc]
        times.append({"add_s": added, "remove_s": removed})
    return {name: float(np.median([each[name] for each in times])) for name in ("add_s", "remove_s")}


STEPS: Mapping[str, Callable[[Job], Values]] = {
    "encode": encode,
    "build": build,
    "search": search,
    "answer": answer,
    "change": change,
}


class QuestionCost:
    """An encoder that knows the vectors of some questions from a file.

    Args:
        encoder: the one it stands for; encodes the questions where there is no file yet.
        questions: which.
        folder: where their vectors are kept.
    """

    def __init__(self, encoder: Encoder, questions: Sequence[str], folder: Path) -> None:
        self.name, self.revision, self.dim = encoder.name, encoder.revision, encoder.dim
        path = folder / f"questions-{self.revision}-{len(questions)}.npy"
        if not path.is_file():
            np.save(path, encoder.encode_queries(questions), allow_pickle=False)
        self._vectors = dict(zip(questions, np.load(path, allow_pickle=False), strict=True))

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Return none are known."""
        raise NotImplementedError

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of questions that are known."""
        return np.stack([self._vectors[text] for text in texts])


def questions(count: int) -> list[str]:
    """Return real questions about laws, in an order that mixes them."""
    with (SHARED / "law" / "lecoqa_questions.jsonl").open(encoding="utf-8") as file:
        asked = list(dict.fromkeys(json.loads(line)["question"] for line in file))
    return [asked[at] for at in np.random.default_rng(corpus.SEED).permutation(len(asked))[:count]]


def _recall(index: PassageIndex, exact: PassageIndex, asked: Sequence[str]) -> Values:
    """Return the share of the ten best of an exact search that a search finds, by stage."""
    return {
        f"{stage}_recall": float(np.mean([_shared(index, exact, stage, question) for question in asked]))
        for stage in ("dense", "fused")
    }


def _shared(index: PassageIndex, exact: PassageIndex, stage: Stage, question: str) -> float:
    wanted = {hit.passage.id for hit in exact.search_stage(stage, question, 10)}
    return len(wanted & {hit.passage.id for hit in index.search_stage(stage, question, 10)}) / max(1, len(wanted))


def _bandwidth(
    index: PassageIndex, exact: PassageIndex, encoder: QuestionCost, asked: Sequence[str], folder: Path
) -> Values:
    """Return exact search beside a bare read of the same vectors from the same memory by one thread, in turns."""
    files = [segment["vectors"] for segment in read_manifest(folder).segments]
    parts = [np.asarray(open_npy(folder / file.name)).reshape(-1) for file in files]
    rounds = [
        (_timed(lambda: _read_all(parts))[0], _timed(lambda q=q: exact.search_stage("dense", q, 10))[0])  # type: ignore[misc]
        for q in asked[:10]
    ]
    read, found = (float(np.median(each)) for each in zip(*rounds, strict=True))
    size = sum(part.nbytes for part in parts)
    return {"read_ms": 1e3 * read, "exact_ms": 1e3 * found, "bound_ratio": found / read, "read_gb_s": size / read / 1e9}


def _read_all(parts: Sequence[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]) -> float:
    return sum(
        float(np.dot(part[at : at + _BLOCK], part[at : at + _BLOCK]))
        for part in parts
        for at in range(0, len(part), _BLOCK)
    )


def _percentiles(name: str, seconds: Sequence[float]) -> Values:
    return {
        f"{name}_p50_ms": 1e3 * float(np.median(seconds)),
        f"{name}_p95_ms": 1e3 * float(np.quantile(seconds, 0.95)),
    }


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    done = work()
    return time.perf_counter() - began, done


def resident() -> Values:
    """Return the megabytes of this process: all of it, what is its own, what is mapped from files."""
    lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
    said = dict(line.split(":", 1) for line in lines if ":" in line)
    return {name: int(said[name].split()[0]) / 1e3 for name in ("VmRSS", "RssAnon", "RssFile")}


def _resident_now(before: Values) -> Values:
    now = resident()
    return {
        "resident_mb": now["VmRSS"],
        "resident_own_mb": now["RssAnon"],
        "resident_mapped_mb": now["RssFile"],
        "resident_before_mb": before["VmRSS"],
    }


def main(arguments: Sequence[str]) -> int:
    """Do a step.

    Args:
        arguments: its name, the file of the job, the file for the result.
    """
    step, job, result = arguments
    values = STEPS[step](json.loads(Path(job).read_text("utf-8")))
    Path(result).write_text(json.dumps(values, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
