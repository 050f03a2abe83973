"""A peer on a real network: UDP sockets, the machine's clock, and nothing of the protocol."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self

from explorer.events import Datagram, Endpoint, Event

MOST_AT_ONCE = 64
"""Datagrams read from one socket before the timers get their turn; a flood must not keep a peer from its clock."""

PATIENCE = 0.05
"""Seconds after which a condition is asked again even if nothing arrived: it may look at more than the peer."""

_LARGEST = 65535


class SansIoPeer(Protocol):
    """What a peer has to offer to be put on a network."""

    def receive_datagram(self, data: bytes, source: Endpoint, destination: Endpoint, now: float) -> None:
        """Take a whole UDP payload."""

    def datagrams_to_send(self, now: float) -> list[Datagram]:
        """Everything that is ready to leave."""

    def next_timer(self) -> float | None:
        """When to call :meth:`handle_timer`."""

    def handle_timer(self, now: float) -> None:
        """Do what is due."""

    def next_event(self) -> Event | None:
        """The oldest event not yet taken."""


class Runner:
    """One peer, at one address to begin with: a socket for each of its ports.

    Attributes:
        troubles: what the system said to datagrams that it would not send; for the peer they are lost on the way.
    """

    def __init__(self, peer: SansIoPeer, address: str, ports: Sequence[int], tell: Callable[[Event], None]) -> None:
        """``tell`` is called with every event, in order.

        Raises:
            OSError: a port is taken or not allowed.
        """
        self.peer = peer
        self.troubles: list[OSError] = []
        self._tell = tell
        self._ports = ports
        self._sockets: dict[Endpoint, socket.socket] = {}
        try:
            self.listen(address)
        except OSError:
            self.close()
            raise

    def listen(self, address: str) -> None:
        """Be at another address as well.

        Raises:
            OSError: a port is taken or not allowed.
        """
        for port in self._ports:
            self._sockets[Endpoint(address, port)] = _bound(address, port)

    def run_until(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Serve the peer until the condition holds; ``False`` if it still does not after so many seconds."""
        return run_together([self], condition, timeout)

    def settle(self) -> None:
        """Call what is due, send what is ready and tell what happened."""
        now = time.monotonic()
        due = self.peer.next_timer()
        if due is not None and due <= now:
            self.peer.handle_timer(now)
        for datagram in self.peer.datagrams_to_send(now):
            self._send(datagram)
        while (event := self.peer.next_event()) is not None:
            self._tell(event)

    def read(self, endpoint: socket.socket) -> None:
        """Hand over what has arrived at one of the sockets."""
        local = Endpoint(*endpoint.getsockname()[:2])
        for _ in range(MOST_AT_ONCE):
            try:
                octets, sender = endpoint.recvfrom(_LARGEST)
            except OSError:
                # Nothing is left, or an ICMP error came back for something sent earlier, which tells nothing certain.
                return
            self.peer.receive_datagram(octets, Endpoint(*sender[:2]), local, time.monotonic())

    def _send(self, datagram: Datagram) -> None:
        try:
            self._sockets[datagram.source].sendto(datagram.octets, tuple(datagram.destination))
        except OSError as error:
            self.troubles.append(error)

    @property
    def sockets(self) -> list[socket.socket]:
        """The open sockets."""
        return list(self._sockets.values())

    def close(self) -> None:
        """Give the ports back."""
        for endpoint in self._sockets.values():
            endpoint.close()
        self._sockets.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def run_together(runners: Sequence[Runner], condition: Callable[[], bool], timeout: float) -> bool:
    """Serve several peers by turns, as one process can hold both ends of an exchange."""
    end = time.monotonic() + timeout
    with selectors.DefaultSelector() as selector:
        for runner in runners:
            for endpoint in runner.sockets:
                selector.register(endpoint, selectors.EVENT_READ, runner)
        while True:
            for runner in runners:
                runner.settle()
            now = time.monotonic()
            if condition():
                return True
            if now >= end:
                return False
            timers = [due for runner in runners if (due := runner.peer.next_timer()) is not None]
            for key, _ in selector.select(max(0.0, min([end, now + PATIENCE, *timers]) - now)):
                key.data.read(key.fileobj)


def _bound(address: str, port: int) -> socket.socket:
    endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        endpoint.setblocking(False)
        endpoint.bind((address, port))
    except OSError:
        endpoint.close()
        raise
    return endpoint
