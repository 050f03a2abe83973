from __future__ import annotations

from dataclasses import replace

import pytest
from pair import I, Pair, R, quick, shipped
from test_phase1_traps import assert_only_said_again, patched, refused_then_done

from explorer.crypto.algorithms import AES_128_CBC, SHA1
from explorer.crypto.groups import modp_group
from explorer.engine.negotiation import compare, seconds_of_life
from explorer.events import Learned, Role, SaInstalled, Verified
from explorer.octets import Buffer, Span
from explorer.protocols.ikev1.identity import Identity, selector
from explorer.protocols.ikev1.policies import Phase2Policy
from explorer.registry.isakmp import PayloadType
from explorer.wire.message import HEADER_SIZE, build_chain, open_message, read_message
from explorer.wire.payloads import Hash, KeyExchange, Payload, Proposal, SecurityAssociation, VendorId
from explorer.wire.structure import build


def learned(pair: Pair, role: Role, symbol: str) -> bytes:
    return [e.term.octets for e in pair.of(Learned, role) if e.term.symbol == symbol][-1]


class Inside:
    """The first Quick Mode message of a pair, opened by somebody who has the keys."""

    def __init__(self, pair: Pair) -> None:
        self.octets = pair.pending
        self.key, self.a = learned(pair, I, "Ka"), learned(pair, I, "SKEYID_a")
        self.iv = SHA1.digest(pair.sent[5][-16:] + self.octets[20:24])[:16]
        self.plain = AES_128_CBC.decrypt(self.key, self.iv, self.octets[28:])
        self.message = open_message(read_message(Buffer("d", self.octets)), self.plain)
        self.used = self.message.places[-1].end

    def sealed(self, plain: bytes) -> bytes:
        plain += bytes(-len(plain) % 16)
        octets = self.octets[:28] + AES_128_CBC.encrypt(self.key, self.iv, plain)
        return patched(octets, 24, len(octets).to_bytes(4, "big"))

    def signed(self, *payloads: tuple[int, Payload]) -> bytes:
        remade = [(kind, p.replace(next_payload=None, length=None)) for kind, p in payloads]
        rest = build_chain(remade) if remade else b""
        proof = SHA1.hmac(self.a, self.octets[20:24] + rest)
        return self.sealed(build(Hash(data=proof), remade[0][0] if remade else 0) + rest)

    @property
    def rest(self) -> list[tuple[int, Payload]]:
        return list(zip(self.message.types, self.message.payloads, strict=True))[1:]


def ready(group: int | None = None) -> Pair:
    return Pair(quick(shipped(I), group), quick(shipped(R), group)).reach(6)


def test_the_helper_signs_what_the_peer_signs() -> None:
    pair = ready()
    inside = Inside(pair)
    assert inside.signed(*inside.rest) == inside.octets


@pytest.mark.parametrize("number", [7, 8, 9])
@pytest.mark.parametrize("at", [28, 44, -17, -1])
def test_trap_5_a_garbled_message_does_not_move_the_vector(number: int, at: int) -> None:
    pair = Pair().reach(number - 1)
    at %= len(pair.pending)
    refused_then_done(pair, "", patched(pair.pending, at, bytes((pair.pending[at] ^ 0x55,))))


@pytest.mark.parametrize("number", [7, 8, 9])
def test_trap_5_a_repeated_message_gets_the_identical_answer(number: int) -> None:
    pair = Pair().reach(number - 1)
    role, octets = pair.wire.popleft()
    answers = pair.feed(role, octets)
    said = len(pair.heard[role])
    assert pair.feed(role, octets) == answers
    assert_only_said_again(pair, role, said, len(answers))
    pair.wire.extend((role.other, answer) for answer in answers)
    assert pair.pump().up


def test_trap_12_padding_is_not_covered() -> None:
    pair = ready()
    inside = Inside(pair)
    assert inside.used < len(inside.plain)
    padded = inside.plain[: inside.used] + b"\xee" * (len(inside.plain) - inside.used)
    (answer,) = pair.feed(R, inside.sealed(padded))
    assert answer[18] == 32
    assert [e.symbol for e in pair.of(Verified, R)] == ["HASH_I", "HASH(1)"]


def test_trap_12_everything_after_the_hash_is_covered() -> None:
    for at in range(24, 60):
        pair = ready()
        inside = Inside(pair)
        changed = inside.sealed(patched(inside.plain, at, bytes((inside.plain[at] ^ 1,))))
        assert pair.feed(R, changed) == [], "who has sent this is not known, so nobody is told"
        assert len(pair.refusals(R)) == 1
        assert "HASH(1)" not in [e.symbol for e in pair.of(Verified, R)]


