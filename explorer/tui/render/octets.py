"""The bytes of one buffer: sixteen a row, coloured by the terms they carry, banded by payload."""

from __future__ import annotations

from explorer.trace.model import Place
from explorer.tui.lines import Line, Piece, Target, merged, role_of
from explorer.tui.workspace import Workspace
from explorer.wire.field import Field, Tree

WIDE = 74
"""Columns that sixteen octets a row need."""


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
    styles = _styles(workspace, tree)
    leaves = _leaves(tree)
    octets = tree.buffer.octets
    return [
        _row(workspace, tree, octets[at : at + per_row], at, per_row, styles, leaves)
        for at in range(0, len(octets), per_row)
    ]


def first_selected_row(workspace: Workspace, width: int) -> int:
    """The row to keep in sight."""
    place = workspace.selection.place
    if place is None or place.message != workspace.step.number or place.buffer != workspace.tree().buffer.name:
        return 0
    return place.start // (16 if width >= WIDE - 2 else 8)


def _leaves(tree: Tree) -> list[Field]:
    found: list[Field] = [tree.root] * len(tree.buffer.octets)
    for leaf in tree.root.leaves():
        found[leaf.start : leaf.end] = [leaf] * (leaf.end - leaf.start)
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


def _row(
    workspace: Workspace,
    tree: Tree,
    octets: bytes,
    at: int,
    per_row: int,
    styles: list[tuple[str, bool, bool]],
    leaves: list[Field],
) -> Line:
    number, name = workspace.step.number, tree.buffer.name
    line = Line()
    pieces, text = [Piece(f" {at:04x}  ", "muted")], []
    column = len(pieces[0].text)
    for offset in range(per_row):
        gap = "  " if offset == 7 and per_row == 16 else " "
        if offset >= len(octets):
            pieces.append(Piece("  " + gap))
            continue
        octet = octets[offset]
        role, chosen, band = styles[at + offset]
        joined = offset + 1 < len(octets) and styles[at + offset + 1][1:] == (chosen, band)
        surface = "+selected" if chosen else "+band" if band else ""
        pieces += [
            Piece(f"{octet:02x}", role + surface, chosen),
            Piece(gap, role + surface if joined else "text", chosen and joined),
        ]
        leaf = leaves[at + offset]
        target = Target(place=Place(number, name, leaf.start, leaf.end), spec=leaf.spec.key)
        line.spans.append((column, column + 2, target))
        column += 2 + len(gap)
        text.append(Piece(chr(octet) if 0x20 < octet < 0x7F else "·", role, chosen))
    line.pieces = merged([*pieces, Piece(" "), *text])
    return line
