"""The app: one screen over one trace, in the colours of its theme."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, SystemCommand
from textual.screen import Screen
from textual.theme import Theme

from explorer.tui.commands import HasCommands
from explorer.tui.screens.study import StudyScreen
from explorer.tui.theme import ROLES, SURFACES, Palette
from explorer.tui.widgets import options

if TYPE_CHECKING:
    from explorer.lab.scenario import Scenario
    from explorer.trace.trace import Trace


def _theme(name: str, palette: str) -> Theme:
    roles, surfaces = ROLES[palette], SURFACES[palette]
    return Theme(
        name=name,
        primary=roles["initiator"],
        secondary=roles["responder"],
        accent=roles["derived"],
        warning=roles["secret"],
        error=roles["encrypted"],
        success=roles["derived"],
        foreground=roles["text"],
        background=surfaces["app"],
        surface=surfaces["pane"],
        panel=surfaces["band"],
        dark=palette == "dark",
        variables={
            "ike-border": roles["border"],
            "ike-text": roles["text"],
            "ike-muted": roles["muted"],
            "ike-app": surfaces["app"],
            "ike-pane": surfaces["pane"],
            "ike-selected": surfaces["selected"],
            "border-blurred": roles["border"],
        },
    )


THEMES = (_theme("ike-dark", "dark"), _theme("ike-light", "light"))


class ExplorerApp(App[None]):
    """IKE Explorer in a terminal."""

    TITLE = "IKE Explorer"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING: ClassVar[str] = "ctrl+p"

    def __init__(self, trace: Trace, scenario: Scenario, draw_seed: Callable[[], int]) -> None:
        # Under NO_COLOR the terminal's own two colours are all there is.
        super().__init__(ansi_color=True if os.environ.get("NO_COLOR") is not None else None)
        self.trace = trace
        self.scenario = scenario
        self.draw_seed = draw_seed
        self._palette: Palette | None = None
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = "ansi-dark" if self.no_color else "ike-dark"
        self.set_class(self.no_color, "-plain")

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own variables under every other theme: by whether that theme is dark."""
        if self.native_ansi_color or self.no_color:
            # The terminal's own colours: what they are, only the person in front of it knows.
            names = ("ike-border", "ike-text", "ike-muted", "ike-app", "ike-pane", "ike-selected")
            return dict.fromkeys(names, "ansi_default")
        palette = "dark" if self.current_theme.dark else "light"
        roles, surfaces = ROLES[palette], SURFACES[palette]
        return {
            "ike-border": roles["border"],
            "ike-text": roles["text"],
            "ike-muted": roles["muted"],
            "ike-app": surfaces["app"],
            "ike-pane": surfaces["pane"],
            "ike-selected": surfaces["selected"],
        }

    @property
    def palette(self) -> Palette:
        """The colours of the present theme; asked for on every repainting, so it is kept."""
        if self._palette is None:
            name = "ansi" if self.native_ansi_color else "dark" if self.current_theme.dark else "light"
            self._palette = Palette(name, not self.no_color)
        return self._palette

    def watch_theme(self, _name: str) -> None:
        """Another theme, other colours."""
        self._palette = None

    def on_ready(self) -> None:
        """The first frame is painted: from now on garbage is looked for again, but not among what is here to stay."""
        gc.freeze()
        gc.enable()

    def get_default_screen(self) -> Screen[None]:
        """The exchange; there is no home yet."""
        return StudyScreen(self.trace, self.scenario, self.draw_seed)

    def action_command_palette(self) -> None:
        """Everything by name."""
        if not isinstance(self.screen, options.Palette):
            self.push_screen(options.Palette(id="--command-palette"))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What Textual offers, and every key of ours."""
        # Keys and Maximize are done our own way: "?" and "z".
        for command in super().get_system_commands(screen):
            if command.title not in ("Keys", "Maximize", "Minimize"):
                yield command
        if isinstance(screen, HasCommands):
            yield from screen.commands()


def run_app(trace: Trace, scenario: Scenario, draw_seed: Callable[[], int]) -> None:
    """Open the app on a run, until the person leaves.

    Args:
        draw_seed: gives the fresh seeds that lessons ask for.
    """
    ExplorerApp(trace, scenario, draw_seed).run()
