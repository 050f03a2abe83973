"""One ESP packet (RFC 4303): sealed around what it protects, and opened again."""

from __future__ import annotations

import hmac
from typing import NamedTuple

from explorer.crypto.expression import Encrypt, Plain, Prf
from explorer.crypto.term import Configured, Drawn, Nature, Term, derive
from explorer.engine.ledger import Entropy
from explorer.engine.refusal import Refusal
from explorer.events import Binding, Decrypted, Event, Learned, Role, Verified
from explorer.octets import Buffer, Span
from explorer.protocols.esp.sa import IpsecSa, Learn, bind_run, packet_scope
from explorer.wire.esp import EspPacket, EspTrailer, read_content
from explorer.wire.field import Tree
from explorer.wire.structure import build

_ICV_CITE = "RFC 4303 §2.8"


class Sealed(NamedTuple):
    """A finished packet: its octets, the terms that it consists of, and its plaintext with what is inside."""

    octets: bytes
    terms: tuple[Term, ...]
    plaintext: bytes
    packet: Term


def seal(
    sa: IpsecSa, sequence: int, packet: bytes, next_header: int, entropy: Entropy, role: Role, learn: Learn
) -> Sealed:
    """Encrypt a packet and a trailer, then make the ICV."""
    assert sa.cipher is not None
    assert sa.encryption_key is not None
    scope, owner = packet_scope(sa, sequence), str(role)
    iv = entropy.draw(sa.cipher.block, f"{scope}/IV")
    inside = learn(Term("packet", packet, Configured("RFC 4303 §3.1.2"), scope=scope, owner=owner))
    seq = learn(Term("seq", sequence.to_bytes(4, "big"), Configured("RFC 4303 §2.2"), scope=scope, owner=owner))
    IV = learn(Term("IV", iv, Drawn("IV", "RFC 3602 §3"), scope=scope, owner=owner))
    padding = _padding(len(packet), sa.cipher.block)
    plaintext = inside | Plain("padding", padding) | len(padding) | next_header
    sealed = Encrypt(sa.cipher, sa.encryption_key, IV, plaintext)
    E = learn(derive("E", sealed, "RFC 4303 §3.3.2", scope=scope, nature=Nature.ENCRYPTED))
    ICV = learn(_icv(sa, seq, IV, E, scope))
    octets = build(
        EspPacket(
            spi=int.from_bytes(sa.spi.octets, "big"),
            sequence=sequence,
            iv=IV.octets,
            ciphertext=E.octets,
            icv=ICV.octets,
        )
    )
    return Sealed(octets, (sa.spi, seq, IV, E, ICV), plaintext.octets, inside)


class Opened(NamedTuple):
    """What was inside a received packet."""

    inner: bytes
    trailer: EspTrailer
    inside: Tree
    bindings: list[Binding]
    events: list[Event]


def open_packet(sa: IpsecSa, buffer: Buffer, at: int, packet: EspPacket, sender: Role) -> Opened:
    """Check the ICV, then decrypt.

    Args:
        at: octet of the buffer at which the ESP packet begins.

    Raises:
        Refusal: the ICV does not verify.
        WireError: the plaintext is not what it should be.
    """
    assert sa.cipher is not None
    assert sa.encryption_key is not None
    scope = packet_scope(sa, packet.sequence)
    bindings = received_terms(sa, buffer, at, packet)
    _, seq, iv, sealed, icv = (term for term, _ in bindings)
    expected = _icv(sa, seq, iv, sealed, scope)
    if not hmac.compare_digest(expected.octets, icv.octets):
        raise Refusal("The ICV does not verify", "RFC 4303 §3.4.4", expected=expected, received=icv)
    plaintext = sa.cipher.decrypt(sa.encryption_key.octets, iv.octets, sealed.octets)
    inner, trailer, inside = read_content(plaintext, bindings[3].span)
    span = Span(inside.buffer, 0, len(inner))
    bindings.append(Binding(Term("packet", inner, span, scope=scope, owner=str(sender)), span))
    events: list[Event] = [
        Learned(expected),
        Verified("ICV", expected, icv, None, "RFC 4303 §3.4.4"),
        Decrypted(bindings[3].span, sa.encryption_key, iv),
    ]
    return Opened(inner, trailer, inside, bindings, events)


def received_terms(sa: IpsecSa, buffer: Buffer, at: int, packet: EspPacket) -> list[Binding]:
    """SPI, sequence number, IV, ciphertext and ICV of a received packet, in their order and without a gap."""
    return bind_run(buffer, at, [sa.spi, *_received(buffer, at, sa, packet_scope(sa, packet.sequence))])


def _padding(size: int, block: int) -> bytes:
    """1, 2, 3 and so on, so that packet, padding and the two octets after it are whole blocks (RFC 4303 §2.4)."""
    return bytes(range(1, -(size + 2) % block + 1))


def _icv(sa: IpsecSa, seq: Term, iv: Term, sealed: Term, scope: str) -> Term:
    """Over everything in front of it: SPI, sequence number, IV and ciphertext."""
    mac = Prf(
        sa.integrity.function, sa.integrity_key, sa.spi | seq | iv | sealed, word=f"HMAC-{sa.integrity.function.label}"
    )
    return derive("ICV", mac[: sa.integrity.icv_size], _ICV_CITE, scope=scope)


def _received(buffer: Buffer, at: int, sa: IpsecSa, scope: str) -> list[Term]:
    """Sequence number, IV, ciphertext and ICV of a received packet as terms."""
    assert sa.cipher is not None
    block, end = sa.cipher.block, len(buffer.octets)
    cuts = (
        ("seq", at + 4, at + 8, Nature.PUBLIC),
        ("IV", at + 8, at + 8 + block, Nature.PUBLIC),
        ("E", at + 8 + block, end - sa.integrity.icv_size, Nature.ENCRYPTED),
        ("ICV", end - sa.integrity.icv_size, end, Nature.DERIVED),
    )
    terms = []
    for symbol, start, stop, nature in cuts:
        span = Span(buffer, start, stop)
        terms.append(Term(symbol, span.octets, span, scope=scope, nature=nature))
    return terms
