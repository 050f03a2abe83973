"""A proof command as the screen shows it: coloured by Pygments, cut where it gets long."""

from __future__ import annotations

from functools import lru_cache

from explorer.crypto.term import Term
from explorer.tui.lines import Line, Piece

_ROWS = 24


def proof_lines(term: Term, width: int) -> list[Line]:
    """Heading, command, and how to take it along."""
    command = term.command()
    if command is None:
        return []
    rows = [Line([Piece(" Prove it in your own shell", "text", True), Piece("     y copies the command", "muted")])]
    room = max(width - 5, 20)
    text, cut = command, False
    if len(text) > room * _ROWS:
        text, cut = text[: room * _ROWS - 1], True
    pieces = [*_coloured(text), *([Piece("…", "muted")] if cut else [])]
    row = Line([Piece("   ")])
    for piece in pieces:
        rest = piece.text
        while rest:
            left = room + 3 - row.width
            if left <= 0:
                rows.append(row)
                row, left = Line([Piece("   ")]), room
            row.pieces.append(piece._replace(text=rest[:left]))
            rest = rest[left:]
    rows.append(row)
    return rows


@lru_cache(maxsize=16)
def _coloured(command: str) -> tuple[Piece, ...]:
    from pygments.lexers.shell import BashLexer
    from pygments.token import Token

    roles = {Token.Literal: "secret", Token.Name: "initiator", Token.Operator: "responder", Token.Keyword: "initiator"}
    pieces = []
    for kind, text in BashLexer(stripnl=False, ensurenl=False).get_tokens(command):
        role = next((role for token, role in roles.items() if kind in token), "text")
        pieces.append(Piece(text.replace("\n", " "), "muted" if _is_octets(text) else role))
    return tuple(pieces)


def _is_octets(text: str) -> bool:
    return len(text) > 12 and all(c in "0123456789abcdefABCDEF" for c in text.strip("'\""))
