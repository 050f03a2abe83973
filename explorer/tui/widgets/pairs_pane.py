"""Pairs of messages: the cursor walks over those of one's own run, and brings the whole pair into sight."""

from __future__ import annotations

from explorer.tui.lines import Target
from explorer.tui.widgets.line_view import Pane


class PairsPane(Pane):
    """What the cursor is on is drawn by the screen, which knows the pairs."""

    def reveal_pair(self) -> None:
        """Scroll as little as shows the rows around the cursor up to the next blank ones, its first rows above all."""
        if self.cursor is None or self.cursor >= len(self.lines):
            return
        first = last = self.cursor
        while first > 0 and self.lines[first - 1].pieces:
            first -= 1
        while last + 1 < len(self.lines) and self.lines[last + 1].pieces:
            last += 1
        top = max(self.top, last - self.room + 1)
        top = min(top, first)
        # In a window lower than the pair, the cursor is what counts.
        self.scroll_rows(max(top, self.cursor - self.room + 2) - self.top)

    def place_cursor(self, message: int) -> None:
        """On the row of a message, if it has one."""
        self.cursor = next(
            (row for row, line in enumerate(self.lines) if line.target == Target(message=message)), self.cursor
        )
