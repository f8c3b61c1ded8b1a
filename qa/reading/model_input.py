"""What the trained reader sees: question, heading and a window of text as tokens that know their place in the text."""

from __future__ import annotations

from dataclasses import dataclass

from tokenizers import Encoding, Regex, Tokenizer, pre_tokenizers

from index.records import Span
from index.text import align, sentence_spans

QUESTION_TOKENS, TITLE_TOKENS, PATH_TOKENS, TEXT_TOKENS = 64, 20, 20, 320
"""What is longer is cut: a question and a path at their beginning, a title and a text at their end."""
WINDOW_CHARACTERS = 180
"""Whole sentences are read together up to this length."""

_CLAUSE_STOPS = "，,、；;：: "
# Pieces of the vocabulary may join a word with what follows: 「的」, a mark, a digit. An answer may end between them.
_BREAKS = Regex(r"▁?\d+(?:[.,]\d+)*|▁?[a-z]+|▁?[的[\p{P}\p{S}&&[^▁]]]")


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a document that is read at once.

    Attributes:
        title: of the document.
        path: its headings, outermost first.
        text: verbatim.
    """

    title: str
    path: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """A question and a window as the network takes them.

    Attributes:
        ids: of all tokens, the special ones among them.
        first: position of the first token of the window's text; those behind it are its text, up to the last `</s>`.
        spans: where in the window's text each of its tokens stands.
    """

    ids: tuple[int, ...]
    first: int
    spans: tuple[Span, ...]


class InputTokenizer:
    """Makes `Tokens`; case, width and traditional characters are folded first, without moving anything.

    Args:
        tokenizer: of the encoder; a copy is changed so that answers end where tokens do.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = Tokenizer.from_str(tokenizer.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.WhitespaceSplit(),
                pre_tokenizers.Metaspace("▁", prepend_scheme="always"),
                pre_tokenizers.Split(_BREAKS, "isolated"),
            ]
        )
        numbers = self._tokenizer.get_vocab()
        self._begin, self._end = numbers["<s>"], numbers["</s>"]
        self._marks = numbers["«"], numbers["»"]

    def __call__(self, question: str, window: Window) -> Tokens:
        """Return the tokens `<s> question </s> title path </s> text </s>`."""
        text = self._encode(window.text)
        before = self._before(question, window)
        ids = (*before, *text.ids[:TEXT_TOKENS], self._end)
        spans = tuple(Span(start, end) for start, end in text.offsets[:TEXT_TOKENS])
        return Tokens(ids, len(before), spans)

    def marked(self, question: str, window: Window, candidate: Span) -> tuple[int, ...]:
        """Return the ids of a question and a window in which a candidate answer stands between « and »."""
        left, inner, right = (
            self._ids(window.text[start:end])
            for start, end in ((0, candidate.start), (candidate.start, candidate.end), (candidate.end, None))
        )
        opening, closing = self._marks
        room = max(0, TEXT_TOKENS - len(inner))
        text = [*left[-room // 2 :], opening, *inner[:TEXT_TOKENS], closing, *right[: room // 2]]
        return (*self._before(question, window), *text, self._end)

    def _before(self, question: str, window: Window) -> list[int]:
        return [
            self._begin,
            *self._ids(question)[-QUESTION_TOKENS:],
            self._end,
            *self._ids(window.title)[:TITLE_TOKENS],
            *self._ids(" ".join(window.path))[-PATH_TOKENS:],
            self._end,
        ]

    def _encode(self, text: str) -> Encoding:
        # A lone surrogate is no character, and the tokenizer would refuse it; in its place another, as long.
        clean = align(text).encode("utf-8", "replace").decode("utf-8")
        return self._tokenizer.encode(clean, add_special_tokens=False)

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._encode(text).ids
        return ids


def window_spans(text: str, size: int = WINDOW_CHARACTERS) -> list[Span]:
    """Return stretches of whole sentences, each up to `size` characters; a longer sentence is cut behind its clauses.

    Args:
        text: of a passage.
        size: characters.
    """
    windows: list[Span] = []
    for sentence in sentence_spans(text):
        for piece in _pieces(text, sentence, size):
            if windows and piece.end - windows[-1].start <= size:
                windows[-1] = Span(windows[-1].start, piece.end)
            else:
                windows.append(piece)
    return windows


def _pieces(text: str, sentence: Span, size: int) -> list[Span]:
    pieces, start = [], sentence.start
    while sentence.end - start > size:
        stop = max(text.rfind(mark, start + size // 2, start + size) for mark in _CLAUSE_STOPS)
        end = stop + 1 if stop >= 0 else start + size
        pieces.append(Span(start, end))
        start = end
    return [*pieces, Span(start, sentence.end)]


def sentences_around(text: str, span: Span, size: int) -> Span:
    """Return the sentences that hold a span, with those before and behind it that fit into `size` characters."""
    sentences = sentence_spans(text)
    inside = [i for i, each in enumerate(sentences) if each.overlap(span)]
    if not inside:
        return Span(0, len(text))
    first, last = inside[0], inside[-1]
    while first > 0 and sentences[last].end - sentences[first - 1].start <= size:
        first -= 1
    while last + 1 < len(sentences) and sentences[last + 1].end - sentences[first].start <= size:
        last += 1
    return Span(min(sentences[first].start, span.start), max(sentences[last].end, span.end))
