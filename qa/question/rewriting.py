"""Follow-ups become questions that stand alone: 「那风电呢」 after 「光伏目标是多少」 asks 「风电目标是多少」.

A follow-up leaves out either what it asks (「那风电呢」: its subject takes the place of the earlier one) or what it
asks about (「由谁牵头」: the earlier topic is put before it).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from index.protocols import Encoder
from index.text import align
from qa.language import lexicon
from qa.language.grammar import tagged
from qa.question.analysis import ASKS, INTERROGATIVE, analyse

MAX_TURNS = 6
"""Earlier questions that are looked at; what lies further back is another subject."""

_LEAD = re.compile(lexicon.FOLLOW_UP_LEAD)
_AGAIN = re.compile(lexicon.ASKS_AGAIN)
_ASKING_END = re.compile(r"呢[?？。!！]*$|^(?:那|那么|换成|改成)")
_FIGURE = re.compile("[多几]")
_CONTINUES = re.compile("又是|也是|又有")
_PRONOUN = re.compile(lexicon.PRONOUNS)
_CLASSIFIER = re.compile(lexicon.BEHIND_CORE)
_YEAR = re.compile(lexicon.YEARS)
_RELATIONAL = re.compile(f"(?:{lexicon.RELATIONAL})+")
_OF_DOCUMENTS = re.compile(lexicon.DOCUMENT_PARTS)
_MARKS = " ,，。!！?？;；:：、"


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a question with its part of speech and where it begins."""

    text: str
    tag: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def nominal(self) -> bool:
        """Return whether it names something: a noun other than a place, an abbreviation, a set phrase, a Latin word."""
        return (self.tag[0] in "njlib" and self.tag != "ns") or self.tag in {"eng", "vn"}


