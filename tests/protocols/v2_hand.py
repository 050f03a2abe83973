"""An IKEv2 run read by hand: octets of the wire and the peers' secrets, with nothing of the program's crypto."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from by_hand import chain, decrypt
from conftest import recording
from cryptography.hazmat.primitives.asymmetric.ec import ECDH, SECP384R1, EllipticCurvePublicNumbers, derive_private_key
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from explorer.crypto.groups import modp_group
from explorer.events import Learned

SA, KE, IDI, IDR, CERT, CERTREQ, AUTH, NONCE, NOTIFY, DELETE, TSI, TSR, SK = (
    33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 44, 45, 46)
SA_INIT, IKE_AUTH, CREATE_CHILD_SA, INFORMATIONAL = 34, 35, 36, 37
COOKIE, INVALID_KE, REKEY_SA, NAT_SOURCE, NAT_DESTINATION = 16390, 17, 16393, 16388, 16389
PSK = b"correct horse battery staple"
HEADER_SIZE, INTEGRITY_SIZE = 28, 16
P384_ORDER = int("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16)


class Keys(NamedTuple):
    """The seven, in their order (trap 32)."""

    d: bytes
    ai: bytes
    ar: bytes
    ei: bytes
    er: bytes
    pi: bytes
    pr: bytes


class Kind(NamedTuple):
    """What an IKE SA works with: the hash of the prf, octets of integrity key and of encryption key with its salt."""

    hash: str
    integrity: int
    encryption: int

    @property
    def aead(self) -> bool:
        return not self.integrity


CBC, GCM = Kind("sha256", 32, 16), Kind("sha384", 0, 36)


def prf(kind: Kind, key: bytes, *data: bytes) -> bytes:
    return hmac.new(key, b"".join(data), kind.hash).digest()


def prf_plus(kind: Kind, key: bytes, seed: bytes, size: int) -> bytes:
    """T(n) = prf(K, T(n-1) | S | n)."""
    made = block = b""
    counter = 1
    while len(made) < size:
        block = prf(kind, key, block, seed, bytes((counter,)))
        made += block
        counter += 1
    return made[:size]


def seven(kind: Kind, skeyseed: bytes, seed: bytes) -> Keys:
    size = hashlib.new(kind.hash).digest_size
    sizes = (size, kind.integrity, kind.integrity, kind.encryption, kind.encryption, size, size)
    stream, keys, at = prf_plus(kind, skeyseed, seed, sum(sizes)), [], 0
    for octets in sizes:
        keys.append(stream[at : at + octets])
        at += octets
    return Keys(*keys)


def agreed(group: int, private: bytes, public: bytes) -> bytes:
    """The shared secret, of the library or of Python's own pow."""
    if group == 31:
        return X25519PrivateKey.from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(public))
    if group == 20:
        x, y = (int.from_bytes(public[at : at + 48], "big") for at in (0, 48))
        point = EllipticCurvePublicNumbers(x, y, SECP384R1()).public_key()
        # More octets are drawn than the order has, and reduced to one of 1 to n - 1.
        scalar = 1 + int.from_bytes(private, "big") % (P384_ORDER - 1)
        return derive_private_key(scalar, SECP384R1()).exchange(ECDH(), point)
    prime = modp_group(group)
    return pow(int.from_bytes(public, "big"), int.from_bytes(private, "big"), prime.prime).to_bytes(prime.size, "big")


class V2Hand:
    """One shipped run."""

    def __init__(self, name: str, kind: Kind = CBC) -> None:
        self.trace = recording(name)
        self.kind = kind
        self._terms = {
            (event.event.term.scope, event.event.term.symbol): event.event.term.octets
            for event in self.trace if isinstance(event.event, Learned)}
        self.m = [_unmarked(step.octets, {step.source.port, step.destination.port}) for step in self.trace.steps]
        self.ike = [octets for octets in self.m if len(octets) >= 28 and octets[17] == 0x20]
        self.first, self.second = [octets for octets in self.ike if octets[18] == SA_INIT][-2:]
        self.ni, self.nr = body(self.first, NONCE), body(self.second, NONCE)
        self.spis = self.second[:16]
        ke = body(self.second, KE)
        self.group = int.from_bytes(ke[:2], "big")
        tries = [scope for scope, symbol in self._terms if symbol == "i" and scope.split(",")[0] == "IKE SA"]
        self.g_ir = agreed(self.group, self.term("i", tries[-1]), ke[4:])
        self.skeyseed = prf(kind, self.ni + self.nr, self.g_ir)
        self.keys = seven(kind, self.skeyseed, self.ni + self.nr + self.spis)

    def term(self, symbol: str, scope: str = "IKE SA") -> bytes:
        return self._terms[scope, symbol]

    def of(self, exchange: int, spis: bytes = b"") -> Sequence[bytes]:
        """Messages of one exchange under one IKE SA, the first without SPIs."""
        return [octets for octets in self.ike if octets[18] == exchange and octets[:16] == (spis or self.spis)]

    def of_first(self) -> Sequence[bytes]:
        """All messages of IKE_SA_INIT."""
        return [octets for octets in self.ike if octets[18] == SA_INIT]

    def plain(self, octets: bytes, keys: Keys | None = None) -> bytes:
        """The inside with padding and Pad Length, once what protects it is checked."""
        return opened(self.kind, keys or self.keys, octets)

    def inside(self, octets: bytes, keys: Keys | None = None) -> list[tuple[int, bytes]]:
        """Payloads by type, each with its generic header."""
        return chain(octets[28], without_padding(self.plain(octets, keys)))


@cache
def hand(name: str, kind: Kind = CBC) -> V2Hand:
    """A shipped run, read once."""
    return V2Hand(name, kind)


def _unmarked(octets: bytes, ports: set[int]) -> bytes:
    return octets[4:] if ports & {4500, 64500} and octets[:4] == bytes(4) else octets


def body(octets: bytes, kind: int) -> bytes:
    """The body of the first payload of a type in a message in the clear."""
    return next(payload for found, payload in chain(octets[16], octets[28:]) if found == kind)[4:]


def one(payloads: Sequence[tuple[int, bytes]], kind: int) -> bytes:
    """The body of the one payload of a type."""
    (found,) = [payload for found, payload in payloads if found == kind]
    return found[4:]


def notifications(payloads: Sequence[tuple[int, bytes]]) -> dict[int, bytes]:
    """Bodies by notify type."""
    return {int.from_bytes(p[6:8], "big"): p[4:] for kind, p in payloads if kind == NOTIFY}


def opened(kind: Kind, keys: Keys, octets: bytes) -> bytes:
    """Traps 33 to 35: the flag I chooses the key; the ICV or the associated data cover everything in front."""
    initiator = bool(octets[19] & 8)
    e, a = (keys.ei, keys.ai) if initiator else (keys.er, keys.ar)
    assert int.from_bytes(octets[24:28], "big") == len(octets)
    assert octets[16] == SK
    if kind.aead:
        return AESGCM(e[:-4]).decrypt(e[-4:] + octets[32:40], octets[40:], octets[:32])
    icv = hmac.new(a, octets[:-INTEGRITY_SIZE], "sha256").digest()[:INTEGRITY_SIZE]
    assert icv == octets[-INTEGRITY_SIZE:]
    return decrypt(e, octets[32:48], octets[48:-INTEGRITY_SIZE])


def without_padding(plain: bytes) -> bytes:
    return plain[: len(plain) - 1 - plain[-1]]
