"""The bytes of one buffer: sixteen a row, coloured by the terms they carry, banded by payload."""

from __future__ import annotations

from explorer.trace.model import Place
from explorer.tui.lines import Line, Piece, Target, role_of
from explorer.tui.workspace import Workspace
from explorer.wire.field import Tree

WIDE = 74
"""Columns that sixteen octets a row need."""

_HEX_AT = 7
"""Column of the first octet."""


def title(workspace: Workspace) -> tuple[str, str]:
    """Heading and lower border."""
    names = " · ".join(workspace.layers) if len(workspace.layers) > 1 else ""
    layer = workspace.tree().buffer.name
    switch = f"  [ ] {names}" if names else ""
    place = workspace.selection.place
    chosen = ""
    if (
        place is not None
        and place.message == workspace.step.number
        and place.buffer == layer
        and place.end > place.start
    ):
        last = place.end - 1
        chosen = f"octets {place.start}–{last} selected" if last > place.start else f"octet {place.start} selected"
    return f"3 Bytes · {layer}{switch}", chosen


def lines(workspace: Workspace, width: int) -> list[Line]:
    """Every row of the current layer."""
    tree = workspace.tree()
    per_row = 16 if width >= WIDE - 2 else 8
    styles, targets = _styles(workspace, tree), _targets(workspace, tree)
    octets = tree.buffer.octets
    return [
        _row(octets[at : at + per_row], at, per_row, styles[at : at + per_row], targets[at : at + per_row])
        for at in range(0, len(octets), per_row)
    ]


def first_selected_row(workspace: Workspace, width: int) -> int:
    """The row to keep in sight."""
    place = workspace.selection.place
    if place is None or place.message != workspace.step.number or place.buffer != workspace.tree().buffer.name:
        return 0
    return place.start // (16 if width >= WIDE - 2 else 8)


def _targets(workspace: Workspace, tree: Tree) -> list[Target]:
    """For each octet, the leaf that it belongs to."""
    number, name = workspace.step.number, tree.buffer.name
    found = [Target()] * len(tree.buffer.octets)
    for leaf in tree.root.leaves():
        target = Target(place=Place(number, name, leaf.start, leaf.end), spec=leaf.spec.key)
        found[leaf.start : leaf.end] = [target] * (leaf.end - leaf.start)
    return found


def _styles(workspace: Workspace, tree: Tree) -> list[tuple[str, bool, bool]]:
    """For each octet: role, whether it is selected, whether it lies on a band."""
    size = len(tree.buffer.octets)
    roles = ["muted"] * size
    for place, key in workspace.trace.links.in_buffer(workspace.step.number, tree.buffer.name):
        if key.symbol in ("SAi_b", "SAr_b", "packet"):
            continue  # these are structures themselves; colouring all of one would hide the others
        roles[place.start : place.end] = [role_of(workspace.trace.links.first(key))] * (place.end - place.start)
    band = [False] * size
    for index, payload in enumerate(tree.root.children):
        if index % 2:
            band[payload.start : payload.end] = [True] * (payload.end - payload.start)
    chosen = [False] * size
    place_ = workspace.selection.place
    if place_ is not None and (place_.message, place_.buffer) == (workspace.step.number, tree.buffer.name):
        chosen[place_.start : place_.end] = [True] * (place_.end - place_.start)
    return list(zip(roles, chosen, band, strict=True))


def _row(octets: bytes, at: int, per_row: int, styles: list[tuple[str, bool, bool]], targets: list[Target]) -> Line:
    """Offset, hex with a gap after eight, text; one piece for each run of octets that look the same."""
    columns = [_HEX_AT + 3 * i + (1 if i > 7 and per_row == 16 else 0) for i in range(len(octets))]
    pieces, text = [Piece(f" {at:04x}  ", "muted")], []
    start, column = 0, _HEX_AT
    while start < len(octets):
        look = role, chosen, band = styles[start]
        end = start + 1
        while end < len(octets) and styles[end] == look:
            end += 1
        surface = "+selected" if chosen else "+band" if band else ""
        shown = (
            f"{octets[start:8].hex(' ')}  {octets[8:end].hex(' ')}" if start < 8 < end else octets[start:end].hex(" ")
        )
        pieces += [Piece(" " * (columns[start] - column)), Piece(shown, role + surface, chosen)]
        column = columns[end - 1] + 2
        text.append(Piece("".join(map(_shown, octets[start:end])), role, chosen))
        start = end
    width = _HEX_AT + 3 * per_row + (1 if per_row == 16 else 0)
    line = Line([*pieces, Piece(" " * (width + 1 - column)), *text])
    line.spans = [(left, left + 2, targets[i]) for i, left in enumerate(columns)]
    return line


def _shown(octet: int) -> str:
    return chr(octet) if 0x20 < octet < 0x7F else "·"
