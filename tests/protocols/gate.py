"""A gateway and several clients that it hears from different outside ends."""

from __future__ import annotations

from dataclasses import replace

from insider import CLIENT_MODE, hasty
from pair import I, R

from explorer.events import Endpoint, Event, NetworkChanged, SaEnded
from explorer.lab.entropy import SeededEntropy
from explorer.protocols.ikev1.config import Config
from explorer.protocols.ikev1.peer import Ikev1Peer
from explorer.protocols.ikev1.session import Session

GATE = Endpoint("10.0.0.2", 500)
USERS = {"alice": "wonderland", "bob": "builder", "carol": "singer"}


def living(config: Config, first: int, second: int = 3600, **changes: object) -> Config:
    """The same with such lives of ISAKMP and IPsec SAs."""
    phase1 = tuple(replace(policy, lifetime=first) for policy in config.phase1)
    phase2 = tuple(replace(policy, lifetime=second) for policy in config.phase2)
    return replace(config, phase1=phase1, phase2=phase2, **changes)  # type: ignore[arg-type]


def gateway(addresses: int = 8, name: str = CLIENT_MODE) -> Config:
    config = hasty(R, name)
    assert config.gateway is not None
    return replace(config, gateway=replace(config.gateway, users=USERS, pool=config.gateway.pool[:addresses]))


def client(user: str, name: str = CLIENT_MODE, password: str = "") -> Config:
    config = hasty(I, name)
    assert config.client is not None
    return replace(config, client=replace(config.client, user=user, password=password or USERS[user]))


class Gate:
    """The gateway, its clients, and a wire on which nothing is lost."""

    def __init__(self, config: Config | None = None) -> None:
        self.peer = Ikev1Peer(config or gateway(), SeededEntropy(7, "gate"), R)
        self.clients: dict[str, tuple[Ikev1Peer, Endpoint]] = {}
        self.heard: list[Event] = []
        self.now = 0.0

    def enter(self, user: str, address: str, port: int = 500, config: Config | None = None) -> Gate:
        """A client logs in, and makes IPsec SAs."""
        peer = Ikev1Peer(config or client(user), SeededEntropy(len(self.clients) + 100, user), I)
        self.clients[user] = peer, Endpoint(address, port)
        peer.start(GATE, self.now)
        self.pump()
        peer.start_quick(GATE, self.now)
        return self.pump()

    def leave(self, user: str, *, ipsec: bool = True) -> Gate:
        """A client deletes its ISAKMP SA, and before it the IPsec SAs."""
        for isakmp in (False, True) if ipsec else (True,):
            self.clients[user][0].start_delete(GATE, self.now, isakmp=isakmp)
            self.pump()
        return self

    def pump(self) -> Gate:
        while any(self._to_gate(*client) for client in tuple(self.clients.values())) or self._from_gate():
            self._from_gate()
        self.heard += self.peer.take_events()
        return self

    def _to_gate(self, peer: Ikev1Peer, outside: Endpoint) -> bool:
        sent = peer.datagrams_to_send(self.now)
        for datagram in sent:
            at = GATE._replace(port=datagram.destination.port)
            self.peer.receive_datagram(datagram.octets, outside, at, self.now)
        return bool(sent)

    def _from_gate(self) -> bool:
        sent = self.peer.datagrams_to_send(self.now)
        for datagram in sent:
            for peer, outside in self.clients.values():
                if outside == datagram.destination:
                    inside = Endpoint(peer.config.address, 500)
                    peer.receive_datagram(datagram.octets, datagram.source, inside, self.now)
        return bool(sent)

    def wait(self, seconds: float, *, clients: bool = True) -> Gate:
        until = self.now + seconds
        peers = [self.peer, *(peer for peer, _ in self.clients.values() if clients)]
        while (due := min((at for p in peers if (at := p.next_timer()) is not None), default=until + 1)) <= until:
            self.now = max(self.now, due)
            for peer in peers:
                peer.handle_timer(self.now)
            self.pump()
        self.now = until
        return self

    def session(self, user: str) -> Session:
        """The newest of a user."""
        return [session for session in self.peer.sessions if session.access.user == user][-1]

    @property
    def ended(self) -> list[tuple[str, str]]:
        return [(event.protocol, event.how) for event in self.heard if isinstance(event, SaEnded)]

    @property
    def withdrawn(self) -> int:
        """How many addresses have been given back."""
        return sum(isinstance(event, NetworkChanged) and event.what == "route withdrawn" for event in self.heard)
