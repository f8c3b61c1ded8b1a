"""`yiju-serve keys`: create, list and revoke keys, also while the service runs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from index.command_line import Parser, whole_number
from index.errors import YijuError
from index.locations import Location, add_index_argument
from index.records import Described
from index.store.named_encoder import NamedEncoder
from index.stores import store_at
from qa.settings import Settings
from ui.access.keys import Key, KeyBook, keys_path, scope_of
from ui.access.visitors import Role

PER_MINUTE, PER_DAY = 300, 20_000
"""What a key may ask unless told otherwise: a page with a few thousand readers."""


def main(argv: Sequence[str]) -> int:
    """Do one of `add`, `list`, `revoke`.

    Returns:
        0 when done, 2 for the caller's mistake or a file that cannot be used.
    """
    arguments = _parser().parse_args(argv)
    try:
        index = Settings.from_environment(index=arguments.index).index
        lines = arguments.run(arguments, index, arguments.keys or keys_path(index))
        sys.stdout.writelines(f"{line}\n" for line in lines)
    except (YijuError, ValueError) as error:
        sys.stderr.write(f"yiju-serve keys：{error}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser("yiju-serve keys", description="管理访问密钥；不必停止服务，改动立即生效。")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add = commands.add_parser("add", help="新建密钥；只显示这一次")
    add.add_argument("name", metavar="NAME", help="给谁用，例如“人事处门户”")
    _add_scope(add)
    add.add_argument("--group", action="append", default=[], metavar="NAME", help="能读这个用户组的文档；可多次给出")
    add.add_argument("--role", type=Role, choices=list(Role)[1:], default=Role.READER, help="默认 %(default)s")
    for name, limit, unit in (("--per-minute", PER_MINUTE, "每分钟"), ("--per-day", PER_DAY, "每天")):
        add.add_argument(name, type=whole_number(), default=limit, help=f"{unit}最多提问几次，默认 {limit}，0 表示不限")
    add.set_defaults(run=_add)
    listed = commands.add_parser("list", help="列出密钥，不含密钥本身")
    listed.add_argument("--json", action="store_true", help="输出 JSON")
    listed.set_defaults(run=_list)
    revoke = commands.add_parser("revoke", help="吊销密钥")
    revoke.add_argument("id", metavar="ID", help="密钥编号，见 list；也可给出整个密钥")
    revoke.set_defaults(run=_revoke)
    for each in (add, listed, revoke):
        add_index_argument(each)
        each.add_argument("--keys", type=Path, metavar="FILE", help="密钥文件；默认在索引旁边")
    return parser


def _add_scope(add: argparse.ArgumentParser) -> None:
    """Add the options for what a key may ask about: different ones narrow, the same one given twice widens."""
    add.add_argument("--document", action="append", metavar="ID", help="只许问这份文档；编号见 yiju-index info")
    add.add_argument("--issuer", action="append", metavar="NAME", help="只许问这个机关发的文档")
    add.add_argument("--region", action="append", metavar="NAME", help="只许问这个地区的文档")
    add.add_argument("--year", action="append", type=whole_number(), metavar="YYYY", help="只许问这一年的文档")


def _add(arguments: argparse.Namespace, index: Location, path: Path) -> list[str]:
    scope = scope_of(arguments.document, arguments.issuer, arguments.region, arguments.year)
    if scope and arguments.role is not Role.READER:
        raise YijuError("限定了文档的密钥只能是 reader：editor 和 admin 看得到所有文档的提问。")
    documents = _documents(index) if scope else []
    if unknown := sorted(set(arguments.document or ()) - {each.id for each in documents}):
        raise YijuError(f"索引里没有文档「{unknown[0]}」；编号可用 yiju-index info 查看。")
    if scope and not any(scope.admits(each) for each in documents):
        raise YijuError("没有一份文档符合这个范围；请核对，名称须与 yiju-index show 所示一致。")
    limits = {"per_minute": arguments.per_minute or None, "per_day": arguments.per_day or None}
    groups = [each.removeprefix("@") for each in arguments.group]
    key, whole = KeyBook(path).add(arguments.name, role=arguments.role, scope=scope, groups=groups, **limits)
    sys.stderr.write(f"已建密钥 {key.id}，只显示这一次；请放进 data-key 或请求头 X-Yiju-Key，不要写进网址：\n")
    return [whole]


def _list(arguments: argparse.Namespace, index: Location, path: Path) -> list[str]:
    keys = KeyBook(path).all() if path.exists() else []
    if arguments.json:
        return [json.dumps([_described(key) for key in keys], ensure_ascii=False, indent=1)]
    return ["\t".join(str(value) for value in _described(key).values()) for key in keys] or ["还没有密钥。"]


def _revoke(arguments: argparse.Namespace, index: Location, path: Path) -> list[str]:
    id = arguments.id[3:11] if arguments.id.startswith("yk_") else arguments.id
    if not path.exists() or not KeyBook(path).revoke(id):
        raise YijuError(f"没有可吊销的密钥 {id}；请用 yiju-serve keys list 查看。")
    return [f"已吊销 {id}。"]


def _documents(index: Location) -> Sequence[Described]:
    """Without the encoder, which takes seconds and is not needed here."""
    store = store_at(index)
    return store.open(NamedEncoder(store.manifest())).descriptions()


def _described(key: Key) -> dict[str, object]:
    fields = ("documents", "issuers", "regions", "years")
    scope = {name: sorted(values) for name in fields if key.scope and (values := getattr(key.scope, name))}
    return {
        "id": key.id,
        "name": key.name,
        "role": str(key.role),
        "scope": scope or None,
        "groups": sorted(key.groups),
        "per_minute": key.per_minute,
        "per_day": key.per_day,
        "created": key.created,
        "revoked": key.revoked,
    }
