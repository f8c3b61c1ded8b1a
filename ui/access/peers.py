"""Find the user of this machine at the other end of a loopback connection, from the kernel.

An address of loopback proves little: behind a proxy that says nothing of itself everybody has it. The proxy's process
belongs to a user of its own, though.
"""

from __future__ import annotations

import socket
import struct
import sys
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

from index.platforms import user

_TABLES = {4: Path("/proc/net/tcp"), 6: Path("/proc/net/tcp6")}
_NOBODY = -1

# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h: one connection, asked for by its two ends, any cookie.
_SOCK_DIAG, _BY_FAMILY, _REQUEST = 4, 20, 1
_HEADER, _WANTED, _ANY = struct.Struct("=IHHII"), struct.Struct("=BBBBI"), struct.pack("=IQ", 0, 2**64 - 1)
_ENDS_AT, _USER_AT = _HEADER.size + 4, _HEADER.size + 64
"""Where an answer says which connection it found, and whose it is."""
_PATIENCE = 0.2
"""Seconds until the kernel, which answers at once, is taken not to answer."""

_End = tuple[IPv4Address | IPv6Address, int]
_users: dict[tuple[str, int], int] = {}


def note(client: tuple[Any, ...], server: tuple[Any, ...]) -> None:
    """Look up who is at `client` while the connection stands; nothing where the system has no table of them."""
    there, here = _address(client[0]), _address(server[0])
    table = _TABLES[there.version]
    if there.is_loopback and table.exists():
        known = _asked((there, client[1]), (here, server[1]))
        found = _user(table, _written(there, client[1]), _written(here, server[1])) if known is None else known
        _users[client[0], client[1]] = found


def forget(client: tuple[Any, ...]) -> None:
    """Forget a connection that is closed."""
    _users.pop((client[0], client[1]), None)


def is_another_users(client: tuple[str, int] | None) -> bool:
    """Return whether the other end is another user than the one who serves, or unknown."""
    return client is not None and _users.get((client[0], client[1]), user()) != user()


def _asked(there: _End, here: _End) -> int | None:
    """Ask the kernel for one connection, which takes microseconds where its table takes milliseconds; None if it won't.

    Source:
        sock_diag(7).
    """
    family = socket.AF_INET if there[0].version == 4 else socket.AF_INET6
    ends = struct.pack("!HH", there[1], here[1]) + b"".join(end.packed.ljust(16, b"\0") for end, _ in (there, here))
    wanted = _WANTED.pack(family, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + ends + _ANY
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _SOCK_DIAG) as kernel:
            kernel.settimeout(_PATIENCE)
            kernel.send(_HEADER.pack(_HEADER.size + len(wanted), _BY_FAMILY, _REQUEST, 0, 0) + wanted)
            answer = kernel.recv(4096)
    except (OSError, AttributeError):
        return None
    # Where there is no such connection, the kernel names whoever listens at the first end.
    told = len(answer) >= _USER_AT + 4 and answer[_ENDS_AT : _ENDS_AT + len(ends)] == ends
    return int.from_bytes(answer[_USER_AT : _USER_AT + 4], sys.byteorder) if told else None


def _user(table: Path, client: str, server: str) -> int:
    for line in table.read_text("ascii").splitlines()[1:]:
        fields = line.split()
        if fields[1:3] == [client, server]:
            return int(fields[7])
    return _NOBODY


def _address(host: str) -> IPv4Address | IPv6Address:
    """Return an address, IPv4 also where a socket of IPv6 sees it: the other end's own row says so."""
    address = ip_address(host.partition("%")[0])
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def _written(address: IPv4Address | IPv6Address, port: int) -> str:
    """Return an address as the kernel writes it: words of 32 bits in the machine's order."""
    packed = address.packed
    words = (packed[at : at + 4] for at in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words) + f":{port:04X}"
