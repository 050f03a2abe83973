"""Text from anybody, made safe for a terminal."""

from __future__ import annotations


def printable(line: str) -> str:
    """One line in which whatever is not to be seen is written as an escape, as Python writes it."""
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
