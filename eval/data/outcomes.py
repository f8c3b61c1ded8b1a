"""Where answers come from: asked of the assistant now, or read from a file of `yiju-ask --batch`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Protocol, cast

from eval.errors import EvaluationError
from eval.jsonlines import Record, read_records
from eval.records import Outcome, Query
from index.errors import YijuError
from index.filters import Filter
from qa.answers import Answer, AnswerJson
from qa.protocols import Answerer, Expander

MISSING = "答案文件里没有这个问题"


class Askable(Protocol):
    """What is asked: an assistant, or a part of one."""

    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        """Return one complete answer."""
        ...


@dataclass(frozen=True, slots=True)
class Expanding:
    """Asks for every answer at length, as one does by pressing 展开说明."""

    answerer: Expander

    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        """Return one complete answer."""
        *_, answer = self.answerer.expand(question, history)
        return answer


def ask_all(answerer: Askable, queries: Sequence[Query]) -> Iterator[Outcome]:
    """Ask every question; one that fails is recorded with its reason, and the rest goes on."""
    for query in queries:
        yield ask(answerer, query)


def ask(answerer: Askable, query: Query) -> Outcome:
    """Ask one question; a failure is recorded with its reason."""
    try:
        if query.within is None:
            answer = answerer.ask(query.question, query.history)
        elif isinstance(answerer, Answerer):
            answer = answerer.ask(query.question, query.history, _only(answerer, query.within))
        else:
            raise ValueError("这个问题集的问题各问一份文档，不能展开说明：请去掉 --expand。")
        return Outcome(query, answer.to_json())
    except (YijuError, ValueError) as error:
        return Outcome(query, None, str(error) or type(error).__name__)


def _only(answerer: Answerer, name: str) -> Filter:
    """Return the filter that admits the documents of a title or of a file's name without its ending.

    Raises:
        ValueError: if there is none; the message is fit for a user's eyes.
    """
    named = {each.id for each in answerer.descriptions() if name in (each.title, PurePath(each.source).stem)}
    if not named:
        raise ValueError(f"索引里没有《{name}》：请用这个问题集的文档建索引。")
    return Filter(documents=frozenset(named))


def read_outcomes(path: Path, queries: Sequence[Query]) -> list[Outcome]:
    """Return one outcome a question, from a file of answers as in docs/contract.md with their questions' ids.

    A line with `error` in place of an answer, and a question without a line, count as failed. Lines for other
    questions are passed over: a file made for the whole set serves each of its splits.

    Raises:
        EvaluationError: if the file cannot be used; names line and field.
    """
    found = _by_id(path)
    if not any(query.id in found for query in queries):
        raise EvaluationError(f"{path} 里的 id 没有一个属于这些问题（例如 {queries[0].id}），请核对是否配错了文件")
    return [found[query.id](query) if query.id in found else Outcome(query, None, MISSING) for query in queries]


def _by_id(path: Path) -> dict[str, Callable[[Query], Outcome]]:
    found: dict[str, Callable[[Query], Outcome]] = {}
    for record in read_records(path):
        id = record.text("id")
        if id in found:
            raise record.complaint("id", "各不相同的 id，这一个前面已有")
        found[id] = _outcome_maker(record)
    return found


def _outcome_maker(record: Record) -> Callable[[Query], Outcome]:
    if "error" in record.fields:
        error = _error_text(record.fields["error"])
        return lambda query: Outcome(query, None, error)
    answer = _answer(record)
    return lambda query: Outcome(query, answer)


def _error_text(error: object) -> str:
    """Return the message of the contract's error object, or whatever else stands there."""
    message = error.get("message") if isinstance(error, dict) else error
    return str(message or "没有说明原因")


def _answer(record: Record) -> AnswerJson:
    """Return the line as an answer, once every field that is scored has been checked."""
    record.any_text("answer")
    record.optional_text("short_answer")
    record.flag("abstained")
    record.number("confidence", 0, 1)
    for citation in record.objects("citations"):
        citation.text("quote")
        citation.text("document_id")
        citation.offset("start")
        citation.offset("end")
    for passage in record.objects("passages"):
        passage.any_text("text")
    if "timing_ms" in record.fields:
        record.inner("timing_ms").number("total", 0, float("inf"))
    return cast(AnswerJson, {"short_answer": None, **record.fields})
