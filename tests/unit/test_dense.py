from __future__ import annotations

import numpy as np
import pytest

from index.protocols import Vectors
from index.search.dense import DenseIndex
from tests.support.fakes import random_units

# Three directions in the plane: along x, along y, and between.
PLANE = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]], dtype=np.float32)
ALONG_X = np.array([1.0, 0.0], dtype=np.float32)


def test_the_nearest_direction_comes_first() -> None:
    assert DenseIndex(PLANE).best(ALONG_X, 3).tolist() == [0, 2, 1]


def test_scores_are_inner_products_in_the_order_asked() -> None:
    assert DenseIndex(PLANE).scores(ALONG_X, np.array([1, 2, 0])) == pytest.approx([0.0, 0.6, 1.0])


def test_more_than_there_is_gives_each_row_once_and_no_padding() -> None:
    assert DenseIndex(PLANE).best(ALONG_X, 50).tolist() == [0, 2, 1]


def test_an_empty_index_has_no_best() -> None:
    empty = DenseIndex.empty(2)
    assert (len(empty), empty.best(ALONG_X, 5).tolist(), empty.vectors().shape) == (0, [], (0, 2))


def test_equal_vectors_come_by_row_though_faiss_orders_them_otherwise() -> None:
    vectors = random_units(500, 16)
    index = DenseIndex(np.concatenate([vectors, vectors]))
    rows = index.best(vectors[0], 40).tolist()
    assert rows[:2] == [0, 500]
    assert all(rows[i + 1] == rows[i] + 500 for i in range(0, 40, 2))


@pytest.mark.parametrize("k", range(1, 12))
def test_ties_across_the_last_place_go_to_the_lowest_rows(k: int) -> None:
    index = DenseIndex(np.tile(PLANE, (40, 1)))
    assert index.best(ALONG_X, k).tolist() == [3 * row for row in range(k)]


def test_search_agrees_with_arithmetic() -> None:
    vectors, query = random_units(300, 32), random_units(1, 32, seed=7)[0]
    expected = np.argsort(-(vectors @ query), kind="stable")[:20]
    assert DenseIndex(vectors).best(query, 20).tolist() == expected.tolist()


def test_vectors_come_back_as_they_went_in() -> None:
    vectors = random_units(9, 5)
    assert DenseIndex(vectors).vectors().tobytes() == vectors.tobytes()


@pytest.mark.parametrize(
    "vectors",
    [
        np.ones((2, 2), dtype=np.float32),
        np.array([[np.nan, 0.0]], dtype=np.float32),
        np.array([[np.inf, 0.0]], dtype=np.float32),
        np.zeros((1, 2), dtype=np.float32),
    ],
)
def test_rows_that_are_no_unit_vectors_are_refused(vectors: Vectors) -> None:
    with pytest.raises(ValueError, match="unit length"):
        DenseIndex(vectors)


@pytest.mark.parametrize("shape", [(2,), (1, 2, 2), (3, 0)])
def test_anything_but_a_matrix_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\(n, dim\)"):
        DenseIndex(np.zeros(shape, dtype=np.float32))


def test_doubles_are_refused() -> None:
    with pytest.raises(ValueError, match="float64"):
        DenseIndex(PLANE.astype(np.float64))  # type: ignore[arg-type]


def test_a_query_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="length 2"):
        DenseIndex(PLANE).best(np.ones(3, dtype=np.float32), 1)


@pytest.mark.parametrize("row", [-1, 3])
def test_a_row_outside_is_refused(row: int) -> None:
    with pytest.raises(ValueError, match="within 0 to 2"):
        DenseIndex(PLANE).scores(ALONG_X, np.array([row]))
