"""A machine in the lab: an IKE peer, the ESP endpoint that it feeds, and somebody to answer a ping."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import NamedTuple

from explorer.events import Event, Role, SaInstalled
from explorer.lab.entropy import SeededEntropy
from explorer.protocols.esp.endpoint import EspEndpoint
from explorer.protocols.ikev1.config import Config
from explorer.protocols.ikev1.peer import Ikev1Peer
from explorer.registry.ip import IcmpType, IpProtocol
from explorer.trace.model import Endpoint
from explorer.wire.ip import build_echo, build_ipv4

IKE_PORT = 500
_IDENTIFIER = 0x1CE


class Packet(NamedTuple):
    """What the link carries; port 0 at both ends means ESP directly over IP."""

    source: Endpoint
    destination: Endpoint
    octets: bytes


class Host:
    """Everything at one address, and the host behind it that sends and answers pings."""

    def __init__(self, role: Role, config: Config, inner: str, remote: str, seed: int) -> None:
        entropy = SeededEntropy(seed, str(role))
        self.role = role
        self.address = config.address
        self.remote = remote
        self.ike = Ikev1Peer(config, entropy)
        self.esp = EspEndpoint(entropy, role)
        self._inner = IPv4Address(inner).packed
        self._outbox: list[bytes] = []

    def ping(self, inner_remote: str) -> None:
        """Send an echo request through the tunnel."""
        echo = build_echo(IcmpType.ECHO, _IDENTIFIER, 1, b"Is anybody there?")
        packet = build_ipv4(self._inner, IPv4Address(inner_remote).packed, IpProtocol.ICMP, echo, identification=1)
        self._outbox.append(self.esp.protect(packet))

    def receive(self, packet: Packet, now: float) -> None:
        """Take what the link delivers."""
        if packet.destination.port:
            self.ike.receive_datagram(packet.octets, packet.source.address, now)
            return
        inner = self.esp.open(packet.octets)
        if inner is not None:
            self._answer(inner)

    def _answer(self, packet: bytes) -> None:
        """Echo requests for the host behind this end get an echo reply with the same data (RFC 792)."""
        is_ping = len(packet) >= 28 and packet[9] == IpProtocol.ICMP and packet[20] == IcmpType.ECHO
        if not is_ping or packet[16:20] != self._inner:
            return
        identifier, sequence = int.from_bytes(packet[24:26], "big"), int.from_bytes(packet[26:28], "big")
        echo = build_echo(IcmpType.ECHO_REPLY, identifier, sequence, packet[28:])
        self._outbox.append(self.esp.protect(build_ipv4(self._inner, packet[12:16], IpProtocol.ICMP, echo, 1)))

    def events(self) -> Iterator[Event]:
        """Everything that was said since the last call; negotiated SAs go to the ESP endpoint on the way."""
        while (event := self.ike.next_event()) is not None:
            if isinstance(event, SaInstalled) and event.sa.protocol == "ESP":
                self.esp.install(event.sa)
            yield event
        while (event := self.esp.next_event()) is not None:
            yield event

    def packets(self, now: float) -> list[Packet]:
        """What is ready for the link."""
        ready = [
            Packet(Endpoint(self.address, IKE_PORT), Endpoint(address, IKE_PORT), octets)
            for octets, address in self.ike.datagrams_to_send(now)
        ]
        ready += [Packet(Endpoint(self.address, 0), Endpoint(self.remote, 0), octets) for octets in self._outbox]
        self._outbox.clear()
        return ready
