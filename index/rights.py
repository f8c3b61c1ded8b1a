"""Rules in a text file beside the index on who may read which documents; later rules win.

    # readers: user names, @groups, * for everyone, - for nobody; then a file, a folder or id:…, with * for any text
    @人事处,@领导   人事
    *              人事/公开
    li.lei         id:plan-1a2b

A document that no rule names may be read by everyone who may come in. Rights lie beside the index and not in it: they
change at once, without reading a document again, and hold for every kind of index.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from unicodedata import normalize
from urllib.parse import unquote

from index.errors import YijuError
from index.filters import Filter
from index.locations import Location, beside
from index.records import Described

log = logging.getLogger(__name__)

EVERYONE, NOBODY = "*", "-"

MAX_BYTES = 4 * 2**20
"""Size of the largest file of rules; a department needs a few lines."""

SETTLED_SECONDS = 2.0
"""How long a file has to stay as it is before it gives more than it did."""

_BY_ID = "id:"


class RightsError(YijuError):
    """The file with the rights cannot be used."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule on who may read some documents."""

    readers: frozenset[str]  # user names, `@` and the name of a group, or `*`; none if no one may
    documents: str  # the name of a file or folder as the index knows it, with `*` for any text, or `id:` and an id

    def names(self, document: Described) -> bool:
        """Return whether the rule is about this document: its file, a folder above it, or the archive that holds it."""
        if self.documents.startswith(_BY_ID):
            return document.id == self.documents.removeprefix(_BY_ID)
        return _pattern(self.documents).fullmatch(_spelt(document.source)) is not None


