"""Words with their parts of speech; the one place that calls the tagger."""

from __future__ import annotations

import re

import rjieba

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def tagged(text: str) -> list[tuple[str, str]]:
    """Return the words of a text with their parts of speech, in letters of jieba (`n` noun, `v` verb, `ns` place …).

    Args:
        text: any text; half of a surrogate pair, which is no character, is read as U+FFFD.

    Returns:
        Words in text order, white space and punctuation among them: together they are as long as the text.
    """
    return rjieba.tag(_LONE_SURROGATE.sub("\ufffd", text))
