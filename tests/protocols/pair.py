from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TypeVar

from conftest import MAIN, PFS

from explorer.events import Event, Refused, Role, SaInstalled, StateChanged
from explorer.lab.entropy import SeededEntropy
from explorer.lab.scenario import load_scenario
from explorer.protocols.ikev1.config import Config, Phase1Policy, Phase2Policy
from explorer.protocols.ikev1.peer import Ikev1Peer

E = TypeVar("E", bound=Event)
I, R = Role.INITIATOR, Role.RESPONDER  # noqa: E741 - the RFC's letters
ADDRESSES = {I: "10.0.0.1", R: "10.0.0.2"}


def shipped(role: Role, name: str = MAIN) -> Config:
    scenario = load_scenario(name)
    first, second = (scenario.initiator, scenario.responder)[:: 1 if role is I else -1]
    return first.build(second)


def quick(config: Config, group: int | None = None) -> Config:
    phase1 = (Phase1Policy(10, 7, 128, 2, 1, 1, 86400),)
    return replace(config, phase1=phase1, phase2=(Phase2Policy(1, 12, 128, 2, 1, 3600, group),))


class Pair:
    """Two peers, and a wire on which every message waits until it is delivered."""

    def __init__(self, initiator: Config | None = None, responder: Config | None = None, seed: int = 7) -> None:
        configs = {I: initiator or quick(shipped(I)), R: responder or quick(shipped(R))}
        self.peers = {role: Ikev1Peer(configs[role], SeededEntropy(seed, str(role))) for role in (I, R)}
        self.heard: dict[Role, list[Event]] = {I: [], R: []}
        self.wire: deque[tuple[Role, bytes]] = deque()
        self.sent: list[bytes] = []

    def start(self) -> Pair:
        self.peers[I].start(ADDRESSES[R], 0.0)
        self.wire.extend((R, octets) for octets in self.collect(I))
        return self

    def rekey(self) -> Pair:
        self.peers[I].start_quick(ADDRESSES[R], 0.0)
        self.wire.extend((R, octets) for octets in self.collect(I))
        return self

    def collect(self, role: Role) -> list[bytes]:
        while (event := self.peers[role].next_event()) is not None:
            self.heard[role].append(event)
        out = self.peers[role].datagrams_to_send(0.0)
        assert all(address == ADDRESSES[role.other] for _, address in out)
        return [octets for octets, _ in out]

    def feed(self, role: Role, octets: bytes, source: str = "") -> list[bytes]:
        self.peers[role].receive_datagram(octets, source or ADDRESSES[role.other], 0.0)
        return self.collect(role)

    def pump(self, count: int = 1000) -> Pair:
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

    def of(self, kind: type[E], role: Role) -> list[E]:
        return [event for event in self.heard[role] if isinstance(event, kind)]

    def refusals(self, role: Role) -> list[Refused]:
        return self.of(Refused, role)

    def refusal(self, role: Role) -> Refused:
        (refused,) = self.refusals(role)
        return refused

    def sas(self, role: Role) -> list[str]:
        return [f"{event.sa.protocol} {event.sa.direction}" for event in self.of(SaInstalled, role)]

    def state(self, role: Role) -> str:
        changes = self.of(StateChanged, role)
        return changes[-1].new if changes else "idle"

    @property
    def up(self) -> bool:
        return all(self.sas(role) == ["ISAKMP both", "ESP inbound", "ESP outbound"] for role in (I, R))


__all__ = ["ADDRESSES", "MAIN", "PFS", "I", "Pair", "R", "quick", "shipped"]
