"""Whatever two IKEv2 peers are configured with, and whatever the line does: it ends, and ends well or openly."""

from __future__ import annotations

from hypothesis import event, given, settings
from hypothesis import strategies as st
from line import Happening
from pair import I, R
from policies import HARMLESS, flipped, happenings
from test_every_failure_is_clean import disagreements
from v2_line import V2Line
from v2_policies import ANYTHING, FORGERIES, V2Setting, settings_of_two

from explorer.events import Role

ENOUGH = 400.0
"""Seconds after which nothing that waits for an answer still does."""

ACTIONS = ("start", "child", "rekey child", "rekey ike", "liveness", "delete child", "delete ike", "wait", "move",
           "resume")
ELSEWHERE = {I: "10.77.0.1", R: "10.77.0.2"}
"""Addresses that the sides may move to."""

Action = tuple[str, Role]
ACTION: st.SearchStrategy[Action] = st.tuples(st.sampled_from(ACTIONS), st.sampled_from((I, R)))


def play(setting: V2Setting, touched: dict[int, Happening], *, seed: int = 7) -> V2Line:
    """First exchanges, another Child SA, and a successor for it and for the IKE SA, as far as they get."""
    line = V2Line(setting.configs, touched, seed=seed).start()
    return line.quick().quick(R, replaces=True).rekey_ike().quick()


def it_is_over(line: V2Line) -> None:
    line.settle(line.now + ENOUGH)
    for role in (I, R):
        assert not line.peers[role].busy, f"{role} is busy for ever"
        assert line.waiting(role) == []


def clean(line: V2Line) -> None:
    it_is_over(line)
    for role in (I, R):
        assert line.unproven(role) == [], "an IKE SA with somebody unproven"
    assert disagreements(line) == []
    complete = all(line.is_complete(role) for role in (I, R))
    if not complete:
        assert line.complaints(), "it came to nothing, and nobody says why"
    event("complete" if complete else "failed")


@settings(max_examples=60)
@given(settings_of_two())
def test_any_two_configurations_agree_or_say_why_not(setting: V2Setting) -> None:
    line = play(setting, {})
    clean(line)
    held = [{(sa.protocol, *(spi.octets for spi in sa.spis)) for sa in line.held(role)} for role in (I, R)]
    assert held[0] == held[1], "on a line that loses nothing both sides know how it ended"
    if not setting.trusted:
        assert held == [set(), set()]


@settings(max_examples=30)
@given(settings_of_two(alike=True))
def test_two_configurations_that_are_alike_always_agree(setting: V2Setting) -> None:
    line = play(setting, {})
    clean(line)
    assert all(line.is_complete(role) for role in (I, R)), line.complaints()


@settings(max_examples=40)
@given(settings_of_two(alike=True), happenings(HARMLESS, 3))
def test_a_line_that_loses_a_little_changes_nothing(setting: V2Setting, touched: dict[int, Happening]) -> None:
    line = play(setting, touched)
    clean(line)
    assert all(line.is_complete(role) for role in (I, R)), line.complaints()


@settings(max_examples=90)
@given(settings_of_two(), happenings(ANYTHING), st.integers(1, 1 << 32))
def test_whatever_happens_to_messages_it_ends_cleanly(
    setting: V2Setting, touched: dict[int, Happening], seed: int
) -> None:
    clean(play(setting, touched, seed=seed))


@settings(max_examples=40)
@given(settings_of_two(alike=True), st.integers(1, 16), st.integers(0, 4000), st.integers(0, 7))
def test_one_flipped_bit_is_overcome_or_noticed(setting: V2Setting, number: int, at: int, bit: int) -> None:
    clean(play(setting, {number: Happening(meddle=flipped(at, bit))}))


@settings(max_examples=40)
@given(settings_of_two(alike=True), happenings(FORGERIES, 6))
def test_what_was_forged_and_refused_moves_nothing(setting: V2Setting, touched: dict[int, Happening]) -> None:
    line = play(setting, touched)
    clean(line)
    assert all(line.is_complete(role) for role in (I, R)), line.complaints()


@settings(max_examples=20)
@given(settings_of_two(alike=True), st.integers(1, 16))
def test_a_line_that_dies_ends_in_words(setting: V2Setting, number: int) -> None:
    line = play(setting, {n: Happening(()) for n in range(number, 400)})
    it_is_over(line)
    if not all(line.is_complete(role) for role in (I, R)):
        assert line.complaints()
    assert disagreements(line) == []


# ---------------------------------------------------------------- any script


def act(line: V2Line, action: Action) -> None:
    """Ask a side for something; what it cannot do now it may say, but not raise anything else."""
    what, by = action
    peer, remote, now = line.peers[by], line.end(by.other), line.now
    try:
        match what:
            case "start":
                peer.start(remote, now)
            case "child" | "rekey child":
                peer.start_quick(remote, now, replaces=what == "rekey child")
            case "rekey ike":
                peer.start_rekey_ike(remote, now)
            case "liveness":
                peer.start_dpd(remote, now)
            case "wait":
                line.settle(now + 10)
            case "move":
                peer.start_move(remote, ELSEWHERE[by], now)
                line.outside[by] = ELSEWHERE[by]
            case "resume":
                peer.start_resumption(remote, now)
            case _:
                peer.start_delete(remote, now, isakmp=what == "delete ike")
    except LookupError:
        return
    line.collect(by)


@settings(max_examples=60)
@given(settings_of_two(alike=True), st.lists(st.lists(ACTION, max_size=3), max_size=4), happenings(ANYTHING, 5))
def test_any_script_on_any_line_ends_cleanly(
    setting: V2Setting, script: list[list[Action]], touched: dict[int, Happening]
) -> None:
    line = V2Line(setting.configs, touched).start()
    for at_once in script:
        for action in at_once:
            act(line, action)
        line.settle()
    it_is_over(line)
    for role in (I, R):
        assert line.unproven(role) == []
    assert disagreements(line) == []


@settings(max_examples=40)
@given(settings_of_two(alike=True), st.lists(st.lists(ACTION, max_size=3), max_size=4))
def test_on_a_good_line_both_sides_always_hold_the_same(setting: V2Setting, script: list[list[Action]]) -> None:
    line = V2Line(setting.configs).start()
    for at_once in script:
        for action in at_once:
            act(line, action)
        it_is_over(line)
        held = [{(sa.protocol, *(spi.octets for spi in sa.spis)) for sa in line.held(role)} for role in (I, R)]
        assert held[0] == held[1]
        assert disagreements(line) == []
