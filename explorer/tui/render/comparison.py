"""A comparison as lines: pairs of messages, of terms and of names, and both runs in numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, chop_cells

from explorer.comparison.comparison import Comparison, MessageOf, TermOf
from explorer.events import Role
from explorer.export.comparison_rows import (
    Cell,
    Row,
    header_rows,
    said_of_message,
    said_of_term,
    said_without_alignment,
    sections,
)
from explorer.export.printable import printable
from explorer.tui.lines import MARKS, Line, Piece, Target, fit, role_named, wrap

TITLES = {
    "messages": "1 Message by message",
    "terms": "2 Key by key",
    "numbers": "3 In numbers",
    "names": "4 Names",
}
_BAR = " │ "
_LABELS = 26
_NOTHING = [[Piece("–", "muted")]]
_SENSES = {
    "since": ("● ", "text", True),
    "sealed": ("▒ ", "encrypted", False),
    "none": ("· ", "muted", False),
    "absent": ("  ", "muted", False),
    "proven": ("✓ ", "derived", False),
    "never": ("· ", "muted", False),
}
"""What stands in front of a cell, and its role."""

Rows = list[list[Piece]]
"""One cell: rows of pieces."""


def below(name: str, own: str) -> str:
    """The lower border of a pane."""
    if name == "messages":
        return f"► the initiator's, ◄ the responder's; enter opens one at the {own}"
    return {"terms": "ƒ derived, ◆ secret, ► ◄ whose", "numbers": "● learnt, ▒ ciphertext, ✓ proven"}.get(name, "")


def heading(comparison: Comparison, width: int, *, labels: bool = False) -> Line:
    """Whose column is whose; it stays in sight.

    Args:
        labels: whether the rows under it begin with labels, as the numbers do.
    """
    room = _room(width) if labels else _half(width) - 1
    left, right = (
        Piece(fit(printable(side.scenario), room), "text", True) for side in (comparison.left, comparison.right)
    )
    if labels:
        return Line([Piece(" " * _LABELS), left, Piece("  "), right])
    return _beside([[Piece(" "), left]], [[Piece(" "), right]], width)[0]


def message_lines(comparison: Comparison, width: int, own: str, current: int) -> list[Line]:
    """Pairs of messages.

    Args:
        own: ``left`` or ``right``, the side whose messages can be chosen.
        current: the number of the one that is chosen.
    """
    rows: list[Line] = []
    for pair in comparison.aligned.messages if comparison.aligned is not None else ():
        sides = {"left": pair.left, "right": pair.right}
        cells = {
            side: [row for message in found for row in _message(message, _half(width), side == own, current)]
            for side, found in sides.items()
        }
        made = _beside(cells["left"] or _NOTHING, cells["right"] or _NOTHING, width)
        _make_choosable(made, sides[own], cells[own], own, width)
        rows += [*made, *_says(pair.says, width), Line()]
    return rows[:-1]


def term_lines(comparison: Comparison, width: int) -> list[Line]:
    """Pairs of terms, each with its formula or where it comes from."""
    rows: list[Line] = []
    for pair in comparison.aligned.terms if comparison.aligned is not None else ():
        left, right = ([row for term in side for row in _term(term, _half(width))] for side in (pair.left, pair.right))
        rows += [*_beside(left or _NOTHING, right or _NOTHING, width), *_says(pair.says, width), Line()]
    return rows[:-1]


def name_lines(comparison: Comparison, width: int) -> list[Line]:
    """What the two sides call one thing."""
    rows: list[Line] = []
    for pair in comparison.aligned.names if comparison.aligned is not None else ():
        left, right = (
            [[Piece(f" {text}", "text", True)] for text in _wrapped(name, _half(width) - 1)]
            for name in (pair.left, pair.right)
        )
        rows += [*_beside(left, right, width), *_says(pair.says, width)]
    return rows


def number_lines(comparison: Comparison, width: int) -> list[Line]:
    """What each run costs and gives away, and what is proven when."""
    # The names of the scenarios are the heading.
    rows = [line for row in header_rows(comparison)[1:] for line in _number_row(row, width)]
    if comparison.aligned is None:
        said = said_without_alignment(comparison)
        rows += [Line(), *(Line([Piece(f" {text}", "muted")]) for text in wrap(said, width - 2))]
    for section in sections(comparison):
        rows += [Line(), Line([Piece(f" {section.title}", "text", True)])]
        rows += [line for row in section.rows for line in _number_row(row, width)]
        rows += [Line([Piece(f" {text}", "muted")]) for text in wrap(section.note, width - 2) if section.note]
    return rows


# ---------------------------------------------------------------- cells


def _half(width: int) -> int:
    return (width - len(_BAR)) // 2


def _wrapped(text: str, room: int) -> list[str]:
    """Anybody's text in rows of at most ``room`` columns; a word that is longer is broken."""
    return [part for row in wrap(printable(text), room) for part in chop_cells(row, room) or [""]]


