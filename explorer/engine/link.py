"""Where one negotiation's messages go, and whether a NAT stands in the way."""

from __future__ import annotations

from explorer.events import Datagram, Endpoint
from explorer.wire.message import MARKER_SIZE


class Link:
    """The two ends as one side sees them; they change when the exchange moves to the port of NAT traversal.

    Attributes:
        local: this side's own end.
        remote: the peer's end, or the NAT's in front of it.
        now: the time, in seconds since the peer was made.
        peer_knows_natt: whether the peer has said that it can traverse NATs (RFC 3947 §3.1).
        nat_here: whether a NAT stands in front of this side.
        nat_there: whether one stands in front of the other.
        moves: how often one side has said that it goes on from elsewhere; the same ends may be there a second time.
        tunnel: where protected packets still go, while the peer's new address has to be checked; else ``None``.
    """

    def __init__(self, ports: tuple[int, int], local: Endpoint, remote: Endpoint) -> None:
        self._ports = ports
        self.local = local
        self.remote = remote
        self.now = 0.0
        self.peer_knows_natt = False
        self.nat_here = False
        self.nat_there = False
        self.moves = 0
        self.tunnel: tuple[Endpoint, Endpoint] | None = None

    @property
    def ends(self) -> tuple[Endpoint, Endpoint]:
        """This side's and the peer's."""
        return self.local, self.remote

    @property
    def natted(self) -> bool:
        """Whether any NAT stands between the peers."""
        return self.nat_here or self.nat_there

    @property
    def header_at(self) -> int:
        """Octets in front of the ISAKMP header: the non-ESP marker, on the port of NAT traversal (RFC 3948 §2.2)."""
        return MARKER_SIZE if self.local.port == self._ports[1] else 0

    def float(self) -> None:
        """Move both ends to the port of NAT traversal (RFC 3947 §4)."""
        if self.header_at == 0:
            self.local = self.local._replace(port=self._ports[1])
            self.remote = self.remote._replace(port=self._ports[1])

    def follow(self, local: Endpoint, remote: Endpoint) -> None:
        """The peer has moved, and has proven that it was the peer: answer to where it is now (RFC 3947 §4)."""
        self.local, self.remote = local, remote

    def datagram(self, octets: bytes) -> Datagram:
        """Octets on their way to the peer."""
        return Datagram(octets, self.local, self.remote)
