"""Build an assistant from settings; the only module that names concrete classes."""

from __future__ import annotations

from contextlib import suppress

from index.encoding.caching import RememberingEncoder
from index.encoding.encoders import load_encoder
from index.errors import EncoderMismatch
from index.filters import Filter
from index.protocols import Encoder, Index, Library
from index.stores import store_at
from qa.assistant import Assistant
from qa.generating.checking import SentenceChecker
from qa.generating.generative_reader import GenerativeReader, SilentReader, Writer
from qa.privacy.library import MaskedLibrary, PersonalDocuments
from qa.protocols import ChatModel, Reader
from qa.question.english import EnglishDecoder, cedict
from qa.question.pinyin import PinyinDecoder
from qa.question.rewriting import FollowUpRewriter
from qa.question.spelling import HomophoneSpeller, Tidier
from qa.question.turns import Interpreter
from qa.reading.extractive_reader import ExtractiveReader
from qa.reading.span_model import SpanModel, load_span_model
from qa.settings import Answering, ModelSettings, Settings
from qa.suggesting.grouping import MeaningGrouper


def open_assistant(settings: Settings) -> Assistant:
    """Open the index that the settings name and put an assistant on it.

    Raises:
        IndexStoreError: if there is no usable index.
        ModelError, MissingDependency: if its encoder does not load.
    """
    return Opener(settings).open()


class Opener:
    """Opens the index again and again as it changes; models are loaded once, as long as they go with it."""

    def __init__(self, settings: Settings) -> None:
        self.store = store_at(settings.index)
        self._settings = settings
        self._encoder: Encoder | None = None
        self._spans: SpanModel | None = None
        self._writer: Writer | None = None
        self._personal = PersonalDocuments()

    def open(self) -> Assistant:
        """Return an assistant on the index as it is now; raises what `open_assistant` raises."""
        index = self._index()
        self._encoder = index.encoder
        self._spans = self._spans or load_span_model()
        if self._settings.model and self._settings.answering is not Answering.EXTRACTIVE and self._writer is None:
            self._writer = writer_of(self._settings.model, self._spans)
        return self._on(index, self._spans, Filter())

    def encoder(self, name: str) -> Encoder:
        """Return the encoder of that name: the one in use, where it is that."""
        return self._encoder if self._encoder and self._encoder.name == name else load_encoder(name)

    def _on(self, index: Index, spans: SpanModel, readable: Filter) -> Assistant:
        library = self._library(index, readable)
        reader: Reader = ExtractiveReader(library, spans, caution=self._settings.caution)
        expanding: Reader | None = None
        alone = self._writer is not None and self._settings.answering is Answering.GENERATIVE
        if self._writer and alone:
            reader = GenerativeReader(SilentReader(), library, self._writer, wanted=_always, admits=_always)
        elif self._writer:
            expanding = GenerativeReader(reader, library, self._writer, wanted=_always)
            reader = GenerativeReader(reader, library, self._writer)
        return Assistant(
            library,
            library,
            reader,
            interpreter_of(library),
            k=self._settings.k,
            expanding=expanding,
            grouper=MeaningGrouper(library.encoder),
            limit=lambda further: self._on(index, spans, readable.both(further)),
            computes=not alone,
            encoder=library.encoder,
        )

    def _library(self, index: Index, readable: Filter) -> Library:
        library: Library = index if readable.is_everything else index.limited_to(readable)
        if not self._settings.mask_personal or not (hiding := self._personal.of(index)):
            return library
        return MaskedLibrary(library, index.limited_to(readable.both(Filter(without=hiding))), hiding)

    def _index(self) -> Index:
        if self._encoder:
            with suppress(EncoderMismatch):
                return self.store.open(self._encoder)
        stored = self.store.open()
        return stored.with_encoder(RememberingEncoder(stored.encoder))


def _always(*asked: object) -> bool:
    """Return True, whatever is asked."""
    return True


def writer_of(settings: ModelSettings, spans: SpanModel) -> Writer:
    """Return a language model, and who checks what it writes.

    Raises:
        MissingDependency: if a package that it needs is not installed.
        YijuError: if a file that it needs cannot be read; nothing is asked of it yet.
    """
    checker = SentenceChecker(spans)
    return Writer(chat_model(settings), checker, context=settings.context, unsupported=settings.unsupported)


def chat_model(settings: ModelSettings) -> ChatModel:
    """Return the language model that settings name; raises what `writer_of` raises."""
    if settings.file:
        from qa.generating.chat_gguf import GgufChatModel  # an extra

        return GgufChatModel(settings.file, settings.context)
    from qa.generating.chat_http import HttpChatModel  # an extra

    return HttpChatModel(settings.url or "", settings.name, settings.key, ca_file=settings.ca_file)


def interpreter_of(index: Library) -> Interpreter:
    """Return what understands questions to the documents of an index."""
    return Interpreter(
        Tidier(index.document_frequency),
        (
            PinyinDecoder(index.document_frequency, index.vocabulary),
            EnglishDecoder(index.document_frequency, cedict),
        ),
        HomophoneSpeller(index.document_frequency, index.vocabulary),
        FollowUpRewriter(index.encoder),
    )
