"""An index is never lost: killed at any step it is the old one or the new one, and no altered byte goes unnoticed."""

from __future__ import annotations

from pathlib import Path

from tests.kills import alter, kill, kill_at_every_step


def test_killed_at_any_step_of_any_change_the_old_or_the_new_index_is_there_whole(tmp_path: Path) -> None:
    tally = kill_at_every_step(tmp_path)
    assert set(tally.kills) == {"build", "add", "remove", "restore"}
    assert min(tally.kills.values()) > 10  # each takes that many steps
    assert tally.old > tally.new > 4  # the step that counts comes late, and is not the last


def test_killed_at_any_moment_nothing_is_lost_and_readers_see_one_or_the_other(tmp_path: Path) -> None:
    assert kill(tmp_path, 25, seed=20231).kills.total() == 25


FLIPS = 250
"""Altered bytes in a test run; `python -m tests.kills --flips 1000` for more."""


def test_no_altered_byte_goes_unnoticed_and_the_documents_make_the_same_index_again(tmp_path: Path) -> None:
    found = alter(tmp_path, FLIPS, seed=20232)
    assert found.total() == FLIPS
    assert len(found) == len(list((tmp_path / "index").iterdir())) - 1  # every file, but for the lock
