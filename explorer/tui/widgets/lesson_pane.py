"""The lesson's pane: shows a step, and takes typed answers while it has the focus."""

from __future__ import annotations

from textual import events
from textual.message import Message

from explorer.tui.widgets.line_view import Pane

_TYPED = "0123456789abcdefABCDEFxX"


class LessonPane(Pane):
    """Digits belong to the answer here, not to the panes, as long as something is to be typed."""

    class Typed(Message):
        """A character was typed; ``""`` takes the last one back."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    takes_text = False

    def on_key(self, event: events.Key) -> None:
        """Characters of an answer; everything else is a key like any other."""
        if not self.takes_text:
            return
        if event.key == "backspace":
            text = ""
        elif event.character is not None and event.character in _TYPED:
            text = event.character
        elif event.key == "space":
            text = " "
        else:
            return
        event.stop()
        event.prevent_default()
        self.post_message(self.Typed(text))

    def on_paste(self, event: events.Paste) -> None:
        """A pasted answer; only what could have been typed."""
        if self.takes_text:
            event.stop()
            self.post_message(self.Typed("".join(c for c in event.text if c in _TYPED + " ")[:600]))