class FollowUpRewriter:
    """Makes follow-ups stand alone; the encoder tells which word of the earlier question a new one replaces."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def standalone(self, question: str, history: Sequence[str]) -> str:
        """Return the question as one would ask it without the earlier ones, which come oldest first."""
        earlier = ""
        for turn in [*history[-MAX_TURNS:], question]:
            earlier = self._after(turn.strip(), earlier) if earlier else turn.strip()
        return earlier

    def continued(self, part: str, earlier: str) -> str:
        """Return a further question of the same turn as one would ask it without the one before it, which stands alone.

        The place that the earlier one names holds for a part that names none.
        """
        question = self._after(part.strip(), earlier)
        places = [place for place in analyse(earlier).places if place in align(earlier)]
        return places[0] + question if places and not analyse(question).places else question

    def _after(self, question: str, earlier: str) -> str:
        fragment = _LEAD.sub("", question)
        if _PRONOUN.search(fragment):
            return _joined(_topic(earlier), _PRONOUN.sub("", fragment, count=1))
        subject = _AGAIN.sub("", fragment).strip(_MARKS)
        if subject and not ASKS.search(align(subject)) and self._elliptic(question, fragment):
            attribute = _RELATIONAL.fullmatch(align(subject).removeprefix("的"))
            return _joined(_topic(earlier), subject) if attribute else self._substitute(subject, earlier)
        return fragment if _has_subject(fragment) else self._about(fragment, earlier)

    def _elliptic(self, question: str, fragment: str) -> bool:
        """Return whether a question names a subject only: 「那风电呢」, 「PET又是多少」, 「水电新增多少」."""
        if _ASKING_END.search(question) or _CONTINUES.search(question):
            return True
        nouns = [word.text for word in _words(fragment) if word.nominal]
        named = [noun for noun in nouns if not _RELATIONAL.fullmatch(noun)]
        if named and len(nouns) > len(named):  # says what of it is asked for: 「王传福持股比例是多少」
            return False
        asked = _AGAIN.search(align(fragment))
        # 「指导思想是什么」 is whole; only a figure is asked for again without saying of what: 「水电是多少」.
        again = asked is not None and (not ASKS.search(asked[0]) or _FIGURE.search(asked[0]))
        return len(named) == 1 and bool(again) and not ASKS.search(align(_AGAIN.sub("", fragment)))

    def _about(self, fragment: str, earlier: str) -> str:
        """Return a question without a subject, with that of `earlier`; another year takes the place of the old."""
        subject = _AGAIN.sub("", fragment).strip(_MARKS)
        if _YEAR.search(align(subject)) and not ASKS.search(align(subject)) and _YEAR.search(align(earlier)):
            return self._substitute(subject, earlier)
        return _joined(_topic(earlier), fragment)

    def _substitute(self, subject: str, earlier: str) -> str:
        """Return `earlier` with the words that `subject` takes the place of replaced by it."""
        for own, old in ((_year(subject), _year(earlier)), (_place(subject), _place(earlier))):
            if own and old:
                # What else the subject says takes the place of something else: nothing stays of what it says anew.
                rest = subject.replace(own, "", 1).removeprefix("的")
                asked = earlier.replace(old, own if _names(rest) else subject, 1)
                return self._substitute(rest, asked) if _names(rest) else asked
        if _YEAR.fullmatch(align(subject)):
            return subject + earlier
        chunks = _chunks(earlier)
        words = [word for chunk in chunks for word in chunk if word.text not in lexicon.LIGHT_WORDS]
        if _is_action(subject) or not words:
            head, predicate = _parted(earlier)
            return subject + (predicate if head else earlier)
        start, end = self._replaced(subject, chunks, words)
        if subject.endswith("的"):  # 「国家级的呢」 adds to what was asked about
            end = start
        return earlier[:start] + subject + earlier[end:]

    def _replaced(self, subject: str, chunks: Sequence[Sequence[_Word]], words: Sequence[_Word]) -> tuple[int, int]:
        """Return what `subject` takes the place of: the word nearest in meaning, or all of its noun phrase up to there.

        One word takes the place of one; several, or one that ends in it (工伤保险 for 失业保险), of all before the
        nearest or before the last they share.
        """
        new = [word.text for word in _words(subject)]
        if len(new) > 1 and _RELATIONAL.fullmatch(new[-1]):  # a thing and what of it is asked for: all of the old
            return chunks[0][0].start, chunks[-1][-1].end
        shared = [word for word in words if word.text == new[-1]]
        vectors = self._encoder.encode_passages([subject, *(word.text for word in words)])
        best = shared[0] if shared else words[int(np.argmax(vectors[1:] @ vectors[0]))]
        chunk = next(chunk for chunk in chunks if best in chunk)
        if len(new) > 1 or (new[0].endswith(best.text) and new[0] != best.text):
            return chunk[0].start, best.end
        # 光伏发电 is one thing: what is done to a thing goes with the thing that stands before it.
        bound = [word for word in chunk if word.end == best.start and word.nominal and best.tag[0] == "v"]
        return (bound[0] if bound else best).start, best.end


def _year(question: str) -> str:
    """Return the year or years that a question names, as written; empty if none."""
    found = _YEAR.search(align(question))
    return question[found.start() : found.end()] if found else ""


def _place(question: str) -> str:
    """Return the first place that a question names, as written; empty if none."""
    return next((place for place in analyse(question).places if place in question), "")


def _names(subject: str) -> bool:
    """Return whether anything is named."""
    return any(word.nominal for word in _words(subject))


def _words(question: str) -> list[_Word]:
    found, at = [], 0
    for text, tag in tagged(align(question)):
        found.append(_Word(text, tag, at))
        at += len(text)
    return found


def _chunks(question: str) -> list[list[_Word]]:
    """Return the runs of nouns, with adjectives and quotation marks among them."""
    chunks: list[list[_Word]] = [[]]
    for word in _words(question):
        named = (word.nominal or word.tag[0] in "az") and not INTERROGATIVE.fullmatch(word.text)
        if named or word.text in '“”"‘’《》':
            chunks[-1].append(word)
        elif chunks[-1]:
            chunks.append([])
    return [chunk for chunk in chunks if any(word.nominal for word in chunk)]


def _has_subject(fragment: str) -> bool:
    """Return whether a question names a thing, place or article, no mere attribute, or a part of all documents."""
    if _OF_DOCUMENTS.search(align(fragment)):
        return True
    asked = analyse(fragment)
    nouns = [term.text for term in asked.terms if _Word(term.text, term.tag, 0).nominal]
    return bool(asked.places or asked.provisions or any(not _RELATIONAL.fullmatch(noun) for noun in nouns))


def _is_action(subject: str) -> bool:
    """Return whether a subject is something done, 闯红灯, rather than a thing."""
    words = _words(subject)
    return words[0].tag[0] in "vd" and words[0].tag != "vn" and len(words) > 1


def _parted(question: str) -> tuple[str, str]:
    """Return what a question is about, and what it asks of that: the verb before its interrogative, and all behind."""
    asks = ASKS.search(align(question))
    if asks is None:
        return question, ""
    end = asks.start()
    for word in reversed([word for word in _words(question) if word.end <= asks.start()]):
        if word.tag[0] not in "vdpucmq" and word.text not in lexicon.LIGHT_WORDS:
            break
        if word.tag[0] == "v" and len(word.text) > 1 and word.text not in lexicon.LIGHT_WORDS and end < asks.start():
            break
        end = word.start
    return question[:end], question[end:]


def _topic(earlier: str) -> str:
    """Return what a question is about: what stands before its interrogative, without verb and attribute."""
    asks = ASKS.search(align(earlier))
    before = earlier[: asks.start()] if asks else earlier
    topic = _trimmed(before.strip(_MARKS))
    if topic or asks is None:
        return topic
    behind = earlier[asks.end() :]
    classifier = _CLASSIFIER.match(align(behind))
    return _RELATIONAL.sub("", behind[classifier.end() if classifier else 0 :].strip(_MARKS), count=1)


def _trimmed(topic: str) -> str:
    """Return a topic without verbs, particles and attributes at its end."""
    words = _words(topic)
    while words and _is_loose(words[-1]):
        words.pop()
    return topic[: words[-1].end] if words else ""


def _is_loose(word: _Word) -> bool:
    if _RELATIONAL.fullmatch(word.text) or (word.text in lexicon.LIGHT_WORDS and not word.nominal):
        return True
    return word.tag[0] in "pucdx" or (word.tag[0] == "v" and (len(word.text) == 1 or word.text[0] in lexicon.MODALS))


def _joined(topic: str, fragment: str) -> str:
    """Return a topic and what is asked of it; a mere 呢 at its end asks nothing more."""
    asked = re.sub(r"呢(?=[?？]*$)", "", fragment)
    return topic + asked if topic and topic not in fragment else fragment
