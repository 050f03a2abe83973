"""One typed declaration gives constructor, parser, builder and annotated tree.

A structure is a class whose fields are declared in the order of the wire::

    class Nonce(Payload, label="Nonce payload", cite="RFC 2408 §3.13"):
        data: bytes = rest(label="Nonce data")

The declaration is compiled once per class into closures: every run of fixed-size fields becomes one
``struct.Struct``, so that parsing to objects *and* tree costs a few C calls per run of fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform

from explorer.errors import WireError
from explorer.octets import Buffer
from explorer.registry.number import Number
from explorer.wire.compiler import Declared, Reader, compile_reader, compile_writer
from explorer.wire.field import Bit, Field, Spec, Tree

S = TypeVar("S", bound="Structure")


def _fixed(code: str, size: int) -> Callable[..., Any]:
    def declare(
        numbers: type[Number] | None = None,
        *,
        label: str = "",
        default: int | bytes | None = None,
        computed: str = "",
        say: Callable[[Any], str] | None = None,
        bits: tuple[Bit, ...] = (),
    ) -> Any:
        """A fixed-size number.

        ``computed`` says how the builder fills it when it was not given: ``length`` (octets of the
        whole structure), ``next`` (type of what follows), ``count:NAME`` (items of a sibling) or
        ``size:NAME`` (octets of a sibling).
        """
        return Declared(
            "fixed",
            code=code,
            size=size,
            numbers=numbers,
            label=label,
            default=default,
            computed=computed,
            say=say,
            bits=bits,
        )

    return declare


u8 = _fixed("B", 1)
u16 = _fixed("H", 2)
u32 = _fixed("I", 4)


def octets(
    size: int | str, *, label: str = "", default: bytes | None = None, say: Callable[[Any], str] | None = None
) -> Any:
    """A run of octets: a fixed number of them, or as many as the named field says.

    ``size`` may also name a product of fields (``spi_size*spi_count``) or a number handed to the parser.
    """
    if isinstance(size, int):
        return Declared("fixed", code=f"{size}s", size=size, label=label, default=default, say=say)
    return Declared("octets", size_from=size, label=label, default=default, say=say)


def rest(
    *, label: str = "", default: bytes | None = None, say: Callable[[Any], str] | None = None, but: str = ""
) -> Any:
    """All octets up to the end of the structure, less the given number named ``but``."""
    return Declared("rest", label=label, default=default, say=say, size_from=but)


def many(
    item: type[Structure] | Callable[[Mapping[str, Any]], type[Structure]],
    *,
    count: str = "",
    chain: int | None = None,
) -> Any:
    """Structures one after another, up to the end or ``count`` of them.

    ``item`` is their class, or a function that selects it from the fields already read.  ``chain``
    is the type that each item's Next Payload announces for its successor; the last announces 0.
    """
    return Declared("many", item=item, size_from=count, chain=chain, default=())


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(u8, u16, u32, octets, rest, many))
class Structure:
    """Base of every wire structure: immutable, compared by class and values.

    Class arguments: ``label`` (what the specification calls it), ``cite`` (where it is specified),
    ``key`` (the name of its explanation; by default the class name in lower case).
    """

    __slots__ = ("_values",)

    spec: ClassVar[Spec]
    names: ClassVar[tuple[str, ...]] = ()
    declared: ClassVar[dict[str, Declared]] = {}
    _defaults: ClassVar[dict[str, Any]] = {}
    _needed: ClassVar[frozenset[str]] = frozenset()
    _read: ClassVar[Callable[..., tuple[Any, Field]]]
    _write: ClassVar[Callable[..., bytes]]

    def __init_subclass__(
        cls, label: str = "", cite: str = "", key: str = "", numbers: Mapping[str, type[Number]] | None = None
    ) -> None:
        super().__init_subclass__()
        own = {name: d for name, d in vars(cls).items() if isinstance(d, Declared)}
        key = key or re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        inherited = getattr(cls, "spec", None)
        cite = cite or (inherited.citation if inherited else "")
        label = label or (inherited.label if inherited else cls.__name__)
        cls.spec = Spec(key, "", label, cite)
        cls.declared = {**cls.declared, **own}
        for name, registry in (numbers or {}).items():
            cls.declared[name] = cls.declared[name].with_numbers(registry)
        cls.names = tuple(cls.declared)
        cls._defaults = {name: d.default for name, d in cls.declared.items()}
        cls._needed = frozenset(name for name, d in cls.declared.items() if d.default is None and not d.computed)
        for index, name in enumerate(cls.names):
            setattr(cls, name, property(_getter(index)))
        cls._read = staticmethod(compile_reader(cls))
        cls._write = staticmethod(compile_writer(cls))

    def __init__(self, **values: Any) -> None:
        filled = {**self._defaults, **values}
        if len(filled) > len(self.names):
            raise TypeError(f"{type(self).__name__} has no field {min(filled.keys() - self._defaults.keys())!r}")
        if not values.keys() >= self._needed:
            missing = next(name for name in self.names if name in self._needed and name not in values)
            raise TypeError(f"{type(self).__name__} needs {missing!r}")
        object.__setattr__(self, "_values", tuple(filled.values()))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._values == other._values  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((type(self), self._values))  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        pairs = ", ".join(f"{n}={v!r}" for n, v in zip(self.names, self._values, strict=True))  # type: ignore[attr-defined]
        return f"{type(self).__name__}({pairs})"

    def replace(self, **changes: Any) -> Self:
        """The same structure with some fields changed."""
        return type(self)(**dict(zip(self.names, self._values, strict=True)) | changes)  # type: ignore[attr-defined]

    @classmethod
    def specs(cls) -> tuple[Spec, ...]:
        """The structure's own specification and those of its fields, in wire order."""
        return (cls.spec, *(cls.declared[name].spec(cls, name) for name in cls.names))


