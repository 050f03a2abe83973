"""Messages that are lost, come twice or come late; and an end to asking (RFC 2408 §5.1)."""

from __future__ import annotations

import pytest
from insider import AGGRESSIVE_PSK, AGGRESSIVE_REVISED, CLIENT_MODE, HYBRID, MAIN_REVISED, MAIN_RSA, between
from pair import MAIN, I, Pair, R, is_told

from explorer.engine.retransmission import FIRST_WAIT, MOST_SENDINGS, PATIENCE
from explorer.events import Concluded, Role, Sent

NAMES = [MAIN, MAIN_RSA, MAIN_REVISED, AGGRESSIVE_PSK, AGGRESSIVE_REVISED, HYBRID, CLIENT_MODE]
FOREVER = 400.0
"""Seconds after which nothing that waits for an answer still does."""


def count(name: str) -> int:
    return len(between(name).start().pump().sent)


MESSAGES = [(name, number) for name in NAMES for number in range(1, count(name) + 1)]
every_message = pytest.mark.parametrize(("name", "number"), MESSAGES)


def quick(pair: Pair) -> Pair:
    return pair.rekey().pump() if not pair.up else pair


@every_message
def test_any_one_message_may_be_lost(name: str, number: int) -> None:
    pair = between(name).start().pump(number - 1)
    pair.lose().pump().wait(FOREVER)
    assert all(pair.session(role).usable for role in (I, R))
    assert not pair.failures(I)
    assert not pair.failures(R)
    assert quick(pair).up


@every_message
def test_any_one_message_may_come_twice(name: str, number: int) -> None:
    pair = between(name).start().pump(number - 1)
    pair.wire.appendleft(pair.wire[0])
    pair.pump().wait(FOREVER)
    assert not pair.refusals(I)
    assert not pair.refusals(R)
    assert quick(pair).up


@every_message
def test_any_one_message_may_come_once_more_when_all_is_over(name: str, number: int) -> None:
    pair = between(name).start().pump(number - 1)
    role, octets = pair.wire[0]
    quick(pair.pump())
    pair.feed(role, octets)
    pair.wait(FOREVER)
    assert pair.up
    assert not pair.failures(I)
    assert not pair.failures(R)


@pytest.mark.parametrize("number", [7, 8, 9])
def test_any_message_of_quick_mode_may_be_lost(number: int) -> None:
    pair = Pair().reach(number - 1).lose().pump().wait(FOREVER)
    assert pair.up
    assert not pair.failures(I) + pair.failures(R)


@pytest.mark.parametrize("number", range(1, 10))
def test_what_is_sent_again_is_octet_for_octet_what_was_sent(number: int) -> None:
    pair = Pair().reach(number - 1)
    lost = pair.pending
    pair.lose().wait(FIRST_WAIT * 3)
    assert pair.sent.count(lost) >= 1
    again = [event for role in (I, R) for event in pair.of(Sent, role) if event.again]
    assert again
    assert all(event.envelope.trees[0].buffer.octets in pair.sent for event in again)


# ---------------------------------------------------------------- an end


def alone(pair: Pair, role: Role) -> list[float]:
    """When a peer sends again while nothing at all arrives, until nothing of this negotiation is due any more."""
    times = []
    while (due := pair.peers[role].next_timer()) is not None and due < FOREVER:
        pair.now = due
        pair.peers[role].handle_timer(due)
        times += [due] * len(pair.collect(role))
        assert len(times) < 50
    return times


@pytest.mark.parametrize("name", NAMES)
def test_an_initiator_that_hears_nothing_gives_up(name: str) -> None:
    pair = between(name).start().lose()
    times = alone(pair, I)
    assert times == [FIRST_WAIT * (2**n - 1) for n in range(1, MOST_SENDINGS)]
    assert [reason.partition(": ")[2] for reason in pair.failures(I)] == ["no answer has come"]
    assert pair.session(I).ended
    assert not pair.peers[I].busy
    with pytest.raises(LookupError):
        pair.rekey()


@pytest.mark.parametrize("delivered", range(1, 6))
def test_both_sides_give_up_wherever_the_line_is_cut(delivered: int) -> None:
    pair = Pair().reach(delivered)
    role = pair.wire[0][0]
    pair.wire.clear()
    for side in (I, R):
        alone(pair, side)
    assert pair.failures(role.other) or pair.state(role.other) == "ISAKMP SA up"
    assert len(pair.failures(role)) == 1
    assert not pair.peers[I].busy
    assert not pair.peers[R].busy


def test_a_responder_waits_patiently_and_asks_for_nothing() -> None:
    pair = Pair().reach(1)
    pair.wire.clear()
    assert alone(pair, R) == []
    assert pair.failures(R) == ["Main Mode: the next message has not come"]
    assert pair.now == PATIENCE


def test_only_the_responder_can_tell_that_the_last_message_of_quick_mode_was_lost() -> None:
    pair = Pair().reach(8)
    third = pair.pending
    pair.lose()
    assert pair.sas(I)[1:] == ["ESP inbound", "ESP outbound"]
    pair.now = FIRST_WAIT
    pair.peers[R].handle_timer(pair.now)
    (second,) = pair.collect(R)
    assert second == pair.sent[7]
    assert pair.feed(I, second) == [third]
    pair.feed(R, third)
    assert pair.up


def test_a_quick_mode_that_fails_leaves_the_isakmp_sa() -> None:
    pair = Pair().reach(6)
    pair.wire.clear()
    assert len(alone(pair, I)) == MOST_SENDINGS - 1
    assert pair.failures(I) == ["Quick Mode: no answer has come"]
    assert pair.rekey().pump().sas(I) == ["ISAKMP both", "ESP inbound", "ESP outbound"]


def test_an_answer_that_comes_after_giving_up_is_refused() -> None:
    pair = Pair().reach(7)
    late = pair.pending
    pair.wire.clear()
    alone(pair, I)
    assert all(is_told(octets) for octets in pair.feed(I, late))
    assert "is over" in pair.refusals(I)[-1].reason
    assert pair.sas(I) == ["ISAKMP both"]


def test_success_leaves_no_timer_but_the_ends_of_the_sas() -> None:
    pair = Pair().reach(9)
    assert [peer.next_timer() for peer in pair.peers.values()] == [3600.0, 3600.0]


@pytest.mark.parametrize("name", NAMES)
def test_each_exchange_concludes_once(name: str) -> None:
    pair = quick(between(name).start().pump())
    pair.wait(FOREVER)
    for role in (I, R):
        concluded = [(event.exchange, event.scope) for event in pair.of(Concluded, role)]
        assert len(concluded) == len(set(concluded))
