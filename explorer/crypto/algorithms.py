"""Hashes and block ciphers by name, with the sizes that the protocols need to know."""

from __future__ import annotations

import hashlib
import hmac
import warnings
from collections.abc import Callable
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from explorer.crypto import proof

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES


class HashFunction(NamedTuple):
    """A hash, and through HMAC (RFC 2104) the prf and the integrity algorithm made from it.

    ``name`` is what hashlib and openssl call it, ``size`` its output in octets.
    """

    label: str
    name: str
    size: int

    def digest(self, data: bytes) -> bytes:
        """The hash of ``data``."""
        return hashlib.new(self.name, data, usedforsecurity=True).digest()

    def hmac(self, key: bytes, data: bytes) -> bytes:
        """HMAC of ``data`` under ``key``; any length of key, also none."""
        return hmac.digest(key, data, self.name)


MD5 = HashFunction("MD5", "md5", 16)
SHA1 = HashFunction("SHA-1", "sha1", 20)
SHA2_256 = HashFunction("SHA2-256", "sha256", 32)
SHA2_384 = HashFunction("SHA2-384", "sha384", 48)
SHA2_512 = HashFunction("SHA2-512", "sha512", 64)


class Integrity(NamedTuple):
    """HMAC, cut: ``icv_size`` octets of it are sent, ``key_size`` octets of key go in (RFC 2403, 2404, 4868)."""

    label: str
    function: HashFunction
    icv_size: int

    @property
    def key_size(self) -> int:
        """As long as the hash's output."""
        return self.function.size


INTEGRITY = {
    integrity.label: integrity
    for integrity in (
        Integrity("HMAC-MD5", MD5, 12),
        Integrity("HMAC-SHA1", SHA1, 12),
        Integrity("HMAC-SHA2-256", SHA2_256, 16),
        Integrity("HMAC-SHA2-384", SHA2_384, 24),
        Integrity("HMAC-SHA2-512", SHA2_512, 32),
    )
}


class CbcCipher(NamedTuple):
    """A block cipher in CBC mode; ``block`` and ``key_size`` are octets, ``openssl`` its name there."""

    label: str
    block: int
    key_size: int
    openssl: str
    algorithm: Callable[[bytes], CipherAlgorithm]

    def _cipher(self, key: bytes, iv: bytes) -> Cipher[modes.CBC]:
        return Cipher(self.algorithm(key), modes.CBC(iv))

    def encrypt(self, key: bytes, iv: bytes, plaintext: bytes) -> bytes:
        """CBC without padding: ``plaintext`` is a whole number of blocks."""
        encryptor = self._cipher(key, iv).encryptor()
        return encryptor.update(plaintext) + encryptor.finalize()

    def decrypt(self, key: bytes, iv: bytes, ciphertext: bytes) -> bytes:
        """The inverse; ``ciphertext`` is a whole number of blocks."""
        decryptor = self._cipher(key, iv).decryptor()
        return decryptor.update(ciphertext) + decryptor.finalize()

    def command(self, key: bytes, iv: bytes, plaintext: bytes) -> str:
        """The shell command that encrypts the same; DES is three-key DES with the key repeated there as well."""
        repeated = key * 3 if self.label == "DES-CBC" else key
        return proof.encrypt(self.openssl, repeated, iv, plaintext)


# The library has no single DES; three-key DES with the key repeated is the same function.
DES_CBC = CbcCipher("DES-CBC", 8, 8, "des-ede3-cbc", lambda key: TripleDES(key * 3))
TRIPLE_DES_CBC = CbcCipher("3DES-CBC", 8, 24, "des-ede3-cbc", TripleDES)
AES_128_CBC = CbcCipher("AES-CBC-128", 16, 16, "aes-128-cbc", AES)
AES_192_CBC = CbcCipher("AES-CBC-192", 16, 24, "aes-192-cbc", AES)
AES_256_CBC = CbcCipher("AES-CBC-256", 16, 32, "aes-256-cbc", AES)
CIPHERS = {c.label: c for c in (DES_CBC, TRIPLE_DES_CBC, AES_128_CBC, AES_192_CBC, AES_256_CBC)}
AES_BY_BITS = {128: AES_128_CBC, 192: AES_192_CBC, 256: AES_256_CBC}


_SEMI_WEAK = (
    "01fe01fe01fe01fe fe01fe01fe01fe01 1fe01fe00ef10ef1 e01fe01ff10ef10e 01e001e001f101f1 e001e001f101f101 "
    "1ffe1ffe0efe0efe fe1ffe1ffe0efe0e 011f011f010e010e 1f011f010e010e01 e0fee0fef1fef1fe fee0fee0fef1fef1"
)
_UNFIT_DES_KEYS = frozenset(
    [bytes.fromhex(key) for key in _SEMI_WEAK.split()]
    + [bytes.fromhex(key) for key in ("0101010101010101", "fefefefefefefefe", "1f1f1f1f0e0e0e0e", "e0e0e0e0f1f1f1f1")]
)


def is_unfit_des_key(key: bytes) -> bool:
    """Whether eight octets are one of the weak or semi-weak DES keys (RFC 2409 Appendix A), parity aside."""
    odd = bytes((octet & 0xFE) | (1 ^ (octet >> 1).bit_count() & 1) for octet in key)
    return odd in _UNFIT_DES_KEYS
