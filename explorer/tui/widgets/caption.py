"""What is happening: boxed where there is room, a bar at its left where there is not."""

from __future__ import annotations

from explorer.tui.widgets.line_view import Pane


class Caption(Pane, can_focus=False):
    """The sentence above the panes; never focused."""
