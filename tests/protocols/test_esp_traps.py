from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.crypto.algorithms import CIPHERS, INTEGRITY
from explorer.crypto.term import Constant, Term
from explorer.events import (
    Datagram,
    Decrypted,
    Endpoint,
    Event,
    Learned,
    Received,
    Refused,
    Role,
    SaSnapshot,
    Sent,
    Verified,
)
from explorer.lab.entropy import SeededEntropy
from explorer.protocols.esp.endpoint import IpsecEndpoint
from explorer.protocols.esp.notation import describe
from explorer.protocols.esp.observer import EspObserver
from explorer.protocols.esp.window import WINDOW, ReplayWindow
from explorer.wire.ip import build_echo, build_ipv4

NEAR, FAR = Endpoint("10.0.0.1", 0), Endpoint("10.0.0.2", 0)
SPI = b"\x12\x34\x56\x78"
PING = build_ipv4(b"\x0a\0\0\1", b"\x0a\0\0\2", 1, build_echo(8, 1, 1, b"Is anybody there?"))
SUITES = [(c, i) for c in CIPHERS for i in INTEGRITY]


def snapshot(direction: str, cipher: str, integrity: str) -> SaSnapshot:
    def term(symbol: str, octets: bytes) -> Term:
        return Term(symbol, octets, Constant("test"))

    keys = (("encryption", term("ESP_e", bytes(range(1, CIPHERS[cipher].key_size + 1)))),
            ("integrity", term("ESP_a", b"a" * INTEGRITY[integrity].key_size)))
    words = (("encryption", cipher), ("integrity", integrity), ("mode", "Tunnel"))
    return SaSnapshot("ESP", direction, (term("SPI", SPI),), words, keys, 3600)


class Tunnel:
    def __init__(self, cipher: str = "AES-CBC-128", integrity: str = "HMAC-SHA1") -> None:
        entropy = SeededEntropy(3, "esp")
        self.near = IpsecEndpoint(entropy, Role.INITIATOR, NEAR.address, FAR.address)
        self.far = IpsecEndpoint(entropy, Role.RESPONDER, FAR.address, NEAR.address)
        self.near.install(snapshot("outbound", cipher, integrity))
        self.far.install(snapshot("inbound", cipher, integrity))
        self.suite = CIPHERS[cipher], INTEGRITY[integrity]

    def send(self, count: int = 1) -> list[bytes]:
        return [self.protect(PING) for _ in range(count)]

    def protect(self, packet: bytes) -> bytes:
        self.near.protect(packet)
        (datagram,) = self.near.packets_to_send(None)
        assert datagram == (datagram.octets, NEAR, FAR, 50)
        return datagram.octets

    def open(self, packet: bytes) -> bytes | None:
        return self.far.open(packet, 50, NEAR)

    def inside(self, packet: bytes) -> bytes:
        cipher, integrity = self.suite
        end = len(packet) - integrity.icv_size
        key = bytes(range(1, cipher.key_size + 1))
        return cipher.decrypt(key, packet[8 : 8 + cipher.block], packet[8 + cipher.block : end])

    def refused(self, packet: bytes) -> Refused:
        list(said(self.far))
        assert self.open(packet) is None
        (event,) = said(self.far)
        assert isinstance(event, Refused)
        return event


def said(endpoint: IpsecEndpoint) -> Iterator[Event]:
    while (event := endpoint.next_event()) is not None:
        yield event


@pytest.mark.parametrize(("cipher", "integrity"), SUITES)
def test_a_packet_crosses_the_tunnel(cipher: str, integrity: str) -> None:
    tunnel = Tunnel(cipher, integrity)
    for size in range(20, 60):
        packet = bytes(range(size))
        assert tunnel.open(tunnel.protect(packet)) == packet


@pytest.mark.parametrize("size", range(20, 40))
@pytest.mark.parametrize("cipher", ["AES-CBC-128", "3DES-CBC"])
def test_trap_30_padding_counts_from_one(size: int, cipher: str) -> None:
    tunnel = Tunnel(cipher)
    plain = tunnel.inside(tunnel.protect(bytes(size)))
    pad = plain[-2]
    assert plain[-2 - pad : -2] == bytes(range(1, pad + 1))
    assert plain[-1] == 4
    assert len(plain) == size + pad + 2
    assert pad < CIPHERS[cipher].block


def test_trap_30_the_first_sequence_number_is_one() -> None:
    numbers = [int.from_bytes(packet[4:8], "big") for packet in Tunnel().send(3)]
    assert numbers == [1, 2, 3]


def test_trap_30_a_new_sa_starts_again_at_one() -> None:
    tunnel = Tunnel()
    tunnel.send(5)
    tunnel.near.install(snapshot("outbound", "AES-CBC-128", "HMAC-SHA1"))
    assert tunnel.send()[0][4:8] == b"\0\0\0\1"


def test_trap_30_the_icv_covers_everything_in_front_of_it() -> None:
    for cut, name in ((12, "HMAC-SHA1"), (16, "HMAC-SHA2-256")):
        tunnel = Tunnel(integrity=name)
        (packet,) = tunnel.send()
        mac = INTEGRITY[name].function.hmac(b"a" * INTEGRITY[name].key_size, packet[:-cut])
        assert packet[-cut:] == mac[:cut]


