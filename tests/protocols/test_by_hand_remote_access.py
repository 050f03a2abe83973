"""XAUTH and the configuration method octet by octet, read with keys recomputed from the wire."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from by_hand import ATTRIBUTES, HASH, ID, KE, NONCE, PSK, SA, Hand, chain, prf, sha1

REQUEST, REPLY, SET, ACK = 1, 2, 3, 4
USER, PASSWORD, STATUS = b"\x40\x89", b"\x40\x8a", b"\xc0\x8f"
LOGIN = USER + b"\0\5alice" + PASSWORD + b"\0\nwonderland"
ADDRESS = IPv4Address("10.3.0.1").packed


@pytest.fixture(scope="module", params=["ikev1-remote-access-client-mode", "ikev1-remote-access-push"])
def hand(request: pytest.FixtureRequest) -> Hand:
    hand = Hand(request.param)
    hand.g_xy = hand.power(hand.payload(2, KE), hand.term("xi"))
    hand.derive(prf(PSK, hand.payload(1, NONCE), hand.payload(2, NONCE)), hand.payload(1, KE), hand.payload(2, KE))
    return hand


def said(hand: Hand, message: int) -> bytes:
    return hand.body(message, ATTRIBUTES)


def test_the_group_key_is_found_by_the_name_that_the_client_gives(hand: Hand) -> None:
    hand.keys_are_the_programs()
    assert hand.payload(1, ID) == b"\x0b\0\0\0staff"


def test_the_method_says_which_side_is_a_user(hand: Hand) -> None:
    assert bytes.fromhex("8003fde9") in hand.sai_b, "XAUTHInitPreShared, 65001"


@pytest.mark.parametrize("message", range(4, 10))
def test_each_message_is_a_hash_and_an_attributes_payload(hand: Hand, message: int) -> None:
    kinds = [kind for kind, _ in hand.inside(message)]
    assert kinds == [HASH, ATTRIBUTES]
    ((_, first), (_, second)) = hand.inside(message)
    assert hand.m[message - 1][18] == 6
    assert first[4:] == prf(hand.a, hand.message_id(message), second)


def test_request_and_reply_are_one_exchange_set_and_acknowledgement_the_next(hand: Hand) -> None:
    ids = [hand.message_id(message) for message in range(4, 10)]
    assert ids[0::2] == ids[1::2]
    assert len(set(ids)) == 3
    assert bytes(4) not in ids


def test_each_exchange_has_a_first_vector_of_its_own(hand: Hand) -> None:
    for message in (4, 6, 8):
        assert hand.last_block() == hand.sealed(3)[-16:]
        first = sha1(hand.sealed(3)[-16:], hand.message_id(message))[:16]
        assert hand.term("IV", f"Transaction {hand.message_id(message).hex()}") == first


def test_the_gateway_asks_for_name_and_password_without_a_value(hand: Hand) -> None:
    assert said(hand, 4)[:2] == bytes((REQUEST, 0))
    assert said(hand, 4)[4:] == USER + bytes(2) + PASSWORD + bytes(2)


def test_the_client_answers_with_both(hand: Hand) -> None:
    assert said(hand, 5)[:2] == bytes((REPLY, 0))
    assert said(hand, 5)[4:] == LOGIN


def test_the_gateway_sets_the_status_and_the_client_acknowledges_it(hand: Hand) -> None:
    assert said(hand, 6)[:2] == bytes((SET, 0))
    assert said(hand, 6)[4:] == STATUS + b"\0\1"
    assert said(hand, 7)[:2] == bytes((ACK, 0))
    assert said(hand, 7)[4:6] == STATUS


def test_an_answer_has_the_identifier_of_its_question(hand: Hand) -> None:
    identifiers = [said(hand, message)[2:4] for message in range(4, 10)]
    assert identifiers[0::2] == identifiers[1::2]
    assert identifiers[0] == identifiers[2], "the whole login is one conversation"


def test_the_clients_address_comes_by_request_or_by_set(hand: Hand) -> None:
    first, second = said(hand, 8), said(hand, 9)
    given = b"\0\1\0\4" + ADDRESS + bytes.fromhex("00020004ffffff00 00030004c0a80235")
    if hand.trace.scenario.endswith("push"):
        assert (first[0], first[4:]) == (SET, given)
        assert (second[0], second[4:]) == (ACK, bytes.fromhex("00010000 00020000 00030000"))
    else:
        assert (first[0], first[4:]) == (REQUEST, bytes.fromhex("00010000 00020000 00030000"))
        assert (second[0], second[4:]) == (REPLY, given)


def test_quick_mode_is_about_the_address_that_was_given(hand: Hand) -> None:
    bodies = [octets[4:] for kind, octets in chain(HASH, hand.plain(10)) if kind == ID]
    assert bodies[0] == b"\1\0\0\0" + ADDRESS
    assert bodies[1] == b"\4\0\0\0" + bytes.fromhex("c0a80200ffffff00")
    assert [kind for kind, _ in hand.inside(10)][:3] == [HASH, SA, NONCE]
