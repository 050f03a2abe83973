"""What is said of a message fits what is in it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import recording
from v2_hand import INFORMATIONAL
from v2_pair import I, R, V2Pair, payload, v2_shipped

from explorer.events import Received, Role, Sent
from explorer.explanations import MessageWords, of_message
from explorer.protocols.ikev2.config import V2Config
from explorer.registry.ikev2_notify import V2NotifyType

STRANGER = "192.0.2.66"


def mobile(role: Role) -> V2Config:
    """It may move, and looks for no NAT."""
    return replace(v2_shipped(role), mobike=True)


def last(pair: V2Pair, role: Role) -> tuple[str, MessageWords]:
    """Variant and captions of what a side has sent last."""
    envelope = pair.of(Sent, role)[-1].envelope
    asks = role is I
    words = of_message(envelope.exchange, 1 if asks else 2, envelope.variant)
    assert words is not None
    return envelope.variant, words


def status(kind: V2NotifyType, data: bytes = b"") -> tuple[int, bytes]:
    return payload(41, bytes(2) + int(kind).to_bytes(2, "big") + data)


def test_a_failed_proof_is_another_error_than_a_forbidden_nat() -> None:
    wrong = V2Pair(replace(v2_shipped(I), keys={"*": b"another key"})).start().pump(4)
    variant, words = last(wrong, R)
    assert (variant, words.headline) == ("not-proven", "The initiator has not proven who it is, the responder says.")
    behind = V2Pair(mobile(I), mobile(R)).start().pump(2)
    behind.feed(R, behind.pending, source=STRANGER)
    variant, words = last(behind, R)
    assert (variant, words.headline) == ("nat-forbidden", "The responder sees a NAT where the initiator allows none.")


def test_a_request_that_cannot_be_read_is_a_third() -> None:
    pair = V2Pair().start().pump(2)
    pair.feed(R, pair.sealed(I, 35, 1, []))
    variant, words = last(pair, R)
    assert (variant, words.headline) == ("error", "The responder cannot use the request, and says why.")


def test_who_looks_for_no_nat_hashes_no_address_when_it_moves() -> None:
    pair = V2Pair(mobile(I), mobile(R)).start().pump()
    pair.ask(I, lambda peer, there: peer.start_move(there, "10.77.0.5", pair.now))
    assert last(pair, I)[0] == "addresses-no-nat"
    assert "hash" not in "".join(last(pair, I)[1])
    pair.pump(1)
    assert [event.envelope.variant for event in pair.of(Sent, R)][-2:] == ["addresses-no-nat", "cookie2"]


def test_a_move_that_is_refused_is_not_said_to_be_taken() -> None:
    pair = V2Pair(mobile(I), mobile(R)).start().pump()
    pair.ask(I, lambda peer, there: peer.start_move(there, "10.77.0.5", pair.now))
    pair.feed(R, pair.pending, source=STRANGER)
    variant, words = last(pair, R)
    assert (variant, words.headline) == ("addresses-refused", "The responder does not take the new address.")


def test_no_other_refusal_is_a_sign_of_life_in_words() -> None:
    pair = V2Pair().start().pump()
    pair.feed(R, pair.sealed(I, INFORMATIONAL, 2, [payload(200, b"", 0x80)]))
    variant, words = last(pair, R)
    assert (variant, words.headline) == ("error", "The other side cannot do what it was asked, and says why.")


# ---------------------------------------------------------------- proofs


def proofs(name: str, messages: int = 4) -> list[tuple[str, MessageWords]]:
    """Of both messages of IKE_AUTH."""
    pair = V2Pair(name=name).start().pump(messages)
    return [last(pair, role) for role in (I, R)]


def test_with_a_ppk_nobody_can_guess_at_the_psk() -> None:
    (variant, words), _ = proofs("ikev2-ppk")
    assert variant == "psk-ppk"
    assert "can try guesses" not in words.why
    (_, words), _ = proofs("ikev2-psk")
    assert "can try guesses" in words.why


def test_proofs_after_intermediate_exchanges_cover_them() -> None:
    for name, messages in (("ikev2-hybrid-mlkem", 6), ("ikev2-hybrid-two", 8)):
        for variant, words in proofs(name, messages):
            assert variant == "intermediate"
            assert "IntAuth" in words.why


# ---------------------------------------------------------------- what a scenario is about


@pytest.mark.parametrize(
    ("name", "variants"),
    [
        ("ikev2-nat-t", ["nat", "nat", "natted", "natted"]),
        ("ikev2-childless", ["", "childless", "childless", "childless"]),
        ("ikev2-narrowing", ["", "chosen", "", "narrowed"]),
        ("ikev2-initial-contact", ["", "chosen", "initial-contact", "psk"]),
        ("ikev2-remote-access", ["", "chosen", "address", "address"]),
        ("ikev2-psk", ["", "chosen", "", "psk"]),
    ],
)
def test_the_first_messages_are_told_by_what_is_new_in_them(name: str, variants: list[str]) -> None:
    steps = recording(name).steps[:4]
    assert [step.envelope.variant for step in steps] == variants


def test_both_sides_call_a_message_the_same() -> None:
    for name in ("ikev2-nat-t", "ikev2-childless", "ikev2-narrowing", "ikev2-initial-contact", "ikev2-remote-access"):
        pair = V2Pair(name=name).start().pump(4)
        for role in (I, R):
            sent = [event.envelope.variant for event in pair.of(Sent, role)]
            assert sent == [event.envelope.variant for event in pair.of(Received, role.other)]
