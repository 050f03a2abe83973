"""Ed25519 keys (RFC 8032 §5.1), as terms, and the check of a signature.

The library's asymmetric half is imported by whoever uses it: a run with a pre-shared key never pays for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from explorer.crypto.term import Configured, Nature, Term

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ed25519

SIGNATURE_SIZE = 64
"""Octets of R | S (RFC 8032 §5.1.6)."""


class Ed25519Key(msgspec.Struct, frozen=True):
    """A public key: ``A``, a point as 32 octets, y from its low end on with the lowest bit of x on top."""

    A: bytes

    @property
    def signature_size(self) -> int:
        """Octets of R | S."""
        return SIGNATURE_SIZE

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Ed25519PrivateKey(Ed25519Key, frozen=True, eq=False):
    """A key with its private octets ``d``, 32 of them, and the library's object for it."""

    d: bytes
    library: ed25519.Ed25519PrivateKey

    @property
    def public(self) -> Ed25519Key:
        """The half that everybody may have."""
        return Ed25519Key(self.A)


def ed25519_key(library: ed25519.Ed25519PublicKey) -> Ed25519Key:
    """The library's key as ours."""
    return Ed25519Key(library.public_bytes_raw())


def ed25519_private_key(library: ed25519.Ed25519PrivateKey) -> Ed25519PrivateKey:
    """The library's key as ours."""
    return Ed25519PrivateKey(library.public_key().public_bytes_raw(), library.private_bytes_raw(), library)


def ed25519_public_term(key: Ed25519Key, suffix: str, owner: str, scope: str) -> Term:
    """``A_I``, 32 octets; ``suffix`` is what follows the ``_``."""
    origin = Configured("RFC 8032 §5.1.5")
    return Term(f"A_{suffix}", key.A, origin, scope=scope, nature=Nature.PUBLIC, owner=owner)


def ed25519_private_term(key: Ed25519PrivateKey, suffix: str, owner: str, scope: str) -> Term:
    """``d_I``, 32 octets: those of the file, from which the number that signs is only made by a hash."""
    origin = Configured("RFC 8032 §5.1.5")
    return Term(f"d_{suffix}", key.d, origin, scope=scope, nature=Nature.SECRET, owner=owner)


def ed25519_verifies(key: Ed25519Key, data: bytes, signature: bytes) -> bool:
    """Whether R | S is this key's signature of ``data`` (RFC 8032 §5.1.7).

    It never raises: both came from somebody else, and the key too may be no point of the curve.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ed25519

    if len(signature) != SIGNATURE_SIZE:
        return False
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(key.A).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True
