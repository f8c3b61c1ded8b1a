"""`yiju-serve audit`: verify and show the audit log, also while the service runs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from index.command_line import Parser
from index.errors import YijuError
from index.locations import add_index_argument
from index.terminal import escaped, printable
from qa.settings import Settings
from ui.audit.chain import Head, head_of, key_of, places, verify
from ui.audit.log import audit_file, people_file
from ui.audit.people import People

DONE, BROKEN, UNUSABLE = 0, 1, 2

Entry = Mapping[str, Any]


def main(argv: Sequence[str]) -> int:
    """Do one of `verify`, `head`, `show`.

    Returns:
        0 when done, 1 if the log was changed, 2 for the caller's mistake or files that cannot be used.
    """
    arguments = _parser().parse_args(argv)
    try:
        index = Settings.from_environment(index=arguments.index).index
        return int(arguments.run(arguments, arguments.file or audit_file(index)))
    except (YijuError, ValueError) as error:
        sys.stderr.write(printable(f"yiju-serve audit：{error}\n"))
        return UNUSABLE


def _parser() -> argparse.ArgumentParser:
    parser = Parser("yiju-serve audit", description="核验和查看审计记录；不必停止服务。")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser("verify", help="逐条核验；被改动过时退出码为 1，并指出第一处")
    check.add_argument(
        "--anchor", type=_head, action="append", default=[], metavar="N:HASH", help="保存在别处的校验值；可多次给出"
    )
    check.add_argument("--since", type=_head, metavar="N:HASH", help="更早的文件已移走时，其最后一条的校验值")
    check.set_defaults(run=_verify)
    head = commands.add_parser("head", help="最后一条的编号和校验值，供存到别处")
    head.set_defaults(run=_head_now)
    show = commands.add_parser("show", help="列出记录，一行一条 JSON")
    show.add_argument("--who", metavar="NAME", help="只看这个人的：用户名、key:密钥名或地址")
    show.add_argument("--document", metavar="ID", help="只看关于这份文档的")
    show.set_defaults(run=_show)
    for each in (check, head, show):
        add_index_argument(each)
        each.add_argument("--file", type=Path, metavar="FILE", help="审计记录；默认在索引旁边")
        each.add_argument("--audit-key", type=Path, metavar="FILE", help="服务启动时所用的校验链密钥")
    return parser


def _head(text: str) -> Head:
    try:
        return head_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _verify(arguments: argparse.Namespace, path: Path) -> int:
    verdict = verify(path, key_of(arguments.audit_key), [*arguments.anchor, *_remembered(path)], arguments.since)
    if verdict.torn:
        sys.stderr.write(f"注意：{verdict.torn} 处没有写完（进程在写入时被打断），不算改动。\n")
    if verdict.problem:
        sys.stdout.write(printable(f"审计记录被改动：{verdict.problem}\n"))
        return BROKEN
    sys.stdout.write(f"审计记录完好：到第 {verdict.head.n} 条为止；{verdict.head}\n")
    return DONE


def _remembered(path: Path) -> list[Head]:
    """Return where the log ended by the file of its people, if that is there."""
    if not people_file(path).exists():
        return []
    end = People(people_file(path)).end()
    return [end.head] if end else []


def _head_now(arguments: argparse.Namespace, path: Path) -> int:
    verdict = verify(path, key_of(arguments.audit_key), _remembered(path))
    if verdict.problem:
        raise YijuError(f"审计记录被改动：{verdict.problem}")
    sys.stdout.write(f"{verdict.head}\n")
    return DONE


def _show(arguments: argparse.Namespace, path: Path) -> int:
    for entry in entries(path, arguments.who):
        about = [*entry.get("documents", ()), *entry.get("shown", ())]
        if arguments.document is None or arguments.document in about:
            sys.stdout.write(escaped(json.dumps(entry, ensure_ascii=False)) + "\n")
    return DONE


def entries(path: Path, who: str | None = None) -> Iterator[Entry]:
    """Yield what a log holds, or one person's part: `said` opened where its key is still there, names for tokens."""
    people = {person.token: person for person in People(people_file(path)).all()} if people_file(path).exists() else {}
    for place in places(path):
        try:
            entry = json.loads(place.text)
        except ValueError:
            continue  # a line that was not written to its end
        entry.pop("chain", None)
        person = people.get(entry.get("who", ""))
        if who is not None and (person is None or person.name != who):
            continue
        entry["who"] = person.name if person else entry.get("who") and f"{entry['who']}（已删除）"
        if "said" in entry:
            entry["said"] = person.open(entry["said"]) if person else None
        yield entry
