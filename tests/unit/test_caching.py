from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from index.encoding import caching
from index.encoding.caching import RememberingEncoder
from index.protocols import Encoder, Vectors
from tests.support.fakes import HashEncoder


class CountingEncoder(HashEncoder):
    """Notes what it is asked to encode; passages and queries get different vectors."""

    def __init__(self) -> None:
        super().__init__(dim=8)
        self.asked: list[str] = []

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return self._encode(texts)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return -self._encode(texts)


def test_is_an_encoder_that_says_it_is_the_wrapped_one() -> None:
    encoder = RememberingEncoder(HashEncoder(dim=8, name="e5", revision="r"))
    assert isinstance(encoder, Encoder)
    assert (encoder.name, encoder.revision, encoder.dim) == ("e5", "r", 8)


def test_a_text_is_encoded_once_and_in_the_order_asked() -> None:
    inner = CountingEncoder()
    encoder = RememberingEncoder(inner)
    first = encoder.encode_passages(["甲乙", "丙丁", "甲乙"])
    second = encoder.encode_passages(["丙丁", "戊己"])
    assert inner.asked == ["甲乙", "丙丁", "戊己"]
    np.testing.assert_array_equal(first[[0, 1, 0]], first)
    np.testing.assert_array_equal(second, HashEncoder(dim=8).encode_passages(["丙丁", "戊己"]))


def test_queries_and_passages_are_remembered_apart() -> None:
    encoder = RememberingEncoder(CountingEncoder())
    np.testing.assert_array_equal(encoder.encode_passages(["甲乙"]), -encoder.encode_queries(["甲乙"]))


def test_no_more_than_so_many_bytes_are_kept() -> None:
    inner = CountingEncoder()
    encoder = RememberingEncoder(inner, size=2 * 650)
    assert len(encoder.encode_queries(["一", "二", "三"])) == 3
    encoder.encode_queries(["三", "一"])
    assert inner.asked == ["一", "二", "三", "一"]


def test_many_different_questions_take_no_more_than_the_bound() -> None:
    encoder = RememberingEncoder(HashEncoder(dim=384), size=2**20)
    tracemalloc.start()
    for number in range(2000):
        encoder.encode_queries([f"第{number}个问题：光伏发电装机容量到2025年要达到多少？"] * 2)
    ours = [tracemalloc.Filter(True, file) for file in (caching.__file__, __file__)]  # other threads take memory, too
    held = sum(each.size for each in tracemalloc.take_snapshot().filter_traces(ours).statistics("filename"))
    tracemalloc.stop()
    assert 2**19 < held < 2**20
    assert len(encoder.encode_queries(["长" * 2**20])) == 1  # is encoded, and not kept


def test_no_texts_give_no_rows() -> None:
    assert RememberingEncoder(HashEncoder(dim=8)).encode_queries([]).shape == (0, 8)


def test_threads_share_it() -> None:
    encoder = RememberingEncoder(HashEncoder(dim=8), size=5)
    texts = [f"文{n % 11}" for n in range(400)]
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda text: encoder.encode_queries([text, "甲"])[0], texts))
    np.testing.assert_array_equal(np.array(rows), HashEncoder(dim=8).encode_queries(texts))
