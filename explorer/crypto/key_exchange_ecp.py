"""Key exchange on the curves of RFC 5903 and RFC 6954.

The library's asymmetric half is imported by whoever uses it: a run without these methods never pays for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from explorer.crypto.curves import ExchangeCurve
from explorer.crypto.expression import Expr, Token
from explorer.crypto.key_exchange_method import KeyExchangeMethod
from explorer.crypto.proof_script import lines_of, script
from explorer.crypto.term import Term, constant

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

SPARE = 8
"""Octets that are drawn beyond the length of the order, so that reducing them favours no scalar (FIPS 186-5 A.2.1)."""

_ARITHMETIC = """
def add(P, Q):
    if not (P and Q): return P or Q
    if P[0] == Q[0] and P[1] != Q[1]: return None
    m = (3 * P[0] ** 2 + a) * pow(2 * P[1], -1, p) if P == Q else (Q[1] - P[1]) * pow(Q[0] - P[0], -1, p)
    x = (m * m - P[0] - Q[0]) % p
    return x, (m * (P[0] - x) - P[1]) % p
def times(k, P):
    R = None
    for bit in bin(k)[2:]: R = add(add(R, R), P if bit == "1" else None)
    return R
"""


class CurvePoint(Expr):
    """``(i mod (n - 1) + 1) · G``: x | y, each as long as a coordinate (RFC 5903 §7).

    ``base`` is another point instead of G; then only x is wanted, which is the shared secret.

    Raises:
        ValueError: ``base`` is not on the curve.
    """

    __slots__ = ("base", "curve", "n", "only_x", "private")

    def __init__(self, curve: ExchangeCurve, private: Expr, base: Term, n: Term, *, only_x: bool = False) -> None:
        key = private_key(curve, private.octets)
        self.octets = _agreed(curve, key, base.octets) if only_x else _own(curve, key)
        self.curve = curve
        self.private = private
        self.base = base
        self.n = n
        self.only_x = only_x

    def inputs(self) -> tuple[Expr, ...]:
        """What was drawn, the order and the point."""
        return (self.private, self.n, self.base)

    def tokens(self) -> Iterator[Token]:
        """How octets become a scalar is part of the formula."""
        yield Token("x of (" if self.only_x else "(")
        yield from self.private.tokens()
        yield Token(" mod (")
        yield from self.n.tokens()
        yield Token(" - 1) + 1) · ")
        yield from self.base.tokens()

    def command(self) -> str:
        """Python adds points on the curve."""
        curve, size = self.curve, self.curve.size
        x, y = self.base.octets[:size].hex(), self.base.octets[size:].hex()
        shown = f'"%0{2 * size}x" % x' if self.only_x else f'"%0{2 * size}x%0{2 * size}x" % (x, y)'
        return script(
            f"p = 0x{curve.p:x}",
            f"a = 0x{curve.a:x}",
            f"n = 0x{self.n.octets.hex()}",
            f"i = 0x{self.private.octets.hex()}",
            f"P = 0x{x}, 0x{y}",
            *lines_of(_ARITHMETIC),
            "x, y = times(i % (n - 1) + 1, P)",
            f"print({shown})",
        )


class EcpMethod(KeyExchangeMethod):
    """A curve: both sides send a point, x | y, and share the x of a third (RFC 5903 §7, RFC 6954 §2.3).

    The drawn octets, eight more than the order has, are a number; modulo the order less 1, plus 1, it is
    the scalar, from 1 to the order less 1.
    """

    def __init__(self, number: int, label: str, curve: ExchangeCurve, citation: str) -> None:
        self.number = number
        self.label = label
        self.curve = curve
        self.public_size = self.response_size = 2 * curve.size
        self.secret_size = curve.size
        self.private_size = self.response_private_size = curve.size + SPARE
        self.citation = citation

    def public(self, private: Term) -> Expr:
        """A multiple of G, x | y."""
        size, (x, y) = self.curve.size, self.curve.g
        generator = constant("G", x.to_bytes(size, "big") + y.to_bytes(size, "big"), self.curve.source)
        return CurvePoint(self.curve, private, generator, self._order)

    def secret(self, private: Term, received: Term, *, initiator: bool) -> Expr:
        """Of the multiple of what was received, x alone (RFC 5903 §7)."""
        return CurvePoint(self.curve, private, received, self._order, only_x=True)

    def is_usable(self, octets: bytes, *, from_initiator: bool) -> bool:
        """The right length, coordinates below p, and on the curve (RFC 6989 §2.3)."""
        size = self.curve.size
        x, y = int.from_bytes(octets[:size], "big"), int.from_bytes(octets[size:], "big")
        return len(octets) == 2 * size and self.curve.holds(x, y)

    @property
    def _order(self) -> Term:
        return constant("n", self.curve.order.to_bytes(self.curve.size, "big"), self.curve.source)


def scalar(curve: ExchangeCurve, drawn: bytes) -> int:
    """Drawn octets as a number from 1 to the order less 1."""
    return int.from_bytes(drawn, "big") % (curve.order - 1) + 1


def private_key(curve: ExchangeCurve, drawn: bytes) -> ec.EllipticCurvePrivateKey:
    """Drawn octets as the library's key."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.derive_private_key(scalar(curve, drawn), _library(curve))


def _library(curve: ExchangeCurve) -> ec.EllipticCurve:
    from cryptography.hazmat.primitives.asymmetric import ec

    found: ec.EllipticCurve = getattr(ec, curve.library)()
    return found


def _own(curve: ExchangeCurve, key: ec.EllipticCurvePrivateKey) -> bytes:
    numbers = key.public_key().public_numbers()
    return numbers.x.to_bytes(curve.size, "big") + numbers.y.to_bytes(curve.size, "big")


def _agreed(curve: ExchangeCurve, key: ec.EllipticCurvePrivateKey, point: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        other = ec.EllipticCurvePublicKey.from_encoded_point(_library(curve), b"\x04" + point)
    except ValueError as error:
        raise ValueError(f"expected a point on {curve.label}") from error
    return key.exchange(ec.ECDH(), other)
