"""Index folders of documents that are known by name."""

from __future__ import annotations

from pathlib import Path

from index.records import Document
from index.store import storage
from index.store.passage_index import PassageIndex
from tests.support.fakes import HashEncoder

ENCODER = HashEncoder()


PARAGRAPH = "到2025年，光伏发电计划装机容量70MW，责任单位：区发展改革委、区经济信息委。\n"


def document(name: str, length: int = 30) -> Document:
    text = f"{name}方案\n" + "".join(f"第{i}项。{PARAGRAPH}" for i in range(length))
    return Document(id=name, title=f"{name}方案", text=text, source=f"{name}.txt")


def build(*names: str) -> PassageIndex:
    return PassageIndex.build([document(name) for name in names], ENCODER)


def open_index(folder: Path) -> PassageIndex:
    return PassageIndex.open(folder, encoder=ENCODER)


def names_in(folder: Path) -> list[str]:
    return [found.id for found in open_index(folder).documents()]


def overwrite(path: Path, content: bytes) -> None:
    """Write into a file where it lies, as nobody should: those of an index are read only."""
    path.chmod(0o644)
    path.write_bytes(content)


def only_whole_files(folder: Path) -> bool:
    kept = {file.name for file in storage.read_manifest(folder).files.values()} | {"manifest.json", ".lock"}
    return {path.name for path in folder.iterdir()} == kept
