"""Whatever two peers are configured with, and whatever happens to their messages: it ends, and ends well or openly."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import event, given, settings
from hypothesis import strategies as st
from line import AnyLine, Happening, Line, P
from pair import I, R
from policies import ANYTHING, FORGERIES, HARMLESS, Setting, flipped, happenings, settings_of_two

from explorer.events import Role, SaSnapshot, Verified

MIRRORED = {"both": "both", "inbound": "outbound", "outbound": "inbound"}


def play(setting: Setting, touched: dict[int, Happening], *, seed: int = 7) -> Line:
    """Both phases, as far as they get; nothing of it may raise, or go on for ever."""
    return Line(setting.configs, touched, seed=seed).start().quick()


def keys_of(sa: SaSnapshot) -> list[tuple[str, bytes]]:
    return [(use, key.octets) for use, key in sa.keys]


def named(sa: SaSnapshot, direction: str) -> tuple[str, str, tuple[bytes, ...]]:
    return sa.protocol, direction, tuple(spi.octets for spi in sa.spis)


def disagreements(line: AnyLine[P]) -> list[str]:
    """SAs that both sides hold under one name, with different keys or algorithms."""
    theirs = {named(sa, MIRRORED[sa.direction]): sa for sa in line.held(R)}
    found = []
    for sa in line.held(I):
        twin = theirs.get(named(sa, sa.direction))
        if twin is not None and (keys_of(sa), sa.algorithms) != (keys_of(twin), twin.algorithms):
            found.append(sa.protocol)
    return found


def complete(line: Line, role: Role) -> bool:
    return {sa.protocol for sa in line.held(role)} > {"ISAKMP"}


def nobody_unproven_gets_in(line: Line, setting: Setting) -> None:
    for role in (I, R):
        proven, isakmp = line.proven_at(role), line.installed_at(role, "ISAKMP")
        ipsec = line.installed_at(role, "ESP", "AH")
        gateway = setting.way.logs_in and role is R
        if isakmp is not None and not (setting.hybrid and gateway):
            assert proven is not None
            assert proven < isakmp, "an ISAKMP SA with somebody unproven"
        if ipsec is not None:
            assert proven is not None
            assert proven < ipsec, "IPsec SAs with somebody unproven"
        if ipsec is not None and gateway:
            logged_in = [at for at, e in enumerate(line.heard[R]) if isinstance(e, Verified) and e.symbol == "password"]
            assert logged_in
            assert logged_in[0] < ipsec, "IPsec SAs before the login"


def it_is_over(line: Line) -> None:
    assert not line.busy
    for role in (I, R):
        for session in line.peers[role].live_sessions():
            for exchange in session.all_exchanges():
                begun = exchange.state != "idle"
                assert not begun or exchange.retransmission.due is None, f"{role} still waits in {exchange.name}"


def clean(line: Line, setting: Setting, *, tampered: bool = True) -> None:
    it_is_over(line)
    nobody_unproven_gets_in(line, setting)
    if not (tampered and setting.swappable):
        assert disagreements(line) == []
    if not all(complete(line, role) for role in (I, R)):
        assert line.complaints(), "it came to nothing, and nobody says why"
    event("complete" if all(complete(line, role) for role in (I, R)) else "failed")


@settings(max_examples=150)
@given(settings_of_two())
def test_any_two_configurations_agree_or_say_why_not(setting: Setting) -> None:
    line = play(setting, {})
    clean(line, setting, tampered=False)
    assert complete(line, I) == complete(line, R), "on a line that loses nothing both sides know how it ended"
    if not setting.trusted:
        assert not complete(line, R)


@settings(max_examples=80)
@given(settings_of_two(alike=True))
def test_two_configurations_that_are_alike_always_agree(setting: Setting) -> None:
    line = play(setting, {})
    assert line.complaints() == []
    assert complete(line, I)
    assert complete(line, R)
    clean(line, setting, tampered=False)


@settings(max_examples=120)
@given(settings_of_two(alike=True), happenings(HARMLESS, 3))
def test_a_line_that_loses_a_little_changes_nothing(setting: Setting, touched: dict[int, Happening]) -> None:
    line = play(setting, touched)
    clean(line, setting, tampered=False)
    assert all(complete(line, role) for role in (I, R)), line.complaints()


@settings(max_examples=200)
@given(settings_of_two(), happenings(ANYTHING), st.integers(1, 1 << 32))
def test_whatever_happens_to_messages_it_ends_cleanly(
    setting: Setting, touched: dict[int, Happening], seed: int
) -> None:
    clean(play(setting, touched, seed=seed), setting)


@settings(max_examples=100)
@given(settings_of_two(alike=True), st.integers(1, 12), st.integers(0, 2000), st.integers(0, 7))
def test_one_flipped_bit_is_overcome_or_noticed(setting: Setting, number: int, at: int, bit: int) -> None:
    line = play(setting, {number: Happening(meddle=flipped(at, bit))})
    clean(line, setting)


@settings(max_examples=120)
@given(settings_of_two(alike=True), happenings(FORGERIES, 6))
def test_what_was_forged_and_refused_moves_nothing(setting: Setting, touched: dict[int, Happening]) -> None:
    # No hash covers a notification in message 5 or the hashes of addresses: forged ones would be taken.
    configs = {role: replace(c, initial_contact=False, nat_traversal=False) for role, c in setting.configs.items()}
    line = Line(configs, touched, deaf=True).start().quick()
    assert all(complete(line, role) for role in (I, R)), line.complaints()
    clean(line, setting, tampered=False)


@settings(max_examples=40)
@given(settings_of_two(alike=True), st.integers(1, 12))
def test_a_line_that_dies_ends_in_words(setting: Setting, number: int) -> None:
    line = play(setting, {n: Happening(()) for n in range(number, 400)})
    it_is_over(line)
    if not all(complete(line, role) for role in (I, R)):
        assert line.complaints()
    assert disagreements(line) == []
