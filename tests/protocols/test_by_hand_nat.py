"""NAT traversal, recomputed from the wire (RFC 3947, RFC 3948)."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from by_hand import ID, KE, NAT_D, NONCE, PSK, SA, VID, Hand, prf, sha1

from explorer.events import Role

INSIDE, OUTSIDE, GATEWAY = ("192.168.178.10", 500), ("203.0.113.7", 61500), ("10.0.0.2", 500)


@pytest.fixture(scope="module")
def hand() -> Hand:
    hand = Hand("ikev1-nat-t")
    hand.g_xy = hand.power(hand.payload(4, KE), hand.term("xi"))
    hand.derive(prf(PSK, hand.payload(3, NONCE), hand.payload(4, NONCE)), hand.payload(3, KE), hand.payload(4, KE))
    return hand


def hashed(hand: Hand, end: tuple[str, int]) -> bytes:
    return sha1(hand.cky_i, hand.cky_r, IPv4Address(end[0]).packed, end[1].to_bytes(2, "big"))


def test_both_sides_say_that_they_can(hand: Hand) -> None:
    said = bytes.fromhex("4a131c81070358455c5728f20e95452f")
    assert hand.payload(1, VID) == hand.payload(2, VID) == said


def test_the_first_hash_is_of_where_the_message_goes(hand: Hand) -> None:
    assert hand.payload(3, NAT_D, 0) == hashed(hand, GATEWAY)
    assert hand.payload(4, NAT_D, 0) == hashed(hand, OUTSIDE), "that is whom the responder sees"


def test_the_second_hash_is_of_where_it_comes_from(hand: Hand) -> None:
    inside = (hand.trace.parties[Role.INITIATOR].address, 500)
    assert hand.payload(3, NAT_D, 1) == hashed(hand, inside)
    assert hand.payload(3, NAT_D, 1) != hashed(hand, OUTSIDE), "and so the NAT is found"
    assert hand.payload(4, NAT_D, 1) == hashed(hand, GATEWAY)


def test_from_message_5_on_everything_uses_the_other_port_and_a_marker(hand: Hand) -> None:
    for step in hand.steps[:4]:
        assert (step.source.port, step.destination.port) in ((61500, 500), (500, 61500))
    for step in hand.steps[4:]:
        assert (step.source.port, step.destination.port) in ((64500, 4500), (4500, 64500))
    for step in hand.steps[4:9]:
        assert step.octets[:4] == bytes(4)
        assert step.octets[4:12] == hand.cky_i


def test_the_marker_is_not_counted_in_the_length_and_not_encrypted(hand: Hand) -> None:
    for number in range(5, 10):
        octets = hand.steps[number - 1].octets
        assert int.from_bytes(octets[28:32], "big") == len(octets) - 4
    assert hand.body(5, ID)[4:] == b"branch.example.com"


def test_the_offer_says_that_esp_will_travel_in_udp(hand: Hand) -> None:
    offer = hand.body(7, SA)
    assert bytes.fromhex("80040003") in offer, "encapsulation mode: UDP-Encapsulated-Tunnel"
    assert bytes.fromhex("80040001") not in offer


def test_esp_in_udp_has_no_marker_and_so_an_spi_that_is_not_zero(hand: Hand) -> None:
    for sender in (Role.INITIATOR, Role.RESPONDER):
        packets = hand.packets(sender)
        assert packets
        assert all(packet[:4] != bytes(4) for packet in packets)


def test_a_keepalive_is_one_octet_from_the_side_behind_the_nat(hand: Hand) -> None:
    alive = [step for step in hand.steps if len(step.octets) == 1]
    assert {step.octets for step in alive} == {b"\xff"}
    assert {step.sender for step in alive} == {Role.INITIATOR}
    assert {step.destination.port for step in alive} == {4500}
