"""The encrypted payload (RFC 7296 §3.14), its fragments (RFC 7383), and who seals with which key."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import NamedTuple

from explorer.crypto.ciphers import Encryption, Seal
from explorer.crypto.expression import Expr, Plain
from explorer.crypto.prfs import Icv
from explorer.crypto.term import Drawn, Nature, Term, derive
from explorer.engine.refusal import Refusal
from explorer.errors import WireError
from explorer.events import Binding
from explorer.octets import Buffer
from explorer.protocols.ikev2.fragments import Fragments
from explorer.protocols.ikev2.keys import IkeKeys, sealed_term
from explorer.protocols.ikev2.parts import too_long
from explorer.protocols.ikev2.suites import Suite
from explorer.registry.ikev2 import V2PayloadType
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.wire.ikev2 import IkeHeader
from explorer.wire.ikev2_message import HEADER_SIZE, V2Message, open_fragment, open_v2, read_reassembled, read_v2
from explorer.wire.structure import build

_CITE = "RFC 7296 §3.14"
_MOST = 0xFFFF
"""Octets of a payload, with its generic header."""
Learn = Callable[[Term], Term]
Draw = Callable[[int, str], bytes]


class Keys(NamedTuple):
    """One direction's keys; AEAD ciphers have a salt and no integrity key."""

    encryption: Term
    salt: Term | None
    integrity: Term | None


def direction(keys: IkeKeys, *, initiators: bool) -> Keys:
    """The keys that the original initiator of the IKE SA seals with, or those of the responder (RFC 7296 §2.2)."""
    if initiators:
        return Keys(keys.SK_ei, keys.salt_ei, keys.SK_ai)
    return Keys(keys.SK_er, keys.salt_er, keys.SK_ar)


class SealedMessage(NamedTuple):
    """A finished datagram, read back, with the terms of its encrypted payload."""

    message: V2Message
    plaintext: bytes
    bindings: list[Binding]


def seal(
    suite: Suite, keys: Keys, header: IkeHeader, first: int, plaintext: Expr, start: int,
    *, scope: str, number: str, draw: Draw, learn: Learn, fragment: tuple[int, int] | None = None,
) -> SealedMessage:
    """Pad, encrypt, and make the ICV over everything in front of it.

    Args:
        header: without its length, which is computed here.
        first: type of the first payload inside; 0 in fragments after the first.
        plaintext: the payload chain, or a part of it.
        start: octets of non-ESP marker in front of the header.
        number: what tells this message from the others of its scope, for symbols.
        fragment: number and total, for an encrypted fragment.

    Raises:
        Refusal: it is too long to be said in one encrypted payload.
    """
    encryption = suite.encryption
    padding = _padding(encryption, len(plaintext.octets))
    padded = plaintext | Plain("padding", padding) | len(padding) if padding else plaintext | 0
    size = len(padded.octets)
    head, payload_head = _heads(suite, header, first, size, fragment)
    IV = learn(_vector(encryption, draw, scope, number))
    aad: Expr = Plain("HDR | SK header", head + payload_head)
    sealed = Seal(encryption, keys.encryption, keys.salt, IV, padded, aad if encryption.is_aead else None)
    cut = len(sealed.octets) - encryption.icv_size if encryption.is_aead else len(sealed.octets)
    E = learn(sealed_term(f"E{number}", sealed[:cut] if encryption.is_aead else sealed, scope))
    if encryption.is_aead:
        ICV = learn(derive(f"ICV{number}", sealed[cut:], "RFC 5282 §3", scope=scope))
    else:
        ICV = learn(_icv(suite, keys, aad | IV | E, number, scope))
    octets = bytes(start) + head + payload_head + IV.octets + E.octets + ICV.octets
    message = read_v2(Buffer("datagram", octets), start, suite.sizes)
    named = ((IV, "iv"), (E, "ciphertext"), (ICV, "icv"))
    bindings = [Binding(term, message.part(part)) for term, part in named]
    return SealedMessage(message, padded.octets, [b for b in bindings if b.term.octets])


def _vector(encryption: Encryption, draw: Draw, scope: str, number: str) -> Term:
    octets = draw(encryption.iv_size, f"{scope}/IV{number}")
    return Term(f"IV{number}", octets, Drawn(f"IV{number}", _CITE), scope=scope)


