"""What a tree is made of: fields, and the specification that each of them follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from explorer.octets import Buffer
from explorer.registry.number import Number
from explorer.wire.say import say_value


class Bit(NamedTuple):
    """A named part of an octet; a part of its leaf, never a leaf of its own."""

    label: str
    mask: int
    meaning: str


class Spec:
    """What one field is; made once per declaration and shared by every message that carries it.

    Attributes:
        structure: file name of its explanation, such as ``key_exchange``.
        name: the field's name in code, such as ``data``; ``""`` for the structure as a whole.
        label: the name that the specification uses.
        size: octets, or ``None`` where it varies.
        numbers: registry of its values, if they are registered.
        citation: where it is specified.
        bits: named parts, for fields that are made of bits.
    """

    __slots__ = ("_say", "bits", "citation", "label", "name", "numbers", "size", "structure")

    def __init__(
        self,
        structure: str,
        name: str,
        label: str,
        citation: str,
        *,
        size: int | None = None,
        numbers: type[Number] | None = None,
        say: Callable[[Any], str] | None = None,
        bits: tuple[Bit, ...] = (),
    ) -> None:
        self.structure = structure
        self.name = name
        self.label = label
        self.citation = citation
        self.size = size
        self.numbers = numbers
        self.bits = bits
        self._say = say

    @property
    def key(self) -> str:
        """``key_exchange.data``: how content files and lessons name this field."""
        return f"{self.structure}.{self.name}" if self.name else self.structure

    def meaning(self, value: object) -> str:
        """The value in words; computed when asked, never while parsing."""
        if self._say is not None:
            return self._say(value)
        if self.numbers is not None and isinstance(value, int):
            return self.numbers.say(value)
        return say_value(value)

    def __repr__(self) -> str:
        return f"Spec({self.key!r})"


class Field(NamedTuple):
    """One node of an annotated message: leaves tile their buffer, in octets, with no gap.

    ``start`` and ``end`` (exclusive) count octets in the buffer; ``value`` is the structure itself for
    a node with children.
    """

    spec: Spec
    start: int
    end: int
    value: object
    children: tuple[Field, ...]

    @property
    def meaning(self) -> str:
        """The value in words."""
        return self.spec.meaning(self.value)

    def walk(self) -> Iterator[Field]:
        """This field and everything below it, in order."""
        yield self
        for child in self.children:
            if child.children:
                yield from child.walk()
            else:
                yield child

    def leaves(self) -> Iterator[Field]:
        """The fields without children, in order."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


class Tree(NamedTuple):
    """A buffer and the field that explains all of it."""

    buffer: Buffer
    root: Field
