"""What is happening: boxed where there is room, a bar at its left where there is not."""

from __future__ import annotations

from explorer.tui.widgets.line_view import LineView


class Caption(LineView):
    """The sentence above the panes; never scrolled, never focused."""

    can_focus = False
    DEFAULT_CSS = "Caption { overflow-y: hidden; }"
