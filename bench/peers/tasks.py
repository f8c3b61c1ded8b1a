"""The work: sets of text files with development questions about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.comprehension.datasets import load, selection
from bench.programs import DOCUMENTS, ROOT
from eval.data.datasets import load_dataset
from eval.data.published import Source, read_collection
from eval.records import Query
from training.corpora import mixed_corpus, work_reports_corpus
from training.corpora.corpus import Document, write

_GOLD = ROOT / "eval" / "gold"
_CONTEXTS = 300
"""Of DRCD, those asked about among them: as many as leave a run short on two cores."""


@dataclass(frozen=True, slots=True)
class Task:
    """One set.

    Attributes:
        name: for files.
        label: for people.
        folder: its text files, which every system reads as they are.
        queries: all development questions.
    """

    name: str
    label: str
    folder: Path
    queries: tuple[Query, ...]

    @property
    def searched(self) -> tuple[Query, ...]:
        """The questions that passages are scored for: with evidence, and understood without an earlier question."""
        return tuple(query for query in self.queries if query.evidence and not query.history)


def tasks(folder: Path, data: Path) -> list[Task]:
    """Return all sets, their files written.

    Args:
        folder: where to write files, a folder a set.
        data: the shared data.

    Raises:
        CorpusError, EvaluationError: if the shared data cannot be used.
    """
    return [
        Task("sample", "示例文件", _copied(folder / "sample"), _dev("qijiang.jsonl")),
        Task("mixed", "混合十六份", _written(folder / "mixed", mixed_corpus.load, data), _dev("mixed.jsonl")),
        Task(
            "reports",
            "31 份工作报告",
            _written(folder / "reports", work_reports_corpus.load, data),
            _dev("work_reports.jsonl"),
        ),
        _drcd(folder / "drcd", data / "mrc"),
    ]


def _dev(name: str) -> tuple[Query, ...]:
    return load_dataset(_GOLD / name, "dev").queries


def _copied(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(DOCUMENTS.glob("*.txt")):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def _written(folder: Path, load: Callable[[Path], Sequence[Document]], data: Path) -> Path:
    write(load(data), folder)
    return folder


def _drcd(folder: Path, data: Path) -> Task:
    """Return questions about articles of the development part, their contexts and distractors."""
    asked = selection(data, load(data, ("drcd_test.jsonl",), "DRCD"), "dev", None)
    collection = read_collection(data / "drcd_test.jsonl", "rows", skip=lambda _: None)
    wanted = {each.context_id for each in asked}
    documents = sorted(collection.documents, key=lambda source: source.id not in wanted)[:_CONTEXTS]
    folder.mkdir(parents=True, exist_ok=True)
    for source in documents:
        (folder / f"{source.id}.txt").write_text(_titled(source), encoding="utf-8")
    ids = {each.id for each in asked}
    queries = tuple(query for query in collection.queries if query.id in ids)
    return Task("drcd", f"DRCD {len(documents)} 段", folder, queries)


def _titled(source: Source) -> str:
    return f"{source.title}\n\n{source.text}"
