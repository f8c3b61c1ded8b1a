"""What goes wrong around an index folder: damage, strangers, full disks, two writers, sudden death."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import pickle
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.arrays import AnyArray, Strings, open_arrays, write_arrays
from index.errors import IndexBusy, IndexCorrupt, IndexFormatMismatch, IndexNotFound, IndexStoreError
from index.store import storage
from index.store.passage_index import PassageIndex
from tests.support.folders import ENCODER, build, document, names_in, only_whole_files, open_index, overwrite

ROOT = Path(__file__).resolve().parents[2]
KINDS = ["contents", "vectors", "postings"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A saved index of two documents."""
    build("alpha", "beta").save(tmp_path / "index")
    return tmp_path / "index"


def data_file(folder: Path, kind: str) -> Path:
    return next(folder.glob(f"{kind}-*"))


def forge(folder: Path, kind: str, content: bytes) -> None:
    """Replace a file and make the manifest agree, as someone would who wants to be believed."""
    digest = hashlib.sha256(content).hexdigest()
    name = f"{kind}-{digest[:16]}{data_file(folder, kind).suffix}"
    data_file(folder, kind).unlink()
    (folder / name).write_bytes(content)
    edit_manifest(
        folder,
        lambda stored: stored["segments"][0].update({kind: {"name": name, "bytes": len(content), "sha256": digest}}),
    )


def forge_contents(folder: Path, edit: Callable[[dict[str, AnyArray]], object]) -> None:
    """As `forge`, with some arrays of documents and passages changed."""
    arrays = {name: np.array(array) for name, array in open_arrays(data_file(folder, "contents")).items()}
    edit(arrays)
    file = io.BytesIO()
    write_arrays(arrays, file)
    forge(folder, "contents", file.getvalue())


def replace_string(arrays: dict[str, AnyArray], kind: str, at: int, content: bytes) -> None:
    pieces = list(Strings(arrays[kind], arrays[f"{kind}_ends"]))
    pieces[at] = content
    strings = Strings.of(pieces)
    arrays |= {kind: strings.data, f"{kind}_ends": strings.ends}


