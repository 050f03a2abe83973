"""What ``show crypto isakmp sa`` of Cisco IOS would say on a console after each message that changes it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from explorer.events import Role
from explorer.export.gear.cisco_states import IsakmpSa, SaTable
from explorer.export.gear.console import Line, peer_address
from explorer.trace.trace import Trace

_HEADINGS = ("IPv4 Crypto ISAKMP SA", "dst             src             state          conn-id status")


def sas_by_message(trace: Trace, party: Role) -> Iterator[Line]:
    """All of a party's SAs, as often as a message changes what is said of one."""
    said: list[str] = []
    for message, rows in _rows_by_message(trace, party):
        if rows != said:
            said = rows
            yield from (Line(message, text) for text in (f"# after message {message}", *_HEADINGS, *rows, ""))


def _rows_by_message(trace: Trace, party: Role) -> Iterator[tuple[int, list[str]]]:
    table = SaTable(party)
    mine = (entry for entry in trace.entries if entry.party is party and entry.step <= len(trace.steps))
    for message, entries in groupby(mine, lambda entry: entry.step):
        for entry in entries:
            table.note(entry.event, trace.step(message))
        yield message, [_row(trace, party, sa) for sa in table if sa.state]


def _row(trace: Trace, party: Role, sa: IsakmpSa) -> str:
    """The one who began an SA is its source, on both consoles."""
    mine, theirs = trace.parties[party].address, peer_address(trace, party)
    destination, source = (theirs, mine) if sa.starter is party else (mine, theirs)
    status = "ACTIVE (deleted)" if sa.failed else "ACTIVE"
    return f"{destination:<16}{source:<16}{sa.state:<15}{sa.number:>7} {status}"
