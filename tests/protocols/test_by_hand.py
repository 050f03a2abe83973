"""The whole exchange recomputed from octets of the wire and the secrets, with nothing of the program's crypto."""

from __future__ import annotations

import pytest
from by_hand import chain, decrypt, prf, sha1

from explorer.crypto.groups import modp_group
from explorer.events import Role
from explorer.trace.model import Key
from explorer.trace.trace import Trace

PRIME = modp_group(14).prime


class Hand:
    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.m = [step.octets for step in trace.steps]
        self.cky_i, self.cky_r = self.m[1][:8], self.m[1][8:16]
        self.sai_b = self.payload(1, 1)[4:]
        self.g_xi, self.ni = self.payload(3, 4)[4:], self.payload(3, 10)[4:]
        self.g_xr, self.nr = self.payload(4, 4)[4:], self.payload(4, 10)[4:]
        xi = int.from_bytes(self.term("phase 1", "xi"), "big")
        self.g_xy = pow(int.from_bytes(self.g_xr, "big"), xi, PRIME).to_bytes(256, "big")
        self.skeyid = prf(b"correct horse battery staple", self.ni, self.nr)
        tail = (self.g_xy, self.cky_i, self.cky_r)
        self.d = prf(self.skeyid, *tail, b"\0")
        self.a = prf(self.skeyid, self.d, *tail, b"\1")
        self.e = prf(self.skeyid, self.a, *tail, b"\2")
        k1 = prf(self.e, b"\0")
        self.ka = (k1 + prf(self.e, k1))[:32]
        self.iv1 = sha1(self.g_xi, self.g_xr)[:16]

    def term(self, scope: str, symbol: str) -> bytes:
        return self.trace.links.first(Key(scope, symbol)).octets

    def payload(self, message: int, kind: int) -> bytes:
        octets = self.m[message - 1]
        return next(p for k, p in chain(octets[16], octets[28:]) if k == kind)

    def sealed(self, message: int) -> bytes:
        return self.m[message - 1][28:]

    def plain(self, message: int) -> bytes:
        if message in (5, 6):
            iv = self.iv1 if message == 5 else self.sealed(5)[-16:]
        elif message == 7:
            iv = sha1(self.sealed(6)[-16:], self.m[6][20:24])[:16]
        else:
            iv = self.sealed(message - 1)[-16:]
        return decrypt(self.ka, iv, self.sealed(message))

    def payloads(self, message: int) -> list[bytes]:
        return [p for _, p in chain(self.m[message - 1][16], self.plain(message))]


@pytest.fixture
def hand(trace: Trace) -> Hand:
    return Hand(trace)


def test_the_keys_of_phase_1(hand: Hand) -> None:
    for symbol, octets in (("g^xy", hand.g_xy), ("SKEYID", hand.skeyid), ("SKEYID_d", hand.d), ("SKEYID_a", hand.a),
                           ("SKEYID_e", hand.e), ("Ka", hand.ka), ("IV", hand.iv1)):
        assert hand.term("phase 1", symbol) == octets


def test_trap_3_message_6_continues_from_message_5(hand: Hand) -> None:
    assert hand.plain(5).startswith(hand.payloads(5)[0])
    assert [p[4:5] for p in (hand.payloads(5)[0], hand.payloads(6)[0])] == [b"\1", b"\1"]


def test_trap_4_quick_mode_starts_from_the_last_block_of_phase_1(hand: Hand) -> None:
    kinds = [kind for kind, _ in chain(hand.m[6][16], hand.plain(7))]
    assert kinds[:3] == [8, 1, 10]


def test_trap_7_padding_is_zeros_and_counted_in_length(hand: Hand) -> None:
    for message in range(5, 10):
        plain, used = hand.plain(message), sum(map(len, hand.payloads(message)))
        assert plain[used:] == bytes(len(plain) - used)
        assert len(plain) - used < 16
        assert int.from_bytes(hand.m[message - 1][24:28], "big") == len(hand.m[message - 1]) == 28 + len(plain)


