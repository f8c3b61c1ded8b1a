"""What all commands share: a parser that speaks Chinese, `--version`, completion, and readers that leave early."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from importlib.metadata import version
from typing import Any, NoReturn, ParamSpec

from index.terminal import printable

P = ParamSpec("P")

UNUSABLE = 2
"""Exit status for the caller's mistake."""

_SAID = (
    (r"the following arguments are required: (.*)", r"缺少参数 \1"),
    (r"unrecognized arguments: (.*)", r"不认识的参数 \1"),
    (r"expected one argument", "后面须有一个值"),
    (r"expected at least one argument", "后面至少须有一个值"),
    (r"expected (\d+) arguments?", r"后面须有 \1 个值"),
    (r"invalid choice: (.*?) \(choose from (.*)\)", r"没有 \1；可选：\2"),
    (r"invalid \w+ value: (.*)", r"\1 不是合适的值"),
    (r"not allowed with argument (.*)", r"不能与 \1 同用"),
    (r"one of the arguments (.*) is required", r"须给出其中之一：\1"),
    (r"ambiguous option: (.*) could match (.*)", r"\1 不明确，可能是 \2"),
    (r"ignored explicit argument (.*)", r"不接受值 \1"),
    (r"argument (\S.*?): (.*)", r"参数 \1：\2"),
)
"""What argparse says, and the same in Chinese; the frame around another message comes last."""


def in_chinese(message: str) -> str:
    """Return what argparse says, in Chinese; what the commands say themselves stays as it is."""
    for said, meant in reversed(_SAID):
        message = re.sub(said, meant, message, flags=re.S)
    return message


class _Help(argparse.HelpFormatter):
    def add_usage(self, usage: str | None, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, prefix or "用法：")


class _Completion(argparse.Action):
    """Prints what a shell needs to complete a command, and ends."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        try:
            import shtab
        except ImportError:
            parser.error("--print-completion 须装 shtab：pip install shtab")
        script = shtab.complete(parser, shell=values)
        sys.stdout.write(script.replace("complete -o bashdefault ", "complete -o bashdefault -o default "))  # files too
        parser.exit()


class Parser(argparse.ArgumentParser):
    """A parser whose help and errors are Chinese; an error is one line and ends with status 2."""

    def __init__(self, prog: str, *, add_help: bool = True, **options: Any) -> None:
        super().__init__(prog, add_help=False, formatter_class=_Help, **options)
        self._positionals.title, self._optionals.title = "参数", "选项"
        if add_help:
            self.add_argument("-h", "--help", action="help", help="显示这份说明")
        if " " not in prog:  # of a command, not of its subcommands
            self.add_argument("--version", action="version", version=f"{prog} {version('yiju')}", help="显示版本")
            shells = ("bash", "zsh", "tcsh")
            self.add_argument(
                "--print-completion", action=_Completion, choices=shells, metavar="SHELL", help="输出命令行补全脚本"
            )

    def error(self, message: str) -> NoReturn:
        """End with one line that says what is wrong and where to read more."""
        said = " ".join(printable(in_chinese(message)).split())
        self.exit(UNUSABLE, f"{self.prog}：命令用法不对（{said}）；用法见 {self.prog} --help\n")


def for_readers_that_leave(main: Callable[P, int]) -> Callable[P, int]:
    """Return a command that ends quietly, with 0, when the reader of its output closes it, as `head` does."""

    @wraps(main)
    def quiet(*arguments: P.args, **options: P.kwargs) -> int:
        try:
            try:
                return main(*arguments, **options)
            finally:  # also of help, which argparse prints before it ends the process
                sys.stdout.flush()
        except BrokenPipeError:
            # Nothing may be flushed into the closed pipe at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0

    return quiet


def words_of(argv: Sequence[str] | None) -> list[str]:
    """Return the words of a command line; those of the process by default."""
    return list(sys.argv[1:] if argv is None else argv)


def whole_number(low: int = 0, high: int | None = None) -> Callable[[str], int]:
    """Return the type of an option that is a whole number, `low` at least and `high` at most."""
    meant = f"不小于 {low} 的整数" if high is None else f" {low} 到 {high} 的整数"

    def read(text: str) -> int:
        if not text.isdecimal() or len(text) > 9 or not low <= int(text) <= (high or int(text)):
            raise argparse.ArgumentTypeError(f"须为{meant}，得到 {text}")
        return int(text)

    return read


def matching(pattern: str, meant: str) -> Callable[[str], str]:
    """Return the type of an option whose whole text matches a pattern; `meant` says in Chinese what it must be."""

    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise argparse.ArgumentTypeError(f"{meant}，得到 {text}")
        return text

    return read
