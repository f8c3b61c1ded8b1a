"""The options of `yiju-serve` about access."""

from __future__ import annotations

import argparse
import re
import socket
from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import YijuError
from index.locations import Location
from index.rights import RightsFile, rights_path
from ui.access.proxies import Network, parse_address

if TYPE_CHECKING:
    from ui.access.authentication import Access
    from ui.access.oidc import Oidc

ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+")
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")

PER_ADDRESS = 120
"""Questions a minute from one address: more than a person asks, room for a few behind one gateway."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add everything that `access_of` reads, `--index` and `--host` aside."""
    sites = parser.add_argument_group("网站与主机名")
    sites.add_argument(
        "--allow-origin",
        type=_origin,
        action="append",
        default=[],
        metavar="ORIGIN",
        help="允许嵌入问答页、调用接口的网站，例如 http://portal.example；可多次给出",
    )
    sites.add_argument(
        "--allow-host",
        type=_host,
        action="append",
        default=[],
        metavar="NAME",
        help="别人访问本服务所用的主机名；可多次给出",
    )
    sites.add_argument(
        "--trust-proxy",
        type=_network,
        action="append",
        default=[],
        metavar="ADDR",
        help="反向代理的地址或网段，例如 127.0.0.1；只信它的 X-Forwarded-* 头；可多次给出",
    )
    _add_sign_in(parser.add_argument_group("登录：都不给时，只有本机可用"))


def access_of(arguments: argparse.Namespace, index: Location) -> Access:
    """Return the access rules that options name.

    Raises:
        YijuError: if a file that they name cannot be used, or a package is missing.
    """
    # Here, since they bring the web framework: a wrong option is reported at once.
    from ui.access.authentication import Access
    from ui.access.keys import KeyBook, keys_path
    from ui.access.visitors import Role

    oidc = _oidc(arguments)
    path = arguments.keys or keys_path(index)
    needed = arguments.require_key or oidc is not None
    return Access(
        origins=tuple(arguments.allow_origin),
        hosts=frozenset({"localhost", socket.gethostname().lower(), *_names(arguments)}),
        proxies=tuple(arguments.trust_proxy),
        user_header=arguments.user_header,
        groups_header=arguments.groups_header,
        oidc=oidc,
        need_key=arguments.require_key,
        book=KeyBook(path) if needed or path.exists() else None,
        open_to=Role.READER if arguments.open else Role.GUEST,
        roles={**dict.fromkeys(arguments.editor, Role.EDITOR), **dict.fromkeys(arguments.admin, Role.ADMIN)},
        per_address=arguments.per_address or None,
    )


def rights_of(arguments: argparse.Namespace, index: Location) -> RightsFile:
    """Return the file of rules that say which documents readers may read.

    Raises:
        YijuError: if the file cannot be used, or one that was named is not there.
    """
    if arguments.rights and not arguments.rights.exists():
        raise YijuError(f"没有权限文件 {arguments.rights}；请检查 --rights，或用 yiju-index rights 建立。")
    return RightsFile(arguments.rights or rights_path(index))


def whole_number(text: str) -> int:
    """Return a number of questions on the command line."""
    if not text.isdecimal() or len(text) > 9:
        raise argparse.ArgumentTypeError(f"须为不小于 0 的整数，得到 {text}")
    return int(text)