def edit_manifest(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    stored = json.loads((folder / "manifest.json").read_text())
    edit(stored)
    overwrite(folder / "manifest.json", storage.sealed(stored))


# Missing and foreign folders


def test_a_missing_folder_says_how_to_build(tmp_path: Path) -> None:
    with pytest.raises(IndexNotFound, match=r"不存在；请先建立：yiju-index build"):
        open_index(tmp_path / "nothing")


def test_a_folder_without_index_says_so(tmp_path: Path) -> None:
    with pytest.raises(IndexNotFound, match=r"里没有 manifest\.json"):
        open_index(tmp_path)


def test_a_file_is_no_index(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(IndexNotFound, match="不是文件夹"):
        open_index(tmp_path / "file")


def test_a_manifest_of_something_else_is_no_index(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"name": "a web page"}')
    with pytest.raises(IndexNotFound, match="不是依据"):
        open_index(tmp_path)


@pytest.mark.parametrize("name", ["notes.txt", "documents-mine.jsonl", ".git", "manifest.json"])
def test_an_index_is_not_mixed_into_a_folder_with_other_things(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('{"name": "a web page"}')
    with pytest.raises(IndexStoreError, match=r"已有别的内容.*请为索引另选一个空文件夹"):
        build("alpha").save(tmp_path)
    assert (tmp_path / name).read_text() == '{"name": "a web page"}'


def test_what_a_user_puts_beside_an_index_stays(folder: Path) -> None:
    (folder / "README.txt").write_text("mine")
    build("gamma").save(folder)
    assert (folder / "README.txt").read_text() == "mine"
    assert names_in(folder) == ["gamma"]


@pytest.mark.parametrize(
    "edit", [lambda stored: stored.update(format="yiju-indey"), lambda stored: stored.pop("format")]
)
def test_a_manifest_of_ours_that_does_not_say_so_is_damage_and_can_be_built_over(
    folder: Path, edit: Callable[[dict[str, Any]], object]
) -> None:
    edit_manifest(folder, edit)
    with pytest.raises(IndexCorrupt, match=r"manifest\.json：没有写明格式"):
        open_index(folder)
    build("gamma").save(folder)
    assert names_in(folder) == ["gamma"]
    assert only_whole_files(folder)


def test_a_later_format_is_not_guessed_at(folder: Path) -> None:
    edit_manifest(folder, lambda stored: stored.update(version=storage.VERSION + 1))
    with pytest.raises(
        IndexFormatMismatch, match=f"格式版本是 {storage.VERSION + 1}，本程序读写的是 {storage.VERSION}"
    ):
        open_index(folder)


def test_a_later_format_can_be_built_over(folder: Path) -> None:
    edit_manifest(folder, lambda stored: stored.update(version=storage.VERSION + 1))
    build("gamma").save(folder)
    assert names_in(folder) == ["gamma"]
    assert only_whole_files(folder)


# Damage


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_file_is_named(folder: Path, kind: str) -> None:
    path = data_file(folder, kind)
    path.unlink()
    with pytest.raises(IndexCorrupt, match=f"{path.name}：文件缺失"):
        open_index(folder)


@pytest.mark.parametrize("kind", KINDS)
def test_a_truncated_file_is_named(folder: Path, kind: str) -> None:
    path = data_file(folder, kind)
    overwrite(path, path.read_bytes()[:-7])
    with pytest.raises(IndexCorrupt, match=rf"{path.name}：应为 \d+ 字节"):
        open_index(folder)


@pytest.mark.parametrize("kind", KINDS)
def test_one_altered_byte_is_found(folder: Path, kind: str) -> None:
    path = data_file(folder, kind)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    overwrite(path, bytes(content))
    with pytest.raises(IndexCorrupt, match=f"{path.name}：内容与清单中的校验和不符"):
        open_index(folder)


def test_large_files_are_digested_only_to_verify(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = data_file(folder, "contents")
    overwrite(path, path.read_bytes().replace("光伏".encode(), "风电".encode()))
    monkeypatch.setattr(storage, "CHECK_LIMIT", 100)
    assert "风电" in open_index(folder).documents()[0].text
    assert path.name in storage.damaged_files(folder)[0]


@pytest.mark.parametrize("length", [0, 1, 100])
def test_half_a_manifest_is_damage(folder: Path, length: int) -> None:
    path = folder / "manifest.json"
    overwrite(path, path.read_bytes()[:length])
    with pytest.raises(IndexCorrupt, match=r"manifest\.json：不是完整的 JSON"):
        open_index(folder)


@pytest.mark.parametrize("content", [b"[]", b"7", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000, b" " * 2_000_000])
def test_a_manifest_of_nonsense_is_damage(folder: Path, content: bytes) -> None:
    overwrite(folder / "manifest.json", content)
    with pytest.raises(IndexCorrupt, match=r"manifest\.json"):
        open_index(folder)


def test_a_damaged_index_can_be_built_over(folder: Path) -> None:
    overwrite(folder / "manifest.json", b"{")
    build("gamma").save(folder)
    assert names_in(folder) == ["gamma"]
    assert only_whole_files(folder)


# Malice: the checksums agree, the content does not


@pytest.mark.parametrize(
    "edit",
    [
        lambda stored: stored.pop("encoder"),
        lambda stored: stored.update(dim="64"),
        lambda stored: stored.update(dim=True),
        lambda stored: stored.update(dim=-1),
        lambda stored: stored.update(passages=10**30),
        lambda stored: stored.update(revision=None),
        lambda stored: stored.update(segments={}),
        lambda stored: stored.update(segments=None),
        lambda stored: stored.update(segments=[7]),
        lambda stored: stored["segments"][0].pop("vectors"),
        lambda stored: stored["segments"][0].update(vectors=7),
        lambda stored: stored["segments"][0]["vectors"].update(name="../../etc/passwd"),
        lambda stored: stored["segments"][0]["vectors"].update(name="/etc/passwd"),
        lambda stored: stored["segments"][0]["vectors"].update(name=stored["segments"][0]["postings"]["name"]),
        lambda stored: stored["segments"][0]["vectors"].update(bytes=1.5),
    ],
)
def test_a_manifest_that_makes_no_sense_is_damage(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    edit_manifest(folder, edit)
    with pytest.raises(IndexCorrupt, match=r"manifest\.json：内容不合规"):
        open_index(folder)


@pytest.mark.parametrize("count", ["documents", "passages"])
def test_counts_must_agree(folder: Path, count: str) -> None:
    edit_manifest(folder, lambda stored: stored.update({count: 1}))
    with pytest.raises(IndexCorrupt, match="数量"):
        open_index(folder)


def test_a_link_out_of_the_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    path = data_file(folder, "contents")
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(IndexCorrupt, match="不是普通文件"):
        open_index(folder)


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    path = data_file(folder, "contents")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(IndexCorrupt, match="不是普通文件"):
        open_index(folder)


@pytest.mark.parametrize(
    "place",
    [(0, 10**6, 0, 0, 90), (-5, 3, 0, 0, 9), (5, 5, 0, 9, 9), (9, 5, 0, 9, 9), (0, 5, 3, 0, 15), (0, 5, 0, 1, 15)],
    ids=["behind the end", "before the start", "empty", "reversed", "on no page", "other bytes"],
)
def test_a_passage_must_be_a_slice_of_its_document(folder: Path, place: tuple[int, ...]) -> None:
    forge_contents(folder, lambda arrays: arrays["places"].__setitem__(0, place))
    with pytest.raises(IndexCorrupt, match=r"contents-.*内容不合规"):
        open_index(folder)


@pytest.mark.parametrize("row", [["path", []], [[7], []], [[], [None]], [[]], {}, 7])
def test_the_path_of_a_passage_must_be_a_path(folder: Path, row: object) -> None:
    forge_contents(folder, lambda arrays: replace_string(arrays, "paths", 0, json.dumps(row).encode()))
    with pytest.raises(IndexCorrupt, match=r"contents-.*内容不合规"):
        open_index(folder)


def test_a_passage_given_twice_is_damage(folder: Path) -> None:
    forge_contents(folder, lambda arrays: arrays["places"].__setitem__(1, arrays["places"][0]))
    with pytest.raises(IndexCorrupt, match="重复或次序不对"):
        open_index(folder)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("cards", {"id": "../alpha"}),
        ("cards", {"id": "编号"}),
        ("cards", {"id": 7}),
        ("cards", {"id": "gamma"}),
        ("cards", {"source": "other.txt"}),
        ("cards", {"title": []}),
        ("cards", {"characters": 5}),
        ("cards", {"characters": None}),
        ("cards", {"metadata": None}),
        ("cards", {"metadata": {"issued": 2023}}),
        ("outlines", {"headings": [["题", 1, 0, 10**6]]}),
        ("outlines", {"headings": [["题", 1, 5, 2]]}),
        ("outlines", {"headings": [["题", "1", 0, 2]]}),
        ("outlines", {"headings": ["abcd"]}),
        ("outlines", {"page_starts": [10**6]}),
        ("outlines", {"page_starts": {"0": 1}}),
    ],
)
def test_a_document_must_be_a_document(folder: Path, kind: str, change: dict[str, object]) -> None:
    def edit(arrays: dict[str, AnyArray]) -> None:
        row = json.loads(Strings(arrays[kind], arrays[f"{kind}_ends"])[0]) | change
        replace_string(arrays, kind, 0, json.dumps(row).encode())

    forge_contents(folder, edit)
    with pytest.raises(IndexCorrupt, match=r"contents-.*内容不合规"):
        open_index(folder)


@pytest.mark.parametrize("content", [b"{", b"\xff\xff", b"[" * 100_000, b"null", b"9" * 5000])
@pytest.mark.parametrize("kind", ["cards", "outlines", "paths"])
def test_strings_that_are_no_rows_are_damage(folder: Path, kind: str, content: bytes) -> None:
    forge_contents(folder, lambda arrays: replace_string(arrays, kind, 0, content))
    with pytest.raises(IndexCorrupt, match=r"contents-.*内容不合规"):
        open_index(folder)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("first", np.array([0, 1, 9], np.int64)),
        ("first", np.array([0, 99, 6], np.int64)),
        ("marks", np.zeros(1, np.uint64)),
        ("marks", np.zeros(2, np.uint64)),
        ("sources", np.zeros(2, np.uint64)),
        ("places", np.zeros((6, 4), np.int64)),
        ("ids_ends", np.array([5, 4], np.int64)),
        ("ids_ends", np.array([99, 9], np.int64)),
        ("cards_ends", np.array([-7, 9], np.int64)),
        ("texts", np.zeros(3, np.uint8)),
    ],
)
def test_arrays_of_documents_must_fit_each_other(folder: Path, name: str, array: AnyArray) -> None:
    forge_contents(folder, lambda arrays: arrays.update({name: array}))
    with pytest.raises(IndexCorrupt, match=r"contents-.*内容不合规"):
        open_index(folder)


def test_segments_must_be_in_order(folder: Path) -> None:
    edit_manifest(folder, lambda stored: stored.update(segments=stored["segments"] * 2, documents=4, passages=12))
    with pytest.raises(IndexCorrupt, match=r"manifest\.json：(清单中的数量|各段的次序)"):
        open_index(folder)


def test_damage_that_opening_did_not_look_for_is_named_when_it_is_met(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge_contents(folder, lambda arrays: replace_string(arrays, "cards", 0, b"{"))
    monkeypatch.setattr(storage, "CHECK_LIMIT", 100)
    index = open_index(folder)
    assert index.documents()[1].id == "beta"
    for meet in (lambda: index.documents()[0], lambda: index.passages("alpha"), lambda: index.search("光伏", 20)):
        with pytest.raises(IndexCorrupt, match="yiju-index verify"):
            meet()


def npy(array: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def promising_header() -> bytes:
    """An array of 400 TB, in 128 bytes."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (10**12, 64)})
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"PK\x03\x04" + bytes(200),
        pickle.dumps(["anything"]),
        promising_header(),
        npy(np.zeros((2, 64), dtype=np.float32)),
        npy(np.zeros((2, 64), dtype=">f4")),
        npy(np.zeros((0, 64), dtype=np.float32)),
        npy(np.zeros(5, dtype=np.int64)),
        npy(np.array(7)),
    ],
)
@pytest.mark.parametrize("kind", ["vectors", "postings"])
def test_arrays_of_another_kind_are_damage(folder: Path, kind: str, content: bytes) -> None:
    forge(folder, kind, content)
    with pytest.raises(IndexCorrupt, match=f"{kind}-.*内容不合规"):
        open_index(folder)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, 3e38])
def test_vectors_that_would_spoil_the_order_are_damage(folder: Path, value: float) -> None:
    vectors = np.load(data_file(folder, "vectors"))
    vectors[1] = value
    forge(folder, "vectors", npy(vectors))
    with pytest.raises(IndexCorrupt, match=r"vectors-.*unit length"):
        open_index(folder)


class Trap:
    """Runs code when unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.abort, ())


def test_objects_in_an_array_are_never_made(folder: Path) -> None:
    file = io.BytesIO()
    np.save(file, np.array([Trap()], dtype=object), allow_pickle=True)
    forge(folder, "vectors", file.getvalue())
    with pytest.raises(IndexCorrupt, match="vectors-"):
        open_index(folder)


# A place that cannot be read, or written


def refusing(code: int) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    return refuse


def test_a_folder_that_may_not_be_read_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may read everything, so the refusal is simulated.
    monkeypatch.setattr(Path, "open", refusing(errno.EACCES))
    with pytest.raises(IndexStoreError, match=r"无法读取索引.*没有权限"):
        open_index(folder)


def test_a_file_that_the_disk_does_not_give_back_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage.hashlib, "file_digest", refusing(errno.EIO))
    with pytest.raises(IndexCorrupt, match=r"contents-.*无法读取"):
        open_index(folder)


def test_a_name_longer_than_any_file_system_takes_is_no_accident() -> None:
    with pytest.raises(IndexStoreError, match="无法读取索引"):
        open_index(Path("x" * 300))
    with pytest.raises(IndexStoreError, match="无法写入索引"):
        build("alpha").save(Path("x" * 300))


def test_a_path_through_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "file", tmp_path / "file" / "index"):
        with pytest.raises(IndexStoreError, match="路径上有一段是文件"):
            build("alpha").save(path)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_nobody_may_write_in_is_named() -> None:
    # Root ignores permissions, but not even root makes folders in /proc.
    with pytest.raises(IndexStoreError, match="/proc/yiju"):
        build("alpha").save(Path("/proc/yiju/index"))


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.EPERM])
def test_missing_permission_is_said_in_plain_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    monkeypatch.setattr(Path, "mkdir", refusing(code))
    with pytest.raises(IndexStoreError, match=r"无法写入索引.*没有权限"):
        build("alpha").save(tmp_path / "index")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.ENOSPC, r"磁盘空间不足.*原有的索引没有改动"),
        (errno.EROFS, "没有权限"),
        (errno.EIO, r"无法写入索引.*请换一个文件夹重试"),
        (errno.ENODEV, r"无法写入索引.*请换一个文件夹重试"),
    ],
    ids=["full", "read-only", "failing", "gone"],
)
@pytest.mark.parametrize("step", range(5))
def test_a_disk_that_gives_up_at_any_file_leaves_the_old_index(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: int, code: int, said: str
) -> None:
    """Three data files and the manifest are synced, each followed or preceded by a rename; one of them fails."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    calls = iter(range(100))
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if next(calls) == step:
            raise OSError(code, os.strerror(code))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    if step == 3:  # the folder itself: a file system that cannot sync folders is no reason to fail
        build("gamma").save(folder)
        assert names_in(folder) == ["gamma"]
        return
    with pytest.raises(IndexStoreError, match=said):
        build("gamma").save(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_full_disk_leaves_no_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", refusing(errno.ENOSPC))
    with pytest.raises(IndexStoreError, match="磁盘空间不足"):
        build("alpha").save(tmp_path / "index")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 200 kB, where the test may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = shutil.which("mount")
    if (
        command is None
        or subprocess.run([command, "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk], capture_output=True).returncode
    ):
        pytest.skip("no file system may be mounted here")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_disk_that_is_really_full_leaves_the_old_index(small_disk: Path) -> None:
    folder = small_disk / "index"
    build("alpha").save(folder)
    large = PassageIndex.build([document("large", 3000)], ENCODER)
    with pytest.raises(IndexStoreError, match="磁盘空间不足"):
        large.save(folder)
    assert names_in(folder) == ["alpha"]
    assert only_whole_files(folder)


def test_an_index_on_a_disk_turned_read_only_is_searched_and_not_written(small_disk: Path) -> None:
    folder = small_disk / "index"
    build("alpha").save(folder)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert open_index(folder).search("光伏", 1)[0].passage.document_id == "alpha"
    with pytest.raises(IndexStoreError, match=r"无法写入索引.*没有权限"):
        build("gamma").save(folder)
    assert storage.damaged_files(folder) == []


def test_an_index_whose_disk_is_gone_still_answers_and_says_so_when_opened(small_disk: Path) -> None:
    folder = small_disk / "index"
    build("alpha").save(folder)
    index = open_index(folder)
    subprocess.run(["umount", "--lazy", small_disk], check=True)
    try:
        assert index.search("光伏", 1)[0].passage.document_id == "alpha"
        with pytest.raises(IndexNotFound, match="不存在"):
            open_index(folder)
    finally:
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", small_disk], check=True)  # for the fixture to take away


# Two writers


def test_the_second_writer_is_told_to_wait(folder: Path) -> None:
    with storage.write_lock(folder), pytest.raises(IndexBusy, match="另一个程序正在写索引"):
        build("gamma").save(folder)
    assert names_in(folder) == ["alpha", "beta"]


def test_a_slow_disk_keeps_no_reader_waiting(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        seen.append(names_in(folder))  # somebody opens the index while the disk is busy
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    build("gamma").save(folder)
    assert seen == [["alpha", "beta"]] * 5 + [["gamma"]]


def test_readers_need_no_lock(folder: Path) -> None:
    with storage.write_lock(folder):
        assert names_in(folder) == ["alpha", "beta"]


def test_whoever_holds_the_lock_saves_under_it(folder: Path) -> None:
    with storage.write_lock(folder) as lock:
        open_index(folder).remove(["alpha"]).save(folder, lock=lock)
    assert names_in(folder) == ["beta"]


def test_a_lock_is_for_one_folder(folder: Path, tmp_path: Path) -> None:
    with storage.write_lock(folder) as lock, pytest.raises(ValueError, match="the lock is for"):
        build("gamma").save(tmp_path / "other", lock=lock)


def test_a_folder_made_for_nothing_is_removed(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), storage.write_lock(tmp_path / "index"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_a_dead_writer_go_with_the_next(folder: Path) -> None:
    (folder / "vectors.part").write_bytes(bytes(99))
    (folder / "vectors-0123456789abcdef.npy").write_bytes(bytes(99))
    build("gamma").save(folder)
    assert only_whole_files(folder)


def test_a_folder_with_nothing_but_leftovers_can_be_built_in(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    folder.mkdir()
    for name in (".lock", "contents.part", "contents-0123456789abcdef.arrays"):
        (folder / name).write_bytes(b"")
    build("gamma").save(folder)
    assert names_in(folder) == ["gamma"]
    assert only_whole_files(folder)


# Sudden death

SAVE_TWO_IN_TURN = """
import sys
from pathlib import Path
from tests.integration.test_index_faults import build
one, two = build("alpha", "beta"), build("gamma")
print("ready", flush=True)
while True:
    two.save(Path(sys.argv[1]))
    one.save(Path(sys.argv[1]))
