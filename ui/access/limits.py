"""How much one key or one address may ask."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ui.access.keys import KeyBook
from ui.access.visitors import Allowance, Visitor
from ui.errors import TooMany

MINUTE = 60

MOST_COUNTED = 100_000
"""How many keys and addresses are counted in one minute; a flood from more is for the proxy to hold off."""


EVENTS = 10
"""How many events of the chat's page are let through for each question that may be asked: it takes two to five."""


class Limits:
    """Counts questions: by the minute in this process, by the day in the file of the keys, for all processes."""

    def __init__(
        self, book: KeyBook | None = None, per_address: int | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._book = book
        self._per_address = per_address
        self._clock = clock
        self._minute = 0
        self._asked: dict[str, int] = {}

    def take(self, visitor: Visitor) -> None:
        """Count one question of this visitor.

        Raises:
            TooMany: if it is one too many; it is not counted then.
        """
        self._take("address", visitor.address, self._per_address, "这个地址提问太频繁")
        if allowance := visitor.allowance:
            self._take("key", allowance.key, allowance.per_minute, "提问太频繁")
            self._take_day(allowance)

    def take_event(self, visitor: Visitor) -> None:
        """Count one event of the chat's page, of which a question takes a few.

        Raises:
            TooMany: if the page sends more than questions need.
        """
        self._take("page at", visitor.address, self._per_address, "这个地址提问太频繁", EVENTS)
        if allowance := visitor.allowance:
            self._take("page of", allowance.key, allowance.per_minute, "提问太频繁", EVENTS)

    def _take(self, kind: str, name: str | None, limit: int | None, message: str, times: int = 1) -> None:
        if name is None or limit is None:
            return
        now = self._clock()
        if self._minute != (minute := int(now // MINUTE)):
            self._minute, self._asked = minute, {}
        who = f"{kind} {name}"
        asked = self._asked.get(who, 0)
        if asked >= limit * times or len(self._asked) >= MOST_COUNTED:
            seconds = MINUTE - int(now % MINUTE)
            raise TooMany(f"{message}（每分钟最多 {limit} 个问题），请 {seconds} 秒后再试。", seconds)
        self._asked[who] = asked + 1

    def _take_day(self, allowance: Allowance) -> None:
        limit = allowance.per_day
        if limit is None or self._book is None or self._book.count(allowance.key, limit):
            return
        now = datetime.fromtimestamp(self._clock(), UTC)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        raise TooMany(
            f"今天的提问次数已用完（每天最多 {limit} 个问题），请明天再试。", int((midnight - now).total_seconds()) + 1
        )
