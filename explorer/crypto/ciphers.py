"""The encryption algorithms of IKEv2 and ESP, and encryption as an expression."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from explorer.crypto.algorithms import AES_BY_BITS, DES_CBC, TRIPLE_DES_CBC
from explorer.crypto.cipher_modes import Cbc, Ccm, ChaCha20Poly1305Mode, Counter, Gcm, Mode, Null
from explorer.crypto.expression import Expr, Token


class Encryption(NamedTuple):
    """An encryption algorithm with its key length (RFC 7296 §3.3.2, transform type 1).

    All sizes are octets.  ``key_size`` is the key without the ``salt_size`` octets that follow it in the
    key material; ``iv_size`` is the IV on the wire; a plaintext is a whole number of ``block``, which is
    1 where any length will do; ``icv_size`` is 0 if somebody else has to authenticate.
    """

    label: str
    key_size: int
    salt_size: int
    iv_size: int
    block: int
    icv_size: int
    mode: Mode

    @property
    def is_aead(self) -> bool:
        """Whether it authenticates too, associated data included (RFC 5282)."""
        return self.icv_size > 0

    def seal(self, key: bytes, salt: bytes, iv: bytes, plaintext: bytes, aad: bytes = b"") -> tuple[bytes, bytes]:
        """Ciphertext, as long as the plaintext, and ICV, empty if this authenticates nothing.

        Raises:
            ValueError: key, salt, IV or plaintext have not the length that this algorithm wants; one line.
        """
        self._check(key, salt)
        if len(iv) != self.iv_size or len(plaintext) % self.block:
            raise ValueError(f"{self.label} takes {self.iv_size} octets of IV and blocks of {self.block}")
        return self.mode.seal(key, salt + iv, plaintext, aad, self.icv_size)

    def open(
        self, key: bytes, salt: bytes, iv: bytes, ciphertext: bytes, icv: bytes = b"", aad: bytes = b""
    ) -> bytes | None:
        """The plaintext, or ``None`` if IV, ciphertext or ICV, which somebody else sent, are not right.

        Raises:
            ValueError: key or salt have not the length that this algorithm wants; one line.
        """
        self._check(key, salt)
        if len(iv) != self.iv_size or len(ciphertext) % self.block or len(icv) != self.icv_size:
            return None
        return self.mode.open(key, salt + iv, ciphertext, icv, aad)

    def _check(self, key: bytes, salt: bytes) -> None:
        if len(key) != self.key_size or len(salt) != self.salt_size:
            raise ValueError(f"{self.label} takes {self.key_size} octets of key and {self.salt_size} of salt")


def _aes() -> Iterator[Encryption]:
    gcm, ccm, counter = Gcm(), Ccm(), Counter()
    for bits, cipher in AES_BY_BITS.items():
        size = bits // 8
        yield Encryption(f"AES-CBC-{bits}", size, 0, 16, 16, 0, Cbc(cipher))
        yield Encryption(f"AES-CTR-{bits}", size, 4, 8, 1, 0, counter)
        for icv_size in (8, 12, 16):
            yield Encryption(f"AES-GCM-{icv_size}-{bits}", size, 4, 8, 1, icv_size, gcm)
            yield Encryption(f"AES-CCM-{icv_size}-{bits}", size, 3, 8, 1, icv_size, ccm)


DES = Encryption("DES-CBC", 8, 0, 8, 8, 0, Cbc(DES_CBC))
TRIPLE_DES = Encryption("3DES-CBC", 24, 0, 8, 8, 0, Cbc(TRIPLE_DES_CBC))
CHACHA20_POLY1305 = Encryption("CHACHA20-POLY1305", 32, 4, 8, 1, 16, ChaCha20Poly1305Mode())
NULL = Encryption("NULL", 0, 0, 0, 1, 0, Null())
ENCRYPTIONS = {encryption.label: encryption for encryption in (*_aes(), DES, TRIPLE_DES, CHACHA20_POLY1305, NULL)}
"""By label, such as ``AES-CBC-128``, ``AES-CTR-256`` or ``AES-GCM-16-256``: 16 octets of ICV, a key of 256 bits."""


class Seal(Expr):
    """``AES-GCM-16-256(key, salt, IV, plaintext, associated data)``: ciphertext and, if there is one, ICV.

    What the algorithm has no use for is no input: salt, associated data, NULL's key and IV.

    Raises:
        ValueError: something has not the length that the algorithm wants; one line.
    """

    __slots__ = ("aad", "encryption", "iv", "key", "plaintext", "salt")

    def __init__(
        self, encryption: Encryption, key: Expr, salt: Expr | None, iv: Expr, plaintext: Expr, aad: Expr | None
    ) -> None:
        used_salt, used_aad = _octets(salt), _octets(aad)
        self.octets = b"".join(encryption.seal(key.octets, used_salt, iv.octets, plaintext.octets, used_aad))
        self.encryption = encryption
        self.key = key
        self.salt = salt
        self.iv = iv
        self.plaintext = plaintext
        self.aad = aad

    def inputs(self) -> tuple[Expr, ...]:
        """Key, salt, IV, plaintext and associated data, as far as they are used."""
        chosen = self.encryption
        held = (
            (self.key, chosen.key_size),
            (self.salt, chosen.salt_size),
            (self.iv, chosen.iv_size),
            (self.plaintext, True),
            (self.aad, chosen.is_aead),
        )
        return tuple(expression for expression, is_used in held if expression is not None and is_used)

    def tokens(self) -> Iterator[Token]:
        """Under the algorithm's name."""
        yield Token(f"{self.encryption.label}(")
        for index, part in enumerate(self.inputs()):
            yield Token(", " if index else "")
            yield from part.tokens()
        yield Token(")")

    def command(self) -> str:
        """By openssl where its command has the mode, else by Python."""
        nonce, icv_size = _octets(self.salt) + self.iv.octets, self.encryption.icv_size
        return self.encryption.mode.command(
            self.key.octets, nonce, self.plaintext.octets, _octets(self.aad), icv_size
        )


