from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from junk import HEADER_SIZE, junk_of, repaired
from pair import I, Pair, R, end, is_told, quick, shipped

from explorer.errors import WireError
from explorer.events import Concluded, Datagram, Learned, Role, SaInstalled, Verified
from explorer.lab.entropy import SeededEntropy
from explorer.octets import Buffer
from explorer.protocols.esp.observer import EspObserver
from explorer.protocols.ikev1.observer import Ikev1Observer
from explorer.protocols.ikev1.peer import MOST_SESSIONS
from explorer.wire.message import read_message


@cache
def genuine() -> tuple[bytes, ...]:
    return tuple(fresh().reach(9).sent)


def fresh() -> Pair:
    return Pair(quick(shipped(I), 1), quick(shipped(R), 1))


def is_clear_and_well_formed(octets: bytes) -> bool:
    try:
        message = read_message(Buffer("d", octets))
    except WireError:
        return False
    return not message.header.encrypted and message.header.exchange_type in (2, 4, 5, 32)


@settings(max_examples=400)
@given(st.integers(0, 9), st.sampled_from([I, R]), st.lists(junk_of(genuine), min_size=1, max_size=4))
def test_no_peer_raises_and_no_sa_comes_of_junk(delivered: int, role: Role, datagrams: list[bytes]) -> None:
    pair = fresh().reach(delivered)
    honest = {octets[HEADER_SIZE:] for octets in genuine() if len(octets) > HEADER_SIZE}
    disturbed, told = False, 0
    for octets in datagrams:
        if octets in genuine() or octets[HEADER_SIZE:] in honest:
            continue
        before = len(pair.of(SaInstalled, role)) + len([e for e in pair.of(Verified, role) if e.proves])
        told += len([answer for answer in pair.feed(role, octets) if is_told(answer)])
        assert len(pair.of(SaInstalled, role)) + len([e for e in pair.of(Verified, role) if e.proves]) == before
        disturbed = disturbed or is_clear_and_well_formed(octets)
    assert told <= len(datagrams)
    if not disturbed:
        assert pair.finish().up
        assert tuple(pair.sent[:6]) == genuine()[:6]
        if not told:
            assert tuple(pair.sent) == genuine()


@settings(max_examples=300)
@given(st.integers(0, 9), st.sampled_from([I, R]), st.sampled_from(range(9)), st.binary(min_size=28, max_size=28))
def test_a_genuine_body_under_any_header_never_raises(delivered: int, role: Role, number: int, header: bytes) -> None:
    pair = fresh().reach(delivered)
    octets = repaired(header + genuine()[number][HEADER_SIZE:])
    pair.feed(role, octets)
    for at in (0, 8, 16, 20):
        mixed = genuine()[number][:at] + header[at : at + 4] + genuine()[number][at + 4 :]
        pair.feed(role, repaired(mixed))


@pytest.mark.parametrize("delivered", range(10))
@pytest.mark.parametrize("role", [I, R])
def test_any_message_of_the_run_at_any_time(delivered: int, role: Role) -> None:
    pair = fresh().reach(delivered)
    for octets in genuine():
        before = len(pair.of(SaInstalled, role))
        pair.feed(role, octets)
        if octets[18] == 32:
            continue
        assert len(pair.of(SaInstalled, role)) <= before + 1
    completed = [e.exchange for e in pair.of(Concluded, role) if e.outcome == "completed"]
    assert completed.count("Main Mode") <= 1
    assert completed.count("Quick Mode") <= 1


@pytest.mark.parametrize("role", [I, R])
@pytest.mark.parametrize("number", range(1, 10))
def test_a_message_with_an_empty_cookie_never_raises(number: int, role: Role) -> None:
    octets = genuine()[number - 1]
    for delivered in range(10):
        for at in (0, 8):
            pair = fresh().reach(delivered)
            pair.feed(role, octets[:at] + bytes(8) + octets[at + 8 :])
            pair.finish()


def test_a_flood_of_first_messages_finds_an_end() -> None:
    pair = fresh().start()
    first = pair.pending
    for number in range(200):
        pair.feed(R, number.to_bytes(8, "big") + first[8:]) if number else None
    assert len(pair.peers[R].sessions) == MOST_SESSIONS
    pair.feed(R, b"genuine!" + first[8:])
    assert len(pair.peers[R].sessions) == MOST_SESSIONS, "the oldest that is half open makes room"


def test_a_first_message_sent_back_to_its_sender_starts_nothing() -> None:
    pair = fresh().start()
    assert pair.feed(I, pair.pending) == []
    assert pair.refusals(I)
    assert len(pair.peers[I].sessions) == 1


@given(st.lists(junk_of(genuine), max_size=6))
def test_the_eavesdropper_never_raises_and_learns_no_secret(datagrams: list[bytes]) -> None:
    observer, esp = Ikev1Observer(SeededEntropy(1, "eavesdropper")), EspObserver()
    for octets in (*datagrams, *genuine(), *datagrams):
        observer.see(Datagram(octets, end(I), end(R)), I)
        esp.see(Datagram(octets, end(I, 0), end(R, 0), 50))
    while (event := observer.next_event()) is not None:
        assert not isinstance(event, Learned) or event.term.symbol.startswith("IV")


def test_a_responder_without_a_cookie_is_refused_and_never_raises() -> None:
    pair = fresh().start()
    second, fourth = (genuine()[n][:8] + bytes(8) + genuine()[n][16:] for n in (1, 3))
    assert pair.feed(I, second) == []
    assert pair.feed(I, fourth) == []
    assert len(pair.refusals(I)) == 2
    assert pair.finish().up


def test_a_flood_ends_who_has_come_least_far_first() -> None:
    pair = fresh().reach(3)
    for number in range(MOST_SESSIONS + 8):
        cookie = b"\xf0" * 4 + number.to_bytes(4, "big")
        pair.feed(R, cookie + genuine()[0][8:])
    assert pair.finish().up
