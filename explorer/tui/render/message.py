"""The annotated tree of the current message; or an SA, where a ruled line of the ladder is selected."""

from __future__ import annotations

from typing import NamedTuple

from rich.cells import cell_len

from explorer.events import Role, SaInstalled, SaSnapshot
from explorer.explanations import how_ended
from explorer.trace.model import Key, Place
from explorer.tui.lines import Line, Piece, Target, fit, octets_text, symbol_pieces
from explorer.tui.workspace import Workspace, body_of
from explorer.wire.field import Field, Tree

_VALUE_FROM, _VALUE_TO = 28, 35
"""Where the column of values may start: as the longest name needs."""

_RANGE = 10
_SIZE = 7


def title(workspace: Workspace) -> tuple[str, str]:
    """Heading and lower border."""
    if workspace.selection.sa:
        sas = _installed(workspace)
        return f"2 {sas[0][1].protocol} SA" if sas else "2 SA", "what the exchange is for"
    step = workspace.step
    arrow = "►" if step.sender is Role.INITIATOR else "◄"
    size = len(step.octets)
    return (
        f"2 Message {step.number}  {arrow}  {step.envelope.notation}",
        f"{size} octets · {explained(workspace)} % explained",
    )


def explained(workspace: Workspace) -> int:
    """How many percent of the datagram's octets belong to a leaf."""
    tree = workspace.step.envelope.trees[0]
    covered = sum(leaf.end - leaf.start for leaf in tree.root.leaves())
    return 100 * covered // max(len(tree.buffer.octets), 1)


def lines(workspace: Workspace, width: int) -> list[Line]:
    """The rows of the tree."""
    if workspace.selection.sa:
        return _sa_lines(workspace, width)
    trees = workspace.step.envelope.trees
    nodes: list[_Node] = []
    for child in trees[0].root.children or (trees[0].root,):
        _add(nodes, workspace, trees[0], child, 0, trees[1:])
    longest = max(cell_len(node.label) for node in nodes) + 3
    column = min(max(longest, _VALUE_FROM), max(width - 43, 20), _VALUE_TO)
    return [_row(workspace, node, column, width) for node in nodes]


class _Node(NamedTuple):
    """A row of the tree; ``is_open`` is ``None`` where there is nothing below it."""

    tree: Tree
    field: Field
    depth: int
    is_open: bool | None

    @property
    def label(self) -> str:
        fold = " " if self.is_open is None else "▾" if self.is_open else "▸"
        return f"{'  ' * self.depth}{fold} {self.field.spec.label}"


def _add(
    nodes: list[_Node], workspace: Workspace, tree: Tree, field: Field, depth: int, inner: tuple[Tree, ...]
) -> None:
    """A field and what is below it; what was decrypted from a field is shown below that field."""
    name = tree.buffer.name
    opened = [t for t in inner if _parent_range(t) == (name, field.start, field.end)]
    children = [(tree, child) for child in field.children]
    for other in opened:
        children += [(other, child) for child in other.root.children]
    is_open = bool(children) and workspace.is_open(name, field)
    nodes.append(_Node(tree, field, depth, is_open if children else None))
    if is_open:
        for owner, child in children:
            _add(nodes, workspace, owner, child, depth + 1, inner)


def _parent_range(tree: Tree) -> tuple[str, int, int]:
    parent = tree.buffer.parent
    return (parent.buffer.name, parent.start, parent.end) if parent is not None else ("", -1, -1)


def _row(workspace: Workspace, node: _Node, column: int, width: int) -> Line:
    tree, field = node.tree, node.field
    place = Place(workspace.step.number, tree.buffer.name, field.start, field.end)
    selected = workspace.selected_field() is field
    key = _key_of(workspace, field, place)
    label = node.label if len(node.label) < column else node.label.removesuffix(" payload")
    where = _octets_of(field)
    range_room = min(len(where) + 2, _RANGE)
    room = width - column - range_room - _SIZE - 2
    value = _value(workspace, field, key, room)
    # A value that does not fit begins before its column, where the name leaves it the room to be whole.
    missing = cell_len(value.text) - room
    early = missing if 0 < missing < column - cell_len(label) else 0
    term_role = value.role if key is not None else "text"
    own_role = term_role if selected else "text"
    numbers_role = term_role if selected and key else "muted"
    pieces = [
        Piece("▌" if selected else " ", term_role, True),
        Piece(fit(label, column - 1 - early), own_role, selected or field.children != ()),
        value._replace(text=fit(value.text, room + early)),
        Piece(f"{where:>{range_room}}", numbers_role, selected),
        Piece(f"{field.end - field.start:>5} B", numbers_role, selected),
        Piece(" "),
    ]
    toggles = f"{tree.buffer.name}/{field.start}/{field.end}/{field.spec.key}" if node.is_open is not None else ""
    return Line(pieces, Target(place=place, spec=field.spec.key, key=None), selected, toggles=toggles)


def _octets_of(field: Field) -> str:
    """First and last octet of a field."""
    if field.end - field.start > 1:
        return f"{field.start}–{field.end - 1}"
    return f"{field.start}" if field.end > field.start else "–"


def _key_of(workspace: Workspace, field: Field, place: Place) -> Key | None:
    """The term that a field is; a payload with several fields stands for its body."""
    links = workspace.trace.links
    keys = links.at(body_of(field, place))
    return keys[0] if keys else None


