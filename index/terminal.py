"""Remove control characters from untrusted text before a terminal shows it."""

from __future__ import annotations

import json
import unicodedata

_OBEYED = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
"""What controls, has no width, turns the direction of writing, or ends a line where none ends."""


def printable(text: str) -> str:
    """Return the text of which a terminal shows every character and obeys none; line ends and tabs stay."""
    return "".join(each if each in "\n\t" or not _is_obeyed(each) else _stand_in(each) for each in text)


def escaped(text: str) -> str:
    """Return JSON, as `json.dumps` writes it, with the same meaning and nothing in it that a terminal obeys."""
    return "".join(each if each == "\n" or not _is_obeyed(each) else json.dumps(each)[1:-1] for each in text)


def _is_obeyed(character: str) -> bool:
    return not character.isprintable() and unicodedata.category(character) in _OBEYED


def _stand_in(character: str) -> str:
    return " " if character.isspace() else "�"
