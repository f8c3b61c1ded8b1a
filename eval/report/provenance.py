"""Which program, which index, which settings: what a reader of a report needs to get the same figures again."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from eval.report.report import IndexJson, ProvenanceJson
from index.errors import YijuError
from index.locations import Location
from index.records import Document
from index.store.storage import program_version
from index.stores import store_at
from qa.settings import ModelSettings, Settings

_ROOT = Path(__file__).parents[2]
_ANSWERING = ("index", "qa")


def provenance(settings: Settings, *, expand: bool = False) -> ProvenanceJson:
    """Return the program as it stands, uncommitted changes included; `expand`: every answer was asked for at length."""
    return {
        "version": program_version(),
        "commit": commit(_ROOT),
        "program_sha256": program_sha256(),
        "settings": {**settings_told(settings), "expand": str(expand)},
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
    }


def machine() -> dict[str, str]:
    """Return what the run ran on, as far as it bears on times and, in the last bit, on vectors."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": platform.machine(),
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        "onnxruntime": version("onnxruntime"),
    }


_NO_MATTER = frozenset({"index", "model", "key", "ca_file"})
"""Settings that change no answer, or that are told elsewhere."""


def settings_told(settings: Settings) -> dict[str, str]:
    """Return every setting that can change an answer, also those that are added later; never a secret.

    Those of the language model have `model_` before their names and are absent where there is none.
    """
    told = _told(settings, "")
    return {**told, **_told(settings.model, "model_")} if settings.model else told


def _told(settings: Settings | ModelSettings, prefix: str) -> dict[str, str]:
    values = ((each.name, getattr(settings, each.name)) for each in fields(settings) if each.name not in _NO_MATTER)
    return {prefix + name: str(value) for name, value in values if value not in (None, "")}


def program_sha256(root: Path = _ROOT) -> str:
    """Hash of the source and the weights of everything that answers."""
    digest = hashlib.sha256()
    for file in sorted(each for room in _ANSWERING for each in (root / room).rglob("*") if _counts(each)):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _counts(file: Path) -> bool:
    return file.is_file() and "__pycache__" not in file.parts


def commit(folder: Path) -> str | None:
    """Return the commit that is checked out, `-dirty` behind it where tracked files differ.

    None outside a git checkout.
    """
    head = _git(folder, "rev-parse", "HEAD")
    if not head:
        return None
    return f"{head}-dirty" if _git(folder, "status", "--porcelain", "--untracked-files=no") else head


def _git(folder: Path, *arguments: str) -> str:
    """Return what git says; nothing where it is not installed or fails."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def index_json(where: Location, documents: Sequence[Document]) -> IndexJson | None:
    """Return what the index says of itself; None for an assistant that keeps no index there."""
    try:
        manifest = store_at(where).manifest()
    except YijuError:
        return None
    return {
        "path": str(where),
        "encoder": manifest.encoder,
        "revision": manifest.revision,
        "documents": manifest.documents,
        "passages": manifest.passages,
        "created_with": manifest.created_with,
        "sources": {
            document.source: hashlib.sha256(document.text.encode("utf-8", "surrogatepass")).hexdigest()
            for document in documents
        },
    }
