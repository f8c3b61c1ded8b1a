"""LeCoQA over all national laws as a user would have it: files, one index, and what each stage of the search finds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from bench import Measurement
from bench.documents import SHARED
from bench.folders import Run, run_index
from bench.programs import ROOT
from index.errors import YijuError
from index.filters import Filter
from index.protocols import Stage
from index.records import Hit
from index.store.passage_index import PassageIndex
from index.structure.versions import Versions, Wanted

FOLDER = ROOT / "build" / "statutes"
"""What takes long is kept here: the files, their index, and what building it took."""

FIRST = 10
_GOALS = {"fused": "≥ 0.68"}
_DEPTH = 100  # passages from which the first ten different articles are taken
_ARTICLE = re.compile(r"第[〇零一二两三四五六七八九十百千]{1,8}条(?:之[一二三四五六七八九十]{1,3})?")

Article = tuple[str, str]  # law and number, in whatever version


def statutes() -> list[Measurement]:
    """Lay questions with a right article among the first ten of all laws; indexes these at first: half an hour."""
    law = SHARED / "law"
    if not law.is_dir():
        raise YijuError(f"找不到 {law}：这项测量需要仓库旁的共享数据，见 README。")
    built = _built(law)
    index = PassageIndex.open(FOLDER / "index")
    titles = {row["path"]: row["title"] for row in _rows(law / "laws.jsonl")}
    sources = {document.id: titles[document.source] for document in index.descriptions()}
    left_out = Versions(index.descriptions(), index.document).left_out(Wanted(date.today().isoformat()))
    within = Filter(documents=frozenset(sources) - left_out)
    questions = list(_questions(law))
    found = {stage: hits(questions, partial(_found, index, stage, within, sources)) for stage in get_args(Stage)}
    tuned = _tuned_on(len(questions))
    figures = [
        Measurement(
            f"right article in the first {FIRST}, {stage}", float(found[stage].mean()), goal=_GOALS.get(stage, "")
        )
        for stage in found
    ]
    figures += [
        Measurement("fused, half of the questions tuned on", float(found["fused"][tuned].mean())),
        Measurement("fused, the other half", float(found["fused"][~tuned].mean())),
    ]
    return [
        *figures,
        Measurement("questions", len(questions)),
        Measurement("passages", index.passage_count),
        Measurement("all laws indexed from nothing", built.seconds, "s"),
        Measurement("most memory", built.megabytes, "MB"),
    ]


def hits(questions: Sequence[tuple[str, set[Article]]], search: Callable[[str], list[Article]]) -> NDArray[np.bool_]:
    """Return for each question whether an article that answers it is among the first ten found."""
    return np.array([bool(wanted & set(search(question)[:FIRST])) for question, wanted in questions])


def _found(index: PassageIndex, stage: Stage, within: Filter, laws: dict[str, str], question: str) -> list[Article]:
    return articles(index.search_stage(stage, question, _DEPTH, within), laws)


def _tuned_on(count: int) -> NDArray[np.bool_]:
    """Return a half of the questions, drawn once: what is chosen by looking at results is chosen by these."""
    return np.random.default_rng(7).permutation(count) < count // 2


def articles(hits: Sequence[Hit], laws: dict[str, str]) -> list[Article]:
    """Return the articles that passages belong to, each once, in the order of the hits.

    Args:
        hits: of any passages; those outside articles are passed over.
        laws: the name of each document's law.
    """
    found: dict[Article, None] = {}
    for hit in hits:
        numbers = [match[0] for title in hit.passage.section_path if (match := _ARTICLE.match(title))]
        if numbers:
            found[laws[hit.passage.document_id], numbers[-1]] = None
    return list(found)


def _built(law: Path) -> Run:
    """Return what indexing the laws took, now or when it was last done from nothing with the files as they are."""
    took = FOLDER / "took.json"
    if not took.is_file():
        for row in _rows(law / "laws.jsonl"):
            path = FOLDER / "files" / row["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(row["text"], encoding="utf-8")
        built = run_index("build", FOLDER / "files", "-o", FOLDER / "index")
        took.write_text(json.dumps(asdict(built), ensure_ascii=False), encoding="utf-8")
    return Run(**json.loads(took.read_text("utf-8")))


def _questions(law: Path) -> Iterator[tuple[str, set[Article]]]:
    """Yield questions with the articles that answer them, in any version; those without any left out."""
    named: dict[str, Article] = {row["art_id"]: (row["law"], row["article"]) for row in _rows(law / "articles.jsonl")}
    answers = {row["doc_id"]: row.get("law_art_ids", ()) for row in _rows(law / "lecoqa_statutes.jsonl")}
    for row in _rows(law / "lecoqa_questions.jsonl"):
        wanted = {named[article] for id in row["doc_ids"] for article in answers.get(id, ())}
        if wanted:
            yield row["question"], wanted


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
