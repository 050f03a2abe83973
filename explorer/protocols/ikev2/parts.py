"""What a message is put together from, and how its payloads are named (RFC 7296 §1.2)."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from explorer.crypto.certificate import Certificate
from explorer.crypto.expression import Concat, Expr, Plain
from explorer.crypto.term import Term
from explorer.engine.refusal import Refusal
from explorer.events import Binding
from explorer.octets import Span
from explorer.registry.certificate import CertificateEncoding
from explorer.registry.ikev2 import ConfigType, V2PayloadType
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.wire.ikev2 import V2CertificateRequest, V2Configuration, V2Delete, V2Notify, V2OpaquePayload, V2Payload
from explorer.wire.ikev2_message import V2Message
from explorer.wire.structure import Structure, build


class Part(NamedTuple):
    """One payload of a message to be.

    Attributes:
        word: as the RFC writes it, such as ``SAi2`` or ``N(COOKIE)``.
        kind: its type.
        payload: the structure.
        terms: which term stands at which octet of its body.
    """

    word: str
    kind: int
    payload: V2Payload
    terms: tuple[tuple[Term, int], ...] = ()


def notify(kind: V2NotifyType, data: bytes = b"", terms: Sequence[tuple[Term, int]] = (), **where: object) -> Part:
    """A notification."""
    payload = V2Notify(notify_type=int(kind), data=data, **where)  # type: ignore[arg-type]
    return Part(f"N({kind.label})", int(V2PayloadType.NOTIFY), payload, tuple(terms))


def of_term(word: str, kind: int, term: Term) -> Part:
    """A payload whose whole body is a term, such as an SA or an identity: what is in it was put together already."""
    return Part(word, kind, V2OpaquePayload(data=term.octets), ((term, 0),))


def request_certificate(authorities: Sequence[Certificate]) -> list[Part]:
    """CERTREQ: by whom a certificate should be issued, as SHA-1 of each authority's public key (RFC 7296 §3.7)."""
    if not authorities:
        return []
    hashes = b"".join(hashlib.sha1(ca.spki, usedforsecurity=False).digest() for ca in authorities)
    payload = V2CertificateRequest(encoding=int(CertificateEncoding.X509_SIGNATURE), authorities=hashes)
    return [Part("CERTREQ", int(V2PayloadType.CERTREQ), payload)]


def too_long(what: str) -> Refusal:
    """Lengths have 16 bits, and what others say of themselves may be nearly that long (RFC 7296 §3.2)."""
    return Refusal(f"{what} would be longer than its length can say", "RFC 7296 §3.2", V2NotifyType.INVALID_SYNTAX)


def chain(parts: Sequence[Part]) -> tuple[int, Expr]:
    """Type of the first payload, and the octets of all with their terms named in them.

    Raises:
        Refusal: one of them is too long.
    """
    if not parts:
        return int(V2PayloadType.NONE), Concat(())
    following = [part.kind for part in parts[1:]] + [int(V2PayloadType.NONE)]
    pieces: list[Expr] = []
    for part, kind in zip(parts, following, strict=True):
        octets = built(f"The payload {part.word}", part.payload, kind)
        at = 0
        for term, offset in sorted(part.terms, key=lambda item: item[1]):
            if offset + 4 < at:
                continue
            pieces.append(Plain(f"{part.word}…" if at else part.word, octets[at : offset + 4]))
            pieces.append(term)
            at = offset + 4 + len(term.octets)
        if at < len(octets):
            pieces.append(Plain(part.word, octets[at:]))
    return parts[0].kind, Concat(tuple(pieces))


def built(what: str, structure: Structure, following: int = 0) -> bytes:
    """The octets of what may be longer than its length can say.

    Raises:
        Refusal: it is.
    """
    try:
        return build(structure, following)
    except struct.error as error:
        raise too_long(what) from error


def bind_parts(parts: Sequence[Part], message: V2Message) -> list[Binding]:
    """Where the terms stand in the finished message."""
    bindings = []
    for index, part in enumerate(parts):
        body = message.body(index)
        for term, offset in part.terms:
            at = body.start + offset
            bindings.append(Binding(term, Span(body.buffer, at, at + len(term.octets))))
    return bindings


ERRORS_END = 16384
"""Notifications below are errors (RFC 7296 §3.10.1)."""


def notifies_in(message: V2Message) -> set[int]:
    """The kinds of notification in a message that has been opened."""
    return {payload.notify_type for payload in message.payloads if isinstance(payload, V2Notify)}


def errors_in(message: V2Message) -> set[int]:
    """The errors among them."""
    return {kind for kind in notifies_in(message) if kind < ERRORS_END}


_WORDS: Mapping[int, str] = {
    V2PayloadType.SA: "SA",
    V2PayloadType.KE: "KE",
    V2PayloadType.IDI: "IDi",
    V2PayloadType.IDR: "IDr",
    V2PayloadType.CERT: "CERT",
    V2PayloadType.CERTREQ: "CERTREQ",
    V2PayloadType.AUTH: "AUTH",
    V2PayloadType.NONCE: "N",
    V2PayloadType.VENDOR: "V",
    V2PayloadType.TSI: "TSi",
    V2PayloadType.TSR: "TSr",
    V2PayloadType.CP: "CP",
    V2PayloadType.EAP: "EAP",
    V2PayloadType.DELETE: "D",
}


def word_of(payload: V2Payload, kind: int) -> str:
    """What a received payload is called."""
    if isinstance(payload, V2Notify):
        return f"N({V2NotifyType.name_of(payload.notify_type)})"
    if isinstance(payload, V2Delete):
        return "D"
    if isinstance(payload, V2Configuration):
        return f"CP({ConfigType.name_of(payload.kind)})"
    return _WORDS.get(kind) or f"payload {kind}"


def notation(words: Sequence[str], *, encrypted: bool, fragment: tuple[int, int] | None = None) -> str:
    """A message as RFC 7296 writes it: ``HDR, SK {IDi, AUTH, …}``.

    Of a fragment number and total are told, and of the last one what all of them hold together.
    """
    inside = ", ".join(words)
    if fragment is not None:
        return f"HDR, SKF {fragment[0]}/{fragment[1]} {{…}}" + (f": {inside}" if inside else "")
    return f"HDR, SK {{{inside}}}" if encrypted else ", ".join(("HDR", *words))