class Opened(Expr):
    """The inverse of an authenticating :class:`Seal`: what was sealed, without its ICV.

    Raises:
        ValueError: it was not sealed with this key, or something was changed since; one line.
    """

    __slots__ = ("encryption", "iv", "key", "salt", "sealed")

    def __init__(self, encryption: Encryption, key: Expr, salt: Expr, iv: Expr, sealed: Expr) -> None:
        cut = max(len(sealed.octets) - encryption.icv_size, 0)
        found = encryption.open(key.octets, salt.octets, iv.octets, sealed.octets[:cut], sealed.octets[cut:])
        if found is None:
            raise ValueError(f"not sealed with {encryption.label} and this key")
        self.octets = found
        self.encryption = encryption
        self.key = key
        self.salt = salt
        self.iv = iv
        self.sealed = sealed

    def inputs(self) -> tuple[Expr, ...]:
        """Key, salt, IV and what was sealed."""
        return (self.key, self.salt, self.iv, self.sealed)

    def tokens(self) -> Iterator[Token]:
        """The algorithm's name with an exponent of -1."""
        yield Token(f"{self.encryption.label}⁻¹(")
        for index, part in enumerate(self.inputs()):
            yield Token(", " if index else "")
            yield from part.tokens()
        yield Token(")")

    def command(self) -> str:
        """These modes add a key stream: doing it once more takes it off again; what follows would be another ICV."""
        size, nonce = len(self.octets), self.salt.octets + self.iv.octets
        again = self.encryption.mode.command(self.key.octets, nonce, self.sealed.octets[:size], b"", 16)
        return f"{again} | cut -c 1-{2 * size}"


def _octets(expression: Expr | None) -> bytes:
    return b"" if expression is None else expression.octets
