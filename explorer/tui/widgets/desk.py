"""The surface on which all panes lie, each where the arrangement wants it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.geometry import Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from explorer.tui.arrangement import Box, Wish, arrange

if TYPE_CHECKING:
    from textual.geometry import Offset

_NO_SPACING = Spacing(0, 0, 0, 0)

Arrange = Callable[[int, int, Any], dict[str, Box]]
"""From width, height and what a screen wishes, in its own words, to boxes."""


class DeskLayout(Layout):
    """Puts each child into the box of its name."""

    name = "desk"

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        """The placements of all children that have a box."""
        parent.pre_layout(self)
        boxes = self._desk.arranged(size.width, size.height, self._desk.wish)
        nowhere: Offset = Region(0, 0, 0, 0).offset
        return [
            WidgetPlacement(Region(*boxes[child.id]), nowhere, _NO_SPACING, child)
            for child in children
            if child.id in boxes
        ]


class Desk(Widget):
    """Holds the panes; what does not fit the present arrangement is not displayed."""

    DEFAULT_CSS = "Desk { width: 1fr; height: 1fr; }"

    def __init__(self, *children: Widget, arranged: Arrange = arrange, wish: object = Wish()) -> None:
        super().__init__(*children, id="desk")
        self.arranged = arranged
        self.wish = wish
        self._desk_layout = DeskLayout(self)

    @property
    def layout(self) -> Layout:
        """Always the desk's own."""
        return self._desk_layout

    def rearrange(self, wish: object, size: Size) -> set[str]:
        """Display what the wish asks for at this size; returns the names of what is seen."""
        changed = wish != self.wish
        self.wish = wish
        boxes = self.arranged(size.width, size.height, wish)
        for child in self.children:
            wanted = child.id in boxes
            if child.display != wanted:
                child.display = wanted
                changed = True
        if changed:
            self.refresh(layout=True)
        return set(boxes)
