"""`python -m tests.kills [--kills N] [--flips N]`: SIGKILL at every step and at any moment of what writes.

A process that has all modules loaded forks one victim after another; each begins one thing - build, add, remove or
restore an index, keep answers - and is killed somewhere in it: at each of its steps in the file system, then anywhere.
Afterwards the folder must hold the old index or the new one: every file as the manifest says, the documents of one of
the two, and searches that find exactly what they find in an index of those documents made at once. A reader that opens
the folder while the victim writes must find the same.

Then single bytes of any file are altered: `verify` must find and name each, and the documents make the same index
again.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from index.errors import IndexStoreError
from index.records import Document, Hit
from index.store import backups, segments
from index.store.passage_index import PassageIndex
from index.store.storage import LOCK, MANIFEST, read_manifest
from index.stores import store_at
from tests.support.fake_answerer import FakeAnswerer
from tests.support.fakes import HashEncoder
from tests.support.folders import overwrite
from ui.access.visitors import OWNER
from ui.usage.log import UsageLog

ROOT = Path(__file__).resolve().parents[1]
ENCODER = HashEncoder()
NAMES = ("alpha", "beta", "gamma", "delta", "epsilon")
ASKED = "光伏发电计划装机容量"

State = frozenset[str]
"""Names of the documents that an index holds."""


STEPS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.listdir", "os.scandir"}
"""What Python tells of its dealings with the file system, before each."""


class Lost(AssertionError):
    """What was found after a kill is neither the old state nor the new one."""


def document(name: str) -> Document:
    """A document of a few passages; every one has its own figures."""
    number = NAMES.index(name) + 1
    lines = (
        f"第{i}条 到2025年，{name}光伏发电计划装机容量{number * i}MW，责任单位：发展改革委。\n" for i in range(1, 25)
    )
    return Document(name, f"{name}方案", "".join(lines), f"{name}.txt")


@cache
def expected(state: State) -> tuple[list[str], list[Hit]]:
    """Texts of the documents, and what a search finds, in an index of these documents made at once."""
    index = PassageIndex.build([document(name) for name in sorted(state)], ENCODER)
    return [each.text for each in index.documents()], index.search(ASKED, 5)


# What victims do


def build(folder: Path, names: Sequence[str]) -> None:
    with store_at(folder).building(ENCODER.name, lambda name: ENCODER) as writer:
        writer.add([document(name) for name in names])


def add(folder: Path, names: Sequence[str]) -> None:
    with store_at(folder).writing(lambda name: ENCODER) as writer:
        writer.add([document(name) for name in names])


def remove(folder: Path, names: Sequence[str]) -> None:
    with store_at(folder).writing(lambda name: ENCODER) as writer:
        writer.remove(names)


def restore(folder: Path, names: Sequence[str]) -> None:
    backups.restore(backup_of(folder.parent, frozenset(names)), folder)


def keep(folder: Path, names: Sequence[str]) -> None:
    """Keep answers without end; the numbers of those that were written go to a file of their own."""
    log = UsageLog(folder / "usage.sqlite")
    answer = FakeAnswerer().ask("光伏装机目标是多少？")
    acknowledged = os.open(folder / "acknowledged", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    while True:
        one = replace(answer, id=uuid4().hex)
        log.record(one, OWNER, where="api")
        log.flush()
        os.write(acknowledged, f"{one.id}\n".encode())


ACTIONS: Mapping[str, Callable[[Path, Sequence[str]], None]] = {
    "build": build,
    "add": add,
    "remove": remove,
    "restore": restore,
    "keep": keep,
}


def backup_of(folder: Path, state: State) -> Path:
    """A backup of an index of these documents, made once."""
    path = folder / f"{'-'.join(sorted(state))}.tar"
    if not path.exists():
        build(folder / "backed-up", sorted(state))
        backups.backup(folder / "backed-up", path)
    return path


def serve_victims() -> None:
    """Fork a victim for each line on stdin: action, last step, folder, names. Say its number, then how it ended."""
    expected(frozenset(NAMES[:1]))  # loads what searching needs; the rest is imported above
    segments.SMALLEST, segments._SEGMENTS = 8, 10**9  # several segments, of which a change keeps some
    say("ready")
    for line in sys.stdin:
        action, last, folder, *names = line.split()
        victim = os.fork()
        if victim == 0:
            if int(last):
                sys.addaudithook(dying_at(int(last), folder))
            ACTIONS[action](Path(folder), names)
            os._exit(0)
        say(str(victim))
        _, status = os.waitpid(victim, 0)
        say(str(os.waitstatus_to_exitcode(status)))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def dying_at(last: int, folder: str) -> Callable[[str, tuple[object, ...]], None]:
    """Kills this process when it is about to take its n-th step in a folder: open, rename or remove something."""
    steps = 0

    def step(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal steps
        if event in STEPS and arguments and str(arguments[0]).startswith(folder):
            steps += 1
            if steps == last:
                os.kill(os.getpid(), signal.SIGKILL)

    return step


class Victims:
    """The process that forks victims."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.kills", "--victims"],
            cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._said()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process:
            self._process.kill()

    def begin(self, action: str, folder: Path, names: Sequence[str], last: int = 0) -> int:
        """The number of a process that has begun; it kills itself at its n-th step if that is given."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{action} {last} {folder} {' '.join(names)}\n")
        self._process.stdin.flush()
        return int(self._said())

    def ended(self) -> int:
        """How it ended: 0, or the negative number of a signal."""
        return int(self._said())

    def _said(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@dataclass
class Tally:
    """What came of it: kills that met a running victim, and how many left the old and the new state."""

    kills: Counter[str] = field(default_factory=Counter)
    old: int = 0
    new: int = 0

    def __str__(self) -> str:
        each = "，".join(f"{action} {count}" for action, count in sorted(self.kills.items()))
        return (
            f"{self.kills.total()} 次 kill -9（{each}）：{self.old} 次留下原来的，{self.new} 次留下新的；丢失 0，混合 0"
        )


CHANGES: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "build": (("gamma",), ("gamma",)),
    "add": (("gamma",), ("alpha", "beta", "gamma")),
    "remove": (("beta",), ("alpha",)),
    "restore": (("beta", "gamma"), ("beta", "gamma")),
}
"""What an index of alpha and beta is changed by, and to."""


def kill_at_every_step(folder: Path) -> Tally:
    """Kill once at each step of everything that changes an index.

    Args:
        folder: an empty folder to work in.

    Raises:
        Lost: if anything was lost or mixed.
    """
    tally, before = Tally(), frozenset({"alpha", "beta"})
    build(folder / "before", sorted(before))
    backup_of(folder, frozenset(CHANGES["restore"][0]))
    with Victims() as victims:
        for action, (names, result) in CHANGES.items():
            after = frozenset(result)
            for last in count(1):
                where = folder / f"{action}-{last}"
                shutil.copytree(folder / "before", where)
                victims.begin(action, where, names, last)
                if victims.ended() == 0:
                    break
                found = check(where, {before, after}, f"{action}, step {last}")
                tally.kills[action] += 1
                tally.old, tally.new = tally.old + (found == before), tally.new + (found == after)
                add(where, ["delta"])  # what was left behind is in nobody's way
                check(where, {found | {"delta"}}, f"the next writer, after {action}, step {last}")
                if left := leftovers(where):
                    raise Lost(f"{action}, step {last}: {left} stay behind")
    return tally


def kill(folder: Path, kills: int, seed: int, tell: Callable[[str], object] = lambda _: None) -> Tally:
    """Kill until so many kills met a running victim.

    Args:
        folder: an empty folder to work in.
        kills: how many.
        seed: of what is done and when it is killed, as far as a busy machine lets that repeat itself.
        tell: told how far it is.

    Raises:
        Lost: if anything was lost or mixed.
    """
    chance, tally = random.Random(seed), Tally()
    where, state = folder / "index", frozenset({"alpha", "beta"})
    build(where, sorted(state))
    for names in (("alpha",), ("beta", "gamma"), NAMES):
        backup_of(folder, frozenset(names))
    with Victims() as victims:
        usual = {action: _whole(victims, action, folder) for action in ("build", "add", "remove", "restore")}
        while tally.kills.total() < kills:
            if chance.random() < 0.1:
                _kill_keeping(victims, folder, chance, tally)
                continue
            action, names, after = _choice(chance, state)
            victim = victims.begin(action, where, names)
            time.sleep(chance.uniform(0, 1.1 * usual[action]))
            if chance.random() < 0.3:
                check(where, {state, after}, "a reader beside the writer")
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
            met = victims.ended() == -signal.SIGKILL
            found = check(where, {state, after}, f"{action} {' '.join(names)}")
            tally.kills[action] += met
            if met and state != after:
                tally.old, tally.new = tally.old + (found == state), tally.new + (found == after)
            state = found
            tell(f"{tally.kills.total()}/{kills}")
    return tally


def _choice(chance: random.Random, state: State) -> tuple[str, list[str], State]:
    """Something to do, and the state after it."""
    others = [name for name in NAMES if name not in state]
    action = chance.choice(["build", "restore", *(["add"] if others else []), *(["remove"] if len(state) > 1 else [])])
    if action == "add":
        names = [chance.choice(others)]
        return action, names, state | frozenset(names)
    if action == "remove":
        names = [chance.choice(sorted(state))]
        return action, names, state - frozenset(names)
    if action == "restore":
        names = list(chance.choice([("alpha",), ("beta", "gamma"), NAMES]))
        return action, names, frozenset(names)
    names = sorted(chance.sample(NAMES, chance.randint(1, 3)))
    return action, names, frozenset(names)


def _whole(victims: Victims, action: str, folder: Path) -> float:
    """Seconds that something takes when nobody kills it."""
    where = folder / "timed"
    build(where, ["alpha", "delta"])
    began = time.monotonic()
    victims.begin(action, where, {"remove": ["delta"], "restore": ["alpha"]}.get(action, ["beta"]))
    if victims.ended():
        raise Lost(f"{action} does not work even undisturbed")
    return time.monotonic() - began


def check(folder: Path, states: set[State], doing: str) -> State:
    """The state that a folder is in.

    Raises:
        Lost: if it is none of these, or not whole.
    """
    index = store_at(folder).open(ENCODER)
    found = frozenset(each.id for each in index.documents())
    if found not in states:
        raise Lost(f"{doing}: {sorted(found)} instead of {[sorted(state) for state in states]}")
    texts, hits = expected(found)
    if [each.text for each in index.documents()] != texts or index.search(ASKED, 5) != hits:
        raise Lost(f"{doing}: {sorted(found)} in name only")
    return found


def alter(folder: Path, flips: int, seed: int) -> Counter[str]:
    """Alter single bytes of an index, each time another one of any file, and repair it from the documents.

    Args:
        folder: an empty folder to work in.
        flips: how many.
        seed: of what is altered.

    Returns:
        How many were found, by file.

    Raises:
        Lost: if one is not found, not named, or the index made anew is not the same to the byte.
    """
    chance, found = random.Random(seed), Counter[str]()
    where, names = folder / "index", ("alpha", "beta", "gamma")
    build(where, names)
    whole = {path: path.read_bytes() for path in sorted(where.iterdir()) if path.name != LOCK}
    for number in range(flips):
        path = chance.choice(list(whole))
        at = chance.randrange(len(whole[path]))
        content = bytearray(whole[path])
        content[at] ^= chance.randrange(1, 256)
        overwrite(path, bytes(content))
        if not _noticed(where, path):
            raise Lost(f"byte {at} of {path.name}: {whole[path][at]:#x} became {content[at]:#x} unnoticed")
        found[path.name] += 1
        if number % 25:
            overwrite(path, whole[path])
        else:
            build(where, names)
        if {each: each.read_bytes() for each in whole} != whole or leftovers(where):
            raise Lost(f"byte {at} of {path.name}: not the same again")
    return found


def _noticed(folder: Path, altered: Path) -> bool:
    """Whether `verify` finds an altered file and names it, or the folder it is in if it is the manifest."""
    try:
        said = store_at(folder).damage()
    except IndexStoreError as error:
        said = [str(error)]
    named = folder if altered.name == MANIFEST else altered.name
    return any(str(named) in line for line in said)


def leftovers(folder: Path) -> list[str]:
    """What lies in a folder though no manifest names it."""
    own = {MANIFEST, LOCK, *(file.name for file in read_manifest(folder).files.values())}
    return sorted(path.name for path in folder.iterdir() if path.name not in own)


def _kill_keeping(victims: Victims, folder: Path, chance: random.Random, tally: Tally) -> None:
    """Kill who keeps answers: the file is whole, and everything that was acknowledged is in it."""
    victim = victims.begin("keep", folder, [])
    time.sleep(chance.uniform(0, 0.3))
    os.kill(victim, signal.SIGKILL)
    if victims.ended() != -signal.SIGKILL:
        raise Lost("answers could not be kept")
    tally.kills["keep"] += 1
    file = folder / "usage.sqlite"
    acknowledged = (folder / "acknowledged").read_text().split() if (folder / "acknowledged").exists() else []
    with closing(sqlite3.connect(file)) as db:
        verdict = db.execute("PRAGMA integrity_check").fetchone()[0]
        kept = (
            dict(db.execute("SELECT id, question FROM answers"))
            if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'answers'").fetchone()
            else {}
        )
    missing = set(acknowledged) - set(kept)
    if verdict != "ok" or missing or set(kept.values()) - {"光伏装机目标是多少？"}:
        raise Lost(f"usage log: {verdict}, {len(missing)} of {len(acknowledged)} answers missing")


def main() -> int:
    """Kill as often as asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description="在随机时刻 kill -9，查是否丢失或混合。")
    parser.add_argument("--kills", type=int, default=500, help="多少次（默认 %(default)s）")
    parser.add_argument("--seed", type=int, default=20231, help="随机种子（默认 %(default)s）")
    parser.add_argument("--victims", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--flips", type=int, default=1000, help="改动多少个字节（默认 %(default)s）")
    options = parser.parse_args()
    if options.victims:
        serve_victims()
        return 0
    with tempfile.TemporaryDirectory() as folder:
        for name in ("steps", "moments", "bytes"):
            (Path(folder) / name).mkdir()
        say(f"每一步：{kill_at_every_step(Path(folder) / 'steps')}")
        found = alter(Path(folder) / "bytes", options.flips, options.seed)
        each = "、".join(map(str, sorted(found.values())))
        say(f"改动一个字节：{found.total()} 次（各文件 {each}），全部查出并点名，从文档重建后逐字节相同")
        told = (lambda said: sys.stderr.write(f"\r{said}")) if sys.stderr.isatty() else (lambda said: None)
        say(f"随机时刻：{kill(Path(folder) / 'moments', options.kills, options.seed, told)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
