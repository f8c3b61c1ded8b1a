"""Keys are kept as scrypt digests: slow for who has the file, quick for who has the key, nothing for wrong ones."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ui.access.digests import digest_of, fits, may_fit
from ui.access.keys import KeyBook

KEY = "yk_abcdefgh_" + "A" * 43
WRONG = "yk_abcdefgh_" + "B" * 43


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """The keys that something slow was done with."""
    computed: list[bytes] = []
    scrypt = hashlib.scrypt

    def counted(password: bytes, **options: object) -> bytes:
        computed.append(password)
        return scrypt(password, **options)

    monkeypatch.setattr(hashlib, "scrypt", counted)
    yield computed


@pytest.fixture
def book(tmp_path: Path) -> Iterator[KeyBook]:
    with closing(KeyBook(tmp_path / "keys.sqlite")) as book:
        yield book


def kept(book: KeyBook) -> str:
    with closing(sqlite3.connect(book.path)) as file:
        return str(file.execute("SELECT digest FROM keys").fetchone()[0])


def test_a_digest_fits_its_key_alone_and_is_another_each_time():
    one, other = digest_of(KEY), digest_of(KEY)
    assert one != other and KEY[12:] not in one
    assert [fits(each, KEY) for each in (one, other)] == [True, True]
    assert not fits(one, WRONG) and not fits(one, KEY[:-1]) and not fits("", KEY) and not fits("scrypt:1:1:1", KEY)


def test_it_is_scrypt_as_openssl_computes_it():
    name, cost, block, lanes, first, salt, digest = digest_of(KEY).split(":")
    again = hashlib.scrypt(
        KEY.encode(), salt=bytes.fromhex(salt), n=int(cost), r=int(block), p=int(lanes), maxmem=2**26, dklen=32
    )
    assert (name, cost, block, lanes, digest) == ("scrypt", "16384", "8", "1", again.hex())
    assert first == hashlib.sha256(KEY.encode()).hexdigest()[:4]


def test_of_wrong_keys_next_to_none_are_looked_at_closely(slow):
    digest = digest_of(KEY)
    closely = [n for n in range(20_000) if may_fit(digest, f"yk_abcdefgh_{n:043d}")]
    assert len(closely) <= 3  # 20,000 / 65,536 is 0.3
    assert len(slow) == 1 and may_fit(digest, KEY)


def test_the_right_key_costs_one_computation_and_wrong_ones_none(book, slow):
    key, whole = book.add("portal")
    slow.clear()
    assert [book.find(whole).id for _ in range(5)] == [key.id] * 5
    assert slow == [whole.encode()]
    for n in range(100):
        assert book.find(f"yk_{key.id}_{n:043d}") is None
    assert book.find(f"yk_aaaaaaaa_{'A' * 43}") is None and len(slow) == 1


def test_a_key_that_was_seen_before_ends_with_its_revocation_in_another_process(book):
    key, whole = book.add("portal")
    assert book.find(whole) == key
    with closing(KeyBook(book.path)) as other:
        other.revoke(key.id)
    assert book.find(whole) is None


def test_a_key_of_an_older_version_still_opens_and_its_digest_makes_way_for_a_new_one(book, slow):
    key, whole = book.add("portal")
    with closing(sqlite3.connect(book.path)) as file, file:
        file.execute("UPDATE keys SET digest = ?", (hashlib.sha256(whole.encode()).hexdigest(),))
    wrong = f"yk_{key.id}_{'A' * 43}"
    assert book.find(wrong) is None and ":" not in kept(book)
    assert book.find(whole) == key
    assert kept(book).startswith("scrypt:16384:8:1:") and fits(kept(book), whole)
    slow.clear()
    assert book.find(whole) == key and book.find(wrong) is None and slow == []
    with closing(KeyBook(book.path)) as other:
        assert other.find(whole) == key
