"""What every pane is made of: lines of marked-up pieces that know what they stand for.  No widgets in here."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec
from rich.cells import cell_len, set_cell_size

from explorer.crypto.term import Nature, Term
from explorer.trace.model import Key, Place


class Piece(NamedTuple):
    """A run of text in one role; ``bold`` where it matters most in its line."""

    text: str
    role: str = "text"
    bold: bool = False


class Target(msgspec.Struct, frozen=True):
    """What selecting a line or an octet selects: a field, a term, a message, an SA."""

    place: Place | None = None
    spec: str = ""
    key: Key | None = None
    message: int = 0
    sa: str = ""


class Line(msgspec.Struct):
    """One row of a pane.

    Attributes:
        pieces: its text.
        target: what choosing it selects; ``None`` where it is not to be chosen.
        selected: drawn as the selection.
        band: drawn on the payload band.
        spans: targets of parts of the row, by column, where it has more than one.
        toggles: key of the tree node that the row opens and closes.
    """

    pieces: list[Piece] = []
    target: Target | None = None
    selected: bool = False
    band: bool = False
    spans: list[tuple[int, int, Target]] = []
    toggles: str = ""

    @property
    def text(self) -> str:
        """The row without its roles."""
        return "".join(piece.text for piece in self.pieces)

    def indented(self) -> Line:
        """The same row one column further to the right."""
        spans = [(start + 1, end + 1, target) for start, end, target in self.spans]
        return Line([Piece(" "), *self.pieces], self.target, self.selected, self.band, spans, self.toggles)

    @property
    def width(self) -> int:
        """Columns that the row needs."""
        return int(cell_len(self.text))


MARKS = {
    "initiator": "►",
    "responder": "◄",
    "secret": "◆",
    "derived": "ƒ",
    "encrypted": "▒",
    "public": "",
}
"""A mark stands beside its colour every time."""


def role_of(term: Term) -> str:
    """The colour role of a term."""
    return role_named(term.nature.value, term.owner)


def role_named(nature: str, owner: str) -> str:
    """The colour role of what is of this nature, and of this owner if that can be told."""
    if nature == Nature.PUBLIC.value:
        return owner or "public"
    return "public" if nature == Nature.CONSTANT.value else nature


def mark_of(term: Term) -> str:
    """The mark of a term."""
    return MARKS.get(role_of(term), "")


def symbol_pieces(term: Term, *, bold: bool = False) -> list[Piece]:
    """Mark and symbol."""
    role = role_of(term)
    mark = MARKS.get(role, "")
    return [Piece(f"{mark} {term.symbol}" if mark else term.symbol, role, bold)]


def octets_text(octets: bytes, room: int) -> str:
    """As many octets in hex as fit into ``room`` columns, with an ellipsis where some are left out."""
    whole = octets.hex(" ")
    if len(whole) <= room:
        return whole
    count = max((room - 1) // 3, 0)
    return f"{octets[:count].hex(' ')}…"


def fit(text: str, width: int) -> str:
    """Text cut with an ellipsis, or padded, to exactly ``width`` columns."""
    if cell_len(text) > width:
        text = set_cell_size(text, max(width - 1, 0)) + "…"
    return set_cell_size(text, width)


def fit_name(text: str, width: int) -> str:
    """A name padded to ``width`` columns, or cut in its middle: names that begin alike differ at their ends."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    tail = text[-max((width - 1) // 3, 1) :]
    return f"{set_cell_size(text, width - cell_len(tail) - 1)}…{tail}"


def wrap(text: str, width: int) -> list[str]:
    """Prose in lines of at most ``width`` columns."""
    lines: list[str] = []
    for word in text.split():
        if lines and cell_len(lines[-1]) + 1 + cell_len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]


def flow(pieces: list[Piece], width: int, margin: str = "") -> list[Line]:
    """Marked-up prose in rows of at most ``width`` columns; what no blank divides stays together."""
    rows = [Line([Piece(margin)])]
    for blank, word in _words(pieces):
        size = sum(cell_len(piece.text) for piece in word)
        empty = rows[-1].width == len(margin)
        if not empty and rows[-1].width + blank + size > width:
            rows.append(Line([Piece(margin)]))
            empty = True
        rows[-1].pieces += word if empty or not blank else [Piece(" "), *word]
    return rows


def _words(pieces: list[Piece]) -> list[tuple[int, list[Piece]]]:
    """Runs of pieces without a blank between them, and whether a blank stands in front of each."""
    words: list[tuple[int, list[Piece]]] = []
    blank = 0
    for piece in pieces:
        # A term stays together with its mark, blank or not.
        parts = [piece.text] if piece.role != "text" else re.findall(r"\s+|\S+", piece.text)
        for part in parts:
            if part.isspace():
                blank = 1
            elif blank or not words:
                words.append((blank, [piece._replace(text=part)]))
                blank = 0
            else:
                words[-1][1].append(piece._replace(text=part))
    return words


def between(left: list[Piece], right: list[Piece], width: int) -> list[Piece]:
    """Pieces at both ends of a row of ``width`` columns; the left ones give way."""
    need = sum(cell_len(piece.text) for piece in right)
    room = width - need
    kept: list[Piece] = []
    for piece in left:
        size = cell_len(piece.text)
        if size > room:
            kept.append(piece._replace(text=fit(piece.text, max(room, 0))))
            room = 0
            break
        kept.append(piece)
        room -= size
    return [*kept, Piece(" " * max(room, 0)), *right]
