"""One end of the tunnel: packets in, ESP out, and back."""

from __future__ import annotations

import hmac
from collections import deque
from typing import NamedTuple

from explorer.crypto.algorithms import CIPHERS, INTEGRITY, CbcCipher, Integrity
from explorer.crypto.expression import Encrypt, Plain, Prf
from explorer.crypto.term import Configured, Drawn, Nature, Term, derive
from explorer.engine.ledger import Entropy
from explorer.engine.refusal import Refusal
from explorer.errors import WireError
from explorer.events import (
    Binding,
    Decrypted,
    Envelope,
    Event,
    Learned,
    Making,
    Received,
    Refused,
    Role,
    SaSnapshot,
    Sent,
    Verified,
)
from explorer.octets import Buffer, Span
from explorer.protocols.esp.notation import describe
from explorer.protocols.esp.window import ReplayWindow
from explorer.registry.ip import IpProtocol
from explorer.wire.esp import EspPacket, read_content, read_esp
from explorer.wire.structure import build

EXCHANGE = "ESP"

_ICV_CITE = "RFC 4303 §2.8"


class _Sa(NamedTuple):
    """The parts of an SA that every packet needs."""

    spi: Term
    cipher: CbcCipher
    integrity: Integrity
    encryption_key: Term
    integrity_key: Term


class EspEndpoint:
    """Holds the inbound and outbound SAs that were negotiated.  Never raises on what arrives."""

    def __init__(self, entropy: Entropy, role: Role) -> None:
        self._entropy = entropy
        self._role = role
        self._events: deque[Event] = deque()
        self._outbound: _Sa | None = None
        self._inbound: dict[int, tuple[_Sa, ReplayWindow]] = {}
        self._sequence = 0

    def install(self, snapshot: SaSnapshot) -> None:
        """Take a negotiated SA into use; a new outbound one starts to count at 1 (RFC 4303 §3.3.3)."""
        words, keys = dict(snapshot.algorithms), dict(snapshot.keys)
        sa = _Sa(
            snapshot.spis[0],
            CIPHERS[words["encryption"]],
            INTEGRITY[words["integrity"]],
            keys["encryption"],
            keys["integrity"],
        )
        if snapshot.direction == "outbound":
            self._outbound, self._sequence = sa, 0
        else:
            self._inbound[int.from_bytes(sa.spi.octets, "big")] = (sa, ReplayWindow())

    def next_event(self) -> Event | None:
        """The oldest event not yet taken, or ``None``."""
        return self._events.popleft() if self._events else None

    # ---------------------------------------------------------------- sending

    def protect(self, packet: bytes) -> bytes:
        """An ESP packet around an IP packet.

        Raises:
            LookupError: no outbound SA has been negotiated.
        """
        sa = self._outbound
        if sa is None:
            raise LookupError("no outbound SA")
        self._sequence += 1
        scope = _scope(sa.spi, self._sequence)
        notation = describe(packet)
        self._events.append(Making(EXCHANGE, scope, notation))
        terms = self._terms(sa, scope, packet)
        padding = _padding(len(packet), sa.cipher.block)
        plaintext = terms["packet"] | Plain("padding", padding) | len(padding) | int(IpProtocol.IPV4)
        sealed = Encrypt(sa.cipher, sa.encryption_key, terms["IV"], plaintext)
        E = self._learn(derive("E", sealed, "RFC 4303 §3.3.2", scope=scope, nature=Nature.ENCRYPTED))
        ICV = self._learn(_icv(sa, terms["seq"], terms["IV"], E, scope))
        octets = build(
            EspPacket(
                spi=int.from_bytes(sa.spi.octets, "big"),
                sequence=self._sequence,
                iv=terms["IV"].octets,
                ciphertext=E.octets,
                icv=ICV.octets,
            )
        )
        _, tree = read_esp(Buffer("datagram", octets), sa.cipher.block, sa.integrity.icv_size)
        bindings = _bind(tree.buffer, [sa.spi, terms["seq"], terms["IV"], E, ICV])
        _, _, inside = read_content(plaintext.octets, bindings[3].span)
        bindings.append(Binding(terms["packet"], Span(inside.buffer, 0, len(packet))))
        envelope = Envelope((tree, inside), notation, EXCHANGE, scope, 0, True)
        self._events.append(Sent(envelope, tuple(bindings)))
        return octets

    def _terms(self, sa: _Sa, scope: str, packet: bytes) -> dict[str, Term]:
        owner = str(self._role)
        sequence = self._sequence.to_bytes(4, "big")
        iv = self._entropy.draw(sa.cipher.block, f"{scope}/IV")
        made = (
            Term("packet", packet, Configured("RFC 4303 §3.1.2"), scope=scope, owner=owner),
            Term("seq", sequence, Configured("RFC 4303 §2.2"), scope=scope, owner=owner),
            Term("IV", iv, Drawn("IV", "RFC 3602 §3"), scope=scope, owner=owner),
        )
        return {term.symbol: self._learn(term) for term in made}

    def _learn(self, term: Term) -> Term:
        self._events.append(Learned(term))
        return term

    # ---------------------------------------------------------------- receiving

    def open(self, data: bytes) -> bytes | None:
        """The IP packet inside an ESP packet, or ``None``; whatever is wrong becomes a ``Refused`` event."""
        try:
            return self._open(data)
        except WireError as error:
            self._events.append(Refused(error.rule, error.citation, offset=error.offset))
        except Refusal as refusal:
            self._events.append(refusal.event())
        return None

    def _open(self, data: bytes) -> bytes:
        spi = int.from_bytes(data[:4], "big")
        if len(data) < 8 or spi not in self._inbound:
            raise Refusal(f"No SA has SPI {spi:08x}", "RFC 4303 §3.4.2", offset=0)
        sa, window = self._inbound[spi]
        packet, tree = read_esp(Buffer("datagram", data), sa.cipher.block, sa.integrity.icv_size)
        if not packet.ciphertext or len(packet.ciphertext) % sa.cipher.block:
            raise Refusal("The encrypted part is not whole blocks", "RFC 4303 §2.4", offset=8)
        if not window.accepts(packet.sequence):
            raise Refusal(
                f"Sequence number {packet.sequence} was seen before or is too old", "RFC 4303 §3.4.3", offset=4
            )
        scope = _scope(sa.spi, packet.sequence)
        bindings = _bind(tree.buffer, [sa.spi, *_received(tree.buffer, sa, scope)])
        _, seq, iv, sealed, icv = (term for term, _ in bindings)
        expected = _icv(sa, seq, iv, sealed, scope)
        if not hmac.compare_digest(expected.octets, icv.octets):
            raise Refusal("The ICV does not verify", "RFC 4303 §3.4.4", expected=expected, received=icv)
        plaintext = sa.cipher.decrypt(sa.encryption_key.octets, iv.octets, sealed.octets)
        inner, trailer, inside = read_content(plaintext, bindings[3].span)
        if trailer.next_header != IpProtocol.IPV4:
            raise Refusal("Tunnel mode carries an IP packet", "RFC 4303 §2.6")
        window.move(packet.sequence)
        span = Span(inside.buffer, 0, len(inner))
        bindings.append(Binding(Term("packet", inner, span, scope=scope, owner=str(self._role.other)), span))
        notation = describe(inner)
        envelope = Envelope((tree, inside), notation, EXCHANGE, scope, 0, True)
        self._events.append(Received(envelope, tuple(bindings)))
        self._learn(expected)
        self._events.append(Verified("ICV", expected, icv, None, "RFC 4303 §3.4.4"))
        self._events.append(Decrypted(bindings[3].span, sa.encryption_key, iv))
        return inner


