"""The question proper: what is left of a turn without greetings, thanks, and who asks it for whom.

Only what says nothing about the matter is left out. A clause that tells circumstances goes where another clause
asks; in all others, only set phrases at their ends.
"""

from __future__ import annotations

import re

from index.text import align
from qa.language import lexicon

_CLAUSE = re.compile(r"[^,，。!！?？;；~:：\n]*[,，。!！?？;；~:：\n]*\s*")
_MARKS = re.compile(r"[,，。!！?？;；~:：\s]+$")
_LEADS = re.compile(
    rf"^\W*(?:{lexicon.GREETING}|{lexicon.REQUEST}|(?:{lexicon.THANKS}|{lexicon.CLOSING}|(?:{lexicon.NOTED})[了啦]?)(?!\w))\s*"
)
_TRAILS = re.compile(rf"(?<!\s)\s*+(?:{lexicon.THANKS})\W*+$|(?<=[\u4e00-\u9fff])\s*+(?:好吗|可以吗|行吗|好不好)\W*+$")
_CIRCUMSTANCE = re.compile(rf"(?:{lexicon.CIRCUMSTANCE})(?:的|呢|呀|啊|哈)*")
_PERSONAL = re.compile(lexicon.PERSONAL)
_GREETING = re.compile(rf"^\W*(?:{lexicon.GREETING})")
_FILLER = re.compile(lexicon.FILLERS)


def core(turn: str) -> str:
    """Return what a turn asks, without politeness; empty where nothing else is in it.

    Args:
        turn: as typed.
    """
    kept = [clause for clause in map(_stripped, _CLAUSE.findall(turn)) if clause]
    telling = [clause for clause in kept if not _CIRCUMSTANCE.fullmatch(_MARKS.sub("", align(clause)))]
    question = _without(_FILLER, "".join(telling or kept)).strip(" ,，:：、")
    return question if any(map(str.isalnum, question)) else ""


def is_greeting(turn: str) -> bool:
    """Return whether a turn says hello, and nothing else."""
    return not core(turn) and _GREETING.search(align(turn)) is not None


def is_personal(question: str) -> bool:
    """Return whether a question is put to whoever answers rather than to the documents: 你是谁."""
    return _PERSONAL.search(_MARKS.sub("", align(question))) is not None


def _stripped(clause: str) -> str:
    """Return a clause without set phrases at its ends; empty where it is made of them."""
    marks = _MARKS.search(clause)
    body, end = (clause[: marks.start()], marks.group()) if marks else (clause, "")
    before = ""
    while body != before:
        before = body
        body = _without(_LEADS, _without(_TRAILS, body))
    return body + end if any(map(str.isalnum, body)) else ""


def _without(pattern: re.Pattern[str], text: str) -> str:
    """`text` with what matches in its aligned form cut out."""
    kept, at = [], 0
    for match in pattern.finditer(align(text)):
        kept.append(text[at : match.start()])
        at = match.end()
    return "".join(kept) + text[at:]
