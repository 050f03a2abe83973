from __future__ import annotations

from typing import Any

import msgspec
import pytest
from conftest import recording

from explorer.errors import ExplorerError
from explorer.events import Datagram, Endpoint, Role
from explorer.lab.network import Link, NatBox, swap_choice
from explorer.lab.run import run
from explorer.lab.scenario import Happening, Nat, Network, Scenario, load_scenario
from explorer.octets import Buffer
from explorer.protocols.esp.observer import EspObserver
from explorer.trace.trace import Trace
from explorer.wire.message import read_message
from explorer.wire.payloads import SecurityAssociation

I, R = Role.INITIATOR, Role.RESPONDER  # noqa: E741 - the RFC's letters
INSIDE, BOX, GATEWAY = Endpoint("192.168.178.10", 500), "203.0.113.7", Endpoint("10.0.0.2", 500)


def datagram(octets: bytes = b"x", source: Endpoint = INSIDE, destination: Endpoint = GATEWAY) -> Datagram:
    return Datagram(octets, source, destination)


def link(*happenings: Happening, nat: Nat | None = None) -> Link:
    return Link(Network(latency=1.0, nat=nat, happenings=list(happenings)))


def delivered(line: Link) -> list[tuple[float, bytes]]:
    found = []
    while (time := line.next_time) is not None:
        delivery = line.take()
        assert delivery is not None
        found.append((time, delivery.datagram.octets))
    return found


def with_happenings(name: str, *happenings: Happening) -> Scenario:
    scenario = load_scenario(name)
    network = msgspec.structs.replace(scenario.network, happenings=list(happenings))
    return msgspec.structs.replace(scenario, network=network)


# ---------------------------------------------------------------- the link


@pytest.mark.parametrize(("does", "fate", "expected"), [
    ("drop", "lost", []),
    ("delay", "delayed", [(6.0, b"x")]),
    ("duplicate", "delivered twice", [(1.0, b"x"), (6.0, b"x")]),
])
def test_what_may_happen_to_a_message(does: Any, fate: str, expected: list[tuple[float, bytes]]) -> None:
    line = link(Happening(2, does, seconds=5.0))
    assert line.put(1, datagram(b"first"), R, 0.0)[0] == ""
    assert line.put(2, datagram(), R, 0.0)[0] == fate
    assert [item for item in delivered(line) if item[1] == b"x"] == expected


def test_deliveries_come_in_order_of_time_then_of_sending() -> None:
    line = link(Happening(1, "delay", seconds=0.5))
    for number, octets in enumerate((b"a", b"b", b"c"), 1):
        line.put(number, datagram(octets), R, 0.0)
    assert delivered(line) == [(1.0, b"b"), (1.0, b"c"), (1.5, b"a")]


# ---------------------------------------------------------------- a NAT


def test_a_nat_changes_what_goes_out_and_puts_it_right_on_the_way_back() -> None:
    box = NatBox(BOX, I)
    out = box.outward(datagram())
    assert out.source == Endpoint(BOX, 61500)
    assert box.outward(datagram()).source == out.source, "and remembers it"
    back = box.inward(datagram(source=GATEWAY, destination=out.source))
    assert back is not None
    assert back.destination == INSIDE


def test_nobody_gets_in_unasked() -> None:
    box = NatBox(BOX, I)
    assert box.inward(datagram(source=GATEWAY, destination=Endpoint(BOX, 500))) is None
    line = link(nat=Nat(BOX))
    line.put(1, datagram(source=GATEWAY, destination=Endpoint(BOX, 500)), I, 0.0)
    assert line.take() is None


def test_each_port_has_a_port_of_its_own_outside() -> None:
    box = NatBox(BOX, I)
    ports = {box.outward(datagram(source=INSIDE._replace(port=port))).source.port for port in (500, 4500, 1234)}
    assert ports == {61500, 64500, 1234}


