"""Show and change the rules on who may read which documents, also while services read them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock

from index.errors import YijuError
from index.records import Described
from index.rights import EVERYONE, Rights, RightsError, Rule, parse, rights_path, rule_of
from index.terminal import printable

HEAD = """# 谁能读哪些文件，一行一条，后面的盖过前面的：
# 读者（用户名、@用户组；* 所有人，- 无人），空格，文件、文件夹或 id:编号（* 代表任意文字）。
"""

_lock = Lock()


def text_of(path: Path) -> str:
    """Return the file's text; empty where there is none. RightsError if it cannot be read."""
    try:
        return path.read_text("utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise RightsError(f"无法读取权限文件 {path}（{error}）；须为 UTF-8 文本。") from error


def changed(text: str, documents: Sequence[str], readers: str | None) -> str:
    """Return the text of a file with rules for documents at its end, where they count, in place of those it had.

    Readers and documents are written as in a rule; None as readers takes the rules away. YijuError if there are no
    documents, or a rule is not understood.
    """
    if not documents:
        raise YijuError("请写明是哪些文件；* 代表全部。")
    try:
        new = [rule_of("*" if readers is None else readers, each) for each in documents]
    except ValueError as error:
        raise YijuError(str(error)) from error
    about = {rule.documents for rule in new}
    kept = [line for line in (text or HEAD).splitlines() if _about(line) not in about]
    added = [] if readers is None else [f"{readers}\t{rule.documents}" for rule in new]
    return "".join(f"{line}\n" for line in [*kept, *added])


def set_readers(path: Path, document: Described, readers: str | None, reader: frozenset[str] | None) -> Rights:
    """Give one document its own readers, or with None those of its folders, and return the rights as they are now.

    The visitor must stay among them: `reader` has the names that rules can match, None for the owner, who reads all.
    YijuError if the readers are not understood, the visitor would not be one, or the file cannot be used.
    """
    with _lock:
        text = changed(text_of(path), [_named(document)], readers)
        rights = parse(text, str(path))
        if reader is not None and (reader | {"*"}).isdisjoint(rights.readers(document)):
            raise YijuError("请保留您自己或您所在的用户组，否则您将看不到这份文档。")
        write(path, text)
    return rights


def write(path: Path, text: str) -> None:
    """Put a file in place as a whole, with the owner of the old one or the folder; RightsError if that cannot be."""
    fresh = path.with_name(f"{path.name}.new")
    try:
        fresh.write_text(text, "utf-8")
        owner = (path if path.exists() else path.parent).stat()
        fresh.chmod(0o640)
        with suppress(PermissionError):
            os.chown(fresh, owner.st_uid, owner.st_gid)
        fresh.replace(path)
    except OSError as error:
        raise RightsError(f"无法写入权限文件 {path}（{error.strerror}）；请检查所在目录的权限。") from error


def _named(document: Described) -> str:
    """Return how a rule names one document: by its file, unless that could be read as something else."""
    source = document.source
    plain = "*" not in source and not source.startswith("id:") and source.isprintable()
    return source if plain and source == source.strip().rstrip("/") else f"id:{document.id}"


def _about(line: str) -> str | None:
    """Return the documents that a line of the file is about; None where it is no rule."""
    rules = [] if line.strip().startswith("#") else parse(line, "").rules
    return rules[0].documents if rules else None


# --- the command ------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `yiju-index rights`, which `lines` reads."""
    parser.add_argument("documents", nargs="*", metavar="FILE", help="文件、文件夹或 id:编号；* 代表任意文字")
    change = parser.add_mutually_exclusive_group()
    change.add_argument("--readers", metavar="LIST", help="只给这些人读：用户名、@用户组，以逗号分隔；* 所有人，- 无人")
    change.add_argument("--forget", action="store_true", help="去掉关于这些文件的规则")
    change.add_argument("--as", dest="reader", metavar="LIST", help="只列出这个人能读的：用户名和 @用户组，以逗号分隔")
    parser.add_argument("--rights", type=Path, metavar="FILE", help="权限文件；默认在索引旁边")


def lines(arguments: argparse.Namespace, documents: Sequence[Described]) -> list[str]:
    """Do what the arguments say; return id, readers and file of each document. YijuError if that cannot be."""
    path = arguments.rights or rights_path(arguments.index)
    text = text_of(path)
    if arguments.readers is not None or arguments.forget:
        text = changed(text, arguments.documents, None if arguments.forget else arguments.readers)
        parse(text, str(path))
        write(path, text)
    rights = parse(text, str(path))
    for rule in rights.idle(documents):
        sys.stderr.write(printable(f"注意：没有文档符合规则「{rule.documents}」；请检查规则是否写错、文档是否已移走\n"))
    asked = [Rule(frozenset(), each.rstrip("/")) for each in arguments.documents]
    shown = [each for each in documents if not asked or any(rule.names(each) for rule in asked)]
    if arguments.reader is not None:
        shown = [
            each for each in shown if not rights.readers(each).isdisjoint({*arguments.reader.split(","), EVERYONE})
        ]
    return [_described(each, rights) for each in shown] or ["未找到匹配的文档。"]


def _described(document: Described, rights: Rights) -> str:
    readers = "、".join(sorted(rights.readers(document))) or "无人"
    return f"{document.id}\t{readers.replace(EVERYONE, '所有人')}\t{document.source}"
