"""Proof commands that are a small program: shown line by line, so that a reader can follow them."""

from __future__ import annotations

from collections.abc import Iterable


def script(*lines: str) -> str:
    """A shell command that hands these lines to Python; none of them may have a single quote in it."""
    return "printf '%s\\n' " + " ".join(f"'{line}'" for line in lines) + " | python3 -"


def lines_of(source: str) -> Iterable[str]:
    """The lines of a program that stands in a string."""
    return source.strip("\n").split("\n")


def assigned(**values: bytes) -> list[str]:
    """A line for each value, as octets in hex."""
    return [f'{name} = bytes.fromhex("{value.hex()}")' for name, value in values.items()]
