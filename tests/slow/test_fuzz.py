"""What fuzzing found, and what it started from, given to the loaders and the reader of index folders again."""

from __future__ import annotations

import io
import random
import zipfile

import pytest
from PIL import Image

from index.errors import DocumentUnreadable
from index.loaders import load, ocr
from tests.fuzz.mutation import mutate
from tests.fuzz.targets import CORPUS, TARGETS, blank, seeds
from tests.support.files import zipped

FOUND = sorted(path for path in CORPUS.glob("*/*"))


@pytest.fixture(autouse=True)
def no_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "sheet", blank)


@pytest.mark.filterwarnings("ignore")  # libraries warn of what is wrong with a file, as they may
@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_is_read_or_refused(path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("target", TARGETS)
def test_what_fuzzing_starts_from_is_read_and_so_are_a_few_steps_from_there(target: str) -> None:
    def plainly(data: bytes, most: int) -> bytes:
        changed = bytearray(data or b"x")
        for _ in range(chance.randint(1, 8)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        return bytes(changed[:most])

    chance = random.Random(20232)
    for data in seeds(target):
        if len(data) > 50_000:
            continue
        for step in range(12):
            TARGETS[target](data)
            data = mutate(data, 100_000, step, plainly)


def test_mutation_changes_what_is_inside_an_archive_and_leaves_it_one() -> None:
    data = zipped({"a.xml": "<a><b c='1'>d</b><e/></a>"})
    for seed in range(30):
        changed = mutate(data, 10_000, seed, lambda given, most: b"not XML")
        if changed != b"not XML":
            with zipfile.ZipFile(io.BytesIO(changed)) as archive:
                assert archive.namelist() == ["a.xml"]


def test_a_page_of_closing_tags_has_no_text(tmp_path) -> None:
    (tmp_path / "页.html").write_text("<!doctype html></body></html>")
    with pytest.raises(DocumentUnreadable, match="没有可见文字"):
        load(tmp_path / "页.html")


def test_a_picture_smaller_than_any_rule_has_no_text(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rapidocr")
    monkeypatch.undo()
    Image.new("RGB", (40, 30), "white").save(tmp_path / "图.png")
    with pytest.raises(DocumentUnreadable, match="没有可见文字"):
        load(tmp_path / "图.png")
