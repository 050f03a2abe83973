from __future__ import annotations

from dataclasses import replace

import pytest
from pair import ADDRESSES, MAIN, PFS, I, Pair, R, quick, shipped

from explorer.engine.notation import Notation
from explorer.engine.rows import Row, match
from explorer.events import Concluded, Judged, Learned, Role, SaInstalled, Verified
from explorer.protocols.ikev1.config import Phase1Policy, Phase2Policy
from explorer.protocols.ikev1.exchange import Exchange
from explorer.protocols.ikev1.main_mode import UP as PHASE_1_UP
from explorer.protocols.ikev1.main_mode import MainMode
from explorer.protocols.ikev1.quick_mode import UP as PHASE_2_UP
from explorer.protocols.ikev1.quick_mode import QuickMode
from explorer.trace.trace import Trace

EXCHANGES: list[type[Exchange]] = [MainMode, QuickMode]
DRAWN = ("CKY-I", "CKY-R", "xi", "xr", "Ni_b", "Nr_b")
FINAL = {MainMode: PHASE_1_UP, QuickMode: PHASE_2_UP}


def octets_of(pair: Pair, role: Role, symbol: str) -> bytes:
    return next(e.term.octets for e in pair.of(Learned, role) if e.term.symbol == symbol)


def test_shipped_runs_are_established(trace: Trace) -> None:
    assert trace.outcome == "established"
    assert not trace.refusals
    assert [step.envelope.exchange for step in trace.steps] == ["Main Mode"] * 6 + ["Quick Mode"] * 3 + ["ESP"] * 2


def test_both_sides_hold_the_same_sas(trace: Trace) -> None:
    ours, theirs = (trace.sas(role, len(trace)) for role in (I, R))
    assert [sa.direction for sa in ours] == ["both", "inbound", "outbound"]
    mirrored = {"both": "both", "inbound": "outbound", "outbound": "inbound"}
    for sa in ours:
        twin = next(t for t in theirs if (t.protocol, t.direction) == (sa.protocol, mirrored[sa.direction]))
        assert [(use, key.octets) for use, key in sa.keys] == [(use, key.octets) for use, key in twin.keys]
        assert [spi.octets for spi in sa.spis] == [spi.octets for spi in twin.spis]
        assert (sa.algorithms, sa.lifetime) == (twin.algorithms, twin.lifetime)


@pytest.mark.parametrize("name", [MAIN, PFS])
def test_both_scenarios_complete_between_two_peers(name: str) -> None:
    pair = Pair(shipped(I, name), shipped(R, name)).start().pump().finish()
    assert pair.up
    assert len(pair.sent) == 9
    for role in (I, R):
        assert [e.outcome for e in pair.of(Concluded, role)] == ["completed", "completed"]
        assert [e.proves for e in pair.of(Verified, role) if e.proves] == [role.other]


POLICIES = [
    Phase1Policy(1, 1, None, 1, 1, 1, 600),
    Phase1Policy(1, 5, None, 2, 1, 2, 86400),
    Phase1Policy(1, 7, 128, 4, 1, 5, 65536),
    Phase1Policy(1, 7, 192, 5, 1, 1, 65535),
    Phase1Policy(1, 7, 256, 6, 1, 1, 1),
    Phase1Policy(1, 7, 256, 1, 1, 1, 28800),
]
PROPOSALS = [
    Phase2Policy(1, 2, None, 1, 1, 600, None),
    Phase2Policy(1, 3, None, 2, 1, 3600, 1),
    Phase2Policy(1, 12, 128, 5, 1, 70000, 2),
    Phase2Policy(1, 12, 192, 6, 1, 3600, None),
    Phase2Policy(1, 12, 256, 7, 1, 3600, None),
    Phase2Policy(1, 12, 256, 1, 1, 3600, 1),
]


@pytest.mark.parametrize("index", range(len(POLICIES)))
def test_every_algorithm_completes(index: int) -> None:
    first, second = (replace(shipped(r), phase1=(POLICIES[index],), phase2=(PROPOSALS[index],)) for r in (I, R))
    pair = Pair(first, second).start().pump().finish()
    assert pair.up
    policy = PROPOSALS[index]
    for sa in (e.sa for e in pair.of(SaInstalled, I) if e.sa.protocol == "ESP"):
        sizes = {use: len(key.octets) for use, key in sa.keys}
        assert sizes == {"encryption": policy.cipher.key_size, "integrity": policy.integrity_algorithm.key_size}
        assert sum(sizes.values()) == policy.keymat_size


def test_the_responders_order_decides() -> None:
    first, second = Phase1Policy(10, 7, 128, 2, 1, 1, 86400), Phase1Policy(20, 7, 256, 2, 1, 1, 86400)
    initiator = replace(quick(shipped(I)), phase1=(first, second))
    responder = replace(quick(shipped(R)), phase1=(replace(second, priority=1), replace(first, priority=2)))
    pair = Pair(initiator, responder).reach(9)
    assert pair.up
    assert dict(pair.of(SaInstalled, I)[0].sa.algorithms)["encryption"] == "AES-CBC-256"
    chosen = pair.of(Judged, R)[0].negotiation.chosen
    assert chosen is not None
    assert (chosen.policy, chosen.transform) == ("policy 1", 2)


