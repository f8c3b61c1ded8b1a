"""The tokenizer of multilingual-e5-small, rebuilt for the `tokenizers` library from some or all of its pieces.

Source: XLM-RoBERTa's SentencePiece model (Unigram language model, Kudo 2018; nmt_nfkc normalisation).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from training.encoder.e5_weights import Vocabulary

MAX_TOKENS = 512
WORD_START = "▁"

# Worse than any other way to spell a piece: a text that reads "</s>" is text, and never ends anything.
_NEVER = -1000.0


def kept_rows(tokenizer: Tokenizer, vocabulary: Vocabulary) -> NDArray[np.int64]:
    """Return the checkpoint's id of each token id, `(tokens,)`: which rows of its embeddings the tokenizer needs.

    Args:
        tokenizer: with some of the pieces of `vocabulary`, in any order.
        vocabulary: of the checkpoint.

    Raises:
        KeyError: if a piece of the tokenizer is none of the checkpoint's.
    """
    places = {piece: place for place, (piece, _) in enumerate(vocabulary.pieces)}
    numbers = tokenizer.get_vocab()
    return np.array([places[piece] for piece in sorted(numbers, key=lambda piece: numbers[piece])], dtype=np.int64)


def build_tokenizer(vocabulary: Vocabulary, kept: NDArray[np.int64]) -> Tokenizer:
    """Return the tokenizer whose ids are places in `kept`; it adds <s> and </s> and cuts at 512 tokens.

    Args:
        vocabulary: of the checkpoint.
        kept: ids of pieces, ascending; the four special pieces must be among them.
    """
    place = {int(old): new for new, old in enumerate(kept)}
    bos, eos, unk = (place[i] for i in (vocabulary.bos, vocabulary.eos, vocabulary.unk))
    # What has no score is no text: the special pieces and <mask>.
    pieces = [(piece, score or _NEVER) for piece, score in (vocabulary.pieces[i] for i in kept)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            # The file's map knows single code points; NFC first joins accents and voicing marks to their letters.
            normalizers.NFC(),
            normalizers.Precompiled(precompile(vocabulary.replacements)),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(WORD_START, prepend_scheme="always")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", bos), ("</s>", eos)]
    )
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def precompile(replacements: Mapping[int, str]) -> bytes:
    """Return a replacement table as the character map SentencePiece compiles: what `normalizers.Precompiled` reads.

    It is a double array: byte `c` leads from unit `p` to unit `p ^ offset(p) ^ c`, whose low byte must then be `c`.
    Each inner node gets 256 units of its own, so that no two can collide, and behind them each key gets one unit for
    its value; UTF-8 has no code point that begins another, so a node is the one or the other.

    Args:
        replacements: a code point, and the text that takes its place.

    Source: the layout of darts-clone (S. Yata) as SentencePiece's normaliser stores it: u32 bytes of the array, the
    array of u32, then the replacements, each ended by a zero byte.
    """
    texts, values = bytearray(), {}
    for code_point, text in sorted(replacements.items()):
        values[chr(code_point).encode()] = len(texts)
        texts += text.encode() + b"\0"
    units = _double_array(values)
    return struct.pack("<I", units.nbytes) + units.tobytes() + bytes(texts)


def _double_array(values: Mapping[bytes, int]) -> NDArray[np.uint32]:
    """Return the trie of the keys: a unit is its label, bit 8 if it has a value, and its offset from bit 10 on."""
    inner = list(dict.fromkeys(key[:depth] for key in values for depth in range(len(key))))
    target = {prefix: 256 * (number + 1) for number, prefix in enumerate(inner)}
    first_value = 256 * (len(inner) + 1)
    target |= {key: first_value + number for number, key in enumerate(values)}
    # Whole blocks: a reader may look up to 255 units beside any target.
    units = np.zeros(first_value + -(-len(values) // 256) * 256, dtype=np.uint32)
    for prefix, goal in target.items():
        label = prefix[-1] if prefix else 0
        unit = target[prefix[:-1]] ^ label if prefix else 0
        units[unit] = label | (prefix in values) << 8 | (unit ^ goal) << 10
    units[first_value : first_value + len(values)] = np.array(list(values.values()), dtype=np.uint32) | (1 << 31)
    return units
