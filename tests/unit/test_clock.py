"""Clocks are set, forwards and backwards, while a service runs: limits, sign-ins and records bear it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fake_answerer import FakeAnswerer
from ui.access.limits import Limits
from ui.access.visitors import Visitor
from ui.audit.chain import verify
from ui.audit.log import AuditLog, Note
from ui.errors import TooMany
from ui.usage.log import UsageLog, read_rows

NOON = 1_790_000_000.0
YEAR = 365 * 86_400.0


@pytest.mark.parametrize("jump", [-YEAR, -3_600.0, 3_600.0, YEAR])
def test_a_limit_by_the_minute_begins_anew_and_shuts_nobody_out(jump):
    now = [NOON]
    limits = Limits(per_address=2, clock=lambda: now[0])
    somebody = Visitor(address="198.51.100.7")
    for _ in range(2):
        limits.take(somebody)
    with pytest.raises(TooMany) as refused:
        limits.take(somebody)
    assert 0 < refused.value.seconds <= 60
    now[0] += jump
    for _ in range(2):
        limits.take(somebody)
    with pytest.raises(TooMany) as refused:
        limits.take(somebody)
    assert 0 < refused.value.seconds <= 60


def test_the_audit_log_goes_by_numbers_and_not_by_the_clock(tmp_path: Path):
    with closing(AuditLog(tmp_path / "index-audit.jsonl")) as log:
        for at in (NOON, NOON - YEAR, NOON + YEAR, 0.0):
            log.note(Note("ask", "a", "api", {"question": str(at)}, at=at))
        assert log.flush()
    assert (verify(log.path).problem, verify(log.path).head.n) == (None, 4)


def test_an_answer_that_the_clock_puts_into_the_future_stays_and_is_kept_as_long_as_others(tmp_path: Path):
    now, path = [NOON], tmp_path / "index-usage.sqlite"
    for number, jump in enumerate((0.0, -YEAR / 4, YEAR / 4)):
        now[0] = NOON + jump
        usage = UsageLog(path, keep_days=180, clock=lambda: now[0])
        usage.record(replace(FakeAnswerer().ask("光伏"), id=f"a{number}"), Visitor(), where="chat")
        usage.flush()
        usage.close()
    assert [row["id"] for row in read_rows(path, "SELECT id FROM answers ORDER BY id")] == ["a0", "a2"]


def test_how_long_an_answer_took_does_not_go_by_the_clock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    import asyncio
    import time

    from ui.answer_queue import AnswerQueue

    async def run() -> None:
        usage = UsageLog(tmp_path / "index-usage.sqlite")
        queue = AnswerQueue(FakeAnswerer(), usage=usage)
        await queue.ask("光伏", where="api")
        wall = time.time()
        monkeypatch.setattr(time, "time", lambda: wall - YEAR)
        await queue.ask("风电", where="api")
        await queue.close()

    asyncio.run(run())
    assert all(0 <= row["seconds"] < 60 for row in read_rows(tmp_path / "index-usage.sqlite", "SELECT * FROM answers"))
