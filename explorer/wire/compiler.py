"""From a declaration to closures: the reader and the writer of one structure class."""

# ruff: noqa: ARG001 - all readers take the same arguments, and so do all segments
# ruff: noqa: SLF001 - structures carry closures that were compiled here

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from itertools import accumulate, groupby, takewhile
from typing import TYPE_CHECKING, Any

import msgspec

from explorer.errors import WireError
from explorer.registry.number import Number
from explorer.wire.field import Bit, Field, Spec

if TYPE_CHECKING:
    from explorer.wire.structure import Structure

# Constructors without a Python call: NamedTuple's own, and Structure's refusal to be changed, are passed by.
_new_field, _new_structure = tuple.__new__, object.__new__

# A segment reads one declared field (or run of fields) and returns the offset after it.
Segment = Callable[[bytes, int, int, "Mapping[str, int] | None", list[Any], list[Field]], int]

# A reader parses one structure that starts at the second argument and ends at the third or before.
Reader = Callable[[bytes, int, int, "Mapping[str, int] | None"], tuple[Any, Field]]

# Fixed fields: each one's specification, and where it starts and ends in the structure.
Layout = tuple[tuple[Spec, int, int], ...]


class Declared(msgspec.Struct, frozen=True):
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
        return msgspec.structs.replace(self, numbers=numbers)

    def spec(self, cls: type[Structure], name: str) -> Spec:
        """What views need to know of this field."""
        label = self.label or name.replace("_", " ").capitalize()
        return Spec(cls.spec.structure, name, label, cls.spec.citation, size=self.size,
                    numbers=self.numbers, say=self.say, bits=self.bits)


def compile_reader(cls: type[Structure]) -> Reader:
    """The function that parses one ``cls``: objects and tree in one pass."""
    items = list(cls.declared.items())
    head = [name for name, _ in takewhile(lambda item: item[1].kind == "fixed", items)]
    prefix = struct.Struct(">" + "".join(cls.declared[name].code for name in head))
    specs = tuple(cls.declared[name].spec(cls, name) for name in head)
    offsets = tuple(accumulate((cls.declared[name].size or 0 for name in head), initial=0))
    size, unpack, own = prefix.size, prefix.unpack_from, cls.spec
    layout = tuple(zip(specs, offsets, offsets[1:], strict=False))
    length_at = next((i for i, name in enumerate(head) if cls.declared[name].computed == "length"), None)
    tail = _segments(cls, items[len(head) :])
    set_values, new, field = _slot_setter(cls), _new_field, Field

    def read(data: bytes, at: int, end: int, given: Mapping[str, int] | None) -> tuple[Any, Field]:
        here = at + size
        if here > end:
            raise _too_short(own, layout, prefix, data[at : max(at, end)], at)
        values, stop = unpack(data, at), end
        children: list[Field] = []
        for (spec, start, after), value in zip(layout, values):  # noqa: B905 - the same number, by construction
            children.append(new(field, (spec, at + start, at + after, value, ())))
        if length_at is not None:
            stop = at + values[length_at]
            if not here <= stop <= end:
                found = f"{specs[length_at].label} of {own.label} is {values[length_at]}, "
                expected = f"expected {size} to {end - at}"
                raise WireError(at + offsets[length_at], found + expected, own.citation, _partial(own, at, children))
        if tail:
            collected: list[Any] = [*values]
            try:
                for segment in tail:
                    here = segment(data, here, stop, given, collected, children)
            except WireError as error:
                if isinstance(error.tree, Field):
                    children.append(error.tree)
                error.tree = _partial(own, at, children)
                raise
            values = tuple(collected)
        if here != stop and length_at is not None:
            raise WireError(here, f"{stop - here} octets left over in {own.label}", own.citation,
                            _partial(own, at, children))
        structure = _new_structure(cls)
        set_values(structure, values)
        return structure, new(field, (own, at, here, structure, tuple(children)))

    shape = [(d.kind, d.code, d.computed == "length", d.size_from) for _, d in items]
    if shape == _GENERIC_HEADER_AND_OCTETS:
        return _payload_reader(cls, (*specs, items[-1][1].spec(cls, items[-1][0])), read)
    return read


_GENERIC_HEADER_AND_OCTETS = [
    ("fixed", "B", False, ""), ("fixed", "B", False, ""), ("fixed", "H", True, ""), ("rest", "", False, ""),
]


