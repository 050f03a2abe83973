from __future__ import annotations

from dataclasses import replace

import pytest
from pair import MAIN, PFS, I, Pair, R, end, quick, shipped

from explorer.events import Concluded, Judged, Learned, Role, SaInstalled, Verified
from explorer.protocols.ikev1.policies import Phase1Policy, Phase2Policy
from explorer.trace.trace import Trace

DRAWN = ("CKY-I", "CKY-R", "xi", "xr", "Ni_b", "Nr_b")


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
    assert policy.cipher is not None
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


def test_a_second_negotiation_repeats_nothing_of_the_first() -> None:
    pair = Pair().reach(9)
    drawn = {event.term.octets for role in (I, R) for event in pair.of(Learned, role) if event.term.symbol in DRAWN}
    pair.peers[I].start(end(R), 0.0)
    again = [e for e in iter(pair.peers[I].next_event, None) if isinstance(e, Learned) and e.term.symbol in DRAWN]
    assert again
    assert not {event.term.octets for event in again} & drawn
