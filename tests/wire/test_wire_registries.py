from __future__ import annotations

import importlib
import pkgutil

import pytest
from samples import SAMPLES, SIZES

import explorer.registry
from explorer.octets import Buffer
from explorer.registry.isakmp import HeaderFlag, PayloadType
from explorer.registry.number import Number
from explorer.registry.phase1 import Group
from explorer.wire.attributes import (
    CONFIGURATION_NAMESPACE,
    FORMAT_BIT,
    IPSEC_NAMESPACE,
    ISAKMP_NAMESPACE,
    Attribute,
    Namespace,
    basic,
)
from explorer.wire.message import HEADER_SIZE, read_message
from explorer.wire.payloads import EspTransform, IsakmpHeader, IsakmpTransform, Notification, OpaquePayload, Transform
from explorer.wire.structure import Structure, build, parse, read

BATCH = 8192
SWEPT = [(s, spec.name) for s in SAMPLES for spec in type(s).specs() if spec.numbers and spec.size in (1, 2)]
NAMESPACES: list[tuple[type[Transform], Namespace]] = [
    (IsakmpTransform, ISAKMP_NAMESPACE), (EspTransform, IPSEC_NAMESPACE)]


def registries() -> list[type[Number]]:
    modules = [importlib.import_module(m.name) for m in
               pkgutil.iter_modules(explorer.registry.__path__, "explorer.registry.")]
    classes = {c for m in modules for c in vars(m).values() if isinstance(c, type) and issubclass(c, Number)}
    return sorted((c for c in classes if len(c)), key=lambda c: c.__name__)


def reread(attributes: list[Attribute], transform: type[Transform]) -> list[Attribute]:
    found: list[Attribute] = []
    for at in range(0, len(attributes), BATCH):
        part = tuple(attributes[at : at + BATCH])
        octets = build(transform(number=1, transform_id=1, attributes=part))
        structure, field = read(transform, octets, 0, len(octets))
        assert build(structure) == octets
        assert all(node.meaning for node in field.children[6:])
        found.extend(structure.attributes)
    return found


def test_every_registry_is_used_by_the_codec() -> None:
    used = {spec.numbers for s in SAMPLES for spec in type(s).specs()}
    for namespace in (*(namespace for _, namespace in NAMESPACES), CONFIGURATION_NAMESPACE):
        used |= {namespace.types, *namespace.values.values()}
    unused = {c.__name__ for c in registries() if c not in used and ".ikev2" not in c.__module__}
    assert unused == {"HeaderFlag", "Situation"}, "bits have words of their own"


@pytest.mark.parametrize(("sample", "name"), SWEPT, ids=lambda v: v if isinstance(v, str) else type(v).__name__)
def test_every_value_of_a_registered_field_survives(sample: Structure, name: str) -> None:
    spec = next(s for s in type(sample).specs() if s.name == name)
    octets = build(sample)
    for value in range(256 ** (spec.size or 0)):
        changed = build(sample.replace(**{name: value}))
        assert len(changed) == len(octets)
        if name == "protocol" and type(sample).__name__ == "Proposal":
            continue  # another protocol may want its transforms read in another way; see below
        again, _ = parse(type(sample), Buffer("sample", changed), SIZES)
        assert getattr(again, name) == value
        assert build(again) == changed
        assert spec.meaning(value).startswith(str(value))


@pytest.mark.parametrize("protocol", range(256))
def test_a_proposal_for_any_protocol_survives(protocol: int) -> None:
    for sample in (s for s in SAMPLES if type(s).__name__ == "Proposal"):
        octets = build(sample.replace(protocol=protocol))
        again, tree = parse(type(sample), Buffer("sample", octets))
        assert build(again) == octets
        assert all(field.meaning for field in tree.root.walk())


@pytest.mark.parametrize(("transform", "namespace"), NAMESPACES, ids=["phase 1", "phase 2"])
def test_every_attribute_type_survives_in_both_forms(transform: type[Transform], namespace: Namespace) -> None:
    short = [basic(number, number) for number in range(FORMAT_BIT)]
    assert reread(list(short), transform) == short
    for number in (*range(64), 0x1234, 0x3FFF, 0x4000, 0x7FFF):
        octets = number.to_bytes(2, "big") + b"\0\3abc"
        held = build(transform(number=1, transform_id=1, attributes=())) + octets
        held = held[:2] + len(held).to_bytes(2, "big") + held[4:]
        again, _ = parse(transform, Buffer("sample", held))
        assert build(again) == held
        assert again.attributes[0].type == number
        assert namespace.types.say(number).startswith(str(number))


@pytest.mark.parametrize(("transform", "kind"), [(t, k) for t, n in NAMESPACES for k in n.values])
def test_every_attribute_value_survives(transform: type[Transform], kind: int) -> None:
    sent = [basic(int(kind), value) for value in range(0x10000)]
    found = reread(list(sent), transform)
    assert found == sent
    assert [a.number for a in found] == list(range(0x10000))


@pytest.mark.parametrize("kind", range(1, 256))
def test_every_payload_type_survives_in_a_chain(kind: int) -> None:
    body = build(OpaquePayload(data=bytes((0, 0, 0, 1, 0x80, 0, 0, 1))))
    header = IsakmpHeader(initiator_cookie=b"i" * 8, responder_cookie=bytes(8), next_payload=kind, exchange_type=5,
                          length=HEADER_SIZE + len(body))
    message = read_message(Buffer("datagram", build(header) + body))
    assert message.types == (kind,)
    assert build(message.payloads[0]) == body
    assert message.header.next_payload == kind
    assert PayloadType.find(kind) is not None or isinstance(message.payloads[0], OpaquePayload)


@pytest.mark.parametrize("flags", range(256))
def test_every_flags_octet_has_words(flags: int) -> None:
    words = next(s for s in IsakmpHeader.specs() if s.name == "flags").meaning(flags)
    assert (HeaderFlag.ENCRYPTION.label in words.split(", ")) == bool(flags & 1)
    assert ("unknown" in words) == bool(flags & ~7)


@pytest.mark.parametrize("registry", registries(), ids=lambda c: c.__name__)
def test_every_member_names_itself_and_its_source(registry: type[Number]) -> None:
    for member in registry:
        assert registry.find(int(member)) is member
        assert registry.say(int(member)) == f"{int(member)} {member.label}"
        assert member.meaning
        assert member.citation.startswith(("RFC ", "FIPS ", "draft-", "Cisco Unity"))
    assert registry.find(65537) is None
    assert registry.name_of(65537) == "65537"


def test_a_notify_type_nobody_assigned_stays_the_number_it_was() -> None:
    for value in (0, 31, 8191, 8192, 16383, 24575, 32768, 65535):
        again, _ = parse(Notification, Buffer("n", build(Notification(protocol=1, notify_type=value))))
        assert again.notify_type == value
        assert type(again.notify_type) is int


def test_private_ranges_are_called_private() -> None:
    assert PayloadType.say(200) == "200 private use"
    assert PayloadType.say(15) == "15 unassigned"
    assert Group.say(65001) == "65001 private use"
    assert Group.say(6) == "6 unassigned"
