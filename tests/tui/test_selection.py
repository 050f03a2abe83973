from __future__ import annotations

import pytest
from conftest import MAIN, PFS, recording
from panes import at_message, fields, key_of

from explorer.events import Role
from explorer.trace.knowledge import Holding
from explorer.trace.model import Key, Place
from explorer.trace.trace import Trace
from explorer.tui.lines import Target
from explorer.tui.render import exchange, how, knowledge, message, octets
from explorer.tui.workspace import Selection, Workspace

WIDE = 78
COLUMNS = (Role.INITIATOR, Role.EAVESDROPPER, Role.RESPONDER)


@pytest.mark.parametrize("name", [MAIN, PFS])
def test_a_term_is_the_same_selection_from_every_pane(name: str) -> None:
    trace = recording(name)
    checked = set()
    for step in trace.steps:
        for tree, field in fields(trace, step.number):
            place = Place(step.number, tree.buffer.name, field.start, field.end)
            for key in trace.links.at(place)[:1] if not field.children else []:
                in_tree = Target(place=place, spec=field.spec.key)
                from_table = from_pane_4(trace, step.number, key)
                if from_table.place != place:
                    continue  # the term stands twice in this message, as M-ID does
                assert in_tree in marked_in_pane_2(trace, step.number, key), key
                assert from_pane_2(trace, step.number, in_tree) == from_table, key
                assert from_pane_3(trace, step.number, from_table) == from_table, key
                assert from_pane_5(trace, step.number, key) in (from_table, None), key
                checked.add(key.symbol)
    assert {"CKY-I", "CKY-R", "g^xi", "g^xr", "Ni_b", "Nr_b", "HASH_I", "HASH_R", "SPI_i", "ICV"} <= checked


def marked_in_pane_2(trace: Trace, number: int, key: Key) -> list[Target | None]:
    workspace = at_message(trace, number)
    workspace.select(Target(key=key))
    return [line.target for line in message.lines(workspace, WIDE) if line.selected]


def from_pane_2(trace: Trace, number: int, target: Target) -> Selection:
    workspace = at_message(trace, number)
    workspace.select(target)
    return workspace.selection


