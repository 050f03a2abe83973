"""The smallest Textual app that paints something and changes it on a key: what ours is measured against."""

from __future__ import annotations

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Static


class BareApp(App[None]):
    """One Static, updated on every key."""

    presses = 0

    def compose(self) -> ComposeResult:
        yield Static("bare app")

    def on_key(self, event: events.Key) -> None:
        if event.key == "q":
            self.exit()
        self.presses += 1
        self.query_one(Static).update(f"bare app {self.presses}")


if __name__ == "__main__":
    BareApp().run()
