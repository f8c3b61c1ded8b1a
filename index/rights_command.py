"""`yiju-index rights`: shows who may read which documents, and changes it, also while the service runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from index.locations import location_argument
from index.records import Described
from index.rights import EVERYONE, Rights, Rule, parse, rights_path
from index.rights_editing import changed, text_of, write
from index.terminal import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `lines` reads."""
    parser.add_argument("index", type=location_argument, metavar="DIR", help="索引文件夹，或 milvus://…")
    parser.add_argument("documents", nargs="*", metavar="FILE", help="文件、文件夹或 id:编号；* 代表任意文字")
    change = parser.add_mutually_exclusive_group()
    change.add_argument("--readers", metavar="LIST", help="只给这些人读：用户名、@用户组，以逗号分隔；* 所有人，- 无人")
    change.add_argument("--forget", action="store_true", help="去掉关于这些文件的规则")
    change.add_argument("--as", dest="reader", metavar="LIST", help="只列出这个人能读的：用户名和 @用户组，以逗号分隔")
    parser.add_argument("--rights", type=Path, metavar="FILE", help="权限文件；默认在索引旁边")


def lines(arguments: argparse.Namespace, documents: Sequence[Described]) -> list[str]:
    """Do what the arguments say.

    Returns:
        For each document its id, its readers and its file.

    Raises:
        YijuError: if a rule is not understood, or the file cannot be read or written.
    """
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
