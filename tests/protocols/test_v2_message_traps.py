from __future__ import annotations

import pytest
from by_hand import chain
from v2_changes import (
    CRITICAL,
    UNSUPPORTED,
    either,
    remade,
    up,
)
from v2_hand import (
    DELETE,
    INFORMATIONAL,
    notifications,
)
from v2_pair import I, R, V2Pair, payload

from explorer.events import Learned, Making, Role, Sent

# ---------------------------------------------------------------- trap 48


def test_trap_48_a_repeated_request_gets_the_identical_answer_and_nothing_else_happens() -> None:
    pair = V2Pair().start()
    for turn in range(2):
        role, octets = pair.wire.popleft()
        answers = pair.feed(role, octets)
        said = len(pair.heard[role])
        for _ in range(3):
            assert pair.feed(role, octets) == answers
        news = pair.heard[role][said:]
        assert [type(event) for event in news] == [Making, Sent] * 3
        assert all(event.again for event in news if isinstance(event, Sent))
        pair.wire.extend((role.other, answer) for answer in answers)
        if turn == 0:
            pair.pump(1)
    assert pair.pump().up


@either
def test_trap_48_requests_under_the_sa_are_repeated_too(role: Role) -> None:
    pair = up()
    for ask in (pair.liveness, pair.rekey_child, pair.rekey_ike, pair.liveness):
        ask(role)
        octets = pair.pending
        (answer,) = pair.feed(role.other, octets)
        assert pair.feed(role.other, octets) == [answer]
        pair.pump()
    assert pair.sas(role.other).count("IKE both") == 2
    assert pair.sas(role.other).count("ESP inbound") == 2


@either
def test_trap_48_an_answer_that_comes_twice_is_no_news(role: Role) -> None:
    pair = up()
    pair.rekey_child(role)
    (answer,) = pair.feed(role.other, pair.pending)
    pair.wire.clear()
    first = pair.feed(role, answer)
    learned = len(pair.of(Learned, role))
    assert pair.feed(role, answer) == []
    assert len(pair.of(Learned, role)) == learned
    pair.wire.extend((role.other, octets) for octets in first)
    pair.pump()
    assert len(pair.sa(role).children) == 1


@either
@pytest.mark.parametrize("ahead", [-1, 1, 2, 0x7FFFFFFF])
def test_trap_48_a_request_out_of_turn_is_refused(role: Role, ahead: int) -> None:
    pair = up()
    number = (2 if role is I else 0) + ahead
    if number < 0:
        number = 0xFFFFFFFF
    assert pair.feed(role.other, pair.sealed(role, INFORMATIONAL, number, [])) == []
    assert "Message ID" in pair.refusals(role.other)[0]
    assert not pair.liveness(role).pump().peers[role].busy


def test_trap_48_both_directions_count_apart() -> None:
    pair = up()
    pair.liveness(I).liveness(R)
    assert [int.from_bytes(octets[20:24], "big") for _, octets in pair.wire] == [2, 0]
    pair.pump()
    for _ in range(3):
        pair.liveness(R)
        assert len(pair.wire) == 1
        pair.pump()
    assert (pair.sa(I).next_request, pair.sa(I).expected) == (3, 4)
    assert (pair.sa(R).next_request, pair.sa(R).expected) == (4, 3)


def test_trap_48_an_answer_is_never_sent_unasked() -> None:
    pair = V2Pair().start().pump(1)
    pair.wire.clear()
    answers = len(pair.of(Sent, R))
    pair.peers[R].handle_timer(1000.0)
    pair.put(R)
    assert len(pair.of(Sent, R)) == answers


def test_trap_48_a_window_of_one_lets_the_second_request_wait() -> None:
    pair = up()
    for _ in range(3):
        pair.liveness(I)
    assert len(pair.wire) == 1
    pair.pump()
    assert not pair.peers[I].busy
    assert pair.sa(R).expected == 5


def test_who_gets_no_answer_sends_the_same_again_and_then_gives_up() -> None:
    pair = up()
    pair.liveness(I)
    octets = pair.pending
    pair.wire.clear()
    pair.peers[I].handle_timer(pair.now + 2.5)
    pair.put(I)
    assert pair.pending == octets
    pair.wire.clear()
    for _ in range(20):
        due = pair.peers[I].next_timer()
        if due is None:
            break
        pair.peers[I].handle_timer(due)
        pair.collect(I)
    assert pair.ended(I, "IKE")
    assert len(pair.ended(I, "ESP")) == 2
    assert not pair.peers[I].busy


# ---------------------------------------------------------------- trap 49


@either
def test_trap_49_an_unknown_critical_payload_is_refused_by_its_type(role: Role) -> None:
    pair = up()
    strange = payload(200, b"?", CRITICAL)
    (answer,) = pair.feed(role.other, pair.sealed(role, INFORMATIONAL, 2 if role is I else 0, [strange]))
    assert notifications(pair.inside(answer)) == {UNSUPPORTED: bytes((0, 0, 0, UNSUPPORTED, 200))}


@either
def test_trap_49_an_unknown_payload_that_is_not_critical_is_skipped(role: Role) -> None:
    pair = up()
    strange = payload(200, b"?")
    (answer,) = pair.feed(role.other, pair.sealed(role, INFORMATIONAL, 2 if role is I else 0, [strange]))
    assert pair.inside(answer) == []
    assert pair.refusals(role.other) == []


def test_trap_49_in_the_first_message() -> None:
    pair = V2Pair().start()
    genuine = chain(pair.pending[16], pair.pending[28:])
    (answer,) = pair.feed(R, remade(pair.pending, [*genuine, payload(200, b"?", CRITICAL)]))
    assert notifications(chain(answer[16], answer[28:])) == {UNSUPPORTED: bytes((0, 0, 0, UNSUPPORTED, 200))}
    assert pair.peers[R].sessions == []
    pair.swap(remade(pair.pending, [payload(201, b"?"), *genuine])).pump()
    assert pair.sas(R) == [], "AUTH covers what the initiator has sent"
    assert "AUTHi" in " ".join(pair.refusals(R))


def test_trap_49_the_critical_bit_of_a_known_payload_says_nothing() -> None:
    pair = up()
    gone = payload(DELETE, bytes((3, 4, 0, 1)) + pair.sa(I).children[0].inbound.octets, CRITICAL)
    pair.feed(R, pair.sealed(I, INFORMATIONAL, 2, [gone]))
    assert len(pair.ended(R, "ESP")) == 2
