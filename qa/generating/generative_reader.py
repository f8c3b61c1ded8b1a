"""The generative reader: paragraphs of a language model, each sentence checked against what it cites.

The reader that quotes answers first and at once. Where more is wanted than it can give, a language model writes, and
every sentence is checked while it is written: what its quotes do not carry is no part of the answer. With the model
away, or nothing left of what it wrote, the answer is the one that it would have been without.
"""

from __future__ import annotations

import dataclasses
import logging
import re
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing

from index.errors import ModelError, PromptTooLong
from index.protocols import PassageStore
from index.records import Hit, Passage
from index.text import align, fold
from qa.answers import Answer, Citation, Sentence, Usage
from qa.generating.checking import SentenceChecker, Verdict
from qa.generating.context import REFUSAL, context_of, messages_of, tokens
from qa.generating.sentences import sentences
from qa.language.grammar import Kind
from qa.language.lexicon import ASKS_SYNTHESIS, SYNTHESIS_WORDS
from qa.language.periods import conflict, periods
from qa.protocols import ChatModel, Message, Reader, Tokens
from qa.question.analysis import analyse
from qa.reading.citations import Numbered
from qa.settings import CONTEXT, Unsupported

log = logging.getLogger(__name__)

MAX_TOKENS = 700
"""Longest reply that is asked for."""
MOST_SENTENCES = 12
"""Sentences that are read of one reply."""
REST = 20.0
"""Seconds for which a model that could not be reached is left alone."""
_TRIES = 3
"""How often a context is halved that was too long, and the first."""

WORKING = "语言模型正在归纳，每句与原文核对后才显示。"
AWAY = "语言模型暂时不可用，这里只有直接摘自原文的结果。"
BROKEN = "语言模型没有写完，这里只有已核对的部分。"
NO_SENTENCE = "没有通过核对的句子。"
NOTHING_LEFT = "语言模型写的句子都没有通过核对，没有采用。"

Wanted = Callable[[str], bool]
"""Whether a question, once it has been answered by quoting, wants more."""

Admits = Callable[[str, Sequence[Hit]], bool]
"""Whether a question that quoting could not answer may be put to the language model, with what was found."""
_ASKS = re.compile(ASKS_SYNTHESIS)
_NARROW = (Kind.NUMBER, Kind.DATE, Kind.QUANTITY, Kind.ORGANISATION)
_PUTS_TOGETHER = re.compile("总结|概括|归纳|综述|比较|对比|相比|异同|区别|差异|为什么|为何|compare|summari")
_ABOUT_NOTHING = frozenset(map(fold, SYNTHESIS_WORDS.split()))


def wants_synthesis(question: str) -> bool:
    """Return whether a question asks for a summary, a comparison, an explanation, or about several documents.

    One that asks for a figure, a date, a number or a body beside has a narrow answer, unless it is to be put together.
    """
    aligned = align(question)
    if not _ASKS.search(aligned):
        return False
    narrow = any(kind in _NARROW for kind in analyse(question).kinds)
    return not narrow or _PUTS_TOGETHER.search(aligned) is not None


def is_about(question: str, hits: Sequence[Hit]) -> bool:
    """Return whether passages speak of everything that a question names: all its words, its places and its time."""
    asked, texts = analyse(question), [fold(hit.passage.indexed_text) for hit in hits]
    words = [term.text for term in asked.terms if term.text not in _ABOUT_NOTHING]
    told = [period for hit in hits for period in periods(hit.passage.indexed_text)]
    missing = any(not any(word in text for text in texts) for word in [*words, *asked.places])
    return bool(words) and not missing and not conflict(list(asked.periods), told)


