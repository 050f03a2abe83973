"""Aggressive Mode with a pre-shared key, recomputed from the wire (RFC 2409 §5.4)."""

from __future__ import annotations

import pytest
from by_hand import HASH, ID, KE, NONCE, PSK, SA, Hand, chain, prf, sha1

from explorer.events import Role


@pytest.fixture(scope="module")
def hand() -> Hand:
    hand = Hand("ikev1-aggressive-psk")
    hand.g_xy = hand.power(hand.payload(2, KE), hand.term("xi"))
    hand.derive(prf(PSK, hand.payload(1, NONCE), hand.payload(2, NONCE)), hand.payload(1, KE), hand.payload(2, KE))
    return hand


def test_the_keys_of_phase_1(hand: Hand) -> None:
    hand.keys_are_the_programs()


def test_identities_travel_in_the_clear(hand: Hand) -> None:
    assert hand.payload(1, ID) == b"\2\0\0\0branch.example.com"
    assert hand.payload(2, ID) == b"\2\0\0\0head.example.com"


def test_the_responder_proves_itself_first_and_in_the_clear(hand: Hand) -> None:
    assert hand.payload(2, HASH) == hand.hash_r(hand.payload(2, ID))


def test_whoever_listens_can_try_a_key_offline(hand: Hand) -> None:
    """Everything that HASH_R is made of goes by in the clear, but for the key."""

    def guess(psk: bytes) -> bytes:
        skeyid = prf(psk, hand.payload(1, NONCE), hand.payload(2, NONCE))
        data = (hand.payload(2, KE), hand.payload(1, KE), hand.cky_r, hand.cky_i, hand.payload(1, SA))
        return prf(skeyid, *data, hand.payload(2, ID))

    assert guess(PSK) == hand.payload(2, HASH)
    assert guess(b"123456") != hand.payload(2, HASH)


def test_the_initiator_proves_itself_in_the_third_message(hand: Hand) -> None:
    assert [kind for kind, _ in hand.inside(3)] == [HASH]
    assert hand.body(3, HASH) == hand.hash_i(hand.payload(1, ID))


def test_the_third_message_is_encrypted_with_the_very_first_vector(hand: Hand) -> None:
    assert hand.m[2][19] == 1
    assert hand.iv == sha1(hand.payload(1, KE), hand.payload(2, KE))[:16]
    assert hand.plain(3)[24:] == bytes(8)


def test_quick_mode_goes_on_from_the_last_block_of_the_third_message(hand: Hand) -> None:
    assert [kind for kind, _ in hand.inside(4)][:3] == [HASH, SA, NONCE]
    rest = b"".join(octets for _, octets in hand.inside(4)[1:])
    assert hand.body(4, HASH) == prf(hand.a, hand.message_id(4), rest)


def test_everything_is_said_in_three_messages(hand: Hand) -> None:
    assert [kind for kind, _ in hand.clear(1)] == [SA, KE, NONCE, ID]
    assert [kind for kind, _ in hand.clear(2)] == [SA, KE, NONCE, ID, HASH]
    assert [hand.message_id(n) for n in (1, 2, 3)] == [bytes(4)] * 3
    assert [step.sender for step in hand.steps[:3]] == [Role.INITIATOR, Role.RESPONDER, Role.INITIATOR]
    assert chain(1, hand.m[0][28:])[0][1][4:] == hand.sai_b
