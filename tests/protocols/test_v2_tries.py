"""Requests of IKE_SA_INIT that are made again: what of the first try is kept, and what each try is called."""

from __future__ import annotations

import hmac
from dataclasses import replace

import pytest
from conftest import recording
from v2_changes import remade, with_method
from v2_hand import COOKIE, NONCE, NOTIFY, SA_INIT, body
from v2_pair import I, R, V2Pair, changed, payload, v2_shipped

from explorer.events import Endpoint, Learned, Role, Verified
from explorer.lab.entropy import SeededEntropy
from explorer.protocols.ikev2.peer import Ikev2Peer
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.trace.model import Key
from explorer.trace.trace import Trace

AGAIN = ("ikev2-cookie", "ikev2-invalid-ke", "ikev2-cookie-invalid-ke")
SECOND = "IKE SA, try 2"


def last_try(trace: Trace) -> str:
    return [key.scope for key in trace.links.keys if key.symbol == "RealMessage1"][-1]


def notification(kind: int, data: bytes = b"") -> tuple[int, bytes]:
    return payload(NOTIFY, bytes((0, 0)) + kind.to_bytes(2, "big") + data)


# ---------------------------------------------------------------- names


@pytest.mark.parametrize("name", AGAIN)
def test_the_secret_is_made_of_the_public_value_that_came_last(name: str) -> None:
    links = recording(name).links
    for _, _, secret in links.terms(Key("IKE SA", "g^ir")):
        for source in secret.made_of():
            assert {term.octets for _, _, term in links.terms(links.key(source))} == {source.octets}


@pytest.mark.parametrize("name", AGAIN)
def test_the_proof_covers_the_message_that_was_sent_last(name: str) -> None:
    trace = recording(name)
    first_messages = [step for step in trace.steps if step.octets[18] == SA_INIT and step.sender is Role.INITIATOR]
    for _, _, AUTHi in trace.links.terms(Key("IKE_AUTH 1", "AUTHi")):
        for source in AUTHi.made_of():
            if source.symbol == "RealMessage1":
                (place,) = trace.links.places(trace.links.key(source))
                assert place.message == first_messages[-1].number
    assert last_try(trace) == f"IKE SA, try {len(first_messages)}"


def test_another_method_is_another_public_value_of_the_second_try() -> None:
    links = recording("ikev2-invalid-ke").links
    for symbol in ("i", "KEi"):
        first, second = (links.first(Key(scope, symbol)).octets for scope in ("IKE SA", SECOND))
        assert first != second
    assert [place.message for place in links.places(Key(SECOND, "KEi"))] == [3]


def test_with_a_cookie_the_same_public_value_goes_again_and_nothing_is_computed() -> None:
    trace = recording("ikev2-cookie")
    learned = [e.event.term.symbol for e in trace.events_of(Learned, I) if isinstance(e.event, Learned)]
    assert learned.count("KEi") == 1
    assert [place.message for place in trace.links.places(Key("IKE SA", "KEi"))] == [1, 3]


@pytest.mark.parametrize("name", AGAIN)
def test_an_answer_that_only_asks_for_another_try_is_covered_by_no_proof(name: str) -> None:
    links = recording(name).links
    assert len(links.places(Key("IKE SA", "RealMessage2"))) == 1


def test_whoever_sends_a_message_has_it() -> None:
    knowledge = recording("ikev2-psk").knowledge
    for symbol, sender, step in (("RealMessage1", I, 1), ("RealMessage2", R, 2)):
        last = len(recording("ikev2-psk")) - 1
        assert knowledge.cell(Key("IKE SA", symbol), sender, last).step == step


# ---------------------------------------------------------------- cookies


def test_the_cookie_is_the_responders_own_and_everybody_sees_it() -> None:
    trace = recording("ikev2-cookie")
    last, key = len(trace) - 1, Key("IKE SA", "COOKIE")
    assert [trace.knowledge.cell(key, role, last).step for role in (I, Role.EAVESDROPPER, R)] == [2, 2, 1]
    assert [place.message for place in trace.links.places(key)] == [2, 3]
    (secret,) = [term.octets for _, _, term in trace.links.terms(Key("cookies", "secret"))]
    first = trace.step(1).octets
    seen = body(first, NONCE) + bytes((10, 0, 0, 1)) + first[:8]
    assert trace.links.first(key).octets == hmac.digest(secret, seen, "sha256")


def test_the_responder_holds_the_cookie_that_comes_back_against_one_made_anew() -> None:
    checked = [e.event for e in recording("ikev2-cookie").events_of(Verified, R)]
    assert next(event.symbol for event in checked if isinstance(event, Verified)) == "COOKIE"


def test_cookies_stay_good_while_others_come_up() -> None:
    pair = V2Pair(responder=changed(R, wants_cookies=True)).start().pump(2)
    gateway, there = pair.peers[R], Endpoint("10.0.0.2", 500)
    for number in range(1, 5):
        here = Endpoint(f"10.0.1.{number}", 500)
        other = Ikev2Peer(replace(v2_shipped(I), address=here.address), SeededEntropy(number, "other"), I)
        other.start(there, 0)
        waiting = other.datagrams_to_send(0)
        while waiting:
            gateway.receive_datagram(waiting.pop(0).octets, here, there, 0)
            for answer in gateway.datagrams_to_send(0):
                other.receive_datagram(answer.octets, there, here, 0)
                waiting += other.datagrams_to_send(0)
        assert other.sessions[-1].sa.up
    pair.pump()
    assert sum(octets[18] == SA_INIT for octets in pair.sent) == 4
    assert pair.up


# ---------------------------------------------------------------- what only asks again is not believed


def asks_again(pair: V2Pair, *more: tuple[int, bytes], spi: bytes = bytes(8)) -> bytes:
    head = pair.pending[:8] + spi + bytes((NOTIFY, 0x20, SA_INIT, 0x20)) + bytes(8)
    return remade(head, [notification(COOKIE, b"a forged one"), *more])


@pytest.mark.parametrize("kind", [V2NotifyType.CHILDLESS_IKEV2_SUPPORTED, V2NotifyType.FRAGMENTATION_SUPPORTED])
def test_what_a_forged_cookie_brings_along_is_forgotten(kind: V2NotifyType) -> None:
    pair = V2Pair(changed(I, childless=True, fragment_size=200), changed(R, childless=False, fragment_size=0)).start()
    forged = asks_again(pair, notification(int(kind)))
    pair.wire.clear()
    pair.wire.extend((R, octets) for octets in pair.feed(I, forged))
    pair.pump()
    assert kind not in pair.sa(I).peer_supports
    assert pair.up


@pytest.mark.parametrize("wants", ["a cookie", "another method"])
def test_an_spi_in_an_answer_that_asks_again_is_no_reason_to_fail(wants: str) -> None:
    if wants == "a cookie":
        pair = V2Pair(responder=changed(R, wants_cookies=True))
    else:
        pair = V2Pair(with_method(changed(I), "x25519", "ecp-256"), with_method(changed(R), "ecp-256"))
    pair.start().pump(1)
    pair.swap(pair.pending[:8] + b"not zero" + pair.pending[16:]).pump(1)
    assert pair.pending[8:16] == bytes(8)
    assert pair.pump().up
