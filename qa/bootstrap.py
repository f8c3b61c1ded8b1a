"""The only place that names concrete classes: settings in, a ready assistant out."""

from __future__ import annotations

from index.passage_index import PassageIndex
from index.remembering import RememberingEncoder
from qa.assistant import Assistant
from qa.interpreting import Interpreter
from qa.pinyin import PinyinDecoder
from qa.readers import ExtractiveReader
from qa.rewriting import FollowUpRewriter
from qa.settings import Settings
from qa.span_model import load_span_model
from qa.spelling import HomophoneSpeller
from qa.tidying import Tidier


def open_assistant(settings: Settings) -> Assistant:
    """Open the index that the settings name and put an assistant on it.

    Raises:
        IndexStoreError: if there is no usable index.
        ModelError, MissingDependency: if its encoder does not load.
    """
    stored = PassageIndex.open(settings.index)
    encoder = RememberingEncoder(stored.encoder)
    index = stored.with_encoder(encoder)
    reader = ExtractiveReader(encoder, index, load_span_model(), caution=settings.caution)
    return Assistant(index, index, reader, interpreter_of(index), k=settings.k)


def interpreter_of(index: PassageIndex) -> Interpreter:
    """What understands questions to the documents of an index."""
    return Interpreter(
        Tidier(index.document_frequency),
        PinyinDecoder(index.document_frequency, index.vocabulary),
        HomophoneSpeller(index.document_frequency, index.vocabulary),
        FollowUpRewriter(index.encoder),
    )
