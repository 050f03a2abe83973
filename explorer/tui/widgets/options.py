"""Lists to choose from, and the palette, with the mark of what is selected that all panes have."""

from __future__ import annotations

from rich.segment import Segment
from textual.app import ComposeResult
from textual.command import CommandList, CommandPalette, SearchIcon
from textual.strip import Strip
from textual.widgets import OptionList


class Options(OptionList):
    """A list with ``▌`` at the left edge of the row under the cursor."""

    def render_line(self, y: int) -> Strip:
        """The row; its first column is padding in any case."""
        strip = super().render_line(y)
        line = self.scroll_offset.y + y
        if self.highlighted is None or line >= len(self._lines) or self._lines[line][0] != self.highlighted:
            return strip
        # The mark takes over the colours, and what a click on it means.
        first = next(iter(strip), Segment(""))
        return Strip.join([Strip([Segment("▌", first.style)], 1), strip.crop(1)])


class Commands(CommandList, Options, can_focus=False):
    """The palette's list; its styles are those of the first class that it is made of."""


class Palette(CommandPalette):
    """Everything by name."""

    def compose(self) -> ComposeResult:
        """Textual's palette, with our list, and with an icon that is one column wide on every terminal."""
        for widget in super().compose():
            if isinstance(widget, SearchIcon):
                widget.icon = "/"
            yield Commands() if isinstance(widget, CommandList) else widget
