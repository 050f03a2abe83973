from __future__ import annotations

from conftest import MAIN, PFS, recording
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import SAMPLES, SIZES

from explorer.errors import WireError
from explorer.octets import Buffer, Span
from explorer.wire.esp import read_content, read_esp, read_sealed
from explorer.wire.field import Field
from explorer.wire.message import build_chain, open_message, read_message
from explorer.wire.structure import Structure, build, parse

CLEAR = [recording(name).step(n).octets for name in (MAIN, PFS) for n in (1, 2, 3, 4)]
SEALED = [recording(MAIN).step(n) for n in (5, 6, 7, 8, 9)]
INSIDE = [step.envelope.trees[1].buffer.octets for step in SEALED]


@st.composite
def mutated(draw: st.DrawFn, originals: list[bytes]) -> bytes:
    octets = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(octets) - 1)) if octets else 0
        match draw(st.sampled_from(("set", "insert", "delete", "length"))):
            case "set" if octets:
                octets[at] = draw(st.integers(0, 255))
            case "insert":
                octets[at:at] = draw(st.binary(min_size=1, max_size=9))
            case "delete":
                del octets[at : at + draw(st.integers(1, 9))]
            case _:
                octets[24:28] = len(octets).to_bytes(4, "big")
    if draw(st.booleans()) and len(octets) >= 28:
        octets[24:28] = len(octets).to_bytes(4, "big")
    return bytes(octets)


def check(field: object) -> None:
    assert isinstance(field, Field)
    for node in field.walk():
        assert isinstance(node.meaning, str)
        assert 0 <= node.start <= node.end


def check_refusal(error: WireError, size: int) -> None:
    check(error.tree)
    assert 0 <= error.offset <= size
    assert error.rule
    assert error.citation


@settings(max_examples=1000)
@given(mutated(CLEAR))
def test_a_mutated_message_encodes_back_or_is_refused(octets: bytes) -> None:
    try:
        message = read_message(Buffer("datagram", octets))
    except WireError as error:
        check_refusal(error, len(octets))
        return
    check(message.trees[0].root)
    if message.header.encrypted:
        assert build(message.header) + message.ciphertext.octets == octets
        return
    chain = build_chain(list(zip(message.types, message.payloads, strict=True)))
    assert build(message.header) + chain == octets


@settings(max_examples=500)
@given(st.sampled_from(SEALED), st.one_of(mutated(INSIDE), st.binary(max_size=120)))
def test_any_plaintext_is_read_or_refused(step: object, plaintext: bytes) -> None:
    message = read_message(Buffer("datagram", getattr(step, "octets", b"")))
    try:
        opened = open_message(message, plaintext)
    except WireError as error:
        check_refusal(error, len(plaintext))
        return
    root = opened.trees[1].root
    check(root)
    assert b"".join(plaintext[leaf.start : leaf.end] for leaf in root.leaves()) == plaintext
    padding = plaintext[opened.places[-1].end :] if opened.places else plaintext
    chain = build_chain(list(zip(opened.types, opened.payloads, strict=True)))
    assert chain + padding == plaintext


@settings(max_examples=400)
@given(st.sampled_from(SAMPLES), st.binary(max_size=120))
def test_any_octets_as_any_structure(sample: Structure, octets: bytes) -> None:
    try:
        again, tree = parse(type(sample), Buffer("any", octets), SIZES)
    except WireError:
        return
    check(tree.root)
    assert build(again) == octets


@settings(max_examples=400)
@given(st.sampled_from(SAMPLES), st.data())
def test_mutated_octets_of_any_structure(sample: Structure, data: st.DataObject) -> None:
    octets = data.draw(mutated([build(sample)]))
    try:
        again, tree = parse(type(sample), Buffer("any", octets), SIZES)
    except WireError:
        return
    check(tree.root)
    assert build(again) == octets


@given(st.binary(max_size=200), st.integers(0, 16), st.integers(0, 32))
def test_any_octets_as_esp(octets: bytes, iv_size: int, icv_size: int) -> None:
    buffer = Buffer("datagram", octets)
    for read in (lambda: read_esp(buffer, iv_size, icv_size), lambda: read_sealed(buffer)):
        try:
            packet, tree = read()
        except WireError:
            continue
        check(tree.root)
        assert build(packet) == octets


@given(st.one_of(st.binary(max_size=90), mutated([recording(MAIN).step(10).envelope.trees[1].buffer.octets])))
def test_any_octets_inside_esp(plaintext: bytes) -> None:
    try:
        inner, trailer, tree = read_content(plaintext, Span(Buffer("d", plaintext), 0, len(plaintext)))
    except WireError:
        return
    check(tree.root)
    assert inner + build(trailer) == plaintext
    assert b"".join(plaintext[leaf.start : leaf.end] for leaf in tree.root.leaves()) == plaintext
