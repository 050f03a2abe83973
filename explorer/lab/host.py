"""A machine in the lab: an IKE peer, the IPsec endpoint that it feeds, and somebody to answer a ping."""

from __future__ import annotations

from ipaddress import IPv4Address

from explorer.events import Datagram, Endpoint, Event, NetworkChanged, Role, SaEnded, SaInstalled, TunnelMoved
from explorer.lab.entropy import SeededEntropy
from explorer.protocols.esp.endpoint import IpsecEndpoint
from explorer.protocols.ikev1.config import Config
from explorer.protocols.ikev1.peer import Ikev1Peer
from explorer.protocols.ikev2.config import V2Config
from explorer.protocols.ikev2.peer import Ikev2Peer
from explorer.registry.ip import IcmpType, IpProtocol
from explorer.wire.ip import build_echo, build_ipv4

_IDENTIFIER = 0x1CE


class Host:
    """Everything at one address, and the host behind it that sends and answers pings."""

    def __init__(self, role: Role, config: Config | V2Config, inner: str, remote: str, seed: int) -> None:
        entropy = SeededEntropy(seed, str(role))
        self.role = role
        self.config = config
        self.remote = Endpoint(remote, 500)
        self.ike: Ikev1Peer | Ikev2Peer = (
            Ikev1Peer(config, entropy, role) if isinstance(config, Config) else Ikev2Peer(config, entropy, role)
        )
        self.ipsec = IpsecEndpoint(entropy, role, config.address, remote)
        self.inner = IPv4Address(inner).packed
        self.pings = 0

    def ping(self, inner_remote: bytes) -> None:
        """Send an echo request through the tunnel."""
        self.pings += 1
        echo = build_echo(IcmpType.ECHO, _IDENTIFIER, self.pings, b"Is anybody there?")
        packet = build_ipv4(self.inner, inner_remote, IpProtocol.ICMP, echo, identification=self.pings)
        self.ipsec.protect(packet)

    def restart(self) -> None:
        """Lose all SAs; the peer is not told."""
        if isinstance(self.ike, Ikev2Peer):
            self.ike.restart()

    def receive(self, datagram: Datagram, now: float) -> None:
        """Take what the link delivers; on the port of NAT traversal IKE and ESP are told apart (RFC 3948 §2)."""
        octets, source, destination, protocol = datagram
        in_udp = destination.port == self.config.natt_port and len(octets) > 1 and octets[:4] != bytes(4)
        if destination.port and not in_udp:
            self.ike.receive_datagram(octets, source, destination, now)
            return
        packet = self.ipsec.open(octets, protocol or IpProtocol.ESP, source)
        if packet is not None:
            self._answer(packet)

    def _answer(self, packet: bytes) -> None:
        """Echo requests for the host behind this end get an echo reply with the same data (RFC 792)."""
        is_ping = len(packet) >= 28 and packet[9] == IpProtocol.ICMP and packet[20] == IcmpType.ECHO
        if not is_ping or packet[16:20] != self.inner:
            return
        identifier, sequence = int.from_bytes(packet[24:26], "big"), int.from_bytes(packet[26:28], "big")
        echo = build_echo(IcmpType.ECHO_REPLY, identifier, sequence, packet[28:])
        self.ipsec.protect(build_ipv4(self.inner, packet[12:16], IpProtocol.ICMP, echo, sequence))

    def events(self) -> list[Event]:
        """Everything that was said since the last call; what it means for packets is done on the way."""
        said = self.ike.take_events()
        for event in said:
            if isinstance(event, SaInstalled | SaEnded | NetworkChanged | TunnelMoved):
                self._heed(event)
        return said + self.ipsec.take_events()

    def _heed(self, event: SaInstalled | SaEnded | NetworkChanged | TunnelMoved) -> None:
        """Negotiated SAs go to the IPsec endpoint, and addresses to whom they concern."""
        if isinstance(event, SaInstalled):
            if event.sa.protocol in ("ESP", "AH"):
                self.ipsec.install(event.sa)
        elif isinstance(event, SaEnded):
            if event.protocol in ("ESP", "AH"):
                self.ipsec.remove(event.spi)
        elif isinstance(event, TunnelMoved):
            self.ipsec.move(event.local, event.remote)
        elif event.what == "internal address":
            self.inner = IPv4Address(event.value).packed
        elif event.what == "peer address":
            self.remote = self.remote._replace(address=event.value)

    def datagrams(self, now: float) -> list[Datagram]:
        """What is ready for the link."""
        ready = self.ike.datagrams_to_send(now)
        return [*ready, *self.ipsec.packets_to_send(self._natt_ends())]

    def _natt_ends(self) -> tuple[Endpoint, Endpoint] | None:
        """The ends between which ESP travels in UDP, if a NAT was found."""
        for link in reversed(self.ike.links()):
            if link.natted and link.header_at:
                return link.tunnel or (link.local, link.remote)
        return None
