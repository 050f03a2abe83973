"""AH, New Group Mode and informational messages, recomputed from the wire."""

from __future__ import annotations

import hashlib
import hmac
from ipaddress import IPv4Address

import pytest
from by_hand import DELETE, HASH, ID, KE, NONCE, NOTIFY, PSK, SA, Hand, chain, number, prf

from explorer.events import Role

ENDS = {Role.INITIATOR: ("10.0.0.1", "10.0.0.2"), Role.RESPONDER: ("10.0.0.2", "10.0.0.1")}


def opened(name: str) -> Hand:
    hand = Hand(name)
    hand.g_xy = hand.power(hand.payload(4, KE), hand.term("xi"))
    hand.derive(prf(PSK, hand.payload(3, NONCE), hand.payload(4, NONCE)), hand.payload(3, KE), hand.payload(4, KE))
    return hand


def spi(hand: Hand, message: int) -> bytes:
    """Behind DOI, situation and the eight octets of the proposal's header."""
    return hand.body(message, SA)[16:20]


# ---------------------------------------------------------------- AH


@pytest.fixture(scope="module")
def covered() -> Hand:
    return opened("ikev1-quick-ah")


def keymat(hand: Hand, message: int, protocol: int, size: int) -> bytes:
    ni, nr = hand.body(7, NONCE), hand.body(8, NONCE)
    seed = bytes((protocol,)) + spi(hand, message) + ni + nr
    block = made = prf(hand.d, seed)
    while len(made) < size:
        block = prf(hand.d, block, seed)
        made += block
    return made[:size]


@pytest.mark.parametrize(("sender", "message", "side"), [(Role.INITIATOR, 8, "r"), (Role.RESPONDER, 7, "i")])
def test_the_keymat_of_ah_has_the_number_of_ah_and_the_receivers_spi(
    covered: Hand, sender: Role, message: int, side: str
) -> None:
    key = keymat(covered, message, 2, 32)
    scope = f"Quick Mode {covered.message_id(7).hex()}"
    assert covered.term(f"AH_a{side}", scope) == key
    assert all(packet[4:8] == spi(covered, message) for packet in covered.packets(sender))


@pytest.mark.parametrize(("sender", "message"), [(Role.INITIATOR, 8), (Role.RESPONDER, 7)])
def test_the_icv_of_ah_covers_the_outer_header_without_what_changes_on_the_way(
    covered: Hand, sender: Role, message: int
) -> None:
    key = keymat(covered, message, 2, 32)
    for packet in covered.packets(sender):
        source, destination = (IPv4Address(end).packed for end in ENDS[sender])
        outer = b"\x45\0" + (20 + len(packet)).to_bytes(2, "big") + bytes(5) + b"\x33" + bytes(2) + source + destination
        icv = hmac.new(key, outer + packet[:12] + bytes(16) + packet[28:], hashlib.sha256).digest()[:16]
        assert packet[12:28] == icv
        assert packet[0] == 4, "in tunnel mode a whole IPv4 packet follows"
        assert packet[1] == (12 + 16) // 4 - 2


# ---------------------------------------------------------------- a group of one's own


@pytest.fixture(scope="module")
def grouped() -> Hand:
    return opened("ikev1-new-group")


def test_a_group_is_offered_as_attributes_and_comes_back_as_it_was(grouped: Hand) -> None:
    offer, answer = grouped.body(7, SA), grouped.body(8, SA)
    assert offer == answer
    assert bytes.fromhex("80048000") in offer, "group description: 32768"
    assert bytes.fromhex("80050001") in offer, "group type: MODP"
    at = offer.index(bytes.fromhex("00060080")) + 4
    assert number(offer[at : at + 128]) == PRIVATE
    assert grouped.m[6][18] == grouped.m[7][18] == 33


PRIVATE = int(
    "d23fd15ee777345688b4a00d57bc376178f9595e677522f0f6f860f559b19ddc19524b8e77d2fcba791ee7f23bddf202"
    "6a18bc3910b9211e79648b92e1adb00f36bb83dffd2cc972cdf2adf29dc42e2c59852f993676bd9673fd889bbee325c1"
    "c5173771411da961c9df449d71f28b5fe3b4b3ec9fd0a2f5279be19ff18ba293", 16)


def test_its_hashes_cover_what_follows_them(grouped: Hand) -> None:
    for message in (7, 8):
        (_, first), (_, second) = grouped.inside(message)
        assert first[4:] == prf(grouped.a, grouped.message_id(message), second)


def test_quick_mode_then_computes_in_the_new_group(grouped: Hand) -> None:
    scope = f"Quick Mode {grouped.message_id(9).hex()}"
    exponent = number(grouped.term("x(qm)i", scope))
    assert number(grouped.body(9, KE)) == pow(2, exponent, PRIVATE)
    secret = pow(number(grouped.body(10, KE)), exponent, PRIVATE).to_bytes(128, "big")
    assert grouped.term("g(qm)^xy", scope) == secret
    assert bytes.fromhex("80038000") in grouped.body(9, SA), "the SA names the group by its number"


# ---------------------------------------------------------------- what is told


@pytest.fixture(scope="module")
def told() -> Hand:
    return opened("ikev1-informational")


def test_initial_contact_goes_with_the_initiators_proof_and_no_hash_covers_it(told: Hand) -> None:
    assert [kind for kind, _ in told.inside(5)] == [ID, HASH, NOTIFY]
    expected = b"\0\0\0\1\1\x10" + (24578).to_bytes(2, "big") + told.cky_i + told.cky_r
    assert told.body(5, NOTIFY) == expected
    assert told.body(5, HASH) == told.hash_i(told.body(5, ID))
    assert [kind for kind, _ in told.inside(6)] == [ID, HASH]


@pytest.mark.parametrize(("question", "answer"), [(12, 13), (14, 15)])
def test_a_sign_of_life_repeats_the_number_of_its_question(told: Hand, question: int, answer: int) -> None:
    asked, said = told.body(question, NOTIFY), told.body(answer, NOTIFY)
    head = b"\0\0\0\1\1\x10"
    assert asked[:8] == head + (36136).to_bytes(2, "big")
    assert said[:8] == head + (36137).to_bytes(2, "big")
    assert asked[8:24] == said[8:24] == told.cky_i + told.cky_r
    assert asked[24:] == said[24:]
    assert len(asked[24:]) == 4
    assert told.message_id(question) != told.message_id(answer)


def test_ipsec_sas_are_deleted_by_the_senders_inbound_spi(told: Hand) -> None:
    assert told.body(16, DELETE) == b"\0\0\0\1\3\4\0\1" + spi(told, 7)


def test_an_isakmp_sa_is_deleted_by_both_cookies(told: Hand) -> None:
    assert told.body(17, DELETE) == b"\0\0\0\1\1\x10\0\1" + told.cky_i + told.cky_r


def test_a_hash_covers_every_informational_message(told: Hand) -> None:
    for message in range(12, 18):
        payloads = chain(HASH, told.plain(message))
        rest = b"".join(octets for _, octets in payloads[1:])
        assert payloads[0][1][4:] == prf(told.a, told.message_id(message), rest)
        assert told.m[message - 1][18] == 5
