from __future__ import annotations

from dataclasses import replace

import pytest
from v2_hand import (
    AUTH,
    CBC,
    COOKIE,
    CREATE_CHILD_SA,
    DELETE,
    IDI,
    IKE_AUTH,
    INFORMATIONAL,
    INVALID_KE,
    KE,
    NONCE,
    NOTIFY,
    REKEY_SA,
    SA,
    SA_INIT,
    body,
    chain,
    notifications,
    one,
    prf,
)
from v2_crypto import resealed
from v2_pair import I, R, V2Pair, changed, payload, v2_shipped

from explorer.crypto.groups import modp_group
from explorer.events import Learned, Making, Role, Sent, Verified
from explorer.lab.scenario_build_v2 import KEY_EXCHANGE_WORDS
from explorer.protocols.ikev2.config import Selector, V2Config, V2Identity
from explorer.protocols.ikev2.suites import Choice, Offer

CRITICAL, UNSUPPORTED, INVALID_SYNTAX, AUTHENTICATION_FAILED = 0x80, 1, 7, 24
either = pytest.mark.parametrize("role", [I, R])


def patched(octets: bytes, at: int, new: bytes) -> bytes:
    return octets[:at] + new + octets[at + len(new) :]


def remade(octets: bytes, payloads: list[tuple[int, bytes]]) -> bytes:
    """The same header with other payloads, in the clear."""
    following = [kind for kind, _ in payloads[1:]] + [0]
    content = b"".join(bytes((kind,)) + p[1:] for (_, p), kind in zip(payloads, following, strict=True))
    first = payloads[0][0] if payloads else 0
    head = octets[:16] + bytes((first,)) + octets[17:24] + (28 + len(content)).to_bytes(4, "big")
    return head + content


def with_body(octets: bytes, kind: int, new: bytes) -> bytes:
    """The same message with another body of one payload, in the clear."""
    found = chain(octets[16], octets[28:])
    return remade(octets, [payload(k, new) if k == kind else (k, p) for k, p in found])


def with_method(config: V2Config, *words: str) -> V2Config:
    """Offers with these key exchange methods."""
    (offer,) = config.ike
    kept = tuple(choice for choice in offer.choices if choice.kind != 4)
    methods = tuple(Choice(4, KEY_EXCHANGE_WORDS[word]) for word in words)
    return replace(config, ike=(Offer(offer.number, offer.protocol, (*kept, *methods)),))


def both(*words: str, **changes: object) -> tuple[V2Config, V2Config]:
    return (
        with_method(changed(I, **changes), *words), with_method(changed(R, **changes), *words))


def up(*configs: V2Config) -> V2Pair:
    pair = V2Pair(*configs).start().pump()
    assert pair.up
    assert pair.refusals(I) == pair.refusals(R) == []
    return pair


# ---------------------------------------------------------------- trap 31


@pytest.mark.parametrize("size", [16, 17, 64, 256])
def test_trap_31_nonces_of_any_allowed_size(size: int) -> None:
    pair = up(changed(I, nonce_size=size), changed(R, nonce_size=256))
    assert len(body(pair.sent[0], NONCE)) == size


@pytest.mark.parametrize("size", [0, 15, 257])
def test_a_nonce_of_another_size_is_refused(size: int) -> None:
    pair = V2Pair().start()
    (answer,) = pair.feed(R, with_body(pair.pending, NONCE, bytes(size)))
    assert list(notifications(chain(answer[16], answer[28:]))) == [INVALID_SYNTAX]
    assert "Ni" in pair.refusals(R)[0]
    assert pair.peers[R].sessions == []
    assert pair.pump().up


# ---------------------------------------------------------------- traps 33 to 35


@pytest.mark.parametrize("flags", [0x00, 0x10, 0x20, 0x28, 0x30])
def test_trap_33_a_first_request_under_another_flag(flags: int) -> None:
    pair = V2Pair().start()
    assert pair.feed(R, patched(pair.pending, 19, bytes((flags,)))) == []
    assert len(pair.refusals(R)) == 1
    assert pair.pump().up


