"""Two runs side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.geometry import Size
from textual.screen import Screen

from explorer.comparison.comparison import MessageOf
from explorer.tui.arrangement import (
    LEAST_HEIGHT,
    LEAST_WIDTH,
    WIDE,
    Box,
    ComparisonWish,
    arrange_comparison,
    comparison_column,
)
from explorer.tui.commands import commands_of
from explorer.tui.keys import COMPARISON_KEYS, comparison_bindings
from explorer.tui.lines import Line, Piece, between
from explorer.tui.partners import Beside
from explorer.tui.render import chrome
from explorer.tui.render import comparison as render
from explorer.tui.widgets.bars import Bar
from explorer.tui.widgets.desk import Desk
from explorer.tui.widgets.line_view import LineView, Pane
from explorer.tui.widgets.pairs_pane import PairsPane

PANES = tuple(render.TITLES)
"""Panes in the order of their numbers, from 1."""

_EDGES = 3
"""Columns of a pane that its lines do not have: its border, and the bar that shows how far one has scrolled."""


class ComparisonScreen(Screen[int | None]):
    """Draws one comparison; dismissed with the number of a message of one's own run that is to be opened."""

    BINDINGS: ClassVar[list[BindingType]] = [*comparison_bindings()]
    AUTO_FOCUS = ""

    def __init__(self, beside: Beside, message: int) -> None:
        super().__init__()
        self.comparison, self.own = beside
        self.aligned = self.comparison.aligned is not None
        self.tab = "messages" if self.aligned else "numbers"
        numbers = [of.number for of in self._own_messages()]
        # A packet is in no pair; the message before it is nearest to where one was.
        self.message = max((number for number in numbers if number <= message), default=next(iter(numbers), 0))
        self._drawn_at: Size | None = None
        self._made: dict[tuple[str, int], list[Line]] = {}

    def _own_messages(self) -> list[MessageOf]:
        aligned = self.comparison.aligned
        pairs = aligned.messages if aligned is not None else ()
        return [of for pair in pairs for of in (pair.left if self.own == "left" else pair.right)]

    def compose(self) -> ComposeResult:
        """All panes lie on the desk; the arrangement decides which are seen."""
        yield Desk(
            Bar("title"),
            Bar("tabs"),
            PairsPane("messages"),
            Pane("terms"),
            Pane("numbers"),
            Pane("names"),
            Bar("footer"),
            LineView("small"),
            arranged=arrange_comparison,
            wish=ComparisonWish(self.tab, self.aligned),
        )

    # ---------------------------------------------------------------- drawing

    def on_mount(self) -> None:
        """The first drawing comes with the first size."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self.redraw())

    def on_resize(self, _event: events.Resize) -> None:
        """Textual tells the first size several times."""
        if self._drawn_at != self.app.size:
            self.redraw()
            self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        """Once everything has its place, the focus is on the pane in front, and the chosen message in sight."""
        pane = self.query_one(f"#{self.tab}", Pane)
        if pane.display and self.focused is not pane:
            self.set_focus(pane)
        self.query_one(PairsPane).reveal_pair()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The footer belongs to the focused pane, and a narrower window will show that one."""
        if event.widget.id in PANES and event.widget.id != self.tab:
            self.tab = event.widget.id
            self._draw_bars()

    def redraw(self) -> None:
        """Bring every visible pane up to date, in one repainting."""
        with self.app.batch_update():
            self._redraw()

    def _redraw(self) -> None:
        width, height = self._drawn_at = self.app.size
        desk = self.query_one(Desk)
        if width < LEAST_WIDTH or height < LEAST_HEIGHT:
            desk.rearrange(ComparisonWish(), self.app.size)
            self.query_one("#small", LineView).show(chrome.too_small(width, height))
            return
        room = comparison_column(width, aligned=self.aligned) - _EDGES
        lines = {name: self._lines(name, room) for name in PANES}
        wish = ComparisonWish(self.tab, self.aligned, len(lines["messages"]), len(lines["numbers"]))
        desk.rearrange(wish, self.app.size)
        boxes = arrange_comparison(width, height, wish)
        for name in PANES:
            if name in boxes:
                self._draw_pane(name, lines[name], boxes[name])
        self._draw_bars()

    def _lines(self, name: str, room: int) -> list[Line]:
        if name == "messages":
            return render.message_lines(self.comparison, room, self.own, self.message)
        if (name, room) not in self._made:
            make = {"terms": render.term_lines, "numbers": render.number_lines, "names": render.name_lines}[name]
            self._made[name, room] = make(self.comparison, room)
        return self._made[name, room]

    def _draw_pane(self, name: str, lines: list[Line], box: Box) -> None:
        pane = self.query_one(f"#{name}", Pane)
        title = render.TITLES[name] if self.aligned else render.TITLES[name][2:]
        pane.entitle(title, render.below(name, self.own))
        pane.show(lines, heading=render.heading(self.comparison, box.width - _EDGES, labels=name == "numbers"))
        if isinstance(pane, PairsPane):
            pane.place_cursor(self.message)

    def _draw_bars(self) -> None:
        width = self.app.size.width
        title = [Piece("  IKE Explorer", "text", True), Piece("   Two runs side by side")]
        seed = Piece(f"seed {self.comparison.left.seed} ", "muted")
        self._bar("title").show_row(Line(between(title, [seed], width)))
        self._bar("tabs").show_row(*chrome.tabs_line(tuple(render.TITLES.items()), self.tab))
        keys = [("↑↓", "message"), ("enter", "open")] if self.tab == "messages" else [("↑↓", "scroll")]
        keys += [("tab", "pane")] if self.aligned else []
        keys += [("end", "bottom"), ("esc", "return"), ("?", "help")]
        self._bar("footer").show_row(*chrome.footer_line(keys, width))

    def _bar(self, name: str) -> Bar:
        return self.query_one(f"#{name}", Bar)

    # ---------------------------------------------------------------- moving

    def show_pane(self, name: str) -> None:
        """Bring a pane into sight and give it the focus."""
        if not self.aligned:
            name = "numbers"
        self.tab = name
        if self.app.size.width < WIDE:
            self.redraw()
        self.set_focus(self.query_one(f"#{name}", Pane))
        self._draw_bars()

    def action_digit(self, number: int) -> None:
        """To a pane by its number."""
        self.show_pane(PANES[number - 1])

    def action_next_pane(self, by: int) -> None:
        """To the pane after this one, or before it."""
        self.show_pane(PANES[(PANES.index(self.tab) + by) % len(PANES)])

    def action_edge(self, by: int) -> None:
        """To the first row, or to the last."""
        pane = self.query_one(f"#{self.tab}", Pane)
        pane.scroll_rows(by * len(pane.lines))

    @on(Pane.Chosen)
    def _chosen(self, event: Pane.Chosen) -> None:
        self.message = event.target.message
        self.redraw()
        self.query_one(PairsPane).reveal_pair()
        if event.follow:
            self.action_open()

    @on(Bar.Clicked)
    def _clicked(self, event: Bar.Clicked) -> None:
        if event.bar == "tabs":
            self.show_pane(event.part)
            return
        action = next((key.action for key in COMPARISON_KEYS if key.glyph == event.part), None)
        if action is not None:
            self.call_later(self.run_action, action)

    # ---------------------------------------------------------------- help and leaving

    def action_open(self) -> None:
        """Open the chosen message of one's own run."""
        if self.tab == "messages" and self.message:
            self.dismiss(self.message)

    def action_help(self) -> None:
        """Explain the marks and the keys."""
        from explorer.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen())

    def commands(self) -> Iterable[SystemCommand]:
        """Every key as a command of the palette."""
        return commands_of(self, COMPARISON_KEYS)

    def action_close(self) -> None:
        """Back to where one was."""
        self.dismiss(None)
