"""The benchmark of files handed in, on a real server."""

from __future__ import annotations

from bench.load import text_of, windows
from bench.programs import sample_index, serving
from bench.uploads import dropped, long_file


def test_a_long_file_is_seen_to_be_read_and_dropped_files_are_all_done() -> None:
    with sample_index() as index, serving(index) as server:
        progress, behind = long_file(server.address, 1)
        figures = {each.name: each.value for each in dropped(server.address, windows(text_of(server.address)), 3)}
    assert progress.value > 0 and behind.value > 0
    assert figures["3 files dropped: not done"] == 0
    assert figures["3 files dropped: answers meanwhile"] > 0
    assert figures["meanwhile against at rest, p95"] > 0
