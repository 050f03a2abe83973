"""From a declaration to closures: the reader and the writer of one structure class."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import repeat
from math import prod
from typing import TYPE_CHECKING, Any

from explorer.errors import WireError
from explorer.registry.number import Number
from explorer.wire.field import Bit, Field, Spec

if TYPE_CHECKING:
    from explorer.wire.structure import Structure

# A C-level constructor: the tuple is made by zip and becomes a Field without a Python call.
_make_field = partial(tuple.__new__, Field)

# A segment reads one declared field (or run of fields) and returns the offset after it.
Segment = Callable[[bytes, int, int, "Mapping[str, int] | None", list[Any], list[Field]], int]


@dataclass(frozen=True)
class Declared:
    """One field as it was declared in a structure's body."""

    kind: str
    code: str = ""
    size: int | None = None
    size_from: str = ""
    label: str = ""
    default: Any = None
    computed: str = ""
    numbers: type[Number] | None = None
    say: Callable[[Any], str] | None = None
    bits: tuple[Bit, ...] = ()
    item: Any = None
    chain: int | None = None

    def with_numbers(self, numbers: type[Number]) -> Declared:
        """The same field, its values taken from another registry."""
        return replace(self, numbers=numbers)

    def spec(self, cls: type[Structure], name: str) -> Spec:
        """What views need to know of this field."""
        label = self.label or name.replace("_", " ").capitalize()
        return Spec(cls.spec.structure, name, label, cls.spec.citation, size=self.size,
                    numbers=self.numbers, say=self.say, bits=self.bits)


def compile_reader(cls: type[Structure]) -> Callable[..., tuple[Any, Field]]:
    """The function that parses one ``cls``: objects and tree in one pass."""
    items = list(cls.declared.items())
    head = [name for name, d in items if d.kind == "fixed"] if all(d.kind == "fixed" for _, d in items) else []
    if not head:
        for name, d in items:
            if d.kind != "fixed":
                break
            head.append(name)
    prefix = struct.Struct(">" + "".join(cls.declared[name].code for name in head))
    specs = tuple(cls.declared[name].spec(cls, name) for name in head)
    sizes = [cls.declared[name].size or 0 for name in head]
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    size = prefix.size
    length_at = next((i for i, name in enumerate(head) if cls.declared[name].computed == "length"), None)
    tail = _segments(cls, items[len(head) :])
    unpack, own, new = prefix.unpack_from, cls.spec, object.__new__
    set_values = _slot_setter(cls)
    nothing: repeat[tuple[Field, ...]] = repeat(())

    def read(data: bytes, at: int, end: int, given: Mapping[str, int] | None) -> tuple[Any, Field]:
        if at + size > end:
            raise _too_short(own, specs, starts, ends, data, at, end, size)
        values = unpack(data, at)
        stop = end
        children = list(map(_make_field, zip(specs, map(at.__add__, starts), map(at.__add__, ends), values, nothing)))
        if length_at is not None:
            stop = at + values[length_at]
            if stop > end or stop < at + size:
                found = f"{specs[length_at].label} of {own.label} is {values[length_at]}, "
                expected = f"expected {size} to {end - at}"
                raise WireError(at + starts[length_at], found + expected, own.citation, _partial(own, at, children))
        here = at + size
        if tail:
            collected: list[Any] = list(values)
            try:
                for segment in tail:
                    here = segment(data, here, stop, given, collected, children)
            except WireError as error:
                if isinstance(error.tree, Field):
                    children.append(error.tree)
                error.tree = _partial(own, at, children)
                raise
            values = tuple(collected)
        if length_at is not None and here != stop:
            raise WireError(here, f"{stop - here} octets left over in {own.label}", own.citation,
                            _partial(own, at, children))
        structure = new(cls)
        set_values(structure, values)
        return structure, _make_field((own, at, here, structure, tuple(children)))

    return read


def _slot_setter(cls: type[Structure]) -> Callable[[Any, tuple[Any, ...]], None]:
    """The C-level setter of the values slot, which passes by the class's own refusal to be changed."""
    setter: Callable[[Any, tuple[Any, ...]], None] = next(
        vars(base)["_values"].__set__ for base in cls.__mro__ if "_values" in vars(base)
    )
    return setter


def _partial(spec: Spec, at: int, children: list[Field]) -> Field:
    end = children[-1].end if children else at
    return Field(spec, at, end, None, tuple(children))


def _too_short(
    own: Spec, specs: tuple[Spec, ...], starts: list[int], ends: list[int], data: bytes, at: int, end: int, size: int
) -> WireError:
    """A structure cut off inside its fixed part; the whole fields before the cut are kept."""
    whole = [i for i in range(len(specs)) if at + ends[i] <= end]
    children = [Field(specs[i], at + starts[i], at + ends[i], data[at + starts[i] : at + ends[i]], ()) for i in whole]
    rule = f"{own.label} needs {size} octets, {max(end - at, 0)} are left"
    return WireError(at, rule, own.citation, _partial(own, at, children))


