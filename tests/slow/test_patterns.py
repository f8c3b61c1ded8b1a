"""Every regular expression of the program, on texts made of its own repeats: none may explode."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice, pairwise, product
from pathlib import Path
from re import _compiler as compiler  # type: ignore[attr-defined]
from re import _constants as kinds  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from types import FrameType, ModuleType
from typing import Any

import pytest

import index
import qa
import ui
from index.loaders.formats import HEAD, Format, sniff

ASKING = {"match", "fullmatch", "search", "sub", "subn", "findall", "finditer", "split", "compile"}
REPEATS = (kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT)
SIGNS = '1甲 a，.-一年\nA。<"（/:%=_第、0'
QUESTION, FILE = 2_000, 20_000
"""Characters of the longest question, and some of those a file may have."""
SECONDS = 0.5
"""Of processor time. What is quadratic and short takes 0.1 at most, what explodes never ends."""


@dataclass(frozen=True)
class Used:
    """A pattern, where it stands, and how it is asked: `match` and `fullmatch` try one place, `search` all."""

    where: str
    pattern: re.Pattern[Any]
    how: str


@cache
def modules() -> list[ModuleType]:
    found = []
    for package in (index, qa, ui):
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".training" not in each.name and not each.name.endswith("__main__"):
                try:
                    found.append(importlib.import_module(each.name))
                except ImportError:  # of an extra that is not installed
                    continue
    return found


@cache
def used() -> list[Used]:
    """Those that the source compiles, or hands to `re` at once, as far as they are made of what modules hold."""
    trees = [(module, ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))) for module in modules()]
    ways: dict[str, set[str]] = {}
    for node in (node for _, tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Attribute) and node.attr in ASKING and isinstance(node.value, ast.Name):
            ways.setdefault(node.value.id, set()).add(node.attr)
    return [each for module, tree in trees for each in of_module(module, tree, ways)]


def of_module(module: ModuleType, tree: ast.Module, ways: dict[str, set[str]]) -> Iterator[Used]:
    given = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    names = {id(node.value): each.id for node in given for each in node.targets if isinstance(each, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (made := compiled(node, module)):
            how = node.func.attr  # type: ignore[attr-defined]
            asked = ways.get(names.get(id(node), ""), {"search"}) if how == "compile" else {how}
            narrow = "fullmatch" if asked == {"fullmatch"} else "match" if asked <= {"match", "fullmatch"} else "search"
            yield Used(f"{module.__name__}:{node.lineno}", made, narrow)


def compiled(node: ast.Call, module: ModuleType) -> re.Pattern[Any] | None:
    """The pattern of a call of `re`; None where it depends on what the program is given."""
    at = node.func
    if not (isinstance(at, ast.Attribute) and at.attr in ASKING and node.args):
        return None
    if not (isinstance(at.value, ast.Name) and at.value.id == "re"):
        return None
    flags = [*(node.args[1:2] if at.attr == "compile" else ()), *(k.value for k in node.keywords if k.arg == "flags")]
    try:
        return re.compile(
            *(eval(compile(ast.Expression(each), "", "eval"), vars(module)) for each in [node.args[0], *flags])
        )
    except (NameError, AttributeError):
        return None


def texts(items: Any) -> Iterator[str]:
    """Short texts that a part of a pattern takes, a few of its ways."""
    for way in islice(product(*([*islice(taken(*each), 3)] or [""] for each in items)), 4):
        yield "".join(way)


def taken(kind: Any, value: Any) -> Iterator[str]:
    """Some of what one element of a pattern takes."""
    if kind is kinds.LITERAL:
        yield chr(value)
    elif kind in (kinds.ANY, kinds.NOT_LITERAL, kinds.IN):
        parsed = parser.parse("x")
        parsed.data = [(kind, value)]
        one = compiler.compile(parsed)
        yield from (sign for sign in SIGNS if one.fullmatch(sign))
    elif kind in REPEATS:
        yield from (text * max(value[0], 1) for text in islice(texts(value[2]), 3))
        yield from [""] * (value[0] == 0)
    elif kind is kinds.SUBPATTERN:
        yield from texts(value[3])
    elif kind is kinds.ATOMIC_GROUP:
        yield from texts(value)
    elif kind is kinds.BRANCH:
        yield from (text for way in value[1] for text in islice(texts(way), 2))
    else:
        yield ""


def repeated(items: Any) -> Iterator[Any]:
    """All parts that may come again, from the outside in."""
    for kind, value in items:
        inner = [value[2]] if kind in REPEATS else []
        inner += [value[3]] if kind is kinds.SUBPATTERN else value[1] if kind is kinds.BRANCH else []
        inner += [value] if kind is kinds.ATOMIC_GROUP else []
        inner += [value[1]] if kind in (kinds.ASSERT, kinds.ASSERT_NOT) else []
        for each in inner:
            yield from [each] if kind in REPEATS else []
            yield from repeated(each)


def attacks(pattern: re.Pattern[Any], length: int) -> Iterator[Any]:
    """What comes before the first repeat, then what may come again without end, then what fits nowhere."""
    tree = list(parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE))
    first = next((i for i, (kind, _) in enumerate(tree) if kind in REPEATS), 0)
    parts = [text for each in repeated(tree) for text in islice(texts(each), 4)]
    pumps = [*parts, *islice(texts(tree), 3), *(a + b for a, b in pairwise(parts)), "1", "甲", " ", "a"]
    for pump in islice(dict.fromkeys(filter(None, pumps)), 40):
        for begin in {"", *islice(texts(tree[:first]), 2)}:
            text = (begin + pump * (length // len(pump)))[:length] + "\x00"
            yield text.encode() if isinstance(pattern.pattern, bytes) else text


def withstands(each: Used, length: int) -> bool:
    """Whether no attack takes longer than it may."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGPROF, ring)
    try:
        for text in attacks(each.pattern, length):
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            if each.how == "search":
                all(each.pattern.finditer(text))
            else:
                getattr(each.pattern, each.how)(text)
    except TimeoutError:
        return False
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return True


def test_no_pattern_explodes_on_the_longest_question():
    assert len(used()) > 400
    assert [each.where for each in used() if not withstands(each, QUESTION)] == []


def test_patterns_of_loaders_keep_up_with_long_files():
    loading = [each for each in used() if each.where.startswith("index.loaders.")]
    assert len(loading) > 30
    assert [each.where for each in loading if not withstands(each, FILE)] == []


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(?:达到?|到)+$", r"x*(?:<!--.*?-->\s*)*<html", r"\s*\s*\s*\s*x"])
def test_patterns_that_explode_are_found(pattern):
    assert not withstands(Used("", re.compile(pattern, re.S), "search"), 20_000)


@pytest.mark.parametrize("comment", [b"<!---->", b"<!-- -->", b"<?xml?>", b"<!---->\n<?xml a>"])
def test_what_a_file_is_is_told_at_once_whatever_stands_before_it(comment):
    before = (comment * HEAD)[: HEAD - 10]
    assert sniff(before) is Format.TEXT
    assert sniff(comment * 9 + b" <html><p>") is Format.HTML
    assert sniff(b"<!-- <html> --> text") is Format.TEXT
