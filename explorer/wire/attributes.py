"""Data attributes: the type-value and type-length-value pairs inside a transform (RFC 2408 §3.3).

The same type number means different things in the two phases, so the transform that holds an
attribute selects the namespace: :class:`IsakmpAttribute` or :class:`IpsecAttribute`.
"""

# ruff: noqa: ARG001 - readers and segments take what the compiler's take

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from struct import Struct
from typing import Any, ClassVar

from explorer.errors import WireError
from explorer.registry import configuration, ipsec, phase1
from explorer.registry.number import Number
from explorer.wire import say
from explorer.wire.compiler import Reader, Segment
from explorer.wire.field import Bit, Field, Spec
from explorer.wire.structure import Structure, octets, u16

FORMAT_BIT = 0x8000
"""Attribute Format: set when the value stands in the two octets after the type (RFC 2408 §3.3)."""

_REGISTERED = 0x10000
"""Registries end below: basic attributes have two octets of value, whatever length a peer gives them."""

_CITE = "RFC 2408 §3.3"


def _say_type(numbers: type[Number] | None) -> Callable[[Any], str]:
    def words(word: Any) -> str:
        number = int(word) & ~FORMAT_BIT
        name = numbers.say(number) if numbers is not None else str(number)
        return f"{name}, {'value follows' if word & FORMAT_BIT else 'length follows'}"

    return words


_FORMAT = (Bit("AF", FORMAT_BIT, "1: two octets of value follow; 0: a length and a value"),)


class Attribute(Structure, label="Attribute", cite=_CITE):
    """What both forms share; ``type`` is the number without the format bit."""

    format_and_type: int = u16(label="Attribute type", say=_say_type(None), bits=_FORMAT)

    read_run: ClassVar[Segment]

    @property
    def type(self) -> int:
        """The attribute's number."""
        return self.format_and_type & ~FORMAT_BIT

    @property
    def number(self) -> int:
        """The value as a number: attributes are compared by value, whichever form the sender chose."""
        value: int | bytes = self._values[-1]  # type: ignore[attr-defined]
        return value if isinstance(value, int) else int.from_bytes(value, "big")


class BasicAttribute(Attribute, key="attribute"):
    """Type and value in four octets."""

    value: int = u16(label="Attribute value")


class VariableAttribute(Attribute, key="attribute"):
    """Type, length and value."""

    length: int = u16(label="Attribute length", computed="size:value", default=None)
    value: bytes = octets("length", label="Attribute value", say=say.number_in_octets)


def basic(number: int, value: int) -> BasicAttribute:
    """An attribute in the four-octet form."""
    return BasicAttribute(format_and_type=number | FORMAT_BIT, value=value)


def of_octets(number: int, value: bytes) -> VariableAttribute:
    """An attribute whose value is octets; none at all in a request."""
    return VariableAttribute(format_and_type=number, value=value)


def variable(number: int, value: int, size: int = 4) -> VariableAttribute:
    """An attribute with ``size`` octets of value."""
    return VariableAttribute(format_and_type=number, value=value.to_bytes(size, "big"))


