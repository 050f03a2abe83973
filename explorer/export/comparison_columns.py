"""Cells beside one another in lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from explorer.export.printable import printable


def heading(title: str) -> Iterator[str]:
    """The beginning of a section."""
    yield ""
    yield f"═══ {title}"


def cell(text: str, room: int, first: str = "", others: str = "") -> list[str]:
    """One cell's lines, with what its first line and its others begin with.

    Whatever anybody's scenario put into it is made safe before it is measured.
    """
    return wrap(printable(text), room, initial_indent=first, subsequent_indent=others) or [first.rstrip()]


def beside(*columns: list[str], widths: tuple[int, ...]) -> Iterator[str]:
    """Columns side by side; the last one needs no width."""
    for at in range(max(map(len, columns))):
        cells = [column[at] if at < len(column) else "" for column in columns]
        yield "".join(f"{text:<{size}}" for text, size in zip(cells, (*widths, 0), strict=True))
