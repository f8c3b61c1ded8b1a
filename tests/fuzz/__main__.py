"""`python -m tests.fuzz [TARGET...] [--seconds N] [--round N] [--work DIR]`: fuzz targets in turn, keep what is found.

The corpus grows in `DIR/corpus`, inputs that break something lie in `DIR/found`, and `DIR/log.jsonl` has a line for
each round: seconds, executions and findings. The exit status is 1 if anything was found.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.targets import CORPUS, TARGETS, seeds

ROOT = Path(__file__).resolve().parents[2]
HANG_SECONDS = 30
"""Wall time of one input above which it counts as a hang; a machine with other work to do needs some patience."""
MEMORY_MB = 2048
LENGTH_MAX = 200_000
API = "api"
"""The HTTP interface: fuzzed by its own description, not by bytes."""


def main() -> int:
    """Fuzz until the time is up."""
    options = _options()
    names = options.targets or [*TARGETS, API]
    end = time.monotonic() + options.seconds
    found = 0
    while time.monotonic() < end:
        for name in names:
            seconds = min(options.round, end - time.monotonic())
            if seconds < 1:
                break
            entry = _round(name, int(seconds), options.work)
            found += len(entry["found"])
            with (options.work / "log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps(entry, ensure_ascii=False) + "\n")
            sys.stdout.write(f"{name}: {entry['executions']} in {entry['seconds']} s, {entry['found'] or 'nothing'}\n")
            sys.stdout.flush()
    return 1 if found else 0


def _round(name: str, seconds: int, work: Path) -> dict[str, object]:
    """One target for some seconds."""
    began = time.monotonic()
    before = set((work / "found").glob(f"{name}-*"))
    said = _run(_api(seconds, work) if name == API else _bytes(name, seconds, work), seconds)
    (work / f"last-{name}.txt").write_text(said[-20_000:], encoding="utf-8")
    counts = re.findall(r"^(?:Done |#)(\d+)", said, re.MULTILINE)
    fresh = sorted(path.name for path in set((work / "found").glob(f"{name}-*")) - before)
    return {
        "target": name,
        "seconds": round(time.monotonic() - began),
        "executions": int(counts[-1]) if counts else 0,
        "coverage": int((re.findall(r"cov: (\d+)", said) or ["0"])[-1]),
        "found": fresh,
    }


def _bytes(name: str, seconds: int, work: Path) -> list[str]:
    corpus, found = work / "corpus" / name, work / "found"
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    kept = [path.read_bytes() for path in sorted((CORPUS / name).glob("*"))]
    for data in [*seeds(name), *kept]:
        (corpus / hashlib.sha1(data).hexdigest()).write_bytes(data)
    limits = (f"-timeout={HANG_SECONDS}", f"-rss_limit_mb={MEMORY_MB}", f"-max_len={LENGTH_MAX}")
    where = (f"-artifact_prefix={found}/{name}-", f"-max_total_time={seconds}", str(corpus))
    return [sys.executable, "-W", "ignore", "-m", "tests.fuzz.fuzz_one", name, *limits, *where]


def _api(seconds: int, work: Path) -> list[str]:
    (work / "found").mkdir(parents=True, exist_ok=True)
    return [sys.executable, "-W", "ignore", "-m", "tests.fuzz.api", str(seconds), str(work / "found")]


def _run(command: Sequence[str], seconds: int) -> str:
    """What a process says; one that does not end by itself is ended."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            said, _ = process.communicate(timeout=seconds + 10 * HANG_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            said, _ = process.communicate()
    return said.decode("utf-8", "replace")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="轮流模糊测试各个目标。")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"默认全部：{'、'.join((*TARGETS, API))}")
    parser.add_argument("--seconds", type=int, default=7200, help="一共多少秒（默认 %(default)s）")
    parser.add_argument("--round", type=int, default=60, help="每个目标一轮多少秒（默认 %(default)s）")
    parser.add_argument("--work", type=Path, default=ROOT / "build/fuzz", help="语料和发现放在哪里（默认 build/fuzz）")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
