"""Runs systems on tasks, each in a process of its own, and scores what they found. What was measured is kept."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from bench.peers import System
from bench.peers.answering import Answered
from bench.peers.environments import Environment
from bench.peers.tasks import Task
from bench.peers.worker import Finding
from bench.programs import ROOT
from eval.metrics.answer_metrics import normalise, score
from eval.records import Query
from eval.report.provenance import program_sha256
from index.errors import YijuError

K, DEPTH, BUDGET = 10, 5, 2000
"""Passages fetched, passages that recall looks at, characters that one might read instead."""

MEASURES = ("recall", "rr", "within")
"""Evidence in the first `DEPTH` passages, 1 / its rank in the first `K`, evidence in the first `BUDGET` characters."""

_PATIENCE_SECONDS = 3 * 3600


@dataclass(frozen=True, slots=True)
class Measured:
    """One system on one task.

    Attributes:
        system: which.
        finding: what it found and what that took.
        scores: question id → measure → value.
        characters: mean of what the first `DEPTH` passages hold.
    """

    system: System
    finding: Finding
    scores: dict[str, dict[str, float]]
    characters: float

    def mean(self, measure: str) -> float:
        """Return the average over all questions."""
        return float(np.mean([each[measure] for each in self.scores.values()]))


def search(system: System, task: Task, environment: Environment, kept: Path) -> Measured:
    """Return what a system finds for every question of a task, measured now or remembered.

    Raises:
        YijuError: if the system fails; says what it said.
    """
    job = {"folder": str(task.folder), "questions": [query.question for query in task.searched], "k": K}
    sources = ("worker.py", f"{system.environment.replace('-', '_')}_peer.py")
    versions = [environment.versions, *(Path(__file__).with_name(name).read_text("utf-8") for name in sources)]
    own = [program_sha256()] if system.name == "yiju" else []
    module = ["bench.peers.worker", system.name]
    finding = cast(Finding, _done(f"{system.name}-{task.name}", module, job, environment, kept, [*versions, *own]))
    passages = dict(zip((query.id for query in task.searched), finding["passages"], strict=True))
    scores = {query.id: scores_of(query, passages[query.id]) for query in task.searched}
    handed = [sum(len(text) for text in texts[:DEPTH]) for texts in passages.values()]
    return Measured(system, finding, scores, float(np.mean(handed)))


def scores_of(query: Query, passages: Sequence[str]) -> dict[str, float]:
    """Return the measures of one question.

    Args:
        query: with evidence.
        passages: texts, best first.
    """
    evidence = [normalise(text) for text in query.evidence]
    held = [any(each in normalise(text) for each in evidence) for text in passages]
    rank = held.index(True) + 1 if True in held else 0
    return {
        "recall": float(0 < rank <= DEPTH),
        "rr": 1 / rank if 0 < rank <= K else 0.0,
        "within": float(any(each in normalise(text) for text in _read(passages) for each in evidence)),
    }


def _read(passages: Sequence[str]) -> list[str]:
    """Return what fits into the budget, the last passage cut off."""
    left, read = BUDGET, []
    for text in passages:
        read.append(text[:left])
        left -= len(read[-1])
    return read


def answer(task: Task, environment: Environment, kept: Path) -> tuple[dict[str, float], Answered]:
    """Return the product's mean scores on all questions of a task, and what it took.

    Raises:
        YijuError: if it fails.
    """
    questions = [{"question": query.question, "history": list(query.history)} for query in task.queries]
    job = {"folder": str(task.folder), "questions": questions}
    module = ["bench.peers.answering"]
    answered = cast(Answered, _done(f"answers-{task.name}", module, job, environment, kept, [program_sha256()]))
    scored = [score(query, given) for query, given in zip(task.queries, answered["answers"], strict=True)]
    return _means(scored), answered


def _means(scored: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for each in scored for name in each)
    return {name: float(np.mean([each[name] for each in scored if name in each])) for name in names}


def _done(
    name: str,
    module: Sequence[str],
    job: Mapping[str, object],
    environment: Environment,
    kept: Path,
    versions: Sequence[str],
) -> object:
    """Return the result of a job: read, where the same was done before, or done now in a process of its own."""
    # Where files lie does not matter, what they hold does.
    files = sorted(Path(str(job["folder"])).iterdir())
    asked_for = json.dumps({**job, "folder": ""}, ensure_ascii=False)
    digest = hashlib.sha256("\0".join([asked_for, *module, *versions]).encode())
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    result = kept / f"{name}-{digest.hexdigest()[:16]}.json"
    if not result.is_file():
        kept.mkdir(parents=True, exist_ok=True)
        asked, part = result.with_suffix(".job"), result.with_suffix(".part")
        asked.write_text(json.dumps(job, ensure_ascii=False), "utf-8")
        _run([str(environment.python), "-m", *module, str(asked), str(part)])
        asked.unlink()
        part.replace(result)
    return json.loads(result.read_text("utf-8"))


def _run(command: Sequence[str]) -> None:
    try:
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=_PATIENCE_SECONDS)
    except subprocess.CalledProcessError as error:
        raise YijuError(f"{' '.join(command)} 以 {error.returncode} 退出：{error.stderr.strip()[-800:]}") from None
    except subprocess.TimeoutExpired:
        raise YijuError(f"{' '.join(command)} 超过 {_PATIENCE_SECONDS} 秒没有结束") from None