def _message(message: MessageOf, room: int, choosable: bool, current: int) -> Rows:
    """A message in RFC notation, and under it an arrow with its exchange and its size."""
    role, chosen = str(message.sender), choosable and message.number == current
    surface = "+selected" if chosen else ""
    edge = Piece("▌" if chosen else " ", f"{role}{surface}", True)
    number = f"{message.number:>2} "
    texts = _wrapped(message.notation, room - len(number) - 1)
    rows = [[edge, Piece(number, f"{role}{surface}", True), Piece(texts[0], f"{role}{surface}", True)]]
    rows += [[edge, Piece(" " * len(number)), Piece(text, f"{role}{surface}", True)] for text in texts[1:]]
    rows.append([edge, Piece(" " * len(number)), *_arrow(message, room - len(number) - 1)])
    if chosen:
        rows = [_on_selected(row, room) for row in rows]
    return rows


def _arrow(message: MessageOf, room: int) -> list[Piece]:
    """An arrow with words in it; where they leave little of it, only its head."""
    role = str(message.sender)
    said = fit(printable(said_of_message(message)), room - 2).rstrip()
    spare = room - cell_len(said) - 2
    tail = "── " if spare > 5 else ""
    shaft = "─" * (spare - len(tail) - 1)
    if message.sender is Role.INITIATOR:
        return [Piece(tail, role), Piece(said, "muted"), Piece(f" {shaft}►", role)]
    return [Piece(f"◄{shaft} ", role), Piece(said, "muted"), Piece(tail[::-1], role)]


def _on_selected(row: list[Piece], room: int) -> list[Piece]:
    """A row of the chosen message, painted over all of its cell."""
    size = sum(cell_len(piece.text) for piece in row)
    return [
        piece._replace(role=f"{piece.role.partition('+')[0]}+selected") for piece in (*row, Piece(" " * (room - size)))
    ]


def _make_choosable(made: list[Line], messages: Sequence[MessageOf], cell: Rows, own: str, width: int) -> None:
    """The first row of each message is one that the cursor goes to; all of them can be clicked."""
    span = (0, _half(width)) if own == "left" else (_half(width) + len(_BAR), width)
    numbers = iter(messages)
    target: Target | None = None
    for line, row in zip(made, cell, strict=False):
        if len(row) > 1 and row[1].text.strip():
            target = Target(message=next(numbers).number)
            line.target = target
        if target is not None:
            line.spans = [(*span, target)]


def _term(term: TermOf, room: int) -> Rows:
    role = role_named(term.nature, term.owner)
    mark = MARKS[role] or " "
    said, symbol = said_of_term(term), printable(term.symbol)
    rows: Rows = [[Piece(f" {mark} ", role), Piece(fit(symbol, room - 4).rstrip(), role, True)]]
    if cell_len(symbol) + cell_len(said) + 5 <= room:
        rows[0] += [Piece("  "), Piece(said, "muted")]
    else:
        rows += [[Piece("   "), Piece(text, "muted")] for text in _wrapped(said, room - 4)]
    if term.formula:
        texts = _wrapped(term.formula, room - 6)
        rows.append([Piece("   = ", "muted"), Piece(texts[0])])
        rows += [[Piece("     "), Piece(text)] for text in texts[1:]]
    return rows


def _says(says: str, width: int) -> list[Line]:
    return [Line([Piece(f"     {text}", "muted")]) for text in wrap(says, width - 7) if says]


def _padded(row: list[Piece], room: int) -> list[Piece]:
    size = sum(cell_len(piece.text) for piece in row)
    return [*row, Piece(" " * max(room - size, 0))]


def _beside(left: Rows, right: Rows, width: int) -> list[Line]:
    """Two cells with a rule between them."""
    half = _half(width)
    rows = []
    for at in range(max(len(left), len(right))):
        one, other = (cell[at] if at < len(cell) else [] for cell in (left, right))
        rows.append(Line([*_padded(one, half), Piece(_BAR, "border"), *_padded(other, half)]))
    return rows


# ---------------------------------------------------------------- numbers


def _room(width: int) -> int:
    return (width - _LABELS - 4) // 2


def _number_row(row: Row, width: int) -> Iterable[Line]:
    room = _room(width)
    left, right = _number_cell(row.left, room), _number_cell(row.right, room)
    label: Rows = [[Piece(" "), *_label(row)]]
    for at in range(max(len(left), len(right))):
        cells = [cell[at] if at < len(cell) else [] for cell in (label, left, right)]
        yield Line([*_padded(cells[0], _LABELS), *_padded(cells[1], room), Piece("  "), *_padded(cells[2], room)])


def _label(row: Row) -> list[Piece]:
    if row.party is None:
        return [Piece(row.label, "muted")]
    return [Piece(f"{MARKS[row.party]} {row.label}", str(row.party))]


def _number_cell(cell: Cell, room: int) -> Rows:
    if cell.sense not in _SENSES:
        texts = _listed(cell.text, room) if cell.sense == "list" else _wrapped(cell.text, room)
        return [[Piece(text)] for text in texts]
    mark, role, bold = _SENSES[cell.sense]
    texts = _wrapped(cell.text, room - len(mark))
    return [[Piece(mark if at == 0 else "  ", role, bold), Piece(text, role, bold)] for at, text in enumerate(texts)]


def _listed(text: str, room: int) -> list[str]:
    """A list in rows that end after whole items, wherever an item fits."""
    rows: list[str] = []
    for item in text.split(", "):
        if rows and cell_len(rows[-1]) + 3 + cell_len(item) <= room:
            rows[-1] += f", {item}"
        else:
            rows[-1:] = [f"{row}," for row in rows[-1:]]
            rows.append(item)
    return [part for row in rows for part in _wrapped(row, room)]
