from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import recording
from v2_hand import INFORMATIONAL
from v2_pair import I, R, V2Pair, payload, v2_shipped

from explorer.engine.link import Link
from explorer.errors import NoSaError
from explorer.events import NetworkChanged, Role, Sent, TunnelMoved
from explorer.protocols.ikev2.config import V2Config
from explorer.registry.ikev2_notify import V2NotifyType

NAME = "ikev2-mobike"
ELSEWHERE = "10.77.0.5"
STRANGER = "192.0.2.66"
OLD = "10.0.0.1"
NOTIFY = 41


def config(role: Role, *, mobike: bool = True) -> V2Config:
    return replace(v2_shipped(role), mobike=mobike)


def established() -> V2Pair:
    pair = V2Pair(config(I), config(R)).start().pump()
    assert pair.up
    return pair


def move(pair: V2Pair) -> V2Pair:
    return pair.ask(I, lambda peer, there: peer.start_move(there, ELSEWHERE, pair.now))


def link(pair: V2Pair, role: Role) -> Link:
    return pair.sa(role).party.link


def news(pair: V2Pair, role: Role) -> list[tuple[str, str]]:
    return [(event.what, event.value) for event in pair.of(NetworkChanged, role)]


def tunnels(pair: V2Pair, role: Role) -> list[tuple[str, str]]:
    return [(event.local, event.remote) for event in pair.of(TunnelMoved, role)]


def status(kind: V2NotifyType, data: bytes = b"") -> tuple[int, bytes]:
    return payload(NOTIFY, bytes(2) + int(kind).to_bytes(2, "big") + data)


def test_both_sides_go_on_from_the_new_address_with_the_keys_they_have() -> None:
    pair = established()
    sas, keys = pair.sas(I), pair.keys()
    move(pair).pump()
    assert link(pair, I).local.address == link(pair, R).remote.address == ELSEWHERE
    assert link(pair, R).tunnel is None
    assert (pair.sas(I), pair.keys()) == (sas, keys)
    assert (news(pair, I), tunnels(pair, I)) == ([("own address", ELSEWHERE)], [(ELSEWHERE, "10.0.0.2")])
    assert (news(pair, R), tunnels(pair, R)) == ([("peer address", ELSEWHERE)], [("10.0.0.2", ELSEWHERE)])
    assert pair.refusals(I) == pair.refusals(R) == []


def test_packets_go_to_the_new_address_only_after_it_has_been_checked() -> None:
    pair = move(established())
    pair.pump(2)
    assert link(pair, R).remote.address == ELSEWHERE
    tunnel = link(pair, R).tunnel
    assert tunnel is not None
    assert tunnel[1].address == OLD
    pair.pump()
    assert link(pair, R).tunnel is None


def test_who_cannot_say_again_what_was_sent_to_its_new_address_is_cut_off() -> None:
    pair = move(established())
    pair.pump(2)
    answer = pair.sealed(I, INFORMATIONAL, 0, [status(V2NotifyType.COOKIE2, bytes(16))], answer=True)
    pair.put(R)
    pair.wire.clear()
    pair.feed(R, answer, source=ELSEWHERE)
    assert pair.refusals(R) == ["COOKIE2 does not verify: not made with the keys that this side holds"]
    assert tunnels(pair, R) == []
    pair.put(R).wait(200)
    assert pair.sa(R).ended


def test_who_does_not_say_again_at_all_is_cut_off_too() -> None:
    pair = move(established())
    pair.pump(2)
    answer = pair.sealed(I, INFORMATIONAL, 0, [], answer=True)
    pair.wire.clear()
    pair.feed(R, answer, source=ELSEWHERE)
    assert pair.refusals(R) == ["The answer does not hold COOKIE2"]
    assert tunnels(pair, R) == []
    pair.put(R).wait(200)
    assert pair.sa(R).ended


def test_the_check_of_one_address_is_not_the_check_of_another() -> None:
    pair = move(established())
    pair.pump(1)
    pair.wire.popleft()
    (_, question) = pair.wire.popleft()
    pair.wire.clear()
    again = pair.sealed(I, INFORMATIONAL, 3, [status(V2NotifyType.UPDATE_SA_ADDRESSES)])
    pair.feed(R, again, source=STRANGER)
    (answer,) = pair.feed(I, question)
    pair.feed(R, answer, source=ELSEWHERE)
    assert pair.refusals(R) == []
    assert link(pair, R).remote.address == STRANGER
    assert tunnels(pair, R) == []


def update(pair: V2Pair, number: int, source: str) -> None:
    """The initiator says that it goes on, and its message comes from there."""
    pair.feed(R, pair.sealed(I, INFORMATIONAL, number, [status(V2NotifyType.UPDATE_SA_ADDRESSES)]), source=source)