class Namespace:
    """The attributes of one kind of transform: what each is called and how its value is said.

    Attributes:
        key: file name of the explanations.
        types: registry of the attribute types.
        values: registry of the values, by attribute type.
        variable: types whose value may have any length; all others are basic and fit two octets.
        words: how the octets of some values are said, by attribute type.
    """

    def __init__(
        self,
        key: str,
        types: type[Number],
        values: Mapping[int, type[Number]],
        variable: Collection[int] = (),
        words: Mapping[int, Callable[[Any], str]] | None = None,
    ) -> None:
        self.key = key
        self.words = words or {}
        self.types = types
        self.values = values
        self.variable = frozenset(variable)
        self.specs = {int(member): self._spec(member) for member in types}
        self.basic_specs = {number | FORMAT_BIT: specs for number, specs in self.specs.items()}
        unknown = Spec("attribute", "", "Unknown attribute", _CITE)
        self._unknown = (unknown, Spec("attribute", "value", "Attribute value", _CITE))
        self.type_spec = Spec("attribute", "format_and_type", "Attribute type", _CITE, size=2,
                              say=_say_type(types), bits=_FORMAT)
        self.length_spec = Spec("attribute", "length", "Attribute length", _CITE, size=2)

    def _spec(self, member: Number) -> tuple[Spec, Spec]:
        numbers = self.values.get(int(member))
        name = member.name.lower()
        words = self.words.get(int(member), None if numbers is not None else say.number_in_octets)
        node = Spec(self.key, name, member.label, member.citation, say=_say_attribute(numbers, words))
        value = Spec(self.key, name, member.label, member.citation, numbers=numbers, say=words)
        return node, value

    def spec_for(self, number: int) -> tuple[Spec, Spec]:
        """Specification of the attribute as a whole and of its value."""
        return self.specs.get(number, self._unknown)

    def say(self, number: int, value: int) -> str:
        """An attribute's value in words, without its number where it has a name."""
        numbers = self.values.get(number)
        return numbers.name_of(value) if numbers is not None and value < _REGISTERED else say.number(value)


def _say_attribute(numbers: type[Number] | None, said: Callable[[Any], str] | None) -> Callable[[Any], str]:
    def words(attribute: Any) -> str:
        number = attribute.number
        if numbers is not None and number < _REGISTERED:
            return numbers.say(number)
        value = attribute.value
        return said(value) if said is not None and isinstance(value, bytes) else say.number(number)

    return words


ISAKMP_NAMESPACE = Namespace(
    "phase1_attributes",
    phase1.Phase1Attribute,
    {
        phase1.Phase1Attribute.ENCRYPTION: phase1.EncryptionAlgorithm,
        phase1.Phase1Attribute.HASH: phase1.HashAlgorithm,
        phase1.Phase1Attribute.AUTHENTICATION: phase1.AuthenticationMethod,
        phase1.Phase1Attribute.GROUP: phase1.Group,
        phase1.Phase1Attribute.GROUP_TYPE: phase1.GroupType,
        phase1.Phase1Attribute.LIFE_TYPE: phase1.LifeType,
    },
    variable=(
        phase1.Phase1Attribute.GROUP_PRIME,
        phase1.Phase1Attribute.GROUP_GENERATOR_ONE,
        phase1.Phase1Attribute.GROUP_GENERATOR_TWO,
        phase1.Phase1Attribute.GROUP_CURVE_A,
        phase1.Phase1Attribute.GROUP_CURVE_B,
        phase1.Phase1Attribute.LIFE_DURATION,
        phase1.Phase1Attribute.GROUP_ORDER,
    ),
)
IPSEC_NAMESPACE = Namespace(
    "ipsec_attributes",
    ipsec.IpsecAttribute,
    {
        ipsec.IpsecAttribute.LIFE_TYPE: phase1.LifeType,
        ipsec.IpsecAttribute.GROUP: phase1.Group,
        ipsec.IpsecAttribute.ENCAPSULATION: ipsec.EncapsulationMode,
        ipsec.IpsecAttribute.AUTHENTICATION: ipsec.AuthenticationAlgorithm,
    },
    variable=(ipsec.IpsecAttribute.LIFE_DURATION, ipsec.IpsecAttribute.COMPRESS_PRIVATE),
)

_C = configuration.ConfigurationAttributeType
CONFIGURATION_NAMESPACE = Namespace(
    "configuration_attributes",
    _C,
    {_C.XAUTH_TYPE: configuration.XauthType, _C.XAUTH_STATUS: configuration.XauthStatus},
    variable=[kind for kind in _C if kind not in (_C.XAUTH_TYPE, _C.XAUTH_STATUS)],
    words={
        **dict.fromkeys((_C.IP4_ADDRESS, _C.IP4_NETMASK, _C.IP4_DNS, _C.IP4_NBNS, _C.IP4_DHCP), say.ipv4),
        _C.IP4_SUBNET: say.ipv4_subnet,
        _C.ADDRESS_EXPIRY: say.number_in_octets,
        _C.SUPPORTED_ATTRIBUTES: say.hexadecimal,
        **{kind: say.text for kind in _C if kind > _C.XAUTH_TYPE and kind != _C.XAUTH_STATUS},
        _C.APPLICATION_VERSION: say.text,
    },
)

