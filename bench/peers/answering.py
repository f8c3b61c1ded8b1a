"""The product's answers in a process of their own: `python -m bench.peers.answering JOB RESULT`.

JOB is a JSON object: `folder` with the text files, `questions`, each with its `history`. RESULT is an `Answered`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TypedDict

from bench.peers.worker import peak_mb, timed
from index.encoding.encoders import load_encoder
from index.loaders import find_files, load
from index.store.passage_index import PassageIndex
from qa.answers import AnswerJson
from qa.bootstrap import open_assistant
from qa.settings import Settings


class Answered(TypedDict):
    """What the product answered, and what it took.

    Attributes:
        answers: as in docs/contract.md, in the order of the questions.
        milliseconds: of processor time of every answer.
        peak_mb: most memory that the process held, building the index included.
    """

    answers: list[AnswerJson]
    milliseconds: list[float]
    peak_mb: float


def answer(folder: Path, questions: Sequence[tuple[str, Sequence[str]]]) -> Answered:
    """Index a folder as the product does and ask every question once, with its earlier questions."""
    with tempfile.TemporaryDirectory() as temporary:
        documents = [load(path, source=source) for path, source in find_files([folder])]
        PassageIndex.build(documents, load_encoder()).save(Path(temporary))
        assistant = open_assistant(Settings(Path(temporary)))
        assistant.ask("预热")
        asked = [timed(partial(assistant.ask, question, history)) for question, history in questions]
    return {
        "answers": [given.to_json() for given, _ in asked],
        "milliseconds": [1000 * took for _, took in asked],
        "peak_mb": peak_mb(),
    }


def main(arguments: Sequence[str]) -> None:
    """Do the job of a file and write what came out into another."""
    job_file, result_file = arguments
    job = json.loads(Path(job_file).read_text("utf-8"))
    answered = answer(Path(job["folder"]), [(each["question"], each["history"]) for each in job["questions"]])
    Path(result_file).write_text(json.dumps(answered, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
