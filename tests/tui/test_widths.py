from __future__ import annotations

import pytest
from conftest import MAIN, PFS, recording
from panes import (
    LONG_NAMES,
    NOTHING_FITS,
    OTHER_PSK,
    SIZES,
    TITLES,
    Room,
    at_event,
    at_message,
    fields,
    key_of,
    rooms,
    rows,
    variant,
    variant_recording,
)
from rich.cells import cell_len

from explorer.lab.scenario import load_scenario
from explorer.trace.trace import Trace
from explorer.tui.keys import footer_keys
from explorer.tui.lines import Line
from explorer.tui.render import caption, chrome, exchange
from explorer.tui.screens.help import help_lines

TRACES = {
    MAIN: lambda: recording(MAIN),
    PFS: lambda: recording(PFS),
    "long names": lambda: variant_recording(*LONG_NAMES),
    "another key": lambda: variant_recording(*OTHER_PSK),
    "nothing fits": lambda: variant_recording(*NOTHING_FITS),
}
CAPTIONS = {80: (78, 5), 120: (72, 7), 200: (76, 8)}
"""Room for the caption by width of the screen, without the blank at its left."""


@pytest.fixture(params=TRACES)
def anything(request: pytest.FixtureRequest) -> Trace:
    return TRACES[request.param]()


def clipped(room: Room) -> list[str]:
    """Rows that need more than the pane has; a scrollbar takes its last column."""
    return [
        f"{room.pane} {room.width}: {line.text!r}"
        for line in room.lines
        if line.width > room.width or cell_len(line.text.rstrip()) > room.width - 1
    ]


def too_wide(lines: list[Line], width: int) -> list[str]:
    return [f"{width}: {line.text!r}" for line in lines if cell_len(line.text.rstrip()) > width]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_no_row_of_a_pane_is_clipped_at_any_message(anything: Trace, size: tuple[int, int]) -> None:
    widths = rooms(size)
    for step in anything.steps:
        for room in rows(at_message(anything, step.number), widths):
            assert clipped(room) == []


@pytest.mark.parametrize("width", [62, 64, 66, 74, 76, 78])
def test_no_row_of_what_explains_a_field_is_clipped(width: int) -> None:
    seen = set()
    for step in recording(PFS).steps:
        workspace = at_message(recording(PFS), step.number)
        for tree, field in fields(recording(PFS), step.number):
            if field.spec.key in seen:
                continue
            seen.add(field.spec.key)
            workspace._select_field(tree, field)
            for room in rows(workspace, {"how": width}):
                assert clipped(room) == [], field.spec.key


@pytest.mark.parametrize("width", [62, 74, 78])
def test_no_row_of_what_explains_a_term_is_clipped(trace: Trace, width: int) -> None:
    workspace = at_message(trace, len(trace.steps))
    for key in trace.links.keys:
        workspace.select_key(key)
        for room in rows(workspace, {"how": width}):
            assert clipped(room) == [], key


@pytest.mark.parametrize("wide", CAPTIONS)
def test_no_row_of_the_caption_is_clipped_at_any_event(anything: Trace, wide: int) -> None:
    width, height = CAPTIONS[wide]
    for entry in anything:
        lines, where = caption.lines(at_event(anything, entry.at), width, height)
        assert too_wide(lines, width) == [], entry.event
        assert len(lines) <= height
        assert len(where) <= width - 4


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_titles_and_lower_borders_fit(trace: Trace, size: tuple[int, int]) -> None:
    for step in trace.steps:
        workspace = at_message(trace, step.number)
        for layer in workspace.layers:
            workspace.layer = layer
            for pane, width in rooms(size).items():
                for text in TITLES[pane](workspace):
                    assert cell_len(text) <= width - 4, text


