"""The one-row bars: title, strip, tabs, footer."""

from __future__ import annotations

from textual import events
from textual.message import Message

from explorer.tui.lines import Line, Target
from explorer.tui.widgets.line_view import LineView


class Bar(LineView):
    """A row on the app's own surface; parts of it can be clicked."""

    surface = "app"

    class Clicked(Message):
        """A named part was clicked."""

        def __init__(self, bar: str, part: str) -> None:
            super().__init__()
            self.bar = bar
            self.part = part

    class Picked(Message):
        """A part that stands for something of the trace was clicked."""

        def __init__(self, target: Target) -> None:
            super().__init__()
            self.target = target

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._parts: list[tuple[int, int, str]] = []

    def show_row(self, line: Line, parts: list[tuple[int, int, str]] | None = None) -> None:
        """Draw one row with its clickable parts."""
        self._parts = parts or []
        self.show([line])

    def on_click(self, event: events.Click) -> None:
        """Tell which part was hit."""
        for start, end, name in self._parts:
            if start <= event.x < end:
                self.post_message(self.Clicked(self.id or "", name))
                return
        for line in self.lines[:1]:
            for start, end, target in line.spans:
                if start <= event.x < end:
                    self.post_message(self.Picked(target))
                    return
