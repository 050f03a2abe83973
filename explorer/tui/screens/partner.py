"""Beside which scenario?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from explorer.errors import ExplorerError
from explorer.lab.scenario import Scenario
from explorer.tui.partners import Beside, Partner, hold_beside
from explorer.tui.widgets.options import Options

_GROUPS = (
    (True, "Aligned with this one: message by message, key by key"),
    (False, "Others: in numbers"),
)
_KEYS = "enter runs both, esc leaves"


class PartnerScreen(ModalScreen[Beside | None]):
    """A list that what is typed narrows; dismissed with both runs side by side."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", id="partner.close", tooltip="Back to the exchange"),
        Binding("up", "list('cursor_up')", "Up", id="partner.up", tooltip="To the row above"),
        Binding("down", "list('cursor_down')", "Down", id="partner.down", tooltip="To the row below"),
        Binding("pageup", "list('page_up')", "Page up", id="partner.page-up", tooltip="One screen up"),
        Binding("pagedown", "list('page_down')", "Page down", id="partner.page-down", tooltip="One screen down"),
    ]

    def __init__(self, scenario: Scenario, seed: int, partners: list[Partner]) -> None:
        super().__init__()
        self._scenario = scenario
        self._seed = seed
        self._partners = partners

    def compose(self) -> ComposeResult:
        """What is typed, and the list under it."""
        with Vertical(id="partner") as box:
            box.border_title, box.border_subtitle = "Hold this run beside", _KEYS
            # Names and titles have nothing else in them, and a pasted control character has no business here.
            yield Input(placeholder="type to narrow the list", restrict=r"[\w ,.()-]*", select_on_focus=False)
            yield Options()

    def on_mount(self) -> None:
        """Everything, until something is typed."""
        self._narrow("")
        # The list follows keys and pointer; typing goes on wherever it is.
        self.query_one(OptionList).can_focus = False

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._narrow(event.value)

    def _narrow(self, words: str) -> None:
        found = [partner for partner in self._partners if partner.fits(words)]
        options = self.query_one(OptionList)
        options.set_options(self._options(found))
        options.highlighted = 1 if found else None
        options.scroll_to(y=0, animate=False)

    def _options(self, partners: list[Partner]) -> Iterator[Option]:
        width = max((len(partner.scenario.name) for partner in self._partners), default=0)
        for aligned, heading in _GROUPS:
            group = [partner.scenario for partner in partners if partner.aligned is aligned]
            if group:
                yield Option(Content.from_markup("[b]$heading[/b]", heading=heading), disabled=True)
            for scenario in group:
                name = f"{scenario.name:<{width}}"
                row = Content.from_markup("  [b]$name[/b]  $short", name=name, short=scenario.short)
                yield Option(row, id=scenario.name)
        if not partners:
            yield Option("  No scenario has all of this in its name or title.", disabled=True)

    def action_list(self, action: str) -> None:
        """Keys of the list, while what is typed has the focus."""
        getattr(self.query_one(OptionList), f"action_{action}")()

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.query_one(OptionList).action_select()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        partner = next((partner for partner in self._partners if partner.scenario.name == event.option.id), None)
        if partner is not None:
            self.query_one("#partner").border_subtitle = "both are running …"
            self.run_worker(self._hold(partner), exclusive=True)

    async def _hold(self, partner: Partner) -> None:
        """In another thread: a tenth of a second is seen where a key was pressed, and machines may be slower."""
        try:
            beside = await asyncio.to_thread(hold_beside, self._scenario, partner, self._seed)
        except ExplorerError as error:
            self.notify(str(error), severity="error", markup=False)
            self.query_one("#partner").border_subtitle = _KEYS
            return
        self.dismiss(beside)

    def action_close(self) -> None:
        """No comparison."""
        self.dismiss(None)
