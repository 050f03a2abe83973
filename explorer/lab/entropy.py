"""Randomness that can be repeated: the same seed and purpose give the same octets."""

from __future__ import annotations

import hashlib


class SeededEntropy:
    """SHA-512 of seed, party, purpose and a counter.

    Each purpose has a stream of its own, so that one draw more or less shifts no other.  This is for
    teaching: who knows the seed knows every secret.
    """

    def __init__(self, seed: int, party: str) -> None:
        self._prefix = f"ike-explorer/{seed}/{party}/"

    def draw(self, size: int, purpose: str) -> bytes:
        """``size`` octets for one purpose."""
        octets, block = b"", 0
        while len(octets) < size:
            octets += hashlib.sha512(f"{self._prefix}{purpose}/{block}".encode()).digest()
            block += 1
        return octets[:size]
