"""What can be wrong with the input of an evaluation.

YijuError
└─ EvaluationError(path)
   ├─ DatasetError(path)       a question file that cannot be used
   ├─ AnswersError(path)       an answer file that cannot be used
   ├─ BaselineError(path)      a report that cannot be compared with
   └─ TrecError(path)          a qrels or run file that cannot be used
"""

from __future__ import annotations

from pathlib import Path

from index.errors import YijuError


class EvaluationError(YijuError):
    """An input of the evaluation that cannot be used; `path` names it."""

    def __init__(self, path: Path | str, message: str) -> None:
        self.path = Path(path)
        super().__init__(message)


class DatasetError(EvaluationError):
    """A question file that cannot be used."""


class AnswersError(EvaluationError):
    """An answer file that cannot be used."""


class BaselineError(EvaluationError):
    """A baseline that cannot be read, or that measured something else."""


class TrecError(EvaluationError):
    """A qrels or run file that cannot be used."""


class Interrupted(Exception):
    """Ctrl-C, after some answers were kept.

    Attributes:
        path: where they are.
        done: how many.
        total: how many there were to be.
    """

    def __init__(self, path: Path, done: int, total: int) -> None:
        self.path, self.done, self.total = path, done, total
        super().__init__(f"已中断：{done}/{total} 题的答案留在 {path}，再次运行同一命令即从这里继续")
