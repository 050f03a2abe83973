from __future__ import annotations

import pytest
from conftest import MAIN, PFS, recording
from panes import (
    HOSTILE,
    NOTHING_FITS,
    OTHER_PSK,
    TITLES,
    at_event,
    at_message,
    fields,
    rows,
    variant,
    variant_recording,
)
from textual.content import Content

from explorer.errors import ExplorerError
from explorer.lab.run import run
from explorer.lab.scenario import load_scenario
from explorer.protocols.ikev1 import policies
from explorer.trace.trace import Trace
from explorer.tui.lines import MARKS, Line
from explorer.tui.render import caption, chrome, exchange, knowledge
from explorer.tui.screens.help import help_lines
from explorer.tui.widgets.line_view import plain
from explorer.tui.workspace import Workspace
from explorer.wire.attributes import of_octets

WIDTHS = {"exchange": 54, "message": 78, "bytes": 78, "knowledge": 54, "how": 78}
DRAWING = set("─━╌▌▏▾▸‹›→←↑↓")
"""What draws rows, folds and arrows; not a mark of any meaning of its own."""

PROSE = set("·…–§’“”×")


def every_line(trace: Trace) -> list[Line]:
    """Everything that a walk through all messages, events and fields shows."""
    found: list[Line] = []
    for step in trace.steps:
        workspace = at_message(trace, step.number)
        found += [line for room in rows(workspace, WIDTHS) for line in room.lines]
        found += [exchange.strip(workspace, 80), chrome.title_line(workspace, "title", "short", 120)]
        for tree, field in fields(trace, step.number):
            workspace._select_field(tree, field)
            found += [line for room in rows(workspace, {"how": 78}) for line in room.lines]
            found += caption.lines(workspace, 72, 7)[0]
    for entry in trace:
        found += caption.lines(at_event(trace, entry.at), 72, 7)[0]
    return found


def titles(trace: Trace) -> list[str]:
    workspaces = [at_message(trace, step.number) for step in trace.steps]
    return [text for workspace in workspaces for title in TITLES.values() for text in title(workspace)]


def test_hostile_text_from_the_wire_is_shown_escaped() -> None:
    trace = variant_recording(*HOSTILE)
    lines = every_line(trace)
    assert [line.text for line in lines if not line.text.isprintable()] == []
    shown = "\n".join(line.text for line in lines)
    assert r"\x1b[31m[bold]x" in shown
    assert r"\x07\xc2\x9b2J\x0d\x0a" in shown
    assert "[red]$x[/red]" in shown


def test_no_title_carries_a_control_character_and_all_survive_markup() -> None:
    for trace in (variant_recording(*HOSTILE), recording(PFS)):
        for text in titles(trace):
            assert text.isprintable()
            assert Content.from_markup(plain(text)).plain == text


@pytest.mark.parametrize("text", ["[bold]x", "[/]", "[ ] datagram", "a]b", "[[x]]", "$name", "[@click=app.quit]x[/]"])
def test_a_title_is_never_read_as_markup(text: str) -> None:
    assert Content.from_markup(plain(text)).plain == text


def test_names_of_a_scenario_must_be_printable() -> None:
    for old in ('name = "Initiator"', 'title = "IKEv1 Main Mode, pre-shared key"', 'short = "IKEv1 Main Mode, PSK"'):
        with pytest.raises(ExplorerError, match="printable"):
            variant((old, old[:-1] + '\\u001b[31m"'))


def test_every_mark_on_any_line_is_in_the_legend() -> None:
    traces = [recording(PFS), *(variant_recording(*changes) for changes in (OTHER_PSK, NOTHING_FITS))]
    used = {c for trace in traces for line in every_line(trace) for c in line.text if ord(c) > 0x7E}
    legend = {c for line in help_lines(Workspace(recording(MAIN)), 80) for c in line.text}
    assert used - legend - DRAWING - PROSE == set()


def test_all_marks_of_the_roles_do_occur() -> None:
    shown = {c for line in every_line(recording(MAIN)) for c in line.text}
    assert {mark for mark in MARKS.values() if mark} <= shown
    assert {"●", "◌", "·", "✓"} <= shown


def test_a_mark_stands_beside_its_colour_every_time() -> None:
    """In the table of who knows what, where every row is a term."""
    for name in (MAIN, PFS):
        workspace = at_message(recording(name), 11)
        for line in knowledge.lines(workspace, 54):
            role = next((piece.role for piece in line.pieces[1:] if line.target is not None), "public")
            assert MARKS[role] in line.text[:3]


def test_a_failure_is_a_badge_with_words_and_says_what_was_expected() -> None:
    for changes, said in ((OTHER_PSK, "different keys"), (NOTHING_FITS, "No offer fits")):
        trace = variant_recording(*changes)
        workspace = at_message(trace, trace.refusals[0].step)
        lines, where = caption.lines(workspace, 72, 7)
        assert any(piece.role == "failed" for line in lines for piece in line.pieces)
        assert said in " ".join(line.text.strip() for line in lines)
        assert where.startswith("RFC")
        ladder = exchange.lines(workspace, 42)
        assert "✗" in next(line.text for line in ladder if line.selected)
        assert "refuses" in ladder[2].text


def test_a_number_of_2000_octets_is_shown_by_its_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "duration", lambda kind, _: of_octets(kind, b"\xff" * 2000))
    trace = run(load_scenario(MAIN))
    assert any("ff ff ff ff" in line.text for line in every_line(trace))