@pytest.mark.parametrize("width", [62, 74, 78])
def test_a_long_way_fits_into_the_lower_border_and_says_how_to_return(width: int) -> None:
    workspace = at_message(recording(PFS), 8)
    for symbol in ("HASH(2)", "SKEYID_a", "SKEYID_d", "SKEYID", "g^xy", "g^xi", "xi"):
        workspace.follow_key(key_of(recording(PFS), symbol, "Quick" if "(" in symbol else "phase 1"))
        below = TITLES["how"](workspace)[1]
        assert cell_len(below) <= width - 4, below
        assert "backspace" in below
        assert symbol in below


@pytest.mark.parametrize("scope", ["phase 1", "Quick Mode"])
def test_an_sa_fits(trace: Trace, scope: str) -> None:
    workspace = at_message(trace, 9)
    lines = exchange.lines(workspace, 42)
    target = next(line.target for line in lines if line.target is not None and line.target.sa.startswith(scope))
    workspace.select(target)
    for size in SIZES:
        for room in rows(workspace, rooms(size)):
            assert clipped(room) == []


@pytest.mark.parametrize("width", [80, 109, 110, 120, 200])
def test_title_strip_tabs_and_footer_fit(anything: Trace, width: int) -> None:
    scenario = load_scenario(PFS)
    for step in anything.steps:
        workspace = at_message(anything, step.number)
        bars = [
            chrome.title_line(workspace, scenario.title, scenario.short, width),
            exchange.strip(workspace, width),
            chrome.tab_line("lesson", with_lesson=True)[0],
        ]
        assert too_wide(bars, width) == []


@pytest.mark.parametrize("width", [80, 110, 120, 200])
def test_the_footer_shows_the_first_keys_and_always_help(width: int) -> None:
    for pane in (*TITLES, "lesson"):
        for lesson in (False, True):
            for busy in (False, True):
                keys = footer_keys(pane, lesson=lesson, narrow=width < 110, can_return=busy, playing=busy)
                line, spans = chrome.footer_line(keys, width)
                shown, wanted = [name for _, _, name in spans], [key for key, _ in keys]
                assert cell_len(line.text.rstrip()) <= width
                assert shown == [key for key in wanted if key in shown]
                assert shown[:5] == wanted[:5]
                assert "?" in shown, line.text


def test_the_footer_has_seven_keys_at_80_columns_and_ten_at_120() -> None:
    for busy in (False, True):
        assert len(footer_keys("message", lesson=busy, narrow=True, can_return=busy, playing=busy)) <= 7
        assert len(footer_keys("message", lesson=busy, narrow=False, can_return=busy, playing=busy)) <= 10


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_help_fits(trace: Trace, size: tuple[int, int]) -> None:
    width = min(size[0], 88)
    for step in trace.steps:
        lines = help_lines(at_message(trace, step.number), width - 8)
        assert clipped(Room("help", width - 2, lines)) == []


def test_both_addresses_are_shown_whole_however_long_they_are() -> None:
    workspace = at_message(variant_recording(*LONG_NAMES), 3)
    for width in (42, 54, 78):
        shown = "\n".join(line.text for line in exchange.lines(workspace, width)[:3])
        assert "192.168.100.101" in shown
        assert "192.168.200.102" in shown


def test_the_longest_notation_is_cut_after_a_whole_payload() -> None:
    rungs = [line.text for line in exchange.lines(at_message(recording(PFS), 1), 42)]
    cut = [text for text in rungs if "…" in text]
    assert cut
    assert all(", …" in text for text in cut)


def test_a_strip_that_is_too_long_keeps_the_current_message_in_sight() -> None:
    trace = recording(MAIN)
    for number in range(1, 12):
        line = exchange.strip(at_message(trace, number), 50)
        current = [piece for piece in line.pieces if piece.role.endswith("-inverse")]
        assert len(current) == 1
        assert line.text.startswith(" Exchange ‹") != (" 1" in line.text)
        assert line.width <= 50


def test_scenario_names_fit_the_title_row() -> None:
    for scenario in (load_scenario(MAIN), load_scenario(PFS), variant(*LONG_NAMES)):
        workspace = at_message(recording(PFS), 11)
        for width, name in ((80, scenario.short), (120, scenario.title)):
            line = chrome.title_line(workspace, scenario.title, scenario.short, width)
            assert name in line.text
