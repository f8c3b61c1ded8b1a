"""Remove politeness from a turn and split it into the questions that it asks, each still as typed.

Only what says nothing about the matter is left out. A clause that tells circumstances goes where another clause
asks; in all others, only set phrases at their ends.

「光伏目标是多少，由谁牵头」 asks twice; 「光伏和风电的目标分别是多少」 asks the same of two. A question that merely
has 和 or a comma in it stays whole. What a part leaves out is filled in by `qa.question.rewriting`.
"""

from __future__ import annotations

import re
from itertools import accumulate, pairwise

from index.text import align
from qa.language import lexicon
from qa.language.tagging import tagged

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

MAX_PARTS = 6
"""More questions than this in one turn stay together in the last of them."""

ASKS = re.compile(f"{lexicon.INTERROGATIVE_CORE}|{lexicon.ASKS_YES_NO}|{lexicon.ASKS_ENGLISH}")
_STOP = re.compile(
    r"[?？。!！;；\n]+|[,，]+"
    rf"|(?:、|\s)(?={lexicon.OPENS_QUESTION})"
    rf"|\band (?={lexicon.ASKS_ENGLISH})"
)
_DEPENDS = re.compile(lexicon.DEPENDENT_CLAUSE)
_LINK = re.compile(lexicon.LINKS)
_QUOTED = re.compile('“[^”]*”|"[^"]*"|「[^」]*」|『[^』]*』|《[^》]*》|（[^）]*）|\\([^)]*\\)|‘[^’]*’')
_EACH = re.compile(lexicon.EACH)
_AND = re.compile("和|与|跟|及|以及|、")


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
    """Return whether a question is about the assistant rather than the documents: 你是谁."""
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


def split(question: str) -> list[str]:
    """Return the questions that a turn asks, in order, as typed but for the marks between them; at least one.

    Args:
        question: one turn, without greetings and thanks (`qa.question.turns`).
    """
    clauses = _clauses(question)
    groups = _grouped(clauses)
    if len(groups) > MAX_PARTS:
        groups = [*groups[: MAX_PARTS - 1], "".join(groups[MAX_PARTS - 1 :])]
    parts = [part for group in groups for part in _each(_bare(group))]
    return parts if 1 < len(parts) <= MAX_PARTS else [question]


def _clauses(question: str) -> list[str]:
    """Return the pieces that end with a mark at which a question may end; together they are the question."""
    masked = _QUOTED.sub(lambda quoted: "_" * len(quoted.group()), align(question))
    cuts = [match.end() for match in _STOP.finditer(masked)]
    bounds = [0, *cuts, len(question)]
    return [question[a:b] for a, b in pairwise(bounds) if question[a:b]]


def _grouped(clauses: list[str]) -> list[str]:
    """Return each asking clause with the clauses that say what it is about.

    Those before it, and dependent ones behind.
    """
    groups: list[str] = []
    waiting = ""
    for clause in clauses:
        depends = _DEPENDS.match(align(clause).lstrip()) is not None
        if groups and depends and not waiting:
            groups[-1] += clause
        elif _asks(clause, bool(groups)):
            groups.append(waiting + clause)
            waiting = ""
        else:
            waiting += clause
    if waiting and groups:
        groups[-1] += waiting
    return groups or ["".join(clauses)]


def _asks(clause: str, later: bool) -> bool:
    """Return whether a clause asks; one behind an asking clause may do so with its mark or a mere 呢."""
    aligned = align(clause).strip()
    masked = _QUOTED.sub("", aligned)
    return bool(ASKS.search(masked)) or (later and bool(re.search(r"呢\W*$|[?？]$", masked)))


def _bare(group: str) -> str:
    """Return a group without the mark it ends with and the 另外 it begins with, its question mark kept."""
    kept = group.strip().strip(",，、;；。 ")
    return _LINK.sub("", kept) if _LINK.sub("", kept) else kept


def _each(question: str) -> list[str]:
    """Return 「A和B的X分别是多少」 as 「A的X是多少」 and 「B的X是多少」; the question itself where it asks but once."""
    aligned = align(question)
    each = _EACH.search(aligned)
    if each is None:
        return [question]
    words = [word for word, _ in tagged(aligned[: each.start()])]
    ends = list(accumulate(map(len, words)))
    joints = [i for i, word in enumerate(words) if _AND.fullmatch(word)]
    if not joints or joints[0] == 0 or joints[-1] == len(words) - 1:
        return [question]
    pieces = [question[end - len(word) : end] for word, end in zip(words, ends, strict=True)]
    prefix, subjects, shared = _parallel(pieces, joints)
    rest = question[each.end() :]
    return [f"{prefix}{subject}{shared}{rest}" for subject in subjects]


def _parallel(words: list[str], joints: list[int]) -> tuple[str, list[str], str]:
    """Return what stands before parallel subjects, the subjects, and what is asked of each of them.

    The first subject is as long, in words, as the last: what is before it belongs to all of them. Where no 的 says
    what is asked of all, that is what the last has in addition to a first of one word.
    """
    bounds = [-1, *joints, len(words)]
    chunks = [words[a + 1 : b] for a, b in pairwise(bounds)]
    first, last = chunks[0], chunks[-1]
    at = last.index("的") if "的" in last else (1 if len(first) == 1 else len(last))
    chunks[-1], shared = last[:at], last[at:]
    width = max(1, len(chunks[-1]))
    prefix, chunks[0] = first[:-width], first[-width:]
    return "".join(prefix), ["".join(chunk) for chunk in chunks if chunk], "".join(shared)
