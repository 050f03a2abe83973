from __future__ import annotations

from dataclasses import replace

from v2_pair import I, R, V2Pair, v2_shipped

from explorer.events import Verified

NAME = "ikev2-null-auth"


def test_only_one_side_is_proven() -> None:
    pair = V2Pair(name=NAME).start().pump()
    assert pair.up
    assert {event.proves for event in pair.of(Verified, R) if event.symbol == "AUTHi"} == {None}
    assert R in {event.proves for event in pair.of(Verified, I)}


def test_who_wants_a_proof_refuses_none() -> None:
    pair = V2Pair(None, replace(v2_shipped(R, NAME), accepts_null=False), name=NAME).start().pump()
    assert pair.sas(I) == pair.sas(R) == []
    assert "proves nothing" in pair.refusals(R)[0]
    assert pair.told(I) == ["AUTHENTICATION_FAILED"]


def test_who_expects_somebody_does_not_take_nobody() -> None:
    expects = v2_shipped(R, NAME).identity
    pair = V2Pair(None, replace(v2_shipped(R, NAME), expects=expects), name=NAME).start().pump()
    assert pair.sas(R) == []
    assert "nobody" in pair.refusals(R)[0]
