"""The options of `yiju-serve` about the audit log."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import YijuError
from index.locations import Location

if TYPE_CHECKING:
    from ui.audit.log import AuditLog

SHORTEST_KEY = 16
"""Bytes that a key must have at least."""


def add_audit_options(parser: argparse.ArgumentParser) -> None:
    """Add everything that `audit_of` reads."""
    group = parser.add_argument_group("审计记录：谁就哪些文档问了什么，只增不改，可以核验")
    group.add_argument("--audit-log", action="store_true", help="写审计记录，存在索引旁边；须装 yiju[audit]")
    group.add_argument(
        "--audit-key", type=Path, metavar="FILE", help="存有校验链密钥的文件；没有密钥时，任何人都能重算校验链"
    )
    group.add_argument("--audit-lenient", action="store_true", help="无法写入审计记录时照常回答；默认停止回答")
    group.add_argument(
        "--audit-rotate", type=_megabytes, default=64, metavar="MB", help="文件满多少 MB 后换新文件，默认 %(default)s"
    )


def audit_of(arguments: argparse.Namespace, index: Location) -> AuditLog | None:
    """Return the log that is wanted; None if none is.

    Raises:
        YijuError: if it cannot be written, or a package is missing.
    """
    if not arguments.audit_log:
        if arguments.audit_key or arguments.audit_lenient:
            raise YijuError("--audit-key 和 --audit-lenient 须与 --audit-log 同用。")
        return None
    from ui.audit.log import AuditLog, audit_file  # an extra

    key = key_of(arguments.audit_key)
    rotate = arguments.audit_rotate << 20
    return AuditLog(audit_file(index), key=key, lenient=arguments.audit_lenient, rotate=rotate)


def key_of(path: Path | None) -> bytes:
    """Return the key of a chain, without white space around it; empty where no file is named.

    Raises:
        YijuError: if the file cannot be read or holds too little.
    """
    if path is None:
        return b""
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise YijuError(f"无法读取 {path}（{error.strerror}）；请检查 --audit-key。") from error
    if len(key) < SHORTEST_KEY:
        raise YijuError(f"{path} 里的密钥只有 {len(key)} 字节，至少要 {SHORTEST_KEY}；可用 openssl rand -hex 32 生成。")
    return key


def _megabytes(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 100_000:
        raise argparse.ArgumentTypeError(f"须为 1 到 99999 的整数，得到 {text}")
    return int(text)