def _segments(cls: type[Structure], items: list[tuple[str, Declared]]) -> list[Segment]:
    makers = {"fixed": _fixed_segment, "octets": _octets_segment, "rest": _rest_segment, "many": _many_segment}
    return [makers[declared.kind](cls, name, declared) for name, declared in items]


def _fixed_segment(cls: type[Structure], name: str, declared: Declared) -> Segment:
    spec, fmt = declared.spec(cls, name), struct.Struct(">" + declared.code)
    size = fmt.size

    def read(data: bytes, at: int, end: int, given: Any, values: list[Any], children: list[Field]) -> int:
        if at + size > end:
            raise WireError(at, f"{spec.label} needs {size} octets, {end - at} are left", spec.citation)
        (value,) = fmt.unpack_from(data, at)
        values.append(value)
        children.append(Field(spec, at, at + size, value, ()))
        return at + size

    return read


def _octets_segment(cls: type[Structure], name: str, declared: Declared) -> Segment:
    spec, source = declared.spec(cls, name), declared.size_from
    factors = [cls.names.index(factor) for factor in source.split("*") if factor in cls.names]

    def read(data: bytes, at: int, end: int, given: Any, values: list[Any], children: list[Field]) -> int:
        size = prod(values[factor] for factor in factors) if factors else given[source]
        if at + size > end:
            raise WireError(at, f"{spec.label} should have {size} octets, {end - at} are left", spec.citation)
        value = data[at : at + size]
        values.append(value)
        if size:
            children.append(_make_field((spec, at, at + size, value, ())))
        return at + int(size)

    return read


def _rest_segment(cls: type[Structure], name: str, declared: Declared) -> Segment:
    spec, but = declared.spec(cls, name), declared.size_from

    def read(data: bytes, at: int, end: int, given: Any, values: list[Any], children: list[Field]) -> int:
        stop = end - given[but] if but else end
        if stop < at:
            raise WireError(at, f"{given[but]} octets should follow {spec.label}, {end - at} are left", spec.citation)
        value = data[at:stop]
        values.append(value)
        if stop > at:
            children.append(_make_field((spec, at, stop, value, ())))
        return stop

    return read


def _many_segment(cls: type[Structure], name: str, declared: Declared) -> Segment:
    item, source, chain = declared.item, declared.size_from, declared.chain
    index = cls.names.index(source) if source else None
    names, citation = cls.names, cls.spec.citation

    def read(data: bytes, at: int, end: int, given: Any, values: list[Any], children: list[Field]) -> int:
        chosen: type[Structure] = item if isinstance(item, type) else item(dict(zip(names, values, strict=False)))
        read_one = chosen._read
        wanted = values[index] if index is not None else None
        found: list[Any] = []
        while (at < end) if wanted is None else (len(found) < wanted):
            structure, field = read_one(data, at, end, given)
            found.append(structure)
            children.append(field)
            if chain is not None:
                more = field.end < end if wanted is None else len(found) < wanted
                expected = chain if more else 0
                if structure.next_payload != expected:
                    rule = f"Next payload of {chosen.spec.label} is {structure.next_payload}, expected {expected}"
                    raise WireError(at, rule, citation)
            at = field.end
        values.append(tuple(found))
        return at

    return read


def compile_writer(cls: type[Structure]) -> Callable[..., bytes]:
    """The function that builds one ``cls``; fields that are ``None`` are computed."""
    items = tuple(cls.declared.items())

    def write(structure: Any, following: int) -> bytes:
        given = dict(zip(cls.names, structure._values, strict=True))
        body = {name: _write_many(d, given[name]) for name, d in items if d.kind == "many"}
        body.update({name: given[name] for name, d in items if d.kind in ("octets", "rest")})
        total = sum(d.size or 0 for _, d in items if d.kind == "fixed") + sum(map(len, body.values()))
        parts = []
        for name, declared in items:
            if declared.kind != "fixed":
                parts.append(body[name])
                continue
            value = given[name]
            if value is None:
                value = _computed(declared.computed, given, total, following)
            parts.append(struct.pack(">" + declared.code, value))
        return b"".join(parts)

    return write


def _write_many(declared: Declared, structures: tuple[Any, ...]) -> bytes:
    last = len(structures) - 1
    return b"".join(
        type(s)._write(s, declared.chain if declared.chain is not None and i < last else 0)
        for i, s in enumerate(structures)
    )


def _computed(how: str, given: Mapping[str, Any], total: int, following: int) -> int:
    if how == "length":
        return total
    if how == "next":
        return following
    return len(given[how.partition(":")[2]])