def test_trap_30_a_replayed_packet_is_refused() -> None:
    tunnel = Tunnel()
    packet, later = tunnel.send(2)
    assert tunnel.open(packet) == PING
    event = tunnel.refused(packet)
    assert event.citation == "RFC 4303 §3.4.3"
    assert event.offset == 4
    assert tunnel.open(later) == PING


def test_trap_30_packets_out_of_order_are_accepted_once() -> None:
    tunnel = Tunnel()
    packets = tunnel.send(WINDOW)
    for packet in reversed(packets):
        assert tunnel.open(packet) == PING
    for packet in packets:
        tunnel.refused(packet)


def test_trap_30_a_packet_beyond_the_window_is_refused() -> None:
    tunnel = Tunnel()
    packets = tunnel.send(WINDOW + 1)
    assert tunnel.open(packets[-1]) == PING
    assert "too old" in tunnel.refused(packets[0]).reason
    assert tunnel.open(packets[1]) == PING


@pytest.mark.parametrize("at", [4, 7, 8, 23, 24, 40, 71, 72, 83])
def test_trap_30_a_changed_packet_is_refused_and_the_window_stays(at: int) -> None:
    tunnel = Tunnel()
    (packet,) = tunnel.send()
    changed = packet[:at] + bytes((packet[at] ^ 0x40,)) + packet[at + 1 :]
    event = tunnel.refused(changed)
    assert event.reason == "The ICV does not verify"
    assert event.expected is not None
    assert event.received is not None
    assert tunnel.open(packet) == PING


def test_a_forged_number_far_ahead_does_not_shut_out_the_next_packet() -> None:
    tunnel = Tunnel()
    first, second = tunnel.send(2)
    tunnel.refused(first[:4] + b"\xff\xff\xff\xff" + first[8:])
    assert [tunnel.open(packet) for packet in (first, second)] == [PING, PING]


def test_an_unknown_spi_is_refused() -> None:
    tunnel = Tunnel()
    (packet,) = tunnel.send()
    event = tunnel.refused(b"\x12\x34\x56\x79" + packet[4:])
    assert (event.reason, event.offset) == ("No SA has SPI 12345679", 0)


@pytest.mark.parametrize("size", [0, 3, 7, 8, 20, 36, 51])
def test_a_packet_cut_short_is_refused(size: int) -> None:
    tunnel = Tunnel()
    (packet,) = tunnel.send()
    assert tunnel.refused(packet[:size]).citation.startswith("RFC 4303")
    assert tunnel.open(packet) == PING


def test_without_an_sa_nothing_is_sent_or_opened() -> None:
    endpoint = IpsecEndpoint(SeededEntropy(1, "x"), Role.INITIATOR, FAR.address, NEAR.address)
    with pytest.raises(LookupError):
        endpoint.protect(PING)
    assert endpoint.open(Tunnel().send()[0], 50, NEAR) is None
    assert endpoint.packets_to_send(None) == []


def test_the_ivs_of_two_packets_differ() -> None:
    first, second = Tunnel().send(2)
    assert first[8:24] != second[8:24]


def test_what_is_said_of_a_packet() -> None:
    tunnel = Tunnel()
    (packet,) = tunnel.send()
    assert [type(e) for e in said(tunnel.near)][-1] is Sent
    tunnel.open(packet)
    kinds = [type(e) for e in said(tunnel.far)]
    assert kinds == [Received, Learned, Verified, Decrypted]


@settings(max_examples=300)
@given(st.data())
def test_junk_is_refused_and_moves_nothing(data: st.DataObject) -> None:
    tunnel = Tunnel()
    (packet,) = tunnel.send()
    octets = bytearray(packet)
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    sources = (st.just(bytes(octets)), st.binary(max_size=120), st.binary(max_size=99).map(SPI.__add__))
    junk = data.draw(st.one_of(sources))
    if junk != packet:
        assert tunnel.open(junk) is None
        assert [type(e) for e in said(tunnel.far)] == [Refused]
    assert tunnel.open(packet) == PING


@given(st.lists(st.integers(0, 200), max_size=80))
def test_the_window_accepts_each_number_once(numbers: list[int]) -> None:
    window, seen = ReplayWindow(), set[int]()
    for number in numbers:
        newest = max(seen, default=0)
        assert window.accepts(number) == (number > 0 and number not in seen and number > newest - WINDOW)
        if window.accepts(number):
            window.move(number)
            seen.add(number)


def test_notations_of_packets() -> None:
    assert describe(PING) == "ping"
    assert describe(build_ipv4(b"abcd", b"efgh", 1, build_echo(0, 1, 1, b""))) == "ping answer"
    assert describe(build_ipv4(b"abcd", b"efgh", 1, build_echo(3, 1, 1, b""))) == "packet"
    assert describe(build_ipv4(b"abcd", b"efgh", 17, bytes(8))) == "packet"
    assert describe(b"") == "packet"


def test_the_eavesdropper_sees_spi_and_number() -> None:
    event = EspObserver().see(Datagram(Tunnel().send()[0], NEAR, FAR, 50))
    assert isinstance(event, Received)
    assert [(term.symbol, term.octets) for term, _ in event.bindings] == [("SPI", SPI), ("seq", b"\0\0\0\1")]
    assert isinstance(EspObserver().see(Datagram(b"short", NEAR, FAR, 50)), Refused)
