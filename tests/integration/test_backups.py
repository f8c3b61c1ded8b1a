"""An index as one file, and back: whole or not at all, and nothing in the file leads out of the folder."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from index.__main__ import main
from index.errors import IndexBusy, IndexCorrupt, IndexNotFound, IndexStoreError
from index.store import storage
from index.store.backups import backup, restore
from index.store.passage_index import PassageIndex
from tests.support.folders import build, names_in, only_whole_files, overwrite


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A saved index of two documents."""
    build("alpha", "beta").save(tmp_path / "index")
    return tmp_path / "index"


@pytest.fixture
def saved(folder: Path, tmp_path: Path) -> Path:
    """Its backup."""
    backup(folder, tmp_path / "saved.tar")
    return tmp_path / "saved.tar"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != storage.LOCK}


def members(file: Path) -> list[tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(file) as archive:
        return [(entry, archive.extractfile(entry).read()) for entry in archive]  # type: ignore[union-attr]


def written(file: Path, entries: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    with tarfile.open(file, "w") as archive:
        for entry, content in entries:
            archive.addfile(entry, io.BytesIO(content) if entry.isreg() else None)
    return file


def test_what_comes_back_is_what_was_saved_to_the_byte(folder: Path, saved: Path, tmp_path: Path) -> None:
    restore(saved, tmp_path / "new")
    assert contents(tmp_path / "new") == contents(folder)
    assert only_whole_files(tmp_path / "new")


def test_equal_indexes_make_equal_files(folder: Path, saved: Path, tmp_path: Path) -> None:
    backup(folder, tmp_path / "again.tar")
    assert (tmp_path / "again.tar").read_bytes() == saved.read_bytes()


def test_the_file_holds_the_manifest_and_what_it_names(folder: Path, saved: Path) -> None:
    assert [entry.name for entry, _ in members(saved)] == [
        "manifest.json",
        *(file.name for file in storage.read_manifest(folder).files.values()),
    ]


def test_a_restored_index_takes_the_place_of_another_and_of_a_damaged_one(folder: Path, saved: Path) -> None:
    build("gamma").save(folder)
    restore(saved, folder)
    assert names_in(folder) == ["alpha", "beta"]
    assert only_whole_files(folder)
    for path in folder.iterdir():
        overwrite(path, path.read_bytes()[:20])
    restore(saved, folder)
    assert names_in(folder) == ["alpha", "beta"]
    assert storage.damaged_files(folder) == []


def test_a_damaged_index_is_not_saved_and_the_last_backup_stays(folder: Path, saved: Path) -> None:
    before = saved.read_bytes()
    path = max(folder.iterdir(), key=lambda path: path.stat().st_size)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    overwrite(path, bytes(content))
    with pytest.raises(IndexCorrupt, match=path.name):
        backup(folder, saved)
    assert saved.read_bytes() == before
    assert sorted(path.name for path in saved.parent.iterdir()) == ["index", "saved.tar"]


def test_a_writer_that_comes_between_does_not_spoil_a_backup(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = storage.check_file, iter(range(99))

    def check_file(*args: object, **options: object) -> Path:
        if next(calls) == 1:
            build("gamma").save(folder)
        return real(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(storage, "check_file", check_file)
    backup(folder, tmp_path / "saved.tar")
    monkeypatch.undo()
    restore(tmp_path / "saved.tar", tmp_path / "new")
    assert names_in(tmp_path / "new") == ["gamma"]


def test_there_must_be_something_to_save(tmp_path: Path) -> None:
    with pytest.raises(IndexNotFound, match="没有找到索引"):
        backup(tmp_path / "nothing", tmp_path / "saved.tar")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_backup_is_named_and_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(IndexStoreError, match=r"无法读取备份 .*nothing\.tar"):
        restore(tmp_path / "nothing.tar", tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_being_written_is_left_alone(folder: Path, saved: Path) -> None:
    with storage.write_lock(folder), pytest.raises(IndexBusy):
        restore(saved, folder)


def test_nothing_is_restored_over_what_is_no_index(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    with pytest.raises(IndexStoreError, match="已有别的内容"):
        restore(saved, tmp_path / "mine")


# A file that nobody vouches for


def renamed(name: str) -> Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]:
    def change(entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        entries[1][0].name = name

    return change


def typed(kind: bytes, target: str = "/etc/passwd") -> Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]:
    def change(entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        entries[1][0].type, entries[1][0].linkname = kind, target

    return change


def unmanifested(entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    entries.append((tarfile.TarInfo("../evil"), b""))


def doubled(entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    entries.append(entries[1])


def reordered(entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    entries.append(entries.pop(0))


def shortened(entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    entries.pop()


def leading_out(entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    """The manifest itself names a file outside."""
    content = entries[0][1].replace(entries[1][0].name.encode(), b"../../../etc/passwd")
    entry = tarfile.TarInfo("manifest.json")
    entry.size = len(content)
    entries[0] = (entry, content)


def altered(entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    entry, content = entries[-1]
    entries[-1] = (entry, content[:-1] + bytes([content[-1] ^ 1]))


@pytest.mark.parametrize(
    "change",
    [
        renamed("../outside"), renamed("/tmp/outside"), renamed("a/b"), renamed(".lock"), renamed("manifest.json"),
        typed(tarfile.SYMTYPE), typed(tarfile.LNKTYPE), typed(tarfile.CHRTYPE), typed(tarfile.FIFOTYPE),
        typed(tarfile.DIRTYPE), unmanifested, doubled, reordered, shortened, leading_out, altered,
        lambda entries: entries.clear(),
    ],
)  # fmt: skip
def test_a_forged_backup_changes_nothing_anywhere(
    folder: Path, saved: Path, tmp_path: Path, change: Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]
) -> None:
    build("gamma").save(tmp_path / "target")
    before = contents(tmp_path / "target")
    entries = members(saved)
    change(entries)
    written(saved, entries)
    with pytest.raises(IndexStoreError, match=r"不是完好的备份.*索引没有改动"):
        restore(saved, tmp_path / "target")
    assert contents(tmp_path / "target") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index", "saved.tar", "target"]


def test_every_byte_that_is_altered_in_the_data_is_found(saved: Path, tmp_path: Path) -> None:
    content = saved.read_bytes()
    with tarfile.open(saved) as archive:
        places = [entry.offset_data + entry.size // 3 for entry in archive if entry.size]
    for place in places:
        saved.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        with pytest.raises(IndexStoreError):
            restore(saved, tmp_path / "new")
        assert not (tmp_path / "new").exists()


def test_a_backup_cut_anywhere_is_refused(saved: Path, tmp_path: Path) -> None:
    content = saved.read_bytes()
    for end in range(0, len(content) - 10_240, len(content) // 25):
        saved.write_bytes(content[:end])
        with pytest.raises(IndexStoreError):
            restore(saved, tmp_path / "new")
        assert not (tmp_path / "new").exists()


# As commands


def test_the_commands_say_what_they_did(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backup", str(folder), str(tmp_path / "saved.tar")]) == 0
    assert capsys.readouterr().out.startswith(f"已备份到 {tmp_path / 'saved.tar'}：2 份文档，")
    assert main(["restore", str(tmp_path / "saved.tar"), str(tmp_path / "new")]) == 0
    assert capsys.readouterr().out.startswith(f"已恢复索引 {tmp_path / 'new'}：2 份文档，")
    assert main(["restore", str(folder / "manifest.json"), str(tmp_path / "other")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("yiju-index：") and said.count("\n") == 1 and "不是完好的备份" in said


def test_a_backup_of_another_format_says_so(saved: Path, tmp_path: Path) -> None:
    entries = members(saved)
    manifest = json.loads(entries[0][1]) | {"version": storage.VERSION + 1}
    content = json.dumps(manifest).encode()
    entry = tarfile.TarInfo("manifest.json")
    entry.size = len(content)
    written(saved, [(entry, content), *entries[1:]])
    with pytest.raises(IndexStoreError, match=f"格式版本是 {storage.VERSION + 1}"):
        restore(saved, tmp_path / "new")


def test_the_index_is_searched_as_before(saved: Path, folder: Path, tmp_path: Path) -> None:
    from tests.support.folders import ENCODER

    restore(saved, tmp_path / "new")
    asked = "光伏装机容量"
    found = [PassageIndex.open(where, encoder=ENCODER).search(asked, 3) for where in (folder, tmp_path / "new")]
    assert found[0] == found[1]
