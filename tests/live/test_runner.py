from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from explorer.events import Datagram, Endpoint, Event, Refused, Role, SaInstalled
from explorer.lab.entropy import SeededEntropy
from explorer.lab.scenario import load_scenario
from explorer.lab.scenario_build import build
from explorer.live.runner import MOST_AT_ONCE, Runner, run_together
from explorer.protocols.ikev1.peer import Ikev1Peer

HOME = "127.0.0.1"


class Parrot:
    """Says back what it hears, and rings once."""

    def __init__(self, rings_at: float | None = None) -> None:
        self.heard: list[tuple[bytes, Endpoint, Endpoint]] = []
        self.rang: list[float] = []
        self.outbox: list[Datagram] = []
        self.events: list[Event] = []
        self._rings_at = rings_at

    def receive_datagram(self, data: bytes, source: Endpoint, destination: Endpoint, now: float) -> None:
        self.heard.append((data, source, destination))
        self.outbox.append(Datagram(data, destination, source))
        self.events.append(Refused(f"heard {len(data)}", ""))

    def datagrams_to_send(self, now: float) -> list[Datagram]:
        ready, self.outbox = self.outbox, []
        return ready

    def next_timer(self) -> float | None:
        return self._rings_at

    def handle_timer(self, now: float) -> None:
        self._rings_at = None
        self.rang.append(now)

    def next_event(self) -> Event | None:
        return self.events.pop(0) if self.events else None


def free_ports(address: str, count: int) -> list[int]:
    with ExitStack() as stack:
        found = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(count)]
        for endpoint in found:
            endpoint.bind((address, 0))
        return [endpoint.getsockname()[1] for endpoint in found]


@pytest.fixture
def caller() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
        endpoint.bind((HOME, 0))
        endpoint.settimeout(2)
        yield endpoint


def test_octets_go_in_and_come_out_at_the_port_they_came_to(caller: socket.socket) -> None:
    ports, told = free_ports(HOME, 2), list[Event]()
    with Runner(Parrot(), HOME, ports, told.append) as runner:
        for port in ports:
            caller.sendto(b"hello", (HOME, port))
        assert runner.run_until(lambda: len(told) == 2, 5)
        answers = {caller.recvfrom(100) for _ in ports}
    assert answers == {(b"hello", (HOME, port)) for port in ports}


def test_every_size_is_a_whole_datagram(caller: socket.socket) -> None:
    parrot = Parrot()
    (port,) = free_ports(HOME, 1)
    with Runner(parrot, HOME, [port], lambda _: None) as runner:
        for size in (0, 1, 4, 1500, 60_000):
            caller.sendto(bytes(size), (HOME, port))
        assert runner.run_until(lambda: len(parrot.heard) == 5, 5)
    assert [len(data) for data, _, _ in parrot.heard] == [0, 1, 4, 1500, 60_000]
    assert {(source, destination) for _, source, destination in parrot.heard} == {
        (Endpoint(*caller.getsockname()), Endpoint(HOME, port))
    }


def test_what_cannot_be_sent_is_lost_and_noted(caller: socket.socket) -> None:
    parrot = Parrot()
    (port,) = free_ports(HOME, 1)
    here = Endpoint(HOME, port)
    with Runner(parrot, HOME, [port], lambda _: None) as runner:
        parrot.outbox.append(Datagram(bytes(70_000), here, Endpoint(*caller.getsockname())))
        parrot.outbox.append(Datagram(b"after", here, Endpoint(*caller.getsockname())))
        assert not runner.run_until(lambda: False, 0)
        assert len(runner.troubles) == 1
    assert caller.recv(100) == b"after"


def test_nobody_at_the_other_end_is_no_error() -> None:
    parrot = Parrot()
    port, deserted = free_ports(HOME, 2)
    with Runner(parrot, HOME, [port], lambda _: None) as runner:
        for _ in range(3):
            parrot.outbox.append(Datagram(b"anybody?", Endpoint(HOME, port), Endpoint(HOME, deserted)))
            assert not runner.run_until(lambda: False, 0.02)


def test_timers_ring_when_they_are_due() -> None:
    due = time.monotonic() + 0.05
    parrot = Parrot(due)
    with Runner(parrot, HOME, free_ports(HOME, 1), lambda _: None) as runner:
        assert runner.run_until(lambda: bool(parrot.rang), 5)
    assert due <= parrot.rang[0] < due + 1


def test_waiting_in_vain_ends() -> None:
    began = time.monotonic()
    with Runner(Parrot(), HOME, free_ports(HOME, 1), lambda _: None) as runner:
        assert not runner.run_until(lambda: False, 0.05)
    assert time.monotonic() - began < 2


def test_a_flood_does_not_stop_the_clock(caller: socket.socket) -> None:
    parrot = Parrot()
    (port,) = free_ports(HOME, 1)
    with Runner(parrot, HOME, [port], lambda _: None) as runner:
        for _ in range(MOST_AT_ONCE + 10):
            caller.sendto(b"x", (HOME, port))
        runner.read(runner.sockets[0])
        assert len(parrot.heard) <= MOST_AT_ONCE


def test_a_taken_port_leaves_nothing_open() -> None:
    free, taken = free_ports(HOME, 2)
    with Runner(Parrot(), HOME, [taken], lambda _: None):
        with pytest.raises(OSError, match="in use"):
            Runner(Parrot(), HOME, [free, taken], lambda _: None)
        with Runner(Parrot(), HOME, [free], lambda _: None) as runner:
            assert runner.sockets
        assert not runner.sockets


def test_two_peers_meet_on_loopback() -> None:
    scenario = load_scenario("ikev1-main-psk")
    addresses = {Role.INITIATOR: "127.0.0.1", Role.RESPONDER: "127.0.0.2"}
    files = {Role.INITIATOR: scenario.initiator, Role.RESPONDER: scenario.responder}
    told: dict[Role, list[Event]] = {role: [] for role in addresses}
    peers, runners = {}, {}
    with ExitStack() as stack:
        for role, address in addresses.items():
            port, natt_port = free_ports(address, 2)
            config = replace(build(scenario, files[role]), address=address, port=port, natt_port=natt_port)
            config = replace(config, keys={addresses[role.other]: next(iter(config.keys.values()))})
            peers[role] = Ikev1Peer(config, SeededEntropy(1, str(role)), role)
            runners[role] = stack.enter_context(Runner(peers[role], address, [port, natt_port], told[role].append))
        away = Endpoint(addresses[Role.RESPONDER], peers[Role.RESPONDER].config.port)
        peers[Role.INITIATOR].start(away, time.monotonic())
        assert run_together(list(runners.values()), lambda: all(installed(told[r], "ISAKMP") for r in told), 10)
        peers[Role.INITIATOR].start_quick(away, time.monotonic())
        assert run_together(list(runners.values()), lambda: all(installed(told[r], "ESP") == 2 for r in told), 10)
    assert not [event for events in told.values() for event in events if isinstance(event, Refused)]


def installed(events: list[Event], protocol: str) -> int:
    return sum(isinstance(event, SaInstalled) and event.sa.protocol == protocol for event in events)
