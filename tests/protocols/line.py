"""Two peers, virtual time, their timers, and a line between them on which anything may happen to a message."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, NamedTuple, Protocol, Self, TypeVar

from pair import ADDRESSES, I, R, is_told

from explorer.events import (
    Concluded,
    Datagram,
    Endpoint,
    Event,
    Refused,
    Role,
    SaEnded,
    SaInstalled,
    SaSnapshot,
    Verified,
)
from explorer.lab.entropy import SeededEntropy
from explorer.lab.network import NatBox
from explorer.protocols.ikev1.config import Config
from explorer.protocols.ikev1.peer import Ikev1Peer
from explorer.protocols.ikev1.session import Session


class Sides(Protocol):
    """What a line needs of a peer, whichever version it speaks."""

    @property
    def busy(self) -> bool: ...
    def start(self, remote: Endpoint, now: float) -> object: ...
    def start_quick(self, remote: Endpoint, now: float, *, replaces: bool = False) -> object: ...
    def receive_datagram(self, data: bytes, source: Endpoint, destination: Endpoint, now: float) -> None: ...
    def datagrams_to_send(self, now: float) -> list[Datagram]: ...
    def next_event(self) -> Event | None: ...
    def next_timer(self) -> float | None: ...
    def handle_timer(self, now: float) -> None: ...


E = TypeVar("E", bound=Event)
P = TypeVar("P", bound=Sides)
LATENCY = 0.01
MOST_DATAGRAMS = 400
"""No run of these tests needs as many."""

KEEPALIVE = b"\xff"
"""What keeps a NAT's mapping (RFC 3948 §2.3)."""

Meddle = Callable[[bytes, list[bytes]], bytes]
"""Makes other octets of a datagram, and of those that were sent before it."""


class Happening(NamedTuple):
    """What the line does to one datagram: when its copies arrive after it was sent, and with which octets.

    No copy at all is a loss.  ``forgery`` makes another one of it that overtakes the genuine one, as nobody can who
    is not on the way.
    """

    arrivals: tuple[float, ...] = (LATENCY,)
    meddle: Meddle | None = None
    forgery: Meddle | None = None


class Delivery(NamedTuple):
    time: float
    order: int
    receiver: Role
    datagram: Datagram


