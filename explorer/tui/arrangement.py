"""Where each pane stands at each size: a pure function, so that every size can be tested without an app."""

from __future__ import annotations

from typing import NamedTuple

LEAST_WIDTH, LEAST_HEIGHT = 80, 24
MIDDLE, WIDE = 110, 190
"""From these widths on there are two, and three, columns."""

_LEFT, _LEFT_WIDE, _MIDDLE_WIDE, _LESSON = 44, 56, 80, 44
_RIGHT_ENOUGH, _LEFT_MOST = 64, 110
"""What is left over beside a right column of this width is the ladder's, up to its longest rows."""


class Box(NamedTuple):
    """A rectangle in cells."""

    x: int
    y: int
    width: int
    height: int


class Wish(NamedTuple):
    """What the arrangement depends on, besides the size.

    Attributes:
        tab: the pane that a narrow screen shows.
        how: whether How it is made takes the place of Message and Bytes.
        zoom: the one pane to show alone, or ``""``.
        lesson: whether a lesson is open.
        lesson_panes: the panes that the lesson's step names.
        ladder: rows that the ladder has.
    """

    tab: str = "message"
    how: bool = False
    zoom: str = ""
    lesson: bool = False
    lesson_panes: tuple[str, ...] = ()
    ladder: int = 16


def arrange(width: int, height: int, wish: Wish) -> dict[str, Box]:
    """The boxes of everything that is to be seen, by name."""
    boxes = {"title": Box(0, 0, width, 1), "footer": Box(0, height - 1, width, 1)}
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return {"small": Box(0, 0, width, height)}
    if wish.zoom:
        boxes["strip"] = Box(0, 1, width, 1)
        boxes[wish.zoom] = Box(0, 2, width, height - 3)
        return boxes
    if width < MIDDLE:
        return {**boxes, **_narrow(width, height, wish)}
    if width < WIDE:
        return {**boxes, **(_with_lesson(width, height, wish) if wish.lesson else _two_columns(width, height, wish))}
    return {**boxes, **_three_columns(width, height, wish)}


def _narrow(width: int, height: int, wish: Wish) -> dict[str, Box]:
    boxes = {"strip": Box(0, 1, width, 1)}
    if wish.tab == "lesson":
        boxes["lesson"] = Box(0, 2, width, height - 3)
        return boxes
    boxes |= {"caption": Box(0, 2, width, 5), "tabs": Box(0, 7, width, 1)}
    room = height - 9
    if wish.tab in ("message", "bytes"):
        top = (room + 1) // 2
        boxes["message"] = Box(0, 8, width, top)
        boxes["bytes"] = Box(0, 8 + top, width, room - top)
    else:
        boxes[wish.tab] = Box(0, 8, width, room)
    return boxes


def _two_columns(width: int, height: int, wish: Wish) -> dict[str, Box]:
    room, right = height - 2, width - _LEFT
    exchange = min(22, max(18, wish.ladder + 2))
    exchange = min(exchange, room - 8)
    octets = 12 if height >= 34 else 8
    boxes = {
        "exchange": Box(0, 1, _LEFT, exchange),
        "knowledge": Box(0, 1 + exchange, _LEFT, room - exchange),
        "caption": Box(_LEFT, 1, right, 9),
    }
    below = room - 9
    if wish.how:
        boxes["how"] = Box(_LEFT, 10, right, below)
    else:
        boxes["message"] = Box(_LEFT, 10, right, below - octets)
        boxes["bytes"] = Box(_LEFT, 10 + below - octets, right, octets)
    return boxes


def _with_lesson(width: int, height: int, wish: Wish) -> dict[str, Box]:
    """The strip takes the ladder's place, and the step says which one or two panes it needs."""
    left, room = width - _LESSON, height - 3
    boxes = {"strip": Box(0, 1, width, 1), "lesson": Box(left, 2, _LESSON, room)}
    panes = ("how",) if wish.how else wish.lesson_panes[:2] or ("message",)
    if len(panes) == 1:
        boxes[panes[0]] = Box(0, 2, left, room)
    else:
        top = min(20, room // 2) if panes[0] != "exchange" else min(wish.ladder + 2, room // 2 + 2)
        boxes[panes[0]] = Box(0, 2, left, top)
        boxes[panes[1]] = Box(0, 2 + top, left, room - top)
    return boxes


def _three_columns(width: int, height: int, wish: Wish) -> dict[str, Box]:
    room = height - 2
    exchange = min(22, max(18, wish.ladder + 2), room - 8)
    caption = 10 if height >= 34 else 9
    octets = min(24, max(8, room - caption - 12))
    left = max(_LEFT_WIDE, min(width - _MIDDLE_WIDE - _RIGHT_ENOUGH, _LEFT_MOST))
    right = left + _MIDDLE_WIDE
    boxes = {
        "exchange": Box(0, 1, left, exchange),
        "knowledge": Box(0, 1 + exchange, left, room - exchange),
        "caption": Box(left, 1, _MIDDLE_WIDE, caption),
        "message": Box(left, 1 + caption, _MIDDLE_WIDE, room - caption - octets),
        "bytes": Box(left, 1 + room - octets, _MIDDLE_WIDE, octets),
    }
    if wish.lesson:
        how = min(26, room // 2)
        boxes["lesson"] = Box(right, 1, width - right, room - how)
        boxes["how"] = Box(right, 1 + room - how, width - right, how)
    else:
        boxes["how"] = Box(right, 1, width - right, room)
    return boxes


class ComparisonWish(NamedTuple):
    """What the arrangement of a comparison depends on, besides the size.

    Attributes:
        tab: the pane that is shown where there is room for one.
        aligned: whether there are pairs; without them there are only numbers.
        messages: rows that the pairs of messages take in a wide window.
        numbers: rows that the numbers take there.
    """

    tab: str = "messages"
    aligned: bool = True
    messages: int = 30
    numbers: int = 40


def comparison_column(width: int, *, aligned: bool) -> int:
    """How wide a pane of a comparison is."""
    if width < WIDE:
        return width
    return width // 2 if aligned else min(width, 132)


def arrange_comparison(width: int, height: int, wish: ComparisonWish) -> dict[str, Box]:
    """The boxes of a comparison: one pane at a time, or all four where the window is wide."""
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return {"small": Box(0, 0, width, height)}
    boxes = {"title": Box(0, 0, width, 1), "footer": Box(0, height - 1, width, 1)}
    column = comparison_column(width, aligned=wish.aligned)
    if not wish.aligned:
        boxes["numbers"] = Box((width - column) // 2, 1, column, height - 2)
    elif width < WIDE:
        boxes |= {"tabs": Box(0, 1, width, 1), wish.tab: Box(0, 2, width, height - 3)}
    else:
        room = height - 2
        # Border and heading are three rows more; whatever is below keeps enough to be read in, half if need be.
        left, right = (
            min(rows + 3, room - min(least, room // 2)) for rows, least in ((wish.messages, 16), (wish.numbers, 10))
        )
        boxes["messages"] = Box(0, 1, column, left)
        boxes["terms"] = Box(0, 1 + left, column, room - left)
        boxes["numbers"] = Box(column, 1, width - column, right)
        boxes["names"] = Box(column, 1 + right, width - column, room - right)
    return boxes
