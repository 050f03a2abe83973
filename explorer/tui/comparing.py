"""From the exchange to a comparison and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.errors import ExplorerError
from explorer.tui.partners import Beside, find_partners
from explorer.tui.screens.comparison import ComparisonScreen
from explorer.tui.screens.partner import PartnerScreen

if TYPE_CHECKING:
    from explorer.tui.screens.exchange import ExchangeScreen


def begin_comparison(screen: ExchangeScreen) -> None:
    """Ask beside which scenario, show both, and come back to where one was or to the message that was chosen."""
    app, workspace = screen.app, screen.workspace

    def compared(beside: Beside | None) -> None:
        if beside is not None:
            app.push_screen(ComparisonScreen(beside, workspace.step.number), returned)

    def returned(message: int | None) -> None:
        if message is None:
            screen.redraw()
        else:
            workspace.go_to_message(message)
            screen.show_pane("message")

    try:
        partners = find_partners(screen.scenario)
    except ExplorerError as error:
        screen.notify(str(error), severity="error", markup=False)
        return
    app.push_screen(PartnerScreen(screen.scenario, workspace.trace.seed, partners), compared)
