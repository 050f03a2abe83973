"""Private keys from files."""

from __future__ import annotations

from explorer.crypto.ecdsa import EcdsaPrivateKey, ecdsa_private_key
from explorer.crypto.ed25519 import Ed25519PrivateKey, ed25519_private_key
from explorer.crypto.rsa import RsaPrivateKey, rsa_private_key

PrivateKey = RsaPrivateKey | EcdsaPrivateKey | Ed25519PrivateKey
"""Whatever a peer can sign with."""


def load_private_key(pem: bytes) -> PrivateKey:
    """A private key in PEM, as PKCS #8 (RFC 5958) or in the older forms of OpenSSL.

    Raises:
        ValueError: it is none, is encrypted, or is no key that a peer here can use; one line.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        # The library would look for primes at length; what a wrong file would break is checked with the numbers.
        key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("expected a private key in PEM that is not encrypted") from error
    if isinstance(key, rsa.RSAPrivateKey):
        return rsa_private_key(key)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return ecdsa_private_key(key)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return ed25519_private_key(key)
    raise ValueError("expected an RSA, ECDSA or Ed25519 key, and this is of another kind")
