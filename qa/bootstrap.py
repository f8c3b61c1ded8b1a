"""The only place that names concrete classes: settings in, a ready assistant out."""

from __future__ import annotations

from contextlib import suppress

from index.errors import EncoderMismatch
from index.filters import Filter
from index.locations import store_at
from index.protocols import Encoder, Index, Library
from index.remembering import RememberingEncoder
from qa.assistant import Assistant
from qa.grouping import MeaningGrouper
from qa.interpreting import Interpreter
from qa.pinyin import PinyinDecoder
from qa.readers import ExtractiveReader
from qa.rewriting import FollowUpRewriter
from qa.settings import Settings
from qa.span_model import SpanModel, load_span_model
from qa.spelling import HomophoneSpeller
from qa.tidying import Tidier


def open_assistant(settings: Settings) -> Assistant:
    """Open the index that the settings name and put an assistant on it.

    Raises:
        IndexStoreError: if there is no usable index.
        ModelError, MissingDependency: if its encoder does not load.
    """
    return Opener(settings).open()


class Opener:
    """Opens the index again and again as it changes; models are loaded once, as long as they go with it.

    Args:
        settings: which index, and how to answer.

    Attributes:
        store: where the index lies.
    """

    def __init__(self, settings: Settings) -> None:
        self.store = store_at(settings.index)
        self._settings = settings
        self._encoder: Encoder | None = None
        self._spans: SpanModel | None = None

    def open(self) -> Assistant:
        """An assistant on the index as it is now; raises what `open_assistant` raises."""
        index = self._index()
        self._encoder = index.encoder
        self._spans = self._spans or load_span_model()
        return self._on(index, self._spans, Filter())

    def _on(self, index: Index, spans: SpanModel, readable: Filter) -> Assistant:
        library: Library = index if readable.is_everything else index.limited_to(readable)
        return Assistant(
            library,
            library,
            ExtractiveReader(library.encoder, library, spans, caution=self._settings.caution),
            interpreter_of(library),
            k=self._settings.k,
            grouper=MeaningGrouper(library.encoder),
            limit=lambda further: self._on(index, spans, readable.both(further)),
        )

    def _index(self) -> Index:
        if self._encoder:
            with suppress(EncoderMismatch):
                return self.store.open(self._encoder)
        stored = self.store.open()
        return stored.with_encoder(RememberingEncoder(stored.encoder))


def interpreter_of(index: Library) -> Interpreter:
    """What understands questions to the documents of an index."""
    return Interpreter(
        Tidier(index.document_frequency),
        PinyinDecoder(index.document_frequency, index.vocabulary),
        HomophoneSpeller(index.document_frequency, index.vocabulary),
        FollowUpRewriter(index.encoder),
    )
