"""Messages and configurations that are not quite what a peer would have made or been given."""

from __future__ import annotations

import hmac
from dataclasses import replace

import pytest
from by_hand import chain
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from v2_hand import INTEGRITY_SIZE, Keys
from v2_pair import I, R, V2Pair, changed, payload

from explorer.lab.scenario_build_v2 import KEY_EXCHANGE_WORDS
from explorer.protocols.ikev2.config import V2Config
from explorer.protocols.ikev2.suites import Choice, Offer

CRITICAL, UNSUPPORTED, INVALID_SYNTAX, AUTHENTICATION_FAILED = 0x80, 1, 7, 24
either = pytest.mark.parametrize("role", [I, R])


def patched(octets: bytes, at: int, new: bytes) -> bytes:
    return octets[:at] + new + octets[at + len(new) :]


def remade(octets: bytes, payloads: list[tuple[int, bytes]]) -> bytes:
    """The same header with other payloads, in the clear."""
    following = [kind for kind, _ in payloads[1:]] + [0]
    content = b"".join(bytes((kind,)) + p[1:] for (_, p), kind in zip(payloads, following, strict=True))
    first = payloads[0][0] if payloads else 0
    head = octets[:16] + bytes((first,)) + octets[17:24] + (28 + len(content)).to_bytes(4, "big")
    return head + content


def with_body(octets: bytes, kind: int, new: bytes) -> bytes:
    """The same message with another body of one payload, in the clear."""
    found = chain(octets[16], octets[28:])
    return remade(octets, [payload(k, new) if k == kind else (k, p) for k, p in found])


def with_method(config: V2Config, *words: str) -> V2Config:
    """Offers with these key exchange methods."""
    (offer,) = config.ike
    kept = tuple(choice for choice in offer.choices if choice.kind != 4)
    methods = tuple(Choice(4, KEY_EXCHANGE_WORDS[word]) for word in words)
    return replace(config, ike=(Offer(offer.number, offer.protocol, (*kept, *methods)),))


def both(*words: str, **changes: object) -> tuple[V2Config, V2Config]:
    return (
        with_method(changed(I, **changes), *words), with_method(changed(R, **changes), *words))


def up(*configs: V2Config) -> V2Pair:
    pair = V2Pair(*configs).start().pump()
    assert pair.up
    assert pair.refusals(I) == pair.refusals(R) == []
    return pair


def resealed(octets: bytes, keys: Keys, plain: bytes, *, initiator: bool) -> bytes:
    """The same header and vector over another plaintext of the same size."""
    cipher, integrity = (keys.ei, keys.ai) if initiator else (keys.er, keys.ar)
    made = octets[:48] + Cipher(AES(cipher), modes.CBC(octets[32:48])).encryptor().update(plain)
    return made + hmac.new(integrity, made, "sha256").digest()[:INTEGRITY_SIZE]
