"""RFC notation as data: ``HDR*, HASH(1), SA, Ni [, KE ] [, IDci, IDcr ]``."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import NamedTuple


class Word(NamedTuple):
    """One word of RFC notation: ``Ni`` is a Nonce payload whose body is the term ``Ni_b``.

    Attributes:
        text: as the RFC writes it.
        payload_type: number of the payload that it stands for.
        symbol: the term that is the payload's body, without the generic header (RFC 2409 §3.2).
        checked: whether the receiver computes the value itself and compares, rather than believe it.
    """

    text: str
    payload_type: int
    symbol: str
    checked: bool = False


class Notation(NamedTuple):
    """A message in RFC notation.

    Attributes:
        encrypted: whether the header is written ``HDR*``.
        required: words that must be there.
        optional: groups of words that are there together or not at all.
    """

    encrypted: bool
    required: tuple[str, ...]
    optional: tuple[tuple[str, ...], ...]

    @staticmethod
    @cache
    def parse(text: str) -> Notation:
        """Read the notation of a transition row."""
        groups = tuple(_words(group) for group in re.findall(r"\[([^]]*)\]", text))
        plain = _words(re.sub(r"\[[^]]*\]", "", text))
        return Notation("HDR*" in plain, tuple(w for w in plain if not w.startswith("HDR")), groups)

    def words(self, present: Collection[str]) -> tuple[str, ...]:
        """The words of a message in which the optional words ``present`` occur."""
        chosen = [word for group in self.optional if all(w in present for w in group) for word in group]
        return (*self.required, *chosen)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
