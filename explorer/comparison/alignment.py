"""Authored alignments: which messages and terms of one scenario stand for which of another, from content files."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from explorer.content import content_folder
from explorer.tables import read_tables


class NamePair(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What the two sides call one thing; ``says`` is what differs, where something does."""

    left: str
    right: str
    says: str = ""


class MessagePair(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Messages that do the same work, by number; one side may have none.  ``says`` is what differs."""

    left: tuple[int, ...]
    right: tuple[int, ...]
    says: str


class TermPair(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Terms with the same part to play, as ``scope/symbol``; one side may have none.

    A scope is written in full, such as ``IKE SA``; by how the first of its kind begins, such as ``Quick Mode``; or as
    ``@12``, the scope of message 12, since names of scopes may hold numbers that change with the seed.
    """

    left: tuple[str, ...]
    right: tuple[str, ...]
    says: str = ""


class Alignment(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Two scenarios, by name, and their pairs."""

    left: str
    right: str
    names: tuple[NamePair, ...]
    messages: tuple[MessagePair, ...]
    terms: tuple[TermPair, ...]

    def turned(self) -> Alignment:
        """The same with its sides exchanged."""
        return Alignment(
            self.right,
            self.left,
            tuple(NamePair(pair.right, pair.left, pair.says) for pair in self.names),
            tuple(MessagePair(pair.right, pair.left, pair.says) for pair in self.messages),
            tuple(TermPair(pair.right, pair.left, pair.says) for pair in self.terms),
        )


def alignment_files() -> list[Path]:
    """Every shipped alignment."""
    return sorted((content_folder() / "comparisons").glob("*.toml"))


def find_alignment(left: str, right: str) -> Alignment | None:
    """The alignment of two shipped scenarios, whichever way round it was written.

    Raises:
        ExplorerError: a content file is not as it should be.
    """
    for path in alignment_files():
        alignment = read_alignment(path)
        if (alignment.left, alignment.right) == (left, right):
            return alignment
        if (alignment.right, alignment.left) == (left, right):
            return alignment.turned()
    return None


def partners_of(name: str) -> tuple[str, ...]:
    """The scenarios that a shipped one is aligned with, whichever side each stands on.

    Raises:
        ExplorerError: a content file is not as it should be.
    """
    return tuple(other for pair in aligned_pairs() for one, other in (pair, pair[::-1]) if one == name)


@cache
def aligned_pairs() -> tuple[tuple[str, str], ...]:
    """The names of all scenarios that are aligned; the files are read once.

    Raises:
        ExplorerError: a content file is not as it should be.
    """
    return tuple((alignment.left, alignment.right) for alignment in map(read_alignment, alignment_files()))


def read_alignment(path: Path) -> Alignment:
    """Read one file.

    Raises:
        ExplorerError: one line that names file and what was expected.
    """
    return read_tables(path, Alignment)
