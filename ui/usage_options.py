"""The options of `yiju-serve` about what is kept of questions, and what they amount to."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from index.locations import Location

if TYPE_CHECKING:
    from ui.usage import UsageLog

KEEP_DAYS = 180
"""How long questions are kept where nothing else is said."""


def add_usage_options(parser: argparse.ArgumentParser) -> None:
    """Adds everything that `usage_of` reads."""
    group = parser.add_argument_group("提问记录：存在索引旁边，供 /admin/ 查看")
    group.add_argument("--no-usage-log", action="store_true", help="不记录提问")
    group.add_argument(
        "--keep-days", type=_days, default=KEEP_DAYS, metavar="N", help="记录保留几天，默认 %(default)s；0 表示一直保留"
    )
    group.add_argument("--log-users", action="store_true", help="记下提问者的用户名；默认不记")


def usage_of(arguments: argparse.Namespace, index: Location) -> UsageLog | None:
    """Where answers are kept; None if nowhere."""
    if arguments.no_usage_log:
        return None
    from ui.usage import UsageLog, usage_file

    return UsageLog(usage_file(index), keep_days=arguments.keep_days or None, log_users=arguments.log_users)


def _days(text: str) -> int:
    if not text.isdecimal() or len(text) > 5:
        raise argparse.ArgumentTypeError(f"须为不小于 0 的整数，得到 {text}")
    return int(text)
