"""Find the user of this machine at the other end of a loopback connection, from the kernel.

An address of loopback proves little: behind a proxy that says nothing of itself everybody has it. The proxy's process
belongs to a user of its own, though.
"""

from __future__ import annotations

import sys
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

from index.platforms import user

_TABLES = {4: Path("/proc/net/tcp"), 6: Path("/proc/net/tcp6")}
_NOBODY = -1

_users: dict[tuple[str, int], int] = {}


def note(client: tuple[Any, ...], server: tuple[Any, ...]) -> None:
    """Look up who is at `client` while the connection stands; nothing where the system has no table of them."""
    there, here = _address(client[0]), _address(server[0])
    table = _TABLES[there.version]
    if there.is_loopback and table.exists():
        _users[client[0], client[1]] = _user(table, _written(there, client[1]), _written(here, server[1]))


def forget(client: tuple[Any, ...]) -> None:
    """Forget a connection that is closed."""
    _users.pop((client[0], client[1]), None)


def is_another_users(client: tuple[str, int] | None) -> bool:
    """Return whether the other end is another user than the one who serves, or unknown."""
    return client is not None and _users.get((client[0], client[1]), user()) != user()


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
