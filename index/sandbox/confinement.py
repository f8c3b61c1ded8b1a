"""Confine the process that reads files, and its children, for good: Landlock for files, seccomp for network and calls.

Source: Linux, Documentation/userspace-api/landlock.rst and seccomp_filter.rst; include/uapi/linux/landlock.h,
seccomp.h, filter.h, audit.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import stat
import struct
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

FILES, NETWORK = "files", "network"
"""The layers: nothing but the paths given can be opened; no socket can be made."""

_NO_NEW_PRIVILEGES = 38  # prctl

# Landlock: the same numbers on every architecture.
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_RULE_PATH = 1
_VERSION = 1
_EXECUTE, _WRITE, _READ, _LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_SOCKET = 1 << 9
_ABI_1 = (1 << 13) - 1  # everything the first version knows
_REFER, _TRUNCATE, _DEVICE = 1 << 13, 1 << 14, 1 << 15  # versions 2, 3 and 5
_TCP = 0b11  # bind and connect, version 4
_SCOPES = 0b11  # abstract sockets and signals of processes outside, version 6
_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE | _DEVICE

# seccomp: numbers of what is refused, on x86-64 and on 64-bit ARM.
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_SOCKET = (41, 198)
_REFUSED = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "perf_event_open": (298, 241),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),  # its requests, sockets among them, would pass the filter
    "pidfd_getfd": (438, 438),
}
_SET_FILTER, _SYNC_THREADS = 1, 1
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # BPF
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | errno.EACCES, 0x80000000
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_X32 = 0x40000000  # the second set of calls of x86-64
_UNIX = 1


def confine(readable: Iterable[Path], writable: Path, *, unix_sockets: bool) -> list[str]:
    """Give up access to everything else, as far as the kernel can do that, and return the layers now in force.

    Args:
        readable: files and folders to read and to run programs from; those that do not exist count for nothing.
        writable: a folder in which everything may be done.
        unix_sockets: sockets to processes of this machine stay possible, which LibreOffice cannot do without; it
            makes one of its own in /tmp, wherever it is told to work.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "prctl") or libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return []
    layers = []
    if _restrict_files(libc, readable, writable, unix_sockets):
        layers.append(FILES)
    if _refuse_sockets(libc, unix_sockets):
        layers.append(NETWORK)
    return layers


def _restrict_files(libc: ctypes.CDLL, readable: Iterable[Path], writable: Path, unix_sockets: bool) -> bool:
    version = libc.syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION)
    if version < 1:
        return False
    later = ((2, _REFER), (3, _TRUNCATE), (5, _DEVICE))
    handled = _ABI_1 | sum(right for since, right in later if version >= since)
    network, scopes = (_TCP if version >= 4 else 0), (_SCOPES if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8  # older kernels know shorter structures
    attributes = struct.pack("=QQQ", handled, network, scopes)[:size]
    ruleset = libc.syscall(_CREATE, attributes, ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    try:
        for path in readable:
            _permit(libc, ruleset, path, (_EXECUTE | _READ | _LIST) & handled)
        _permit(libc, ruleset, writable, handled)
        if unix_sockets:
            _permit(libc, ruleset, Path("/tmp"), _MAKE_SOCKET & handled)
        _permit(libc, ruleset, Path(os.devnull), (_READ | _WRITE) & handled)
        return bool(libc.syscall(_RESTRICT, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _permit(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    with suppress(FileNotFoundError, PermissionError, NotADirectoryError):
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
                rights &= _OF_FILES
            libc.syscall(_ADD, ruleset, _RULE_PATH, struct.pack("=Qi", rights, descriptor), 0)
        finally:
            os.close(descriptor)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _refuse_sockets(libc: ctypes.CDLL, unix_sockets: bool) -> bool:
    machine = platform.machine()
    if machine not in _MACHINES:
        return False
    code = b"".join(_filter(*_MACHINES[machine], unix_sockets))
    program = _Program(len(code) // 8, code)
    return bool(libc.syscall(_SECCOMP[machine], _SET_FILTER, _SYNC_THREADS, ctypes.byref(program)) == 0)


def _filter(column: int, architecture: int, unix_sockets: bool) -> Sequence[bytes]:
    """Return the filter: words of the call are its number at 0, the architecture at 4, the first argument at 16."""
    refused = [numbers[column] for numbers in _REFUSED.values()]
    program = [
        _step(_LOAD, 4),
        _step(_EQUAL, architecture, 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, 0),
        _step(_AT_LEAST, _X32, 0, 1),
        _step(_RETURN, _REFUSE),
    ]
    for number in refused:
        program += [_step(_EQUAL, number, 0, 1), _step(_RETURN, _REFUSE)]
    domain = [_step(_LOAD, 16), _step(_EQUAL, _UNIX, 1, 0)] if unix_sockets else []
    program += [_step(_EQUAL, _SOCKET[column], 0, len(domain) + 1), *domain, _step(_RETURN, _REFUSE)]
    return [*program, _step(_RETURN, _ALLOW)]


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def missing(layers: Collection[str]) -> list[str]:
    """Return what the kernel refused, in words."""
    meanings = {
        FILES: "本机内核没有 Landlock，读文件的进程能读到本用户能读的其他文件",
        NETWORK: "本机内核没有 seccomp，读文件的进程没有断网",
    }
    return [meaning for layer, meaning in meanings.items() if layer not in layers]
