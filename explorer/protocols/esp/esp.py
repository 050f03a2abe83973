"""One ESP packet (RFC 4303): sealed around what it protects, and opened again."""

from __future__ import annotations

import hmac
from typing import NamedTuple

from explorer.crypto.ciphers import Seal
from explorer.crypto.expression import Expr, Plain
from explorer.crypto.prfs import Icv
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
    iv = entropy.draw(sa.cipher.iv_size, f"{scope}/IV")
    inside = learn(Term("packet", packet, Configured("RFC 4303 §3.1.2"), scope=scope, owner=owner))
    seq = learn(Term("seq", sequence.to_bytes(4, "big"), Configured("RFC 4303 §2.2"), scope=scope, owner=owner))
    IV = learn(Term("IV", iv, Drawn("IV", "RFC 3602 §3"), scope=scope, owner=owner))
    padding = _padding(len(packet), sa.cipher.block)
    plaintext = inside | Plain("padding", padding) | len(padding) | next_header
    sealed = Seal(sa.cipher, sa.encryption_key, sa.salt, IV, plaintext, _covered(sa, seq))
    size = len(plaintext.octets)
    whole = sealed[:size] if sa.cipher.is_aead else sealed
    E = learn(derive("E", whole, "RFC 4303 §3.3.2", scope=scope, nature=Nature.ENCRYPTED))
    if sa.cipher.is_aead:
        ICV = learn(derive("ICV", sealed[size:], "RFC 4106 §6", scope=scope))
    else:
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
    expected = icv if sa.cipher.is_aead else _icv(sa, seq, iv, sealed, scope)
    plaintext = _decrypted(sa, seq, iv, sealed, icv, expected)
    if plaintext is None:
        raise Refusal("The ICV does not verify", "RFC 4303 §3.4.4", expected=expected, received=icv)
    inner, trailer, inside = read_content(plaintext, bindings[3].span)
    span = Span(inside.buffer, 0, len(inner))
    bindings.append(Binding(Term("packet", inner, span, scope=scope, owner=str(sender)), span))
    events: list[Event] = [
        *([] if sa.cipher.is_aead else [Learned(expected)]),
        Verified("ICV", expected, icv, None, "RFC 4303 §3.4.4"),
        Decrypted(bindings[3].span, sa.encryption_key, iv),
    ]
    return Opened(inner, trailer, inside, bindings, events)


def received_terms(sa: IpsecSa, buffer: Buffer, at: int, packet: EspPacket) -> list[Binding]:
    """SPI, sequence number, IV, ciphertext and ICV of a received packet, in their order and without a gap."""
    return bind_run(buffer, at, [sa.spi, *_received(buffer, at, sa, packet_scope(sa, packet.sequence))])


def _padding(size: int, block: int) -> bytes:
    """1, 2, 3 and so on, so that packet, padding and the two octets after it are whole blocks (RFC 4303 §2.4).

    A cipher without blocks needs some too: what follows must start at a multiple of four octets.
    """
    return bytes(range(1, -(size + 2) % max(block, 4) + 1))


def _covered(sa: IpsecSa, seq: Term) -> Expr:
    """What a cipher authenticates besides the plaintext: SPI and sequence number (RFC 4106 §5)."""
    if sa.extended:
        return sa.spi | Plain("high half", bytes(4)) | seq
    return sa.spi | seq


def _decrypted(sa: IpsecSa, seq: Term, iv: Term, sealed: Term, icv: Term, expected: Term) -> bytes | None:
    assert sa.cipher is not None
    assert sa.encryption_key is not None
    salt = sa.salt.octets if sa.salt is not None else b""
    if sa.cipher.is_aead:
        return sa.cipher.open(
            sa.encryption_key.octets, salt, iv.octets, sealed.octets, icv.octets, _covered(sa, seq).octets
        )
    good = hmac.compare_digest(expected.octets, icv.octets)
    return sa.cipher.open(sa.encryption_key.octets, salt, iv.octets, sealed.octets) if good else None


def _icv(sa: IpsecSa, seq: Term, iv: Term, sealed: Term, scope: str) -> Term:
    """Over everything in front of it: SPI, sequence number, IV and ciphertext."""
    assert sa.integrity is not None
    assert sa.integrity_key is not None
    covered = sa.spi | seq | iv | sealed
    if sa.extended:
        covered = covered | Plain("high half", bytes(4))
    return derive("ICV", Icv(sa.integrity, sa.integrity_key, covered), _ICV_CITE, scope=scope)


def _received(buffer: Buffer, at: int, sa: IpsecSa, scope: str) -> list[Term]:
    """Sequence number, IV, ciphertext and ICV of a received packet as terms."""
    assert sa.cipher is not None
    size, end = sa.cipher.iv_size, len(buffer.octets)
    cuts = (
        ("seq", at + 4, at + 8, Nature.PUBLIC),
        ("IV", at + 8, at + 8 + size, Nature.PUBLIC),
        ("E", at + 8 + size, end - sa.icv_size, Nature.ENCRYPTED),
        ("ICV", end - sa.icv_size, end, Nature.DERIVED),
    )
    terms = []
    for symbol, start, stop, nature in cuts:
        span = Span(buffer, start, stop)
        terms.append(Term(symbol, span.octets, span, scope=scope, nature=nature))
    return terms
