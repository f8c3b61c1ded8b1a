"""Idle timeout: close connections that send no complete request in time."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from ui.access import peers

HEAD_SECONDS = 20.0
"""How long the head of a request may take; bodies have `ui.middleware.security.BODY_SECONDS`."""


class Patient(H11Protocol):
    """Uvicorn's connection, which by itself waits for ever for a request to begin, or for its head to end."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch."""
        super().connection_made(transport)
        self._watch(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """End watching."""
        self._watching.cancel()
        super().connection_lost(exc)

    def _watch(self, last: Any) -> None:
        self._watching = self.loop.call_later(HEAD_SECONDS, self._look, last)

    def _look(self, last: Any) -> None:
        """Hang up if nothing was asked since the last look and nothing is being answered."""
        idle = self.cycle is None or self.cycle.response_complete
        if idle and self.cycle is last:
            self.transport.close()
        else:
            self._watch(self.cycle)


class Known(Patient):
    """Such a connection of which is known which user of this machine is at its other end."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Find the user while the connection is open: once it is closed, the kernel forgets."""
        super().connection_made(transport)
        if self.client and self.server:
            peers.note(self.client, self.server)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        if self.client:
            peers.forget(self.client)
        super().connection_lost(exc)
