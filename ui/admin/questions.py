"""Evaluate the record of questions: figures over time, frequent questions, open questions.

Each of them counts those answers only of which the one who looks may read all that they cite.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path

from qa.answers import CitationJson
from ui.usage.log import Readable, everything, read_rows

LISTED = 200
"""How many open questions are looked at, those asked most first."""

MOST = 20
"""How many of the questions asked most are shown."""

_SINCE = "at >= ? AND readable(citations)"
_OPEN = "settled IS NULL AND (abstained OR good = 0)"


@dataclass(frozen=True, slots=True)
class Moment:
    """One answer as the figures see it."""

    at: datetime  # when, in the server's local time
    refused: bool  # the documents did not answer
    seconds: float  # how long the asker waited
    good: bool | None  # what the asker thought of it; None where nothing was said


@dataclass(frozen=True, slots=True)
class Figures:
    """What many answers come to."""

    total: int
    refused: int  # how many of them the documents did not answer
    good: int  # how many readers agreed
    bad: int  # how many readers objected
    p50: float | None  # median of the seconds waited; None where there are no answers
    p95: float | None  # what 95 of 100 waited at most

    @property
    def answered(self) -> int:
        """Return how many were answered."""
        return self.total - self.refused


@dataclass(frozen=True, slots=True)
class Stretch:
    """The figures of an hour, a day or a week."""

    start: datetime  # its begin, in the server's local time
    label: str  # how it is written at the axis
    figures: Figures


@dataclass(frozen=True, slots=True)
class Frequent:
    """A question that was asked more than once."""

    question: str
    times: int
    refused: int


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question that was refused or whose answer was disputed, and that is not settled."""

    id: str  # of its latest such answer; stands for all of them
    question: str  # as it was searched
    times: int  # how often that happened
    refused: int  # how often the documents did not answer
    disputed: int  # how often a reader objected
    last: datetime  # when it happened last, in the server's local time
    reasons: tuple[str, ...]  # what readers objected, the latest last
    answer: str | None  # what was answered last; None if that was a refusal
    short: str | None  # the short answer to it
    citations: tuple[CitationJson, ...]
    answered_since: bool  # the same question got an undisputed answer later


def moments(path: Path, since: float, readable: Readable = everything) -> list[Moment]:
    """Return all answers from a time on, in seconds since 1970, the oldest first.

    Raises:
        UsageUnavailable: if the file cannot be read; likewise below.
    """
    query = f"SELECT at, abstained, seconds, good FROM answers WHERE {_SINCE} ORDER BY at"
    rows = read_rows(path, query, (since,), readable)
    return [Moment(datetime.fromtimestamp(at), bool(no), took, _truth(good)) for at, no, took, good in rows]


def places(path: Path, since: float, readable: Readable = everything) -> list[tuple[str, int]]:
    """Return how many answers were asked for where, most first."""
    query = f"SELECT place, COUNT(*) FROM answers WHERE {_SINCE} GROUP BY place ORDER BY 2 DESC, 1"
    return [(str(place), int(count)) for place, count in read_rows(path, query, (since,), readable)]


def most_asked(path: Path, since: float, readable: Readable = everything) -> list[Frequent]:
    """Return the questions asked most often, spellings of one counted together."""
    query = (
        f"SELECT standalone, COUNT(*) AS times, SUM(abstained), MAX(at) FROM answers WHERE {_SINCE}"
        f" GROUP BY topic HAVING times > 1 ORDER BY times DESC, MAX(at) DESC LIMIT {MOST}"
    )
    rows = read_rows(path, query, (since,), readable)
    return [Frequent(str(text), int(times), int(refused)) for text, times, refused, _ in rows]


def open_questions(path: Path, limit: int = LISTED, readable: Readable = everything) -> list[OpenQuestion]:
    """Return all unsettled questions, however old; spellings of one question are one."""
    # SQLite takes bare columns from the row that has the MAX: the latest answer.
    query = (
        "SELECT id, standalone, abstained, answer, short, citations, MAX(at) AS last, COUNT(*) AS times,"
        " SUM(abstained) AS refused, SUM(good IS 0) AS disputed, GROUP_CONCAT(reason, char(10)) AS reasons,"
        " (SELECT MAX(at) FROM answers AS other WHERE other.topic = answers.topic"
        "  AND NOT other.abstained AND other.good IS NOT 0 AND readable(other.citations)) AS answered"
        f" FROM answers WHERE {_OPEN} AND readable(citations) GROUP BY topic ORDER BY times DESC, last DESC LIMIT ?"
    )
    return [_open_question(row) for row in read_rows(path, query, (limit,), readable)]


def open_by_id(path: Path, ids: Sequence[str], readable: Readable = everything) -> list[OpenQuestion]:
    """Return those open questions that these answers stand for, in the order of the list."""
    wanted = set(ids)
    return [each for each in open_questions(path, readable=readable) if each.id in wanted]


def figures(answers: Sequence[Moment]) -> Figures:
    """Return what these answers come to."""
    waited = sorted(each.seconds for each in answers)
    return Figures(
        total=len(answers),
        refused=sum(each.refused for each in answers),
        good=sum(each.good is True for each in answers),
        bad=sum(each.good is False for each in answers),
        p50=_percentile(waited, 0.5),
        p95=_percentile(waited, 0.95),
    )


def stretches(answers: Sequence[Moment], days: int, now: datetime) -> list[Stretch]:
    """Return the last `days` days, the last stretch holding `now`, with the figures of each stretch; empty ones too.

    One day is cut into hours, up to 31 days into days, more into weeks.
    """
    step, label = _cut(days)
    last = now.replace(minute=0, second=0, microsecond=0)
    if step >= timedelta(days=1):
        last = last.replace(hour=0) - (step - timedelta(days=1))
    starts = [last - step * back for back in reversed(range(ceil(timedelta(days=days) / step)))]
    held: list[list[Moment]] = [[] for _ in starts]
    for each in answers:
        if each.at >= starts[0]:
            held[bisect_right(starts, each.at) - 1].append(each)
    return [Stretch(start, label(start), figures(mine)) for start, mine in zip(starts, held, strict=True)]


def _cut(days: int) -> tuple[timedelta, Callable[[datetime], str]]:
    if days <= 1:
        return timedelta(hours=1), lambda start: f"{start.hour}时"
    step = timedelta(days=1 if days <= 31 else 7)
    return step, lambda start: f"{start.month}月{start.day}日"


def _percentile(ordered: Sequence[float], share: float) -> float | None:
    """Return the smallest value that at least `share` of them do not exceed."""
    return ordered[ceil(share * len(ordered)) - 1] if ordered else None


def _open_question(row: sqlite3.Row) -> OpenQuestion:
    return OpenQuestion(
        id=row["id"],
        question=row["standalone"],
        times=row["times"],
        refused=row["refused"],
        disputed=row["disputed"],
        last=datetime.fromtimestamp(row["last"]),
        reasons=tuple(dict.fromkeys((row["reasons"] or "").split("\n"))) if row["reasons"] else (),
        answer=None if row["abstained"] else row["answer"],
        short=row["short"],
        citations=tuple(json.loads(row["citations"])),
        answered_since=(row["answered"] or 0) > row["last"],
    )


def _truth(value: int | None) -> bool | None:
    return None if value is None else bool(value)
