"""The options of `yiju-serve` about access, the record of questions and the audit log."""

from __future__ import annotations

import argparse
import socket
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

from index.command_line import matching, whole_number
from index.errors import YijuError
from index.locations import Location
from index.rights import RightsFile, rights_path
from qa.privacy.personal import Mask, masked
from ui.access.proxies import Network, parse_address
from ui.audit.chain import key_of

if TYPE_CHECKING:
    from ui.access.authentication import Access
    from ui.access.oidc import Oidc
    from ui.audit.log import AuditLog
    from ui.usage.log import UsageLog

PER_ADDRESS = 120
"""Questions a minute from one address: more than a person asks, room for a few behind one gateway."""

KEEP_DAYS = 180
"""How long questions are kept where nothing else is said."""

_ORIGIN = matching(r"https?://[A-Za-z0-9.\-\[\]:]+", "网站须写成 http://主机[:端口]，不带路径")
_HOST = matching(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", "主机名须形如 qa.example，不带端口和路径")
_HEADER = matching(r"[A-Za-z][A-Za-z0-9-]*", "请求头的名字须形如 X-Remote-User")


def add_access_options(parser: argparse.ArgumentParser) -> None:
    """Add everything that `access_of` reads, `--index` and `--host` aside."""
    sites = parser.add_argument_group("网站与主机名")
    help = "允许嵌入问答页、调用接口的网站，例如 http://portal.example；可多次给出"
    sites.add_argument("--allow-origin", type=_ORIGIN, action="append", default=[], metavar="ORIGIN", help=help)
    help = "别人访问本服务所用的主机名；可多次给出"
    sites.add_argument("--allow-host", type=_HOST, action="append", default=[], metavar="NAME", help=help)
    help = "反向代理的地址或网段，例如 127.0.0.1；只信它的 X-Forwarded-* 头；可多次给出"
    sites.add_argument("--trust-proxy", type=_network, action="append", default=[], metavar="ADDR", help=help)
    _add_sign_in(parser.add_argument_group("登录：都不给时，只有本机可用"))


def _add_sign_in(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--open", action="store_true", help="不登录也对外开放：任何能连上的人都能提问")
    group.add_argument("--require-key", action="store_true", help="须有密钥；密钥用 yiju-serve keys 管理")
    group.add_argument("--keys", type=Path, metavar="FILE", help="密钥文件；默认在索引旁边")
    help = "受信任的代理用来传递用户名的请求头，例如 X-Remote-User"
    group.add_argument("--user-header", type=_HEADER, metavar="NAME", help=help)
    group.add_argument("--groups-header", type=_HEADER, metavar="NAME", help="受信任的代理用来传递用户组的请求头")
    group.add_argument("--oidc-issuer", metavar="URL", help="OpenID Connect 登录服务的地址")
    group.add_argument("--oidc-client", metavar="ID", help="本服务在登录服务处登记的客户端编号（client id）")
    group.add_argument("--oidc-secret-file", type=Path, metavar="FILE", help="存有 client secret 的文件")
    for name, role in (("--admin", "管理员"), ("--editor", "编辑")):
        help = f"{role}的用户名，或 @用户组；可多次给出"
        group.add_argument(name, action="append", default=[], metavar="USER", help=help)
    help = "谁能读哪些文档，用 yiju-index rights 管理；默认在索引旁边"
    group.add_argument("--rights", type=Path, metavar="FILE", help=help)
    help = "一个地址每分钟最多问几个问题，默认 %(default)s，0 表示不限；不算本机"
    group.add_argument("--per-address", type=whole_number(), default=PER_ADDRESS, metavar="N", help=help)


def add_usage_options(parser: argparse.ArgumentParser) -> None:
    """Add everything that `usage_of` and `mask_of` read."""
    group = parser.add_argument_group("提问记录：存在索引旁边，供 /admin/ 查看")
    group.add_argument("--no-usage-log", action="store_true", help="不记录提问")
    help = "记录保留几天，默认 %(default)s；0 表示一直保留"
    group.add_argument("--keep-days", type=whole_number(0, 99_999), default=KEEP_DAYS, metavar="N", help=help)
    group.add_argument("--log-users", action="store_true", help="记下提问者的用户名；默认不记")
    help = "凡显示和记录文档、问题的地方，遮住手机号、身份证号、银行卡号和电子邮箱"
    parser.add_argument("--mask-personal", action="store_true", help=help)


def add_audit_options(parser: argparse.ArgumentParser) -> None:
    """Add everything that `audit_of` reads."""
    group = parser.add_argument_group("审计记录：谁就哪些文档问了什么，只增不改，可以核验")
    group.add_argument("--audit-log", action="store_true", help="写审计记录，存在索引旁边；须装 yiju[audit]")
    help = "存有校验链密钥的文件；没有密钥时，任何人都能重算校验链"
    group.add_argument("--audit-key", type=Path, metavar="FILE", help=help)
    group.add_argument("--audit-lenient", action="store_true", help="无法写入审计记录时照常回答；默认停止回答")
    help = "文件满多少 MB 后换新文件，默认 %(default)s"
    group.add_argument("--audit-rotate", type=whole_number(1, 99_999), default=64, metavar="MB", help=help)


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
    names = ("localhost", socket.gethostname(), arguments.host, *arguments.allow_host)
    return Access(
        origins=tuple(arguments.allow_origin),
        hosts=frozenset(name.lower() for name in names),
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


def mask_of(arguments: argparse.Namespace) -> Mask | None:
    """Return what masks personal data; None if nothing is to be masked."""
    return masked if arguments.mask_personal else None


def usage_of(arguments: argparse.Namespace, index: Location) -> UsageLog | None:
    """Return where answers are kept; None if nowhere."""
    if arguments.no_usage_log:
        return None
    from ui.usage.log import UsageLog, usage_file

    days = arguments.keep_days or None
    return UsageLog(usage_file(index), keep_days=days, log_users=arguments.log_users, mask=mask_of(arguments))


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


def check_access(arguments: argparse.Namespace) -> None:
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


def _network(text: str) -> Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise argparse.ArgumentTypeError(f"须为 IP 地址或网段，得到 {text}") from None
