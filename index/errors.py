"""Every error the product raises on purpose.

`ValueError` and `TypeError` stay for the caller's mistakes; a YijuError is the world's. A message says what was found,
where, what was expected and what to do, in Chinese: it is what users read.
"""

from __future__ import annotations

from pathlib import Path


class YijuError(Exception):
    """Base of all expected failures; `str(error)` is fit for a user's eyes."""


class _ErrorAt(YijuError):
    def __init__(self, path: Path | str, message: str) -> None:
        self.path = Path(path)
        super().__init__(message)


class DocumentError(_ErrorAt):
    """A file that cannot become a document; `path` names it."""


class UnsupportedFormat(DocumentError):
    """No loader reads this kind of file."""


class DocumentUnreadable(DocumentError):
    """The file is empty, binary, truncated, or in no encoding we recognise."""


class DocumentTooLarge(DocumentError):
    """The file is over the size limit."""


class IndexStoreError(_ErrorAt):
    """An index folder that cannot be used; `path` names it."""


class IndexNotFound(IndexStoreError):
    """There is no index in the folder."""


class IndexCorrupt(IndexStoreError):
    """A file of the index is missing, truncated or altered."""


class IndexFormatMismatch(IndexStoreError):
    """The folder was written in a format this version does not read."""


class IndexBusy(IndexStoreError):
    """Another process is writing this index."""


class StoreUnavailable(IndexStoreError):
    """The server that holds the index does not answer; it may be away for a while only."""


class EncoderMismatch(IndexStoreError):
    """The index was built with another encoder than the one at hand."""


class MissingDependency(YijuError, ImportError):
    """An optional package is not installed; `extra` is the extra that brings it."""

    def __init__(self, extra: str, message: str) -> None:
        self.extra = extra
        super().__init__(message)


class ClusterError(YijuError):
    """The cluster that should build an index cannot be reached, fails, or is another version."""


class ModelError(YijuError):
    """A model that does not load or does not answer; `retryable` says whether to try again."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        self.retryable = retryable
        super().__init__(message)


class ModelTimeout(ModelError):
    """The model did not answer in time."""


class ModelUnavailable(ModelError):
    """The model, or the place it is fetched from, cannot be reached."""


class ModelReply(ModelError):
    """The model answered with something unusable."""


class PromptTooLong(ModelError):
    """What the model was given to read is longer than it can take."""
