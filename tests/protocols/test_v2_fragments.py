from __future__ import annotations

from dataclasses import replace

import pytest
from v2_pair import I, R, V2Pair, v2_shipped

from explorer.crypto.expression import Plain
from explorer.events import Received, Role
from explorer.protocols.ikev2.fragments import MOST_FRAGMENTS
from explorer.protocols.ikev2.protection import seal
from explorer.wire.ikev2 import IkeHeader

NAME = "ikev2-fragmentation"


def pair() -> V2Pair:
    """Up to where the fragments of IKE_AUTH wait to be delivered."""
    return V2Pair(name=NAME).start().pump(2)


def parts(octets: bytes) -> tuple[int, int]:
    """Number and total, behind header and generic header."""
    return int.from_bytes(octets[32:34], "big"), int.from_bytes(octets[34:36], "big")


def waiting(pair: V2Pair) -> list[bytes]:
    return [octets for _, octets in pair.wire]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_fragments_may_come_in_any_order(order: tuple[int, ...]) -> None:
    run = pair()
    sent = waiting(run)
    assert [parts(octets) for octets in sent] == [(1, 3), (2, 3), (3, 3)]
    run.wire.clear()
    answers = [answer for at in order for answer in run.feed(R, sent[at])]
    assert [parts(octets) for octets in answers] == [(1, 3), (2, 3), (3, 3)]
    for answer in answers:
        run.feed(I, answer)
    assert run.up
    assert run.refusals(I) == run.refusals(R) == []


def test_only_the_first_fragment_names_a_payload() -> None:
    sent = waiting(pair())
    assert [octets[28] != 0 for octets in sent] == [True, False, False]
    assert {octets[16] for octets in sent} == {53}
    assert all(len(octets) <= 576 for octets in sent)


def test_what_comes_twice_counts_once() -> None:
    run = pair()
    first, *others = waiting(run)
    run.wire.clear()
    assert run.feed(R, first) == run.feed(R, first) == []
    assert "here already" in run.refusals(R)[0]
    assert run.feed(R, others[0]) == []
    assert len(run.feed(R, others[1])) == 3


def test_a_fragment_that_does_not_verify_changes_nothing() -> None:
    run = pair()
    first, second, third = waiting(run)
    run.wire.clear()
    run.feed(R, first)
    for octets in (second[:-1] + bytes((second[-1] ^ 1,)), second[:33] + b"\3" + second[34:]):
        assert run.feed(R, octets) == []
    run.feed(R, second)
    assert len(run.feed(R, third)) == 3
    assert len(run.refusals(R)) == 2


def test_a_repeated_request_gets_the_answer_once_not_three_times() -> None:
    run = pair()
    sent = waiting(run)
    run.wire.clear()
    answers = [answer for octets in sent for answer in run.feed(R, octets)]
    again = [answer for octets in sent for answer in run.feed(R, octets)]
    assert again == answers


def test_a_lost_fragment_is_sent_again_with_all_others() -> None:
    run = pair()
    run.wire.popleft()
    run.pump().wait(60).pump()
    assert run.up


def of_nobody(run: V2Pair, number: int, total: int, size: int) -> bytes:
    """A fragment of somebody who has made a key exchange and proven nothing."""
    sa = run.sa(I)
    i, r = sa.spis
    header = IkeHeader(initiator_spi=i, responder_spi=r, exchange_type=35, flags=8, message_id=1, length=0)
    made = seal(
        sa.suite, sa.sealing_keys(own=True), header, 0, Plain("x", bytes(size)), 0,
        scope="x", number="", draw=lambda size, _: bytes(size), learn=lambda term: term, fragment=(number, total),
    )
    return made.message.datagram.octets


def test_nobody_is_kept_more_fragments_of_than_a_message_can_have() -> None:
    run = pair()
    run.wire.clear()
    run.feed(R, of_nobody(run, 1, MOST_FRAGMENTS, 10))
    assert run.refusals(R) == []
    run.feed(R, of_nobody(run, 1, MOST_FRAGMENTS + 1, 10))
    assert run.refusals(R) == ["2049 fragments are announced, of at most 2048"]


def test_nor_more_octets_than_a_message_can_have() -> None:
    run = pair()
    run.wire.clear()
    for number in range(1, 4):
        run.feed(R, of_nobody(run, number, 9, 30_000))
    assert run.refusals(R) == ["Fragments of more than 65535 octets are no message"]
    run.feed(R, of_nobody(run, 4, 9, 5_535))
    assert len(run.refusals(R)) == 1


def test_nothing_is_kept_of_a_division_that_another_has_replaced() -> None:
    run = pair()
    run.wire.clear()
    for total in range(2, 9):
        run.feed(R, of_nobody(run, 1, total, 10))
    (association,) = run.peers[R].sessions
    assert association.collecting is not None
    assert len(association.collecting.digests) == 1


@pytest.mark.parametrize("side", [I, R])
def test_without_agreement_nothing_is_cut(side: Role) -> None:
    whole = replace(v2_shipped(side, NAME), fragment_size=0)
    run = V2Pair(whole, None, name=NAME) if side is I else V2Pair(None, whole, name=NAME)
    run.start().pump()
    assert run.up
    assert all(octets[16] != 53 for octets in run.sent)


def test_the_payloads_stand_in_a_buffer_of_their_own() -> None:
    run = pair()
    run.pump()
    read = [event for event in run.of(Received, R) if event.envelope.exchange == "IKE_AUTH"]
    assert [[tree.buffer.name for tree in event.envelope.trees] for event in read] == [
        ["datagram", "decrypted"], ["datagram", "decrypted"], ["datagram", "decrypted", "reassembled"]]
    sizes = [field.end - field.start for field in (event.envelope.trees[1].root.children[0] for event in read)]
    assert sum(sizes) == len(read[-1].envelope.trees[2].buffer.octets)
