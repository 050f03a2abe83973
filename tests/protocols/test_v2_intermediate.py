"""No additional key exchange that was agreed on is left out (RFC 9370 §2.2.2)."""

from __future__ import annotations

import pytest
from v2_hand import IKE_AUTH, KE, notifications
from v2_pair import I, R, V2Pair, payload

INTERMEDIATE, INVALID_KE_PAYLOAD = 43, 17
METHOD, OTHER = bytes((0, 36, 0, 0)), bytes((0, 31, 0, 0))
"""In front of a public value: ML-KEM-768, which was agreed on, and X25519."""


def done(messages: int) -> V2Pair:
    """Two exchanges were agreed on; so many messages have been delivered, and the initiator goes on as it likes."""
    pair = V2Pair(name="ikev2-hybrid-two").start().pump(messages)
    pair.wire.clear()
    return pair


def ask(pair: V2Pair, exchange: int, number: int, body: bytes = METHOD) -> list[bytes]:
    return pair.feed(R, pair.sealed(I, exchange, number, [payload(KE, body)]))


@pytest.mark.parametrize(("messages", "number"), [(2, 1), (4, 2)])
def test_nobody_is_proven_before_all_are_done(messages: int, number: int) -> None:
    pair = done(messages)
    assert ask(pair, IKE_AUTH, number) == []
    assert pair.refusals(R) == ["Exchange 35 IKE_AUTH has no place here"]


@pytest.mark.parametrize(("exchange", "name"), [(IKE_AUTH, "35 IKE_AUTH"), (INTERMEDIATE, "43 IKE_INTERMEDIATE")])
def test_one_that_has_failed_is_not_done(exchange: int, name: str) -> None:
    pair = done(2)
    (answer,) = ask(pair, INTERMEDIATE, 1, OTHER)
    assert list(notifications(pair.inside(answer))) == [INVALID_KE_PAYLOAD]
    assert ask(pair, exchange, 2) == []
    assert pair.refusals(R)[1:] == [f"Exchange {name} has no place here"]


def test_after_both_there_is_no_third_and_the_proof_is_taken() -> None:
    pair = V2Pair(name="ikev2-hybrid-two").start().pump(6)
    assert ask(pair, INTERMEDIATE, 3) == []
    assert pair.pump().up
