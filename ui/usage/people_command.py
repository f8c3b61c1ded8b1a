"""`yiju-serve people`: export or delete one person's questions while the service runs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from index.command_line import Parser
from index.errors import YijuError
from index.locations import Location, add_index_argument, beside
from index.terminal import escaped, printable
from qa.settings import Settings
from ui.audit.chain import key_of, parts
from ui.usage.log import UsageLog, asked_by, read_rows, usage_file

if TYPE_CHECKING:
    from ui.audit.log import AuditLog


def main(argv: Sequence[str]) -> int:
    """Do one of `list`, `export`, `forget`.

    Returns:
        0 when done, 2 for the caller's mistake or files that cannot be used.
    """
    arguments = _parser().parse_args(argv)
    try:
        index = Settings.from_environment(index=arguments.index).index
        for line in arguments.run(arguments, index):
            sys.stdout.write(escaped(line) + "\n")
    except (YijuError, ValueError) as error:
        sys.stderr.write(printable(f"yiju-serve people：{error}\n"))
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        "yiju-serve people", description="导出或删除一个人的提问；只有服务以 --log-users 启动时，提问记录里才有提问者。"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("list", help="列出记录里的人").set_defaults(run=_list)
    commands.add_parser("export", help="导出一个人的全部提问，一行一条 JSON").set_defaults(run=_export)
    commands.add_parser("forget", help="删除一个人的提问记录；审计记录中的那些从此无法解读").set_defaults(run=_forget)
    for name, command in commands.choices.items():
        if name != "list":
            command.add_argument("name", metavar="NAME", help="用户名、key:密钥名或地址，见 list")
        add_index_argument(command)
        command.add_argument("--audit-key", type=Path, metavar="FILE", help="服务启动时所用的校验链密钥")
    return parser


def _list(arguments: argparse.Namespace, index: Location) -> list[str]:
    query = "SELECT DISTINCT visitor FROM answers WHERE visitor IS NOT NULL"
    kept = {str(row["visitor"]) for row in read_rows(usage_file(index), query)}
    return sorted(kept.union(_audited(index)))


def _audited(index: Location) -> list[str]:
    if not _has_audit(index):
        return []
    from ui.audit.log import audit_file, people_file  # an extra
    from ui.audit.people import People

    return [person.name for person in People(people_file(audit_file(index))).all()]


def _export(arguments: argparse.Namespace, index: Location) -> Iterator[str]:
    for row in asked_by(usage_file(index), arguments.name):
        yield json.dumps({"from": "usage", **row}, ensure_ascii=False)
    if _has_audit(index):
        from ui.audit.command import entries
        from ui.audit.log import audit_file

        for entry in entries(audit_file(index), arguments.name):
            yield json.dumps({"from": "audit", **entry}, ensure_ascii=False)


def _forget(arguments: argparse.Namespace, index: Location) -> list[str]:
    audit = _audit(arguments, index)  # first: with a wrong key nothing is done
    usage, deleted = UsageLog(usage_file(index)), 0
    if usage.path.exists():
        deleted = usage.forget(arguments.name).result()
        usage.close()
    said = [f"提问记录中删除了 {deleted} 条。"]
    if audit:
        audit.forget(arguments.name, by="yiju-serve people")
        audit.close()
        said.append("审计记录中的密钥已删除：问了什么、是谁问的，从此无法解读。")
    return said


def _audit(arguments: argparse.Namespace, index: Location) -> AuditLog | None:
    if not _has_audit(index):
        return None
    from ui.audit.log import AuditLog, audit_file  # an extra

    return AuditLog(audit_file(index), key=key_of(arguments.audit_key))


def _has_audit(index: Location) -> bool:
    return bool(parts(beside(index, "-audit.jsonl")))
