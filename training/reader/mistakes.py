"""Candidates that the product ranks first on training questions, right ones and wrong ones, to learn support from.

`python -m training.reader.mistakes FILE` runs the reader over the written training questions, each on an index of its
document alone. What a network and the weights around it choose by themselves teaches more than negatives made by rule.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from eval.metrics.answer_metrics import normalise
from eval.records import Query
from index.encoding.caching import RememberingEncoder
from index.encoding.encoders import load_encoder
from index.protocols import Encoder
from index.records import Document, Span
from index.store.passage_index import PassageIndex
from qa.bootstrap import interpreter_of
from qa.reading.extractive_reader import ExtractiveReader, SpanScorer
from qa.reading.features import Place
from qa.reading.model_input import Window
from qa.reading.second_look import marked
from qa.reading.span_model import MODELS, load_span_model
from training.fit.fit_reader import answers
from training.reader import policy, written
from training.reader.examples import Judgement
from training.reader.written import Written


def read(path: Path) -> list[Judgement]:
    """Return the candidates of a file, in its order."""
    return [_judgement(line) for line in path.read_text("utf-8").splitlines()]


def _judgement(line: str) -> Judgement:
    row = json.loads(line)
    window = Window(row["title"], tuple(row["path"]), row["text"])
    return Judgement(row["q"], window, Span(*row["span"]), row["ok"], "mistakes", row["v"])


def collect(
    questions: Sequence[Written], documents: dict[str, Document], encoder: Encoder, spans: SpanScorer
) -> Iterator[Judgement]:
    """Yield the candidates that the reader reads a second time, each labelled by the question's answers.

    A candidate that holds more or less than an answer is left out: nobody could say whether it is right.

    Args:
        questions: of the training part.
        documents: by their ids.
        encoder: of the indexes.
        spans: the network.
    """
    by_document: dict[str, list[Written]] = defaultdict(list)
    for each in questions:
        by_document[each.document].append(each)
    for key, asked in by_document.items():
        index = PassageIndex.build([documents[key]], encoder)
        reader, interpreter = ExtractiveReader(index, spans), interpreter_of(index)
        for each in asked:
            standalone, *more = interpreter.questions(each.question, ())
            look = None if more else reader.look(standalone, index.search(standalone, 10))
            for row in look.judged.rows if look else ():
                place = look.ranking[row] if look else None
                if place is not None and (right := _is_right(each, place)) is not None:
                    window, span = marked(place)
                    yield Judgement(standalone, window, span, right, "mistakes", each.verdict if right else None)


def _is_right(question: Written, place: Place) -> bool | None:
    if not question.is_answered:
        return False
    query = Query("", question.question, question.answers, (question.clause,), True, question.kind)
    if answers(query, place):
        return True
    text = normalise(place.text)
    parts = [normalise(part) for alternative in question.answers for part in alternative]
    return None if any(part in text or text in part for part in parts) else False


def main(argv: Sequence[str] | None = None) -> int:
    """Write the candidates as JSON lines. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m training.reader.mistakes", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--models", type=Path, default=MODELS, help="folder of the network")
    parser.add_argument("-n", type=int, default=4000, help="questions, drawn at random")
    given = parser.parse_args(argv)
    questions = written.read()
    documents = {
        key: document
        for key, document in policy.documents(given.data, {each.document for each in questions}).items()
        if written.part_of_document(document) == "train"
    }
    known = [each for each in questions if each.document in documents]
    chosen = random.Random(3).sample(known, min(given.n, len(known)))
    encoder = RememberingEncoder(load_encoder(), size=512 * 2**20)
    with given.file.open("w", encoding="utf-8") as file:
        for each in collect(chosen, documents, encoder, load_span_model(given.models)):
            row = {
                "q": each.question,
                "title": each.window.title,
                "path": each.window.path,
                "text": each.window.text,
                "span": (each.candidate.start, each.candidate.end),
                "ok": each.supported,
                "v": each.verdict,
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