def test_trap_12_an_extra_payload_is_covered_too() -> None:
    pair = ready()
    inside = Inside(pair)
    assert len(pair.feed(R, inside.signed(*inside.rest, (PayloadType.VID, VendorId(data=b"more"))))) == 1
    pair = ready()
    chain = [*zip(inside.message.types, inside.message.payloads, strict=True), (PayloadType.VID, VendorId(data=b"x"))]
    octets = inside.sealed(build_chain([(k, p.replace(next_payload=None)) for k, p in chain]))
    refused_then_done(pair, "HASH(1) does not verify", octets)


def test_trap_28_message_id_zero_is_refused_in_quick_mode() -> None:
    pair = ready()
    refused_then_done(pair, "Message ID is 0 outside phase 1", patched(pair.pending, 20, bytes(4)))


def test_trap_28_a_message_id_is_not_used_again() -> None:
    pair = Pair().reach(9)
    inside = pair.sent[6]
    assert pair.feed(R, patched(inside, 40, b"\xaa")) == []
    assert "is over" in pair.refusal(R).reason
    assert pair.sas(R) == ["ISAKMP both", "ESP inbound", "ESP outbound"]


def test_quick_mode_before_the_sa_is_refused() -> None:
    seventh = Pair().reach(6).pending
    for delivered in range(5):
        pair = Pair().reach(delivered)
        assert pair.feed(R, seventh) == []
        assert pair.refusals(R)[-1].notify == "INVALID-COOKIE"
        assert pair.finish().up


def test_other_packets_than_this_sides_are_refused() -> None:
    other = replace(quick(shipped(R)), local=Identity(4, bytes.fromhex("c0a80300ffffff00")))
    pair = Pair(None, other).reach(9)
    assert pair.refusal(R).notify == "INVALID-ID-INFORMATION"
    assert pair.sas(R) == ["ISAKMP both"]
    pair = Pair(None, replace(quick(shipped(R)), local=None, remote=None)).reach(9)
    assert "is not what this side is configured to protect" in pair.refusal(R).reason


@pytest.mark.parametrize(("policy", "name"), [
    (Phase2Policy(1, 12, 256, 2, 1, 3600, None), "key length"),
    (Phase2Policy(1, 3, None, 2, 1, 3600, None), "transform"),
    (Phase2Policy(1, 12, 128, 1, 1, 3600, None), "authentication"),
    (Phase2Policy(1, 12, 128, 2, 2, 3600, None), "mode"),
    (Phase2Policy(1, 12, 128, 2, 1, 3600, 1), "group"),
])
def test_a_proposal_that_differs_is_refused(policy: Phase2Policy, name: str) -> None:
    assert name
    pair = Pair(None, replace(quick(shipped(R)), phase2=(policy,))).reach(9)
    assert pair.refusal(R).notify == "NO-PROPOSAL-CHOSEN"
    assert pair.sas(I) == pair.sas(R) == ["ISAKMP both"]


def test_an_offer_that_lives_longer_is_taken_and_cut() -> None:
    shorter = replace(quick(shipped(R)).phase2[0], lifetime=1800)
    pair = Pair(None, replace(quick(shipped(R)), phase2=(shorter,))).reach(9)
    assert pair.up
    assert {event.sa.lifetime for event in pair.of(SaInstalled, R) if event.sa.protocol == "ESP"} == {1800}


def test_an_offer_that_says_nothing_of_its_life_means_eight_hours() -> None:
    own = Phase2Policy(1, 12, 128, 2, 1, 86400, None)
    offer = own.transform(1)
    silent = offer.replace(attributes=tuple(a for a in offer.attributes if a.type not in (1, 2)))
    assert seconds_of_life(own.policy(), silent) == 28800
    proposal = Proposal(number=1, protocol=3, spi=b"spi!", transforms=(silent,))
    assert all(verdict.ok for verdict in compare(own.policy(), proposal, silent))


def test_one_host_may_be_written_in_three_ways() -> None:
    address = bytes((192, 168, 1, 10))
    kinds = ((1, address), (4, address + b"\xff" * 4), (7, address * 2))
    bodies = [bytes((kind, 0, 0, 0)) + data for kind, data in kinds]
    assert len({selector(body) for body in bodies}) == 1
    assert selector(bytes((4, 0, 0, 0)) + address + bytes((255, 255, 255, 0))) not in {selector(b) for b in bodies}


