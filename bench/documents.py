"""How truly documents are read: characters, articles of laws, folders taken in; on the data beside the repository."""

from __future__ import annotations

import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench import Measurement
from bench.programs import run
from eval.data.datasets import load_dataset
from index.errors import YijuError
from index.loaders import load
from index.records import Document
from index.structure.outline import outline
from index.text import fold

QUESTIONS = Path(__file__).with_name("tables.jsonl")
GOLD = Path(__file__).parents[1] / "eval/gold"
SHARED = Path(__file__).resolve().parents[2] / "shared/data"
_PAGE_NUMBER_MAX = 3  # characters of a line of digits that is a page's number
_REPEATED_MIN = 8  # characters from which a repeated piece is a header


def text() -> list[Measurement]:
    """Return the characters that reading .docx, text PDF and scans gets wrong, and scanned pages a minute."""
    ingest = _needed("ingest")
    figures = [_docx()]
    for kind, prefix, inside in (("text PDF", "pdf_", 0.005), ("scan", "scan_pdf_", 0.06)):
        outer, inner, pages, seconds = np.zeros(2), np.zeros(2), 0, 0.0
        for truth in sorted(ingest.glob("scan_*.truth.txt")):
            name = truth.name.removesuffix(".truth.txt").removeprefix("scan_pdf_")
            began = time.process_time()
            document = load(ingest / f"{prefix}{name}")
            seconds += time.process_time() - began
            pages += len(document.page_starts)
            # The truth of a scan covers its pages only, which are the first of the original.
            found = errors(truth.read_text("utf-8"), document)
            outer += found[0]
            inner += found[1]
        goal = "≤ 0.005" if kind == "text PDF" else "≤ 0.03"
        figures += [
            Measurement(f"{kind}: character errors outside tables", float(outer[0] / outer[1]), goal=goal),
            Measurement(f"{kind}: character errors in tables", float(inner[0] / inner[1]), goal=f"≤ {inside}"),
        ]
        if kind == "scan":
            figures.append(
                Measurement("scanned pages for a minute of CPU time on two cores", 120 * pages / seconds, "", "≥ 12")
            )
    return figures


def articles() -> list[Measurement]:
    """Return the articles of national laws whose number and headings are recognised correctly."""
    laws = _rows(_needed("law") / "laws.jsonl")
    by_law: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in _rows(SHARED / "law/articles.jsonl"):
        by_law[row["doc_id"]].append(row)
    total = right = path_right = 0
    began = time.perf_counter()
    for law in laws:
        document = Document(law["doc_id"], law["title"], law["text"], law["title"], outline(law["text"]))
        for row, path in _placed(document, by_law.get(law["doc_id"], [])):
            total += 1
            numbered = [title for title in path if title.startswith(row["article"])]
            right += bool(numbered)
            above = [fold(title) for title in path]
            path_right += bool(numbered) and all(fold(title) in above for title in row["path"])
    return [
        Measurement("articles with the right number", right / total, goal="≥ 0.995"),
        Measurement("articles with the right number and all headings above", path_right / total, goal="≥ 0.95"),
        Measurement("articles", total),
        Measurement("outlines of all laws", time.perf_counter() - began, "s"),
    ]


def tables() -> list[Measurement]:
    """Return sixty questions on cells of tables in PDF and Word: whether row and cell are found; halved by document."""
    from qa.bootstrap import open_assistant
    from qa.settings import Settings

    queries = load_dataset(QUESTIONS).queries
    files = [str(path) for pattern in ("docx_*", "pdf_pdfplumber*", "pdf_R*报.pdf") for path in _ingest(pattern)]
    with tempfile.TemporaryDirectory() as folder:
        run("index", "build", *files, "-o", f"{folder}/index")
        assistant = open_assistant(Settings(index=Path(folder) / "index"))
        rows, first = [], []
        cells: dict[str, list[bool]] = {"dev": [], "test": []}
        for query in queries:
            answer = assistant.ask(query.question)
            found = [hit.passage.text for hit in answer.hits]
            first.append(any(row in text for row in query.evidence for text in found[:1]))
            rows.append(any(row in text for row in query.evidence for text in found[:5]))
            told = fold(answer.short or "")
            cells[query.split or ""].append(any(fold(cell) in told for (cell,) in query.answers))
    return [
        Measurement("row found in the first passage", float(np.mean(first))),
        Measurement("row found in the first 5 passages", float(np.mean(rows))),
        Measurement("right cell in the short answer", float(np.mean(cells["dev"] + cells["test"])), goal="≥ 0.85"),
        Measurement("the same, questions tuned on", float(np.mean(cells["dev"]))),
        Measurement("the same, questions never tuned on", float(np.mean(cells["test"]))),
    ]


