"""Whatever is asked of either side, in whatever order, on a line that may lose, delay, repeat and spoil messages."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from line import Happening, Line
from pair import I, R, end
from policies import ANYTHING, HARMLESS, WAYS, Setting, happenings, settings_of_two
from test_every_failure_is_clean import complete, disagreements, it_is_over, nobody_unproven_gets_in

from explorer.events import Role

ACTIONS = ("phase 1", "quick", "rekey", "dpd", "delete ipsec", "delete isakmp", "new group", "wait")
LONG = 200_000.0
"""Seconds after which no SA lives any more."""

Action = tuple[str, Role, float]

ACTION: st.SearchStrategy[Action] = st.tuples(
    st.sampled_from(ACTIONS), st.sampled_from((I, R)), st.sampled_from((1.0, 30.0, 290.0, 700.0))
)
SYMMETRIC = settings_of_two(alike=True).filter(lambda setting: not setting.way.logs_in)
"""Settings in which either side may begin."""


def act(line: Line, action: Action) -> None:
    """Ask a side for something; what it cannot do now it may say, but not raise anything else."""
    what, by, seconds = action
    peer, remote, now = line.peers[by], end(by.other), line.now
    try:
        if what == "wait":
            line.settle(line.now + seconds)
            return
        if what == "phase 1":
            peer.start(remote, now)
        elif what in ("quick", "rekey"):
            peer.start_quick(remote, now, replaces=what == "rekey")
        elif what == "dpd":
            peer.start_dpd(remote, now)
        elif what == "new group" and peer.config.private_groups:
            peer.start_new_group(remote, now)
        elif what.startswith("delete"):
            peer.start_delete(remote, now, isakmp=what == "delete isakmp")
    except LookupError:
        return
    line.collect(by).settle()


def play(setting: Setting, script: list[Action], touched: dict[int, Happening]) -> Line:
    line = Line(setting.configs, touched).start()
    for action in script:
        act(line, action)
    return line


def everything_ends(line: Line) -> None:
    line.settle(line.now + LONG)
    for role in (I, R):
        assert list(line.held(role)) == [], "nothing lives for ever"
        assert line.peers[role].next_timer() is None


@settings(max_examples=80)
@given(SYMMETRIC, st.lists(ACTION, max_size=8), happenings(ANYTHING, 5))
def test_any_script_on_any_line_ends_cleanly(
    setting: Setting, script: list[Action], touched: dict[int, Happening]
) -> None:
    line = play(setting, script, touched)
    it_is_over(line)
    nobody_unproven_gets_in(line, setting)
    if not setting.swappable:
        assert disagreements(line) == []
    everything_ends(line)


@settings(max_examples=80)
@given(SYMMETRIC, st.lists(ACTION, max_size=8))
def test_on_a_good_line_both_sides_always_hold_the_same(setting: Setting, script: list[Action]) -> None:
    line = Line(setting.configs).start()
    for action in script:
        act(line, action)
        held = [{(sa.protocol, *(spi.octets for spi in sa.spis)) for sa in line.held(role)} for role in (I, R)]
        assert held[0] == held[1]
        assert disagreements(line) == []
    it_is_over(line)
    everything_ends(line)


@settings(max_examples=60)
@given(SYMMETRIC, st.lists(ACTION, max_size=5), happenings(HARMLESS, 3))
def test_whatever_was_done_a_new_negotiation_can_follow(
    setting: Setting, script: list[Action], touched: dict[int, Happening]
) -> None:
    line = play(setting, script, touched)
    line.happenings.clear()
    line.start().quick()
    assert all(complete(line, role) for role in (I, R)), line.complaints()


@settings(max_examples=60)
@given(settings_of_two(alike=True).filter(lambda setting: setting.way.logs_in), happenings(ANYTHING, 5),
       st.lists(st.sampled_from([("quick", I, 0.0), ("rekey", R, 0.0), ("dpd", I, 0.0), ("dpd", R, 0.0)]), max_size=4))
def test_remote_users_get_in_by_their_login_alone(
    setting: Setting, touched: dict[int, Happening], script: list[Action]
) -> None:
    assert setting.way in WAYS
    line = play(setting, script, touched)
    nobody_unproven_gets_in(line, setting)
    it_is_over(line)
    everything_ends(line)
