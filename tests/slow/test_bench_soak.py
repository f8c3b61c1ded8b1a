"""The soak against a server whose answers are known, and what it makes of records that are known."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from bench import soak
from bench.programs import Server
from tests.support.fake_answerer import FakeAnswerer
from tests.support.served import built, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(built(FakeAnswerer())) as address:
        yield Server(address, os.getpid(), 0.0)


def questions() -> Iterator[str]:
    return soak._Shared(f"光伏装机目标是多少{'？' * (n % 7)}" for n in count())


def test_clients_of_every_kind_get_what_they_expect(server: Server) -> None:
    record = soak.mixed(server, questions(), answers=60, clients=4)
    assert record.failures == Counter()
    assert set(record.replies) == {"whole", "stream", "chat", "abandoned", "wrong", "page"}
    assert len(record.waits) == sum(record.replies[kind] for kind in ("whole", "stream", "chat")) >= 60
    assert record.samples[0].megabytes > 10 and record.samples[0].descriptors > 3


def test_a_reply_that_a_kind_does_not_expect_is_a_failure(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "MIX", {soak.whole: 1})
    asked = (text for text in ["请崩溃", *["光伏装机目标是多少"] * 99])
    record = soak.mixed(server, soak._Shared(asked), answers=5, clients=1)
    (failure,) = record.failures
    assert failure.startswith("whole：Unexpected 500 instead of 200: ")
    assert record.failures.total() == 1
    assert len(record.waits) == 5


def test_growth_is_measured_after_the_first_tenth(server: Server) -> None:
    samples = [soak.Sample(answers, 500.0 if answers < 10 else 100.0 + answers / 100, 20, 5) for answers in range(101)]
    figures = {each.name: each.value for each in soak.soaked(soak.Record(waits=[0.1] * 100, samples=samples))}
    # Of the 91 samples from the tenth answer on, the first fifth are 10…27 with the median 18.5, the last 83…100: 91.5.
    assert figures["memory growth since then"] == pytest.approx(100 * (100.915 / 100.185 - 1))
    assert figures["growth of descriptors"] == 0
    assert figures["p50 of the last fifth to the first"] == 1


def test_more_than_can_be_is_answered_or_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "PEAK_SECONDS", 1.0)
    monkeypatch.setattr(soak, "FLOOD_SECONDS", 1.5)
    with serving(built(FakeAnswerer(pause=0.1), workers=1, waiting=2)) as address:
        figures = {each.name: each.value for each in soak.flooded(address, questions())}
    assert 0 < figures["answers a second at most"] <= 10
    assert figures["turned away with 503"] > 10
    assert figures["neither"] == 0


def test_a_folder_that_vanishes_comes_back(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "EVERY", 0.01)
    (tmp_path / "index").mkdir()
    figures = [each.value for each in soak.vanished(server.address, tmp_path / "index", questions())]
    assert figures == [20, 20, 200] and [each.name for each in tmp_path.iterdir()] == ["index"]


def test_a_server_that_is_gone_ends_the_soak(server: Server) -> None:
    gone = Server("http://127.0.0.1:9", server.pid, 0.0)
    with pytest.raises(soak.Unexpected, match="服务器不再回答"):
        soak.mixed(gone, questions(), answers=5, clients=2)
