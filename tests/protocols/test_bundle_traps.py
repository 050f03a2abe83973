"""AH and ESP that go together (RFC 2408 §4.2): agreed on as a whole, keyed one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from by_hand import prf
from insider import Insider, learned
from pair import ADDRESSES, I, Pair, R, end, quick, shipped

from explorer.events import Datagram, Endpoint, Event, Learned, Refused, Role, SaEnded, SaInstalled, SaSnapshot
from explorer.lab.entropy import SeededEntropy
from explorer.protocols.esp.endpoint import IpsecEndpoint
from explorer.protocols.ikev1.policies import Phase2Policy
from explorer.registry.isakmp import PayloadType
from explorer.wire.ip import build_echo, build_ipv4

ESP = Phase2Policy(1, 12, 128, 2, 1, 3600, None)
AH = Phase2Policy(1, 3, None, 2, 1, 3600, None, protocol=2)
BOTH = (AH, ESP)
PING = build_ipv4(b"\x0a\0\0\1", b"\x0a\0\0\2", 1, build_echo(8, 1, 1, b"Is anybody there?"))
MODES = {"tunnel": 1, "transport": 2}


def in_mode(policies: tuple[Phase2Policy, ...], mode: str) -> tuple[Phase2Policy, ...]:
    return tuple(replace(policy, mode=MODES[mode]) for policy in policies)


def pair(
    first: tuple[Phase2Policy, ...] = BOTH, second: tuple[Phase2Policy, ...] = BOTH, mode: str = "tunnel"
) -> Pair:
    configs = {I: quick(shipped(I)), R: quick(shipped(R))}
    for role, policies in ((I, first), (R, second)):
        configs[role] = replace(configs[role], phase2=in_mode(policies, mode))
    return Pair(configs[I], configs[R]).reach(9)


def snapshots(made: Pair, role: Role) -> list[SaSnapshot]:
    return [event.sa for event in made.of(SaInstalled, role) if event.sa.protocol != "ISAKMP"]


def test_a_bundle_makes_four_sas() -> None:
    made = pair()
    for role in (I, R):
        assert made.sas(role)[1:] == ["AH inbound", "AH outbound", "ESP inbound", "ESP outbound"]
    spis = {sa.spis[0].octets for sa in snapshots(made, I)}
    assert len(spis) == 4
    assert spis == {sa.spis[0].octets for sa in snapshots(made, R)}
    keys = [key.octets for sa in snapshots(made, I) for _, key in sa.keys]
    assert len(set(keys)) == len(keys) == 2 + 4


@pytest.mark.parametrize(("sa", "side"), [("ai", "i"), ("ar", "r"), ("i", "i"), ("r", "r")])
def test_trap_14_each_sa_has_keymat_of_its_own_protocol_and_spi(sa: str, side: str) -> None:
    made = pair()
    assert side in sa
    protocol = b"\2" if len(sa) == 2 else b"\3"
    d, ni, nr = learned(made, I, "SKEYID_d"), learned(made, I, "Ni_b"), learned(made, R, "Nr_b")
    seed = protocol + learned(made, I, f"SPI_{sa}") + ni + nr
    block = material = prf(d, seed)
    while len(material) < 36:
        block = prf(d, block, seed)
        material += block
    expected = material[:20] if len(sa) == 2 else material[:36]
    assert learned(made, I, f"KEYMAT_{sa}") == learned(made, R, f"KEYMAT_{sa}") == expected


def test_trap_15_the_blocks_feed_the_next_one_in_front() -> None:
    made = pair()
    term = next(event.term for event in made.of(Learned, I) if event.term.symbol == "K2_i")
    assert str(term.expression) == "prf(SKEYID_d, K1_i | 3 | SPI_i | Ni_b | Nr_b)"


@pytest.mark.parametrize(("first", "second"), [
    (BOTH, (ESP,)), (BOTH, (AH,)), ((ESP,), BOTH), ((AH,), BOTH), ((AH,), (ESP,)),
    (BOTH, (AH, replace(ESP, key_length=256))), (BOTH, (replace(AH, transform_id=2, integrity=1), ESP))])
def test_a_bundle_is_agreed_on_as_a_whole_or_not(
    first: tuple[Phase2Policy, ...], second: tuple[Phase2Policy, ...]
) -> None:
    made = pair(first, second)
    assert made.refusals(R)[0].notify == "NO-PROPOSAL-CHOSEN"
    assert made.sas(I) == made.sas(R) == ["ISAKMP both"]


def test_a_second_proposal_may_be_chosen_where_the_bundle_is_not() -> None:
    alone = replace(ESP, number=2)
    made = pair((*BOTH, alone), (ESP,))
    assert made.sas(I) == made.sas(R) == ["ISAKMP both", "ESP inbound", "ESP outbound"]


@pytest.mark.parametrize("drop", [0, 1])
def test_an_answer_with_a_part_missing_is_refused(drop: int) -> None:
    configs = {role: replace(quick(shipped(role)), phase2=BOTH) for role in (I, R)}
    made = Pair(configs[I], configs[R]).reach(7)
    octets = made.pending
    insider = Insider(made, R)
    first = made.sent[6]
    plain = insider.opened(octets, first[-16:])
    size = int.from_bytes(plain[26:28], "big")
    sa, rest = plain[24 : 24 + size], plain[24 + size :]
    parts, at = [], 12
    while at < len(sa):
        length = int.from_bytes(sa[at + 2 : at + 4], "big")
        parts.append(sa[at : at + length])
        at += length
    assert len(parts) == 2
    kept = b"\0" + parts[1 - drop][1:]
    body = sa[:2] + (12 + len(kept)).to_bytes(2, "big") + sa[4:12] + kept + rest
    used = len(body) - trailing(plain, size, len(rest))
    ni = learned(made, I, "Ni_b")
    proof = prf(insider.a, octets[20:24], ni, body[:used])
    forged = insider.sealed(32, octets[20:24], PayloadType.HASH,
                            bytes((PayloadType.SA,)) + plain[1:4] + proof + body[:used], first[-16:])
    made.feed(I, forged)
    assert made.refusal(I).notify == "BAD-PROPOSAL-SYNTAX"
    assert made.sas(I) == ["ISAKMP both"]
    assert made.pump().sas(I)[1:] == ["AH inbound", "AH outbound", "ESP inbound", "ESP outbound"]


def trailing(plain: bytes, size: int, rest: int) -> int:
    """Octets of padding behind the last payload."""
    kind, at = plain[24], 24 + size
    while kind:
        kind, step = plain[at], int.from_bytes(plain[at + 2 : at + 4], "big")
        at += step
    return 24 + size + rest - at


@pytest.mark.parametrize("by", [I, R])
def test_a_deletion_is_told_for_each_protocol(by: Role) -> None:
    made = pair()
    made.peers[by].start_delete(end(by.other), 0.0)
    made.put(by)
    assert len(made.wire) == 2
    made.pump()
    for role in (I, R):
        assert sorted(event.protocol for event in made.of(SaEnded, role)) == ["AH", "AH", "ESP", "ESP"]


# ---------------------------------------------------------------- packets


class Tunnel:
    """The two ends that the SAs of a pair are handed to."""

    def __init__(self, made: Pair) -> None:
        self.ends = {role: IpsecEndpoint(SeededEntropy(3, str(role)), role, ADDRESSES[role], ADDRESSES[role.other])
                     for role in (I, R)}
        for role in (I, R):
            for sa in snapshots(made, role):
                self.ends[role].install(sa)

    def send(self, sender: Role) -> Datagram:
        self.ends[sender].protect(PING)
        (datagram,) = self.ends[sender].packets_to_send(None)
        return datagram

    def open(self, receiver: Role, datagram: Datagram) -> bytes | None:
        return self.ends[receiver].open(datagram.octets, datagram.protocol, datagram.source)

    def refusals(self, role: Role) -> list[Refused]:
        events: list[Event] = []
        while (event := self.ends[role].next_event()) is not None:
            events.append(event)
        return [event for event in events if isinstance(event, Refused)]


KINDS = {"ESP": (ESP,), "AH": (AH,), "AH and ESP": BOTH}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sender", [I, R])
def test_a_packet_crosses_in_every_kind_and_mode(kind: str, mode: str, sender: Role) -> None:
    tunnel = Tunnel(pair(KINDS[kind], KINDS[kind], mode))
    datagram = tunnel.send(sender)
    assert datagram.protocol == (50 if kind == "ESP" else 51)
    opened = tunnel.open(sender.other, datagram)
    assert opened is not None
    assert opened == PING if mode == "tunnel" else opened[20:] == PING[20:]
    assert tunnel.open(sender.other, datagram) is None, "and once only"
    assert "was seen before" in tunnel.refusals(sender.other)[0].reason


@pytest.mark.parametrize("kind", ["AH", "AH and ESP"])
def test_every_octet_of_a_covered_packet_is_covered(kind: str) -> None:
    tunnel = Tunnel(pair(KINDS[kind], KINDS[kind]))
    datagram = tunnel.send(I)
    for at in range(len(datagram.octets)):
        changed = bytearray(datagram.octets)
        changed[at] ^= 0x40
        assert tunnel.open(R, datagram._replace(octets=bytes(changed))) is None, at
    assert tunnel.open(R, datagram) == PING, "and nothing of all that has moved the window"


def test_ah_covers_the_addresses_too() -> None:
    tunnel = Tunnel(pair((AH,), (AH,)))
    datagram = tunnel.send(I)
    moved = datagram._replace(source=Endpoint("10.0.0.7", 0))
    assert tunnel.open(R, moved) is None
    assert tunnel.refusals(R)[0].reason == "The ICV does not verify"
    assert tunnel.open(R, datagram) == PING


@pytest.mark.parametrize("kind", ["ESP", "AH"])
@pytest.mark.parametrize("size", range(0, 40, 3))
def test_a_packet_cut_short_never_raises(kind: str, size: int) -> None:
    tunnel = Tunnel(pair(BOTH, BOTH))
    datagram = tunnel.send(I)
    cut = datagram._replace(octets=datagram.octets[:size], protocol=50 if kind == "ESP" else 51)
    assert tunnel.open(R, cut) is None
    assert tunnel.open(R, datagram) == PING


def test_the_inside_of_a_bundle_is_not_taken_without_its_cover() -> None:
    tunnel = Tunnel(pair())
    datagram = tunnel.send(I)
    inner = datagram._replace(octets=datagram.octets[24:], protocol=50)
    assert tunnel.open(R, inner) is None
    assert tunnel.open(R, datagram) == PING


def test_the_cover_of_a_bundle_is_not_taken_around_anything_else() -> None:
    made = pair(BOTH, BOTH)
    tunnel, bare = Tunnel(made), IpsecEndpoint(SeededEntropy(1, "bare"), I, "10.0.0.1", "10.0.0.2")
    for sa in snapshots(made, I):
        if sa.protocol == "AH":
            bare.install(sa)
    bare.protect(PING)
    (covered,) = bare.packets_to_send(None)
    assert tunnel.open(R, covered) is None
    assert "only around the ESP of its bundle" in tunnel.refusals(R)[0].reason
    assert tunnel.open(R, tunnel.send(I)) == PING
