"""Progress is shown to people and to nobody else."""

from __future__ import annotations

import pytest

from eval.progress import with_progress


@pytest.mark.parametrize(("terminal", "shown"), [(True, "\r评测 1/2\r评测 2/2\n"), (False, "")])
def test_progress_is_shown_on_a_terminal_only(
    terminal: bool, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    assert list(with_progress("ab", 2)) == ["a", "b"]
    assert capsys.readouterr().err == shown