def _value(workspace: Workspace, field: Field, key: Key | None, room: int) -> Piece:
    """Mark and symbol of a term, or the value in words; two columns are the mark's in any case."""
    if key is not None:
        term = workspace.trace.links.first(key)
        piece = symbol_pieces(term)[0]
        text = piece.text if piece.text[:1] in "►◄◆ƒ▒" else f"  {piece.text}"
        if not field.children and room > 30 and field.spec.name in ("data", "spi"):
            said = field.meaning
            if said and not said.endswith("…") and field.spec.structure == "identification":
                text = f"{text}  {said}"
        return piece._replace(text=text)
    if field.children and field.spec.structure not in ("phase1_attributes", "ipsec_attributes", "attribute"):
        return Piece(f"  {_summary(field)}", "muted")
    return Piece(f"  {field.meaning}")


def _summary(field: Field) -> str:
    """What a closed node says of its inside."""
    structure = field.value
    names = {"transform": "transform_id", "proposal": "protocol", "identification": "data"}
    wanted = names.get(field.spec.structure)
    child = next((c for c in field.children if c.spec.name == wanted), None)
    if field.spec.structure == "transform" and hasattr(structure, "attributes"):
        said = [
            c.meaning.partition(" ")[2] or c.meaning
            for c in field.children
            if c.children and not c.spec.name.startswith("life")
        ]
        number = getattr(structure, "number", "")
        cipher = child.meaning.partition(" ")[2] if child is not None else ""
        return f"{number}: " + ", ".join([*([cipher] if cipher.startswith("ESP") else []), *said[:4]])
    return child.meaning if child is not None else ""


# ---------------------------------------------------------------- an SA


def _installed(workspace: Workspace) -> list[tuple[Role, SaSnapshot]]:
    return [
        (entry.party, entry.event.sa)
        for entry in workspace.trace.events_of(SaInstalled)
        if isinstance(entry.event, SaInstalled)
        and entry.event.sa.scope == workspace.selection.sa
        and entry.at <= workspace.at
    ]


def _sa_lines(workspace: Workspace, width: int) -> list[Line]:
    rows: list[Line] = []
    installed = _installed(workspace)
    seen: set[tuple[bytes, ...]] = set()
    for party, sa in installed:
        spis = _spis(sa)
        if spis in seen:
            continue
        seen.add(spis)
        holders = {holder: held for holder, held in installed if _spis(held) == spis}
        rows += _sa_block(workspace, party, holders, width)
    if not rows:
        rows.append(Line([Piece(" It does not exist yet: neither side has all it is made of.", "muted")]))
    return rows


def _spis(sa: SaSnapshot) -> tuple[bytes, ...]:
    return tuple(spi.octets for spi in sa.spis)


def _sa_block(workspace: Workspace, party: Role, holders: dict[Role, SaSnapshot], width: int) -> list[Line]:
    """One SA as ``party`` holds it: its names, what was agreed on, and its keys."""
    sa = holders[party]
    heading = f" {sa.protocol} SA, both directions"
    if sa.direction != "both":
        towards = party if sa.direction == "inbound" else party.other
        heading = f" {sa.protocol} SA towards the {towards}"
    column = max(18, *(len(f"{use} key") + 2 for use, _ in sa.keys))
    rows = [Line([Piece(heading, "text", True)])]
    for term in sa.spis:
        name = "named by" if sa.protocol in ("ISAKMP", "IKE") else "SPI"
        rows.append(_key_line(workspace, _label(name, column), workspace.trace.links.key(term), width))
    rows += [Line([_label(name, column), Piece(value)]) for name, value in sa.algorithms]
    lifetime = Line([_label("lifetime", column), Piece(_lifetime(workspace, holders))])
    # IKEv2 negotiates no lifetime, so there it does not stand among what was agreed on.
    agreed = workspace.trace.protocol != "ikev2"
    rows += [lifetime] if agreed else []
    end = workspace.trace.sa_end(party, sa)
    if end is not None and end[0] <= workspace.at:
        said = how_ended(workspace.trace[end[0]], end[1])
        rows.append(Line([_label("ended", column), Piece(said, "failed")]))
    for use, term in sa.keys:
        rows.append(_key_line(workspace, _label(f"{use} key", column), workspace.trace.links.key(term), width))
    return [*rows, *([] if agreed else [lifetime]), Line()]


def _lifetime(workspace: Workspace, holders: dict[Role, SaSnapshot]) -> str:
    """In seconds; in IKEv2 each side's own, and so perhaps two."""
    times = {party: workspace.trace.sa_lifetime(party, sa, workspace.at) for party, sa in holders.items()}
    if workspace.trace.protocol != "ikev2":
        return f"{next(iter(times.values()))} s"
    if len(set(times.values())) == 1:
        return f"{next(iter(times.values()))} s, each side's own: not negotiated"
    return ", ".join(f"{party} {seconds} s" for party, seconds in times.items()) + ": not negotiated"


def _label(name: str, column: int) -> Piece:
    return Piece(f"   {name:<{column}}", "muted")


def _key_line(workspace: Workspace, label: Piece, key: Key, width: int) -> Line:
    term = workspace.trace.links.first(key)
    pieces = [label, *symbol_pieces(term), Piece("  ")]
    used = sum(len(piece.text) for piece in pieces)
    pieces.append(Piece(octets_text(term.octets, width - used - 1), "muted"))
    return Line(pieces, Target(key=key))
