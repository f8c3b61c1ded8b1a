"""Limit each visitor to readable documents: one answerer for all visitors with the same rights."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from index.filters import Filter
from index.rights import Rights, RightsFile
from qa.protocols import Answerer
from ui.access.visitors import NOTHING, Role, Visitor

KEPT = 64
"""For how many kinds of readers an answerer is kept."""

Show = Callable[[Answerer], Answerer]
"""Turns an answerer into one that shows only what every visitor may see."""

Kind = tuple[Filter | None, frozenset[str] | None]
"""Visitors who may read the same: the scope of their key, and those of their names that rules know."""


_WHOLE: Kind = (None, None)


class Reading:
    """Cuts answerers to what visitors may read; safe to use from several threads.

    Without rules every visitor may read all documents of their key. `show` is put around every answerer; rules are
    about documents as they are without it.
    """

    def __init__(self, rights: RightsFile | None = None, show: Show | None = None) -> None:
        self._file = rights
        self._show = show
        self._lock = Lock()
        self._whole: Answerer | None = None
        self._rights = Rights()
        self._made: dict[Kind, tuple[Answerer, Answerer]] = {}

    def of(self, whole: Answerer, visitor: Visitor) -> Answerer:
        """Return the answerer as if it had only what the visitor may read.

        The same one for all who may read the same.
        """
        rights = self._file.current() if self._file else self._rights
        kind = _kind(visitor, rights)
        if kind == _WHOLE and self._show is None:
            return whole
        with self._lock:
            return self._limited(whole, kind, rights)[1]

    def is_whole(self, whole: Answerer, visitor: Visitor) -> bool:
        """Return whether there is nothing that the visitor may not read."""
        rights = self._file.current() if self._file else self._rights
        with self._lock:
            return self._limited(whole, _kind(visitor, rights), rights)[0] is whole

    def _limited(self, whole: Answerer, kind: Kind, rights: Rights) -> tuple[Answerer, Answerer]:
        """Return what is left of an answerer for a kind of visitors, and the same as it is shown."""
        if self._whole is not whole or self._rights is not rights or len(self._made) >= KEPT:
            self._whole, self._rights, self._made = whole, rights, {}
        if kind not in self._made:
            limited = _limited(whole, kind, rights)
            self._made[kind] = limited, self._show(limited) if self._show else limited
        return self._made[kind]


def _kind(visitor: Visitor, rights: Rights) -> Kind:
    if visitor.role is Role.GUEST:
        return NOTHING, None
    known = None if visitor.reader is None or not rights.rules else visitor.reader & rights.named
    return visitor.scope, known


def _limited(whole: Answerer, kind: Kind, rights: Rights) -> Answerer:
    scope, reader = kind
    readable = None if reader is None else rights.readable(reader, whole.descriptions())
    if scope is None and readable is None:
        return whole
    return whole.limited_to((scope or Filter()).both(readable or Filter()))
