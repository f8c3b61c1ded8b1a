"""`yiju-eval`: ask every question of a data set, score the answers, print what came out; and what goes with that."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from eval.commands import (
    INTERRUPTED,
    UNUSABLE,
    Command,
    Openers,
    compare,
    convert,
    draft,
    history,
    retrieve,
    score,
    stats,
    sweep,
)
from eval.errors import Interrupted
from eval.metrics.stages import StagedIndex
from index.command_line import Parser, for_readers_that_leave, words_of
from index.errors import YijuError
from index.terminal import printable
from qa.protocols import Answerer
from qa.settings import Settings

COMMANDS: Mapping[str, Command] = {
    "compare": compare,
    "convert": convert,
    "draft": draft,
    "history": history,
    "retrieve": retrieve,
    "stats": stats,
    "sweep": sweep,
}
"""Subcommands by their first word; anything else is a data set to be scored."""


@for_readers_that_leave
def main(
    argv: Sequence[str] | None = None,
    *,
    opener: Callable[[Settings], Answerer] | None = None,
    index: Callable[[Settings], StagedIndex | None] | None = None,
) -> int:
    """Run the command; `opener` and `index` take the place of the product's own assistant and index.

    Returns:
        0 done; 1 the gate failed; 2 an input is unusable; 130 interrupted.
    """
    openers = Openers(opener or _open_assistant, index or (_no_index if opener else _open_index))
    try:
        command, arguments = _parsed(words_of(argv))
        return command.run(arguments, openers)
    except BrokenPipeError:
        raise
    except Interrupted as interrupted:
        return _say(INTERRUPTED, str(interrupted))
    except KeyboardInterrupt:
        return _say(INTERRUPTED, "已中断，没有写出结果")
    except (YijuError, ValueError) as error:
        return _say(UNUSABLE, str(error))
    except OSError as error:
        return _say(UNUSABLE, f"读写 {error.filename or '文件'} 失败：{error.strerror or error}")


def _parsed(words: list[str]) -> tuple[Command, argparse.Namespace]:
    name = words[0] if words and words[0] in COMMANDS else None
    if name is not None:
        parser = Parser(prog=f"yiju-eval {name}", description=COMMANDS[name].DESCRIPTION)
        COMMANDS[name].add_arguments(parser)
        return COMMANDS[name], parser.parse_args(words[1:])
    if words and words[0].startswith("--print-completion"):
        _for_shells().parse_args(words)
    others = "；".join(f"yiju-eval {word}：{command.DESCRIPTION}" for word, command in COMMANDS.items())
    parser = Parser(prog="yiju-eval", description=score.DESCRIPTION, epilog=f"其他命令：{others}")
    score.add_arguments(parser)
    return cast(Command, score), parser.parse_args(words)


def _for_shells() -> Parser:
    """Return one parser of all that a shell can complete; argparse itself knows no subcommand that may be left out."""
    parser = Parser(prog="yiju-eval", description=score.DESCRIPTION)
    commands = parser.add_subparsers(parser_class=Parser)
    for name, command in COMMANDS.items():
        command.add_arguments(commands.add_parser(name, help=command.DESCRIPTION))
    score.add_arguments(parser)
    return parser


def _open_assistant(settings: Settings) -> Answerer:
    # Imported here: scoring given answers needs neither index nor encoder.
    from qa.bootstrap import open_assistant

    return open_assistant(settings)


def _open_index(settings: Settings) -> StagedIndex:
    from index.stores import store_at

    return store_at(settings.index).open()


def _no_index(settings: Settings) -> None:
    return None


def _say(status: int, message: str) -> int:
    """Return one line on stderr, whatever the message holds."""
    print(printable(f"yiju-eval：{' '.join(message.split())}"), file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
