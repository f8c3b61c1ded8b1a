from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.arrays import AnyArray
from index.search.postings import Postings, key_of, short_term
from index.text import terms

ODD = "光伏裝機々〇𠮷カナ한ａＡ７ a7,000.5%\n\x00é\u0301ﬁ—。（\ud800"


def entries(postings: Postings) -> dict[tuple[int, int], int]:
    """How often each term (by key) occurs in each row."""
    keys = np.repeat(postings.keys, np.diff(postings.starts)).tolist()
    return dict(zip(zip(postings.rows.tolist(), keys, strict=True), postings.counts.tolist(), strict=True))


@given(st.lists(st.text(ODD, max_size=20), max_size=6))
# the first example loads the tables of characters
def test_texts_cut_many_at_a_time_have_the_terms_of_each(texts: list[str]) -> None:
    counted = [Counter(map(key_of, terms(text))) for text in texts]
    postings = Postings.of(texts)
    assert entries(postings) == {(row, key): n for row, found in enumerate(counted) for key, n in found.items()}
    assert postings.lengths.tolist() == [found.total() for found in counted]
    postings.check()


@given(st.lists(st.text("光伏风电a 7。", max_size=8), max_size=8), st.data())
# the first example loads the tables of characters
def test_gathering_parts_gives_the_postings_of_the_whole(texts: list[str], data: st.DataObject) -> None:
    """Texts are dealt to two parts, some left out; gathered, they must equal the postings of the kept ones."""
    places = data.draw(st.lists(st.sampled_from(["mine", "its", "gone"]), min_size=len(texts), max_size=len(texts)))
    kept = [text for text, place in zip(texts, places, strict=True) if place != "gone"]
    rows = np.cumsum([place != "gone" for place in places]) - 1
    mine = [i for i, place in enumerate(places) if place != "its"]
    its = [i for i, place in enumerate(places) if place == "its"]
    parts = [
        (
            Postings.of(texts[i] for i in chosen),
            np.array([-1 if places[i] == "gone" else rows[i] for i in chosen], dtype=np.int64),
        )
        for chosen in (mine, its)
    ]
    gathered, whole = Postings.gathered(parts), Postings.of(kept)
    assert {name: array.tobytes() for name, array in gathered.arrays.items()} == {
        name: array.tobytes() for name, array in whole.arrays.items()
    }


@pytest.mark.parametrize("term", ["光", "光伏", "a7", "𠮷野"])
def test_short_terms_can_be_read_out_of_their_numbers(term: str) -> None:
    assert short_term(key_of(term)) == term


def test_of_longer_terms_only_a_hash_is_known() -> None:
    assert key_of("wind") == key_of("wind") != key_of("wine")
    assert short_term(key_of("wind")) is None


def arrays(**changes: AnyArray) -> dict[str, AnyArray]:
    """Two terms in three rows: one in rows 0 and 2, the other in row 1; some arrays replaced."""
    return {
        "keys": np.array([5, 9], np.uint64),
        "starts": np.array([0, 2, 3], np.int64),
        "rows": np.array([0, 2, 1], np.int32),
        "counts": np.array([1, 1, 4], np.uint16),
        "lengths": np.array([1, 4, 1], np.int32),
    } | changes


def test_arrays_that_fit_are_taken() -> None:
    Postings(arrays()).check()


@pytest.mark.parametrize(
    "changes",
    [
        {"keys": np.array([5], np.uint64)},
        {"keys": np.array([5, 9], np.int64)},
        {"starts": np.array([0, 2, 4], np.int64)},
        {"starts": np.array([1, 2, 3], np.int64)},
        {"starts": np.zeros(0, np.int64)},
        {"counts": np.array([1, 1], np.uint16)},
        {"rows": np.array([[0, 2, 1]], np.int32)},
    ],
)
def test_arrays_that_do_not_fit_each_other_are_refused_at_once(changes: dict[str, AnyArray]) -> None:
    with pytest.raises(ValueError, match="postings"):
        Postings(arrays(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"keys": np.array([9, 5], np.uint64)},
        {"keys": np.array([5, 5], np.uint64)},
        {"starts": np.array([0, 3, 3], np.int64)},
        {"starts": np.array([0, -1, 3], np.int64)},
        {"rows": np.array([0, 3, 1], np.int32)},
        {"rows": np.array([0, -1, 1], np.int32)},
        {"rows": np.array([2, 0, 1], np.int32)},
        {"rows": np.array([0, 0, 1], np.int32)},
        {"counts": np.array([1, 0, 4], np.uint16)},
        {"lengths": np.array([1, -4, 1], np.int32)},
    ],
)
def test_entries_that_would_be_misread_are_found(changes: dict[str, AnyArray]) -> None:
    with pytest.raises(ValueError, match=r"term|row|count"):
        Postings(arrays(**changes)).check()


def test_a_missing_array_is_named() -> None:
    with pytest.raises(ValueError, match="缺少数组 'lengths'"):
        Postings({name: array for name, array in arrays().items() if name != "lengths"})