def cells() -> list[Measurement]:
    """Ask 150 questions on thirty tables of all formats: cells, what is missing, the largest, sums, differences."""
    from qa.bootstrap import open_assistant
    from qa.settings import Settings

    questions = [json.loads(line) for line in (GOLD / "cells.jsonl").read_text("utf-8").splitlines()]
    right: dict[tuple[str, str], list[bool]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        run("index", "build", str(GOLD / "cells"), "-o", f"{folder}/index")
        assistant = open_assistant(Settings(index=Path(folder) / "index"))
        for question in questions:
            answer = assistant.ask(question["question"])
            told = fold(f"{answer.short or ''} {answer.text.splitlines()[0]}").replace(",", "")
            found = any(all(fold(part).replace(",", "") in told for part in each) for each in question["answers"])
            right[question["split"], "cell" if question["type"] in ("cell", "missing") else "computed"].append(found)
    return [
        Measurement(
            f"{what}, {half} ({len(right[split, kind])} questions)", float(np.mean(right[split, kind])), goal=goal
        )
        for kind, what, goal in (
            ("cell", "cells right, or said to be missing", "≥ 0.95"),
            ("computed", "largest, sums and differences right", "≥ 0.9"),
        )
        for split, half in (("dev", "tables tuned on"), ("test", "tables never tuned on"))
    ]


def errors(truth: str, document: Document) -> tuple[np.ndarray, np.ndarray]:
    """Return character errors of a document's text, piece by piece of what it should hold.

    Pieces are what white space parts in the truth. Order counts inside a piece only: what is read in another order, as
    cells are, is no error. Page numbers and long pieces that the truth repeats, as headers, are left out.

    Args:
        truth: text of the pages.
        document: what was read.

    Returns:
        Wrong and all characters outside tables, and the same in tables; each of shape (2,).
    """
    text, places = _bare(document.text)
    inside = np.zeros(len(document.text) + 1, dtype=bool)
    for table in document.tables:
        inside[table.span.start : table.span.end] = True
    outer, inner = np.zeros(2), np.zeros(2)
    pieces = [piece for piece in (_bare(raw)[0] for raw in truth.split()) if piece]
    for piece in pieces:
        number = piece.isdigit() and len(piece) <= _PAGE_NUMBER_MAX
        if number or (len(piece) > _REPEATED_MIN and pieces.count(piece) > 1):
            continue
        wrong, end = _distance(piece, text)
        (inner if inside[places[max(0, end - 1)]] else outer)[:] += (wrong, len(piece))
    return outer, inner


def _bare(text: str) -> tuple[str, list[int]]:
    """Return folded text without white space and joints of tables, with the offset that each character came from."""
    kept = [(character, place) for place, raw in enumerate(text) for character in fold(raw) if character not in "|"]
    return "".join(character for character, _ in kept), [place for _, place in kept]


def _distance(line: str, text: str) -> tuple[int, int]:
    """Return the least number of edits between a line and any part of a text, and where that part ends.

    Source: P. Sellers, The theory and computation of evolutionary distances, 1980.
    """
    found = text.find(line)
    if found >= 0:
        return 0, found + len(line)
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    steps = np.arange(len(codes) + 1)
    row = np.zeros(len(codes) + 1, dtype=np.int64)
    for character in line:
        change = row[:-1] + (codes != ord(character))
        best = np.concatenate(([row[0] + 1], np.minimum(row[1:] + 1, change)))
        row = np.minimum.accumulate(best - steps) + steps
    end = int(row.argmin())
    return min(len(line), int(row[end])), end


def _docx() -> Measurement:
    """Return reports in .docx against the same reports as text from another source."""
    reference = {row["title"]: row["text"] for row in _rows(_needed("policy") / "work_reports.jsonl")}
    total = np.zeros(2)
    for path in sorted((SHARED / "policy/work_reports_docx").glob("*.docx")):
        if path.stem in reference:
            outer, inner = errors(reference[path.stem], load(path))
            total += outer + inner
    return Measurement(".docx: character errors", float(total[0] / total[1]), goal="≤ 0.005")


def _placed(document: Document, rows: Sequence[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """Yield the articles of a law with the path that the outline gives the place where each stands."""
    position = 0
    for row in rows:
        first = row["text"].strip().split("\n")[0][:60]
        found = document.text.find(first, position)
        if first and found >= 0:
            position = found + 1
            yield row, document.section_path(found)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _ingest(pattern: str) -> list[Path]:
    return sorted(_needed("ingest").glob(pattern))


def _needed(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        raise YijuError(f"找不到 {folder}：这项测量需要仓库旁的共享数据，见 README。")
    return folder
