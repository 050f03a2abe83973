"""ECDSA signatures: r and s, one after the other, without any randomness (RFC 4754 §7, RFC 6979)."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.crypto.ecdsa import EcdsaPrivateKey, scheme
from explorer.crypto.expression import Expr, Token
from explorer.crypto.term import Term

# Sent to Python line by line, so that a reader can follow it; no line may have a single quote in it.
_ARITHMETIC = """
def add(P, Q):
    if not (P and Q): return P or Q
    if P[0] == Q[0] and P[1] != Q[1]: return None
    m = (3 * P[0] ** 2 - 3) * pow(2 * P[1], -1, p) if P == Q else (Q[1] - P[1]) * pow(Q[0] - P[0], -1, p)
    x = (m * m - P[0] - Q[0]) % p
    return x, (m * (P[0] - x) - P[1]) % p
def times(k, P):
    R = None
    for bit in bin(k)[2:]: R = add(add(R, R), P if bit == "1" else None)
    return R
def number(octets): return int.from_bytes(octets, "big") >> max(0, 8 * len(octets) - q.bit_length())
def prf(*parts): return hmac.digest(K, b"".join(parts), name)
secret = d.to_bytes(size, "big") + (number(h) % q).to_bytes(size, "big")
K, V = bytes(len(h)), bytes([1]) * len(h)
for i in 0, 1: K = prf(V, bytes([i]), secret); V = prf(V)
r = s = 0
while not (r and s):
    T = b""
    while len(T) < size: V = prf(V); T += V
    k = number(T)
    if 0 < k < q: r = times(k, G)[0] % q; s = pow(k, -1, q) * (number(h) + r * d) % q
    K = prf(V, bytes(1)); V = prf(V)
print("%0*x%0*x" % (2 * size, r, 2 * size, s))
"""


class EcdsaSign(Expr):
    """``ECDSA-256(d, data)``: r | s, each as long as a coordinate (RFC 4754 §7).

    The data is hashed with the hash that belongs to the curve; if it is that hash's output already,
    ``hashed`` says so.  The number that signing needs once is made from key and hash (RFC 6979 §3.2), so
    that the same data has the same signature.

    Raises:
        ValueError: ``hashed`` data has not the length of the hash.
    """

    __slots__ = ("d", "data", "hashed", "key")

    def __init__(self, key: EcdsaPrivateKey, data: Expr, d: Term, *, hashed: bool = False) -> None:
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        size = key.curve.size
        r, s = decode_dss_signature(key.library.sign(data.octets, scheme(key.curve, hashed=hashed)))
        self.octets = r.to_bytes(size, "big") + s.to_bytes(size, "big")
        self.key = key
        self.data = data
        self.d = d
        self.hashed = hashed

    def inputs(self) -> tuple[Expr, ...]:
        """The private key and the data."""
        return (self.d, self.data)

    def tokens(self) -> Iterator[Token]:
        """Under the method's name in RFC 4754."""
        yield Token(f"{self.key.curve.method}(")
        yield from self.d.tokens()
        yield Token(", ")
        yield from self.data.tokens()
        yield Token(")")

    def command(self) -> str:
        """Python adds points on the curve, and makes the one-time number as RFC 6979 §3.2 says."""
        curve = self.key.curve
        data = f'bytes.fromhex("{self.data.octets.hex()}")'
        lines = [
            "import hashlib, hmac",
            f'name, size, d = "{curve.hash.name}", {curve.size}, 0x{self.d.octets.hex()}',
            f"p = 0x{curve.p:x}",
            f"q = 0x{curve.order:x}",
            f"G = 0x{curve.g[0]:x}, 0x{curve.g[1]:x}",
            f"h = {data}" if self.hashed else f"h = hashlib.new(name, {data}).digest()",
            *_ARITHMETIC.strip().split("\n"),
        ]
        return "printf '%s\\n' " + " ".join(f"'{line}'" for line in lines) + " | python3 -"