def _scope(spi: Term, sequence: int) -> str:
    return f"ESP {spi.octets.hex()} {sequence}"


def _padding(size: int, block: int) -> bytes:
    """1, 2, 3 and so on, so that packet, padding and the two octets after it are whole blocks (RFC 4303 §2.4)."""
    return bytes(range(1, -(size + 2) % block + 1))


def _icv(sa: _Sa, seq: Term, iv: Term, sealed: Term, scope: str) -> Term:
    """Over everything in front of it: SPI, sequence number, IV and ciphertext."""
    mac = Prf(
        sa.integrity.function, sa.integrity_key, sa.spi | seq | iv | sealed, word=f"HMAC-{sa.integrity.function.label}"
    )
    return derive("ICV", mac[: sa.integrity.icv_size], _ICV_CITE, scope=scope)


def _received(buffer: Buffer, sa: _Sa, scope: str) -> list[Term]:
    """Sequence number, IV, ciphertext and ICV of a received packet as terms."""
    block, end = sa.cipher.block, len(buffer.octets)
    cuts = (
        ("seq", 4, 8, Nature.PUBLIC),
        ("IV", 8, 8 + block, Nature.PUBLIC),
        ("E", 8 + block, end - sa.integrity.icv_size, Nature.ENCRYPTED),
        ("ICV", end - sa.integrity.icv_size, end, Nature.DERIVED),
    )
    terms = []
    for symbol, start, stop, nature in cuts:
        span = Span(buffer, start, stop)
        terms.append(Term(symbol, span.octets, span, scope=scope, nature=nature))
    return terms


def _bind(buffer: Buffer, terms: list[Term]) -> list[Binding]:
    """Terms that follow one another from the start of the packet."""
    bindings, at = [], 0
    for term in terms:
        bindings.append(Binding(term, Span(buffer, at, at + len(term.octets))))
        at += len(term.octets)
    return bindings
