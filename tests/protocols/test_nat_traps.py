"""NAT traversal (RFC 3947, RFC 3948): found by hashes, lived with by ports."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from insider import AGGRESSIVE_PSK, MAIN_RSA, Insider, hasty
from line import Happening, Line
from pair import ADDRESSES, MAIN, I, R, end

from explorer.events import Datagram, Endpoint, NetworkChanged, Refused, Role, SaEnded, Verified
from explorer.lab.host import Host
from explorer.octets import Buffer
from explorer.protocols.ikev1.config import Config
from explorer.protocols.ikev1.keepalive import INTERVAL
from explorer.protocols.ikev1.policies import Phase1Policy
from explorer.registry.isakmp import PayloadType
from explorer.wire.message import read_message

BOX = "203.0.113.7"
NAT_D = PayloadType.NAT_D
ANY_KEY = {"*": b"one key for everybody"}
ALL = [MAIN, AGGRESSIVE_PSK, MAIN_RSA]


def configs(name: str = MAIN, **changes: object) -> dict[Role, Config]:
    both: dict[str, object] = {"nat_traversal": True, "keys": ANY_KEY, "expects": None, **changes}
    return {role: replace(hasty(role, name), **both) for role in (I, R)}  # type: ignore[arg-type]


def found(line: Line, role: Role) -> list[str]:
    return [event.value for event in line.of(NetworkChanged, role) if event.what == "NAT"]


def up(line: Line) -> bool:
    return all([sa.protocol for sa in line.held(role)] == ["ISAKMP", "ESP", "ESP"] for role in (I, R))


def hashes(octets: bytes) -> list[bytes]:
    message = read_message(Buffer("d", octets))
    return [message.body(at).octets for at, kind in enumerate(message.types) if kind == NAT_D]


def ports(line: Line) -> list[tuple[int, int]]:
    return [(datagram.source.port, datagram.destination.port) for datagram in line.sent]


# ---------------------------------------------------------------- finding one


@pytest.mark.parametrize("name", ALL)
def test_a_nat_is_found_by_both_sides(name: str) -> None:
    line = Line(configs(name), nat=BOX).start().quick()
    assert found(line, I) == ["in front of this side"]
    assert found(line, R) == ["in front of the peer"]
    assert up(line)


@pytest.mark.parametrize("name", ALL)
def test_where_there_is_none_nothing_changes(name: str) -> None:
    line = Line(configs(name)).start().quick()
    assert found(line, I) == found(line, R) == []
    for role in (I, R):
        assert len([event for event in line.of(Verified, role) if event.symbol.startswith("NAT-D")]) == 2
    assert set(ports(line)) == {(500, 500)}
    assert up(line)


@pytest.mark.parametrize("who", [I, R])
@pytest.mark.parametrize("name", ALL)
def test_both_sides_must_say_that_they_can(name: str, who: Role) -> None:
    both = configs(name)
    both[who] = replace(both[who], nat_traversal=False)
    line = Line(both).start().quick()
    clear = [datagram.octets for datagram in line.sent if not datagram.octets[19] & 1]
    assert not any(hashes(octets) for octets in clear if octets[18] in (2, 4))
    assert up(line)


@pytest.mark.parametrize(("number", "function"), [(1, "md5"), (2, "sha1"), (4, "sha256"), (6, "sha512")])
def test_trap_25_the_hash_is_the_negotiated_one_and_the_destination_comes_first(number: int, function: str) -> None:
    line = Line(configs(phase1=(Phase1Policy(10, 7, 128, number, 1, 1, 86400),))).start()
    cookies = line.sent[1].octets[:16]

    def hashed(role: Role) -> bytes:
        place = IPv4Address(ADDRESSES[role]).packed + (500).to_bytes(2, "big")
        return hashlib.new(function, cookies + place).digest()

    assert hashes(line.sent[2].octets) == [hashed(R), hashed(I)]
    assert hashes(line.sent[3].octets) == [hashed(I), hashed(R)]


def test_trap_25_in_the_other_order_they_would_find_a_nat() -> None:
    def swapped(octets: bytes, _: list[bytes]) -> bytes:
        first, second = hashes(octets)
        return octets.replace(first, b"\0" * 20).replace(second, first).replace(b"\0" * 20, second)

    line = Line(configs(), {3: Happening(meddle=swapped)}).start()
    assert found(line, R) == ["in front of this side", "in front of the peer"]


@pytest.mark.parametrize("number", [3, 4])
def test_a_changed_hash_is_a_nat_and_no_error(number: int) -> None:
    def changed(octets: bytes, _: list[bytes]) -> bytes:
        return octets.replace(hashes(octets)[0], b"h" * 20)

    line = Line(configs(), {number: Happening(meddle=changed)}).start().quick()
    assert found(line, R if number == 3 else I) == ["in front of this side"]


# ---------------------------------------------------------------- ports


@pytest.mark.parametrize("number", [3, 4])
@pytest.mark.parametrize("at", [2, 3])
def test_a_peer_with_several_addresses_has_a_nat_only_if_none_of_them_is_the_one(number: int, at: int) -> None:
    """``at`` is where a hash of another of its addresses stands among the peer's NAT-D payloads."""

    def one_more(octets: bytes, _: list[bytes]) -> bytes:
        message = read_message(Buffer("d", octets))
        places = [place.start for place, kind in zip(message.places, message.types, strict=True) if kind == NAT_D]
        where = [*places, len(octets)][at - 1]
        other = bytes((NAT_D if at == 2 else 0, 0, 0, 24)) + b"\xaa" * 20
        made = bytearray(octets[:where] + other + octets[where:])
        if at == 3:
            made[places[-1]] = NAT_D
        return bytes(made[:24]) + len(made).to_bytes(4, "big") + bytes(made[28:])

    line = Line(configs(), {number: Happening(meddle=one_more)}).start().quick()
    assert (found(line, I), found(line, R)) == ([], [])
    assert up(line)


