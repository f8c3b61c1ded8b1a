"""The record of questions: what it keeps, how long, and that no answer ever waits for it or fails with it."""

from __future__ import annotations

import argparse
import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from qa.answers import Answer
from tests.support.fake_answerer import FakeAnswerer
from ui.access.visitors import Visitor
from ui.options import add_usage_options, usage_of
from ui.usage.log import SCHEMA_VERSION, UsageLog, UsageUnavailable, read_rows, topic_of, usage_file

DAY = 86_400.0
SOMEBODY = Visitor(name="张三")


def answer(question: str, id: str = "a1") -> Answer:
    return replace(FakeAnswerer().ask(question), id=id)


class Clock:
    """Seconds since 1970, told by the test."""

    def __init__(self) -> None:
        self.now = 1_000 * DAY

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return usage_file(tmp_path / "index")


@pytest.fixture
def usage(path: Path) -> Iterator[UsageLog]:
    usage = UsageLog(path)
    yield usage
    usage.close()


def rows(path: Path, columns: str = "*") -> list[tuple[object, ...]]:
    return [tuple(row) for row in read_rows(path, f"SELECT {columns} FROM answers ORDER BY at, id")]


def test_it_stands_beside_the_index_and_not_in_it(tmp_path):
    assert usage_file(tmp_path / "data" / "index") == tmp_path / "data" / "index-usage.sqlite"


def test_it_stands_beside_an_index_that_is_named_by_a_dot(tmp_path, monkeypatch):
    (tmp_path / "index").mkdir()
    monkeypatch.chdir(tmp_path / "index")
    assert usage_file(Path()) == tmp_path / "index-usage.sqlite"


def test_an_answer_is_kept_with_its_basis_and_without_who_asked(usage, path):
    usage.record(answer("光伏装机目标是多少？"), SOMEBODY, where="chat", seconds=0.25)
    usage.flush()
    (row,) = read_rows(path, "SELECT * FROM answers")
    kept = dict(row)
    assert (kept["id"], kept["place"], kept["visitor"], kept["seconds"]) == ("a1", "chat", None, 0.25)
    assert (kept["question"], kept["short"], kept["abstained"]) == ("光伏装机目标是多少？", "70MW", 0)
    assert (kept["confidence"], kept["good"], kept["settled"]) == (0.92, None, None)
    assert [each["quote"] for each in json.loads(kept["citations"])] == ["光伏发电计划装机容量70MW。"]


def test_names_are_kept_only_where_they_are_wanted(path):
    usage = UsageLog(path, log_users=True)
    usage.record(answer("光伏"), SOMEBODY, where="chat")
    usage.close()
    assert rows(path, "visitor") == [("张三",)]


def test_nothing_is_made_before_something_is_kept(usage, path):
    assert not path.exists()
    assert read_rows(path, "SELECT * FROM answers") == []


def test_spellings_of_one_question_share_a_topic():
    assert topic_of("光伏 装机目標是多少？") == topic_of("光伏装机目标是多少") == topic_of("光伏装机目标是多少！！")
    assert topic_of("PET产能") == topic_of("ｐｅｔ产能") != topic_of("光伏产能")


def test_the_last_word_on_an_answer_counts(usage, path):
    usage.record(answer("光伏"), SOMEBODY, where="chat")
    assert usage.rate("a1", good=False, reason="引用错了").result() == 1
    assert rows(path, "good, reason") == [(0, "引用错了")]
    assert usage.rate("a1", good=True).result() == 1
    assert rows(path, "good, reason") == [(1, None)]
    assert usage.rate("nobody", good=True).result() == 0


def test_settling_takes_all_answers_to_the_question_but_none_that_came_later(path):
    clock = Clock()
    usage = UsageLog(path, clock=clock)
    for id, question in (("a1", "天气如何"), ("a2", "天气 如何？"), ("a3", "股价如何")):
        usage.record(answer(question, id), SOMEBODY, where="chat")
    usage.flush()
    seen = clock.now
    clock.now += 1
    usage.record(answer("天气如何", "a4"), SOMEBODY, where="chat")
    assert usage.settle(["a1"], "dismissed", until=seen).result() == 2
    usage.close()
    assert rows(path, "id, settled") == [("a1", "dismissed"), ("a2", "dismissed"), ("a3", None), ("a4", None)]


def test_what_is_too_old_is_gone_from_the_file_too(path):
    clock = Clock()
    usage = UsageLog(path, keep_days=30, clock=clock)
    usage.record(answer("一个不该留下的问题", "old"), SOMEBODY, where="chat")
    usage.close()
    clock.now += 31 * DAY
    usage = UsageLog(path, keep_days=30, clock=clock)
    usage.record(answer("光伏", "new"), SOMEBODY, where="chat")
    usage.close()
    assert rows(path, "id") == [("new",)]
    assert "一个不该留下的问题".encode() not in path.read_bytes()


def test_a_clock_far_ahead_deletes_nothing_before_it_has_run_for_a_day(path, caplog, monkeypatch):
    clock = Clock()
    usage = UsageLog(path, keep_days=30, clock=clock)
    usage.record(answer("光伏", "old"), SOMEBODY, where="chat")
    usage.close()
    clock.now += 3_650 * DAY
    for id in ("later", "last"):  # a restart does not make the clock right
        usage = UsageLog(path, keep_days=30, clock=clock)
        usage.record(answer("光伏", id), SOMEBODY, where="chat")
        usage.flush()
        usage.close()
    assert len(rows(path)) == 3
    assert "时钟" in caplog.text
    monkeypatch.setattr("ui.usage.log.DOUBT_SECONDS", 0.0)
    usage = UsageLog(path, keep_days=30, clock=clock)
    usage.flush()
    usage.close()
    assert {id for (id,) in rows(path, "id")} == {"later", "last"}


