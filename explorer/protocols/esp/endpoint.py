"""One end of a protected path: packets in, ESP and AH out, and back."""

from __future__ import annotations

from collections import deque
from ipaddress import IPv4Address

from explorer.crypto.expression import Concat, Expr
from explorer.crypto.term import Configured, Term
from explorer.engine.ledger import Entropy
from explorer.engine.refusal import Refusal
from explorer.errors import NoSaError, WireError
from explorer.events import (
    Binding,
    Datagram,
    Endpoint,
    Envelope,
    Event,
    Learned,
    Making,
    Received,
    Refused,
    Role,
    SaSnapshot,
    Sent,
)
from explorer.octets import Buffer, Span
from explorer.protocols.esp import ah, esp
from explorer.protocols.esp.notation import describe, title
from explorer.protocols.esp.sa import IpsecSa, bind_run, packet_scope
from explorer.protocols.esp.window import ReplayWindow
from explorer.registry.ip import IpProtocol
from explorer.wire.ah import read_ah
from explorer.wire.esp import EspPacket, read_content, read_esp
from explorer.wire.field import Tree
from explorer.wire.ip import build_ipv4

_ESP, _AH = int(IpProtocol.ESP), int(IpProtocol.AH)


class IpsecEndpoint:
    """Holds the inbound and outbound SAs that were negotiated.  Never raises on what arrives."""

    def __init__(self, entropy: Entropy, role: Role, local: str, remote: str) -> None:
        self._entropy = entropy
        self._role = role
        self._ends = local, remote
        self._events: deque[Event] = deque()
        self._outbox: list[tuple[bytes, int]] = []
        self._outbound: dict[str, dict[int, IpsecSa]] = {}
        self._inbound: dict[tuple[int, int], tuple[IpsecSa, ReplayWindow]] = {}
        self._sequence: dict[tuple[int, bytes], int] = {}

    def install(self, snapshot: SaSnapshot) -> None:
        """Take a negotiated SA into use; a new outbound one starts to count at 1 (RFC 4303 §3.3.3)."""
        sa = IpsecSa.of(snapshot)
        if snapshot.direction == "outbound":
            self._outbound.setdefault(sa.scope, {})[sa.protocol] = sa
            self._sequence[sa.protocol, sa.spi.octets] = 0
        else:
            self._inbound[sa.protocol, int.from_bytes(sa.spi.octets, "big")] = (sa, ReplayWindow())

    def remove(self, spi: Term) -> None:
        """Use an SA no more."""
        self._outbound = {
            scope: bundle
            for scope, bundle in self._outbound.items()
            if all(sa.spi.octets != spi.octets for sa in bundle.values())
        }
        self._inbound = {key: held for key, held in self._inbound.items() if held[0].spi.octets != spi.octets}

    def move(self, local: str, remote: str) -> None:
        """Both ends are where they are told to be from now on."""
        self._ends = local, remote

    def next_event(self) -> Event | None:
        """The oldest event not yet taken, or ``None``."""
        return self._events.popleft() if self._events else None

    def take_events(self) -> list[Event]:
        """All events not yet taken, oldest first."""
        events = list(self._events)
        self._events.clear()
        return events

    def packets_to_send(self, natt: tuple[Endpoint, Endpoint] | None) -> list[Datagram]:
        """IP payloads that are ready; with a NAT in between, ESP goes in UDP between these ends (RFC 3948 §2.1)."""
        if not self._outbox:
            return []
        local, remote = (Endpoint(end, 0) for end in self._ends)
        ready = []
        for octets, protocol in self._outbox:
            if natt is not None and protocol == _ESP:
                ready.append(Datagram(octets, *natt))
            else:
                ready.append(Datagram(octets, local, remote, protocol))
        self._outbox.clear()
        return ready

    # ---------------------------------------------------------------- sending

    def protect(self, packet: bytes) -> None:
        """Protect an IP packet with the newest SAs and put it into the outbox.

        Raises:
            NoSaError: no outbound SA has been negotiated.
        """
        if not self._outbound:
            raise NoSaError("no outbound SA")
        bundle = next(reversed(self._outbound.values()))
        first = bundle.get(_ESP) or bundle[_AH]
        sequence = self._count(first)
        notation = f"{title(bundle)}  {describe(packet)}"
        scope = packet_scope(first, sequence)
        exchange = "ESP" if _ESP in bundle else "AH"
        self._events.append(Making(exchange, scope, notation))
        inner, next_header = (packet[20:], packet[9]) if first.transport else (packet, int(IpProtocol.IPV4))
        octets, bindings, trees = self._wrap(bundle, sequence, inner, next_header)
        envelope = Envelope(trees, notation, exchange, scope, 0, _ESP in bundle)
        self._events.append(Sent(envelope, tuple(bindings)))
        self._outbox.append((octets, _AH if _AH in bundle else _ESP))

    def _wrap(
        self, bundle: dict[int, IpsecSa], sequence: int, inner: bytes, next_header: int
    ) -> tuple[bytes, list[Binding], tuple[Tree, ...]]:
        """ESP first, AH around it."""
        if _ESP not in bundle:
            return self._cover(bundle[_AH], sequence, self._plain(bundle[_AH], sequence, inner), next_header)
        sa = bundle[_ESP]
        sealed = esp.seal(sa, sequence, inner, next_header, self._entropy, self._role, self._learn)
        sizes = _sizes(sa)
        if _AH in bundle:
            whole = Concat(sealed.terms)
            octets, bindings, trees = self._cover(bundle[_AH], self._count(bundle[_AH]), whole, _ESP, sizes)
            tree = trees[0]
        else:
            octets, bindings = sealed.octets, []
            _, tree = read_esp(Buffer("datagram", octets), *sizes)
        at = len(octets) - len(sealed.octets)
        bindings += bind_run(tree.buffer, at, sealed.terms)
        ciphertext = next(span for term, span in bindings if term.symbol == "E")
        _, _, inside = read_content(sealed.plaintext, ciphertext)
        bindings.append(Binding(sealed.packet, Span(inside.buffer, 0, len(inner))))
        return octets, bindings, (tree, inside)

    def _plain(self, sa: IpsecSa, sequence: int, inner: bytes) -> Term:
        """What AH alone covers."""
        scope = packet_scope(sa, sequence)
        origin = Configured("RFC 4302 §3.1")
        return self._learn(Term("packet", inner, origin, scope=scope, owner=str(self._role)))

    def _cover(
        self, sa: IpsecSa, sequence: int, payload: Expr, next_header: int, sizes: tuple[int, int] | None = None
    ) -> tuple[bytes, list[Binding], tuple[Tree, ...]]:
        covered = ah.cover(sa, sequence, payload, next_header, self._ends, self._role, self._learn)
        _, _, tree = read_ah(Buffer("datagram", covered.octets), sizes)
        bindings = bind_run(tree.buffer, 4, covered.terms)
        if isinstance(payload, Term):
            at = len(covered.octets) - len(payload.octets)
            bindings.append(Binding(payload, Span(tree.buffer, at, len(covered.octets))))
        return covered.octets, bindings, (tree,)

    def _count(self, sa: IpsecSa) -> int:
        key = sa.protocol, sa.spi.octets
        self._sequence[key] += 1
        return self._sequence[key]

    def _learn(self, term: Term) -> Term:
        self._events.append(Learned(term))
        return term

    # ---------------------------------------------------------------- receiving

    def open(self, data: bytes, protocol: int, source: Endpoint) -> bytes | None:
        """The IP packet that was protected, or ``None``; whatever is wrong becomes a ``Refused`` event."""
        try:
            return self._open_ah(data, source) if protocol == _AH else self._open_esp(data)
        except WireError as error:
            self._events.append(Refused(error.rule, error.citation, offset=error.offset))
        except Refusal as refusal:
            self._events.append(refusal.event())
        return None

    def _find(self, protocol: int, data: bytes, at: int) -> tuple[IpsecSa, ReplayWindow]:
        spi = int.from_bytes(data[at : at + 4], "big")
        if len(data) < at + 4 or (protocol, spi) not in self._inbound:
            raise Refusal(f"No SA has SPI {spi:08x}", "RFC 4303 §3.4.2", offset=at)
        return self._inbound[protocol, spi]

    @staticmethod
    def _check_sequence(window: ReplayWindow, sequence: int, at: int) -> None:
        if not window.accepts(sequence):
            reason = f"Sequence number {sequence} was seen before or is too old"
            raise Refusal(reason, "RFC 4303 §3.4.3", offset=at)

    def _open_esp(self, data: bytes) -> bytes:
        sa, window = self._find(_ESP, data, 0)
        if any(kind == _AH and held.scope == sa.scope for (kind, _), (held, _) in self._inbound.items()):
            raise Refusal("This SA is agreed on only under AH, and no AH covers the packet", "RFC 4301 §5.2", offset=0)
        packet, tree = read_esp(Buffer("datagram", data), *_sizes(sa))
        opened = self._opened(sa, window, tree.buffer, 0, packet)
        return self._received(sa, packet.sequence, "ESP", opened, (tree, opened.inside))

    def _opened(
        self, sa: IpsecSa, window: ReplayWindow, buffer: Buffer, at: int, packet: EspPacket
    ) -> esp.Opened:
        if sa.cipher is None or not packet.ciphertext or len(packet.ciphertext) % sa.cipher.block:
            raise Refusal("The encrypted part is not whole blocks", "RFC 4303 §2.4", offset=at + 8)
        self._check_sequence(window, packet.sequence, at + 4)
        opened = esp.open_packet(sa, buffer, at, packet, self._role.other)
        if not sa.transport and opened.trailer.next_header != IpProtocol.IPV4:
            raise Refusal("Tunnel mode carries an IP packet", "RFC 4303 §2.6")
        window.move(packet.sequence)
        return opened

    def _received(
        self, sa: IpsecSa, sequence: int, name: str, opened: esp.Opened, trees: tuple[Tree, ...]
    ) -> bytes:
        packet = self._whole(sa, opened.inner, opened.trailer.next_header)
        notation = f"{name}  {describe(packet)}"
        envelope = Envelope(trees, notation, "ESP", packet_scope(sa, sequence), 0, True)
        self._events.append(Received(envelope, tuple(opened.bindings)))
        self._events.extend(opened.events)
        return packet

    def _open_ah(self, data: bytes, source: Endpoint) -> bytes:
        sa, window = self._find(_AH, data, 4)
        buffer = Buffer("datagram", data)
        inner_sa = self._esp_of(sa)
        header, packet, tree = read_ah(buffer, _sizes(inner_sa[0]) if inner_sa is not None else None)
        self._check_sequence(window, header.sequence, 8)
        at = 12 + len(header.icv)
        ends = (source.address, self._ends[0])
        if inner_sa is not None:
            if packet is None or packet.spi != int.from_bytes(inner_sa[0].spi.octets, "big"):
                reason = "This SA is agreed on only around the ESP of its bundle, which is not inside"
                raise Refusal(reason, "RFC 4301 §5.2", offset=at)
            # What AH covers consists of the terms of ESP.
            covered = Concat(tuple(term for term, _ in esp.received_terms(inner_sa[0], buffer, at, packet)))
            checked = ah.check(sa, buffer, header, ends, covered)
            window.move(header.sequence)
            opened = self._opened(*inner_sa, buffer, at, packet)
            opened = opened._replace(
                bindings=[*checked.bindings, *opened.bindings], events=[*checked.events, *opened.events]
            )
            return self._received(inner_sa[0], packet.sequence, "AH, ESP", opened, (tree, opened.inside))
        span, scope = Span(buffer, at, len(data)), packet_scope(sa, header.sequence)
        payload = Term("packet", span.octets, span, scope=scope, owner=str(self._role.other))
        checked = ah.check(sa, buffer, header, ends, payload)
        window.move(header.sequence)
        whole = self._whole(sa, payload.octets, header.next_header)
        envelope = Envelope((tree,), f"AH  {describe(whole)}", "AH", scope, 0, False)
        self._events.append(Received(envelope, (*checked.bindings, Binding(payload, span))))
        self._events.extend(checked.events)
        return whole

    def _esp_of(self, sa: IpsecSa) -> tuple[IpsecSa, ReplayWindow] | None:
        """The ESP SA of the same bundle."""
        return next((held for held in self._inbound.values() if held[0].scope == sa.scope and held[0].cipher), None)

    def _whole(self, sa: IpsecSa, inner: bytes, next_header: int) -> bytes:
        """In transport mode the IP header was never inside: put one in front again."""
        if not sa.transport:
            return inner
        source, destination = (IPv4Address(end).packed for end in reversed(self._ends))
        return build_ipv4(source, destination, next_header, inner)


def _sizes(sa: IpsecSa) -> tuple[int, int]:
    """Octets of IV and ICV."""
    return sa.cipher.iv_size if sa.cipher is not None else 0, sa.icv_size
