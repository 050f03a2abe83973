from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from junk import HEADER_SIZE, junk_of, repaired
from pair import end
from v2_changes import INVALID_SYNTAX
from v2_hand import INFORMATIONAL, notifications
from v2_pair import I, R, V2Pair, changed, payload

from explorer.errors import WireError
from explorer.events import Datagram, Learned, Role, SaInstalled, Verified
from explorer.octets import Buffer
from explorer.protocols.ikev2.observer import Ikev2Observer
from explorer.protocols.ikev2.peer import MOST_HALF_OPEN
from explorer.wire.ikev2_message import read_v2

RUN = 4
"""Messages of IKE_SA_INIT and IKE_AUTH."""


def fresh() -> V2Pair:
    return V2Pair()


def reach(delivered: int) -> V2Pair:
    """So many messages delivered; after IKE_AUTH come a rekeying of the Child SA and one of the IKE SA."""
    pair = fresh().start().pump(min(delivered, RUN))
    if delivered > RUN:
        pair.rekey_child(I).pump(delivered - RUN)
    if delivered > 2 * RUN:
        pair.rekey_ike(R).pump(delivered - 2 * RUN)
    return pair


@cache
def genuine() -> tuple[bytes, ...]:
    return tuple(reach(3 * RUN).sent)


def is_clear_and_well_formed(octets: bytes) -> bool:
    try:
        message = read_v2(Buffer("d", octets))
    except WireError:
        return False
    return message.sealed is None


def proofs(pair: V2Pair, role: Role) -> int:
    """What an outsider must not bring about."""
    return len(pair.of(SaInstalled, role)) + len([event for event in pair.of(Verified, role) if event.proves])


def test_the_run_has_every_exchange() -> None:
    assert len(genuine()) == 3 * RUN
    assert {octets[18] for octets in genuine()} == {34, 35, 36, 37}


@settings(max_examples=400)
@given(st.integers(0, 3 * RUN), st.sampled_from([I, R]), st.lists(junk_of(genuine), min_size=1, max_size=4))
def test_no_peer_raises_and_no_sa_comes_of_junk(delivered: int, role: Role, datagrams: list[bytes]) -> None:
    pair = reach(delivered)
    honest = {octets[HEADER_SIZE:] for octets in genuine() if len(octets) > HEADER_SIZE}
    disturbed = False
    for octets in datagrams:
        if octets in genuine() or octets[HEADER_SIZE:] in honest:
            continue
        before = proofs(pair, role)
        assert len(pair.feed(role, octets)) <= 1
        assert proofs(pair, role) == before
        disturbed = disturbed or is_clear_and_well_formed(octets)
    if not disturbed:
        pair.pump()
        assert delivered == 0 or pair.up
        assert tuple(pair.sent) == genuine()[: len(pair.sent)]


@settings(max_examples=300)
@given(
    st.integers(0, 3 * RUN), st.sampled_from([I, R]), st.integers(0, 3 * RUN - 1), st.binary(min_size=28, max_size=28))
def test_a_genuine_body_under_any_header_never_raises(delivered: int, role: Role, number: int, header: bytes) -> None:
    pair = reach(delivered)
    octets = genuine()[number]
    pair.feed(role, repaired(header + octets[HEADER_SIZE:]))
    for at in (0, 8, 16, 20):
        pair.feed(role, repaired(octets[:at] + header[at : at + 4] + octets[at + 4 :]))


@pytest.mark.parametrize("delivered", range(3 * RUN + 1))
@pytest.mark.parametrize("role", [I, R])
def test_any_message_of_the_run_at_any_time(delivered: int, role: Role) -> None:
    pair = reach(delivered)
    for octets in genuine():
        before = pair.sas(role).count("IKE both")
        pair.feed(role, octets)
        assert pair.sas(role).count("IKE both") <= before + 1
    assert pair.sas(role).count("IKE both") <= 2
    assert pair.sas(role).count("ESP inbound") <= 2


