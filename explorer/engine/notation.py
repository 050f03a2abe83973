"""RFC notation as data: ``HDR*, HASH(1), SA, Ni [, KE ] [, IDci, IDcr ]``."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple


class Word(NamedTuple):
    """One word of RFC notation: ``Ni`` is a Nonce payload whose body is the term ``Ni_b``.

    Attributes:
        text: as the RFC writes it.
        payload_type: number of the payload that it stands for.
        symbol: the term that is the payload's body, without the generic header (RFC 2409 §3.2).
        checked: whether the receiver computes the value itself and compares, rather than believe it.
        sealed: symbol of the term that the body is the ciphertext of, where it is one.
    """

    text: str
    payload_type: int
    symbol: str
    checked: bool = False
    sealed: str = ""


class Group(NamedTuple):
    """Words that are there together, or, if ``optional``, not at all."""

    words: tuple[str, ...]
    optional: bool


@dataclass(frozen=True)
class Notation:
    """A message in RFC notation.

    Attributes:
        encrypted: whether the header is written ``HDR*``.
        either: whether it is written ``HDR(*)``: sent encrypted, and taken in the clear too.
        groups: the words in order.
    """

    encrypted: bool
    either: bool
    groups: tuple[Group, ...]

    @staticmethod
    @cache
    def parse(text: str) -> Notation:
        """Read the notation of a transition row."""
        sealed = "SK {" in text  # RFC 7296 writes HDR, SK {…} for what RFC 2409 writes HDR*, …
        parts = re.split(r"(\[[^]]*\])", text.replace("SK {", "").replace("}", ""))
        found = [Group(_words(part.strip("[]")), part.startswith("[")) for part in parts]
        head = _words(parts[0])[:1]
        groups = [Group(tuple(w for w in words if not w.startswith("HDR")), optional) for words, optional in found]
        encrypted = sealed or head in (("HDR*",), ("HDR(*)",))
        return Notation(encrypted, head == ("HDR(*)",), tuple(g for g in groups if g.words))

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Words that must be there."""
        return tuple(word for group in self.groups if not group.optional for word in group.words)

    @cached_property
    def optional(self) -> tuple[tuple[str, ...], ...]:
        """Groups of words that are there together or not at all."""
        return tuple(group.words for group in self.groups if group.optional)

    def words(self, present: Collection[str]) -> tuple[str, ...]:
        """The words of a message in which the optional words ``present`` occur."""
        chosen = [group for group in self.groups if not group.optional or all(w in present for w in group.words)]
        return tuple(word for group in chosen for word in group.words)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