def test_trap_25_the_initiator_moves_with_its_first_message_after_the_finding() -> None:
    line = Line(configs(), nat=BOX).start()
    assert ports(line) == [(61500, 500), (500, 61500)] * 2 + [(64500, 4500), (4500, 64500)]
    line = Line(configs(AGGRESSIVE_PSK), nat=BOX).start()
    assert ports(line) == [(61500, 500), (500, 61500), (64500, 4500)]


def test_trap_26_the_marker_is_in_no_length_and_no_hash() -> None:
    line = Line(configs(), nat=BOX).start().quick()
    for datagram in line.sent[4:]:
        assert datagram.octets[:4] == bytes(4)
        assert int.from_bytes(datagram.octets[28:32], "big") == len(datagram.octets) - 4
    assert up(line)


def test_trap_26_without_the_marker_it_is_taken_for_esp() -> None:
    host = Host(R, configs()[R], "192.168.2.20", BOX, 7)
    first = Line(configs(), nat=BOX).start().sent[0]
    for octets, reason in ((first.octets, f"No SA has SPI {first.octets[:4].hex()}"), (bytes(4) + first.octets, "")):
        host.receive(Datagram(octets, Endpoint(BOX, 64500), Endpoint(ADDRESSES[R], 4500)), 0.0)
        assert [event.reason for event in host.events() if isinstance(event, Refused)] == ([reason] if reason else [])
    assert [datagram.octets[:4] for datagram in host.datagrams(0.0)] == [bytes(4)]


def test_the_identity_is_the_inner_address_still() -> None:
    line = Line(configs(), nat=BOX).start()
    assert line.session(R).phase1.ledger["IDii_b"].octets == b"\1\0\0\0" + IPv4Address(ADDRESSES[I]).packed
    assert line.session(R).party.link.remote == Endpoint(BOX, 64500)


def test_quick_mode_says_that_esp_goes_in_udp_only_where_it_does() -> None:
    for nat, mode in ((BOX, "UDP-encapsulated tunnel"), ("", "Tunnel")):
        line = Line(configs(), nat=nat).start().quick()
        algorithms = [dict(sa.algorithms) for sa in line.held(I) if sa.protocol == "ESP"]
        assert {words["mode"] for words in algorithms} == {mode}


# ---------------------------------------------------------------- a peer that moves