def select_variant(cls: type[Structure], choose: Callable[[bytes, int], type[Structure]]) -> None:
    """Let ``choose`` look at the octets and name the subclass that reads them in place of ``cls``."""

    def dispatch(data: bytes, at: int, end: int, given: Mapping[str, int] | None) -> tuple[Any, Field]:
        return choose(data, at)._read(data, at, end, given)  # noqa: SLF001 - its own kind

    cls._read = staticmethod(dispatch)


def _getter(index: int) -> Callable[[Any], Any]:
    return lambda self: self._values[index]


def read(cls: type[S], data: bytes, at: int, end: int, given: Mapping[str, int] | None = None) -> tuple[S, Field]:
    """Parse one structure that starts at ``at`` and ends at ``end`` or before.

    Args:
        data: the octets of the whole buffer; offsets in the tree count from its start.
        given: sizes in octets that the structure itself does not carry, by name.

    Raises:
        WireError: with the part of the tree that was read.
    """
    structure, field = _read_once(cls._read, data, at, end) if given is None else cls._read(data, at, end, given)
    return structure, field


@lru_cache(maxsize=256)
def _read_once(reader: Reader, data: bytes, at: int, end: int) -> tuple[Any, Field]:
    """A message is read by who made it, by who overhears it and by who gets it, one soon after another.

    Structures and fields never change, so that one reading does for all of them.
    """
    return reader(data, at, end, None)


def forget_readings() -> None:
    """Keep nothing of what was read: what comes next has nothing to do with it."""
    _read_once.cache_clear()


def parse(cls: type[S], buffer: Buffer, given: Mapping[str, int] | None = None) -> tuple[S, Tree]:
    """Parse a structure that fills its whole buffer.

    Raises:
        WireError: also when octets are left over.
    """
    structure, field = read(cls, buffer.octets, 0, len(buffer.octets), given)
    if field.end != len(buffer.octets):
        left = len(buffer.octets) - field.end
        raise WireError(field.end, f"{left} octets follow the end of {cls.spec.label}", cls.spec.citation, field)
    return structure, Tree(buffer, field)


def build(structure: Structure, following: int = 0) -> bytes:
    """The octets of a structure; ``following`` is the payload type that a computed Next Payload names."""
    return type(structure)._write(structure, following)  # noqa: SLF001 - compiled for this