def _add_sign_in(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--open", action="store_true", help="不登录也对外开放：任何能连上的人都能提问")
    group.add_argument("--require-key", action="store_true", help="须有密钥；密钥用 yiju-serve keys 管理")
    group.add_argument("--keys", type=Path, metavar="FILE", help="密钥文件；默认在索引旁边")
    group.add_argument(
        "--user-header", type=_header, metavar="NAME", help="受信任的代理用来传递用户名的请求头，例如 X-Remote-User"
    )
    group.add_argument("--groups-header", type=_header, metavar="NAME", help="受信任的代理用来传递用户组的请求头")
    group.add_argument("--oidc-issuer", metavar="URL", help="OpenID Connect 登录服务的地址")
    group.add_argument("--oidc-client", metavar="ID", help="本服务在登录服务处登记的客户端编号（client id）")
    group.add_argument("--oidc-secret-file", type=Path, metavar="FILE", help="存有 client secret 的文件")
    group.add_argument(
        "--admin", action="append", default=[], metavar="USER", help="管理员的用户名，或 @用户组；可多次给出"
    )
    group.add_argument(
        "--editor", action="append", default=[], metavar="USER", help="编辑的用户名，或 @用户组；可多次给出"
    )
    group.add_argument(
        "--rights", type=Path, metavar="FILE", help="谁能读哪些文档，用 yiju-index rights 管理；默认在索引旁边"
    )
    group.add_argument(
        "--per-address",
        type=whole_number,
        default=PER_ADDRESS,
        metavar="N",
        help="一个地址每分钟最多问几个问题，默认 %(default)s，0 表示不限；不算本机",
    )


def check(arguments: argparse.Namespace) -> None:
    """Check for options that contradict each other or would open the service to all without saying so.

    Raises:
        YijuError: if there are any.
    """
    if arguments.user_header and not arguments.trust_proxy:
        raise YijuError("--user-header 须与 --trust-proxy 同用：只有受信的代理才能说出用户是谁。")
    if arguments.groups_header and not arguments.user_header:
        raise YijuError("--groups-header 须与 --user-header 同用。")
    protected = arguments.require_key or arguments.user_header or arguments.oidc_issuer
    if arguments.open and protected:
        raise YijuError("--open 表示不登录，不能与 --require-key、--user-header 或 --oidc-issuer 同用。")
    if not protected and not arguments.open and not _stays_local(arguments):
        raise YijuError(
            "这样启动，别的机器上的人不用登录就能看到所有文档。请加 --require-key、--user-header 或 --oidc-issuer；"
            "若本就要对所有人开放，请加 --open。"
        )


def _stays_local(arguments: argparse.Namespace) -> bool:
    """Return whether only programs on this machine come in."""
    address = parse_address(arguments.host)
    bound = address.is_loopback if address else arguments.host == "localhost"
    return bound and not arguments.trust_proxy and all(name == "localhost" for name in arguments.allow_host)


def _names(arguments: argparse.Namespace) -> Iterable[str]:
    return (name.lower() for name in (arguments.host, *arguments.allow_host))


def _oidc(arguments: argparse.Namespace) -> Oidc | None:
    given = (arguments.oidc_issuer, arguments.oidc_client, arguments.oidc_secret_file)
    if not any(given):
        return None
    if not all(given):
        raise YijuError("--oidc-issuer、--oidc-client、--oidc-secret-file 须一起给出。")
    from ui.access.oidc import Oidc, check_installed

    check_installed()
    try:
        secret = arguments.oidc_secret_file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise YijuError(f"无法读取 {arguments.oidc_secret_file}（{error}）；请检查 --oidc-secret-file。") from error
    return Oidc(arguments.oidc_issuer, arguments.oidc_client, secret)


def _origin(text: str) -> str:
    if not ORIGIN.fullmatch(text):
        raise argparse.ArgumentTypeError(f"网站须写成 http://主机[:端口]，不带路径，得到 {text}")
    return text


def _host(text: str) -> str:
    if not HOST.fullmatch(text):
        raise argparse.ArgumentTypeError(f"主机名须形如 qa.example，不带端口和路径，得到 {text}")
    return text


def _header(text: str) -> str:
    if not HEADER.fullmatch(text):
        raise argparse.ArgumentTypeError(f"请求头的名字须形如 X-Remote-User，得到 {text}")
    return text


def _network(text: str) -> Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise argparse.ArgumentTypeError(f"须为 IP 地址或网段，得到 {text}") from None
