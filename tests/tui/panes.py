"""What the tests of the panes share: scenarios, sizes, and every row of every pane."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from conftest import MAIN

from explorer.content import content_folder
from explorer.lab.run import run
from explorer.lab.scenario import Scenario, read_scenario
from explorer.trace.model import Key
from explorer.trace.trace import Trace
from explorer.tui.arrangement import Wish, arrange
from explorer.tui.lines import Line
from explorer.tui.render import exchange, how, knowledge, message, octets
from explorer.tui.workspace import Workspace
from explorer.wire.field import Field, Tree

SIZES = ((80, 24), (120, 40), (200, 60))
PANES = ("exchange", "message", "bytes", "knowledge", "how")
_RENDER: dict[str, Callable[[Workspace, int], list[Line]]] = {
    "exchange": exchange.lines, "message": message.lines, "bytes": octets.lines, "knowledge": knowledge.lines,
    "how": how.lines,
}
TITLES: dict[str, Callable[[Workspace], tuple[str, str]]] = {
    "exchange": exchange.title, "message": message.title, "bytes": octets.title, "knowledge": knowledge.title,
    "how": how.title,
}

LONG_NAMES = (
    ('"10.0.0.1"', '"192.168.100.101"'),
    ('"10.0.0.2"', '"192.168.200.102"'),
    ('name = "Initiator"', 'name = "Initiator"\nidentity = "a-long-name.of-the-branch-office.department.example.com"'),
    ('name = "Responder"', 'name = "Responder"\nidentity = "somebody.with.a.long.name@headquarters.example.com"'),
)
OTHER_PSK = (('address = "10.0.0.2"\npsk = "correct horse battery staple"', 'address = "10.0.0.2"\npsk = "wrong"'),)
NOTHING_FITS = (('[[responder.ipsec]]\nencryption = "aes-128"', '[[responder.ipsec]]\nencryption = "aes-256"'),)
HOSTILE = (
    ('name = "Initiator"', 'name = "Initiator"\nidentity = "[red]$x[/red] [[a@b"'),
    ("[initiator]\n", '[initiator]\nvendor_ids = ["\\u001b[31m[bold]x", "\\u0007\\u009b2J\\r\\n\\u202e", "[/]"]\n'),
)


def variant(*changes: tuple[str, str]) -> Scenario:
    """The plain scenario with some of its text replaced."""
    text = (content_folder() / "scenarios" / f"{MAIN}.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "variant.toml"
        path.write_text(text, encoding="utf-8")
        return read_scenario(path)


@cache
def variant_recording(*changes: tuple[str, str]) -> Trace:
    return run(variant(*changes))


class Room(NamedTuple):
    """A pane at one size: its rows, and the columns that they may use."""

    pane: str
    width: int
    lines: list[Line]


def rooms(size: tuple[int, int], *, how_wanted: bool = False) -> dict[str, int]:
    """Each pane's inner width at a size, on whatever tab it is."""
    wishes = [Wish(tab=pane, how=how_wanted or pane == "how") for pane in PANES] + [Wish()]
    return {
        name: box.width - 2 for wish in wishes for name, box in arrange(*size, wish).items() if name in PANES
    }


def rows(workspace: Workspace, widths: dict[str, int]) -> Iterator[Room]:
    for pane, width in widths.items():
        yield Room(pane, width, _RENDER[pane](workspace, width))
        if pane == "knowledge":
            yield Room(pane, width, [knowledge.heading(workspace, width)])


def at_message(trace: Trace, number: int) -> Workspace:
    workspace = Workspace(trace)
    workspace.go_to_message(number)
    return workspace


def at_event(trace: Trace, index: int) -> Workspace:
    """As if the learner had come there by single events."""
    workspace = Workspace(trace)
    workspace.go_to_message(max(trace[index].step, 1))
    workspace.at = max(index - 1, 0)
    if index:
        workspace.move_event(1)
    return workspace


def fields(trace: Trace, number: int) -> list[tuple[Tree, Field]]:
    return [(tree, field) for tree in trace.step(number).envelope.trees for field in tree.root.walk()]


def key_of(trace: Trace, symbol: str, scope: str = "phase 1") -> Key:
    return next(key for key in trace.links.keys if key.symbol == symbol and key.scope.startswith(scope))