def _payload_reader(cls: type[Structure], specs: tuple[Spec, ...], careful: Reader) -> Reader:
    """Most payloads are a generic header and octets: they get a short cut, and ``careful`` whatever is unusual."""
    unpack, set_values, own = struct.Struct(">BBH").unpack_from, _slot_setter(cls), cls.spec
    first, second, third, content = specs
    new, field = _new_field, Field

    def read(data: bytes, at: int, end: int, given: Mapping[str, int] | None) -> tuple[Any, Field]:
        start = at + 4
        if start > end:
            return careful(data, at, end, given)
        following, reserved, length = unpack(data, at)
        stop = at + length
        if not start < stop <= end:
            return careful(data, at, end, given)
        middle, value = at + 2, data[start:stop]
        structure = _new_structure(cls)
        set_values(structure, (following, reserved, length, value))
        leaves = (
            new(field, (first, at, at + 1, following, ())),
            new(field, (second, at + 1, middle, reserved, ())),
            new(field, (third, middle, start, length, ())),
            new(field, (content, start, stop, value, ())),
        )
        return structure, new(field, (own, at, stop, structure, leaves))

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


def _too_short(own: Spec, layout: Layout, prefix: struct.Struct, octets: bytes, at: int) -> WireError:
    """A structure cut off inside its fixed part: ``octets`` are all there are; the whole fields of them are kept."""
    values = prefix.unpack(octets.ljust(prefix.size, b"\0"))
    children = [
        Field(spec, at + start, at + stop, value, ())
        for (spec, start, stop), value in zip(layout, values, strict=True)
        if stop <= len(octets)
    ]
    rule = f"{own.label} needs {prefix.size} octets, {len(octets)} are left"
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
        size = 1 if factors else given[source]
        for factor in factors:
            size *= values[factor]
        if at + size > end:
            raise WireError(at, f"{spec.label} should have {size} octets, {end - at} are left", spec.citation)
        value = data[at : at + size]
        values.append(value)
        if size:
            children.append(_new_field(Field, (spec, at, at + size, value, ())))
        return at + size

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
            children.append(_new_field(Field, (spec, at, stop, value, ())))
        return stop

    return read


def _many_segment(cls: type[Structure], _name: str, declared: Declared) -> Segment:
    item, source, chain = declared.item, declared.size_from, declared.chain
    index = cls.names.index(source) if source else None
    names, citation = cls.names, cls.spec.citation
    run: Segment | None = getattr(item, "read_run", None)
    if run is not None:
        return run  # the class reads its own runs

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


def compile_writer(cls: type[Structure]) -> Callable[[Any, int], bytes]:
    """The function that builds one ``cls``; fields that are ``None`` are computed."""
    items = list(cls.declared.values())
    fixed_size = sum(declared.size or 0 for declared in items)
    many = [(i, d.chain or 0) for i, d in enumerate(items) if d.kind == "many"]
    variable = [i for i, d in enumerate(items) if d.kind != "fixed"]
    computed = [(i, d.computed, _sibling(cls, d.computed)) for i, d in enumerate(items) if d.computed]
    plan = _packing(items)

    def write(structure: Any, following: int) -> bytes:
        given = structure._values
        values = list(given)
        for index, chain in many:
            values[index] = _write_many(given[index], chain)
        for index, how, sibling in computed:
            if values[index] is not None:
                continue
            if how == "length":
                values[index] = fixed_size + sum([len(values[i]) for i in variable])
            else:
                values[index] = following if how == "next" else len(given[sibling])
        return b"".join([pack(*values[start:end]) if pack else values[start] for pack, start, end in plan])

    return write


def _sibling(cls: type[Structure], computed: str) -> int:
    """Position of the field that ``count:NAME`` and ``size:NAME`` speak of."""
    name = computed.partition(":")[2]
    return cls.names.index(name) if name else 0


def _packing(items: list[Declared]) -> list[tuple[Callable[..., bytes] | None, int, int]]:
    """Runs of fixed fields, each with what packs it, and between them the fields that are octets already."""
    plan: list[tuple[Callable[..., bytes] | None, int, int]] = []
    for is_fixed, run in groupby(enumerate(items), key=lambda item: item[1].kind == "fixed"):
        members = list(run)
        start, end = members[0][0], members[-1][0] + 1
        if is_fixed:
            plan.append((struct.Struct(">" + "".join(d.code for _, d in members)).pack, start, end))
        else:
            plan += [(None, index, index + 1) for index, _ in members]
    return plan


def _write_many(structures: tuple[Any, ...], chain: int) -> bytes:
    """Structures in a row: each announces ``chain`` as its successor's type, the last one nothing."""
    last = len(structures) - 1
    return b"".join([type(s)._write(s, chain if i < last else 0) for i, s in enumerate(structures)])
