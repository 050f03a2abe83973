from __future__ import annotations

import pytest
from conftest import recording
from test_wire_round_trip import check_tiling, trees_of
from v2_samples import AES, FOR_ESP, IPV4, V2_SAMPLES

from explorer.errors import WireError
from explorer.octets import Buffer, Span
from explorer.wire.attributes import basic
from explorer.wire.field import Field
from explorer.wire.ikev2 import (
    V2_PAYLOADS,
    EncryptionTransform,
    IkeHeader,
    V2Encrypted,
    V2KeyExchange,
    V2Nonce,
    V2Notify,
    V2OpaquePayload,
    V2Payload,
    V2Proposal,
    V2Sealed,
    V2SecurityAssociation,
    V2TextIdentification,
    transform_name,
)
from explorer.wire.ikev2_message import V2Message, open_v2, read_reassembled, read_v2, read_v2_header
from explorer.wire.structure import Structure, build, parse, read

SCENARIOS = ["ikev2-psk", "ikev2-gcm", "ikev2-rsa", "ikev2-rekey-child", "ikev2-rekey-ike", "ikev2-cookie-invalid-ke"]
NONCE = V2Nonce(data=b"n" * 32)


def message(*payloads: V2Payload, first: int, extra: bytes = b"", exchange: int = 34) -> bytes:
    """Payloads that announce one another; the types of those after the first are looked up."""
    kinds = [next(kind for kind, cls in V2_PAYLOADS.items() if isinstance(p, cls)) for p in payloads[1:]]
    body = b"".join(build(p, kind) for p, kind in zip(payloads, [*kinds, 0], strict=True)) + extra
    header = IkeHeader(
        initiator_spi=b"i" * 8, responder_spi=bytes(8), next_payload=first, exchange_type=exchange, flags=8,
        length=28 + len(body))
    return build(header) + body


def patched(octets: bytes, at: int, new: bytes) -> bytes:
    return octets[:at] + new + octets[at + len(new) :]


@pytest.mark.parametrize("name", SCENARIOS)
def test_leaves_tile_every_buffer_of_a_run(name: str) -> None:
    trees = trees_of(recording(name))
    assert len(trees) > 10
    for tree in trees:
        assert (tree.root.start, tree.root.end) == (0, len(tree.buffer.octets))
        check_tiling(tree.root)
        leaves = list(tree.root.leaves())
        assert b"".join(tree.buffer.octets[leaf.start : leaf.end] for leaf in leaves) == tree.buffer.octets
        for field in tree.root.walk():
            assert isinstance(field.meaning, str)
            assert "\x1b" not in field.meaning


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_node_of_a_run_is_rebuilt_from_its_structure(name: str) -> None:
    count = 0
    for tree in trees_of(recording(name)):
        for field in tree.root.walk():
            if isinstance(field.value, Structure):
                assert build(field.value) == tree.buffer.octets[field.start : field.end]
                count += 1
    assert count > 50


def test_lengths_counts_and_announcements_are_computed() -> None:
    assert build(FOR_ESP, 2) == bytes.fromhex(
        "02000020 03030402 01020304 0300000c 0100000c 800e0080 00000008 05000000")


def test_what_was_given_is_not_computed() -> None:
    assert build(V2Nonce(next_payload=99, critical=0x80, length=1, data=b"")) == bytes.fromhex("63800001")


def test_a_transform_without_a_key_length_has_no_attribute() -> None:
    assert build(EncryptionTransform(kind=1, transform_id=28, attributes=()), 0) == bytes.fromhex("00000008 0100001c")
    assert AES.key_length == 128
    assert EncryptionTransform(kind=1, transform_id=12, attributes=(basic(99, 1),)).key_length is None


def test_the_number_of_a_transform_is_named_by_its_type() -> None:
    assert transform_name(1, 12) != transform_name(2, 12) != transform_name(3, 12)
    assert transform_name(4, 31) == transform_name(6, 31)
    assert transform_name(77, 12) == "12"


