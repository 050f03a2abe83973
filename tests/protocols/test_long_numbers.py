"""Attributes that are sent with a length may be numbers of thousands of octets (RFC 2408 §3.3)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import MAIN
from insider import Insider
from pair import I, Pair, R, quick, shipped

from explorer.engine.negotiation import LONGEST_LIFE, LifeRule
from explorer.export.json_export import to_json
from explorer.export.text import to_text
from explorer.lab.run import run
from explorer.lab.scenario import load_scenario
from explorer.protocols.ikev1 import policies
from explorer.registry.isakmp import NotifyType, PayloadType
from explorer.wire.attributes import Attribute, basic, of_octets
from explorer.wire.message import build_chain
from explorer.wire.payloads import (
    EspTransform,
    Identification,
    IsakmpLifetimeNotification,
    IsakmpTransform,
    Nonce,
    Proposal,
    SecurityAssociation,
)

RULES = [None, *LifeRule]
SIZES = [5, 100, 200, 1800, 60000]
LIFE, IPSEC_LIFE = 12, 2
ANSWER = 2


def first_message(*extra: Attribute) -> bytes:
    """Message 1 of Main Mode as anybody may send it."""
    usual = (basic(1, 7), basic(14, 128), basic(2, 2), basic(3, 1), basic(4, 1), basic(11, 1))
    transform = IsakmpTransform(number=1, transform_id=1, attributes=(*usual, *extra))
    offer = SecurityAssociation(proposals=(Proposal(number=1, protocol=1, transforms=(transform,)),))
    body = build_chain([(1, offer)])
    return b"\x11" * 8 + bytes(8) + bytes((1, 0x10, 2, 0)) + bytes(4) + (28 + len(body)).to_bytes(4, "big") + body


def responder(rule: LifeRule | None) -> Pair:
    return Pair(responder=replace(quick(shipped(R)), life_rule=rule))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("rule", RULES)
def test_a_life_that_cannot_be_counted_is_cut_or_refused(rule: LifeRule | None, size: int) -> None:
    pair = responder(rule)
    (answer,) = pair.feed(R, first_message(of_octets(LIFE, b"\xff" * size)))
    if rule is LifeRule.CLAIM:
        assert answer[18] == ANSWER
        return
    assert "Life duration ff ff ff ff ff" in pair.refusal(R).reason or size == 5
    assert pair.refusal(R).notify == "NO-PROPOSAL-CHOSEN"
    assert pair.finish().state(R) == "idle"


@pytest.mark.parametrize("rule", [LifeRule.CLAIM, LifeRule.OBEY])
def test_the_longest_life_of_four_octets_can_be_obeyed(rule: LifeRule) -> None:
    pair = responder(rule)
    (answer,) = pair.feed(R, first_message(of_octets(LIFE, LONGEST_LIFE.to_bytes(4, "big"))))
    assert answer[18] == ANSWER


@pytest.mark.parametrize("kind", [*range(1, 18), 99, 16000])
@pytest.mark.parametrize("size", [200, 3000])
def test_no_attribute_is_too_long_to_be_spoken_of(kind: int, size: int) -> None:
    pair = Pair()
    (answer,) = pair.feed(R, first_message(of_octets(kind, b"\xff" * size)))
    assert pair.refusals(R)
    assert len(pair.refusals(R)[0].reason) < 200
    assert answer[18] == 5


@pytest.mark.parametrize("size", SIZES[:-1])
def test_a_claim_of_a_longer_life_shortens_nothing(size: int) -> None:
    pair = Pair().start().pump()
    before = pair.session(I).expires
    told = IsakmpLifetimeNotification(
        protocol=1, notify_type=int(NotifyType.RESPONDER_LIFETIME), spi=Insider(pair, R).cookies,
        attributes=(basic(11, 1), of_octets(LIFE, b"\xff" * size)))
    pair.feed(I, Insider(pair, R).tells(b"\1\2\3\4", (int(PayloadType.NOTIFY), told)))
    assert pair.session(I).expires == before
    assert pair.rekey().pump().up


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("rule", RULES)
def test_quick_mode_does_not_count_it_either(rule: LifeRule | None, size: int) -> None:
    pair = responder(rule)
    pair.start().pump()
    config = pair.peers[I].config
    assert config.local is not None
    assert config.remote is not None
    values = (basic(1, 1), of_octets(IPSEC_LIFE, b"\xff" * size), basic(4, 1), basic(5, 2), basic(6, 128))
    transform = EspTransform(number=1, transform_id=12, attributes=values)
    offer = SecurityAssociation(proposals=(Proposal(number=1, protocol=3, spi=b"abcd", transforms=(transform,)),))
    who = [Identification(id_type=one.id_type, protocol=0, port=0, data=one.data)
           for one in (config.local, config.remote)]
    octets = Insider(pair).says(
        32, b"\1\2\3\4", (int(PayloadType.SA), offer), (int(PayloadType.NONCE), Nonce(data=b"n" * 20)),
        *((int(PayloadType.ID), one) for one in who))
    pair.feed(R, octets)
    cut = rule in (None, LifeRule.CLAIM)
    assert [refused.notify for refused in pair.refusals(R)] == ([] if cut else ["NO-PROPOSAL-CHOSEN"])
    assert pair.rekey().pump().up


def test_a_recording_with_a_life_of_2000_octets_can_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def long(kind: int, _: int) -> Attribute:
        return of_octets(kind, b"\xff" * 2000)

    monkeypatch.setattr(policies, "duration", long)
    trace = run(load_scenario(MAIN))
    assert "ff ff ff ff ff ff ff ff …" in to_text(trace)
    assert len(to_json(trace)) > 2000
