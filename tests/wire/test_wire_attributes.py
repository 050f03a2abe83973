from __future__ import annotations

import pytest

from explorer.errors import WireError
from explorer.octets import Buffer
from explorer.wire.attributes import (
    FORMAT_BIT,
    IPSEC_NAMESPACE,
    ISAKMP_NAMESPACE,
    Attribute,
    BasicAttribute,
    IpsecAttribute,
    IsakmpAttribute,
    VariableAttribute,
    basic,
    variable,
)
from explorer.wire.payloads import EspTransform, IsakmpTransform
from explorer.wire.structure import build, parse


def test_the_short_form_is_four_octets() -> None:
    assert build(basic(12, 28800)) == bytes.fromhex("800c7080")


def test_the_long_form_has_a_length() -> None:
    assert build(variable(12, 86400)) == bytes.fromhex("000c000400015180")


def test_both_forms_have_the_same_value_and_other_octets() -> None:
    short, long = basic(12, 28800), variable(12, 28800)
    assert short.number == long.number == 28800
    assert short.type == long.type == 12
    assert short != long
    assert build(short) != build(long)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 8, 200])
def test_a_value_of_any_length_keeps_its_octets(size: int) -> None:
    octets = build(variable(12, 1, size))
    again, tree = parse(IsakmpAttribute, Buffer("a", octets))
    assert build(again) == octets
    assert again.number == 1
    assert [leaf.spec.label for leaf in tree.root.leaves()] == ["Attribute type", "Attribute length", "Life duration"]


def test_an_attribute_without_a_value_has_no_leaf_for_it() -> None:
    octets = bytes.fromhex("000c0000")
    again, tree = parse(IsakmpAttribute, Buffer("a", octets))
    assert build(again) == octets
    assert again.number == 0
    assert len(list(tree.root.leaves())) == 2


@pytest.mark.parametrize("cls", [Attribute, IsakmpAttribute, IpsecAttribute], ids=lambda c: c.__name__)
@pytest.mark.parametrize("octets", [b"", b"\0", b"\x80", b"\x80\1\0", b"\0\1\0", b"\0\1\0\1", b"\x80\1\0\1\0"],
                         ids=lambda o: o.hex() or "none")
def test_an_attribute_cut_off_is_refused(cls: type[Attribute], octets: bytes) -> None:
    with pytest.raises(WireError):
        parse(cls, Buffer("a", octets))


def test_the_phase_decides_what_a_number_means() -> None:
    five = basic(5, 2)
    offer = IsakmpTransform(number=1, transform_id=1, attributes=(five,))
    phase1, _ = parse(IsakmpTransform, Buffer("t", build(offer)))
    transform = EspTransform(number=1, transform_id=12, attributes=(five,))
    _, tree = parse(EspTransform, Buffer("t", build(transform)))
    assert phase1.attributes == (five,)
    (node,) = [f for f in tree.root.walk() if f.spec.key == "ipsec_attributes.authentication" and f.children]
    assert node.meaning == "2 HMAC-SHA1"
    assert ISAKMP_NAMESPACE.spec_for(5)[0].label == "Group type"
    assert IPSEC_NAMESPACE.spec_for(5)[0].label == "Authentication algorithm"


@pytest.mark.parametrize(("phase1", "phase2"), [(4, 3), (11, 1), (12, 2), (14, 6)])
def test_trap_21_the_phases_number_the_same_things_differently(phase1: int, phase2: int) -> None:
    assert ISAKMP_NAMESPACE.types.find(phase1) is not None
    first, second = ISAKMP_NAMESPACE.spec_for(phase1)[0].label, IPSEC_NAMESPACE.spec_for(phase2)[0].label
    assert first.lower() == second.removeprefix("SA ").lower()
    assert phase1 != phase2


def test_an_unknown_attribute_has_words_and_encodes_back() -> None:
    octets = build(IsakmpTransform(number=1, transform_id=1, attributes=(basic(20000, 7), variable(99, 5))))
    again, tree = parse(IsakmpTransform, Buffer("t", octets))
    assert build(again) == octets
    labels = [f.spec.label for f in tree.root.children[-2:]]
    assert labels == ["Unknown attribute", "Unknown attribute"]
    assert tree.root.children[-2].children[0].meaning == "20000 private use, value follows"
    assert tree.root.children[-1].children[0].meaning == "99 unassigned, length follows"


def test_value_of_takes_the_first_of_a_type() -> None:
    transform = IsakmpTransform(number=1, transform_id=1, attributes=(basic(1, 5), variable(1, 7)))
    assert transform.value_of(1) == 5
    assert transform.value_of(2) is None


def test_the_format_bit_is_part_of_the_type_octets() -> None:
    attribute = basic(1, 7)
    assert attribute.format_and_type == 1 | FORMAT_BIT
    assert isinstance(attribute, BasicAttribute)
    assert not isinstance(variable(1, 7), BasicAttribute)
    assert VariableAttribute(format_and_type=1, value=b"\7").number == 7
