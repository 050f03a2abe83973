"""The one widget behind all panes: lines in, clicks and cursor moves out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from explorer.tui.lines import Line, Target
from explorer.tui.theme import Palette, style

if TYPE_CHECKING:
    from explorer.tui.app import ExplorerApp

_WHEEL = 3
"""Rows that one notch of the wheel moves."""


class LineView(Widget):
    """Draws lines, and repaints only the rows that changed.

    It scrolls by itself, since a change of what can be scrolled must not lay out the whole screen.
    """

    surface = "pane"

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self.lines: list[Line] = []
        self.heading: Line | None = None
        self.top = 0
        self._keep: int | None = None
        self._drawn: Palette | None = None

    @property
    def room(self) -> int:
        """Rows for lines."""
        return max(self.size.height - (1 if self.heading is not None else 0), 0)

    def show(self, lines: list[Line], *, heading: Line | None = None, keep: int | None = None) -> None:
        """Draw these lines and bring row ``keep`` into sight."""
        before, palette = self.lines, self._palette()
        same_frame = heading == self.heading and palette == self._drawn
        self.lines, self.heading, self._keep, self._drawn = lines, heading, keep, palette
        moved = self._settle()
        if moved or not same_frame or len(before) != len(lines):
            self.refresh()
            return
        offset = 1 if heading is not None else 0
        changed = [
            Region(0, row - self.top + offset, self.size.width, 1)
            for row in range(self.top, min(self.top + self.room, len(lines)))
            if before[row] != lines[row]
        ]
        if changed:
            self.refresh(*changed)

    def _settle(self) -> bool:
        """Scroll as little as brings the wanted row into sight; tells whether that moved anything."""
        top, room = self.top, self.room
        if self._keep is not None and room and not top <= self._keep < top + room:
            top = self._keep - room // 3
        top = max(min(top, len(self.lines) - room), 0)
        moved, self.top = top != self.top, top
        return moved

    def on_resize(self) -> None:
        """The wanted row stays in sight."""
        if self._settle():
            self.refresh()

    def scroll_rows(self, by: int) -> None:
        """Scroll by hand."""
        top = max(min(self.top + by, len(self.lines) - self.room), 0)
        if top != self.top:
            self.top = top
            self.refresh()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel scrolls what is under it."""
        event.stop()
        self.scroll_rows(_WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel scrolls what is under it."""
        event.stop()
        self.scroll_rows(-_WHEEL)

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        width, height = self.size
        offset = 1 if self.heading is not None else 0
        if self.heading is not None and y == 0:
            return self._strip(self.heading, width, "")
        line = self.line_at(y)
        return self._strip(line if line is not None else Line(), width, self._thumb(y - offset, height - offset))

    def _thumb(self, row: int, room: int) -> str:
        """The last column of a row, where there is more than fits: a thin bar shows which part is seen."""
        total = len(self.lines)
        if total <= room or room <= 0:
            return ""
        size = max(room * room // total, 1)
        first = round((room - size) * self.top / (total - room))
        return "┃" if first <= row < first + size else "│"

    def _strip(self, line: Line, width: int, thumb: str) -> Strip:
        palette = self._drawn or self._palette()
        surface = "selected" if line.selected else "band" if line.band else self.surface
        segments = []
        for piece in line.pieces:
            role, _, own = piece.role.partition("+")
            segments.append(Segment(piece.text, style(palette, role, own or surface, piece.bold)))
        blank = style(palette, "text", surface, bold=False)
        if not thumb:
            return Strip(segments).adjust_cell_length(width, blank)
        bar = Segment(thumb, style(palette, "muted" if thumb == "┃" else "border", self.surface, bold=False))
        return Strip.join([Strip(segments).adjust_cell_length(width - 1, blank), Strip([bar], 1)])

    def _palette(self) -> Palette:
        app: ExplorerApp = self.app  # type: ignore[assignment]
        return app.palette

    def line_at(self, y: int) -> Line | None:
        """The line under a row of the widget."""
        index = self.top + y - (1 if self.heading is not None else 0)
        return self.lines[index] if 0 <= index < len(self.lines) else None


class Pane(LineView, can_focus=True):
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

    def entitle(self, title: str, below: str) -> None:
        """Set heading and lower border, which repaints the whole pane, only if they changed."""
        if (title, below) != self._titles:
            self._titles = (title, below)
            self.border_title, self.border_subtitle = plain(title), plain(below) if below else None

    _titles = ("", "")
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
            self.scroll_rows(by)
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
        self.scroll_rows(by * max(self.room - 1, 1))

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


def plain(text: str) -> str:
    """Border titles are read as markup; what comes from a trace must not be."""
    return text.replace("[", "\\[")
