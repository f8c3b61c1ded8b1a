"""Answers kept as they come, so that a run that was broken off goes on where it stopped.

A file of JSON lines beside the report that is being made: first what was asked of what, then an answer a line. A line
that was cut off in writing is dropped. Questions that failed are not kept: they are asked again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

from eval.data.outcomes import Askable, ask
from eval.records import Outcome, Query
from qa.answers import AnswerJson
from qa.settings import Answering


def journal_path(report: Path, way: Answering = Answering.BOTH) -> Path:
    """Return where the answers for a report are kept until it is written.

    Those of each other way of answering apart.
    """
    name = "" if way is Answering.BOTH else f".{way}"
    return report.with_name(f"{report.name}{name}.answers")


class Journal:
    """What was answered so far; a file with another key, which names all that answers depend on, is written anew."""

    def __init__(self, path: Path, key: Mapping[str, str]) -> None:
        self.path = path
        self._key = dict(key)
        self.answers: dict[str, AnswerJson] = self._read()

    def ask_all(self, answerer: Askable, queries: Sequence[Query]) -> Iterator[Outcome]:
        """Yield the outcome of each question; those that are kept are not asked again.

        Raises:
            OSError: if the file cannot be written.
        """
        lines = [_line(self._key), *(_line({"id": id, "answer": answer}) for id, answer in self.answers.items())]
        self.path.write_text("".join(lines), encoding="utf-8")
        with self.path.open("a", encoding="utf-8") as file:
            for query in queries:
                if query.id in self.answers:
                    yield Outcome(query, self.answers[query.id])
                    continue
                outcome = ask(answerer, query)
                if outcome.answer is not None:
                    file.write(_line({"id": query.id, "answer": outcome.answer}))
                    file.flush()
                    self.answers[query.id] = outcome.answer
                yield outcome

    def _read(self) -> dict[str, AnswerJson]:
        lines = list(self._lines())
        if not lines or lines[0] != self._key:
            return {}
        return {str(line["id"]): cast(AnswerJson, line["answer"]) for line in lines[1:] if {"id", "answer"} <= {*line}}

    def _lines(self) -> Iterator[Mapping[str, object]]:
        with suppress(OSError, UnicodeDecodeError, json.JSONDecodeError):
            for text in self.path.read_text(encoding="utf-8").splitlines():
                line = json.loads(text)
                if not isinstance(line, dict):
                    return
                yield line


def _line(value: object) -> str:
    # In ASCII: no separator that `splitlines` knows, and no lone surrogate, is left in a line.
    return json.dumps(value) + "\n"
