"""RSA keys (RFC 8017 §3), their numbers as terms, and what both paddings of PKCS #1 v1.5 have in common.

The library's asymmetric half is imported by whoever uses it: a run with a pre-shared key never pays for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from explorer.crypto.expression import Concat, Expr, Token
from explorer.crypto.term import Configured, Nature, Term

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import rsa

SMALLEST_KEY, LARGEST_KEY = 64, 1024
"""Octets of the moduli that are taken: shorter ones hold no padding, longer ones hold up whoever is sent them."""
LARGEST_EXPONENT = 2**64
"""Public exponents stay below this for the same reason."""
LEAST_PADDING = 8
"""Octets of padding that there must be at least (RFC 8017 §7.2.1, §9.2)."""


class RsaKey(msgspec.Struct, frozen=True):
    """A public key: modulus ``n`` and public exponent ``e`` (RFC 8017 §3.1)."""

    n: int
    e: int

    @property
    def size(self) -> int:
        """Octets of the modulus, of every signature and of every ciphertext."""
        return octets_of(self.n)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.n.bit_length()} bits)"


class RsaPrivateKey(RsaKey, frozen=True, eq=False):
    """A key with its private exponent ``d`` (RFC 8017 §3.2), and the library's object for it."""

    d: int
    library: rsa.RSAPrivateKey

    @property
    def public(self) -> RsaKey:
        """The half that everybody may have."""
        return RsaKey(self.n, self.e)

    def power(self, c: int) -> int:
        """``c`` ^ d mod n, by way of both primes, which is three times quicker (RFC 8017 §5.1.2)."""
        numbers = self.library.private_numbers()
        m_1, m_2 = pow(c, numbers.dmp1, numbers.p), pow(c, numbers.dmq1, numbers.q)
        return m_2 + (m_1 - m_2) * numbers.iqmp % numbers.p * numbers.q


def rsa_key(library: rsa.RSAPublicKey) -> RsaKey:
    """The library's key as ours.

    Raises:
        ValueError: its numbers are smaller or larger than any honest key's.
    """
    numbers = library.public_numbers()
    _check_size(numbers)
    return RsaKey(numbers.n, numbers.e)


def rsa_private_key(library: rsa.RSAPrivateKey) -> RsaPrivateKey:
    """The library's key as ours.

    Raises:
        ValueError: its numbers do not belong together, or are smaller or larger than any honest key's.
    """
    numbers = library.private_numbers()
    p, q, public = numbers.p, numbers.q, numbers.public_numbers
    _check_size(public)
    # Whether p and q are primes takes the library tens of milliseconds to say; these five take none.
    if min(p, q) < 3 or not (
        p * q == public.n
        and numbers.iqmp * q % p == 1
        and numbers.d % (p - 1) == numbers.dmp1
        and numbers.d % (q - 1) == numbers.dmq1
        and public.e * numbers.dmp1 % (p - 1) == public.e * numbers.dmq1 % (q - 1) == 1
    ):
        raise ValueError("expected an RSA key whose numbers belong together")
    return RsaPrivateKey(public.n, public.e, numbers.d, library)


def rsa_public_terms(key: RsaKey, suffix: str, owner: str, scope: str) -> tuple[Term, Term]:
    """``n_I`` of ``key.size`` octets and ``e_I``, as short as it can be; ``suffix`` is what follows the ``_``."""
    origin = Configured("RFC 8017 §3.1")
    n = Term(f"n_{suffix}", number(key.n, key.size), origin, scope=scope, nature=Nature.PUBLIC, owner=owner)
    e = Term(f"e_{suffix}", number(key.e, octets_of(key.e)), origin, scope=scope, nature=Nature.PUBLIC, owner=owner)
    return n, e


def rsa_private_term(key: RsaPrivateKey, suffix: str, owner: str, scope: str) -> Term:
    """``d_I`` of ``key.size`` octets."""
    origin = Configured("RFC 8017 §3.2")
    return Term(f"d_{suffix}", number(key.d, key.size), origin, scope=scope, nature=Nature.SECRET, owner=owner)


def number(value: int, size: int) -> bytes:
    """An integer as ``size`` octets, the most significant first (RFC 8017 §4.1)."""
    return value.to_bytes(size, "big")


def octets_of(value: int) -> int:
    """How many octets an integer fills."""
    return -(-value.bit_length() // 8)


def as_base(base: Expr) -> Iterator[Token]:
    """The base of a power, in brackets where its own notation needs them."""
    compound = "^" in str(base) or (isinstance(base, Concat) and len(base.parts) > 1)
    if compound:
        yield Token("(")
    yield from base.tokens()
    if compound:
        yield Token(")")


def power_tokens(exponent: Expr, modulus: Expr) -> Iterator[Token]:
    """`` ^ e mod n``, after whatever is raised to it."""
    yield Token(" ^ ")
    yield from exponent.tokens()
    yield Token(" mod ")
    yield from modulus.tokens()


def unpadded(kind: int, block: bytes) -> bytes | None:
    """What stands behind the padding of a whole block, or ``None`` if it is not padded as it must be.

    ``kind`` 1 is padding of FF octets, for signatures (RFC 8017 §9.2); ``kind`` 2 of any octets but
    zero, for encryption (RFC 8017 §7.2.2).
    """
    end = block.find(0, 2)
    padding = block[2:end]
    well_padded = block[:2] == bytes((0, kind)) and end >= 2 + LEAST_PADDING
    if not well_padded or (kind == 1 and padding.strip(b"\xff")):
        return None
    return block[end + 1 :]


def _check_size(numbers: rsa.RSAPublicNumbers) -> None:
    if not SMALLEST_KEY <= octets_of(numbers.n) <= LARGEST_KEY or numbers.e >= LARGEST_EXPONENT:
        raise ValueError(f"expected an RSA key of {8 * SMALLEST_KEY} to {8 * LARGEST_KEY} bits with e below 2^64")
