"""Layer options: the command line wins over `YIJU_…` in the environment, that over `yiju.toml`."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FILE = "yiju.toml"
GIVEN, DEFAULT = "命令行", "默认"
_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}


@dataclass(frozen=True, slots=True)
class Held:
    """A setting as it holds: the name of its option, without dashes before it, its value, and where that is from."""

    name: str
    value: object
    origin: str


def layered(
    parser: argparse.ArgumentParser, argv: Sequence[str], environment: Mapping[str, str], file: Path
) -> tuple[argparse.Namespace, list[Held]]:
    """Parse a command line whose options may also stand in the environment and in a file.

    Args:
        parser: of the command; its defaults are changed.
        argv: its words.
        environment: `YIJU_KEEP_DAYS` for `--keep-days`; lists are separated by commas.
        file: TOML, `keep-days = 30`; it need not be there.

    Returns:
        The arguments, and each setting with where it is from.

    Raises:
        ValueError: if a value does not fit or the file is unusable; names where it stands.
    """
    options = {each.dest: each for each in parser._actions if _is_setting(each)}
    found = _from_file(options, file)
    for dest in options:
        name = f"YIJU_{dest.upper()}"
        if environment.get(name):
            found[dest] = (environment[name], f"环境变量 {name}")
    parser.set_defaults(**{dest: _value(options[dest], *each) for dest, each in found.items()})
    given = vars(parser.parse_args(argv, argparse.Namespace(**dict.fromkeys(options))))
    arguments = parser.parse_args(argv)
    origins = {dest: GIVEN if given[dest] is not None else found.get(dest, ("", DEFAULT))[1] for dest in options}
    held = [Held(dest.replace("_", "-"), getattr(arguments, dest), origins[dest]) for dest in options]
    return arguments, held


def _is_setting(action: argparse.Action) -> bool:
    return bool(action.option_strings) and action.dest not in ("help", "version", "print_completion")


def _from_file(options: Mapping[str, argparse.Action], file: Path) -> dict[str, tuple[object, str]]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"无法解析 {file}：{error}") from error
    named = {name.replace("-", "_"): value for name, value in content.items()}
    if unknown := [name for name in named if name not in options]:
        known = "、".join(dest.replace("_", "-") for dest in options)
        raise ValueError(f"{file} 里没有 {unknown[0]} 这个设置；有：{known}")
    return {dest: (value, str(file)) for dest, value in named.items()}


def _value(action: argparse.Action, value: object, origin: str) -> object:
    """Return a value as the command line would have made it."""
    name = action.dest.replace("_", "-")
    if action.nargs == 0:
        truth = value if isinstance(value, bool) else _TRUTHS.get(str(value).lower())
        if truth is None:
            raise ValueError(f"{origin} 的 {name} 是 {value!r}，应为 true 或 false")
        return truth
    if isinstance(action, argparse._AppendAction):
        parts = value if isinstance(value, list) else str(value).split(",")
        return [_one(action, str(each).strip(), name, origin) for each in parts if str(each).strip()]
    return _one(action, str(value), name, origin)


def _one(action: argparse.Action, text: str, name: str, origin: str) -> object:
    kind: Callable[[str], object] = action.type if callable(action.type) else str
    place = origin if origin.startswith("环境变量") else f"{origin} 的 {name}"
    if action.choices is not None and text not in map(str, action.choices):
        raise ValueError(f"{place} 是 {text!r}：应为 {'、'.join(map(str, action.choices))} 之一。")
    try:
        return kind(text)
    except (ValueError, argparse.ArgumentTypeError) as error:
        raise ValueError(f"{place}：{error}") from error