"""

LIMITED = """
import resource, signal, sys
from pathlib import Path
from index.errors import YijuError
from tests.integration.test_index_faults import build
index = build("gamma")
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
try:
    index.save(Path(sys.argv[1]))
except YijuError as error:
    print(error)
"""


def test_killed_at_any_moment_the_old_or_the_new_index_is_there_whole(folder: Path) -> None:
    chance = random.Random(20231)
    for _ in range(20):
        writer = subprocess.Popen(
            [sys.executable, "-c", SAVE_TWO_IN_TURN, folder], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        with writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(chance.uniform(0.0, 0.05))
            writer.kill()
        assert names_in(folder) in (["alpha", "beta"], ["gamma"])
        assert storage.damaged_files(folder) == []
    build("delta").save(folder)
    assert names_in(folder) == ["delta"]
    assert only_whole_files(folder)


def test_a_limit_on_the_size_of_files_leaves_the_old_index(folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LIMITED, folder], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "磁盘空间不足" in done.stdout
    assert names_in(folder) == ["alpha", "beta"]
    assert only_whole_files(folder)


@pytest.mark.parametrize(
    "header", ["{'descr': '<f4', 'shape': (1,", "{'descr': '<f4' 'shape'}", "\x00" * 9, "1" * 9000]
)
def test_a_header_that_is_no_python_is_damage(folder: Path, header: str) -> None:
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode("latin-1")
    forge(folder, "vectors", content)
    with pytest.raises(IndexCorrupt, match=r"vectors-.*内容不合规"):
        open_index(folder)


# Files that are changed while they are served


def test_files_of_an_index_are_read_only(folder: Path) -> None:
    assert {path.stat().st_mode & 0o222 for path in folder.iterdir() if path.name != ".lock"} == {0}


SERVED = """
import os, sys
from pathlib import Path
from index.errors import IndexCorrupt
from index.store import storage
from tests.support.folders import open_index