# ---------------------------------------------------------------- a changed choice


def first_two(name: str) -> tuple[bytes, bytes]:
    trace = recording(name)
    return trace.step(1).octets, trace.step(2).octets


def test_a_choice_is_changed_into_another_offer_and_nothing_else() -> None:
    offer, answer = first_two("ikev1-main-psk")
    swapped = swap_choice(answer, offer, 4)
    sa = read_message(Buffer("d", swapped)).find(SecurityAssociation)
    assert sa is not None
    assert [transform.number for transform in sa.proposals[0].transforms] == [4]
    assert swapped[:24] == answer[:24]
    chosen = read_message(Buffer("d", answer)).find(SecurityAssociation)
    assert chosen is not None
    assert swap_choice(answer, offer, chosen.proposals[0].transforms[0].number) == answer


@pytest.mark.parametrize(("answer", "offer", "number"), [
    (b"junk", b"junk", 1), (b"", b"", 1), (None, b"junk", 1), (b"junk", None, 1), (None, None, 99)])
def test_what_cannot_be_changed_stays_as_it_is(answer: bytes | None, offer: bytes | None, number: int) -> None:
    genuine = first_two("ikev1-main-psk")
    changed = genuine[1] if answer is None else answer
    assert swap_choice(changed, genuine[0] if offer is None else offer, number) == changed


def test_a_scenario_that_swaps_where_nothing_can_be_swapped_is_told_so() -> None:
    with pytest.raises(ExplorerError, match=r"^network\.happenings: message 2 has no choice .* transform 9 "):
        run(with_happenings("ikev1-main-psk", Happening(2, "swap", transform=9)))


# ---------------------------------------------------------------- runs


@pytest.mark.parametrize("message", range(1, 10))
def test_a_lost_message_is_sent_again_and_the_goal_is_reached(message: int) -> None:
    trace = run(with_happenings("ikev1-main-psk", Happening(message, "drop")))
    assert trace.outcome == "established", trace.reason
    assert trace.step(message).fate == "lost"
    assert len([step for step in trace.steps if step.octets == trace.step(message).octets]) > 1


def everything_after(trace: Trace) -> list[str]:
    return [step.envelope.exchange for step in trace.steps]


@pytest.mark.parametrize("message", range(1, 12))
def test_a_message_that_comes_twice_does_no_harm(message: int) -> None:
    trace = run(with_happenings("ikev1-main-psk", Happening(message, "duplicate", seconds=0.5)))
    assert trace.outcome == "established", trace.reason
    assert trace.step(message).fate == "delivered twice"
    assert everything_after(trace)[:6] == ["Main Mode"] * 6


def test_a_dead_line_ends_a_run_and_says_why() -> None:
    trace = run(with_happenings("ikev1-main-psk", *(Happening(n, "drop") for n in range(3, 60))))
    assert trace.outcome == "failed"
    assert trace.reason == "Main Mode: no answer has come"
    assert len(trace.steps) < 20


def test_a_ping_that_is_lost_is_not_sent_again() -> None:
    trace = run(with_happenings("ikev1-main-psk", Happening(10, "drop")))
    assert trace.outcome == "failed"
    assert len(trace.steps) == 10


# ---------------------------------------------------------------- what is none of IKE's


@pytest.mark.parametrize(("octets", "ports", "expected"), [
    (b"\0\0\0\0ike", (4500, 4500), False), (b"espespesp", (4500, 64500), True), (b"\xff", (4500, 4500), False),
    (b"\0\0\0\0ike", (500, 500), False), (b"anything", (500, 500), False), (b"anything", (0, 0), True)])
def test_esp_in_udp_is_told_from_ike_by_its_first_octets(
    octets: bytes, ports: tuple[int, int], expected: bool
) -> None:
    source, destination = (Endpoint("10.0.0.1", port) for port in ports)
    assert EspObserver.is_ipsec(Datagram(octets, source, destination)) is expected