@either
@pytest.mark.parametrize("flags", [0x00, 0x08, 0x20, 0x28])
def test_trap_33_a_request_under_a_flag_that_is_not_its_senders(role: Role, flags: int) -> None:
    pair = up()
    right = 0x08 if role is I else 0x00
    octets = pair.sealed(role, INFORMATIONAL, 2 if role is I else 0, [], flags=flags or 0x40)
    answers = pair.feed(role.other, octets)
    if (flags or 0x40) & 0x28 == right:
        assert len(answers) == 1
    else:
        assert answers == []
        assert len(pair.refusals(role.other)) == 1


@pytest.mark.parametrize("number", range(4))
def test_traps_34_and_35_every_octet_of_an_encrypted_message_counts(number: int) -> None:
    pair = V2Pair(name="ikev2-gcm" if number % 2 else "ikev2-psk").start()
    pair.pump(2 + number // 2)
    role, genuine = pair.wire[0]
    for at in range(16, len(genuine)):
        before = len(pair.of(Verified, role))
        assert pair.feed(role, patched(genuine, at, bytes((genuine[at] ^ 1,)))) == []
        assert [e for e in pair.of(Verified, role)[before:] if e.proves is not None] == []
        assert pair.sas(role) == []
    assert pair.pump().up


@pytest.mark.parametrize("padding", [0, 16, 32, 240])
def test_trap_34_more_padding_than_is_needed_and_any_octets_in_it(padding: int) -> None:
    pair = up()
    octets = pair.sealed(I, INFORMATIONAL, 2, [], padding=b"\xa5" * (15 + padding))
    (answer,) = pair.feed(R, octets)
    assert pair.inside(answer) == []


@pytest.mark.parametrize("length", [16, 17, 255])
def test_trap_34_a_pad_length_beyond_the_payload(length: int) -> None:
    pair = up()
    octets = pair.sealed(I, INFORMATIONAL, 2, [], padding=bytes(15))
    plain = bytes(15) + bytes((length,))
    (answer,) = pair.feed(R, resealed(octets, pair.keys(), plain, initiator=True))
    assert list(notifications(pair.inside(answer))) == [INVALID_SYNTAX]
    assert len(pair.refusals(R)) == 1


# ---------------------------------------------------------------- traps 37 and 38


@pytest.mark.parametrize("at", [1, 2, 3])
def test_trap_37_reserved_octets_of_an_identity_are_covered_as_they_came(at: int) -> None:
    pair = V2Pair().start().pump(2)
    request = pair.inside(pair.pending)
    whole = one(request, IDI)
    odd = patched(whole, at, b"\x77")
    covered = pair.sent[0] + body(pair.sent[1], NONCE) + prf(CBC, pair.keys().pi, odd)
    psk = next(iter(v2_shipped(I).keys.values()))
    auth = bytes((2, 0, 0, 0)) + prf(CBC, prf(CBC, psk, b"Key Pad for IKEv2"), covered)
    payloads = [payload(k, odd if k == IDI else auth if k == AUTH else p[4:]) for k, p in request]
    pair.swap(pair.sealed(I, IKE_AUTH, 1, payloads)).pump()
    assert pair.sas(R)[:1] == ["IKE both"]


@pytest.mark.parametrize("pad", [b"Key Pad for IKEv2\0", b"Key pad for IKEv2", b""])
def test_trap_38_another_pad_is_another_proof(pad: bytes) -> None:
    pair = V2Pair().start().pump(2)
    request = pair.inside(pair.pending)
    covered = pair.sent[0] + body(pair.sent[1], NONCE) + prf(CBC, pair.keys().pi, one(request, IDI))
    psk = next(iter(v2_shipped(I).keys.values()))
    auth = bytes((2, 0, 0, 0)) + prf(CBC, prf(CBC, psk, pad), covered)
    payloads = [payload(k, auth if k == AUTH else p[4:]) for k, p in request]
    (answer,) = pair.feed(R, pair.sealed(I, IKE_AUTH, 1, payloads))
    assert list(notifications(pair.inside(answer))) == [AUTHENTICATION_FAILED]
    assert pair.sas(R) == []


def test_trap_37_the_second_message_is_covered_as_it_came() -> None:
    pair = V2Pair().start().pump(1)
    genuine = pair.pending
    vendor = [*chain(genuine[16], genuine[28:]), payload(43, b"somebody in the middle")]
    pair.swap(remade(genuine, vendor)).pump()
    assert pair.sas(I) == []
    assert "AUTHr" in " ".join(pair.refusals(I))
    assert not pair.sa(R).up or pair.sa(R).ended


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


# ---------------------------------------------------------------- trap 43


@pytest.mark.parametrize("size", [0, 3, 5, 8])
def test_trap_43_a_child_with_an_spi_of_another_size_is_refused(size: int) -> None:
    pair = V2Pair().start().pump(2)
    payloads = pair.inside(pair.pending)
    sa = one(payloads, SA)
    other = bytes((0, 0)) + (len(sa) - 4 + size).to_bytes(2, "big") + sa[4:6] + bytes((size,)) + sa[7:8]
    other += b"\7" * size + sa[12:]
    swapped = [payload(k, other if k == SA else p[4:]) for k, p in payloads]
    pair.swap(pair.sealed(I, IKE_AUTH, 1, swapped)).pump()
    assert "ESP inbound" not in pair.sas(R) + pair.sas(I)
    assert "SPI" in " ".join(pair.refusals(R))


@pytest.mark.parametrize("size", [0, 4, 7, 9])
def test_trap_43_an_ike_sa_is_rekeyed_only_with_an_spi_of_eight_octets(size: int) -> None:
    pair = up()
    pair.rekey_ike(I)
    payloads = pair.inside(pair.pending)
    sa = one(payloads, SA)
    other = bytes((0, 0)) + (len(sa) - 8 + size).to_bytes(2, "big") + sa[4:6] + bytes((size,)) + sa[7:8]
    other += b"\7" * size + sa[16:]
    swapped = [payload(k, other if k == SA else p[4:]) for k, p in payloads]
    pair.feed(R, pair.sealed(I, CREATE_CHILD_SA, 2, swapped))
    assert len(pair.refusals(R)) == 1
    assert pair.sas(R).count("IKE both") == 1


# ---------------------------------------------------------------- trap 46


@either
def test_trap_46_rekeying_what_is_not_there(role: Role) -> None:
    pair = up()
    pair.rekey_child(role)
    payloads = pair.inside(pair.pending)
    own = {spi: at for at, spi in enumerate((pair.sa(role).children[0].outbound.octets, b"\1\2\3\4"))}
    for spi, at in own.items():
        named = bytes((3, 4)) + REKEY_SA.to_bytes(2, "big") + spi
        swapped = [payload(NOTIFY, named), *(payload(k, p[4:]) for k, p in payloads[1:])]
        number = int.from_bytes(pair.pending[20:24], "big") + at
        (answer,) = pair.feed(role.other, pair.sealed(role, CREATE_CHILD_SA, number, swapped))
        (told,) = notifications(pair.inside(answer)).items()
        assert told == (44, bytes((3, 4, 0, 44)) + spi), "it says which one (RFC 7296 §2.25)"
    assert len(pair.sa(role.other).children) == 1


@either
def test_trap_46_deleting_what_is_not_there_is_answered_with_nothing(role: Role) -> None:
    pair = up()
    number = 2 if role is I else 0
    gone = payload(DELETE, bytes((3, 4, 0, 1)) + pair.sa(role).children[0].outbound.octets)
    (answer,) = pair.feed(role.other, pair.sealed(role, INFORMATIONAL, number, [gone]))
    assert pair.inside(answer) == []
    assert len(pair.sa(role.other).children) == 1
    assert pair.ended(role.other, "ESP") == []


@either
def test_trap_46_several_children_in_one_delete(role: Role) -> None:
    pair = up()
    pair.ask(role, lambda peer, there: peer.start_quick(there, pair.now)).pump()
    pair.delete(role)
    (told,) = [p for k, p in pair.inside(pair.pending) if k == DELETE]
    assert told[4:8] == bytes((3, 4, 0, 2))
    assert len(told) == 16
    pair.pump()
    assert pair.sa(I).children == pair.sa(R).children == []
    assert len(pair.ended(I, "ESP")) == len(pair.ended(R, "ESP")) == 4
    assert not pair.sa(I).ended


# ---------------------------------------------------------------- trap 48


def test_trap_48_a_repeated_request_gets_the_identical_answer_and_nothing_else_happens() -> None:
    pair = V2Pair().start()
    for turn in range(2):
        role, octets = pair.wire.popleft()
        answers = pair.feed(role, octets)
        said = len(pair.heard[role])
        for _ in range(3):
            assert pair.feed(role, octets) == answers
        news = pair.heard[role][said:]
        assert [type(event) for event in news] == [Making, Sent] * 3
        assert all(event.again for event in news if isinstance(event, Sent))
        pair.wire.extend((role.other, answer) for answer in answers)
        if turn == 0:
            pair.pump(1)
    assert pair.pump().up


@either
def test_trap_48_requests_under_the_sa_are_repeated_too(role: Role) -> None:
    pair = up()
    for ask in (pair.liveness, pair.rekey_child, pair.rekey_ike, pair.liveness):
        ask(role)
        octets = pair.pending
        (answer,) = pair.feed(role.other, octets)
        assert pair.feed(role.other, octets) == [answer]
        pair.pump()
    assert pair.sas(role.other).count("IKE both") == 2
    assert pair.sas(role.other).count("ESP inbound") == 2


@either
def test_trap_48_an_answer_that_comes_twice_is_no_news(role: Role) -> None:
    pair = up()
    pair.rekey_child(role)
    (answer,) = pair.feed(role.other, pair.pending)
    pair.wire.clear()
    first = pair.feed(role, answer)
    learned = len(pair.of(Learned, role))
    assert pair.feed(role, answer) == []
    assert len(pair.of(Learned, role)) == learned
    pair.wire.extend((role.other, octets) for octets in first)
    pair.pump()
    assert len(pair.sa(role).children) == 1


@either
@pytest.mark.parametrize("ahead", [-1, 1, 2, 0x7FFFFFFF])
def test_trap_48_a_request_out_of_turn_is_refused(role: Role, ahead: int) -> None:
    pair = up()
    number = (2 if role is I else 0) + ahead
    if number < 0:
        number = 0xFFFFFFFF
    assert pair.feed(role.other, pair.sealed(role, INFORMATIONAL, number, [])) == []
    assert "Message ID" in pair.refusals(role.other)[0]
    assert not pair.liveness(role).pump().peers[role].busy


def test_trap_48_both_directions_count_apart() -> None:
    pair = up()
    pair.liveness(I).liveness(R)
    assert [int.from_bytes(octets[20:24], "big") for _, octets in pair.wire] == [2, 0]
    pair.pump()
    for _ in range(3):
        pair.liveness(R)
        assert len(pair.wire) == 1
        pair.pump()
    assert (pair.sa(I).next_request, pair.sa(I).expected) == (3, 4)
    assert (pair.sa(R).next_request, pair.sa(R).expected) == (4, 3)


def test_trap_48_an_answer_is_never_sent_unasked() -> None:
    pair = V2Pair().start().pump(1)
    pair.wire.clear()
    answers = len(pair.of(Sent, R))
    pair.peers[R].handle_timer(1000.0)
    pair.put(R)
    assert len(pair.of(Sent, R)) == answers


def test_trap_48_a_window_of_one_lets_the_second_request_wait() -> None:
    pair = up()
    for _ in range(3):
        pair.liveness(I)
    assert len(pair.wire) == 1
    pair.pump()
    assert not pair.peers[I].busy
    assert pair.sa(R).expected == 5


def test_who_gets_no_answer_sends_the_same_again_and_then_gives_up() -> None:
    pair = up()
    pair.liveness(I)
    octets = pair.pending
    pair.wire.clear()
    pair.peers[I].handle_timer(pair.now + 2.5)
    pair.put(I)
    assert pair.pending == octets
    pair.wire.clear()
    for _ in range(20):
        due = pair.peers[I].next_timer()
        if due is None:
            break
        pair.peers[I].handle_timer(due)
        pair.collect(I)
    assert pair.ended(I, "IKE")
    assert len(pair.ended(I, "ESP")) == 2
    assert not pair.peers[I].busy


# ---------------------------------------------------------------- trap 49


@either
def test_trap_49_an_unknown_critical_payload_is_refused_by_its_type(role: Role) -> None:
    pair = up()
    strange = payload(200, b"?", CRITICAL)
    (answer,) = pair.feed(role.other, pair.sealed(role, INFORMATIONAL, 2 if role is I else 0, [strange]))
    assert notifications(pair.inside(answer)) == {UNSUPPORTED: bytes((0, 0, 0, UNSUPPORTED, 200))}


@either
def test_trap_49_an_unknown_payload_that_is_not_critical_is_skipped(role: Role) -> None:
    pair = up()
    strange = payload(200, b"?")
    (answer,) = pair.feed(role.other, pair.sealed(role, INFORMATIONAL, 2 if role is I else 0, [strange]))
    assert pair.inside(answer) == []
    assert pair.refusals(role.other) == []


def test_trap_49_in_the_first_message() -> None:
    pair = V2Pair().start()
    genuine = chain(pair.pending[16], pair.pending[28:])
    (answer,) = pair.feed(R, remade(pair.pending, [*genuine, payload(200, b"?", CRITICAL)]))
    assert notifications(chain(answer[16], answer[28:])) == {UNSUPPORTED: bytes((0, 0, 0, UNSUPPORTED, 200))}
    assert pair.peers[R].sessions == []
    pair.swap(remade(pair.pending, [payload(201, b"?"), *genuine])).pump()
    assert pair.sas(R) == [], "AUTH covers what the initiator has sent"
    assert "AUTHi" in " ".join(pair.refusals(R))


def test_trap_49_the_critical_bit_of_a_known_payload_says_nothing() -> None:
    pair = up()
    gone = payload(DELETE, bytes((3, 4, 0, 1)) + pair.sa(I).children[0].inbound.octets, CRITICAL)
    pair.feed(R, pair.sealed(I, INFORMATIONAL, 2, [gone]))
    assert len(pair.ended(R, "ESP")) == 2


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


# ---------------------------------------------------------------- trap 51


@pytest.mark.parametrize("seed", range(6))
def test_trap_51_both_rekey_a_child_at_once(seed: int) -> None:
    pair = V2Pair(seed=seed).start().pump()
    pair.rekey_child(I).rekey_child(R).pump()
    assert not pair.peers[I].busy
    assert not pair.peers[R].busy
    (ours,), (theirs,) = pair.sa(I).children, pair.sa(R).children
    assert (ours.inbound.octets, ours.outbound.octets) == (theirs.outbound.octets, theirs.inbound.octets)


@pytest.mark.parametrize("seed", range(6))
def test_trap_51_both_rekey_the_ike_sa_at_once(seed: int) -> None:
    pair = V2Pair(seed=seed).start().pump()
    pair.rekey_ike(I).rekey_ike(R).pump()
    usable = {role: [a.sa for a in pair.peers[role].sessions if a.usable] for role in (I, R)}
    (ours,), (theirs,) = usable[I], usable[R]
    assert ours.spis == theirs.spis
    assert len(ours.children) == len(theirs.children) == 1
    assert not pair.liveness(I).liveness(R).pump().peers[I].busy


# ---------------------------------------------------------------- the life of an SA


@either
@pytest.mark.parametrize("ike", [False, True], ids=["Child SA", "IKE SA"])
def test_a_delete_is_the_end_on_both_sides(role: Role, *, ike: bool) -> None:
    pair = up()
    pair.delete(role, ike=ike).pump()
    for side in (I, R):
        assert len(pair.ended(side, "ESP")) == 2
        assert len(pair.ended(side, "IKE")) == int(ike)
        assert not pair.peers[side].busy
    if ike:
        with pytest.raises(LookupError):
            pair.liveness(role)


@either
def test_an_exchange_that_has_no_place_is_answered_and_changes_nothing(role: Role) -> None:
    pair = up()
    number = 2 if role is I else 0
    for exchange in (SA_INIT, IKE_AUTH, 43, 44, 99):
        pair.feed(role.other, pair.sealed(role, exchange, number, []))
    assert len(pair.refusals(role.other)) == 5
    assert pair.sas(role.other) == ["IKE both", "ESP inbound", "ESP outbound"]


@either
def test_a_peer_that_says_that_we_have_failed_is_believed(role: Role) -> None:
    pair = up()
    failed = payload(NOTIFY, bytes((0, 0)) + AUTHENTICATION_FAILED.to_bytes(2, "big"))
    (answer,) = pair.feed(role.other, pair.sealed(role, INFORMATIONAL, 2 if role is I else 0, [failed]))
    assert answer[19] & 0x20
    assert len(pair.ended(role.other, "IKE")) == 1
    assert len(pair.ended(role.other, "ESP")) == 2


def test_a_proof_that_fails_leaves_nothing_on_either_side() -> None:
    pair = V2Pair(changed(I, keys={"*": b"one"}), changed(R, keys={"*": b"another"})).start().pump()
    for side in (I, R):
        assert pair.sas(side) == []
        assert not pair.peers[side].busy
        assert not any(a.usable for a in pair.peers[side].sessions)
    assert pair.told(I) == ["AUTHENTICATION_FAILED"]


def test_somebody_else_than_expected() -> None:
    pair = V2Pair(changed(I, expects=V2Identity(2, b"somebody.else"))).start().pump()
    assert pair.sas(I) == []
    assert not any(a.usable for role in (I, R) for a in pair.peers[role].sessions)


@pytest.mark.parametrize("changes", [
    {"local": Selector.network("10.99.0.0/16")}, {"remote": Selector.network("10.99.0.0/16")}])
def test_selectors_that_do_not_meet_cost_only_the_child(changes: dict[str, Selector]) -> None:
    pair = V2Pair(responder=changed(R, **changes)).start().pump()
    assert pair.sas(I) == pair.sas(R) == ["IKE both"]
    assert pair.told(I) == ["TS_UNACCEPTABLE"]
    assert not pair.liveness(I).liveness(R).pump().peers[I].busy


def test_an_answer_with_wider_selectors_than_asked_for_is_cut_or_refused() -> None:
    pair = V2Pair(changed(I, local=Selector.network("192.168.1.10/32"))).start().pump(3)
    payloads = pair.inside(pair.pending)
    wide = bytes((1, 0, 0, 0)) + bytes((7, 0, 0, 16, 0, 0, 0xFF, 0xFF)) + bytes(4) + b"\xff" * 4
    swapped = [payload(k, wide if k in (44, 45) else p[4:]) for k, p in payloads]
    pair.feed(I, pair.sealed(R, IKE_AUTH, 1, swapped, answer=True))
    for child in pair.sa(I).children:
        assert child.local.narrowed(Selector.network("192.168.1.10/32")) == child.local
