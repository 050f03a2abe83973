"""Ed25519 signatures: R and S, one after the other (RFC 8032 §5.1.6)."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.crypto.ed25519 import Ed25519PrivateKey
from explorer.crypto.expression import Expr, Token
from explorer.crypto.term import Term

# Sent to Python line by line, so that a reader can follow it; no line may have a single quote in it.
# The formulas for a sum hold for any two points of this curve, equal ones and (0, 1) too (RFC 8032 §5.1.4).
_ARITHMETIC = """
p = 2**255 - 19
q = 2**252 + 0x14def9dea2f79cd65812631a5cf5d3ed
c = -121665 * pow(121666, -1, p)
B = 0x216936d3cd6e53fec0a4e231fdd6dc5c692cc7609525a7b2c9562d608f25d51a, 4 * pow(5, -1, p) % p
def add(P, Q):
    m = c * P[0] * Q[0] * P[1] * Q[1]
    x = (P[0] * Q[1] + Q[0] * P[1]) * pow(1 + m, -1, p)
    y = (P[1] * Q[1] + P[0] * Q[0]) * pow(1 - m, -1, p)
    return x % p, y % p
def times(k, P):
    R = 0, 1
    for bit in bin(k)[2:]: R = add(add(R, R), P if bit == "1" else (0, 1))
    return R
def octets(number): return number.to_bytes(32, "little")
def number(octets): return int.from_bytes(octets, "little")
def point(P): return octets(P[1] | (P[0] & 1) << 255)
def H(*parts): return hashlib.sha512(b"".join(parts)).digest()
h = H(d)
s = number(h[:32]) % 2**254 // 8 * 8 + 2**254
A = point(times(s, B))
r = number(H(h[32:], M)) % q
R = point(times(r, B))
k = number(H(R, A, M)) % q
print((R + octets((r + k * s) % q)).hex())
"""


class Ed25519Sign(Expr):
    """``Ed25519(d, data)``: R | S, 32 octets each (RFC 8032 §5.1.6).

    The data is signed as it is: whoever signs hashes it twice with SHA-512, once to make the number that signing
    needs once, and so it cannot be given as a hash.  The same data has the same signature.
    """

    __slots__ = ("d", "data", "key")

    def __init__(self, key: Ed25519PrivateKey, data: Expr, d: Term) -> None:
        self.octets = key.library.sign(data.octets)
        self.key = key
        self.data = data
        self.d = d

    def inputs(self) -> tuple[Expr, ...]:
        """The private key and the data."""
        return (self.d, self.data)

    def tokens(self) -> Iterator[Token]:
        """Under the name that RFC 8032 has for it."""
        yield Token("Ed25519(")
        yield from self.d.tokens()
        yield Token(", ")
        yield from self.data.tokens()
        yield Token(")")

    def command(self) -> str:
        """Python adds points on the curve, as RFC 8032 §5.1.4 and §5.1.6 say."""
        lines = [
            "import hashlib",
            f'd = bytes.fromhex("{self.d.octets.hex()}")',
            f'M = bytes.fromhex("{self.data.octets.hex()}")',
            *_ARITHMETIC.strip().split("\n"),
        ]
        return "printf '%s\\n' " + " ".join(f"'{line}'" for line in lines) + " | python3 -"
