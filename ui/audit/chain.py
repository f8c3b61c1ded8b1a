"""A hash chain of JSON lines: each has a digest of itself and the one before, so that changes show.

A line is `{"n":…,…,"chain":"…"}`: HMAC-SHA256 of the digest before it and of all that stands before `,"chain"`, byte by
byte, so that nobody has to agree on how JSON is written. Without a key anybody can compute the chain, and whoever may
write the file can write another; then only a digest kept elsewhere tells. With a key only its holder can.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.errors import YijuError

SHORTEST_KEY = 16
"""Bytes that the key of a chain must have at least."""

_LINE = re.compile(rb'\{"n":(\d{1,15}),.*,"chain":"([0-9a-f]{64})"\}', re.DOTALL)
_TAIL = len(',"chain":""}') + 64
_HEAD = re.compile(r"(\d{1,15}):([0-9a-f]{64})")

TORN = "torn"
"""What a line is about that follows one which was not written to its end."""


class AuditError(YijuError):
    """The audit log cannot be read or written."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends."""

    n: int = 0  # the number of its last line; 0 before the first
    digest: str = "0" * 64  # of that line, 64 hexadecimal digits

    def __str__(self) -> str:
        return f"{self.n}:{self.digest}"


def head_of(text: str) -> Head:
    """Return what `str(head)` wrote.

    Raises:
        ValueError: if it is something else; the message is fit for a user's eyes.
    """
    if found := _HEAD.fullmatch(text):
        return Head(int(found[1]), found[2])
    raise ValueError(f"须形如“编号:64 位十六进制数”（由 yiju-serve audit head 给出），得到 {text[:80]}")


class Chain:
    """Makes lines behind a head; without a key everybody can compute their digests."""

    def __init__(self, key: bytes, head: Head) -> None:
        self.head = head
        self._key = key

    def line(self, entry: Mapping[str, object]) -> bytes:
        """Return the next line, with its end."""
        n = self.head.n + 1
        body = json.dumps({"n": n, **entry}, separators=(",", ":")).encode()[:-1]
        self.head = Head(n, digest(self._key, self.head, body))
        return body + f',"chain":"{self.head.digest}"}}\n'.encode()

    def follows(self, line: bytes) -> bool:
        """Return whether a line is the next one; if so, the chain ends with it."""
        found = _LINE.fullmatch(line)
        if not found or int(found[1]) != self.head.n + 1:
            return False
        if not hmac.compare_digest(found[2].decode(), digest(self._key, self.head, line[:-_TAIL])):
            return False
        self.head = Head(int(found[1]), found[2].decode())
        return True


