"""What can be wrong with the input of an evaluation."""

from __future__ import annotations

from pathlib import Path

from index.errors import YijuError


class EvaluationError(YijuError):
    """A question, answer, report or TREC file that cannot be used."""


class Interrupted(Exception):
    """Ctrl-C, after `done` of `total` answers were kept at `path`."""

    def __init__(self, path: Path, done: int, total: int) -> None:
        self.path, self.done, self.total = path, done, total
        super().__init__(f"已中断：{done}/{total} 题的答案留在 {path}，再次运行同一命令即从这里继续")