def test_an_answer_shows_nothing_if_the_question_went_to_several_addresses() -> None:
    pair = established()
    update(pair, 2, STRANGER)
    update(pair, 3, OLD)
    pair.now = 2.0
    pair.peers[R].handle_timer(pair.now)
    (question,) = pair.collect(R)
    update(pair, 4, STRANGER)
    (answer,) = pair.feed(I, question)
    pair.feed(R, answer, source=OLD)
    assert pair.refusals(R) == []
    assert tunnels(pair, R) == []
    tunnel = link(pair, R).tunnel
    assert tunnel is not None
    assert tunnel[1].address == OLD
    assert pair.peers[R].busy


def test_of_many_moves_the_last_one_is_checked_and_the_others_leave_nothing() -> None:
    pair = established()
    for number, address in enumerate((ELSEWHERE, OLD, STRANGER, ELSEWHERE), 2):
        update(pair, number, address)
    (association,) = pair.peers[R].sessions
    assert len(association.waiting) == 1
    pair.addresses[I] = ELSEWHERE
    pair.now = 2.0
    pair.peers[R].handle_timer(pair.now)
    pair.put(R).pump()
    assert tunnels(pair, R) == [("10.0.0.2", ELSEWHERE)]
    assert not pair.peers[R].busy


def test_a_move_back_and_forth_makes_the_first_answer_mean_nothing() -> None:
    pair = move(established())
    pair.wire.clear()
    for address in ("10.88.0.5", ELSEWHERE):
        pair.ask(I, lambda peer, there, to=address: peer.start_move(there, to, pair.now))  # type: ignore[misc]
    pair.feed(I, pair.sealed(R, INFORMATIONAL, 2, [status(V2NotifyType.UNACCEPTABLE_ADDRESSES)], answer=True))
    assert link(pair, I).local.address == ELSEWHERE


def test_an_answer_to_a_former_move_means_nothing() -> None:
    pair = move(established())
    pair.wire.clear()
    pair.ask(I, lambda peer, there: peer.start_move(there, "10.88.0.5", pair.now))
    pair.feed(I, pair.sealed(R, INFORMATIONAL, 2, [status(V2NotifyType.UNACCEPTABLE_ADDRESSES)], answer=True))
    assert link(pair, I).local.address == "10.88.0.5"


def test_nobody_moves_before_it_is_proven() -> None:
    pair = V2Pair(config(I), config(R)).start().pump(2)
    assert not pair.sa(R).up
    pair.wire.clear()
    pair.feed(R, pair.sealed(I, INFORMATIONAL, 1, [status(V2NotifyType.UPDATE_SA_ADDRESSES)]), source=STRANGER)
    assert news(pair, R) == []


def test_who_allows_no_nat_is_not_moved_by_one() -> None:
    pair = established()
    inside = bytes((10, 77, 0, 5, 10, 0, 0, 2)) + (500).to_bytes(2, "big") * 2
    payloads = [status(V2NotifyType.UPDATE_SA_ADDRESSES), status(V2NotifyType.NO_NATS_ALLOWED, inside)]
    (answer,) = pair.feed(R, pair.sealed(I, INFORMATIONAL, 2, payloads), source=STRANGER)
    assert [body[6:8] for _, body in pair.inside(answer)] == [(41).to_bytes(2, "big")]
    assert link(pair, R).remote.address == OLD
    payloads = [status(V2NotifyType.UPDATE_SA_ADDRESSES), status(V2NotifyType.NO_NATS_ALLOWED, inside)]
    pair.feed(R, pair.sealed(I, INFORMATIONAL, 3, payloads), source=ELSEWHERE)
    assert link(pair, R).remote.address == ELSEWHERE


@pytest.mark.parametrize("name", ["ikev2-child", "ikev2-rsa", "ikev2-eap"])
def test_who_allows_no_nat_gets_no_sa_through_one(name: str) -> None:
    configs = [replace(v2_shipped(role, name), mobike=True, nat_traversal=False) for role in (I, R)]
    pair = V2Pair(*configs, name=name).start().pump(2)
    (_, request) = pair.wire.popleft()
    (answer,) = pair.feed(R, request, source=STRANGER)
    pair.feed(I, answer)
    assert pair.refusals(R) == ["A NAT, and the peer allows none"]
    assert pair.told(I) == ["UNEXPECTED_NAT_DETECTED"]
    assert pair.sas(I) == pair.sas(R) == []


def test_who_does_not_look_for_nats_says_where_its_messages_come_from() -> None:
    pair = move(established())
    kinds = [int.from_bytes(body[6:8], "big") for _, body in pair.inside(pair.pending)]
    assert kinds == [V2NotifyType.UPDATE_SA_ADDRESSES, V2NotifyType.NO_NATS_ALLOWED]


