from __future__ import annotations

from collections.abc import Callable

from conftest import recording
from hypothesis import given, settings
from hypothesis import strategies as st
from test_wire_hostile import check, check_refusal, mutated
from v2_samples import V2_SAMPLES, V2_SIZES

from explorer.errors import WireError
from explorer.octets import Buffer
from explorer.wire.ikev2_message import V2Message, open_v2, read_reassembled, read_v2
from explorer.wire.structure import Structure, build, parse

STEPS = [step for name in ("ikev2-psk", "ikev2-rsa", "ikev2-rekey-child") for step in recording(name).steps[:6]]
WHOLE = [step.octets for step in STEPS]
ENCRYPTED = [step for step in STEPS if len(step.envelope.trees) > 1 and step.envelope.exchange != "ESP"]
INSIDE = [step.envelope.trees[1].buffer.octets for step in ENCRYPTED]
SEALED = [step.octets for step in ENCRYPTED]
sizes = st.one_of(st.none(), st.tuples(st.integers(0, 20), st.integers(0, 40)))


@settings(max_examples=1000)
@given(st.one_of(mutated(WHOLE), st.binary(max_size=200)), sizes)
def test_a_mutated_message_encodes_back_or_is_refused(octets: bytes, known: tuple[int, int] | None) -> None:
    try:
        message = read_v2(Buffer("datagram", octets), 0, known)
    except WireError as error:
        check_refusal(error, len(octets))
        return
    root = message.trees[0].root
    check(root)
    assert b"".join(octets[leaf.start : leaf.end] for leaf in root.leaves()) == octets
    chain = b"".join(build(payload) for payload in message.payloads)
    chain += build(message.sealed) if message.sealed is not None else b""
    assert build(message.header) + chain == octets


@settings(max_examples=500)
@given(st.sampled_from(SEALED), st.one_of(mutated(INSIDE), st.binary(max_size=120)), st.integers(0, 255))
def test_any_plaintext_is_read_or_refused(octets: bytes, plaintext: bytes, first: int) -> None:
    message = read_v2(Buffer("datagram", octets), 0, (16, 16))
    reads: tuple[Callable[[], V2Message], ...] = (
        lambda: open_v2(message, plaintext, message.part("ciphertext")),
        lambda: read_reassembled(message, plaintext, first),
    )
    for read in reads:
        try:
            opened = read()
        except WireError as error:
            check_refusal(error, len(plaintext))
            continue
        root = opened.trees[1].root
        check(root)
        assert b"".join(plaintext[leaf.start : leaf.end] for leaf in root.leaves()) == plaintext
        assert plaintext.startswith(b"".join(build(payload) for payload in opened.payloads))


@settings(max_examples=400)
@given(st.sampled_from(V2_SAMPLES), st.data())
def test_octets_of_any_structure(sample: Structure, data: st.DataObject) -> None:
    octets = data.draw(st.one_of(mutated([build(sample)]), st.binary(max_size=120)))
    try:
        again, tree = parse(type(sample), Buffer("any", octets), V2_SIZES)
    except WireError:
        return
    check(tree.root)
    assert build(again) == octets
