"""Columns that stand under each other, and names that stay apart."""

from __future__ import annotations

import pytest
from conftest import recording
from panes import at_message

from explorer.events import SaInstalled
from explorer.tui.lines import Line, Target
from explorer.tui.render import message

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