class AnyLine(Generic[P]):
    """``happenings`` by the number of the datagram, from 1; of a ``deaf`` line no complaint ever arrives."""

    def __init__(
        self,
        peers: Mapping[Role, P],
        happenings: Mapping[int, Happening] | None = None,
        *,
        nat: str = "",
        deaf: bool = False,
    ) -> None:
        self.peers = dict(peers)
        self.heard: dict[Role, list[Event]] = {I: [], R: []}
        self.happenings = dict(happenings or {})
        self.box = NatBox(nat, I) if nat else None
        self.outside = {I: nat or ADDRESSES[I], R: ADDRESSES[R]}
        self.deaf = deaf
        self.sent: list[Datagram] = []
        self.now = 0.0
        self._queue: list[Delivery] = []
        self._order = 0
        self._messages = 0

    # ---------------------------------------------------------------- what the peers are asked for

    def start(self, by: Role = I) -> Self:
        self.peers[by].start(Endpoint(self.outside[by.other], 500), self.now)
        return self.collect(by).settle()

    def quick(self, by: Role = I, *, replaces: bool = False) -> Self:
        """Quick Mode, if this side thinks that it can."""
        try:
            self.peers[by].start_quick(Endpoint(self.outside[by.other], 500), self.now, replaces=replaces)
        except LookupError:
            return self
        return self.collect(by).settle()

    # ---------------------------------------------------------------- the line

    @staticmethod
    def is_encrypted(octets: bytes) -> bool:
        return len(octets) > 28 and bool(octets[19] & 1)

    def is_complaint(self, octets: bytes) -> bool:
        return is_told(octets)

    def collect(self, role: Role) -> Self:
        peer = self.peers[role]
        while (event := peer.next_event()) is not None:
            self.heard[role].append(event)
        for made in peer.datagrams_to_send(self.now):
            datagram = self.box.outward(made) if self.box is not None and role is self.box.inside else made
            self.sent.append(datagram)
            # Who believes in a NAT says so every 20 seconds for as long as the SA lives.
            self._messages += made.octets != KEEPALIVE
            assert self._messages < MOST_DATAGRAMS, "this will never end"
            self._put(datagram, role.other)
        return self

    def _put(self, datagram: Datagram, receiver: Role) -> None:
        happening = self.happenings.get(len(self.sent), Happening())
        if self.deaf and self.is_complaint(datagram.octets):
            return
        before = [one.octets for one in self.sent[:-1]]
        if happening.forgery is not None and self.is_encrypted(datagram.octets):
            forged = datagram._replace(octets=happening.forgery(datagram.octets, before))
            self.inject(forged, receiver, self.now + LATENCY / 2)
        if happening.meddle is not None:
            datagram = datagram._replace(octets=happening.meddle(datagram.octets, before))
        for after in happening.arrivals:
            self.inject(datagram, receiver, self.now + after)

    def inject(self, datagram: Datagram, receiver: Role, at: float) -> None:
        """Something comes along, whoever has sent it."""
        self._order += 1
        heapq.heappush(self._queue, Delivery(at, self._order, receiver, datagram))

    def _deliver(self) -> None:
        delivery = heapq.heappop(self._queue)
        datagram: Datagram | None = delivery.datagram
        if self.box is not None and delivery.receiver is self.box.inside:
            datagram = self.box.inward(delivery.datagram)
        if datagram is not None:
            self.peers[delivery.receiver].receive_datagram(
                datagram.octets, datagram.source, datagram.destination, self.now
            )
        self.collect(delivery.receiver)

    # ---------------------------------------------------------------- time

    @property
    def busy(self) -> bool:
        return any(peer.busy for peer in self.peers.values())

    def settle(self, until: float | None = None) -> Self:
        """Let everything happen until nothing is under way, or up to a time."""
        while (at := self._next(until)) is not None:
            self.now = max(self.now, at)
            if self._queue and self._queue[0].time <= self.now:
                self._deliver()
                continue
            for role, peer in self.peers.items():
                due = peer.next_timer()
                if due is not None and due <= self.now:
                    peer.handle_timer(self.now)
                    self.collect(role)
        self.now = self.now if until is None else until
        return self

    def _next(self, until: float | None) -> float | None:
        times = [self._queue[0].time] if self._queue else []
        if until is not None or self.busy:
            times += [at for peer in self.peers.values() if (at := peer.next_timer()) is not None]
        earliest = min(times, default=None)
        return earliest if earliest is not None and (until is None or earliest <= until) else None

    # ---------------------------------------------------------------- what has come of it

    def of(self, kind: type[E], role: Role) -> list[E]:
        return [event for event in self.heard[role] if isinstance(event, kind)]

    def held(self, role: Role) -> Iterator[SaSnapshot]:
        """SAs that were installed and have not ended."""
        gone = {(event.protocol, event.spi.octets) for event in self.of(SaEnded, role)}
        for event in self.of(SaInstalled, role):
            if (event.sa.protocol, event.sa.spis[0].octets) not in gone:
                yield event.sa

    def complaints(self) -> list[str]:
        """Why anything came to nothing, as either side says it."""
        said = []
        for role in (I, R):
            said += [event.reason for event in self.of(Refused, role)]
            said += [event.reason for event in self.of(Concluded, role) if event.outcome == "failed"]
        return said

    def proven_at(self, role: Role) -> int | None:
        """The index of the event that proves the other side to this one."""
        events = enumerate(self.heard[role])
        return next((at for at, event in events if isinstance(event, Verified) and event.proves), None)

    def installed_at(self, role: Role, *protocols: str) -> int | None:
        events = enumerate(self.heard[role])
        wanted = (at for at, event in events if isinstance(event, SaInstalled) and event.sa.protocol in protocols)
        return next(wanted, None)


class Line(AnyLine[Ikev1Peer]):
    """Between two peers of IKEv1."""

    def __init__(
        self,
        configs: Mapping[Role, Config],
        happenings: Mapping[int, Happening] | None = None,
        *,
        seed: int = 7,
        nat: str = "",
        deaf: bool = False,
    ) -> None:
        peers = {role: Ikev1Peer(configs[role], SeededEntropy(seed, str(role)), role) for role in (I, R)}
        super().__init__(peers, happenings, nat=nat, deaf=deaf)

    def session(self, role: Role) -> Session:
        return self.peers[role].sessions[-1]
