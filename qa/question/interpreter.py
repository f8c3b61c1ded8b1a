"""From a turn of a conversation to the questions that are searched."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.question.english import EnglishDecoder
from qa.question.operations import understand
from qa.question.pinyin import PinyinDecoder
from qa.question.rewriting import FollowUpRewriter
from qa.question.spelling import HomophoneSpeller, Tidier
from qa.question.turns import core, split
from qa.settings import MAX_QUESTION_CHARACTERS

_OTHER_LETTERS, _HAN = re.compile("[a-zü]", re.IGNORECASE), re.compile("[\u3400-\u9fff]")


class Interpreter:
    """Understands what a turn asks: one question, or several.

    Args:
        tidier: gives it the written form of documents.
        decoders: read what is typed in other letters, one after the other.
        speller: puts misspelt words right.
        rewriter: makes follow-ups, and later parts of a turn, stand alone.
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
        """Return the standalone questions that a turn asks, in order; at least one.

        Args:
            turn: as typed, trimmed, not empty.
            history: earlier turns, oldest first, none of them empty.
        """
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