def test_a_selector_of_ipv4_has_sixteen_octets() -> None:
    assert build(IPV4) == bytes.fromhex("07000010 0000ffff 0a000000 0a0000ff")


def test_trap_49_the_top_bit_is_critical_and_zero_for_known_types() -> None:
    for sample in V2_SAMPLES:
        if isinstance(sample, V2Payload) and not isinstance(sample, V2OpaquePayload):
            assert build(sample, 0)[1] == 0
    octets = message(V2OpaquePayload(critical=0x80, data=b"?"), first=200)
    assert octets[29] == 0x80
    (payload,) = read_v2(Buffer("d", octets)).payloads
    assert isinstance(payload, V2OpaquePayload)
    assert payload.critical == 0x80


def test_trap_56_an_identity_has_three_reserved_octets_and_an_sa_nothing_in_front() -> None:
    assert build(V2TextIdentification(id_type=2, data=b"x"), 0) == bytes.fromhex("00000009 02000000 78")
    assert build(V2SecurityAssociation(proposals=(FOR_ESP,)), 0)[4:] == build(FOR_ESP, 0)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (14, "14 NO_PROPOSAL_CHOSEN: no offer matches the policy"),
        (16390, "16390 COOKIE: octets to be sent back, before any state is kept"),
        (9000, "9000 private error"),
    ],
)
def test_the_type_of_a_notification_says_what_it_means(kind: int, said: str) -> None:
    built = build(V2Notify(notify_type=kind))
    _, field = read(V2Notify, built, 0, len(built))
    assert [leaf.meaning for leaf in field.children if leaf.spec.name == "notify_type"] == [said]


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        (17, "001f", "31 X25519"),
        (17, "1f", "1f"),
        (1, "c8", "200 private use"),
        (1, "", "empty"),
        (16431, "00020005", "2 SHA2-256, 5 Identity"),
        (16431, "000200", "00 02 00"),
        (16397, "0a000001", "10.0.0.1"),
        (16398, "00" * 15 + "01", "::1"),
        (16403, "00000e10", "3600 s"),
        (16390, "0102", "01 02"),
    ],
)
def test_the_type_of_a_notification_says_how_to_read_its_data(kind: int, data: str, said: str) -> None:
    built = build(V2Notify(notify_type=kind, data=bytes.fromhex(data)))
    read_again, field = read(V2Notify, built, 0, len(built))
    assert read_again.data == bytes.fromhex(data)
    assert build(read_again) == built
    assert read_again.declared["data"].spec(type(read_again), "data").meaning(read_again.data) == said
    assert [leaf.meaning for leaf in field.children if leaf.spec.name == "data"] == [said] * bool(data)


def test_a_message_is_header_and_chain() -> None:
    sa = V2SecurityAssociation(proposals=(FOR_ESP,))
    octets = message(sa, V2KeyExchange(method=31, data=bytes(32)), NONCE, first=33)
    read = read_v2(Buffer("d", octets))
    assert read.types == (33, 34, 40)
    assert read.payloads[-1].next_payload == 0
    assert read.find(V2Nonce) is read.payloads[2]
    assert read.find(V2Notify) is None
    assert read.body(2).octets == NONCE.data
    assert (read.opened, read.sealed, read.start) == (True, None, 0)


@pytest.mark.parametrize("start", [0, 4])
def test_a_marker_stands_in_front_of_the_header(start: int) -> None:
    octets = bytes(start) + message(NONCE, first=40)
    read = read_v2(Buffer("d", octets), start)
    assert read.start == start
    assert read_v2_header(Buffer("d", octets), start) == read.header
    check_tiling(read.trees[0].root)
    assert read.span(0).start == 28 + start


# ---------------------------------------------------------------- what is encrypted

SK = V2Sealed(next_payload=40, data=b"v" * 16 + b"e" * 64 + b"c" * 12)


