"""The one widget behind all panes: lines in, clicks and cursor moves out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from explorer.tui.lines import Line, Target
from explorer.tui.theme import style


class LineView(ScrollView, inherit_bindings=False):
    """Draws lines; keeps the selected one in sight."""

    DEFAULT_CSS = """
    LineView { scrollbar-size-vertical: 1; overflow-x: hidden; overflow-y: auto; }
    """

    surface = "pane"

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self.lines: list[Line] = []
        self.heading: Line | None = None

    def show(self, lines: list[Line], *, heading: Line | None = None, keep: int | None = None) -> None:
        """Draw these lines and bring row ``keep`` into sight."""
        self.lines, self.heading = lines, heading
        top = 1 if heading is not None else 0
        self.virtual_size = Size(self.size.width, len(lines) + top)
        if keep is not None:
            self._keep_in_sight(keep)
        self.refresh()

    def _keep_in_sight(self, row: int) -> None:
        room = self.size.height - (1 if self.heading is not None else 0)
        first = round(self.scroll_y)
        if room <= 0:
            return
        if row < first or row >= first + room:
            target = max(min(row - room // 3, len(self.lines) - room), 0)
            self.scroll_to(y=target, animate=False, force=True, immediate=True)

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        width = self.size.width
        if self.heading is not None and y == 0:
            return self._strip(self.heading, width)
        index = round(self.scroll_y) + y - (1 if self.heading is not None else 0)
        line = self.lines[index] if 0 <= index < len(self.lines) else Line()
        return self._strip(line, width)

    def _strip(self, line: Line, width: int) -> Strip:
        palette, colour = self._palette()
        surface = "selected" if line.selected else "band" if line.band else self.surface
        segments = []
        for piece in line.pieces:
            role, _, own = piece.role.partition("+")
            segments.append(Segment(piece.text, style(palette, role, own or surface, piece.bold, colour)))
        blank = style(palette, "text", surface, bold=False, colour=colour)
        return Strip(segments).adjust_cell_length(width, blank)

    def _palette(self) -> tuple[str, bool]:
        app = self.app
        if app.native_ansi_color:
            return "ansi", not app.no_color
        return ("dark" if app.current_theme.dark else "light"), not app.no_color

    def line_at(self, y: int) -> Line | None:
        """The line under a row of the widget."""
        index = round(self.scroll_y) + y - (1 if self.heading is not None else 0)
        return self.lines[index] if 0 <= index < len(self.lines) else None


class Pane(LineView, can_focus=True, inherit_bindings=False):
    """A pane with a border, a title, a cursor and a number to focus it by."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "cursor(-1)", "Up", id="pane.up", tooltip="To the row above"),
        Binding("down", "cursor(1)", "Down", id="pane.down", tooltip="To the row below"),
        Binding("pageup", "page(-1)", "Page up", id="pane.page-up", tooltip="One screen up"),
        Binding("pagedown", "page(1)", "Page down", id="pane.page-down", tooltip="One screen down"),
    ]

    @dataclass
    class Chosen(Message):
        """A row or an octet was chosen; ``follow`` where it was to be followed at once."""

        pane: Pane
        target: Target
        follow: bool = False
        toggles: str = ""

    cursor: int | None = None
    """Row of a cursor of the pane's own, for panes whose rows are not the selection itself."""

    def selected_row(self) -> int | None:
        """The row that is selected."""
        if self.cursor is not None:
            return self.cursor
        return next((i for i, line in enumerate(self.lines) if line.selected), None)

    def action_cursor(self, by: int) -> None:
        """To the next row that can be chosen; where there is none, scroll."""
        rows = [i for i, line in enumerate(self.lines) if line.target is not None]
        if not rows:
            self.scroll_relative(y=by, animate=False)
            return
        at = self.selected_row()
        if at is None:
            at = rows[0] - 1 if by > 0 else rows[-1] + 1
        following = [i for i in rows if (i > at if by > 0 else i < at)]
        if not following:
            return
        row = following[0] if by > 0 else following[-1]
        target = self.lines[row].target
        if target is not None:
            self.chosen(row, target)

    def chosen(self, row: int, target: Target) -> None:
        """Say what was chosen; panes with a cursor of their own only move that."""
        self.post_message(self.Chosen(self, target))

    def action_page(self, by: int) -> None:
        """Scroll by a screen."""
        self.scroll_relative(y=by * max(self.size.height - 2, 1), animate=False)

    def on_click(self, event: events.Click) -> None:
        """Select what is under the pointer; a second click follows it."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        line = self.line_at(offset.y)
        if line is None:
            return
        target = next((t for start, end, t in line.spans if start <= offset.x < end), line.target)
        if target is None:
            return
        glyph = (
            line.toggles
            if offset.x < 30 and line.text[offset.x : offset.x + 1] in "▾▸" and line.text[offset.x : offset.x + 1]
            else ""
        )
        self.post_message(self.Chosen(self, target, follow=event.chain > 1, toggles=glyph))
