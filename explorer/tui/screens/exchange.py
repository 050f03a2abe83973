"""The workspace: every pane over one trace, with one selection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.geometry import Size
from textual.screen import Screen

from explorer.tui.arrangement import LEAST_HEIGHT, LEAST_WIDTH, MIDDLE, Wish, arrange
from explorer.tui.commands import commands_of
from explorer.tui.keys import KEYS, LESSON_KEYS, bindings, footer_keys
from explorer.tui.lines import Line, Piece, Target
from explorer.tui.render import caption, chrome, exchange, how, knowledge, message, octets
from explorer.tui.widgets.bars import Bar
from explorer.tui.widgets.caption import Caption
from explorer.tui.widgets.desk import Desk
from explorer.tui.widgets.how_pane import HowPane
from explorer.tui.widgets.line_view import LineView, Pane
from explorer.tui.workspace import Workspace

if TYPE_CHECKING:
    from textual.timer import Timer

    from explorer.lab.scenario import Scenario
    from explorer.trace.trace import Trace

PANES = ("exchange", "message", "bytes", "knowledge", "how", "lesson")
"""Panes in the order of their numbers, from 1."""

_SPEEDS = (4.0, 2.0, 1.0, 0.5, 0.25)


class ExchangeScreen(Screen[None]):
    """Steps through one trace."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]
    AUTO_FOCUS = "#message"

    def __init__(self, trace: Trace, scenario: Scenario) -> None:
        super().__init__()
        self.scenario = scenario
        self.workspace = Workspace(trace)
        self.tab = "message"
        self.zoomed = ""
        self._last_pane = "message"
        self._drawn_at: Size | None = None
        self.goto: str | None = None
        self._speed = 2
        self._timer: Timer | None = None
        self._story: object = None

    def compose(self) -> ComposeResult:
        """All panes lie on the desk; the arrangement decides which are seen."""
        yield Desk(
            Bar("title"),
            Bar("strip"),
            Caption("caption"),
            Bar("tabs"),
            Pane("exchange"),
            Pane("message"),
            Pane("bytes"),
            Pane("knowledge"),
            HowPane("how"),
            self.lesson_pane(),
            Bar("footer"),
            LineView("small"),
        )

    def lesson_pane(self) -> Pane:
        """The pane that a lesson is taken in."""
        return Pane("lesson")

    # ---------------------------------------------------------------- drawing

    def on_mount(self) -> None:
        """The first drawing comes with the first size."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self.redraw())

    def on_resize(self, _event: events.Resize) -> None:
        """A resize changes where things stand, never what is selected; Textual tells the first size several times."""
        if self._drawn_at != self.app.size:
            self.redraw()

    def on_descendant_focus(self, _event: events.DescendantFocus) -> None:
        """The footer belongs to the focused pane."""
        if self.pane_name != self._last_pane:
            self._last_pane = self.pane_name or self._last_pane
            self._draw_bars()

    @property
    def lesson_open(self) -> bool:
        """Whether a lesson is beside the exchange."""
        return False

    def wish(self) -> Wish:
        """What the arrangement should show."""
        ladder = exchange.row_count(self.workspace.trace)
        return Wish(self.tab, self.workspace.how, self.zoomed, self.lesson_open, self.lesson_panes(), ladder)

    def lesson_panes(self) -> tuple[str, ...]:
        """Panes that the lesson's step names."""
        return ()

    def redraw(self) -> None:
        """Bring every visible pane up to date, in one repainting; whatever was done, "go to" is over."""
        self.goto = None
        with self.app.batch_update():
            self._redraw()

    def _redraw(self) -> None:
        width, height = self._drawn_at = self.app.size
        if width < LEAST_WIDTH or height < LEAST_HEIGHT:
            self.query_one(Desk).rearrange(Wish(), self.app.size)
            self.query_one("#small", LineView).show(chrome.too_small(width, height))
            return
        wish = self.wish()
        seen = self.query_one(Desk).rearrange(wish, self.app.size)
        self._settle_focus(seen)
        boxes = arrange(width, height, wish)
        self.workspace.compact = "message" in boxes and boxes["message"].height < 14
        for name in seen & set(PANES):
            # A tree that is stretched further parts its names from their octets.
            self._draw_pane(name, min(boxes[name].width - 2, 78) if name == "message" else boxes[name].width - 2)
        if "caption" in seen:
            self._draw_caption(boxes["caption"].width, boxes["caption"].height)
        self._draw_bars()

    def _draw_pane(self, name: str, width: int) -> None:
        pane = self.query_one(f"#{name}", Pane)
        workspace = self.workspace
        if name == "lesson":
            self.draw_lesson(pane, width)
            return
        render = {"exchange": exchange, "message": message, "bytes": octets, "knowledge": knowledge, "how": how}[name]
        pane.entitle(*render.title(workspace))
        lines = render.lines(workspace, width)
        if isinstance(pane, HowPane):
            story = (workspace.selection, len(workspace.trail), width)
            pane.show_story(lines, fresh=story != self._story)
            self._story = story
            return
        keep = next((i for i, line in enumerate(lines) if line.selected), None)
        if name == "knowledge" and keep is None:
            keep = next((i for i, line in enumerate(lines) if line.text.startswith("+")), None)
        if name == "bytes":
            keep = octets.first_selected_row(workspace, width)
        pane.show(lines, heading=knowledge.heading(workspace, width) if name == "knowledge" else None, keep=keep)

    def draw_lesson(self, pane: Pane, width: int) -> None:
        """Lessons are drawn by the screen that has them."""

    def _draw_caption(self, width: int, height: int) -> None:
        widget = self.query_one(Caption)
        boxed = self.app.size.width >= MIDDLE
        widget.set_class(boxed, "-boxed")
        rows, where = self.caption_rows(width - (4 if boxed else 2), height - (2 if boxed else 0))
        if boxed:
            widget.entitle("What is happening", where)
        widget.show([row.indented() for row in rows])

    def caption_rows(self, width: int, height: int) -> tuple[list[Line], str]:
        """The caption, and the citation for its border."""
        return caption.lines(self.workspace, width, height)

    def _draw_bars(self) -> None:
        width = self.app.size.width
        scenario = self.scenario
        self._bar("title").show_row(chrome.title_line(self.workspace, scenario.title, scenario.short, width))
        self._bar("strip").show_row(exchange.strip(self.workspace, width))
        self._bar("tabs").show_row(*chrome.tab_line("message" if self.tab == "bytes" else self.tab, self.lesson_open))
        if self.goto is not None:
            prompt = f" go to message (1 to {len(self.workspace.trace.steps)}): {self.goto}▏   enter goes, esc leaves"
            self._bar("footer").show_row(Line([Piece(prompt, "text", True)]))
            return
        keys = self.footer_keys(width)
        self._bar("footer").show_row(*chrome.footer_line(keys, width))

    def footer_keys(self, width: int) -> list[tuple[str, str]]:
        """Keys and labels for the footer of the focused pane."""
        return footer_keys(
            self.pane_name,
            lesson=self.lesson_open,
            narrow=width < MIDDLE,
            can_return=bool(self.workspace.trail) or self.workspace.how,
            playing=self._timer is not None,
        )

    def _bar(self, name: str) -> Bar:
        return self.query_one(f"#{name}", Bar)

    # ---------------------------------------------------------------- focus

    @property
    def pane_name(self) -> str:
        """Name of the pane that has the focus."""
        focused = self.focused
        while focused is not None and focused.id not in PANES:
            parent = focused.parent
            focused = parent if isinstance(parent, Pane) else None
        return focused.id or "" if focused is not None else ""

    def _settle_focus(self, seen: set[str]) -> None:
        """The focus never stays on a pane that is no longer seen, and comes back to the one that had it."""
        if self.pane_name in seen:
            return
        wanted = ["how"] if self.workspace.how else []
        name = next((n for n in (*wanted, self._last_pane, "message", *PANES) if n in seen), "")

        def settle() -> None:
            if self.pane_name not in seen and name:
                self.set_focus(self.query_one(f"#{name}", Pane))

        self.call_after_refresh(settle)

    def show_pane(self, name: str) -> None:
        """Bring a pane into sight and give it the focus."""
        if name == "lesson" and not self.lesson_open:
            return
        self.tab = name
        if name in ("message", "bytes"):
            self.workspace.how = False
        elif name == "how" and self.app.size.width < 190:
            self.workspace.how = True
        if self.zoomed:
            self.zoomed = name
        self.redraw()
        pane = self.query_one(f"#{name}", Pane)
        if pane.display:
            self.set_focus(pane)
        self._draw_bars()

    def action_digit(self, number: int) -> None:
        """A digit goes to a pane, or completes "go to"."""
        if self.goto is not None:
            self._goto_digit(str(number))
        elif 1 <= number <= len(PANES):
            self.show_pane(PANES[number - 1])

    def action_next_pane(self, by: int) -> None:
        """To the next pane that can be seen; on a narrow screen, to the next tab."""
        panes = [name for name in PANES if name != "lesson" or self.lesson_open]
        if self.app.size.width >= MIDDLE and not self.zoomed:
            panes = [name for name in panes if self.query_one(f"#{name}", Pane).display]
        if self.pane_name in panes:
            self.show_pane(panes[(panes.index(self.pane_name) + by) % len(panes)])
        elif panes:
            self.show_pane(panes[0])

    def action_zoom(self) -> None:
        """One pane alone, or all again."""
        self.zoomed = "" if self.zoomed else self.pane_name
        self.redraw()

    # ---------------------------------------------------------------- moving

    def moved(self) -> None:
        """Called after every move, by whatever key."""
        self.redraw()

    def action_next_message(self) -> None:
        """To the next message."""
        if self.workspace.next_message():
            self.moved()

    def action_previous_message(self) -> None:
        """To the previous message."""
        if self.workspace.previous_message():
            self.moved()

    def action_move_event(self, by: int) -> None:
        """To the next or the previous event."""
        if self.workspace.move_event(by):
            self.moved()

    def action_first(self) -> None:
        """To the first message."""
        self.workspace.go_to_message(1)
        self.moved()

    def action_last(self) -> None:
        """To the last message."""
        self.workspace.go_to_message(len(self.workspace.trace.steps))
        self.moved()

    def action_goto(self) -> None:
        """Ask for a number."""
        self.goto = ""
        self._draw_bars()

    def _goto_digit(self, digit: str) -> None:
        typed = f"{self.goto}{digit}".lstrip("0")
        most = len(self.workspace.trace.steps)
        if typed and int(typed) > most:
            return
        self.goto = typed
        self._draw_bars()

    def _goto_done(self) -> None:
        number, self.goto = self.goto, None
        if number:
            self.workspace.go_to_message(int(number))
        self.moved()

    def action_escape(self) -> None:
        """Leave "go to", a pane alone, or the play."""
        if self.goto is not None:
            self.goto = None
        elif self._timer is not None:
            self._pause()
        elif self.zoomed:
            self.zoomed = ""
        self.redraw()

    def action_play(self) -> None:
        """Play event by event, or pause."""
        if self._timer is not None:
            self._pause()
        else:
            if self.workspace.at == len(self.workspace.trace) - 1:
                self.workspace.go_to_event(0)
                self.moved()
            self._timer = self.set_interval(_SPEEDS[self._speed], self._beat)
        self._draw_bars()

    def _pause(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = None
        self._draw_bars()

    def _beat(self) -> None:
        if self.workspace.move_event(1):
            self.moved()
        else:
            self._pause()

    def action_speed(self, by: int) -> None:
        """Play faster or slower."""
        self._speed = min(max(self._speed + by, 0), len(_SPEEDS) - 1)
        self.notify(f"{_SPEEDS[self._speed]:g} seconds an event", timeout=1.5)
        if self._timer is not None:
            self._timer.stop()
            self._timer = self.set_interval(_SPEEDS[self._speed], self._beat)

    # ---------------------------------------------------------------- selecting and following

    @on(Pane.Chosen)
    def _chosen(self, event: Pane.Chosen) -> None:
        if event.toggles:
            self._toggle(event.toggles)
        elif isinstance(event.pane, HowPane):
            if not event.follow:
                event.pane.choose(event.target)
                return
            self._follow_target(event.target)
        else:
            self.workspace.select(event.target)
            if event.follow:
                self.action_follow()
        self.redraw()

    @on(Bar.Picked)
    def _picked(self, event: Bar.Picked) -> None:
        self.workspace.select(event.target)
        self.moved()

    @on(Bar.Clicked)
    def _clicked(self, event: Bar.Clicked) -> None:
        if event.bar == "tabs":
            self.show_pane(event.part)
            return
        action = next((key.action for key in (*KEYS, *LESSON_KEYS) if key.glyph == event.part), None)
        if action is not None:
            self.call_later(self.run_action, action)
        elif event.part == "ctrl+p":
            self.app.action_command_palette()

    def action_follow(self) -> None:
        """Enter: what it does depends on the pane."""
        if self.goto is not None:
            self._goto_done()
            return
        pane = self.pane_name
        if pane == "how":
            target = self.query_one(HowPane).target()
            if target is not None:
                self._follow_target(target)
        elif pane == "exchange":
            self.show_pane("message")
        elif self.workspace.selection.key is not None and self.workspace.follow(pane):
            self.show_pane("how")
        else:
            self._toggle_selected()
        self.redraw()

    def _follow_target(self, target: Target) -> None:
        if target.message and target.place is not None:
            self.workspace.follow_place(target.place, self.pane_name)
            self.show_pane("message")
        elif target.key is not None:
            self.workspace.follow_key(target.key, self.pane_name)

    def _toggle_selected(self) -> None:
        row = next((line for line in self.query_one("#message", Pane).lines if line.selected), None)
        if row is not None and row.toggles:
            self._toggle(row.toggles)
        elif self.workspace.selected_field() is not None:
            # A field that is no term still has a story: what it is and why it is there.
            self.show_pane("how")

    def _toggle(self, node: str) -> None:
        buffer, start, end, spec = node.split("/")
        tree = self.workspace.tree(buffer)
        for field in tree.root.walk():
            if (str(field.start), str(field.end), field.spec.key) == (start, end, spec):
                self.workspace.toggle(buffer, field)
                return

    def action_back(self) -> None:
        """Backspace: to where the last follow started."""
        spot = self.workspace.back()
        if spot is not None:
            self.show_pane(spot.pane or "message")
        elif self.tab == "how":
            self.show_pane("message")

    def action_layer(self, by: int) -> None:
        """Datagram, decrypted."""
        if self.workspace.switch_layer(by):
            self.redraw()

    def action_copy(self) -> None:
        """The proof command where How it is made is in front, the octets everywhere else."""
        workspace, text, what = self.workspace, "", ""
        key, field = workspace.selection.key, workspace.selected_field()
        if key is not None:
            term = workspace.trace.links.first(key)
            derived = next((t for _, _, t in workspace.trace.links.formulas(key)), term)
            command = derived.command()
            if self.pane_name == "how" and command is not None:
                text, what = command, f"the command that proves {key.symbol}"
            else:
                text, what = term.octets.hex(), f"{len(term.octets)} octets of {key.symbol}"
        elif field is not None:
            place = workspace.selection.place
            data = workspace.tree(place.buffer if place else None).buffer.octets[field.start : field.end]
            text, what = data.hex(), f"{len(data)} octets of {field.spec.label}"
        if text:
            self.app.copy_to_clipboard(text)
            self.notify(f"Copied {what}", timeout=2)

    # ---------------------------------------------------------------- comparison and help

    def action_compare(self) -> None:
        """Hold this run beside that of another scenario."""
        # Nothing of comparisons is imported before somebody wants one: the first frame comes sooner.
        from explorer.tui.comparing import begin_comparison

        self._pause()
        begin_comparison(self)

    def action_help(self) -> None:
        """Explain what is selected, the marks, and the keys."""
        from explorer.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.workspace))

    def action_lessons(self) -> None:
        """Lessons open where there are any."""

    def action_quit(self) -> None:
        """Leave."""
        self.app.exit()

    def commands(self) -> Iterable[SystemCommand]:
        """Every key as a command of the palette."""
        return commands_of(self, KEYS)