def from_pane_3(trace: Trace, number: int, wanted: Selection) -> Selection:
    workspace = at_message(trace, number)
    assert wanted.place is not None
    workspace.layer = wanted.place.buffer
    rows = octets.lines(workspace, WIDE)
    row = rows[wanted.place.start // 16]
    workspace.select(row.spans[wanted.place.start % 16][2])
    return workspace.selection


def from_pane_4(trace: Trace, number: int, key: Key) -> Selection:
    workspace = at_message(trace, number)
    row = next(line for line in knowledge.lines(workspace, WIDE) if line.target == Target(key=key))
    assert row.target is not None
    workspace.select(row.target)
    return workspace.selection


def from_pane_5(trace: Trace, number: int, key: Key) -> Selection | None:
    """Through the story of something that is made of it."""
    workspace = at_message(trace, number)
    for following in trace.links.feeds(key):
        workspace.select_key(following)
        workspace.follow()
        target = next((line.target for line in how.lines(workspace, WIDE) if line.target == Target(key=key)), None)
        if target is not None and target.key is not None:
            workspace.follow_key(target.key)
            return workspace.selection
    return None


@pytest.mark.parametrize("name", [MAIN, PFS])
def test_a_term_without_a_leaf_of_its_own_is_the_same_term_in_tree_and_table(name: str) -> None:
    """The body of an SA or ID payload: the payload's row stands for it."""
    trace = recording(name)
    for number, symbol in ((1, "SAi_b"), (2, "SAr_b"), (5, "IDii_b"), (6, "IDir_b"), (7, "IDci_b"), (8, "SAr_b")):
        key = key_of(trace, symbol, "phase 1" if number < 7 else "Quick")
        from_table = from_pane_4(trace, number, key)
        (target,) = marked_in_pane_2(trace, number, key)
        assert target is not None
        assert from_pane_2(trace, number, target) == from_table, symbol


def test_one_row_at_most_is_marked_in_every_pane(trace: Trace) -> None:
    for number in (1, 5, 8, 10):
        workspace = at_message(trace, number)
        for tree, field in fields(trace, number)[::3]:
            workspace._select_field(tree, field)
            assert sum(line.selected for line in message.lines(workspace, WIDE)) <= 1
            assert sum(line.selected for line in knowledge.lines(workspace, WIDE)) <= 1
            assert sum(line.selected for line in exchange.lines(workspace, WIDE)) <= 1


def test_a_selected_field_is_in_the_tree_however_deep_it_lies(trace: Trace) -> None:
    for number in (1, 5, 8, 10):
        workspace = at_message(trace, number)
        for compact in (False, True):
            workspace.compact = compact
            for tree, field in fields(trace, number)[compact::2]:
                if field is tree.root:
                    continue
                workspace._select_field(tree, field)
                marked = [line for line in message.lines(workspace, WIDE) if line.selected]
                assert len(marked) == 1, field.spec.key
                assert marked[0].text.startswith("▌")


def test_selected_octets_are_those_of_the_selected_field(main: Trace) -> None:
    workspace = at_message(main, 3)
    chosen = [piece.text for line in octets.lines(workspace, WIDE) for piece in line.pieces
              if piece.role.endswith("+selected") and piece.text.strip()]
    place = workspace.selection.place
    assert place is not None
    assert bytes.fromhex("".join(chosen)) == main.step(3).octets[place.start : place.end]


def test_every_octet_selects_the_leaf_that_it_belongs_to(main: Trace) -> None:
    for number in (1, 5, 10):
        workspace = at_message(main, number)
        for layer in workspace.layers:
            workspace.layer = layer
            spans = [span for line in octets.lines(workspace, WIDE) for span in line.spans]
            assert len(spans) == len(workspace.tree().buffer.octets)
            for offset, (_, _, target) in enumerate(spans):
                assert target.place is not None
                assert target.place.start <= offset < target.place.end


def test_bytes_have_sixteen_a_row_and_eight_in_a_narrow_pane(main: Trace) -> None:
    workspace = at_message(main, 3)
    assert len(octets.lines(workspace, 74)) == 20
    assert len(octets.lines(workspace, 64)) == 39


# ---------------------------------------------------------------- who knows what


@pytest.mark.parametrize("name", [MAIN, PFS])
def test_the_table_says_what_the_trace_says_at_every_event(name: str) -> None:
    trace = recording(name)
    workspace = Workspace(trace)
    for at in range(len(trace)):
        workspace.at = at
        rows = [line for line in knowledge.lines(workspace, 60) if line.target is not None]
        expected = trace.knowledge.rows(at)
        assert [line.target for line in rows] == [Target(key=row.key) for row in expected]
        for line, row in zip(rows, expected, strict=True):
            cells = [trace.knowledge.cell(row.key, role, at) for role in COLUMNS]
            shown = [line.text[start : start + 5].strip() for start in (13, 18, 23)]
            signs = {Holding.OWN: "●", Holding.SINCE: "●{}", Holding.SEALED: "◌{}", Holding.NONE: "·"}
            assert shown == [signs[cell.holding].format(cell.step) for cell in cells], (at, row.key)
            assert row.key.symbol in line.text
            changed = any(cell.step == workspace.step.number and cell.holding is not Holding.NONE for cell in cells)
            assert line.text[0] == ("▌" if line.selected else "+" if changed else " ")


def test_the_eavesdropper_never_gets_what_is_secret_or_derived(trace: Trace) -> None:
    workspace = at_message(trace, len(trace.steps))
    for line in knowledge.lines(workspace, 60):
        if "◆" in line.text or "SKEYID" in line.text or "g^xy" in line.text:
            assert line.text[18:23].strip() == "·"
