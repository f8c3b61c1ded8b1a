"""The curve from a hundred passages to a million: building, opening, searching, answering, memory, and beyond.

Texts are real as far as they go (`corpus`), and so are vectors of the first of them (`vectors`). Each measurement runs
in a process of its own (`worker`); what was measured is kept in build/scale and not measured again.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TypedDict

from bench import Measurement
from bench.programs import ROOT
from bench.scale import corpus
from bench.scale.vectors import Known
from eval.report.provenance import commit, program_sha256
from index.encoding.encoders import load_encoder
from index.errors import YijuError

SIZES = (100, 1000, 10_000, 64_670, 100_000, 300_000, 1_000_000)
ENCODED = 10_000
"""Documents that are really encoded by default; the passages of others get perturbed vectors of these."""
QUESTIONS = 200
ANSWERS = 30
STEPS = ("encode", "build", "search", "change", "answer")

FOLDER = ROOT / "build" / "scale"
PAGES = ROOT / "docs"

_PATIENCE_SECONDS = 3 * 3600


class Curve(TypedDict):
    """All that was measured.

    Attributes:
        machine: what on.
        program: commit and hash of what was measured.
        real: how many of the documents are real texts.
        sizes: by number of documents, what was measured.
    """

    machine: Mapping[str, str]
    program: Mapping[str, str]
    real: int
    sizes: Mapping[str, Mapping[str, float]]


def curve(sizes: Sequence[int] = SIZES, encoded: int = ENCODED) -> list[Measurement]:
    """Return building, opening, searching, answering and memory by corpus size.

    Writes docs/scaling.md, .html and .json.

    Args:
        sizes: numbers of documents, of about one passage each.
        encoded: how many documents are really encoded, before anything is measured.

    Raises:
        YijuError: if the shared data are missing, or a step fails.
    """
    from bench.scale.page import markdown, page

    measured = measure(sorted(sizes), encoded, FOLDER)
    text = json.dumps(measured, ensure_ascii=False, indent=1) + "\n"
    for name, content in (("json", text), ("md", markdown(measured)), ("html", page(measured))):
        (PAGES / f"scaling.{name}").write_text(content, encoding="utf-8")
    return figures(measured)


def measure(sizes: Sequence[int], encoded: int, folder: Path) -> Curve:
    """Measure what was not measured before.

    Args:
        sizes: ascending.
        encoded: how many documents are really encoded.
        folder: where everything is kept.
    """
    texts = folder / "corpus.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    real = corpus.write(texts, sizes[-1])
    _say(f"编码前 {encoded} 篇 ……")
    Known(folder, load_encoder()).learn(corpus.read(texts, encoded))
    found = {str(size): _measured(size, texts, folder) for size in sizes}
    program = {"commit": commit(ROOT) or "", "program_sha256": program_sha256()}
    return {"machine": machine(), "program": program, "real": real, "sizes": found}


def figures(measured: Curve) -> list[Measurement]:
    """Return what was promised, and what was found, at each size."""
    found = []
    for size, values in measured["sizes"].items():
        goals = GOALS.get(int(size), {})
        found += [Measurement(f"{size}: {name}", value, "", goals.get(name, "")) for name, value in values.items()]
    return found


GOALS: Mapping[int, Mapping[str, str]] = {
    64_670: {"build_peak_mb": "≤ 2000", "open_ms": "≤ 1000", "add_s": "≤ 1"},
    100_000: {
        "dense_p50_ms": "≤ 3",
        "fused_p50_ms": "≤ 3",
        "dense_recall": "≥ 0.98",
        "fused_recall": "≥ 0.98",
        "bound_ratio": "≤ 1.5",
        "build_peak_mb": "≤ 2000",
    },
    1_000_000: {
        "dense_p50_ms": "≤ 10",
        "fused_p50_ms": "≤ 10",
        "dense_recall": "≥ 0.98",
        "fused_recall": "≥ 0.98",
        "resident_mb": "≤ 1200",
        "answer_p50_ms": "≤ 200",
        "build_peak_mb": "≤ 2000",
    },
}
"""What was promised, by number of documents and name of the value."""


def machine() -> dict[str, str]:
    """Return what the figures were measured on."""
    about = Path("/proc/cpuinfo").read_text("utf-8", "replace") if Path("/proc/cpuinfo").is_file() else ""
    names = [line.split(":", 1)[1].strip() for line in about.splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    load = os.getloadavg()
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GB",
        "python": platform.python_version(),
        "date": date.today().isoformat(),
        "load": f"{load[0]:.1f} / {load[1]:.1f} / {load[2]:.1f}",
    }


def _measured(size: int, texts: Path, folder: Path) -> dict[str, float]:
    values: dict[str, float] = {}
    for step in STEPS:
        kept = folder / "results" / f"{size}-{step}.json"
        if not kept.is_file():
            _say(f"{size} 篇：{step} ……")
            _run(step, size, texts, folder, kept)
        values |= json.loads(kept.read_text("utf-8"))
    if {"build_s", "encode_passages_s"} <= values.keys():
        values["built_passages_s"] = 1 / (1 / values["encode_passages_s"] + values["build_s"] / values["passages"])
    return values


def _run(step: str, size: int, texts: Path, folder: Path, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    job, part = kept.with_suffix(".job"), kept.with_suffix(".part")
    asked = ANSWERS if step == "answer" else QUESTIONS
    said = {"size": size, "corpus": str(texts), "vectors": str(folder), "index": str(folder / f"index-{size}")}
    job.write_text(json.dumps({**said, "questions": asked}), encoding="utf-8")
    command = [sys.executable, "-m", "bench.scale.worker", step, str(job), str(part)]
    try:
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=_PATIENCE_SECONDS)
    except subprocess.CalledProcessError as error:
        raise YijuError(f"{step}（{size} 篇）以 {error.returncode} 退出：{error.stderr.strip()[-800:]}") from None
    except subprocess.TimeoutExpired:
        raise YijuError(f"{step}（{size} 篇）超过 {_PATIENCE_SECONDS} 秒没有结束") from None
    job.unlink()
    part.replace(kept)


def _say(message: str) -> None:
    print(message, file=sys.stderr)
