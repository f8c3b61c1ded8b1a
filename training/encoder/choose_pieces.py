"""Chooses the pieces of the shipped tokenizer: `python -m training.encoder.choose_pieces TEXT... -o FOLDER`.

Run once: the file it wrote is the vocabulary of every model trained since, and `build_encoder` starts from it.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from index.encoding.model_files import TOKENIZER
from training.encoder.e5_tokenizer import WORD_START, build_tokenizer
from training.encoder.e5_weights import Checkpoint, Vocabulary, load_checkpoint, locate_weights
from training.encoder.manifests import write_manifest

PIECES = 52_000
"""How many pieces are kept: with these the encoder and its tokenizer take 35 MB."""
SEEN = 2
"""How often a word must occur to be kept for that reason."""

# What Chinese documents are written in, after normalisation, but for words in Latin letters.
_CHINESE_TEXT = re.compile(
    "["
    "\u0020-\u0040\u005b-\u0060\u007b-\u007e"  # ASCII without letters
    "\u2000-\u2bff"  # punctuation, currency, arrows, mathematics, shapes; U+2581 marks a word's start
    "\u2e80-\u303f"  # radicals, CJK punctuation
    "\u3100-\u312f\u31a0-\u31ef\u3200-\u33ff"  # bopomofo, strokes, enclosed and squared forms
    "\u3400-\u4dbf"  # CJK extension A
    "\u4e00-\u9fff"  # CJK
    "\uf900-\ufaff"  # CJK compatibility
    "\ufe10-\ufe6f"  # vertical and small forms
    "\uff00-\uffef"  # half and full width
    "\U00020000-\U000323af"  # CJK extensions B to H
    "]+"
)
_LATIN_TEXT = re.compile(r"[ -~]*[A-Za-z][ -~]*")


def choose(checkpoint: Checkpoint, texts: Iterable[str]) -> NDArray[np.int64]:
    """Ids of the pieces to keep, ascending, `PIECES` in number.

    All of Chinese text, so that it is cut exactly as with the whole vocabulary: a piece matches only where all its
    characters stand, and none that could take part is missing. Every single character of all other scripts. Of the
    79,947 words in Latin letters, which serve a hundred languages, those that occur in `texts`; then those whose
    embeddings are most like theirs, since no collection of texts holds every English word.

    Args:
        checkpoint: its vocabulary and embeddings.
        texts: Chinese and English.
    """
    vocabulary = checkpoint.vocabulary
    always = {vocabulary.bos, vocabulary.pad, vocabulary.eos, vocabulary.unk}
    always |= {number for number, (piece, _) in enumerate(vocabulary.pieces) if _is_basic(piece)}
    words = [i for i, (piece, score) in enumerate(vocabulary.pieces) if score and i not in always and _is_latin(piece)]
    counts = _counts(vocabulary, texts)[words]
    likeness = _likeness(
        checkpoint.blocks("emb.word", checkpoint.shape.vocabulary).rows(np.array(words)).dense(), counts >= SEEN
    )
    best = np.lexsort((-likeness, counts < SEEN))[: PIECES - len(always)]
    return np.array(sorted([*always, *(words[place] for place in best)]), dtype=np.int64)


def main(arguments: Sequence[str] | None = None) -> int:
    """Choose the pieces by the files named on the command line and write the tokenizer that has them."""
    parser = argparse.ArgumentParser(
        prog="python -m training.encoder.choose_pieces", description="选择分词器保留的词片。"
    )
    parser.add_argument("texts", nargs="+", type=Path, metavar="TEXT", help="UTF-8 文本，中文与英文")
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="FOLDER", help="写入其中的 tokenizer.json")
    options = parser.parse_args(arguments)
    checkpoint = load_checkpoint(locate_weights())
    kept = choose(checkpoint, (path.read_text(encoding="utf-8") for path in options.texts))
    (options.output / TOKENIZER).write_text(build_tokenizer(checkpoint.vocabulary, kept).to_str(), encoding="utf-8")
    write_manifest(options.output, [TOKENIZER])
    return 0


def _is_basic(piece: str) -> bool:
    return len(piece.removeprefix(WORD_START)) == 1 or _CHINESE_TEXT.fullmatch(piece) is not None


def _is_latin(piece: str) -> bool:
    return piece.removeprefix(WORD_START).isascii()


def _counts(vocabulary: Vocabulary, texts: Iterable[str]) -> NDArray[np.int64]:
    """Return how often each piece of the whole vocabulary occurs in what the texts hold in Latin letters."""
    tokenizer: Tokenizer = build_tokenizer(vocabulary, np.arange(len(vocabulary.pieces)))
    tokenizer.no_truncation()
    counts = np.zeros(len(vocabulary.pieces), dtype=np.int64)
    for text in texts:
        for found in tokenizer.encode_batch(_LATIN_TEXT.findall(text)):
            np.add.at(counts, found.ids, 1)
    return counts


def _likeness(embeddings: NDArray[np.float32], seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how like an embedding is to those of seen pieces: a ridge regression, both sides equal in weight."""
    points = embeddings.astype(np.float64) - embeddings.mean(axis=0)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    points = np.concatenate([points, np.ones((len(points), 1))], axis=1)
    weighted = points * np.where(seen, 1 / seen.sum(), 1 / (~seen).sum())[:, None]
    solution = np.linalg.solve(
        weighted.T @ points + 1e-4 * np.eye(points.shape[1]), weighted.T @ np.where(seen, 1.0, -1.0)
    )
    return np.asarray(points @ solution)


if __name__ == "__main__":
    sys.exit(main())
