"""A run read by hand: octets of the wire and the peers' secrets, with nothing of the program's crypto."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from pathlib import Path

from conftest import recording
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from explorer.content import content_folder
from explorer.crypto.groups import modp_group
from explorer.events import Role
from explorer.trace.model import Key, Step, is_packet

PSK = b"correct horse battery staple"
SA, KE, ID, CERT, CERTREQ, HASH, SIG, NONCE, NOTIFY, DELETE, VID, ATTRIBUTES, NAT_D = (
    1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 20)
_CREDENTIALS: Path = content_folder() / "credentials"


def prf(key: bytes, *data: bytes) -> bytes:
    return hmac.new(key, b"".join(data), "sha1").digest()


def sha1(*data: bytes) -> bytes:
    return hashlib.sha1(b"".join(data)).digest()  # noqa: S324 - what was negotiated


def decrypt(key: bytes, iv: bytes, sealed: bytes) -> bytes:
    return Cipher(AES(key), modes.CBC(iv)).decryptor().update(sealed)


def chain(first: int, octets: bytes) -> list[tuple[int, bytes]]:
    """Payloads by type, each with its generic header."""
    found = []
    while first:
        size = int.from_bytes(octets[2:4], "big")
        found.append((first, octets[:size]))
        first, octets = octets[0], octets[size:]
    return found


def number(octets: bytes) -> int:
    return int.from_bytes(octets, "big")


def private(name: str) -> tuple[int, int, int]:
    """Modulus, public and private exponent of a shipped key."""
    key = load_pem_private_key((_CREDENTIALS / f"{name}.key").read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    numbers = key.private_numbers()
    return numbers.public_numbers.n, numbers.public_numbers.e, numbers.d


def certificate(name: str) -> bytes:
    """DER of a shipped certificate."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return load_pem_x509_certificate((_CREDENTIALS / f"{name}.pem").read_bytes()).public_bytes(Encoding.DER)


def expanded(key: bytes, size: int) -> bytes:
    """RFC 2409 Appendix B: K1 | K2 and so on, where the key is too short."""
    if len(key) >= size:
        return key[:size]
    block = made = prf(key, b"\0")
    while len(made) < size:
        block = prf(key, block)
        made += block
    return made[:size]


class Hand:
    """One shipped run; ``size`` is that of the cipher's key."""

    def __init__(self, name: str, size: int = 16) -> None:
        self.trace = recording(name)
        self.steps = self.trace.steps
        self.m = [self._message(step) for step in self.steps]
        self.size = size
        self.cky_i, self.cky_r = self.m[1][:8], self.m[1][8:16]
        self.sai_b = self.payload(1, SA)
        group = modp_group(next(p for p in (14, 5, 2, 1) if len(self.term("g^xi")) == modp_group(p).size))
        self.prime, self.octets = group.prime, group.size
        self.g_xy = b""
        self.skeyid = self.d = self.a = self.e = self.ka = self.iv = b""

    def term(self, symbol: str, scope: str = "phase 1") -> bytes:
        return self.trace.links.first(Key(scope, symbol)).octets

    # ---------------------------------------------------------------- octets

    @staticmethod
    def _message(step: Step) -> bytes:
        """Without the non-ESP marker that stands in front on the port of NAT traversal."""
        marked = 4500 in (step.source.port, step.destination.port) or 64500 in (step.source.port, step.destination.port)
        return step.octets[4:] if marked and step.octets[:4] == bytes(4) else step.octets

    def clear(self, message: int) -> list[tuple[int, bytes]]:
        octets = self.m[message - 1]
        return chain(octets[16], octets[28:])

    def payload(self, message: int, kind: int, which: int = 0) -> bytes:
        """The body of a payload of a message in the clear."""
        return [p for k, p in self.clear(message) if k == kind][which][4:]

    def sealed(self, message: int) -> bytes:
        return self.m[message - 1][28:]

    def message_id(self, message: int) -> bytes:
        return self.m[message - 1][20:24]

    def plain(self, message: int) -> bytes:
        """The inside of a message; each exchange has a chain of its own."""
        mine = self.message_id(message)
        before = [n for n in range(1, message) if self._is_encrypted(n) and self.message_id(n) == mine]
        if before:
            iv = self.sealed(before[-1])[-16:]
        elif mine == bytes(4):
            iv = self.iv
        else:
            iv = sha1(self.last_block(), mine)[:16]
        return decrypt(self.ka, iv, self.sealed(message))

    def last_block(self) -> bytes:
        """The last block of phase 1, or its first vector if nothing of it was encrypted."""
        sealed = [n for n in self._ike() if self._is_encrypted(n) and self.message_id(n) == bytes(4)]
        return self.sealed(sealed[-1])[-16:] if sealed else self.iv

    def _ike(self) -> Sequence[int]:
        return [step.number for step in self.steps if not is_packet(step) and len(step.octets) > 1]

    def _is_encrypted(self, message: int) -> bool:
        return message in self._ike() and bool(self.m[message - 1][19] & 1)

    def inside(self, message: int) -> list[tuple[int, bytes]]:
        return chain(self.m[message - 1][16], self.plain(message))

    def body(self, message: int, kind: int) -> bytes:
        """The body of a payload of an encrypted message."""
        return next(p for k, p in self.inside(message) if k == kind)[4:]

    # ---------------------------------------------------------------- keys

    def power(self, base: bytes, exponent: bytes) -> bytes:
        return pow(number(base), number(exponent), self.prime).to_bytes(self.octets, "big")

    def derive(self, skeyid: bytes, g_xi: bytes, g_xr: bytes) -> None:
        """Everything below SKEYID."""
        self.g_xi, self.g_xr = g_xi, g_xr
        tail = (self.g_xy, self.cky_i, self.cky_r)
        self.skeyid = skeyid
        self.d = prf(skeyid, *tail, b"\0")
        self.a = prf(skeyid, self.d, *tail, b"\1")
        self.e = prf(skeyid, self.a, *tail, b"\2")
        self.ka = expanded(self.e, self.size)
        self.iv = sha1(g_xi, g_xr)[:16]

    def hash_i(self, idii_b: bytes) -> bytes:
        return prf(self.skeyid, self.g_xi, self.g_xr, self.cky_i, self.cky_r, self.sai_b, idii_b)

    def hash_r(self, idir_b: bytes) -> bytes:
        return prf(self.skeyid, self.g_xr, self.g_xi, self.cky_r, self.cky_i, self.sai_b, idir_b)

    def keys_are_the_programs(self) -> None:
        for symbol, octets in (("g^xy", self.g_xy), ("SKEYID", self.skeyid), ("SKEYID_d", self.d),
                               ("SKEYID_a", self.a), ("SKEYID_e", self.e), ("Ka", self.ka), ("IV", self.iv)):
            assert octets
            assert self.term(symbol) == octets, symbol

    def packets(self, sender: Role) -> list[bytes]:
        return [step.octets for step in self.steps if step.sender is sender and is_packet(step)]


def unpadded(octets: bytes) -> bytes:
    """What is inside a PKCS #1 block of type 2."""
    assert octets[:2] == b"\0\2"
    end = octets.index(b"\0", 2)
    assert end >= 10, "eight octets of padding at least"
    return octets[end + 1 :]


def rsa(octets: bytes, exponent: int, modulus: int) -> bytes:
    size = (modulus.bit_length() + 7) // 8
    return pow(number(octets), exponent, modulus).to_bytes(size, "big")
