"""One AH packet (RFC 4302): nothing is hidden, and nothing may be changed, the IP header's fixed fields included."""

from __future__ import annotations

import hmac
from ipaddress import IPv4Address
from typing import NamedTuple

from explorer.crypto.expression import Expr, Plain
from explorer.crypto.prfs import Icv
from explorer.crypto.term import Configured, Nature, Term, derive
from explorer.engine.refusal import Refusal
from explorer.events import Binding, Event, Learned, Role, Verified
from explorer.octets import Buffer, Span
from explorer.protocols.esp.sa import IpsecSa, Learn, bind_run, packet_scope
from explorer.registry.ip import IpProtocol
from explorer.wire.ah import AhHeader
from explorer.wire.structure import build

_CITE = "RFC 4302 §3.3.3"
_HEADER = 12
"""Octets in front of the ICV."""


class Covered(NamedTuple):
    """A finished packet, and the terms of its header."""

    octets: bytes
    terms: tuple[Term, ...]


def _outer(source: str, destination: str, size: int) -> bytes:
    """The IP header as AH sees it: what may change on the way counts as zero (RFC 4302 §3.3.3.1.1)."""
    length = (20 + size).to_bytes(2, "big")
    addresses = IPv4Address(source).packed + IPv4Address(destination).packed
    return b"\x45\x00" + length + bytes(5) + bytes((IpProtocol.AH,)) + bytes(2) + addresses


def cover(
    sa: IpsecSa, sequence: int, payload: Expr, next_header: int, ends: tuple[str, str], role: Role, learn: Learn
) -> Covered:
    """Put AH in front of a payload; ``ends`` are the addresses of the outer header."""
    scope, size = packet_scope(sa, sequence), sa.icv_size
    seq = learn(
        Term("seq", sequence.to_bytes(4, "big"), Configured("RFC 4302 §2.5"), scope=scope, owner=str(role))
    )
    words = bytes((next_header, (_HEADER + size) // 4 - 2, 0, 0))
    ICV = learn(_icv(sa, scope, ends, words, seq, payload))
    header = AhHeader(
        next_header=next_header,
        payload_length=words[1],
        spi=int.from_bytes(sa.spi.octets, "big"),
        sequence=sequence,
        icv=ICV.octets,
    )
    return Covered(build(header) + payload.octets, (sa.spi, seq, ICV))


def _icv(sa: IpsecSa, scope: str, ends: tuple[str, str], words: bytes, seq: Term, payload: Expr) -> Term:
    size = sa.icv_size
    total = _HEADER + size + len(payload.octets)
    covered = (
        Plain("IP header", _outer(*ends, total))
        | Plain("Next Header | Length", words)
        | sa.spi
        | seq
        | Plain("zeros for the ICV", bytes(size))
        | payload
    )
    assert sa.integrity is not None
    assert sa.integrity_key is not None
    return derive("ICV", Icv(sa.integrity, sa.integrity_key, covered), _CITE, scope=scope)


class Uncovered(NamedTuple):
    """What a received AH packet says, once it has been verified."""

    bindings: list[Binding]
    events: list[Event]


def check(sa: IpsecSa, buffer: Buffer, header: AhHeader, ends: tuple[str, str], payload: Expr) -> Uncovered:
    """Recompute the ICV over the packet as it came.

    Raises:
        Refusal: it differs.
    """
    scope = packet_scope(sa, header.sequence)
    spans = (Span(buffer, 8, 12), Span(buffer, _HEADER, _HEADER + sa.icv_size))
    seq = Term("seq", spans[0].octets, spans[0], scope=scope)
    received = Term("ICV", spans[1].octets, spans[1], scope=scope, nature=Nature.DERIVED)
    expected = _icv(sa, scope, ends, buffer.octets[:4], seq, payload)
    if not hmac.compare_digest(expected.octets, received.octets):
        raise Refusal("The ICV does not verify", "RFC 4302 §3.4.4", expected=expected, received=received)
    bindings = bind_run(buffer, 4, [sa.spi, seq, received])
    events: list[Event] = [Learned(expected), Verified("ICV", expected, received, None, "RFC 4302 §3.4.4")]
    return Uncovered(bindings, events)
