"""Proof commands for MSCHAPv2: MD4 as a program, since openssl has put it away, and DES by openssl."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.crypto import proof
from explorer.crypto.proof_script import assigned, lines_of, script

_MD4 = """
x = data + b"\\x80" + bytes(-(len(data) + 9) % 64) + (8 * len(data)).to_bytes(8, "little")
h = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]
order = "0123456789abcdef", "048c159d26ae37bf", "084c2a6e195d3b7f"
turns = (3, 7, 11, 19), (3, 5, 9, 13), (3, 9, 11, 15)
for at in range(0, len(x), 64):
    a, b, c, d = h
    for n in range(48):
        f = (b & c | ~b & d, b & c | b & d | c & d, b ^ c ^ d)[n // 16]
        k = at + 4 * int(order[n // 16][n % 16], 16)
        word = int.from_bytes(x[k:k + 4], "little")
        t = (a + f + word + (0, 0x5a827999, 0x6ed9eba1)[n // 16]) % 2**32
        s = turns[n // 16][n % 4]
        a, b, c, d = d, (t << s | t >> 32 - s) % 2**32, b, c
    h = [(u + v) % 2**32 for u, v in zip(h, (a, b, c, d))]
print(b"".join(v.to_bytes(4, "little") for v in h).hex())
"""


def prove_md4(data: bytes) -> str:
    """MD4 of some octets (RFC 1320)."""
    return script(*assigned(data=data), *lines_of(_MD4))


def prove_response(challenge: bytes, keys: Sequence[bytes]) -> str:
    """The same block under each DES key; triple DES with one key three times is DES."""
    one = [f"{proof.feed([challenge])} | openssl enc -des-ede3 -K {(key * 3).hex()} -nopad" for key in keys]
    return "{ " + "; ".join(one) + "; } | od -An -v -tx1 | tr -d ' \\n'; echo"
