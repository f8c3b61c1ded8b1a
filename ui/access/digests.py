"""Digests of keys by scrypt: a right key costs one computation a process, a wrong one almost none.

A digest also holds two bytes of the key's SHA-256. They say nothing of what remains of 256 random bits, and turn away
all wrong keys but one in 65,536 before anything slow is done: nobody can keep a server busy with wrong keys.

Source: RFC 7914 (scrypt); OWASP Password Storage Cheat Sheet (N=2^14, r=8).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

COST, BLOCK, LANES = 2**14, 8, 1
"""16 MB of memory and some 40 ms for one key."""

_SLOW = re.compile(r"scrypt:(\d{1,7}):(\d{1,2}):(\d{1,2}):([0-9a-f]{4}):([0-9a-f]{32}):([0-9a-f]{64})")
_QUICK = re.compile(r"[0-9a-f]{64}")


def digest_of(key: str) -> str:
    """Return a digest of a key, another each time."""
    salt = secrets.token_bytes(16)
    found = _scrypt(key, salt, COST, BLOCK, LANES)
    return f"scrypt:{COST}:{BLOCK}:{LANES}:{_first(key)}:{salt.hex()}:{found.hex()}"


def may_fit(digest: str, key: str) -> bool:
    """Return whether it is worth looking closer; costs one round of SHA-256."""
    slow = _SLOW.fullmatch(digest)
    return hmac.compare_digest(slow[4], _first(key)) if slow else bool(_QUICK.fullmatch(digest))


def fits(digest: str, key: str) -> bool:
    """Return whether a digest is that of a key; digests of versions before 0.2, which are SHA-256, among them."""
    if slow := _SLOW.fullmatch(digest):
        found = _scrypt(key, bytes.fromhex(slow[5]), int(slow[1]), int(slow[2]), int(slow[3]))
        return hmac.compare_digest(slow[6], found.hex())
    return bool(_QUICK.fullmatch(digest)) and hmac.compare_digest(digest, quick(key))


def is_old(digest: str) -> bool:
    """Return whether a digest should make way for a new one when its key is next seen."""
    return not digest.startswith(f"scrypt:{COST}:{BLOCK}:{LANES}:")


def quick(key: str) -> str:
    """Return SHA-256 of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def _first(key: str) -> str:
    return quick(key)[:4]


def _scrypt(key: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    # OpenSSL needs a little more than the 128 · N · r bytes of the algorithm.
    memory = 128 * cost * block + (1 << 20)
    return hashlib.scrypt(key.encode(), salt=salt, n=cost, r=block, p=lanes, maxmem=memory, dklen=32)
