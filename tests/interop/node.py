"""A machine of the lab on a real wire: IKE, ESP, and somebody behind it who answers pings."""

from __future__ import annotations

from collections import deque

from explorer.events import Datagram, Endpoint, Event
from explorer.lab.host import Host


class Node:
    """What a runner needs, out of a host.  ESP that is not inside UDP cannot leave here.

    Attributes:
        loses: whether everything is lost when it is sent for the first time.
    """

    def __init__(self, host: Host) -> None:
        self.loses = False
        self._host = host
        self._lost: set[bytes] = set()
        self._said: deque[Event] = deque()

    def receive_datagram(self, data: bytes, source: Endpoint, destination: Endpoint, now: float) -> None:
        """IKE, or ESP inside UDP: the host tells them apart."""
        self._host.receive(Datagram(data, source, destination), now)

    def datagrams_to_send(self, now: float) -> list[Datagram]:
        """Of IKE, and of ESP inside UDP."""
        ready = [datagram for datagram in self._host.datagrams(now) if datagram.source.port]
        if not self.loses:
            return ready
        arrive = [datagram for datagram in ready if datagram.octets in self._lost]
        self._lost.update(datagram.octets for datagram in ready)
        return arrive

    def next_timer(self) -> float | None:
        """Only IKE has a clock."""
        return self._host.ike.next_timer()

    def handle_timer(self, now: float) -> None:
        """Only IKE has a clock."""
        self._host.ike.handle_timer(now)

    def next_event(self) -> Event | None:
        """What IKE says, and what ESP says when IKE is silent."""
        if not self._said:
            self._said.extend(self._host.events())
        return self._said.popleft() if self._said else None