def test_halves_of_characters_and_nul_are_no_hindrance(usage, path):
    odd = replace(answer("光伏"), text="\ud83d\x00'; DROP TABLE answers; --", short="\udc00")
    usage.record(odd, SOMEBODY, where="chat")
    usage.flush()
    assert rows(path, "answer, short") == [("?\x00'; DROP TABLE answers; --", "?")]


def test_two_processes_write_one_file(path):
    first, second = UsageLog(path), UsageLog(path)
    for n in range(20):
        (first, second)[n % 2].record(answer("光伏", f"a{n}"), SOMEBODY, where="api")
    first.close()
    second.close()
    assert len(rows(path)) == 20


def test_closing_writes_what_waits_and_what_comes_later_is_kept_too(path):
    usage = UsageLog(path)
    usage.close()
    for n in range(50):
        usage.record(answer("光伏", f"a{n:02}"), SOMEBODY, where="api")
    usage.close()
    assert len(rows(path)) == 50
    usage.record(answer("光伏", "later"), SOMEBODY, where="api")
    usage.close()
    assert len(rows(path)) == 51


def options(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_usage_options(parser)
    return parser.parse_args(given)


def test_the_command_line_says_whether_and_how_long_questions_are_kept(tmp_path):
    index = tmp_path / "index"
    assert usage_of(options("--no-usage-log"), index) is None
    for given, kept in ((("--keep-days", "30"), ["new"]), (("--keep-days", "0"), ["old", "new"])):
        usage = usage_of(options(*given), index)
        assert usage.path == usage_file(index)
        usage.path.unlink(missing_ok=True)
        usage.record(answer("光伏", "old"), SOMEBODY, where="chat")
        usage._submit(lambda db: db.execute("UPDATE answers SET at = at - 31 * 86400.0").rowcount).result()
        usage.close()
        usage = usage_of(options(*given), index)
        usage.record(answer("光伏", "new"), SOMEBODY, where="chat")
        usage.close()
        assert [id for (id,) in rows(usage.path, "id")] == kept


@pytest.mark.parametrize("days", ["-1", "x", "1.5", "999999"])
def test_days_that_are_no_number_are_refused(days, capsys):
    with pytest.raises(SystemExit):
        options("--keep-days", days)
    assert "须为 0 到 99999 的整数" in capsys.readouterr().err


def test_a_new_file_gets_the_schema_and_a_later_one_is_left_alone(usage, path, caplog):
    usage.record(answer("光伏"), SOMEBODY, where="chat")
    usage.flush()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        db.execute("PRAGMA user_version = 99")
    later = UsageLog(path)
    with pytest.raises(UsageUnavailable, match="较新的版本"):
        later.flush()
    later.close()
    assert len(rows(path)) == 1


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno == logging.WARNING]


def test_a_file_that_cannot_be_written_costs_one_warning(tmp_path, caplog):
    usage = UsageLog(tmp_path / "nowhere" / "usage.sqlite")
    for n in range(3):
        usage.record(answer("光伏", f"a{n}"), SOMEBODY, where="chat")
    with pytest.raises(UsageUnavailable, match="无法写入"):
        usage.flush()
    usage.close()
    assert len(warnings(caplog)) == 1


def test_what_is_no_database_costs_one_warning_and_stays_as_it_is(path, caplog):
    path.write_bytes(b"not a database" * 100)
    usage = UsageLog(path)
    usage.record(answer("光伏"), SOMEBODY, where="chat")
    usage.close()
    assert len(warnings(caplog)) == 1
    assert path.read_bytes() == b"not a database" * 100
    with pytest.raises(UsageUnavailable, match="无法读取"):
        read_rows(path, "SELECT * FROM answers")


def test_writing_goes_on_when_the_trouble_is_over(tmp_path, caplog):
    path = tmp_path / "later" / "usage.sqlite"
    usage = UsageLog(path)
    usage.record(answer("光伏", "lost"), SOMEBODY, where="chat")
    with pytest.raises(UsageUnavailable):
        usage.flush()
    path.parent.mkdir()
    usage.record(answer("光伏", "kept"), SOMEBODY, where="chat")
    usage.close()
    assert rows(path, "id") == [("kept",)]


def test_a_full_disk_costs_one_warning_and_no_answer(path, caplog):
    usage = UsageLog(path)
    usage.record(answer("光伏", "small"), SOMEBODY, where="chat")
    full = usage._submit(lambda db: db.execute("PRAGMA max_page_count = 1").rowcount)  # as small as it can be now
    full.result()
    usage.record(replace(answer("光伏", "large"), text="长" * 1_000_000), SOMEBODY, where="chat")
    usage.record(replace(answer("光伏", "larger"), text="长" * 1_000_000), SOMEBODY, where="chat")
    usage.close()
    assert "small" in [id for (id,) in rows(path, "id")]
    assert len(warnings(caplog)) == 1
    assert "disk is full" in warnings(caplog)[0]


def test_what_is_too_much_at_once_is_dropped_and_recording_never_waits(path, caplog):
    usage = UsageLog(path, max_waiting=2)
    with closing(sqlite3.connect(path)) as db:
        db.execute("BEGIN EXCLUSIVE")  # nobody else can write now
        for n in range(10):
            usage.record(answer("光伏", f"a{n}"), SOMEBODY, where="chat")
        assert len(warnings(caplog)) == 1
        db.rollback()
    usage.close()
    assert 1 <= len(rows(path)) <= 3