def test_the_shorter_lifetime_is_used_and_the_offer_goes_back_unchanged() -> None:
    long = replace(quick(shipped(R)), phase1=(Phase1Policy(10, 7, 128, 2, 1, 1, 90000),))
    pair = Pair(None, long).reach(9)
    assert pair.up
    assert [e.sa.lifetime for role in (I, R) for e in pair.of(SaInstalled, role)][::3] == [86400, 86400]
    assert octets_of(pair, I, "SAi_b") == octets_of(pair, R, "SAr_b")


def test_a_longer_lifetime_than_the_policys_is_not_accepted() -> None:
    short = replace(quick(shipped(R)), phase1=(Phase1Policy(10, 7, 128, 2, 1, 1, 86399),))
    pair = Pair(None, short).start().pump()
    assert pair.refusal(R).notify == "NO-PROPOSAL-CHOSEN"


def test_a_second_quick_mode_has_keys_of_its_own() -> None:
    pair = Pair().reach(9).rekey().pump()
    assert pair.sas(I) == ["ISAKMP both", *["ESP inbound", "ESP outbound"] * 2]
    keys = {key.octets for e in pair.of(SaInstalled, I) for _, key in e.sa.keys}
    assert len(keys) == 3 + 4 + 4
    assert len({octets[20:24] for octets in pair.sent[6:]}) == 2


def test_quick_mode_needs_a_finished_phase_1() -> None:
    pair = Pair().start()
    with pytest.raises(LookupError):
        pair.rekey()


def test_quick_mode_without_identities() -> None:
    first, second = (replace(quick(shipped(role)), local=None, remote=None) for role in (I, R))
    assert Pair(first, second).reach(9).up


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda e: e.name)
def test_a_state_has_at_most_one_row_per_role(exchange: type[Exchange]) -> None:
    starts = [(row.role, row.state) for row in exchange.rows]
    assert len(starts) == len(set(starts))


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda e: e.name)
@pytest.mark.parametrize("role", [I, R])
def test_every_state_is_reached_and_the_last_leads_nowhere(exchange: type[Exchange], role: Role) -> None:
    state, path = "idle", ["idle"]
    while (row := match(exchange.rows, role, state)) is not None:
        state = row.then
        assert state not in path
        path.append(state)
    own = [row for row in exchange.rows if row.role is role]
    assert set(path) == {row.state for row in own} | {row.then for row in own}
    assert state == FINAL[exchange]
    assert match(exchange.rows, Role.EAVESDROPPER, "idle") is None


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda e: e.name)
def test_what_one_side_sends_the_other_waits_for(exchange: type[Exchange]) -> None:
    def sequence(role: Role) -> list[Row]:
        return [row for row in exchange.rows if row.role is role]

    sent = [[row.sends for row in sequence(role) if row.sends] for role in (I, R)]
    waited = [[row.receives for row in sequence(role) if row.receives] for role in (R, I)]
    assert sent == waited
    assert all(isinstance(row.incoming, Notation) and isinstance(row.outgoing, Notation) for row in exchange.rows)
    assert all(row.outgoing.encrypted == row.sends.startswith("HDR*") for row in exchange.rows)


def test_notations_are_those_of_the_rfc() -> None:
    assert [row.sends for row in MainMode.rows if row.sends] == [
        "HDR, SA", "HDR, SA", "HDR, KE, Ni", "HDR, KE, Nr", "HDR*, IDii, HASH_I", "HDR*, IDir, HASH_R"]
    assert [row.sends for row in QuickMode.rows if row.sends] == [
        "HDR*, HASH(1), SA, Ni [, KE] [, IDci, IDcr]", "HDR*, HASH(2), SA, Nr [, KE] [, IDci, IDcr]", "HDR*, HASH(3)"]


def test_what_was_said_is_what_the_row_says(pfs: Trace) -> None:
    for step in pfs.steps[:9]:
        words = [w.removesuffix(" ") for w in step.envelope.notation.split(", ") if w != "VID"]
        table = MainMode if step.number <= 6 else QuickMode
        allowed = [row.outgoing for row in table.rows if row.role is step.sender and row.sends]
        assert any(tuple(words[1:]) == n.words([w for g in n.optional for w in g]) for n in allowed)


def test_a_second_negotiation_repeats_nothing_of_the_first() -> None:
    pair = Pair().reach(9)
    drawn = {event.term.octets for role in (I, R) for event in pair.of(Learned, role) if event.term.symbol in DRAWN}
    pair.peers[I].start(ADDRESSES[R], 0.0)
    again = [e for e in iter(pair.peers[I].next_event, None) if isinstance(e, Learned) and e.term.symbol in DRAWN]
    assert again
    assert not {event.term.octets for event in again} & drawn
