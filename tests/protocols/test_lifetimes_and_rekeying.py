"""How long SAs live, who says so, and what takes their place (RFC 2407 §4.5.4, §4.6.3.1)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from insider import Insider
from pair import I, Pair, R, end, quick, shipped

from explorer.crypto.term import Configured, Term
from explorer.engine.negotiation import LifeRule
from explorer.events import Notified, Role, SaEnded, SaInstalled, SaShortened
from explorer.protocols.ikev1.config import Config
from explorer.protocols.ikev1.quick_mode import QuickMode
from explorer.wire.attributes import Attribute, basic, variable
from explorer.wire.payloads import IsakmpLifetimeNotification, LifetimeNotification
from explorer.wire.structure import build

LONG, SHORT = 8000, 1200


def config(role: Role, first: int = 86400, second: int = 3600, **changes: object) -> Config:
    made = quick(shipped(role))
    phase1 = tuple(replace(policy, lifetime=first) for policy in made.phase1)
    phase2 = tuple(replace(policy, lifetime=second) for policy in made.phase2)
    return replace(made, phase1=phase1, phase2=phase2, **changes)  # type: ignore[arg-type]


def lives(pair: Pair, role: Role, protocol: str) -> set[int]:
    return {event.sa.lifetime for event in pair.of(SaInstalled, role) if event.sa.protocol == protocol}


def ended(pair: Pair, role: Role) -> list[tuple[str, str]]:
    return [(event.protocol, event.how) for event in pair.of(SaEnded, role)]


# ---------------------------------------------------------------- the rules


@pytest.mark.parametrize("phase", [1, 2])
def test_strict_refuses_a_longer_life(phase: int) -> None:
    short = {"first": SHORT} if phase == 1 else {"second": SHORT}
    pair = Pair(None, config(R, life_rule=LifeRule.STRICT, **short)).start().pump()
    if phase == 2:
        pair.rekey().pump()
    assert pair.refusal(R).notify == "NO-PROPOSAL-CHOSEN"
    assert f"wanted at most {SHORT}" in pair.refusal(R).reason
    assert pair.sas(R) == (["ISAKMP both"] if phase == 2 else [])


def test_strict_is_the_rule_of_phase_1_and_claim_of_phase_2_where_nothing_is_said() -> None:
    assert Pair(None, config(R, first=SHORT)).start().pump().refusal(R).notify == "NO-PROPOSAL-CHOSEN"
    pair = Pair(None, config(R, second=SHORT)).reach(9)
    assert pair.up
    assert lives(pair, R, "ESP") == lives(pair, I, "ESP") == {SHORT}


@pytest.mark.parametrize("rule", LifeRule)
def test_a_shorter_offer_is_taken_by_every_rule_and_obeyed(rule: LifeRule) -> None:
    pair = Pair(config(I, first=600, second=300), config(R, life_rule=rule)).reach(9)
    assert pair.up
    for role in (I, R):
        assert lives(pair, role, "ISAKMP") == {600}
        assert lives(pair, role, "ESP") == {300}
        assert not pair.of(Notified, role)


def test_obey_lives_as_long_as_was_offered() -> None:
    pair = Pair(None, config(R, first=SHORT, second=SHORT, life_rule=LifeRule.OBEY)).reach(9)
    assert pair.up
    for role in (I, R):
        assert (lives(pair, role, "ISAKMP"), lives(pair, role, "ESP")) == ({86400}, {3600})
        assert not pair.of(Notified, role)


def test_claim_tells_the_initiator_of_a_shorter_life_in_both_phases() -> None:
    pair = Pair(None, config(R, first=SHORT, second=SHORT, life_rule=LifeRule.CLAIM)).start().pump()
    assert [(event.notify, event.protected) for event in pair.of(Notified, I)] == [("RESPONDER-LIFETIME", True)]
    assert [octets[18] for octets in pair.sent] == [2] * 6 + [5]
    assert [(event.protocol, event.lifetime) for event in pair.of(SaShortened, I)] == [("ISAKMP", SHORT)]
    assert pair.session(I).expires == pair.session(R).expires == SHORT
    pair.rekey().pump()
    assert pair.up
    assert "N" in second_message(pair)
    assert lives(pair, I, "ESP") == lives(pair, R, "ESP") == {SHORT}


def second_message(pair: Pair) -> list[str]:
    from explorer.events import Sent

    sent = [event.envelope for event in pair.of(Sent, R) if event.envelope.exchange == "Quick Mode"]
    return sent[0].notation.split(", ")


def test_a_claim_is_not_made_twice() -> None:
    pair = Pair(None, config(R, first=SHORT, life_rule=LifeRule.CLAIM)).start().pump()
    for octets in (pair.sent[4], pair.sent[4], pair.sent[0]):
        pair.feed(R, octets)
    assert [event.notify for event in pair.of(Notified, I)] == ["RESPONDER-LIFETIME"]


@pytest.mark.parametrize(("unit", "seconds", "expected"), [
    (1, 900, 900.0), (1, 90000, 86400.0), (2, 900, 86400.0), (1, 0, 86400.0)])
def test_a_claim_can_only_shorten(unit: int, seconds: int, expected: float) -> None:
    pair = Pair().start().pump()
    insider = Insider(pair, R)
    life = variable(12, seconds) if seconds > 65535 else basic(12, seconds)
    claim = IsakmpLifetimeNotification(protocol=1, notify_type=24576, spi=insider.cookies,
                                       attributes=(basic(11, unit), life))
    pair.feed(I, insider.tells(b"\1\1\1\1", (11, claim)))
    assert pair.session(I).expires == expected


@pytest.mark.parametrize("first", ["seconds", "kilobytes"])
def test_a_claim_in_two_units_is_heard_in_either_order(first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """IOS tells seconds and kilobytes, each as a type and a duration (RFC 2407 §4.6.3.1)."""

    def both(kind: int, duration: int) -> tuple[Attribute, ...]:
        pairs = [(basic(kind, 1), basic(duration, 600)), (basic(kind, 2), basic(duration, 60000))]
        return sum(pairs if first == "seconds" else pairs[::-1], ())

    pair = Pair().start().pump()
    insider = Insider(pair, R)
    claim = IsakmpLifetimeNotification(protocol=1, notify_type=24576, spi=insider.cookies, attributes=both(11, 12))
    pair.feed(I, insider.tells(b"\1\1\1\1", (11, claim)))
    assert pair.session(I).expires == 600

    def claims(exchange: QuickMode, SPI: Term) -> None:
        told = LifetimeNotification(protocol=3, notify_type=24576, spi=SPI.octets, attributes=both(1, 2))
        body, scope = build(told)[4:], exchange.ledger.scope
        exchange.ledger.learn(Term("N_b", body, Configured("RFC 2407"), scope=scope, owner=str(R)))

    monkeypatch.setattr(QuickMode, "_claim_life", claims)
    assert lives(Pair(None, config(R, second=900)).reach(9), I, "ESP") == {600}


# ---------------------------------------------------------------- the end


def test_ipsec_sas_end_by_themselves_on_both_sides() -> None:
    pair = Pair().reach(9)
    for role in (I, R):
        assert ended(pair.wait(0), role) == []
    pair.wait(3600)
    for role in (I, R):
        assert ended(pair, role) == [("ESP", "expired")] * 2
    pair.wait(86400 - 3600)
    for role in (I, R):
        assert ended(pair, role)[2:] == [("ISAKMP", "expired")]
        assert pair.peers[role].next_timer() is None
        with pytest.raises(LookupError):
            pair.rekey(role)


def test_ipsec_sas_outlive_the_isakmp_sa_and_end_in_time() -> None:
    pair = Pair(config(I, first=600), config(R)).reach(9)
    pair.wait(601)
    for role in (I, R):
        assert ended(pair, role) == [("ISAKMP", "expired")]
    pair.wait(3000)
    for role in (I, R):
        assert ended(pair, role)[1:] == [("ESP", "expired")] * 2


def test_without_rekeying_nothing_is_sent_before_the_end() -> None:
    pair = Pair().reach(9)
    sent = len(pair.sent)
    pair.wait(90000)
    assert len(pair.sent) == sent


# ---------------------------------------------------------------- what takes their place


@pytest.mark.parametrize("by", [I, R])
def test_new_sas_come_before_the_old_ones_end(by: Role) -> None:
    configs = {role: config(role, rekeys=role is by, margin=100.0) for role in (I, R)}
    pair = Pair(configs[I], configs[R]).reach(9)
    pair.wait(3499)
    assert len(pair.sas(I)) == 3
    pair.wait(2)
    for role in (I, R):
        assert pair.sas(role) == ["ISAKMP both", *["ESP inbound", "ESP outbound"] * 2]
        assert ended(pair, role) == [("ESP", "replaced" if role is by else "deleted")] * 2
    pair.wait(3500)
    assert len(pair.sas(I)) == 7


@pytest.mark.parametrize("by", [I, R])
def test_a_rekey_by_hand_from_either_side(by: Role) -> None:
    pair = Pair().reach(9)
    old = {event.sa.spis[0].octets for event in pair.of(SaInstalled, I)[1:]}
    pair.rekey(by, replaces=True).pump()
    gone = {event.spi.octets for event in pair.of(SaEnded, I)}
    assert gone == old
    new = {event.sa.spis[0].octets for event in pair.of(SaInstalled, I)[3:]}
    assert not new & old
    keys = [key.octets for event in pair.of(SaInstalled, I) for _, key in event.sa.keys]
    assert len(keys) == len(set(keys)), "each SA has keys of its own"
    assert [held.scope for held in pair.session(I).holdings] == [held.scope for held in pair.session(R).holdings]


def order(pair: Pair, first: Role) -> Pair:
    """Deliver everything to one side before anything to the other."""
    while pair.wire:
        waiting = [item for item in pair.wire if item[0] is first] or list(pair.wire)
        pair.wire.remove(waiting[0])
        role, octets = waiting[0]
        pair.wire.extend((role.other, answer) for answer in pair.feed(role, octets))
    return pair


@pytest.mark.parametrize("first", [I, R])
def test_both_sides_may_rekey_at_once_and_something_is_left(first: Role) -> None:
    pair = Pair().reach(9)
    pair.rekey(I, replaces=True).rekey(R, replaces=True)
    order(pair, first)
    held = [{spi.octets for holding in pair.session(role).holdings for _, spi in holding.spis} for role in (I, R)]
    assert held[0] == held[1]
    assert held[0]
    assert not pair.refusals(I) + pair.refusals(R)


@pytest.mark.parametrize("by", [I, R])
def test_a_new_isakmp_sa_takes_over_what_the_old_one_made(by: Role) -> None:
    configs = {role: config(role, first=2000, rekeys=role is by, margin=100.0) for role in (I, R)}
    pair = Pair(configs[I], configs[R]).reach(9)
    pair.wait(1901)
    for role in (I, R):
        assert len([sa for sa in pair.sas(role) if sa == "ISAKMP both"]) == 2
        assert ended(pair, role) == [("ISAKMP", "replaced" if role is by else "deleted")]
        assert len(list(pair.session(role).holdings)) == 1
    pair.wait(1700)
    assert ("ESP", "replaced" if by is I else "deleted") in ended(pair, I)
    assert any("ESP inbound" in sa for sa in pair.sas(R)[4:])


@pytest.mark.parametrize("by", [I, R])
@pytest.mark.parametrize("then", [I, R])
def test_ipsec_sas_pass_on_to_the_isakmp_sa_that_is_left(by: Role, then: Role) -> None:
    pair = Pair().start().pump().start().pump().rekey().pump()
    pair.peers[by].start_delete(end(by.other), 0.0, isakmp=True)
    pair.put(by).pump()
    pair.rekey(then, replaces=True).pump()
    for role in (I, R):
        assert [how for protocol, how in ended(pair, role) if protocol == "ESP"] == [
            "replaced" if role is then else "deleted"] * 2


def test_the_new_isakmp_sa_has_everything_new() -> None:
    pair = Pair(config(I, first=2000, rekeys=True, margin=100.0), config(R, first=2000)).reach(9).wait(1901)
    first, second = [event.sa for event in pair.of(SaInstalled, I) if event.sa.protocol == "ISAKMP"]
    assert {spi.octets for spi in first.spis}.isdisjoint(spi.octets for spi in second.spis)
    assert {key.octets for _, key in first.keys}.isdisjoint(key.octets for _, key in second.keys)


@pytest.mark.parametrize("by", [I, R])
def test_a_life_shorter_than_the_margin_is_not_renewed_again_and_again_at_once(by: Role) -> None:
    configs = {role: config(role, second=50, rekeys=role is by, margin=100.0) for role in (I, R)}
    pair = Pair(configs[I], configs[R]).reach(9).wait(10)
    assert pair.sas(I).count("ESP inbound") <= 11, "no more than one in a second"


def test_a_delete_by_hand_stops_the_rekeying() -> None:
    pair = Pair(config(I, rekeys=True, margin=100.0), config(R)).reach(9)
    pair.peers[I].start_delete(end(R), pair.now)
    pair.put(I).pump().wait(4000)
    assert pair.sas(I).count("ESP inbound") == 1
