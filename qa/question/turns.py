"""From a turn of a conversation to the standalone questions that are searched.

Politeness and circumstances are left out, as far as they say nothing of the matter. 「光伏目标是多少，由谁牵头」 asks
twice; 「光伏和风电的目标分别是多少」 asks the same of two; a question that merely has 和 or a comma in it stays whole.
What a part leaves out is filled in by `qa.question.rewriting`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate, pairwise

from index.text import align
from qa.language import lexicon
from qa.language.grammar import tagged
from qa.question.analysis import ASKS
from qa.question.english import EnglishDecoder
from qa.question.operations import understand
from qa.question.pinyin import PinyinDecoder
from qa.question.rewriting import FollowUpRewriter
from qa.question.spelling import HomophoneSpeller, Tidier
from qa.settings import MAX_QUESTION_CHARACTERS

_OTHER_LETTERS, _HAN = re.compile("[a-zü]", re.IGNORECASE), re.compile("[\u3400-\u9fff]")
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


class Interpreter:
    """Understands what a turn asks: one question, or several.

    It is given the written form of documents, pinyin and English are decoded, misspelt words put right, and follow-ups
    and later parts of a turn made to stand alone.
    """

    def __init__(
        self,
        tidier: Tidier,
        decoders: Sequence[PinyinDecoder | EnglishDecoder],
        speller: HomophoneSpeller,
        rewriter: FollowUpRewriter,
    ) -> None:
        self._tidier = tidier
        self._decoders = decoders
        self._speller = speller
        self._rewriter = rewriter

    def questions(self, turn: str, history: Sequence[str]) -> list[str]:
        """Return the standalone questions that a turn asks, in order, at least one; earlier turns come oldest first."""
        earlier = [part for past in history for part in self._parts(past)]
        parts = self._parts(turn)
        if not parts:  # 谢谢 goes on with nothing
            return [turn]
        first, *others = parts
        # What computes or compares says of itself what with; words of earlier turns would make it another task.
        alone = not earlier or understand(first)
        found = [first if alone else _short_enough(self._rewriter.standalone(first, earlier), first)]
        for part in others:
            found.append(_short_enough(self._rewriter.continued(part, found[-1]), part))
        return found

    def _parts(self, turn: str) -> list[str]:
        """Return the questions of a turn as they stand in it, spelt as the documents spell; none in mere politeness."""
        question = self._tidier.tidy(turn)
        if _OTHER_LETTERS.search(question) or not _HAN.search(question):
            for decoder in self._decoders:
                question = decoder.decode(question)
        question = core(question)
        parts = [question] if understand(question) else split(question)
        return [self._speller.correct(part) for part in parts] if question else []


def _short_enough(question: str, typed: str) -> str:
    return question if len(question) <= MAX_QUESTION_CHARACTERS else typed


def core(turn: str) -> str:
    """Return what a turn asks, without politeness; empty where nothing else is in it."""
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
    """Return the questions that a turn asks, in order, as typed but for the marks between them; at least one."""
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
    """Return each asking clause with those that say what it is about: those before it, and dependent ones behind."""
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