class Meter:
    """Adds up the requests for one answer."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._usage = Usage()

    @property
    def usage(self) -> Usage | None:
        """Return what they took together; None where nothing was asked."""
        return self._usage if self._usage.requests else None

    def ask(self, model: ChatModel, messages: Sequence[Message], max_tokens: int) -> Generator[str, None, None]:
        """Yield the pieces of a reply; closing the iterator ends the request, and counts it as far as it went.

        Raises:
            ModelError: as the model does.
        """
        begun, said = self._clock(), ""
        told: Tokens | None = None
        try:
            with closing(model.stream(messages, max_tokens)) as pieces:
                while True:
                    said += (piece := next(pieces))
                    yield piece
        except StopIteration as end:
            told = end.value
        finally:
            read = sum(tokens(message.content) for message in messages)
            taken = told or Tokens(read, tokens(said))
            ms = (self._clock() - begun) * 1e3
            self._usage += Usage(1, taken.prompt, taken.completion, told is None, ms)


class Writer:
    """A language model with what it takes to use it safely. Calls from several threads are safe."""

    def __init__(
        self,
        model: ChatModel,  # the language model
        checker: SentenceChecker,  # checks its sentences
        *,
        context: int = CONTEXT,  # tokens that it reads and writes together
        unsupported: Unsupported = Unsupported.WITHHOLD,  # what becomes of sentences without a basis
        clock: Callable[[], float] = time.monotonic,  # tells seconds
    ) -> None:
        self._model = model
        self._checker = checker
        self._room = context - min(MAX_TOKENS, context // 3)
        self._most = min(MAX_TOKENS, context // 3)
        self._strikes = unsupported is Unsupported.STRIKE
        self._clock = clock
        self._away_until = float("-inf")

    def write(
        self, question: str, hits: Sequence[Hit], store: PassageStore, meter: Meter
    ) -> Iterator[tuple[Verdict, str] | None]:
        """Yield what the model writes to a question: each sentence with its verdict and what is shown of it.

        None in between.

        Raises:
            ModelError: if the model is away, or goes.
        """
        if self._clock() < self._away_until:
            raise ModelError("刚才无法连接语言模型，请稍后再试。")
        try:
            yield from self._written(question, hits, store, meter)
        except ModelError as error:
            if self._clock() >= self._away_until:
                log.warning("%s", error)
            if not isinstance(error, PromptTooLong):
                self._away_until = self._clock() + REST
            raise

    def _written(
        self, question: str, hits: Sequence[Hit], store: PassageStore, meter: Meter
    ) -> Iterator[tuple[Verdict, str] | None]:
        room = self._room - sum(tokens(message.content) for message in messages_of(question, ()))
        for left in reversed(range(_TRIES)):
            passages = context_of(hits, store, max(1, room))
            try:
                yield from self._checked(question, passages, meter)
                return
            except PromptTooLong:
                if not left:
                    raise
                room //= 2

    def _checked(
        self, question: str, passages: Sequence[Passage], meter: Meter
    ) -> Iterator[tuple[Verdict, str] | None]:
        read = 0
        with closing(meter.ask(self._model, messages_of(question, passages), self._most)) as pieces:
            for sentence in sentences(pieces):
                if sentence is None:
                    yield None
                    continue
                if fold(REFUSAL.rstrip("。")) in fold(sentence):
                    return
                verdict = self._checker.check(sentence, passages)
                yield verdict, verdict.text if self._strikes or verdict.problem is None else ""
                read += 1
                if read == MOST_SENTENCES:
                    return


class GenerativeReader:
    """Answers as another reader does, and lets a language model write where that is wanted."""

    def __init__(
        self,
        reader: Reader,  # answers first
        store: PassageStore,  # where passages come from
        writer: Writer,  # the language model
        *,
        wanted: Wanted = wants_synthesis,  # tells which questions are for it; those that want a paragraph, by default
        # tells which of those that the other reader refused; those that the passages are about, by default
        admits: Admits = is_about,
    ) -> None:
        self._reader = reader
        self._store = store
        self._writer = writer
        self._wanted = wanted
        self._admits = admits

    def read(self, question: str, hits: Sequence[Hit]) -> Iterator[Answer]:
        """Yield the snapshots of the first reader; then, where it is wanted, those of what the model adds."""
        first: Answer | None = None
        for answer in self._reader.read(question, hits):
            if first is not None:
                yield first
            first = answer
        if first is None:
            return
        if self._wanted(question) and not (first.abstained and not self._admits(question, hits)):
            yield from self._continued(question, hits, first)
        else:
            yield dataclasses.replace(first, expandable=not first.abstained)

    def _continued(self, question: str, hits: Sequence[Hit], first: Answer) -> Iterator[Answer]:
        draft = _Draft(first, hits, self._store)
        yield draft.snapshot()
        broken, meter = False, Meter()
        try:
            for written in self._writer.write(question, hits, self._store, meter):
                if written is not None:
                    draft.add(*written)
                yield draft.snapshot()
        except ModelError:
            broken = True
        yield dataclasses.replace(draft.complete(broken), usage=meter.usage)


class SilentReader:
    """Answers nothing: what a language model then writes stands alone, to be compared with what quoting gives."""

    def read(self, question: str, hits: Sequence[Hit]) -> Iterator[Answer]:
        """Yield one refusal, with what was found."""
        yield Answer(question, question, NO_SENTENCE, hits=tuple(hits), abstained=True)


class _Draft:
    """An answer that grows by checked sentences."""

    def __init__(self, first: Answer, hits: Sequence[Hit], store: PassageStore) -> None:
        self._first = first
        self._hits = tuple(hits)
        self._store = store
        self._cited = Numbered(first.citations)
        self._sentences: list[Sentence] = []

    def add(self, verdict: Verdict, shown: str) -> None:
        """Add a sentence, unless the answer says it already."""
        said = fold(self._text())
        if verdict.problem is None and fold(verdict.text) in said:
            return
        numbers = tuple(sorted({self._number(quote) for quote in verdict.quotes}))
        text = shown if verdict.problem else _marked(shown, numbers)
        self._sentences.append(Sentence(text, numbers, verdict.support, verdict.problem))

    def snapshot(self) -> Answer:
        """Return the answer so far; nothing where the first reader refused and nothing stands yet."""
        first = self._first
        text = "" if first.abstained and not self._kept() else self._text()
        return Answer(first.question, first.standalone_question, text, self._short(), notice=WORKING)

    def complete(self, broken: bool) -> Answer:
        """Return the whole answer; it is `broken` where the model did not come to its end."""
        first, kept = self._first, self._kept()
        if not kept:
            notice = AWAY if broken else NOTHING_LEFT if self._sentences else None
            return dataclasses.replace(first, sentences=tuple(self._sentences), notice=notice)
        sure = min(each.support for each in kept)
        return dataclasses.replace(
            first,
            text=self._text(),
            short=self._short(),
            citations=tuple(self._cited.citations),
            hits=first.hits or self._hits,
            abstained=False,
            confidence=sure / 2 if first.abstained else first.confidence,
            sentences=tuple(self._sentences),
            notice=BROKEN if broken else None,
        )

    def _kept(self) -> list[Sentence]:
        return [each for each in self._sentences if each.problem is None]

    def _short(self) -> str | None:
        return None if self._first.abstained else self._first.short

    def _text(self) -> str:
        written = "".join(each.text for each in self._kept())
        first = "" if self._first.abstained else self._first.text
        return "\n\n".join(part for part in (first, written) if part)

    def _number(self, quote: Citation) -> int:
        """Return the number of a quote, which it may have already."""
        document = self._store.document(quote.passage.document_id)
        return self._cited.number(dataclasses.replace(quote, source=document.source) if document else quote)


def _marked(text: str, numbers: Sequence[int]) -> str:
    """Return a sentence with its markers before its stop, where other citations have them too."""
    markers = "".join(f"[{n}]" for n in numbers)
    bare = text.rstrip("。！？!?；; ")
    return f"{bare}{markers}{text[len(bare) :].strip() or '。'}"
