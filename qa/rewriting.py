"""Follow-ups become questions that stand alone: 「那风电呢」 after 「光伏目标是多少」 asks 「风电目标是多少」."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from index.protocols import Encoder
from index.text import align
from qa.questions import INTERROGATIVE, analyse
from qa.words import tagged

MAX_TURNS = 6
"""Earlier questions that are looked at; what lies further back is another subject."""

_LEAD = re.compile(
    r"^(?:那么|那|还有|另外|以及|再问一下|请问|然后|接着|换成|改成|如果是|要是|至于|对于|关于)+[,，]?(?!里|边|些|个|么)"
)
_AGAIN = re.compile(r"(?:又|也|还)?(?:是|有|要)?(?:多少|什么|哪些|谁|几个|怎样|如何|怎么样|什么时候)?呢?[?？。!！]*$")
_ASKING_END = re.compile(r"呢[?？。!！]*$|^(?:那|那么|换成|改成)")
_PRONOUN = re.compile(
    r"它们的?|它的?|其中的?|其(?![他它余实])|这个(?:项目|任务|目标|产业|方案|文件|通知)?的?|那个的?|这项(?:任务|工作)?的?|这些的?|上述的?|前者的?|后者的?|这里的?|此项"
)
_TOPIC_END = re.compile(r"(?:是|由|有|要|在|归|为|的|到|将|会|能|应|需|被|:|：|,|，|达到|打算|计划|准备)+$")


class FollowUpRewriter:
    """Makes follow-ups stand alone by what they leave out.

    Args:
        encoder: tells which word of the earlier question a new word takes the place of.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def standalone(self, question: str, history: Sequence[str]) -> str:
        """The question as one would ask it without the earlier ones; `question` itself where it needs none.

        Args:
            question: as typed.
            history: earlier questions, oldest first.
        """
        earlier = ""
        for turn in [*history[-MAX_TURNS:], question]:
            earlier = self._after(turn.strip(), earlier) if earlier else turn.strip()
        return earlier

    def _after(self, question: str, earlier: str) -> str:
        fragment = _LEAD.sub("", question)
        led = fragment != question
        asks = INTERROGATIVE.search(align(_AGAIN.sub("", fragment)))
        if _PRONOUN.search(fragment):
            return _with_topic(_PRONOUN.sub("", fragment, count=1), earlier)
        subject = _AGAIN.sub("", fragment)
        if not asks and subject and self._elliptic(question, fragment):
            return self._substitute(subject, earlier)
        return _with_topic(fragment, earlier) if led or not analyse(fragment).terms else question

    def _elliptic(self, question: str, fragment: str) -> bool:
        """Whether a question names a subject only: 「那风电呢」, 「PET又是多少」, 「水电新增多少」."""
        if _ASKING_END.search(question) or re.search("又是|也是|又有", question):
            return True
        return len([term for term in analyse(fragment).terms if term.tag[0] in "njlie"]) <= 1

    def _substitute(self, subject: str, earlier: str) -> str:
        """`earlier` with the word that `subject` takes the place of replaced by it."""
        asked = analyse(subject)
        if asked.periods and (old := analyse(earlier).periods):
            return earlier[: old[0].start] + subject + earlier[old[0].end :].removeprefix("年")
        if asked.places and (places := analyse(earlier).places) and places[0] in earlier:
            return earlier.replace(places[0], subject, 1)
        words = _words(earlier)
        if not words:
            return subject + earlier
        vectors = self._encoder.encode_passages([subject, *(text for text, _ in words)])
        best = int(np.argmax(vectors[1:] @ vectors[0]))
        text, start = words[best]
        return earlier[:start] + subject + earlier[start + len(text) :]


def _words(question: str) -> list[tuple[str, int]]:
    """The content words of a question that may be replaced, with their offsets; neighbouring nouns stay apart."""
    terms = {term.text for term in analyse(question).terms}
    found, offset = [], 0
    for word, tag in tagged(align(question)):
        if tag[0] in "njlie" and word in terms:
            found.append((question[offset : offset + len(word)], offset))
        offset += len(word)
    return found


def _with_topic(fragment: str, earlier: str) -> str:
    """`fragment` with what `earlier` was about put before it."""
    match = INTERROGATIVE.search(align(earlier))
    topic = _TOPIC_END.sub("", earlier[: match.start()] if match else earlier.rstrip("?？。"))
    return topic + fragment if topic and topic not in fragment else fragment
