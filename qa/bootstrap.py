"""The only place that names concrete classes: settings in, a ready assistant out."""

from __future__ import annotations

from index.passage_index import PassageIndex
from index.remembering import RememberingEncoder
from qa.assistant import Assistant
from qa.readers import ExtractiveReader
from qa.rewriting import FollowUpRewriter
from qa.settings import Settings
from qa.spelling import HomophoneSpeller


def open_assistant(settings: Settings) -> Assistant:
    """Open the index that the settings name and put an assistant on it.

    Raises:
        IndexStoreError: if there is no usable index.
        ModelError, MissingDependency: if its encoder does not load.
    """
    stored = PassageIndex.open(settings.index)
    encoder = RememberingEncoder(stored.encoder)
    index = stored.with_encoder(encoder)
    return Assistant(
        index,
        index,
        ExtractiveReader(encoder, index),
        FollowUpRewriter(encoder),
        HomophoneSpeller(index.document_frequency, index.vocabulary),
        k=settings.k,
    )
