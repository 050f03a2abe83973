"""X25519 and X448 as key exchange methods (RFC 7748, RFC 8031).

The library's asymmetric half is imported by whoever uses it: a run without these methods never pays for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from explorer.crypto.expression import Expr, Token
from explorer.crypto.key_exchange_method import KeyExchangeMethod
from explorer.crypto.proof_script import assigned, lines_of, script
from explorer.crypto.term import Term, constant


class MontgomeryCurve(NamedTuple):
    """What RFC 7748 §4 and §5 say of a curve: ``p``, the constant a24, the first u, and bits that a scalar has not.

    Strings are ``size`` octets, the least significant first; the lowest ``cleared`` bits of a scalar are
    zero, and its bit number ``top`` is the highest, and one.
    """

    label: str
    size: int
    p: int
    a24: int
    base: int
    cleared: int
    top: int


X25519 = MontgomeryCurve("X25519", 32, 2**255 - 19, 121665, 9, 3, 254)
X448 = MontgomeryCurve("X448", 56, 2**448 - 2**224 - 1, 39081, 5, 2, 447)

# RFC 7748 §5, without the care for constant time.
_LADDER = """
k = int.from_bytes(k, "little") % 2**top | 2**top
k -= k % 2**cleared
u = int.from_bytes(u, "little") % 2**(top + 1) % p
x2, z2, x3, z3 = 1, 0, u, 1
for t in range(top, -1, -1):
    bit = k >> t & 1
    if bit: x2, z2, x3, z3 = x3, z3, x2, z2
    A, B, C, D = x2 + z2, x2 - z2, x3 + z3, x3 - z3
    AA, BB, DA, CB = A * A, B * B, D * A, C * B
    E = AA - BB
    x2, z2, x3, z3 = AA * BB % p, E * (AA + a24 * E) % p, (DA + CB) ** 2 % p, u * (DA - CB) ** 2 % p
    if bit: x2, z2, x3, z3 = x3, z3, x2, z2
print((x2 * pow(z2, p - 2, p) % p).to_bytes(size, "little").hex())
"""


class Ladder(Expr):
    """``X25519(k, u)``: the octets that RFC 7748 §5 gives for the strings k and u.

    Raises:
        ValueError: they are all zero, which would be known to everybody (RFC 8031 §3.2).
    """

    __slots__ = ("curve", "k", "u")

    def __init__(self, curve: MontgomeryCurve, k: Expr, u: Expr) -> None:
        self.octets = _multiply(curve, k.octets, u.octets)
        self.curve = curve
        self.k = k
        self.u = u

    def inputs(self) -> tuple[Expr, ...]:
        """Scalar and u-coordinate."""
        return (self.k, self.u)

    def tokens(self) -> Iterator[Token]:
        """As RFC 7748 §6 writes it."""
        yield Token(f"{self.curve.label}(")
        yield from self.k.tokens()
        yield Token(", ")
        yield from self.u.tokens()
        yield Token(")")

    def command(self) -> str:
        """Python climbs the ladder."""
        curve = self.curve
        return script(
            *assigned(k=self.k.octets, u=self.u.octets),
            f"p, a24, cleared, top, size = 0x{curve.p:x}, {curve.a24}, {curve.cleared}, {curve.top}, {curve.size}",
            *lines_of(_LADDER),
        )


class MontgomeryMethod(KeyExchangeMethod):
    """A function of two strings.  The drawn octets are the scalar as they are; the function masks some bits."""

    def __init__(self, number: int, curve: MontgomeryCurve) -> None:
        self.number = number
        self.label = curve.label
        self.curve = curve
        self.public_size = self.response_size = self.secret_size = curve.size
        self.private_size = self.response_private_size = curve.size
        self.citation = "RFC 8031 §3.1"

    def public(self, private: Term) -> Expr:
        """The function with the first u, 9 or 5 (RFC 7748 §6)."""
        base = self.curve.base
        return Ladder(self.curve, private, constant(str(base), base.to_bytes(self.curve.size, "little"), "RFC 7748 §6"))

    def secret(self, private: Term, received: Term, *, initiator: bool) -> Expr:
        """The function with the string received, as it is."""
        return Ladder(self.curve, private, received)

    def is_usable(self, octets: bytes, *, from_initiator: bool) -> bool:
        """The right length: every string is a u-coordinate, and bad ones show in the secret (RFC 8031 §3.2)."""
        return len(octets) == self.curve.size


def _multiply(curve: MontgomeryCurve, k: bytes, u: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import x448, x25519

    try:
        if curve is X25519:
            return x25519.X25519PrivateKey.from_private_bytes(k).exchange(x25519.X25519PublicKey.from_public_bytes(u))
        return x448.X448PrivateKey.from_private_bytes(k).exchange(x448.X448PublicKey.from_public_bytes(u))
    except ValueError as error:
        raise ValueError(f"{curve.label} gives only zeros for what the peer sent") from error