def message_from(line: Line, message_id: bytes, port: int, *, genuine: bool = True) -> Datagram:
    """A notification from another port of the same address."""
    insider = Insider.of(line.session(I).phase1)
    octets = insider.tells(message_id)
    changed = octets if genuine else octets[:-1] + bytes((octets[-1] ^ 1,))
    return Datagram(bytes(4) + changed, Endpoint(BOX, port), Endpoint(ADDRESSES[R], 4500))


def test_answers_follow_the_peer_to_another_port_once_it_has_proven_itself() -> None:
    line = Line(configs(), nat=BOX).start()
    line.inject(message_from(line, b"\1\1\1\1", 50000), R, line.now)
    line.settle()
    assert line.session(R).party.link.remote == Endpoint(BOX, 50000)


def test_a_forged_message_moves_nobody() -> None:
    line = Line(configs(), nat=BOX).start()
    line.inject(message_from(line, b"\1\1\1\1", 50000, genuine=False), R, line.now)
    line.settle()
    assert line.session(R).party.link.remote == Endpoint(BOX, 64500)
    assert line.complaints()
    assert up(line.quick())


def test_a_repeated_message_from_elsewhere_moves_nobody() -> None:
    line = Line(configs(), nat=BOX).start()
    again = line.sent[4]._replace(source=Endpoint(BOX, 50000))
    line.inject(again, R, line.now)
    line.settle()
    assert line.session(R).party.link.remote == Endpoint(BOX, 64500)


def test_another_address_is_another_peer() -> None:
    line = Line(configs(), nat=BOX).start()
    moved = message_from(line, b"\1\1\1\1", 64500)._replace(source=Endpoint("203.0.113.8", 64500))
    line.inject(moved, R, line.now)
    line.settle()
    assert line.session(R).party.link.remote == Endpoint(BOX, 64500)
    assert line.complaints()


# ---------------------------------------------------------------- keepalives


def test_only_whoever_stands_behind_the_nat_keeps_it_awake() -> None:
    line = Line(configs(), nat=BOX).start().quick()
    quiet = len(line.sent)
    line.settle(line.now + 3.5 * INTERVAL)
    alive = line.sent[quiet:]
    assert [datagram.octets for datagram in alive] == [b"\xff"] * 3
    assert {datagram.source for datagram in alive} == {Endpoint(BOX, 64500)}
    assert not line.complaints()


def test_without_a_nat_nobody_does() -> None:
    line = Line(configs()).start().quick()
    quiet = len(line.sent)
    line.settle(line.now + 3.5 * INTERVAL)
    assert len(line.sent) == quiet


def test_a_keepalive_gets_no_answer_and_changes_nothing() -> None:
    line = Line(configs(), nat=BOX).start()
    sent = len(line.sent)
    for source in (Endpoint(BOX, 64500), Endpoint(BOX, 1), end(I)):
        line.inject(Datagram(b"\xff", source, end(R, 4500)), R, line.now)
    line.settle()
    assert len(line.sent) == sent
    assert line.session(R).party.link.remote == Endpoint(BOX, 64500)
    assert up(line.quick())


# ---------------------------------------------------------------- a new phase 1


def test_a_responders_new_phase_1_starts_where_the_old_one_was_found() -> None:
    """RFC 3947 §4: through the NAT only those ends are open."""
    both = configs()
    both = {role: replace(c, phase1=tuple(replace(p, lifetime=1000) for p in c.phase1)) for role, c in both.items()}
    both[R] = replace(both[R], rekeys=True, margin=100.0)
    line = Line(both, nat=BOX).start().quick()
    before = len(line.sent)
    line.settle(950.0)
    begun = [datagram for datagram in line.sent[before:] if datagram.octets != b"\xff" and datagram.octets[22] == 2]
    assert (begun[0].source, begun[0].destination) == (end(R, 4500), Endpoint(BOX, 64500))
    assert line.of(SaEnded, R)[0].how == "replaced"


def test_a_keepalive_is_sent_only_after_silence() -> None:
    """RFC 3948 §4."""
    line = Line(configs(dead_peer_detection=True), nat=BOX).start().quick()
    line.settle(10.0)
    line.peers[I].start_dpd(end(R), line.now)
    line.collect(I).settle(10.0 + INTERVAL - 1)
    assert b"\xff" not in [datagram.octets for datagram in line.sent]
    line.settle(10.0 + INTERVAL + 1)
    assert line.sent[-1].octets == b"\xff"
