"""Pairs for every way of authentication, and messages as somebody makes them who holds a peer's keys."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from pair import I, Pair, R, shipped

from explorer.crypto.algorithms import CbcCipher, HashFunction
from explorer.events import Learned, Role
from explorer.protocols.ikev1.config import Config
from explorer.protocols.ikev1.phase1 import Phase1
from explorer.registry.isakmp import ExchangeType
from explorer.wire.message import build_chain
from explorer.wire.payloads import Hash, Payload
from explorer.wire.structure import build

HEADER = 28
MAIN_RSA, MAIN_ECDSA = "ikev1-main-rsa", "ikev1-main-ecdsa"
MAIN_PKE, MAIN_REVISED = "ikev1-main-pke", "ikev1-main-revised-pke"
AGGRESSIVE_PSK, AGGRESSIVE_RSA = "ikev1-aggressive-psk", "ikev1-aggressive-rsa"
AGGRESSIVE_PKE, AGGRESSIVE_REVISED = "ikev1-aggressive-pke", "ikev1-aggressive-revised-pke"
HYBRID, CLIENT_MODE = "ikev1-remote-access-hybrid", "ikev1-remote-access-client-mode"
PUSH, EXTENSION = "ikev1-remote-access-push", "ikev1-remote-access-network-extension"


@cache
def hasty(role: Role, name: str) -> Config:
    """A shipped peer with the smallest group."""
    config = shipped(role, name)
    phase1 = tuple(replace(policy, group=1) for policy in config.phase1)
    phase2 = tuple(replace(policy, group=policy.group and 1) for policy in config.phase2)
    return replace(config, phase1=phase1, phase2=phase2)


def between(name: str, seed: int = 7) -> Pair:
    """Two peers of a shipped scenario, before they have said anything."""
    return Pair(hasty(I, name), hasty(R, name), seed)


def established(name: str, seed: int = 7) -> Pair:
    """With the ISAKMP SA, and whatever follows from it by itself."""
    return between(name, seed).start().pump()


def learned(pair: Pair, role: Role, symbol: str) -> bytes:
    return [event.term.octets for event in pair.of(Learned, role) if event.term.symbol == symbol][-1]


class Insider:
    """Speaks for a peer of an established pair, and says what that peer never would."""

    def __init__(self, pair: Pair, speaks_for: Role = I) -> None:
        self._take(pair.session(speaks_for).phase1)

    @classmethod
    def of(cls, phase1: Phase1) -> Insider:
        """The same for an ISAKMP SA by itself."""
        made = cls.__new__(cls)
        made._take(phase1)
        return made

    def _take(self, phase1: Phase1) -> None:
        assert phase1.chain is not None
        self.cookies = phase1.ledger["CKY-I"].octets + phase1.ledger["CKY-R"].octets
        self.a = phase1.ledger["SKEYID_a"].octets
        self.key, self.last = phase1.chain.key.octets, phase1.chain.iv.octets
        self.cipher: CbcCipher = phase1.policy.cipher
        self.function: HashFunction = phase1.policy.hash_function

    def iv(self, message_id: bytes) -> bytes:
        return self.function.digest(self.last + message_id)[: self.cipher.block]

    def sealed(self, kind: int, message_id: bytes, first: int, plain: bytes, iv: bytes | None = None) -> bytes:
        """Anything at all, encrypted with the right key."""
        plain += bytes(-len(plain) % self.cipher.block)
        inside = self.cipher.encrypt(self.key, self.iv(message_id) if iv is None else iv, plain)
        head = self.cookies + bytes((first, 0x10, kind, 1)) + message_id
        return head + (HEADER + len(inside)).to_bytes(4, "big") + inside

    def says(
        self, kind: int, message_id: bytes, *payloads: tuple[int, Payload], covers: bytes = b"", iv: bytes | None = None
    ) -> bytes:
        """A message with a hash that verifies; ``covers`` is what it covers besides Message ID and payloads."""
        remade = [(number, payload.replace(next_payload=None, length=None)) for number, payload in payloads]
        rest = build_chain(remade) if remade else b""
        proof = self.function.hmac(self.a, message_id + covers + rest)
        plain = build(Hash(data=proof), remade[0][0] if remade else 0) + rest
        return self.sealed(kind, message_id, 8, plain, iv)

    def tells(self, message_id: bytes, *payloads: tuple[int, Payload]) -> bytes:
        """An Informational message."""
        return self.says(ExchangeType.INFORMATIONAL, message_id, *payloads)

    def opened(self, octets: bytes, iv: bytes | None = None) -> bytes:
        """The inside of a message; without a vector, of the first under its Message ID."""
        vector = self.iv(octets[20:24]) if iv is None else iv
        return self.cipher.decrypt(self.key, vector, octets[HEADER:])
