"""The base of every registry: an integer that knows its name, its meaning and its source."""

from __future__ import annotations

from enum import IntEnum
from typing import Self


class Number(IntEnum):
    """One assigned number.

    Members are written ``NAME = value, label, meaning, citation``.  A value that nobody assigned is
    not a member and stays the plain integer that it was, so that it encodes back to itself;
    :meth:`say` finds words for it all the same.
    """

    label: str
    meaning: str
    citation: str

    def __new__(cls, value: int, label: str, meaning: str, citation: str) -> Self:
        """Keep the words beside the number."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.label = label
        member.meaning = meaning
        member.citation = citation
        return member

    @classmethod
    def find(cls, value: int) -> Self | None:
        """The member with this value, or ``None``; a dictionary look-up, never an exception."""
        member = cls._value2member_map_.get(value)
        return member if isinstance(member, cls) else None

    @classmethod
    def say(cls, value: int) -> str:
        """``4 Key Exchange`` for an assigned value, ``200 unassigned`` or the like for any other."""
        member = cls.find(value)
        return f"{value} {member.label if member is not None else cls.unnamed(value)}"

    @classmethod
    def name_of(cls, value: int) -> str:
        """``Key Exchange`` for an assigned value, the bare number for any other."""
        member = cls.find(value)
        return member.label if member is not None else str(value)

    @classmethod
    def unnamed(cls, value: int) -> str:
        """What to call a value that has no member; registries with a private range override this."""
        return "unassigned"
