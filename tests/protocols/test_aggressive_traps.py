"""Aggressive Mode (RFC 2409 §5): what its three messages fix, give away and leave uncovered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from insider import (
    AGGRESSIVE_PKE,
    AGGRESSIVE_PSK,
    AGGRESSIVE_REVISED,
    AGGRESSIVE_RSA,
    HEADER,
    Insider,
    between,
    hasty,
    learned,
)
from pair import ADDRESSES, I, Pair, R, is_told
from test_phase1_traps import assert_only_said_again, patched, remade

from explorer.crypto.algorithms import SHA1
from explorer.events import Role, SaInstalled, Verified
from explorer.lab.run import run
from explorer.lab.scenario import load_scenario
from explorer.octets import Buffer
from explorer.protocols.ikev1.config import Config
from explorer.protocols.ikev1.identity import Identity
from explorer.protocols.ikev1.policies import Phase1Policy
from explorer.wire.message import read_message
from explorer.wire.payloads import Hash, KeyExchange, Nonce, Payload, SecurityAssociation
from explorer.wire.structure import build

ALL = [AGGRESSIVE_PSK, AGGRESSIVE_RSA, AGGRESSIVE_PKE, AGGRESSIVE_REVISED]
POLICY = Phase1Policy(10, 7, 128, 2, 1, 1, 86400)


def configs(**changes: object) -> tuple[Config, Config]:
    first, second = (replace(hasty(role, AGGRESSIVE_PSK), **changes) for role in (I, R))  # type: ignore[arg-type]
    return first, second


# ---------------------------------------------------------------- the third message, encrypted or not


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("clear", [True, False])
def test_trap_6_the_third_message_is_taken_clear_and_encrypted(name: str, clear: bool) -> None:
    pair = Pair(replace(hasty(I, name), clear_last=clear), hasty(R, name)).start().pump()
    assert pair.sent[2][19] == (0 if clear else 1)
    assert pair.rekey().pump().up


def test_trap_6_after_a_clear_third_message_quick_mode_starts_from_the_first_vector() -> None:
    pair = Pair(replace(hasty(I, AGGRESSIVE_PSK), clear_last=True), hasty(R, AGGRESSIVE_PSK)).start().pump().rekey()
    first = SHA1.digest(learned(pair, I, "g^xi") + learned(pair, R, "g^xr"))[:16]
    octets = pair.pending
    phase1 = pair.session(I).phase1
    iv = SHA1.digest(first + octets[20:24])[:16]
    plain = phase1.policy.cipher.decrypt(learned(pair, I, "Ka"), iv, octets[HEADER:])
    proof = SHA1.hmac(learned(pair, I, "SKEYID_a"), octets[20:24] + payloads_behind(plain))
    assert plain[4:24] == proof


def payloads_behind(plain: bytes) -> bytes:
    """Everything between the hash and the padding."""
    kind, at = plain[0], 24
    while kind:
        kind, size = plain[at], int.from_bytes(plain[at + 2 : at + 4], "big")
        at += size
    return plain[24:at]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("at", [HEADER, HEADER + 15, -1, -17])
def test_trap_5_a_garbled_third_message_does_not_move_the_vector(name: str, at: int) -> None:
    pair = between(name).start().pump(2)
    octets = pair.pending
    at %= len(octets)
    answers = pair.feed(R, patched(octets, at, bytes((octets[at] ^ 0x55,))))
    assert pair.refusals(R)
    assert all(is_told(answer) for answer in answers)
    assert pair.pump().rekey().pump().up


def test_a_clear_third_message_without_the_right_hash_is_refused() -> None:
    pair = Pair(replace(hasty(I, AGGRESSIVE_PSK), clear_last=True), hasty(R, AGGRESSIVE_PSK)).start().pump(2)
    pair.feed(R, remade(pair.pending, Hash(data=bytes(20))))
    assert pair.refusal(R).notify == "AUTHENTICATION-FAILED"
    assert pair.pump().rekey().pump().up


# ---------------------------------------------------------------- authentication


def test_a_wrong_key_is_noticed_by_the_initiator_first() -> None:
    keys = {ADDRESSES[R]: b"wrong"}
    pair = Pair(replace(hasty(I, AGGRESSIVE_PSK), keys=keys), hasty(R, AGGRESSIVE_PSK)).start().pump()
    assert "HASH_R does not verify" in pair.refusal(I).reason
    assert pair.refusal(I).notify == "AUTHENTICATION-FAILED"
    assert [is_told(octets) for octets in pair.sent] == [False, False, True]
    assert pair.failures(R) == [
        "Aggressive Mode: the peer says AUTHENTICATION-FAILED (in the clear: anybody could have said it)"]
    for role in (I, R):
        assert pair.sas(role) == []
        assert not [event for event in pair.of(Verified, role) if event.proves]


def test_the_key_is_found_by_the_name_that_the_peer_gives() -> None:
    first, second = configs()
    second = replace(second, keys={"branch.example.com": first.keys[ADDRESSES[R]], ADDRESSES[I]: b"of the address"})
    assert Pair(first, second).start().pump().state(R) == "ISAKMP SA up"
    second = replace(second, keys={"other.example.com": b"of another", "*": first.keys[ADDRESSES[R]]})
    assert Pair(first, second).start().pump().state(R) == "ISAKMP SA up"
    second = replace(second, keys={"other.example.com": b"of another"})
    pair = Pair(first, second).start().pump()
    assert pair.refusal(R).notify == "AUTHENTICATION-FAILED"
    assert "No pre-shared key" in pair.refusal(R).reason
    assert not pair.peers[R].sessions


def test_an_initiator_without_a_key_begins_nothing() -> None:
    first, second = configs(keys={"10.9.9.9": b"x"})
    pair = Pair(first, second).start()
    assert not pair.wire
    assert pair.refusal(I).notify == "AUTHENTICATION-FAILED"


@pytest.mark.parametrize("kind", [Hash, Nonce, KeyExchange])
def test_what_the_responders_hash_covers_cannot_be_changed(kind: type[Payload]) -> None:
    pair = between(AGGRESSIVE_PSK).start().pump(1)
    payloads = read_message(Buffer("d", pair.pending)).payloads
    changed = [kind.replace(p, data=build(p)[4:-1] + b"\x55", length=None) if type(p) is kind else p for p in payloads]
    pair.feed(I, remade(pair.pending, *changed))
    assert "HASH_R does not verify" in pair.refusal(I).reason
    assert pair.sas(I) == []
    assert pair.pump().rekey().pump().up


# ---------------------------------------------------------------- what is fixed from the beginning


def test_a_mode_that_is_not_spoken_is_refused_and_leaves_nothing() -> None:
    first, second = configs()
    pair = Pair(first, replace(second, accepts=("main",))).start().pump()
    assert pair.refusal(R).notify == "UNSUPPORTED-EXCHANGE-TYPE"
    assert "does not answer to Aggressive Mode" in pair.refusal(R).reason
    assert not pair.peers[R].sessions
    assert "UNSUPPORTED-EXCHANGE-TYPE" in pair.failures(I)[0]


def test_the_group_cannot_be_negotiated() -> None:
    others = replace(POLICY, priority=20, group=2), replace(POLICY, priority=30, encryption=5, key_length=None)
    wanted = (POLICY, *others)
    first, second = configs(phase1=wanted)
    pair = Pair(first, second).start()
    sa = read_message(Buffer("d", pair.pending)).find(SecurityAssociation)
    assert sa is not None
    assert [t.value_of(4) for t in sa.proposals[0].transforms] == [1, 1], "only offers of the group of the one share"
    second = replace(second, phase1=(replace(POLICY, group=2),))
    pair = Pair(first, second).start().pump()
    assert pair.refusal(R).notify == "NO-PROPOSAL-CHOSEN"


def test_the_way_of_authentication_cannot_be_negotiated_either() -> None:
    rsa = replace(hasty(I, AGGRESSIVE_RSA), keys={ADDRESSES[R]: b"k"})
    policies = (*rsa.phase1, POLICY)
    pair = Pair(replace(rsa, phase1=policies), hasty(R, AGGRESSIVE_RSA)).start()
    sa = read_message(Buffer("d", pair.pending)).find(SecurityAssociation)
    assert sa is not None
    assert {t.value_of(3) for t in sa.proposals[0].transforms} == {rsa.phase1[0].authentication}


@pytest.mark.parametrize("name", [AGGRESSIVE_PKE, AGGRESSIVE_REVISED])
def test_with_encrypted_bodies_not_even_the_cipher_can_be(name: str) -> None:
    config = hasty(I, name)
    own = config.phase1[0]
    others = (own, replace(own, priority=20, key_length=256), replace(own, priority=30, hash=1),
              replace(own, priority=40, lifetime=600))
    pair = Pair(replace(config, phase1=others), hasty(R, name)).start()
    sa = read_message(Buffer("d", pair.pending)).find(SecurityAssociation)
    assert sa is not None
    assert [t.value_of(12) for t in sa.proposals[0].transforms] == [own.lifetime, 600]


def test_a_first_offer_of_unknown_algorithms_is_refused() -> None:
    pair = between(AGGRESSIVE_PSK).start()
    at = pair.pending.index(bytes.fromhex("80010007"))
    pair.feed(R, patched(pair.pending, at + 2, b"\0\x63"))
    assert "names algorithms that are not known here" in pair.refusal(R).reason
    assert pair.pump().state(R) == "ISAKMP SA up"


# ---------------------------------------------------------------- what is not covered


def test_the_sa_swap_leaves_two_sides_that_disagree_and_do_not_know_it() -> None:
    """By name: the one way in which two established sides hold different keys (RFC 2409 §5 covers SAi_b alone)."""
    trace = run(load_scenario("ikev1-aggressive-sa-swap"))
    installed = {role: [e.event.sa for e in trace.events_of(SaInstalled, role) if isinstance(e.event, SaInstalled)]
                 for role in (I, R)}
    first, second = (installed[role][0] for role in (I, R))
    assert first.spis[0].octets == second.spis[0].octets
    assert first.algorithms != second.algorithms
    proofs = [e.event for role in (I, R) for e in trace.events_of(Verified, role) if isinstance(e.event, Verified)]
    assert {event.symbol for event in proofs if event.proves} >= {"HASH_R"}


def test_a_choice_that_was_not_offered_is_still_refused() -> None:
    pair = between(AGGRESSIVE_PSK).start().pump(1)
    at = pair.pending.index(bytes.fromhex("800e0080"))
    pair.feed(I, patched(pair.pending, at + 2, b"\1\0"))
    assert "none of those offered" in pair.refusal(I).reason
    assert pair.pump().rekey().pump().up


# ---------------------------------------------------------------- repeated, misplaced, forged


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_trap_5_a_repeated_message_gets_the_identical_answer(name: str, number: int) -> None:
    pair = between(name).start().pump(number - 1)
    role, octets = pair.wire.popleft()
    answers = pair.feed(role, octets)
    said = len(pair.heard[role])
    assert pair.feed(role, octets) == answers
    assert_only_said_again(pair, role, said, len(answers))
    pair.wire.extend((role.other, answer) for answer in answers)
    assert pair.pump().rekey().pump().up


def test_the_modes_may_not_change_midway() -> None:
    pair = between(AGGRESSIVE_PSK).start().pump(2)
    pair.feed(R, patched(pair.pending, 18, b"\2"))
    assert pair.refusals(R)[0].reason == "The exchange type has changed"
    assert pair.pump().state(R) == "ISAKMP SA up"


@pytest.mark.parametrize("role", [I, R])
def test_a_message_id_in_phase_1_is_refused(role: Role) -> None:
    pair = between(AGGRESSIVE_PSK).start().pump(1 if role is I else 2)
    pair.feed(role, patched(pair.pending, 20, b"\0\0\0\1"))
    assert "Message ID must be 0 in phase 1" in pair.refusal(role).reason
    assert pair.pump().rekey().pump().up


def test_trap_11_ports_of_an_identity_are_checked_here_too() -> None:
    first, second = configs()
    pair = Pair(replace(first, identity=Identity(2, b"branch.example.com", 17, 4500)), second).start().pump()
    assert pair.refusals(R)[0].notify == "INVALID-ID-INFORMATION"
    assert pair.sas(R) == []


def test_under_the_isakmp_sa_nothing_is_different_from_main_mode() -> None:
    pair = between(AGGRESSIVE_PSK).start().pump()
    insider = Insider(pair)
    assert insider.last == pair.sent[2][-16:]
    assert pair.rekey().rekey(R).pump().sas(I).count("ESP inbound") == 2
