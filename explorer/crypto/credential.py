"""A certificate and the private key that belongs to it: what a peer signs with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from explorer.crypto.certificate import Certificate
    from explorer.crypto.private_key import PrivateKey


class Credential(NamedTuple):
    """Both halves; a key for Ed25519 agrees with no method of IKEv1."""

    certificate: Certificate
    key: PrivateKey