def test_an_answer_goes_to_where_the_request_came_from_and_nothing_else_does() -> None:
    pair = established()
    pair.liveness(I)
    (_, request) = pair.wire.popleft()
    for _ in range(2):
        # The second time it is a repetition, of which nothing is proven.
        peer = pair.peers[R]
        peer.receive_datagram(request, link(pair, I).local._replace(address=STRANGER), link(pair, R).local, pair.now)
        (answer,) = peer.datagrams_to_send(pair.now)
        assert answer.destination.address == STRANGER
        assert link(pair, R).remote.address == OLD
    assert news(pair, R) == []


def test_the_responder_cannot_move_anything() -> None:
    pair = established()
    with pytest.raises(NoSaError):
        pair.peers[R].start_move(link(pair, R).remote, "10.0.0.3", pair.now)
    pair.wire.clear()
    pair.feed(I, pair.sealed(R, INFORMATIONAL, 0, [status(V2NotifyType.UPDATE_SA_ADDRESSES)]), source=STRANGER)
    assert link(pair, I).remote.address == "10.0.0.2"
    assert news(pair, I) == []


@pytest.mark.parametrize("without", [I, R])
def test_nobody_moves_where_one_side_does_not_know_how(without: Role) -> None:
    configs = {role: config(role, mobike=role is not without) for role in (I, R)}
    pair = V2Pair(configs[I], configs[R]).start().pump()
    with pytest.raises(NoSaError):
        move(pair)
    pair.feed(R, pair.sealed(I, INFORMATIONAL, 2, [status(V2NotifyType.UPDATE_SA_ADDRESSES)]), source=STRANGER)
    assert link(pair, R).remote.address == OLD
    assert news(pair, R) == []


def test_who_is_refused_stays_where_it_was() -> None:
    pair = move(established())
    pair.wire.clear()
    refused = status(V2NotifyType.UNACCEPTABLE_ADDRESSES)
    pair.feed(I, pair.sealed(R, INFORMATIONAL, 2, [refused], answer=True))
    assert pair.failures(I) == ["INFORMATIONAL: the peer says UNACCEPTABLE_ADDRESSES"]
    assert link(pair, I).local.address == OLD
    assert not pair.sa(I).ended
    assert news(pair, I) == [("own address", ELSEWHERE), ("own address", OLD)]
    assert tunnels(pair, I) == [(ELSEWHERE, "10.0.0.2"), (OLD, "10.0.0.2")]


@pytest.mark.parametrize("by", [I, R])
def test_who_began_the_first_ike_sa_moves_whoever_has_rekeyed_it(by: Role) -> None:
    pair = established().rekey_ike(by).pump()
    move(pair).pump()
    assert link(pair, R).remote.address == ELSEWHERE
    assert pair.sa(I).first_role is I


def test_a_lost_update_is_repeated_from_the_new_address() -> None:
    pair = move(established())
    pair.wire.clear()
    pair.wait(10)
    assert link(pair, R).remote.address == ELSEWHERE
    assert not pair.peers[R].busy


def test_the_new_network_may_have_a_nat_and_packets_go_in_udp_from_then_on() -> None:
    trace = recording(NAME)
    esp = [step for step in trace.steps if step.envelope.exchange == "ESP"]
    assert [step.source.port for step in esp] == [0, 0, 64500, 4500]
    assert {step.source.address for step in esp[2:]} == {"203.0.113.7", "10.0.0.2"}
    assert trace.outcome == "established"


def test_who_may_move_speaks_at_the_port_of_nat_traversal_from_the_start() -> None:
    third = recording(NAME).step(3)
    assert (third.source.port, third.destination.port) == (4500, 4500)
    assert not any(isinstance(e.event, NetworkChanged) for e in recording(NAME).entries if e.step == 2)
    assert any(isinstance(e.event, Sent) for e in recording(NAME).entries)


@pytest.mark.parametrize("place", [0, 1])
def test_a_peer_may_name_several_sources_of_which_one_fits(place: int) -> None:
    both = {role: replace(config(role), nat_traversal=True) for role in (I, R)}
    pair = V2Pair(both[I], both[R]).start()
    request = pair.pending
    kind = int(V2NotifyType.NAT_DETECTION_SOURCE_IP).to_bytes(2, "big")
    at = request.index(b"\0\0" + kind) - 4
    other = request[at : at + 8] + bytes(20)
    own = request[at : at + 28]
    octets = request[:at] + (own + other if place else other + own) + request[at + 28 :]
    octets = octets[:24] + len(octets).to_bytes(4, "big") + octets[28:]
    pair.feed(R, octets)
    assert news(pair, R) == []
