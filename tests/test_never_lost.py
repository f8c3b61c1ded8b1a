"""An index is never lost: killed at any step it is the old one or the new one, and no altered byte goes unnoticed."""

from __future__ import annotations

from pathlib import Path

from tests.kills import kill, kill_at_every_step


def test_killed_at_any_step_of_any_change_the_old_or_the_new_index_is_there_whole(tmp_path: Path) -> None:
    tally = kill_at_every_step(tmp_path)
    assert set(tally.kills) == {"build", "add", "remove", "restore"}
    assert min(tally.kills.values()) > 10  # each takes that many steps
    assert tally.old > tally.new > 4  # the step that counts comes late, and is not the last


def test_killed_at_any_moment_nothing_is_lost_and_readers_see_one_or_the_other(tmp_path: Path) -> None:
    assert kill(tmp_path, 25, seed=20231).kills.total() == 25
