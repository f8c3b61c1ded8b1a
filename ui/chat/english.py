"""The texts around quotes in English; quotes stay as they are."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from ui.wording import Words

_TABLES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_SAID: list[tuple[str, str]] = _TABLES["said"]
_LABELS: list[tuple[str, str]] = _TABLES["labels"]
_QUOTED = re.compile(r"(「[^」]*」)")


def said_in(words: Words, text: str) -> str:
    """Return a text as it is said in a language; line by line, with what is quoted as it stands."""
    if words.language != "en" or not text:
        return text
    return "\n".join(map(_line, text.split("\n")))


def labelled_in(words: Words, text: str) -> str:
    """Return an answer with the labels before its sentences in a language; the sentences are a document's, and stay."""
    if words.language == "en":
        for chinese, english in _LABELS:
            text = re.sub(rf"^{chinese}", english, text, flags=re.M)
    return text


def _line(line: str) -> str:
    if line.startswith("|"):
        return line
    parts = _QUOTED.split(line)
    said = [part if n % 2 else _in_english(part) for n, part in enumerate(parts)]
    whole = "".join(said)
    return re.sub(r"。$", ".", whole) if whole != line else line


def _in_english(text: str) -> str:
    for chinese, english in _SAID:
        text = re.sub(chinese, english, text)
    return text
