"""How a cipher is used: CBC, counter mode, three ways of encrypting and authenticating at once, and not at all.

Each mode takes its nonce whole: for counter mode and the authenticated ones that is the salt from the key
material and the IV from the wire, one after the other.  What a mode does not need is left empty.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from explorer.crypto import proof, proof_aes, proof_chacha
from explorer.crypto.algorithms import CbcCipher


class Mode(ABC):
    """One way of encrypting; whoever calls has checked the lengths of key, nonce, ciphertext and ICV."""

    @abstractmethod
    def seal(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, icv_size: int) -> tuple[bytes, bytes]:
        """Ciphertext, as long as the plaintext, and ``icv_size`` octets of ICV."""

    @abstractmethod
    def open(self, key: bytes, nonce: bytes, ciphertext: bytes, icv: bytes, aad: bytes) -> bytes | None:
        """The plaintext, or ``None`` if the ICV is wrong."""

    @abstractmethod
    def command(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, icv_size: int) -> str:
        """A shell command that prints ciphertext and ICV."""


class Cbc(Mode):
    """Cipher block chaining (RFC 3602, RFC 2451): the nonce is the IV."""

    def __init__(self, cipher: CbcCipher) -> None:
        self.cipher = cipher

    def seal(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, icv_size: int) -> tuple[bytes, bytes]:
        """A whole number of blocks."""
        return self.cipher.encrypt(key, nonce, plaintext), b""

    def open(self, key: bytes, nonce: bytes, ciphertext: bytes, icv: bytes, aad: bytes) -> bytes | None:
        """A whole number of blocks."""
        return self.cipher.decrypt(key, nonce, ciphertext)

    def command(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, icv_size: int) -> str:
        """By openssl."""
        return self.cipher.command(key, nonce, plaintext)


class Counter(Mode):
    """AES in counter mode; the first counter block ends with 1 (RFC 3686 §4)."""

    def seal(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, icv_size: int) -> tuple[bytes, bytes]:
        """Any number of octets."""
        return self._run(key, nonce, plaintext), b""

    def open(self, key: bytes, nonce: bytes, ciphertext: bytes, icv: bytes, aad: bytes) -> bytes | None:
        """The same operation."""
        return self._run(key, nonce, ciphertext)

    def command(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, icv_size: int) -> str:
        """By openssl."""
        return proof.encrypt(f"aes-{8 * len(key)}-ctr", key, self._first(nonce), plaintext)

    @staticmethod
    def _first(nonce: bytes) -> bytes:
        return nonce + b"\0\0\0\1"

    def _run(self, key: bytes, nonce: bytes, data: bytes) -> bytes:
        encryptor = Cipher(AES(key), modes.CTR(self._first(nonce))).encryptor()
        return encryptor.update(data) + encryptor.finalize()


class Gcm(Mode):
    """AES in Galois/counter mode (RFC 4106, RFC 5282 §4)."""

    def seal(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, icv_size: int) -> tuple[bytes, bytes]:
        """The ICV is the beginning of the tag."""
        encryptor = Cipher(AES(key), modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(aad)
        ciphertext = encryptor.update(plaintext) + encryptor.finalize()
        return ciphertext, encryptor.tag[:icv_size]

    def open(self, key: bytes, nonce: bytes, ciphertext: bytes, icv: bytes, aad: bytes) -> bytes | None:
        """Nothing comes out before the ICV has been compared."""
        decryptor = Cipher(AES(key), modes.GCM(nonce, icv, min_tag_length=len(icv))).decryptor()
        decryptor.authenticate_additional_data(aad)
        try:
            return decryptor.update(ciphertext) + decryptor.finalize()
        except InvalidTag:
            return None

    def command(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, icv_size: int) -> str:
        """By Python: openssl's command has no authenticated encryption."""
        return proof_aes.gcm(key, nonce, plaintext, aad, icv_size)


class Ccm(Mode):
    """AES in counter mode with CBC-MAC (RFC 4309, RFC 5282 §4)."""

    def seal(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, icv_size: int) -> tuple[bytes, bytes]:
        """The length of the ICV is one of the inputs."""
        from cryptography.hazmat.primitives.ciphers.aead import AESCCM

        sealed = AESCCM(key, tag_length=icv_size).encrypt(nonce, plaintext, aad)
        return sealed[:-icv_size], sealed[-icv_size:]

    def open(self, key: bytes, nonce: bytes, ciphertext: bytes, icv: bytes, aad: bytes) -> bytes | None:
        """Nothing comes out before the ICV has been compared."""
        from cryptography.hazmat.primitives.ciphers.aead import AESCCM

        try:
            return AESCCM(key, tag_length=len(icv)).decrypt(nonce, ciphertext + icv, aad)
        except InvalidTag:
            return None

    def command(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, icv_size: int) -> str:
        """By Python: openssl's command has no authenticated encryption."""
        return proof_aes.ccm(key, nonce, plaintext, aad, icv_size)


class ChaCha20Poly1305Mode(Mode):
    """ChaCha20 and Poly1305 (RFC 7634 §2)."""

    def seal(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, icv_size: int) -> tuple[bytes, bytes]:
        """The ICV is the whole tag."""
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        sealed = ChaCha20Poly1305(key).encrypt(nonce, plaintext, aad)
        return sealed[:-icv_size], sealed[-icv_size:]

    def open(self, key: bytes, nonce: bytes, ciphertext: bytes, icv: bytes, aad: bytes) -> bytes | None:
        """Nothing comes out before the ICV has been compared."""
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        try:
            return ChaCha20Poly1305(key).decrypt(nonce, ciphertext + icv, aad)
        except InvalidTag:
            return None

    def command(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, icv_size: int) -> str:
        """By Python: openssl's command has no authenticated encryption."""
        return proof_chacha.chacha20_poly1305(key, nonce, plaintext, aad)


class Null(Mode):
    """No encryption (RFC 2410): the plaintext goes as it is."""

    def seal(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, icv_size: int) -> tuple[bytes, bytes]:
        """The identity."""
        return plaintext, b""

    def open(self, key: bytes, nonce: bytes, ciphertext: bytes, icv: bytes, aad: bytes) -> bytes | None:
        """The identity."""
        return ciphertext

    def command(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, icv_size: int) -> str:
        """Nothing is computed."""
        return proof.print_octets([plaintext])
