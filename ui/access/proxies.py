"""Headers of reverse proxies: used if they come from trusted peers, else removed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

from ui.access.peers import is_another_users

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
Header = tuple[bytes, bytes]

SAID_BY_PROXIES = re.compile(rb"x-forwarded(-.*)?|forwarded|x-real-ip|x-original-.*")
PREFIX = re.compile(r"(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+")
HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a request came here."""

    address: str | None = None  # the client's address as far as it is known; None for a local socket
    proxied: bool = False  # whether a trusted proxy passed it on
    # whether a proxy that nobody named passed it on, so that `address` is the proxy's, or another user of this
    # machine made it, as which proxies run
    foreign: bool = False

    @property
    def local(self) -> bool:
        """Return whether a program on this machine asked by itself."""
        address = parse_address(self.address)
        return address is not None and address.is_loopback and not self.foreign and not self.proxied


class Forwarded:
    """Rewrites the scope to what the client asked for: address, scheme, host and path prefix.

    Headers that speak for proxies never get past this layer, so nothing behind it can be misled by them; neither do
    `private` headers, in which a trusted proxy names the user, unless it is the proxy that sends them.
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[Network] = (), private: Sequence[str] = ()) -> None:
        self.app = app
        self.trusted = tuple(trusted)
        self.private = frozenset(each.lower().encode("latin-1") for each in private)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await self.app(self._seen(scope) if scope["type"] in ("http", "websocket") else scope, receive, send)

    def _seen(self, scope: Scope) -> Scope:
        peer = scope["client"][0] if scope.get("client") else None
        said = [(key, value) for key, value in scope["headers"] if SAID_BY_PROXIES.fullmatch(key)]
        kept = [(key, value) for key, value in scope["headers"] if not SAID_BY_PROXIES.fullmatch(key)]
        if not self._trusts(peer):
            kept = [(key, value) for key, value in kept if key not in self.private]
            foreign = bool(said) or is_another_users(scope.get("client"))
            return _arrived({**scope, "headers": kept}, Arrival(peer, foreign=foreign))
        seen = {**scope, "headers": _with_host(kept, _last(said, b"x-forwarded-host"))}
        if (scheme := _last(said, b"x-forwarded-proto")) in ("http", "https"):
            seen["scheme"] = scheme
        prefix = _last(said, b"x-forwarded-prefix").rstrip("/")
        if PREFIX.fullmatch(prefix) and not scope.get("root_path"):
            seen |= {"root_path": prefix, "path": prefix + scope["path"]}
        return _arrived(seen, Arrival(self._client(said, peer), proxied=True))

    def _client(self, said: Sequence[Header], peer: str | None) -> str | None:
        """Return the last address on the way that no trusted proxy has.

        What stands before it anyone can have written.
        """
        way = b",".join(value for key, value in said if key == b"x-forwarded-for").decode("latin-1").split(",")
        for hop in reversed([each.strip() for each in way]):
            if (address := parse_address(hop)) is None:
                return peer
            if not self._trusts(peer := str(address)):
                return peer
        return peer

    def _trusts(self, peer: str | None) -> bool:
        address = parse_address(peer)
        return address is not None and any(address in network for network in self.trusted)


def arrival_of(scope: Scope) -> Arrival:
    """Return how the request came here, as `Forwarded` saw it."""
    found = scope.get("state", {}).get("arrival", Arrival())
    assert isinstance(found, Arrival)
    return found


def parse_address(text: str | None) -> Address | None:
    """Return an IP address, IPv4 also where IPv6 sockets see it; None for anything else."""
    try:
        address = ip_address(text or "")
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def _arrived(scope: Scope, arrival: Arrival) -> Scope:
    return {**scope, "state": {**scope.get("state", {}), "arrival": arrival}}


def _last(headers: Sequence[Header], name: bytes) -> str:
    """Return the last word of a header: the one that the nearest proxy wrote."""
    values = [value for key, value in headers if key == name]
    return values[-1].decode("latin-1").rpartition(",")[2].strip() if values else ""


def _with_host(headers: list[Header], host: str) -> list[Header]:
    if not HOST.fullmatch(host):
        return headers
    return [(key, value) for key, value in headers if key != b"host"] + [(b"host", host.encode("latin-1"))]
