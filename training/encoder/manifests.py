"""Writes what `index.encoding.model_files` checks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from index.encoding.model_files import MANIFEST


def write_manifest(folder: Path, names: Iterable[str], **about: str) -> None:
    """Write a folder's `models.json`.

    Args:
        folder: with the files.
        names: of all of them.
        about: said beside their digests: where they are from, how they were made.
    """
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    (folder / MANIFEST).write_text(json.dumps({**about, "sha256": digests}, indent=1) + "\n", encoding="utf-8")
