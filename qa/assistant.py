"""The assistant: a question in, a cited answer out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from functools import cached_property, lru_cache, partial
from time import perf_counter
from typing import Protocol

from index.errors import YijuError
from index.filters import Filter
from index.protocols import Encoder, PassageStore, Retriever, Vectors
from index.records import Description, Document, Hit
from index.structure.versions import Versions
from qa.answers import Answer, Timing
from qa.computing import contradictions
from qa.computing.combining import answer_of
from qa.protocols import Grouper, Reader
from qa.question.editions import version_note, wanted_version, without_time
from qa.question.operations import understand
from qa.reading import provisions
from qa.reading.joining import joined
from qa.settings import MAX_QUESTION_CHARACTERS
from qa.suggesting.examples import example_questions
from qa.tables import reading as tables
from qa.timing import during, stage

_FIRST = ("主要目錶是多少", "zhuyao mubiao shi duoshao", "What is the target?")
"""Questions that take every way of understanding: traditional characters and a slip of the pen, pinyin, English."""

_FILTERS = 64
"""For how many filters it is remembered which documents are versions of one work."""


class TurnInterpreter(Protocol):
    """A turn of a conversation in, standalone questions out."""

    def questions(self, turn: str, history: Sequence[str]) -> list[str]:
        """Return what a turn asks, each question as one would ask it without the others and the earlier turns."""
        ...


class Assistant:
    """Answers questions from the documents of one index."""

    def __init__(
        self,
        store: PassageStore,  # the documents
        retriever: Retriever,  # finds passages
        reader: Reader,  # answers from them
        interpreter: TurnInterpreter,  # tells which questions a turn asks
        *,
        k: int = 10,  # passages that are found and shown
        expanding: Reader | None = None,  # the same at length; where there is none, `reader` does
        grouper: Grouper | None = None,  # tells which questions ask for the same; without one, each stands alone
        today: Callable[[], date] = date.today,  # tells the date on which questions are asked
        # makes the assistant of some of the documents, for those who must not know of the others
        limit: Callable[[Filter], Assistant] | None = None,
        computes: bool = True,  # whether what can be computed from figures is, in place of being read
        encoder: Encoder | None = None,  # makes vectors for those who want them
    ) -> None:
        self._store = store
        self._retriever = retriever
        self._reader = reader
        self._expanding = expanding or reader
        self._interpreter = interpreter
        self._k = k
        self._grouper = grouper
        self._today = today
        self._limit = limit
        self._computes = computes
        self._encoder = encoder

    def ask(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Answer:
        """Return one complete answer; see `Answerer.ask`."""
        *_, answer = self.stream(question, history, within)
        return answer

    def stream(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Iterator[Answer]:
        """Return growing snapshots; see `Answerer.stream`.

        Raises:
            ValueError: as `ask`.
            RuntimeError: if answering itself raises a ValueError, which is then no mistake of the caller's.
        """
        return self._stream(question, history, within, self._reader)

    def warm(self) -> None:
        """Touch what a first question needs (word lists, postings, networks), so that it does not wait for that.

        No language model is asked. What fails here is told when it is asked for.
        """
        with suppress(YijuError, RuntimeError):
            for turn in _FIRST:
                for question in self._interpreter.questions(turn, ()):
                    self._found(question, None, self._k)
            if self._computes and self._expanding is self._reader:  # no language model writes
                self.ask(_FIRST[0])

    def search(self, question: str, k: int = 10, within: Filter | None = None) -> list[Hit]:
        """Return the passages that are found for a question; see `Answerer.search`."""
        turn = clean_question(question)
        questions = self._interpreter.questions(turn, ())
        return self._found(questions[0] if len(questions) == 1 else turn, within, k)

    def encode(self, texts: Sequence[str], *, queries: bool = False) -> Vectors:
        """Return the vectors of texts as the index has them, float32 unit rows; of passages unless they are `queries`.

        Raises:
            ValueError: if it was made without an encoder.
        """
        if self._encoder is None:
            raise ValueError("this assistant was made without `encoder`")
        return self._encoder.encode_queries(texts) if queries else self._encoder.encode_passages(texts)

    def expand(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Iterator[Answer]:
        """Return growing snapshots of a longer answer; see `Expander.expand`."""
        return self._stream(question, history, within, self._expanding)

    def _stream(self, question: str, history: Sequence[str], within: Filter | None, reader: Reader) -> Iterator[Answer]:
        turn = clean_question(question)
        try:
            with stage("interpret"):
                questions = self._interpreter.questions(turn, _questions(history))
            if len(questions) == 1:
                yield from self._one(turn, questions[0], within, reader)
            else:
                yield from self._parts(turn, questions, within, reader)
        except ValueError as error:
            raise RuntimeError(f"answering failed: {error}") from error  # the log must not hold what people ask

    def _parts(self, turn: str, questions: Sequence[str], within: Filter | None, reader: Reader) -> Iterator[Answer]:
        """Yield answers to several questions: a snapshot a question, each of which continues the one before."""
        done: list[Answer] = []
        shown: Answer | None = None
        for question in questions:
            for answer in self._one(turn, question, within, reader):
                if answer.notice is not None:  # a language model takes its time: a chance to stop
                    yield shown or Answer(turn, question, "", notice=answer.notice)
            done.append(answer)
            whole = joined(turn, done)
            if len(done) == len(questions):
                yield whole
            elif not whole.abstained:  # a refusal may yet be taken back by the next part
                yield (shown := dataclasses.replace(whole, citations=()))

    def _one(
        self, turn: str, question: str, within: Filter | None, reader: Reader, *, computes: bool = True
    ) -> Iterator[Answer]:
        """Yield the answer to one question: counted out, computed from several figures, or read.

        What was computed is exact and complete: there is nothing for a language model to add.
        """
        task = understand(question) if computes and self._computes else None
        start = perf_counter()
        with stage("retrieve"):
            hits = self._found(question, within, self._k)
        found = perf_counter()
        stated = self._stated(question, hits) if self._computes and (task or reader is self._reader) else None
        if task and not stated:
            answer = answer_of(turn, question, task, partial(self._figure, turn, within), self._store.document)
            yield dataclasses.replace(answer, expandable=False)
            return
        answers = iter([stated]) if stated else reader.read(self._read_as(question, hits, within), hits)
        for answer in during("read", answers):
            now = perf_counter()
            timing = Timing((found - start) * 1e3, (now - found) * 1e3, (now - start) * 1e3)
            if not stated and (name := tables.name_in_no_row(question, answer, self._store.document)):
                answer = Answer(question, question, f"文档中没有找到「{name}」。", hits=answer.hits, abstained=True)
            if answer.citations:
                answer = self._noted(answer, question, within)
            yield dataclasses.replace(answer, question=turn, standalone_question=question, timing=timing)

    def _figure(self, turn: str, within: Filter | None, question: str, among: Filter | None) -> Answer:
        """Return the answer to the question for one figure of a computation."""
        *_, answer = self._one(turn, question, _both(within, among), self._reader, computes=False)
        return answer

    def _stated(self, question: str, hits: Sequence[Hit]) -> Answer | None:
        """Return a provision by its number or a cell by its row and column: what is counted out, not read."""
        stated = provisions.answer_of(question, hits, self._store.document)
        return stated or tables.answer_of(question, hits, self._store.document)

    def _found(self, question: str, within: Filter | None, k: int) -> list[Hit]:
        """Return passages; of several versions of one work, only of the one that the question means."""
        if out := self.versions(within).left_out(wanted_version(question, self._today())):
            within = _both(within, Filter(without=out))
        hits = self._retriever.search(question, k, within)
        return [dataclasses.replace(hit, source=self._sources.get(hit.passage.document_id, "")) for hit in hits]

    @cached_property
    def _sources(self) -> dict[str, str]:
        return {each.id: each.source for each in self._store.descriptions()}

    def _read_as(self, question: str, hits: Sequence[Hit], within: Filter | None) -> str:
        """Return the question to put to the passages: of a law in several versions, without what chose the version."""
        group = self.versions(within).of(hits[0].passage.document_id) if hits else ()
        return without_time(question) if any(version.binding for version in group) else question

    def _noted(self, answer: Answer, question: str, within: Filter | None) -> Answer:
        """Return an answer that says what other documents say instead, and which of several versions it is from."""
        versions, today = self.versions(within), self._today()
        if len({hit.passage.document_id for hit in answer.hits}) > 1:
            answer = contradictions.with_conflicts(answer, question, self._store.document, versions, today.isoformat())
        ids = dict.fromkeys(citation.passage.document_id for citation in answer.citations)
        cited = [document for id in ids if (document := self._store.document(id))]
        note = version_note(cited, versions, today)
        return dataclasses.replace(answer, text=f"{answer.text}\n\n{note}") if note else answer

    def versions(self, within: Filter | None = None) -> Versions:
        """Return which of the documents (of a filter) are versions of one work, and which apply."""
        return self._all_versions if within is None or within.is_everything else self._versions_within(within)

    @cached_property
    def _versions_within(self) -> Callable[[Filter], Versions]:
        return lru_cache(_FILTERS)(self._all_versions.within)

    @cached_property
    def _all_versions(self) -> Versions:
        return Versions(self._store.descriptions(), self._store.document)

    def documents(self) -> Sequence[Document]:
        """Return the documents it answers from, ordered by id."""
        return self._store.documents()

    def descriptions(self) -> Sequence[Description]:
        """Return the same without their texts and outlines."""
        return self._store.descriptions()

    def document(self, document_id: str) -> Document | None:
        """Return one of them, or None."""
        return self._store.document(document_id)

    def passage_count(self, document_id: str) -> int:
        """Return how many passages one of them has; 0 for an unknown id."""
        return len(self._store.passages(document_id))

    def limited_to(self, readable: Filter) -> Assistant:
        """Return the assistant as if there were only the documents that a filter admits.

        Raises:
            ValueError: if it was made without a way to do so.
        """
        if self._limit is None:
            raise ValueError("this assistant was made without `limit`")
        return self._limit(readable)

    def groups(self, questions: Sequence[str]) -> list[list[int]]:
        """Return the positions of the questions that ask for the same, each once."""
        return self._grouper.groups(questions) if self._grouper else [[i] for i in range(len(questions))]

    def examples(self, n: int = 4, within: Filter | None = None) -> list[str]:
        """Return the questions that the documents answer, made from the documents (of a filter) and tried out."""
        documents = [each for each in self._store.descriptions() if within is None or within.admits(each)]
        return example_questions(self._store, documents, lambda question: self.ask(question, within=within), n)


def _both(within: Filter | None, among: Filter | None) -> Filter | None:
    return among if within is None else within if among is None else within.both(among)


def clean_question(question: str) -> str:
    """Return a question fit to be searched: trimmed, without control characters and lone surrogates.

    Raises:
        ValueError: if nothing is left, or more than `MAX_QUESTION_CHARACTERS`.
    """
    cleaned = _searchable(question)
    if not cleaned:
        raise ValueError("问题是空的：请输入要问的内容，例如「光伏装机目标是多少」。")
    if len(cleaned) > MAX_QUESTION_CHARACTERS:
        raise ValueError(f"问题有 {len(cleaned)} 个字，最多 {MAX_QUESTION_CHARACTERS} 个字：请缩短后再问。")
    return cleaned


def _questions(history: Sequence[str]) -> list[str]:
    """Return earlier turns, cleaned; those that are no questions, or too long, are passed over."""
    return [clean for turn in history if 0 < len(clean := _searchable(turn)) <= MAX_QUESTION_CHARACTERS]


def _searchable(text: str) -> str:
    kept = "".join(c if c.isprintable() or c in "\u200c\u200d" else " " for c in text)
    return " ".join(kept.split())