def _padding(encryption: Encryption, size: int) -> bytes:
    """As little as makes whole blocks, with the octet that counts it; ciphers without blocks need none."""
    return bytes(-(size + 1) % encryption.block)


def _heads(
    suite: Suite, header: IkeHeader, first: int, size: int, fragment: tuple[int, int] | None
) -> tuple[bytes, bytes]:
    """The header with its final length, and the generic header of the encrypted payload."""
    extra = 4 if fragment is not None else 0
    length = 4 + extra + suite.encryption.iv_size + size + suite.icv_size
    if length > _MOST:
        raise too_long("The encrypted payload")
    kind = V2PayloadType.SK if fragment is None else V2PayloadType.SKF
    head = build(header.replace(next_payload=int(kind), length=HEADER_SIZE + length))
    generic = bytes((first, 0)) + length.to_bytes(2, "big")
    if fragment is not None:
        generic += fragment[0].to_bytes(2, "big") + fragment[1].to_bytes(2, "big")
    return head, generic


def _icv(suite: Suite, keys: Keys, covered: Expr, number: str, scope: str) -> Term:
    assert suite.integrity is not None
    assert keys.integrity is not None
    return derive(f"ICV{number}", Icv(suite.integrity, keys.integrity, covered), _CITE, scope=scope)


class Unsealed(NamedTuple):
    """What was inside, with the terms of the encrypted payload and what to say of them."""

    plaintext: bytes
    bindings: list[Binding]
    expected: Term | None
    received: Term
    iv: Term


def unseal(suite: Suite, keys: Keys, message: V2Message, *, scope: str, number: str) -> Unsealed:
    """Check the ICV, then decrypt.

    Raises:
        Refusal: the ICV does not verify, or the ciphertext is not whole blocks.
    """
    encryption = suite.encryption
    spans = {name: message.part(name) for name in ("iv", "ciphertext", "icv")}
    IV = Term(f"IV{number}", spans["iv"].octets, spans["iv"], scope=scope)
    E = Term(f"E{number}", spans["ciphertext"].octets, spans["ciphertext"], scope=scope, nature=Nature.ENCRYPTED)
    ICV = Term(f"ICV{number}", spans["icv"].octets, spans["icv"], scope=scope, nature=Nature.DERIVED)
    front = message.datagram.octets[message.start : spans["iv"].start]
    aad: Expr = Plain("HDR | SK header", front)
    expected: Term | None = None
    if encryption.is_aead:
        salt = keys.salt.octets if keys.salt is not None else b""
        plaintext = encryption.open(keys.encryption.octets, salt, IV.octets, E.octets, ICV.octets, front)
    else:
        expected = _icv(suite, keys, aad | IV | E, number, scope)
        good = hmac.compare_digest(expected.octets, ICV.octets)
        salt = keys.salt.octets if keys.salt is not None else b""
        plaintext = encryption.open(keys.encryption.octets, salt, IV.octets, E.octets) if good else None
    if plaintext is None:
        raise Refusal("The ICV does not verify", _CITE, expected=expected, received=ICV)
    bindings = [Binding(term, span) for term, span in zip((IV, E, ICV), spans.values(), strict=True) if term.octets]
    return Unsealed(plaintext, bindings, expected, ICV, IV)


def opened(message: V2Message, unsealed: Unsealed, fragments: Fragments) -> V2Message:
    """The payloads that were inside, of one datagram or of all its fragments.

    Raises:
        Refusal: they cannot be read.
    """
    try:
        if not fragments.total:
            return open_v2(message, unsealed.plaintext, message.part("ciphertext"))
        part = open_fragment(message, unsealed.plaintext, message.part("ciphertext"))
        return read_reassembled(part, fragments.whole(), fragments.first_payload)
    except WireError as error:
        raise Refusal(error.rule, error.citation, V2NotifyType.INVALID_SYNTAX, offset=error.offset) from error


def opened_fragment(message: V2Message, unsealed: Unsealed) -> V2Message:
    """What was inside one fragment.

    Raises:
        Refusal: the padding is not right.
    """
    try:
        return open_fragment(message, unsealed.plaintext, message.part("ciphertext"))
    except WireError as error:
        raise Refusal(error.rule, error.citation, offset=error.offset) from error
