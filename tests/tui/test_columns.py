"""Columns that stand under each other, and names that stay apart."""

from __future__ import annotations

import pytest
from conftest import recording
from panes import at_message

from explorer.events import SaInstalled
from explorer.tui.lines import Line, Target
from explorer.tui.render import how, knowledge, message

PSK = "ikev2-psk"


def sa_rows(name: str, scope: str, width: int) -> list[Line]:
    trace = recording(name)
    workspace = at_message(trace, len(trace.steps))
    installed = (entry.event for entry in trace.events_of(SaInstalled))
    whole = next(e.sa.scope for e in installed if isinstance(e, SaInstalled) and e.sa.scope.startswith(scope))
    workspace.select(Target(sa=whole))
    return message.lines(workspace, width)


@pytest.mark.parametrize("width", [74, 78])
def test_all_rows_of_an_sa_start_their_values_in_one_column(width: int) -> None:
    rows = [line for line in sa_rows(PSK, "IKE SA", width)[1:] if line.pieces]
    assert len(rows) == 14
    assert len({len(line.pieces[0].text) for line in rows}) == 1
    assert all(line.pieces[0].text.endswith("  ") for line in rows)


def test_a_lifetime_that_was_not_negotiated_is_not_among_what_was() -> None:
    told = [line.text.strip() for line in sa_rows(PSK, "IKE SA", 78) if line.pieces]
    assert told[-1].endswith("14400 s, each side's own: not negotiated")
    v1 = [line.text.strip() for line in sa_rows("ikev1-main-psk", "phase 1", 78) if line.pieces]
    assert any(row.startswith("lifetime") and row.endswith(" s") for row in v1[:-3])


NAMES = ("RealMessage1", "RealMessage2", "MACedIDForI", "MACedIDForR", "IDr_b wanted")


@pytest.mark.parametrize("width", [42, 54, 78])
def test_every_name_is_whole_and_apart_from_its_cells(width: int) -> None:
    trace = recording(PSK)
    workspace = at_message(trace, len(trace.steps))
    rows = [line.text for line in knowledge.lines(workspace, width)]
    for name in NAMES:
        assert sum(f" {name} " in row for row in rows) == 1
    cells = knowledge.heading(workspace, width).text.index("init")
    assert all(row[cells - 1] == " " and row[cells] in "●◌·" for row in rows if "··" not in row)


def test_the_columns_of_who_knows_what_stay_where_they_are() -> None:
    trace = recording("ikev2-eap")
    first, last = at_message(trace, 1), at_message(trace, len(trace.steps))
    assert knowledge.heading(first, 54).text == knowledge.heading(last, 54).text


@pytest.mark.parametrize("width", [42, 54, 78])
def test_that_two_sides_have_two_values_is_never_cut(width: int) -> None:
    rows = [line.text for line in knowledge.lines(at_message(recording("ikev2-nat-t"), 3), width)]
    told = [row for row in rows if "≠" in row]
    assert told
    assert all("≠ two values" in row or "≠ differ" in row for row in told)


def test_names_that_are_cut_keep_the_end_that_tells_them_apart() -> None:
    trace = recording("ikev2-eap")
    rows = [line.text for line in knowledge.lines(at_message(trace, len(trace.steps)), 42)]
    cut = [row[1:15] for row in rows if row[1:15].count("…")]
    assert cut
    assert len(cut) == len(set(cut))
    assert all(len(row) == 42 for row in rows)


@pytest.mark.parametrize("width", [62, 74, 78])
def test_what_a_term_is_made_of_is_named_in_full(width: int) -> None:
    trace = recording(PSK)
    workspace = at_message(trace, len(trace.steps))
    rows = []
    for symbol in ("AUTHi", "MACedIDForI"):
        workspace.select_key(next(key for key in trace.links.keys if key.symbol == symbol))
        rows += [line.text for line in how.lines(workspace, width)]
    made = [row for row in rows if row.startswith(("   ► ", "   ƒ ", "     "))]
    assert any("► RealMessage1 " in row for row in made)
    assert any("ƒ MACedIDForI " in row for row in made)
    assert any(" Key Pad for IKEv2 " in row for row in made)


@pytest.mark.parametrize("width", [74, 78])
def test_values_of_the_tree_are_whole_where_there_is_room_for_them(width: int) -> None:
    shown = set()
    for name in (PSK, "ikev2-wrong-psk"):
        for step in recording(name).steps:
            workspace = at_message(recording(name), step.number)
            rows = message.lines(workspace, width)
            assert len({row.text.index(" B ", row.width - 3) for row in rows}) == 1
            shown |= {row.text for row in rows}
    for value in (
        "33 Security Association", "2 Shared Key Message Integrity Code", "44 Traffic Selector - Initiator",
        "24 AUTHENTICATION_FAILED", "46 Encrypted and Authenticated", "36 Identification - Responder",
    ):  # fmt: skip
        assert any(f"  {value}" in row for row in shown), value


def test_a_value_stays_in_its_column_where_it_fits() -> None:
    rows = [line.text for line in message.lines(at_message(recording(PSK), 3), 78)]
    columns = {row.index(value) for row in rows for value in ("not critical", "39 Authentication") if value in row}
    assert len(columns) == 1