_PAIR = Struct(">HH")
_new_field, _new_structure = tuple.__new__, object.__new__  # as in the compiler
_set_values = Structure.__dict__["_values"].__set__


def _reader(namespace: Namespace) -> Reader:
    """Reads one attribute of either form."""

    def read(data: bytes, at: int, end: int, given: object) -> tuple[Attribute, Field]:
        start = at + 4
        if start > end:
            raise WireError(at, f"Attribute needs 4 octets, {end - at} are left", _CITE)
        word, second = _PAIR.unpack_from(data, at)
        node, leaf = namespace.spec_for(word & ~FORMAT_BIT)
        kind = Field(namespace.type_spec, at, at + 2, word, ())
        if word & FORMAT_BIT:
            basic_attribute = _new_structure(BasicAttribute)
            _set_values(basic_attribute, (word, second))
            leaves = (kind, Field(leaf, at + 2, start, second, ()))
            return basic_attribute, Field(node, at, start, basic_attribute, leaves)
        stop = start + second
        if stop > end:
            raise WireError(at + 2, f"Attribute length is {second}, {end - start} octets are left", _CITE)
        attribute, content = _new_structure(VariableAttribute), data[start:stop]
        _set_values(attribute, (word, second, content))
        length = Field(namespace.length_spec, at + 2, start, second, ())
        value = (Field(leaf, start, stop, content, ()),) if content else ()
        return attribute, Field(node, at, stop, attribute, (kind, length, *value))

    return read


def _run_reader(namespace: Namespace, read_one: Reader) -> Segment:
    """A message 1 consists of attributes for the most part: those of four octets are read without a call each."""
    specs, unknown, type_spec = namespace.basic_specs, namespace.spec_for(-1), namespace.type_spec
    unpack, new_structure, set_values, new, field = _PAIR.unpack_from, _new_structure, _set_values, _new_field, Field
    cut_off = 0, 0

    def read(data: bytes, at: int, end: int, given: object, values: list[Any], children: list[Field]) -> int:
        found: list[Attribute] = []
        while at < end:
            stop = at + 4
            pair = word, value = unpack(data, at) if stop <= end else cut_off
            if word < FORMAT_BIT:
                attribute, node = read_one(data, at, end, None)
                found.append(attribute)
                children.append(node)
                at = node.end
                continue
            structure = new_structure(BasicAttribute)
            set_values(structure, pair)
            middle, (spec, leaf) = at + 2, specs.get(word, unknown)
            leaves = new(field, (type_spec, at, middle, word, ())), new(field, (leaf, middle, stop, value, ()))
            found.append(structure)
            children.append(new(field, (spec, at, stop, structure, leaves)))
            at = stop
        values.append(tuple(found))
        return at

    return read


class IsakmpAttribute(Attribute, key="attribute"):
    """Reads the attributes of an ISAKMP transform."""


class IpsecAttribute(Attribute, key="attribute"):
    """Reads the attributes of an ESP or AH transform."""


class ConfigurationAttribute(Attribute, key="attribute"):
    """Reads the attributes of an Attributes payload."""


def reads(cls: type[Attribute], namespace: Namespace) -> None:
    """Let a class read the attributes of a namespace, one or a run of them."""
    one = _reader(namespace)
    cls._read = staticmethod(one)
    cls.read_run = staticmethod(_run_reader(namespace, one))


reads(ConfigurationAttribute, CONFIGURATION_NAMESPACE)
reads(IsakmpAttribute, ISAKMP_NAMESPACE)
reads(IpsecAttribute, IPSEC_NAMESPACE)
reads(Attribute, Namespace("attribute", Number, {}))
