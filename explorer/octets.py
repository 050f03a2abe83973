"""Octets with an address: how a range on the wire becomes the origin of a term.

``wire`` speaks of buffers and spans, ``crypto`` of terms; this module is all that both know.
"""

from __future__ import annotations

from typing import NamedTuple


class Buffer:
    """A run of octets that has a name and, if it came out of another one, a parent.

    Compared by identity: two equal datagrams are two buffers.

    Attributes:
        name: ``datagram`` for what travelled, ``decrypted`` for what was inside.
        octets: the content.
        parent: the encrypted range this was decrypted from, or ``None``.
    """

    __slots__ = ("name", "octets", "parent")

    def __init__(self, name: str, octets: bytes, parent: Span | None = None) -> None:
        self.name = name
        self.octets = octets
        self.parent = parent

    def __repr__(self) -> str:
        return f"Buffer({self.name!r}, {len(self.octets)} octets)"


class Span(NamedTuple):
    """The octets ``start`` up to, not including, ``end`` of one buffer."""

    buffer: Buffer
    start: int
    end: int

    @property
    def octets(self) -> bytes:
        """The octets themselves."""
        return self.buffer.octets[self.start : self.end]