def test_trap_10_both_hashes_cover_the_whole_offer(hand: Hand) -> None:
    offer = hand.sai_b
    idii_b, hash_i = (p[4:] for p in hand.payloads(5))
    idir_b, hash_r = (p[4:] for p in hand.payloads(6))
    assert hash_i == prf(hand.skeyid, hand.g_xi, hand.g_xr, hand.cky_i, hand.cky_r, offer, idii_b)
    assert hash_r == prf(hand.skeyid, hand.g_xr, hand.g_xi, hand.cky_r, hand.cky_i, offer, idir_b)
    assert offer != hand.payload(2, 1)[4:]


def test_trap_11_identities_have_type_protocol_and_port(hand: Hand) -> None:
    assert hand.payloads(5)[0][4:] == bytes.fromhex("010000000a000001")
    assert hand.payloads(6)[0][4:] == bytes.fromhex("010000000a000002")


def test_trap_12_quick_mode_hashes_cover_headers_and_no_padding(hand: Hand) -> None:
    first, second, third = (hand.payloads(n) for n in (7, 8, 9))
    message_id = hand.m[6][20:24]
    ni, nr = (next(p for k, p in chain(8, hand.plain(n)) if k == 10)[4:] for n in (7, 8))
    assert first[0][4:] == prf(hand.a, message_id, *first[1:])
    assert second[0][4:] == prf(hand.a, message_id, ni, *second[1:])
    assert third[0][4:] == prf(hand.a, b"\0", message_id, ni, nr)
    assert any(len(hand.plain(n)) > sum(map(len, hand.payloads(n))) for n in (7, 8))


def test_traps_14_and_15_keymat_has_the_receivers_spi(hand: Hand) -> None:
    scope = f"Quick Mode {hand.m[6][20:24].hex()}"
    inside = {n: dict(chain(8, hand.plain(n))) for n in (7, 8)}
    ni, nr = inside[7][10][4:], inside[8][10][4:]
    secret = b""
    if 4 in inside[8]:
        exponent = int.from_bytes(hand.term(scope, "x(qm)i"), "big")
        secret = pow(int.from_bytes(inside[8][4][4:], "big"), exponent, PRIME).to_bytes(256, "big")
    for side, sender, message in (("i", Role.RESPONDER, 7), ("r", Role.INITIATOR, 8)):
        spi = inside[message][1][20:24]
        k1 = prf(hand.d, secret, b"\3", spi, ni, nr)
        keymat = (k1 + prf(hand.d, k1, secret, b"\3", spi, ni, nr))[:36]
        assert hand.term(scope, f"KEYMAT_{side}") == keymat
        assert hand.term(scope, f"ESP_e{side}") == keymat[:16]
        assert hand.term(scope, f"ESP_a{side}") == keymat[16:]
        packet = next(step.octets for step in hand.trace.steps if step.number > 9 and step.sender is sender)
        assert packet[:4] == spi
        assert prf(keymat[16:], packet[:-12])[:12] == packet[-12:]
        assert decrypt(keymat[:16], packet[8:24], packet[24:-12])[-1] == 4


def test_trap_28_message_ids(hand: Hand) -> None:
    ids = [octets[20:24] for octets in hand.m[:9]]
    assert set(ids[:6]) == {bytes(4)}
    assert len(set(ids[6:])) == 1
    assert ids[6] != bytes(4)
    assert {octets[:8] for octets in hand.m[:9]} == {hand.cky_i}
    assert {octets[8:16] for octets in hand.m[1:9]} == {hand.cky_r}
    assert hand.m[0][8:16] == bytes(8)


def test_trap_22_next_payloads_inside_the_sa(main: Trace) -> None:
    offer = main.step(1).octets[28:]
    assert offer[12] == 0
    transforms, at = [], 12 + 8
    while at < len(offer):
        transforms.append(offer[at])
        at += int.from_bytes(offer[at + 2 : at + 4], "big")
    assert transforms == [3, 3, 3, 0]
    assert (offer[12 + 6], offer[12 + 7]) == (0, 4)