def sealed(sizes: tuple[int, int] | None, sk: V2Sealed = SK) -> V2Message:
    return read_v2(Buffer("d", message(sk, first=46, exchange=37)), 0, sizes)


def test_without_sizes_the_encrypted_payload_is_one_run_of_octets() -> None:
    read = sealed(None)
    assert isinstance(read.sealed, V2Sealed)
    assert not read.opened
    assert read.payloads == ()
    assert read.part("iv").octets == b""
    check_tiling(read.trees[0].root)


def test_with_sizes_it_is_vector_ciphertext_and_check_value() -> None:
    read = sealed((16, 12))
    assert isinstance(read.sealed, V2Encrypted)
    assert [read.part(name).octets for name in ("iv", "ciphertext", "icv")] == [b"v" * 16, b"e" * 64, b"c" * 12]
    check_tiling(read.trees[0].root)


@pytest.mark.parametrize("sizes", [(0, 0), (8, 16), (92, 0), (0, 92), (80, 12)])
def test_any_sizes_that_fit(sizes: tuple[int, int]) -> None:
    read = sealed(sizes)
    assert sum(len(read.part(name).octets) for name in ("iv", "ciphertext", "icv")) == 92
    assert (len(read.part("iv").octets), len(read.part("icv").octets)) == sizes
    check_tiling(read.trees[0].root)


@pytest.mark.parametrize("sizes", [(93, 0), (0, 93), (90, 12), (16, 90)])
def test_sizes_that_do_not_fit_are_refused(sizes: tuple[int, int]) -> None:
    with pytest.raises(WireError):
        sealed(sizes)


def test_nothing_is_read_behind_an_encrypted_payload() -> None:
    # Its Next Payload is the type of the first payload inside (RFC 7296 §3.14).
    octets = message(SK, first=46, extra=build(NONCE, 0))
    with pytest.raises(WireError, match="36 octets follow the last payload"):
        read_v2(Buffer("d", octets), 0, (16, 12))


def test_a_payload_in_the_clear_stands_in_front_of_it() -> None:
    octets = message(NONCE, SK, first=40)
    read = read_v2(Buffer("d", octets), 0, (16, 12))
    assert read.types == (40,)
    assert isinstance(read.sealed, V2Encrypted)


def opened(plaintext: bytes) -> V2Message:
    read = sealed((16, 12))
    return open_v2(read, plaintext, read.part("ciphertext"))


@pytest.mark.parametrize("padding", [0, 1, 15, 255])
def test_an_opened_message_is_payloads_padding_and_its_count(padding: int) -> None:
    read = opened(build(NONCE, 0) + bytes(padding) + bytes((padding,)))
    assert read.types == (40,)
    assert read.opened
    check_tiling(read.trees[1].root)
    assert [f.spec.key for f in read.trees[1].root.children] == [
        "v2_nonce", *(["v2_message.padding"] if padding else []), "v2_message.pad_length"]
    assert isinstance(read.holder.parent, Span)
    assert read.body(0).buffer is read.holder


def test_nothing_inside_is_only_a_pad_length() -> None:
    empty = sealed((16, 12), V2Sealed(next_payload=0, data=SK.data))
    read = open_v2(empty, b"\0", empty.part("ciphertext"))
    assert read.payloads == ()
    check_tiling(read.trees[1].root)


@pytest.mark.parametrize(
    ("plaintext", "rule"),
    [
        (b"", "Pad length"),
        (b"\1", "Pad length"),
        (build(NONCE, 0) + bytes(3) + b"\xff", "Pad length"),
        (build(NONCE, 0) + bytes(4) + b"\3", "1 octets follow"),
        (build(NONCE, 0)[:-1] + b"\0", "expected 4 to 35"),
        (build(NONCE, 41) + b"\0", "Notify payload needs 8 octets, 0 are left"),
    ],
    ids=["nothing", "more padding than octets", "far more", "octets between", "cut off", "announces more"])
