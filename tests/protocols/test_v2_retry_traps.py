from __future__ import annotations

import pytest
from by_hand import chain
from v2_changes import (
    INVALID_SYNTAX,
    both,
    remade,
    with_body,
    with_method,
)
from v2_hand import (
    COOKIE,
    INVALID_KE,
    KE,
    NONCE,
    NOTIFY,
    SA_INIT,
    body,
    notifications,
)
from v2_pair import I, R, V2Pair, changed, payload

from explorer.crypto.groups import modp_group

# ---------------------------------------------------------------- trap 42


def test_trap_42_a_cookie_that_is_not_ours_is_asked_for_again() -> None:
    pair = V2Pair(responder=changed(R, wants_cookies=True)).start().pump(2)
    genuine = chain(pair.pending[16], pair.pending[28:])
    for first in (payload(NOTIFY, genuine[0][1][4:8] + bytes(32)), None):
        payloads = [first, *genuine[1:]] if first is not None else genuine[1:]
        (answer,) = pair.feed(R, remade(pair.pending, payloads))
        assert list(notifications(chain(answer[16], answer[28:]))) == [COOKIE]
        assert pair.peers[R].sessions == []
    last = remade(pair.pending, [*genuine[1:], genuine[0]])
    (answer,) = pair.feed(R, last)
    assert list(notifications(chain(answer[16], answer[28:]))) == [COOKIE], "it must be the first payload"
    assert pair.pump().up


@pytest.mark.parametrize("what", ["address", "SPI", "nonce"])
def test_trap_42_a_cookie_is_for_one_address_spi_and_nonce(what: str) -> None:
    pair = V2Pair(responder=changed(R, wants_cookies=True)).start().pump(2)
    octets, source = pair.pending, ""
    if what == "address":
        source = "10.0.0.99"
    elif what == "SPI":
        octets = b"another!" + octets[8:]
    else:
        octets = with_body(octets, NONCE, bytes(32))
    (answer,) = pair.feed(R, octets, source)
    assert list(notifications(chain(answer[16], answer[28:]))) == [COOKIE]
    assert pair.pump().up


def test_trap_42_a_responder_that_refuses_or_asks_again_keeps_nothing() -> None:
    pair = V2Pair(responder=with_method(changed(R, wants_cookies=True), "ecp-256"),
                  initiator=with_method(changed(I), "x25519", "ecp-256")).start()
    for _ in range(4):
        assert pair.peers[R].sessions == []
        pair.pump(1)
        if pair.wire and pair.wire[0][0] is R:
            continue
    assert pair.pump().up


@pytest.mark.parametrize("size", [1, 64])
def test_trap_42_cookies_of_any_allowed_size(size: int) -> None:
    pair = V2Pair().start()
    refusal = pair.pending[:8] + bytes(8) + bytes((NOTIFY, 0x20, SA_INIT, 0x20)) + bytes(4)
    octets = remade(refusal + bytes(4), [payload(NOTIFY, bytes((0, 0)) + COOKIE.to_bytes(2, "big") + bytes(size))])
    (again,) = pair.feed(I, octets)
    first = chain(again[16], again[28:])[0][1]
    assert first[8:] == bytes(size)
    assert again[28 + len(first) :] == pair.pending[28:]


def test_a_responder_that_asks_for_ever_is_given_up() -> None:
    pair = V2Pair().start()
    octets = pair.pending
    for turn in range(20):
        head = octets[:8] + bytes(8) + bytes((NOTIFY, 0x20, SA_INIT, 0x20)) + bytes(8)
        cookie = remade(head, [payload(NOTIFY, bytes((0, 0)) + COOKIE.to_bytes(2, "big") + bytes((turn,)))])
        answers = pair.feed(I, cookie)
        if not answers:
            break
    else:
        pytest.fail("it never gave up")


@pytest.mark.parametrize("wanted", [b"", b"\0", b"\0\x0e\0", b"\0\x0e", b"\xff\xff", b"\0\0"])
def test_a_method_that_was_not_offered_is_not_tried(wanted: bytes) -> None:
    pair = V2Pair().start()
    head = pair.pending[:8] + bytes(8) + bytes((NOTIFY, 0x20, SA_INIT, 0x20)) + bytes(8)
    refusal = remade(head, [payload(NOTIFY, bytes((0, 0)) + INVALID_KE.to_bytes(2, "big") + wanted)])
    assert pair.feed(I, refusal) == []
    assert not pair.peers[I].busy


# ---------------------------------------------------------------- trap 50


PRIME = modp_group(14).prime
USELESS = {
    "x25519": [bytes(32), bytes((1, *bytes(31))), bytes(31), bytes(33), b""],
    "x448": [bytes(56), bytes(55)],
    "ecp-256": [bytes(64), b"\1" * 64, bytes(63), bytes((4, *bytes(64)))],
    "ecp-384": [bytes(96), b"\xff" * 96],
    "modp-2048": [n.to_bytes(256, "big") for n in (0, 1, PRIME - 1, PRIME, PRIME + 1)] + [b"\2" * 255],
}


@pytest.mark.parametrize("method", USELESS)
def test_trap_50_a_useless_value_of_the_initiator(method: str) -> None:
    configs = both(method)
    for value in USELESS[method]:
        pair = V2Pair(*configs).start()
        ke = body(pair.pending, KE)
        answers = pair.feed(R, with_body(pair.pending, KE, ke[:4] + value))
        assert [list(notifications(chain(a[16], a[28:]))) for a in answers] == [[INVALID_SYNTAX]]
        assert pair.refusals(R)
        assert pair.peers[R].sessions == []
        assert pair.pump().up


@pytest.mark.parametrize("method", USELESS)
def test_trap_50_a_useless_value_of_the_responder(method: str) -> None:
    configs = both(method)
    for value in USELESS[method]:
        pair = V2Pair(*configs).start().pump(1)
        ke = body(pair.pending, KE)
        assert pair.feed(I, with_body(pair.pending, KE, ke[:4] + value)) == []
        assert pair.refusals(I)
        assert pair.sas(I) == []
        assert not pair.sa(I).up
