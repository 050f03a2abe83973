from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TypeVar

from conftest import MAIN, PFS

from explorer.events import Concluded, Datagram, Endpoint, Event, Refused, Role, SaInstalled, StateChanged
from explorer.lab.entropy import SeededEntropy
from explorer.lab.scenario import load_scenario
from explorer.lab.scenario_build import build
from explorer.protocols.ikev1.config import Config
from explorer.protocols.ikev1.peer import Ikev1Peer
from explorer.protocols.ikev1.policies import Phase1Policy, Phase2Policy
from explorer.protocols.ikev1.session import Session
from explorer.registry.isakmp import ExchangeType

E = TypeVar("E", bound=Event)
I, R = Role.INITIATOR, Role.RESPONDER  # noqa: E741 - the RFC's letters
ADDRESSES = {I: "10.0.0.1", R: "10.0.0.2"}
MOST_DELIVERIES = 1000


def shipped(role: Role, name: str = MAIN) -> Config:
    scenario = load_scenario(name)
    return build(scenario, scenario.initiator if role is I else scenario.responder)


def quick(config: Config, group: int | None = None) -> Config:
    phase1 = (Phase1Policy(10, 7, 128, 2, 1, 1, 86400),)
    return replace(config, phase1=phase1, phase2=(Phase2Policy(1, 12, 128, 2, 1, 3600, group),))


def end(role: Role, port: int = 500) -> Endpoint:
    return Endpoint(ADDRESSES[role], port)


class Pair:
    """Two peers, a clock, and a wire on which every message waits until it is delivered."""

    def __init__(self, initiator: Config | None = None, responder: Config | None = None, seed: int = 7) -> None:
        configs = {I: initiator or quick(shipped(I)), R: responder or quick(shipped(R))}
        self.peers = {role: Ikev1Peer(configs[role], SeededEntropy(seed, str(role)), role) for role in (I, R)}
        self.heard: dict[Role, list[Event]] = {I: [], R: []}
        self.wire: deque[tuple[Role, bytes]] = deque()
        self.sent: list[bytes] = []
        self.made: list[Datagram] = []
        self.ports = {I: 500, R: 500}
        self.now = 0.0

    # ---------------------------------------------------------------- what the peers are asked for

    def start(self, by: Role = I) -> Pair:
        self.peers[by].start(end(by.other), self.now)
        return self.put(by)

    def rekey(self, by: Role = I, *, replaces: bool = False) -> Pair:
        self.peers[by].start_quick(end(by.other), self.now, replaces=replaces)
        return self.put(by)

    def put(self, by: Role) -> Pair:
        """Whatever a peer has to send goes on the wire."""
        self.wire.extend((by.other, octets) for octets in self.collect(by))
        return self

    def collect(self, role: Role) -> list[bytes]:
        while (event := self.peers[role].next_event()) is not None:
            self.heard[role].append(event)
        out = self.peers[role].datagrams_to_send(self.now)
        assert all(datagram.source.address == ADDRESSES[role] for datagram in out)
        self.made += out
        for datagram in out:
            self.ports = {role: datagram.source.port, role.other: datagram.destination.port}
        return [datagram.octets for datagram in out]

    def feed(self, role: Role, octets: bytes, source: str = "") -> list[bytes]:
        peer = Endpoint(source or ADDRESSES[role.other], self.ports[role.other])
        self.peers[role].receive_datagram(octets, peer, end(role, self.ports[role]), self.now)
        return self.collect(role)

    # ---------------------------------------------------------------- the wire

    def pump(self, count: int = MOST_DELIVERIES) -> Pair:
        for _ in range(count):
            if not self.wire:
                break
            role, octets = self.wire.popleft()
            self.sent.append(octets)
            self.wire.extend((role.other, answer) for answer in self.feed(role, octets))
        return self

    def reach(self, delivered: int) -> Pair:
        """Deliver the first messages of the whole exchange: six of Main Mode, three of Quick Mode."""
        self.start().pump(min(delivered, 6))
        return self.rekey().pump(delivered - 6) if delivered >= 6 else self

    def finish(self) -> Pair:
        self.pump()
        if not self.up and self.state(I) == "ISAKMP SA up":
            self.rekey().pump()
        return self

    @property
    def pending(self) -> bytes:
        return self.wire[0][1]

    def swap(self, octets: bytes) -> Pair:
        self.wire[0] = (self.wire[0][0], octets)
        return self

    def lose(self) -> Pair:
        self.wire.popleft()
        return self

    # ---------------------------------------------------------------- time

    @property
    def due(self) -> float | None:
        return min((at for peer in self.peers.values() if (at := peer.next_timer()) is not None), default=None)

    def wait(self, seconds: float) -> Pair:
        """Let time pass: whatever timers bring about is delivered at once."""
        until = self.now + seconds
        while (due := self.due) is not None and due <= until:
            self.now = max(self.now, due)
            assert len(self.made) < MOST_DELIVERIES, "this will never end"
            for role, peer in self.peers.items():
                peer.handle_timer(self.now)
                self.put(role)
            self.pump()
        self.now = until
        return self

    # ---------------------------------------------------------------- what has come of it

    def session(self, role: Role) -> Session:
        return self.peers[role].sessions[-1]

    def of(self, kind: type[E], role: Role) -> list[E]:
        return [event for event in self.heard[role] if isinstance(event, kind)]

    def refusals(self, role: Role) -> list[Refused]:
        return self.of(Refused, role)

    def refusal(self, role: Role) -> Refused:
        (refused,) = self.refusals(role)
        return refused

    def failures(self, role: Role) -> list[str]:
        return [event.reason for event in self.of(Concluded, role) if event.outcome == "failed"]

    def sas(self, role: Role) -> list[str]:
        return [f"{event.sa.protocol} {event.sa.direction}" for event in self.of(SaInstalled, role)]

    def state(self, role: Role, exchange: str = "") -> str:
        wanted = (exchange,) if exchange else ("Main Mode", "Aggressive Mode", "Quick Mode")
        changes = [event for event in self.of(StateChanged, role) if event.exchange in wanted]
        return changes[-1].new if changes else "idle"

    @property
    def up(self) -> bool:
        return all(self.sas(role) == ["ISAKMP both", "ESP inbound", "ESP outbound"] for role in (I, R))


def is_told(octets: bytes) -> bool:
    """Whether a datagram is an Informational message."""
    return octets[18] == ExchangeType.INFORMATIONAL


__all__ = ["ADDRESSES", "MAIN", "PFS", "I", "Pair", "R", "end", "is_told", "quick", "shipped"]
