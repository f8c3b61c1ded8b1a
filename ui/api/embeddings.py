"""`/v1/embeddings`: the vectors of the index's own encoder for programs that want no answers.

Source: OpenAI API reference, "Create embeddings".
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from tokenizers import Tokenizer

from index.encoding.model_files import load_tokenizer
from index.protocols import Vectors
from ui.errors import ApiError, invalid

MODEL = "yiju-embedding"
MOST_TEXTS, LONGEST_TEXT = 256, 20_000
"""How many texts a request may hold, and of how many characters each."""

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks for."""

    texts: tuple[str, ...]  # to be encoded
    queries: bool  # whether they are questions, which the encoder puts another word before than passages
    packed: bool  # vectors as base64 of little-endian float32 rather than as numbers
    dimensions: int | None  # how long vectors are to be; None where nothing is said


def wanted(body: Mapping[str, object]) -> Wanted:
    """Return the body of a request.

    Raises:
        ApiError: 422 naming the field that is missing, unsupported or of the wrong type.
    """
    texts, kind, form = body.get("input"), body.get("input_type", "passage"), body.get("encoding_format", "float")
    listed = [texts] if isinstance(texts, str) else texts
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_TEXTS:
        raise invalid(f"input 须为字符串，或 1 到 {MOST_TEXTS} 个字符串的数组。")
    strings = tuple(each for each in listed if isinstance(each, str) and each and len(each) <= LONGEST_TEXT)
    if len(strings) < len(listed):
        message = f"input 里须都是字符串，不为空，不超过 {LONGEST_TEXT} 个字；不接受 token 的数组。"
        raise invalid(message)
    if kind not in ("query", "passage"):
        raise invalid("input_type 须为 query 或 passage。")
    if form not in ("float", "base64"):
        raise invalid("encoding_format 须为 float 或 base64。")
    size = body.get("dimensions")
    if size is not None and type(size) is not int:
        raise invalid("dimensions 须为整数。")
    return Wanted(strings, kind == "query", form == "base64", size)


def embeddings(asked: Wanted, vectors: Vectors) -> Json:
    """Return the response.

    Raises:
        ApiError: 422 if vectors of another length were wanted.
    """
    if asked.dimensions not in (None, vectors.shape[1]):
        message = f"dimensions 只能是 {vectors.shape[1]}：向量不能截短。"
        raise ApiError(422, "unsupported_parameter", message)
    rows = [_packed(row) if asked.packed else [float(each) for each in row] for row in vectors]
    tokens = count_tokens(asked.texts)
    return {
        "object": "list",
        "data": [{"object": "embedding", "index": i, "embedding": row} for i, row in enumerate(rows)],
        "model": MODEL,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def count_tokens(texts: Sequence[str]) -> int:
    """Return how many tokens of the shipped tokenizer texts have, beside its marks."""
    return sum(len(each.ids) for each in _tokenizer().encode_batch([*texts], add_special_tokens=False))


@cache
def _tokenizer() -> Tokenizer:
    tokenizer = load_tokenizer()
    tokenizer.no_truncation()
    return tokenizer


def _packed(row: Vectors) -> str:
    return base64.b64encode(row.astype("<f4").tobytes()).decode()
