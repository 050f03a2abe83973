"""How it is made: a pane whose cursor walks over what can be followed, apart from the selection."""

from __future__ import annotations

from explorer.tui.lines import Line, Piece, Target
from explorer.tui.widgets.line_view import Pane


class HowPane(Pane):
    """Keeps a cursor of its own: choosing an input here must not change what is explained."""

    def show_story(self, lines: list[Line], *, fresh: bool) -> None:
        """Draw the story of a term; a fresh one starts with its first input under the cursor."""
        rows = [i for i, line in enumerate(lines) if line.target is not None]
        if fresh or self.cursor not in rows:
            self.cursor = rows[0] if rows else None
        self._marked(lines)
        self.show(lines, keep=0 if fresh else self.cursor)

    def _marked(self, lines: list[Line]) -> None:
        if self.cursor is None:
            return
        line = lines[self.cursor]
        line.selected = True
        first = line.pieces[0]
        line.pieces[0] = replace_first(first)

    def chosen(self, row: int, target: Target) -> None:
        """Move the cursor only."""
        if self.cursor is not None and self.cursor < len(self.lines):
            old = self.lines[self.cursor]
            old.selected = False
            old.pieces[0] = old.pieces[0]._replace(text=" " + old.pieces[0].text[1:])
        self.cursor = row
        self._marked(self.lines)
        self.show(self.lines, keep=row)

    def choose(self, target: Target) -> None:
        """Put the cursor on the row that stands for a target."""
        for row, line in enumerate(self.lines):
            if line.target == target or any(target == t for _, _, t in line.spans):
                self.chosen(row, target)
                return

    def target(self) -> Target | None:
        """What the cursor is on."""
        if self.cursor is None or self.cursor >= len(self.lines):
            return None
        return self.lines[self.cursor].target


def replace_first(piece: Piece) -> Piece:
    """The edge of a chosen row."""
    return piece._replace(text="▌" + piece.text[1:], role="text")