@pytest.mark.parametrize("spi", [0, 1, 255])
def test_reserved_spis_are_refused(spi: int) -> None:
    pair = ready()
    inside = Inside(pair)
    (kind, sa), *others = inside.rest
    assert isinstance(sa, SecurityAssociation)
    proposals = tuple(p.replace(spi=spi.to_bytes(4, "big")) for p in sa.proposals)
    refused_then_done(pair, "An IPsec SPI", inside.signed((kind, sa.replace(proposals=proposals)), *others))


def test_pfs_gives_a_secret_that_phase_1_does_not_have() -> None:
    pair = ready(1)
    assert pair.pump().up
    for role in (I, R):
        assert len(learned(pair, role, "g(qm)^xy")) == 96
        assert learned(pair, role, "g(qm)^xy") != learned(pair, role, "g^xy")
    k1 = next(e.term for e in pair.of(Learned, I) if e.term.symbol == "K1_i")
    assert str(k1.expression) == "prf(SKEYID_d, g(qm)^xy | 3 | SPI_i | Ni_b | Nr_b)"


@pytest.mark.parametrize("value", [
    b"\2" * 95, bytes(96), bytes(95) + b"\1", (modp_group(1).prime - 1).to_bytes(96, "big")],
    ids=["an octet short", "zero", "one", "p - 1"])
def test_an_unusable_share_of_pfs_is_refused(value: bytes) -> None:
    pair = ready(1)
    inside = Inside(pair)
    rest = [(k, KeyExchange(data=value) if isinstance(p, KeyExchange) else p) for k, p in inside.rest]
    refused_then_done(pair, "is not a value of the group", inside.signed(*rest))


def test_a_group_without_a_share_and_a_share_without_a_group_are_refused() -> None:
    pair = ready(1)
    inside = Inside(pair)
    rest = [(k, p) for k, p in inside.rest if not isinstance(p, KeyExchange)]
    refused_then_done(pair, "KE and the group attribute go together", inside.signed(*rest))
    pair = ready()
    inside = Inside(pair)
    rest = [*inside.rest[:2], (PayloadType.KE, KeyExchange(data=b"\2" * 96)), *inside.rest[2:]]
    refused_then_done(pair, "KE and the group attribute go together", inside.signed(*rest))


@pytest.mark.parametrize("drop", [0, 1, 2, 3])
def test_a_missing_payload_is_refused(drop: int) -> None:
    pair = ready()
    inside = Inside(pair)
    refused_then_done(pair, "", inside.signed(*(inside.rest[:drop] + inside.rest[drop + 1 :])))


def test_a_message_without_content_is_refused() -> None:
    pair = ready()
    empty = patched(pair.pending[:HEADER_SIZE], 24, HEADER_SIZE.to_bytes(4, "big"))
    refused_then_done(pair, "Encrypted part has 0 octets", empty)


def test_two_quick_modes_at_once_have_chains_of_their_own() -> None:
    pair = ready().rekey()
    first, second = pair.wire
    pair.wire.clear()
    pair.wire.extend((second, first))
    pair.pump()
    assert pair.sas(I) == pair.sas(R) == ["ISAKMP both", *["ESP inbound", "ESP outbound"] * 2]


def test_a_received_spi_is_linked_to_its_own_octets() -> None:
    pair = ready()
    inside = Inside(pair)
    (kind, sa), *others = inside.rest
    assert isinstance(sa, SecurityAssociation)
    proposals = tuple(p.replace(spi=b"\1\0\0\0") for p in sa.proposals)
    pair.feed(R, inside.signed((kind, sa.replace(proposals=proposals)), *others))
    spi = next(e.term for e in pair.of(Learned, R) if e.term.symbol == "SPI_i")
    assert isinstance(spi.origin, Span)
    assert spi.origin.octets == b"\1\0\0\0"
    assert spi.origin.start == 24 + 12 + 8, "the octets also occur in the DOI and the situation"


@pytest.mark.parametrize("number", [7, 8, 9])
@pytest.mark.parametrize("at", [0, 8])
def test_quick_mode_without_a_cookie_is_refused(number: int, at: int) -> None:
    pair = Pair().reach(number - 1)
    refused_then_done(pair, "", patched(pair.pending, at, bytes(8)))
