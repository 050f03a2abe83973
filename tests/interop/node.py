"""An IKE peer of ours with the ESP end that it feeds, and somebody behind it who answers pings."""

from __future__ import annotations

from ipaddress import IPv4Address

from machine import BEHIND_US

from explorer.engine.ledger import Entropy
from explorer.events import Datagram, Endpoint, Event, Role, SaInstalled
from explorer.protocols.esp.endpoint import EspEndpoint
from explorer.protocols.ikev1.peer import Ikev1Peer
from explorer.registry.ip import IcmpType, IpProtocol
from explorer.wire.ip import build_echo, build_ipv4

_MARKER = bytes(4)
_KEEPALIVE = b"\xff"


class Node:
    """Speaks ESP inside UDP only, on the port of NAT traversal (RFC 3948)."""

    def __init__(self, ike: Ikev1Peer, entropy: Entropy, role: Role) -> None:
        self.ike = ike
        self.pings = 0
        self._esp = EspEndpoint(entropy, role)
        self._outbox: list[Datagram] = []

    def receive_datagram(self, data: bytes, source: Endpoint, destination: Endpoint, now: float) -> None:
        """Four zero octets stand before IKE, anything else is ESP."""
        inside = destination.port == self.ike.config.natt_port and not data.startswith(_MARKER)
        if not inside or data == _KEEPALIVE:
            self.ike.receive_datagram(data, source, destination, now)
            return
        packet = self._esp.open(data)
        if packet is not None and packet[9] == IpProtocol.ICMP and packet[20] == IcmpType.ECHO:
            self.pings += 1
            self._outbox.append(Datagram(self._esp.protect(_answer(packet)), destination, source))

    def datagrams_to_send(self, now: float) -> list[Datagram]:
        """Of IKE and of ESP."""
        ready, self._outbox = self._outbox, []
        return [*self.ike.datagrams_to_send(now), *ready]

    def next_timer(self) -> float | None:
        """Only IKE has a clock."""
        return self.ike.next_timer()

    def handle_timer(self, now: float) -> None:
        """Only IKE has a clock."""
        self.ike.handle_timer(now)

    def next_event(self) -> Event | None:
        """What IKE says, and what ESP says when IKE is silent; negotiated SAs go to ESP on the way."""
        event = self.ike.next_event()
        if isinstance(event, SaInstalled) and event.sa.protocol == "ESP":
            self._esp.install(event.sa)
        return event or self._esp.next_event()


def _answer(packet: bytes) -> bytes:
    identifier, sequence = int.from_bytes(packet[24:26], "big"), int.from_bytes(packet[26:28], "big")
    echo = build_echo(IcmpType.ECHO_REPLY, identifier, sequence, packet[28:])
    return build_ipv4(IPv4Address(BEHIND_US).packed, packet[12:16], IpProtocol.ICMP, echo, 1)
