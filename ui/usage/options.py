"""The options of `yiju-serve` about the record of questions."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from index.locations import Location
from qa.privacy.personal import Mask, masked

if TYPE_CHECKING:
    from ui.usage.log import UsageLog

KEEP_DAYS = 180
"""How long questions are kept where nothing else is said."""


def add_usage_options(parser: argparse.ArgumentParser) -> None:
    """Add everything that `usage_of` reads."""
    group = parser.add_argument_group("提问记录：存在索引旁边，供 /admin/ 查看")
    group.add_argument("--no-usage-log", action="store_true", help="不记录提问")
    group.add_argument(
        "--keep-days", type=_days, default=KEEP_DAYS, metavar="N", help="记录保留几天，默认 %(default)s；0 表示一直保留"
    )
    group.add_argument("--log-users", action="store_true", help="记下提问者的用户名；默认不记")
    parser.add_argument(
        "--mask-personal",
        action="store_true",
        help="凡显示和记录文档、问题的地方，遮住手机号、身份证号、银行卡号和电子邮箱",
    )


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


def _days(text: str) -> int:
    if not text.isdecimal() or len(text) > 5:
        raise argparse.ArgumentTypeError(f"须为不小于 0 的整数，得到 {text}")
    return int(text)
