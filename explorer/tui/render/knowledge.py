"""Who knows what: one row a term, three columns, and since when."""

from __future__ import annotations

from explorer.crypto.term import Configured, Nature, Term
from explorer.events import Role
from explorer.trace.knowledge import Cell, Holding, KnowledgeRow
from explorer.tui.lines import Line, Piece, Target, fit, fit_name, mark_of, octets_text, role_of
from explorer.tui.workspace import Workspace
from explorer.wire.say import text as say_text

_COLUMNS = ((Role.INITIATOR, "initiator"), (Role.EAVESDROPPER, "public"), (Role.RESPONDER, "responder"))


def title(workspace: Workspace) -> tuple[str, str]:
    """Heading and lower border."""
    del workspace  # the same for every message, so that stepping does not repaint it
    return "4 Who knows what", "●3 = knows since message 3"


def heading(workspace: Workspace, width: int) -> Line:
    """The names of the columns, which stay in sight."""
    column = _name_column(workspace, width)
    cells = [Piece("init ", "initiator"), Piece("eve  ", "public", True), Piece("resp ", "responder")]
    return Line([Piece(" " * (1 + column)), *cells, Piece(fit("octets", width - column - 16), "muted")])


def _name_column(workspace: Workspace, width: int) -> int:
    """As wide as the longest mark and name of the whole trace, and a blank; three octets at least stay in sight."""
    names = (len(_name(row.term)) for row in workspace.trace.knowledge.rows(len(workspace.trace)))
    return max(12, min(max(names, default=0) + 1, width - 27))


def _name(term: Term) -> str:
    return f"{mark_of(term) or ' '} {term.symbol}"


def lines(workspace: Workspace, width: int) -> list[Line]:
    """Every term that anybody has by now."""
    rows: list[Line] = []
    scope, column = "", _name_column(workspace, width)
    for row in workspace.trace.knowledge.rows(workspace.at):
        if scope and row.key.scope != scope:
            rows.append(_rule(row.key.scope, width))
        scope = row.key.scope
        rows.append(_row(workspace, row, column, width))
    return rows


def _rule(scope: str, width: int) -> Line:
    name = f"{scope[:3].strip()} packet, SPI {scope.split()[1]}" if scope.startswith(("ESP ", "AH ")) else scope
    return Line([Piece(fit(f"   ·· {name} ··", width), "muted")])


def _row(workspace: Workspace, row: KnowledgeRow, column: int, width: int) -> Line:
    term, step = row.term, workspace.step.number
    selected = workspace.selection.key == row.key
    cells = [workspace.trace.knowledge.cell(row.key, role, workspace.at) for role, _ in _COLUMNS]
    changed = any(cell.holding is not Holding.NONE and cell.step == step for cell in cells)
    role = role_of(term)
    edge = Piece("▌", role, True) if selected else Piece("+" if changed else " ", "text", True)
    pieces = [edge, Piece(f"{fit_name(_name(term), column - 1)} ", role, True)]
    for (_, colour), cell in zip(_COLUMNS, cells, strict=True):
        pieces.append(
            Piece(fit(_cell(cell), 5), colour if cell.holding is not Holding.NONE else "muted", cell.step == step)
        )
    room = width - column - 17
    differ = "≠ two values" if room >= 12 else "≠ differ"
    shown = differ if workspace.trace.links.differ(row.key) else _octets(term, room)
    pieces.append(Piece(f"{fit(shown, room)} ", "muted"))
    return Line(pieces, Target(key=row.key), selected)


def _cell(cell: Cell) -> str:
    if cell.holding is Holding.SINCE:
        return f"●{cell.step}"
    return {Holding.OWN: "●", Holding.SEALED: f"◌{cell.step}", Holding.NONE: "·"}[cell.holding]


def _octets(term: Term, room: int) -> str:
    """A configured secret that is text is shown as text, everything else in hex."""
    is_text = term.nature is Nature.SECRET and isinstance(term.origin, Configured)
    if is_text and term.octets.isascii() and term.octets.decode().isprintable():
        return say_text(term.octets)
    return octets_text(term.octets, room)