class Rights:
    """Rules that have been read, in the order of the file; the last one that names a document counts."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self.rules: Sequence[Rule] = tuple(rules)

    @cached_property
    def named(self) -> frozenset[str]:
        """Return every user and group that a rule names."""
        return frozenset().union(*(rule.readers for rule in self.rules))

    def readers(self, document: Described) -> frozenset[str]:
        """Return who may read a document."""
        named = (rule.readers for rule in reversed(self.rules) if rule.names(document))
        return next(named, frozenset({EVERYONE}))

    def readable(self, reader: frozenset[str], documents: Iterable[Described]) -> Filter | None:
        """Return the filter of the documents that a user, with groups written as `@group`, may see; None for all."""
        mine, documents = reader | {EVERYONE}, list(documents)
        ids = frozenset(each.id for each in documents if not mine.isdisjoint(self.readers(each)))
        return None if len(ids) == len(documents) else Filter(documents=ids)

    def idle(self, documents: Sequence[Described]) -> list[Rule]:
        """Return the rules that name none of these documents: misspelt, or about what has moved."""
        return [rule for rule in self.rules if not any(rule.names(each) for each in documents)]


def rights_path(index: Location) -> Path:
    """Return where the rights of an index are kept; RightsError if a link to its folder and the folder both have."""
    near = beside(index, "-rights.txt")
    real = beside(index.resolve(), "-rights.txt") if isinstance(index, Path) else near
    if near.exists() and real.exists() and not near.samefile(real):
        raise RightsError(f"{near} 和 {real} 都是这个索引的权限文件：请只留一个。")
    return near if near.exists() else real


def parse(text: str, name: str) -> Rights:
    """Return the rules in the text of a file; RightsError names the file and says which line is no rule, and why."""
    rules = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if not (said := line.strip()) or said.startswith("#"):
            continue
        readers, *documents = said.split(maxsplit=1)
        try:
            rules.append(rule_of(readers, "".join(documents)))
        except ValueError as error:
            raise RightsError(f"权限文件 {name} 第 {number} 行「{said[:60]}」无法解析：{error}") from error
    return Rights(rules)


def rule_of(readers: str, documents: str) -> Rule:
    """Return a rule of its two halves; ValueError with a message for users if one of them is unclear."""
    names = readers.split(",")
    if not all(re.fullmatch(r"@?[^\s,@*][^\s,*]*|\*", each) for each in names):
        raise ValueError("读者须为用户名、@用户组、*（所有人）或 -（无人），以逗号分隔，名字里的空格写作 %20。")
    if len(names) > 1 and {EVERYONE, NOBODY} & {*names}:
        raise ValueError("*（所有人）和 -（无人）须单独写。")
    place = documents.strip().rstrip("/")
    if not place or not place.isprintable():
        raise ValueError("读者之后须有空格和文件：文件名、文件夹，或 id:文档编号。")
    return Rule(frozenset(unquote(each) for each in names) - {NOBODY}, place)


class _Both(Rights):
    """What the rules that held so far and those of a file that may not be whole yet both give."""

    def __init__(self, old: Rights, new: Rights) -> None:
        super().__init__([*old.rules, *new.rules])
        self._both = old, new

    def readers(self, document: Described) -> frozenset[str]:
        """See `Rights.readers`."""
        old, new = (each.readers(document) for each in self._both)
        return new if EVERYONE in old else old if EVERYONE in new else old & new


class RightsFile:
    """The rights in a file, as it is now.

    A change that takes something away holds for the next question. One that gives holds once the file has stayed the
    same for `SETTLED_SECONDS`: a file that is being written is empty first, and that gives everything. A change that
    cannot be read, and a file that is empty or vanishes, leave what held before: nothing opens up by mistake.

    That there were rules is noted beside the file: one that is missing when a service starts opens nothing either.

    Args:
        path: the file; where there never was one, everyone may read everything.

    Raises:
        RightsError: if there is a file that cannot be used, or one that held rules is gone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._noted = path.with_name(f"{path.name}.noted")
        self._lock = Lock()
        self._stamp = _stamp(path)
        if not self._stamp and self._noted.exists():
            raise RightsError(
                f"找不到权限文件 {path}，而这个索引曾有权限规则；请恢复它。若要取消全部规则，请新建它并只写一行 #。"
            )
        self._rights = self._held = _read(path) if self._stamp else Rights()
        self._note()
        self._coming: tuple[Rights, float] | None = None

    def current(self) -> Rights:
        """Return the rights that hold now; the same object until they change."""
        if (stamp := _stamp(self.path)) != self._stamp or self._coming:
            with self._lock:
                self._take(stamp)
        return self._rights

    def _take(self, stamp: tuple[int, ...]) -> None:
        if stamp != self._stamp:
            self._stamp, self._coming = stamp, None
            try:
                coming = _read(self.path)
            except RightsError as error:
                log.error("%s 仍按原来的权限。", error)
                self._rights = self._held
                return
            self._coming = coming, time.monotonic()
            self._rights = _Both(self._held, coming)
        if self._coming and time.monotonic() - self._coming[1] >= SETTLED_SECONDS:
            self._rights = self._held = self._coming[0]
            self._coming = None
            self._note()

    def _note(self) -> None:
        """Note whether there are rules; where that cannot be written, a missing file is taken for none as ever."""
        with suppress(OSError):
            if self._held.rules:
                self._noted.touch()
            elif self._stamp:
                self._noted.unlink(missing_ok=True)


def _read(path: Path) -> Rights:
    try:
        with path.open("rb") as file:
            held = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise RightsError(f"无法读取权限文件 {path}（{error.strerror}）；请检查它的权限。") from error
    if not held.strip():
        raise RightsError(f"权限文件 {path} 是空的；若要取消全部规则，请在里面留一行 # 注释。")
    if len(held) > MAX_BYTES:
        raise RightsError(f"权限文件 {path} 超过 {MAX_BYTES >> 20} MB；请用文件夹或 * 合并规则。")
    try:
        return parse(held.decode(), str(path))
    except UnicodeDecodeError as error:
        raise RightsError(f"权限文件 {path} 不是 UTF-8；请另存为 UTF-8。") from error


def _stamp(path: Path) -> tuple[int, ...]:
    """Tell one state of a file from another; empty where there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return ()
    except OSError as error:
        return (-(error.errno or 0),)
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


@lru_cache(4096)
def _pattern(documents: str) -> re.Pattern[str]:
    text = ".*".join(map(re.escape, _spelt(documents).split("*")))
    return re.compile(f"{text}(?:/.*)?", re.DOTALL)


def _spelt(name: str) -> str:
    """Return a file's name in one spelling: systems write é and the like in one character or in two."""
    return normalize("NFC", name)