def digest(key: bytes, before: Head, body: bytes) -> str:
    """Return what a line carries, given the head before it and its bytes before `,"chain"`."""
    return hmac.new(key, before.digest.encode() + body, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class ChainPosition:
    """A line of a file."""

    file: Path
    number: int  # from 1
    text: bytes  # without its end

    def __str__(self) -> str:
        return f"{self.file} 第 {self.number} 行"


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """What a chain is worth."""

    head: Head  # its last line that is in order
    problem: str | None = None  # the first thing that is not, in Chinese; None if all is
    torn: int = 0  # lines that were not written to their end and are known as such


def key_of(path: Path | None) -> bytes:
    """Return the key of a chain that a file holds, without white space around it; empty where no file is named.

    Raises:
        YijuError: if the file cannot be read or holds too little.
    """
    if path is None:
        return b""
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise YijuError(f"无法读取 {path}（{error.strerror}）；请检查 --audit-key。") from error
    if len(key) < SHORTEST_KEY:
        raise YijuError(f"{path} 里的密钥只有 {len(key)} 字节，至少要 {SHORTEST_KEY}；可用 openssl rand -hex 32 生成。")
    return key


def parts(path: Path) -> list[Path]:
    """Return the files of a log in their order: those that were closed, then the one that grows.

    Only those that exist.
    """
    closed = sorted(path.parent.glob(f"{_escaped(path.stem)}-{'[0-9]' * 12}{path.suffix}"))
    return [*closed, *([path] if path.exists() else [])]


def closed_name(path: Path, first: int) -> Path:
    """Return what a file is called once it is closed, given the number of its first line."""
    return path.with_name(f"{path.stem}-{first:012d}{path.suffix}")


def first_number(file: Path) -> int:
    """Return the number of the first line of a file that can be read; 0 where none can."""
    with file.open("rb") as opened:
        return next((int(found[1]) for line in opened if (found := _LINE.match(line))), 0)


def places(path: Path) -> Iterator[ChainPosition]:
    """Yield the lines of a log, those of all its files; the last may lack its end.

    Raises:
        AuditError: if a file cannot be read.
    """
    for file in parts(path):
        try:
            with file.open("rb") as opened:
                for number, line in enumerate(opened, 1):
                    yield ChainPosition(file, number, line)
        except OSError as error:
            raise AuditError(f"无法读取审计记录 {file}（{error.strerror}）；请检查权限。") from error


def verify(path: Path, key: bytes = b"", anchors: Sequence[Head] = (), since: Head | None = None) -> ChainCheck:
    """Follow a chain from line to line.

    Args:
        path: the file that grows.
        key: as `Chain`.
        anchors: heads as they were at some time, kept elsewhere: the chain must have passed them.
        since: the head before the first line that is left, where earlier files have been put away.

    Raises:
        AuditError: if there is no log, or it cannot be read.
    """
    if not parts(path) and not anchors:
        raise AuditError(f"没有审计记录 {path}；请检查 --index，服务须以 --audit-log 启动过。")
    chain = Chain(key, since or Head())
    passed = {chain.head.n: chain.head.digest}
    wanted = {anchor.n for anchor in anchors}
    torn, fragment = 0, list[ChainPosition]()
    for place in places(path):
        if fragment or not chain.follows(place.text.removesuffix(b"\n")):
            fragment.append(place)
            if not _is_torn(chain, fragment):
                continue
            torn, fragment = torn + 1, []
        if chain.head.n in wanted:
            passed[chain.head.n] = chain.head.digest
    if fragment and (len(fragment) > 1 or fragment[0].text.endswith(b"\n")):
        return ChainCheck(chain.head, f"{fragment[0]}：{_why(chain, path, fragment[0])}", torn)
    return ChainCheck(chain.head, _missed(chain.head, passed, anchors), torn + len(fragment))


def _escaped(stem: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", stem)


def _is_torn(chain: Chain, fragment: Sequence[ChainPosition]) -> bool:
    """Return whether the last line is in order and says that those before it were not written to their end."""
    *before, last = fragment
    line = last.text.removesuffix(b"\n")
    if not before or f'"event":"{TORN}"'.encode() not in line:
        return False
    return torn_digest(_joined(before)).encode() in line and chain.follows(line)


def _joined(lines: Iterable[ChainPosition]) -> bytes:
    return b"".join(each.text for each in lines).removesuffix(b"\n")


def torn_digest(fragment: bytes) -> str:
    """Return the digest by which a later line names what was not written to its end."""
    return hashlib.sha256(fragment).hexdigest()


def _why(chain: Chain, path: Path, place: ChainPosition) -> str:
    """Return what has become of the line that should stand at a place."""
    wanted, found = chain.head.n + 1, _LINE.fullmatch(place.text.removesuffix(b"\n"))
    if not found:
        return f"应为第 {wanted} 条，无法解析：内容被改动"
    n = int(found[1])
    if n == wanted:
        return f"第 {n} 条与它的校验值不符：这一条（或密钥）被改动"
    if n < wanted:
        return f"应为第 {wanted} 条，却是第 {n} 条：重复插入，或次序被调换"
    if any((each := _LINE.match(later.text)) and int(each[1]) == wanted for later in places(path)):
        return f"应为第 {wanted} 条，却是第 {n} 条，第 {wanted} 条在后面：次序被调换"
    return f"应为第 {wanted} 条，却是第 {n} 条：中间 {n - wanted} 条被删去"


def _missed(head: Head, passed: Mapping[int, str], anchors: Sequence[Head]) -> str | None:
    for anchor in sorted(anchors, key=lambda each: each.n):
        if anchor.n > head.n:
            return f"记录到第 {head.n} 条为止，而别处保存着第 {anchor.n} 条的校验值：末尾 {anchor.n - head.n} 条被截去"
        if passed.get(anchor.n, anchor.digest) != anchor.digest:
            return f"第 {anchor.n} 条的校验值与别处保存的不同：记录被重写过"
    return None
