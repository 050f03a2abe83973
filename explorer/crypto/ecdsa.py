"""ECDSA keys on the three curves of RFC 4754, their numbers as terms, and the check of a signature.

The library's asymmetric half is imported by whoever uses it: a run with a pre-shared key never pays for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from explorer.crypto.algorithms import SHA2_256, SHA2_384, SHA2_512, HashFunction
from explorer.crypto.term import Configured, Nature, Term

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec


class Curve(NamedTuple):
    """One curve y² = x³ - 3x + b mod p, with the hash that RFC 4754 §3 ties it to.

    ``g`` generates a group of the prime order ``order``; ``size`` is the length in octets of a coordinate, of a
    private key, of r and of s.
    """

    label: str
    method: str
    hash: HashFunction
    size: int
    p: int
    order: int
    g: tuple[int, int]


P_256 = Curve(
    "P-256",
    "ECDSA-256",
    SHA2_256,
    32,
    2**256 - 2**224 + 2**192 + 2**96 - 1,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    (
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
)
P_384 = Curve(
    "P-384",
    "ECDSA-384",
    SHA2_384,
    48,
    2**384 - 2**128 - 2**96 + 2**32 - 1,
    2**384 - 0x389CB27E0BC8D220A7E5F24DB74F58851313E695333AD68D,
    (
        0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
        0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
    ),
)
P_521 = Curve(
    "P-521",
    "ECDSA-521",
    SHA2_512,
    66,
    2**521 - 1,
    2**521 - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
    (
        0xC6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77EFE75928FE1DC127A2FFA8DE3348B3C1856A429BF97E7E31C2E5BD66,
        0x11839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE72995EF42640C550B9013FAD0761353C7086A272C24088BE94769FD16650,
    ),
)
CURVES = {"secp256r1": P_256, "secp384r1": P_384, "secp521r1": P_521}
"""By the name that the library has for them."""


class EcdsaKey(msgspec.Struct, frozen=True):
    """A public key: the point with coordinates ``x`` and ``y`` on its curve."""

    curve: Curve
    x: int
    y: int

    @property
    def hash(self) -> HashFunction:
        """What a message is hashed with before it is signed."""
        return self.curve.hash

    @property
    def signature_size(self) -> int:
        """Octets of r | s (RFC 4754 §7)."""
        return 2 * self.curve.size

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.curve.label})"


class EcdsaPrivateKey(EcdsaKey, frozen=True, eq=False):
    """A key with its private number ``d``, and the library's object for it."""

    d: int
    library: ec.EllipticCurvePrivateKey

    @property
    def public(self) -> EcdsaKey:
        """The half that everybody may have."""
        return EcdsaKey(self.curve, self.x, self.y)


def ecdsa_key(library: ec.EllipticCurvePublicKey) -> EcdsaKey:
    """The library's key as ours.

    Raises:
        ValueError: it is on none of the three curves.
    """
    curve = CURVES.get(library.curve.name)
    if curve is None:
        labels = ", ".join(known.label for known in CURVES.values())
        raise ValueError(f"expected an ECDSA key on one of {labels}, not on {library.curve.name}")
    numbers = library.public_numbers()
    return EcdsaKey(curve, numbers.x, numbers.y)


def ecdsa_private_key(library: ec.EllipticCurvePrivateKey) -> EcdsaPrivateKey:
    """The library's key as ours.

    Raises:
        ValueError: it is on none of the three curves.
    """
    public = ecdsa_key(library.public_key())
    return EcdsaPrivateKey(public.curve, public.x, public.y, library.private_numbers().private_value, library)


def ecdsa_public_term(key: EcdsaKey, suffix: str, owner: str, scope: str) -> Term:
    """``Q_I``: x | y, each as long as a coordinate; ``suffix`` is what follows the ``_``."""
    point = key.x.to_bytes(key.curve.size, "big") + key.y.to_bytes(key.curve.size, "big")
    origin = Configured("RFC 6979 §2.2")
    return Term(f"Q_{suffix}", point, origin, scope=scope, nature=Nature.PUBLIC, owner=owner)


def ecdsa_private_term(key: EcdsaPrivateKey, suffix: str, owner: str, scope: str) -> Term:
    """``d_I``, as long as a coordinate."""
    octets, origin = key.d.to_bytes(key.curve.size, "big"), Configured("RFC 6979 §2.2")
    return Term(f"d_{suffix}", octets, origin, scope=scope, nature=Nature.SECRET, owner=owner)


def ecdsa_verifies(key: EcdsaKey, data: bytes, signature: bytes, *, hashed: bool = False) -> bool:
    """Whether r | s is this key's signature of ``data`` (RFC 4754 §7).

    ``hashed`` says that the data is a hash already, as long as the output of the curve's own.  It never
    raises: both came from somebody else.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    size = key.curve.size
    if len(signature) != 2 * size or (hashed and len(data) != key.hash.size):
        return False
    r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    try:
        point = ec.EllipticCurvePublicNumbers(key.x, key.y, library_curve(key.curve)).public_key()
        point.verify(utils.encode_dss_signature(r, s), data, scheme(key.curve, hashed=hashed))
    except (InvalidSignature, ValueError):
        return False
    return True


def library_curve(curve: Curve) -> ec.EllipticCurve:
    """The library's object for a curve."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return {P_256: ec.SECP256R1(), P_384: ec.SECP384R1(), P_521: ec.SECP521R1()}[curve]


def scheme(curve: Curve, *, hashed: bool) -> ec.ECDSA:
    """ECDSA with the curve's own hash and without any randomness (RFC 6979)."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    own = {P_256: hashes.SHA256(), P_384: hashes.SHA384(), P_521: hashes.SHA512()}[curve]
    return ec.ECDSA(utils.Prehashed(own) if hashed else own, deterministic_signing=True)