def test_an_answer_that_cannot_be_as_long_as_it_should_is_an_error() -> None:
    """COOKIE2 must be said again; here two hashes come beside it, and all does not fit any more."""
    pair = V2Pair(*(changed(role, mobike=True, nat_traversal=True) for role in (I, R))).start().pump()
    cookie = payload(41, bytes(2) + (16401).to_bytes(2, "big") + bytes(65_440))
    hashes = [payload(41, bytes(2) + kind.to_bytes(2, "big")) for kind in (16388, 16389)]
    (answer,) = pair.feed(R, pair.sealed(I, INFORMATIONAL, 2, [cookie, *hashes]))
    assert list(notifications(pair.inside(answer[4:]))) == [INVALID_SYNTAX]  # behind the non-ESP marker
    assert pair.refusals(R) == ["The encrypted payload would be longer than its length can say"]


bodies = st.one_of(st.binary(max_size=60), st.sampled_from([b"", bytes(4), bytes(8), b"\3\4\0\1\1\2\3\4"]))
payloads = st.lists(st.tuples(st.one_of(st.integers(33, 48), st.integers(1, 255)), bodies), max_size=5)


@settings(max_examples=400)
@given(
    st.sampled_from([I, R]), st.sampled_from([36, 37, 35, 34, 43]), st.booleans(), payloads, st.binary(max_size=20),
    st.booleans())
def test_an_insider_may_say_anything(
    role: Role, exchange: int, waits: bool, said: list[tuple[int, bytes]], padding: bytes, answer: bool
) -> None:
    """Even with all keys nobody makes a peer raise."""
    pair = fresh().start().pump()
    assert pair.up
    number = pair.sa(role).next_request
    if answer and waits:
        pair.rekey_child(role.other) if exchange == 36 else pair.liveness(role.other)
        number = int.from_bytes(pair.wire[0][1][20:24], "big")
    made = [payload(kind, octets) for kind, octets in said]
    pad = padding + bytes(-(sum(len(p) for _, p in made) + len(padding) + 1) % 16)
    octets = pair.sealed(role, exchange, number, made, answer=answer and waits, padding=pad)
    assert len(pair.feed(role.other, octets)) <= 2


@settings(max_examples=300)
@given(st.sampled_from([I, R]), st.sampled_from(["child", "ike", "another"]), st.data())
def test_an_insider_may_change_any_octet_of_what_is_inside(role: Role, what: str, data: st.DataObject) -> None:
    pair = fresh().start().pump()
    if what == "ike":
        pair.rekey_ike(role)
    elif what == "child":
        pair.rekey_child(role)
    else:
        pair.ask(role, lambda peer, there: peer.start_quick(there, pair.now))
    answering = data.draw(st.booleans())
    if answering:
        pair.pump(1)
    receiver, octets = pair.wire[0]
    inside = [(kind, bytearray(p)) for kind, p in pair.inside(octets)]
    for _ in range(data.draw(st.integers(1, 4))):
        _, chosen = inside[data.draw(st.integers(0, len(inside) - 1))]
        chosen[data.draw(st.integers(4, max(4, len(chosen) - 1)))] = data.draw(st.integers(0, 255))
    number = int.from_bytes(octets[20:24], "big")
    made = [(kind, bytes(p)) for kind, p in inside]
    pair.feed(receiver, pair.sealed(receiver.other, 36, number, made, answer=answering, spis=octets[:16]))
    pair.pump()


@settings(max_examples=300)
@given(st.sampled_from([I, R]), payloads)
def test_a_stranger_may_say_anything_in_ike_auth(role: Role, said: list[tuple[int, bytes]]) -> None:
    """Whoever has exchanged public values has keys for IKE_AUTH."""
    pair = fresh().start().pump(2 if role is I else 3)
    made = [payload(kind, octets) for kind, octets in said]
    assert len(pair.feed(role.other, pair.sealed(role, 35, 1, made, answer=role is R))) <= 1
    assert pair.sas(role.other) == []
    assert all(event.proves is None for event in pair.of(Verified, role.other))


