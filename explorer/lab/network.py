"""The link between two peers: latency, what happens to single messages, and a NAT in front of one of them."""

from __future__ import annotations

import heapq
from typing import NamedTuple

from explorer.errors import ExplorerError, WireError
from explorer.events import Datagram, Endpoint, Role
from explorer.lab.scenario import Happening, Network
from explorer.octets import Buffer
from explorer.protocols.ikev1.answer import parse_sa
from explorer.wire.message import build_chain, read_message, typed
from explorer.wire.payloads import SecurityAssociation
from explorer.wire.structure import build

_NAT_PORTS = {500: 61500, 4500: 64500}
"""Ports that the box uses outside for those of the peer behind it."""


class Delivery(NamedTuple):
    """Something on its way; ordered by time, then by when it was put there."""

    time: float
    order: int
    message: int
    datagram: Datagram
    receiver: Role


class NatBox:
    """Rewrites what the peer behind it sends and receives; with anything but UDP it can do nothing."""

    def __init__(self, address: str, inside: Role, only: str | None = None) -> None:
        self.inside = inside
        self._address = address
        self._only = only
        self._outside: dict[Endpoint, Endpoint] = {}
        self._within: dict[Endpoint, Endpoint] = {}

    def hides(self, address: str) -> bool:
        """Whether an address of the peer behind the box is seen by nobody else."""
        return self._only in (None, address)

    def stands_at(self, address: str) -> bool:
        """Whether something that is sent to an address comes to the box."""
        return self._only is None or address == self._address

    def outward(self, datagram: Datagram) -> Datagram:
        """What the peer behind the box sends, as everybody else sees it."""
        source = datagram.source
        if source not in self._outside:
            port = _NAT_PORTS.get(source.port, source.port)
            self._outside[source] = Endpoint(self._address, port)
            self._within[self._outside[source]] = source
        return datagram._replace(source=self._outside[source])

    def inward(self, datagram: Datagram) -> Datagram | None:
        """What is sent to the box, as the peer behind it sees it; ``None`` if nobody is known to wait for it."""
        within = self._within.get(datagram.destination)
        return datagram._replace(destination=within) if within is not None else None


class Link:
    """Everything that is under way, earliest first."""

    def __init__(self, network: Network) -> None:
        self._latency = network.latency
        self._happenings: dict[int, Happening] = {happening.message: happening for happening in network.happenings}
        self._queue: list[Delivery] = []
        self._order = 0
        self._offered: bytes = b""
        nat = network.nat
        self.box = NatBox(nat.address, Role(nat.inside), nat.only) if nat is not None else None

    @property
    def next_time(self) -> float | None:
        """When the next delivery is due."""
        return self._queue[0].time if self._queue else None

    def on_the_wire(self, sender: Role, datagram: Datagram) -> tuple[Datagram, Endpoint | None]:
        """A datagram as it travels between the NAT and the other peer, and the end that the box has changed."""
        if self.box is None:
            return datagram, None
        if sender is self.box.inside:
            hidden = self.box.hides(datagram.source.address)
            return (self.box.outward(datagram), datagram.source) if hidden else (datagram, None)
        inner = self.box.inward(datagram)
        return datagram, inner.destination if inner is not None else None

    def put(self, message: int, datagram: Datagram, receiver: Role, now: float) -> tuple[str, Datagram]:
        """Send a message on its way; returns what the link does to it, and what it delivers.

        Raises:
            ExplorerError: the scenario wants a choice to be swapped where that cannot be.
        """
        happening = self._happenings.get(message)
        does = happening.does if happening is not None else ""
        if does == "drop":
            return "lost", datagram
        arrives, fate = now + self._latency, ""
        if happening is not None and does == "delay":
            arrives, fate = arrives + happening.seconds, "delayed"
        elif happening is not None and does == "swap":
            swapped = swap_choice(datagram.octets, self._offered, happening.transform)
            if swapped == datagram.octets:
                raise ExplorerError(
                    f"network.happenings: message {message} has no choice of phase 1"
                    f" whose place transform {happening.transform} of the offer could take"
                )
            datagram, fate = datagram._replace(octets=swapped), "changed"
        self._remember_offer(datagram.octets)
        self._push(arrives, message, datagram, receiver)
        if happening is not None and does == "duplicate":
            self._push(arrives + happening.seconds, message, datagram, receiver)
            fate = "delivered twice"
        return fate, datagram

    def _remember_offer(self, octets: bytes) -> None:
        """The first message of all holds the offers, of which a changed choice must be one."""
        self._offered = self._offered or octets

    def _push(self, time: float, message: int, datagram: Datagram, receiver: Role) -> None:
        self._order += 1
        heapq.heappush(self._queue, Delivery(time, self._order, message, datagram, receiver))

    def take(self) -> Delivery | None:
        """The next delivery; a NAT may swallow it."""
        delivery = heapq.heappop(self._queue)
        if self.box is None or delivery.receiver is not self.box.inside:
            return delivery
        if not self.box.stands_at(delivery.datagram.destination.address):
            return delivery
        inner = self.box.inward(delivery.datagram)
        return delivery._replace(datagram=inner) if inner is not None else None


def swap_choice(answer: bytes, offer: bytes, number: int) -> bytes:
    """A responder's first answer with another transform of the offer in it; unchanged if that cannot be.

    HASH_I and HASH_R cover the whole offer and nothing of the choice (RFC 2409 §5), so nobody notices by them.
    """
    try:
        offered, answered = read_message(Buffer("datagram", offer)), read_message(Buffer("datagram", answer))
    except WireError:
        return answer
    sa, chosen = offered.find(SecurityAssociation), answered.find(SecurityAssociation)
    if sa is None or chosen is None or not chosen.proposals:
        return answer
    transforms = [t for p in parse_sa(build(sa)[4:]).proposals for t in p.transforms if t.number == number]
    if not transforms:
        return answer
    proposal = chosen.proposals[0].replace(length=None, transforms=(transforms[0].replace(next_payload=None),))
    changed = chosen.replace(length=None, next_payload=None, proposals=(proposal,))
    payloads = [changed if payload is chosen else payload.replace(next_payload=None) for payload in answered.payloads]
    chain = build_chain(typed(payloads))
    header = answered.header.replace(length=len(build(answered.header)) + len(chain))
    return build(header) + chain
