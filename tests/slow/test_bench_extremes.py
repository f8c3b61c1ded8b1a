from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from bench import extremes
from index.loaders import load


def test_a_book_is_a_pdf_of_as_many_pages_as_asked(tmp_path: Path) -> None:
    (tmp_path / "book.pdf").write_bytes(extremes.book(12))
    document = load(tmp_path / "book.pdf")
    assert len(document.page_starts) == 12
    assert document.page(document.text.index("Page 12: installed capacity 84 MW.")) == 12


def test_files_become_as_large_as_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extremes, "_MEGABYTES", 2)
    for name, write in extremes.HUGE.items():
        write(tmp_path / name)
    sizes = {name: (tmp_path / name).stat().st_size / 2**20 for name in extremes.HUGE}
    with zipfile.ZipFile(tmp_path / "bomb.zip") as archive:
        sizes["bomb.zip"] = archive.getinfo("inner.txt").file_size / 2**20
    assert {name: round(size) for name, size in sizes.items()} == dict.fromkeys(extremes.HUGE, 2)
