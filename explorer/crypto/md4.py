"""MD4 (RFC 1320): broken long since, and still what a password becomes in MSCHAPv2.  No library has it any more."""

from __future__ import annotations

import struct

_MASK = 0xFFFFFFFF
_START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
_ORDERS = (
    tuple(range(16)),
    (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
    (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15),
)
"""Which word of the block each step of a round takes (RFC 1320 §3.4)."""

_TURNS = ((3, 7, 11, 19), (3, 5, 9, 13), (3, 9, 11, 15))
_ADDED = (0, 0x5A827999, 0x6ED9EBA1)


def md4(data: bytes) -> bytes:
    """16 octets."""
    padded = data + b"\x80" + bytes(-(len(data) + 9) % 64) + struct.pack("<Q", 8 * len(data))
    state = _START
    for at in range(0, len(padded), 64):
        state = _block(state, struct.unpack_from("<16I", padded, at))
    return struct.pack("<4I", *state)


def _block(state: tuple[int, int, int, int], words: tuple[int, ...]) -> tuple[int, int, int, int]:
    a, b, c, d = state
    for number, (order, turns, added) in enumerate(zip(_ORDERS, _TURNS, _ADDED, strict=True)):
        for step, index in enumerate(order):
            total = (a + _mixed(number, b, c, d) + words[index] + added) & _MASK
            turn = turns[step % 4]
            a, b, c, d = d, (total << turn | total >> (32 - turn)) & _MASK, b, c
    a, b, c, d = (was + now & _MASK for was, now in zip(state, (a, b, c, d), strict=True))
    return a, b, c, d


def _mixed(number: int, b: int, c: int, d: int) -> int:
    """F, G and H of the three rounds: a choice, a majority, a parity (RFC 1320 §3.4)."""
    return (b & c | ~b & d, b & c | b & d | c & d, b ^ c ^ d)[number]
