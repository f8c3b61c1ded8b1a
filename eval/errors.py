"""What can be wrong with the input of an evaluation.

YijuError
└─ EvaluationError(path)
   ├─ DatasetError(path)       a question file that cannot be used
   ├─ AnswersError(path)       an answer file that cannot be used
   └─ BaselineError(path)      a baseline that cannot be compared with
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
