from __future__ import annotations

import pytest
from samples import SAMPLES, SIZES
from v2_samples import V2_SAMPLES, V2_SIZES

from explorer.events import Received, Sent
from explorer.octets import Buffer
from explorer.trace.trace import Trace
from explorer.wire.esp import EspPacket, read_esp
from explorer.wire.field import Field, Tree
from explorer.wire.ikev2 import V2_PAYLOADS
from explorer.wire.message import HEADER_SIZE, build_chain, payload_type, read_message, typed
from explorer.wire.payloads import PAYLOADS, IsakmpHeader, Payload
from explorer.wire.structure import Structure, build, parse


def trees_of(trace: Trace) -> list[Tree]:
    return [t for e in trace if isinstance(e.event, Sent | Received) for t in e.event.envelope.trees]


def check_tiling(field: Field) -> None:
    at = field.start
    for child in field.children:
        assert child.start == at, f"gap or overlap before {child.spec.key} in {field.spec.key}"
        assert child.end > child.start, f"{child.spec.key} has no octets"
        check_tiling(child)
        at = child.end
    assert not field.children or at == field.end, f"{field.spec.key} ends before its last octet"


def named(structure: Structure) -> str:
    return type(structure).__name__


OF_BOTH = [*((sample, SIZES) for sample in SAMPLES), *((sample, V2_SIZES) for sample in V2_SAMPLES)]
either_version = pytest.mark.parametrize(("sample", "sizes"), OF_BOTH, ids=[named(sample) for sample, _ in OF_BOTH])


@either_version
def test_every_structure_reads_back_as_it_was_built(sample: Structure, sizes: dict[str, int]) -> None:
    octets = build(sample)
    again, tree = parse(type(sample), Buffer("sample", octets), sizes)
    assert build(again) == octets
    for name in type(sample).names:
        given = getattr(sample, name)
        if given is not None and not isinstance(given, tuple):
            assert getattr(again, name) == given
    assert tree.root.value is again
    check_tiling(tree.root)


@either_version
def test_every_field_of_every_structure_has_words(sample: Structure, sizes: dict[str, int]) -> None:
    _, tree = parse(type(sample), Buffer("sample", build(sample)), sizes)
    for field in tree.root.walk():
        assert isinstance(field.meaning, str)
        assert field.spec.label
        assert field.spec.citation


def test_every_payload_class_is_among_the_samples() -> None:
    keys = {type(sample).spec.structure for sample, _ in OF_BOTH}
    assert {cls.spec.structure for cls in (*PAYLOADS.values(), *V2_PAYLOADS.values())} <= keys


def test_leaves_tile_every_buffer_of_the_run(trace: Trace) -> None:
    trees = trees_of(trace)
    assert len(trees) > 30
    for tree in trees:
        assert (tree.root.start, tree.root.end) == (0, len(tree.buffer.octets))
        check_tiling(tree.root)
        leaves = list(tree.root.leaves())
        assert b"".join(tree.buffer.octets[leaf.start : leaf.end] for leaf in leaves) == tree.buffer.octets


def test_decrypted_buffers_and_esp_are_among_the_trees(trace: Trace) -> None:
    kinds = {(tree.buffer.name, tree.root.spec.structure) for tree in trees_of(trace)}
    assert kinds == {
        ("datagram", "message"), ("decrypted", "message"),
        ("datagram", "esp"), ("decrypted", "esp"), ("datagram", "sealed_esp"),
    }


def test_every_node_of_the_run_is_rebuilt_from_its_structure(trace: Trace) -> None:
    count = 0
    for tree in trees_of(trace):
        for field in tree.root.walk():
            if isinstance(field.value, Structure):
                assert build(field.value) == tree.buffer.octets[field.start : field.end]
                count += 1
    assert count > 100


def test_every_field_of_the_run_has_words(trace: Trace) -> None:
    for tree in trees_of(trace):
        for field in tree.root.walk():
            assert isinstance(field.meaning, str)
            assert "\x1b" not in field.meaning


def test_a_message_is_header_and_chain(trace: Trace) -> None:
    for step in trace.steps[:4]:
        message = read_message(Buffer("datagram", step.octets))
        assert build(message.header) + build_chain(typed(message.payloads)) == step.octets


def test_a_chain_built_from_payloads_announces_each_by_its_predecessor() -> None:
    payloads = [s for s in SAMPLES if isinstance(s, Payload) and type(s).spec.structure in
                {"key_exchange", "nonce", "vendor_id", "security_association", "foreign_security_association"}]
    chain = build_chain(typed(payloads))
    header = IsakmpHeader(initiator_cookie=b"i" * 8, responder_cookie=bytes(8), exchange_type=2,
                          next_payload=payload_type(payloads[0]), length=HEADER_SIZE + len(chain))
    message = read_message(Buffer("datagram", build(header) + chain))
    assert message.types == tuple(payload_type(p) for p in payloads)
    assert message.payloads[-1].next_payload == 0


def test_body_and_span_name_the_octets_of_a_payload(main: Trace) -> None:
    message = read_message(Buffer("datagram", main.step(3).octets))
    assert (message.body(0).start, message.body(0).end) == (32, 288)
    assert (message.span(0).start, message.span(0, "data").start) == (28, 32)
    assert message.span(0, "nothing").octets == b""
    assert message.body(1).octets == getattr(message.payloads[1], "data", None)


def test_esp_sizes_come_from_the_sa(main: Trace) -> None:
    packet, tree = read_esp(Buffer("datagram", main.step(10).octets), 16, 12)
    assert isinstance(packet, EspPacket)
    assert (len(packet.iv), len(packet.icv), packet.sequence) == (16, 12, 1)
    assert build(packet) == main.step(10).octets
    check_tiling(tree.root)