def test_a_plaintext_that_breaks_a_rule(plaintext: bytes, rule: str) -> None:
    with pytest.raises(WireError, match=rule):
        opened(plaintext)


def test_reassembled_octets_stand_in_a_buffer_of_their_own() -> None:
    read = sealed((16, 12))
    whole = read_reassembled(read, build(NONCE, 0), 40)
    assert whole.types == (40,)
    assert whole.holder.name == "reassembled"
    check_tiling(whole.trees[-1].root)
    with pytest.raises(WireError, match="1 octets follow"):
        read_reassembled(read, build(NONCE, 0) + b"\0", 40)


# ---------------------------------------------------------------- what breaks a rule

SA = V2SecurityAssociation(proposals=(FOR_ESP,))
WHOLE = message(SA, NONCE, first=33)
NONCE_AT = 28 + len(build(SA))
PROPOSAL_AT, TRANSFORM_AT = 32, 44

BROKEN: list[tuple[str, bytes, int]] = [
    ("datagram longer than Length", WHOLE + b"\0", 24),
    ("datagram shorter than Length", WHOLE[:-1], 24),
    ("Length of zero", patched(WHOLE, 24, bytes(4)), 24),
    ("header cut off", WHOLE[:27], 0),
    ("nothing at all", b"", 0),
    ("payload length of zero", patched(WHOLE, NONCE_AT + 2, b"\0\0"), NONCE_AT + 2),
    ("payload length of three", patched(WHOLE, NONCE_AT + 2, b"\0\3"), NONCE_AT + 2),
    ("payload one octet too long", patched(WHOLE, NONCE_AT + 2, b"\0\x25"), NONCE_AT + 2),
    ("payload one octet too short", patched(WHOLE, NONCE_AT + 2, b"\0\x23"), len(WHOLE) - 1),
    ("chain that announces more", patched(WHOLE, NONCE_AT, b"\x28"), len(WHOLE)),
    ("chain that ends too early", patched(WHOLE, 28, b"\0"), NONCE_AT),
    ("proposal that announces another", patched(WHOLE, PROPOSAL_AT, b"\2"), PROPOSAL_AT),
    ("proposal length of zero", patched(WHOLE, PROPOSAL_AT + 2, b"\0\0"), PROPOSAL_AT + 2),
    ("SPI longer than the proposal", patched(WHOLE, PROPOSAL_AT + 6, b"\xff"), PROPOSAL_AT + 8),
    ("fewer transforms than announced", patched(WHOLE, PROPOSAL_AT + 7, b"\3"), 0),
    ("more transforms than announced", patched(WHOLE, PROPOSAL_AT + 7, b"\1"), 0),
    ("transform that announces no other", patched(WHOLE, TRANSFORM_AT, b"\0"), 0),
    ("transform length of zero", patched(WHOLE, TRANSFORM_AT + 2, b"\0\0"), TRANSFORM_AT + 2),
]


@pytest.mark.parametrize(("octets", "offset"), [b[1:] for b in BROKEN], ids=[b[0] for b in BROKEN])
def test_a_message_that_breaks_a_rule_is_refused_where_it_does(octets: bytes, offset: int) -> None:
    with pytest.raises(WireError) as caught:
        read_v2(Buffer("d", octets))
    error = caught.value
    assert error.citation.startswith("RFC 7296")
    assert isinstance(error.tree, Field)
    assert all(isinstance(field.meaning, str) for field in error.tree.walk())
    if offset:
        assert error.offset == offset


@pytest.mark.parametrize("spi", [b"", b"\1\2\3\4", b"8 octets", bytes(255)])
def test_trap_43_the_size_of_an_spi_is_what_the_proposal_says(spi: bytes) -> None:
    octets = build(V2Proposal(number=1, protocol=1, spi=spi, transforms=(AES,)), 0)
    assert octets[6] == len(spi)
    again, _ = parse(V2Proposal, Buffer("d", octets))
    assert again.spi == spi
