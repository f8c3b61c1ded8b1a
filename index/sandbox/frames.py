"""Messages between the two sides: JSON behind its length, and a file that travels along as an open descriptor."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

MAX = 256 * 2**20
"""Bytes of one message: the longest text allowed with its headings takes less."""

_LENGTH = struct.Struct("!I")
_SURROGATES = "surrogatepass"  # names of files may hold them


def send(connection: socket.socket, message: dict[str, object], descriptor: int | None = None) -> None:
    """Send JSON values over a stream socket, with an open file that the other side shall have too."""
    content = json.dumps(message, ensure_ascii=False).encode("utf-8", _SURROGATES)
    length = _LENGTH.pack(len(content))
    if descriptor is None:
        connection.sendall(length + content)
    else:
        socket.send_fds(connection, [length], [descriptor])
        connection.sendall(content)


def receive(connection: socket.socket, most: int = MAX) -> tuple[dict[str, Any], int]:
    """Return the next message and its length; EOFError if the other side is gone, ValueError if it is no message."""
    return _decoded(_exactly(connection, _LENGTH.size), connection, most)


def receive_with_file(connection: socket.socket) -> tuple[dict[str, Any], int | None]:
    """Return the next message with the descriptor that came along; EOFError or ValueError as `receive`."""
    head, descriptors, _, _ = socket.recv_fds(connection, _LENGTH.size, 1)
    length = head + _exactly(connection, _LENGTH.size - len(head))
    message, _ = _decoded(length, connection, MAX)
    return message, next(iter(descriptors), None)


def _decoded(head: bytes, connection: socket.socket, most: int) -> tuple[dict[str, Any], int]:
    (length,) = _LENGTH.unpack(head)
    if length > min(MAX, most):
        raise ValueError(f"{length} bytes are more than a message may have")
    try:
        message = json.loads(_exactly(connection, length).decode("utf-8", _SURROGATES))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(message, dict):
        raise ValueError("a message is a JSON object")
    return message, length


def _exactly(connection: socket.socket, count: int) -> bytes:
    content = bytearray()
    while len(content) < count:
        block = connection.recv(min(count - len(content), 1 << 20))
        if not block:
            raise EOFError
        content += block
    return bytes(content)