@settings(max_examples=300)
@given(st.sampled_from([I, R]), st.data())
def test_a_stranger_may_change_anything_in_ike_auth(role: Role, data: st.DataObject) -> None:
    pair = fresh().start().pump(2 if role is I else 3)
    inside = pair.inside(pair.pending)
    kind, octets = inside[data.draw(st.integers(0, len(inside) - 1))]
    at = data.draw(st.integers(4, len(octets) - 1))
    new = octets[:at] + bytes((octets[at] ^ data.draw(st.integers(1, 255)),)) + octets[at + 1 :]
    made = [(k, new if k == kind else p) for k, p in inside]
    pair.feed(role.other, pair.sealed(role, 35, 1, made, answer=role is R))
    if kind in (35, 36, 39) and not (kind == 36 and role is I) and at > 7:
        assert pair.sas(role.other) == [], "identity and proof are covered"
    pair.pump()


@pytest.mark.parametrize("role", [I, R])
@pytest.mark.parametrize("number", range(3 * RUN))
def test_a_message_with_an_empty_spi_never_raises(number: int, role: Role) -> None:
    octets = genuine()[number]
    for delivered in range(3 * RUN):
        for at in (0, 8):
            reach(delivered).feed(role, octets[:at] + bytes(8) + octets[at + 8 :])


def test_a_flood_of_first_messages_finds_an_end() -> None:
    pair = fresh().start()
    first = pair.pending
    for number in range(1, 200):
        pair.feed(R, number.to_bytes(8, "big") + first[8:])
    assert len(pair.peers[R].sessions) == MOST_HALF_OPEN
    assert pair.pump().up, "the oldest that is half open makes room"


def test_a_flood_does_not_drive_out_who_is_up() -> None:
    pair = fresh().start().pump()
    first = genuine()[0]
    for number in range(1, 200):
        pair.feed(R, number.to_bytes(8, "big") + first[8:])
    assert not pair.liveness(I).pump().peers[I].busy


def test_a_flood_does_not_drive_out_who_is_logging_in() -> None:
    pair = V2Pair(name="ikev2-eap").start()
    first = pair.pending
    pair.pump(6)
    assert pair.sa(R).login is not None
    for number in range(1, 200):
        pair.feed(R, number.to_bytes(8, "big") + first[8:])
    assert pair.pump().up


def test_with_cookies_a_flood_leaves_nothing() -> None:
    pair = V2Pair(responder=changed(R, wants_cookies=True)).start()
    first = pair.pending
    for number in range(1, 200):
        assert len(pair.feed(R, number.to_bytes(8, "big") + first[8:])) == 1
    assert pair.peers[R].sessions == []
    assert pair.pump().up


def test_a_first_message_sent_back_to_its_sender_starts_nothing() -> None:
    pair = fresh().start()
    assert pair.feed(I, pair.pending) == []
    assert len(pair.refusals(I)) == 1
    assert len(pair.peers[I].sessions) == 1


@given(st.lists(junk_of(genuine), max_size=6))
def test_the_eavesdropper_never_raises_and_learns_no_secret(datagrams: list[bytes]) -> None:
    observer = Ikev2Observer()
    for octets in (*datagrams, *genuine(), *datagrams):
        observer.see(Datagram(octets, end(I), end(R)), I)
        observer.see(Datagram(octets, end(I, 4500), end(R, 4500)), I)
    while (event := observer.next_event()) is not None:
        assert not isinstance(event, Learned)


@pytest.mark.parametrize("version", [0x00, 0x10, 0x21, 0x2F, 0x30, 0xFF])
def test_another_version(version: int) -> None:
    pair = fresh().start()
    octets = pair.pending[:17] + bytes((version,)) + pair.pending[18:]
    pair.feed(R, octets)
    if version >> 4 == 2:
        # A higher minor version is read as this one (RFC 7296 §2.5); AUTH covers it, so it comes to nothing.
        assert len(pair.peers[R].sessions) == 1
    else:
        assert pair.peers[R].sessions == []
        assert len(pair.refusals(R)) == 1
    assert not pair.sas(R)