storage.CHECK_LIMIT = 0  # as of a large index: nothing is read beforehand
index = open_index(Path(sys.argv[1]))
assert index.search("光伏", 3)
for path in sorted(Path(sys.argv[1]).glob("*-*")):
    change = sys.argv[2]
    path.chmod(0o644)
    if change == "cut":
        os.truncate(path, 0)
    else:
        path.write_bytes(bytes(path.stat().st_size))
for ask in (lambda: index.search("装机容量", 3), lambda: index.document("alpha"), lambda: index.passages("beta")[0]):
    try:
        ask()
    except IndexCorrupt as error:
        print(error)
"""


@pytest.mark.parametrize("change", ["cut", "overwrite"])
def test_a_file_that_is_changed_while_it_is_served_is_an_error_of_that_request(folder: Path, change: str) -> None:
    done = subprocess.run([sys.executable, "-c", SERVED, folder, change], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("在使用中被改动") == 3
    assert str(folder) not in done.stdout  # readers are told no path


def test_rows_of_a_file_are_those_of_the_array(tmp_path: Path) -> None:
    whole = np.arange(3000, dtype=np.int64).reshape(1000, 3)
    with (tmp_path / "a.arrays").open("wb") as file:
        write_arrays({"a": whole}, file)
    kept = open_arrays(tmp_path / "a.arrays")["a"]
    for at in (
        0,
        -1,
        slice(2, 9),
        slice(5, 2),
        slice(0, 900, 90),
        [3, 4, 5, 1, 999, 0, 0],
        [-2],
        np.zeros(0, np.int64),
    ):
        assert np.asarray(kept[at]).tolist() == whole[at].tolist()
    assert (kept[3:][2:5] + 1).tolist() == (whole[5:8] + 1).tolist() and len(kept) == 1000
    assert kept[np.arange(1000) % 7 == 0].tolist() == whole[::7].tolist()
    with pytest.raises(IndexError):
        kept[[0, 1000]]
