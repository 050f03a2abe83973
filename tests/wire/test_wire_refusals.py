from __future__ import annotations

from collections.abc import Callable

import pytest
from samples import AH_SHA, ATTRIBUTES, FOR_ESP, FOR_ISAKMP, KEY_IKE

from explorer.errors import WireError
from explorer.octets import Buffer, Span
from explorer.trace.trace import Trace
from explorer.wire.esp import read_content, read_esp, read_sealed
from explorer.wire.field import Field
from explorer.wire.message import HEADER_SIZE, build_chain, open_message, read_message, typed
from explorer.wire.payloads import Delete, IsakmpHeader, Nonce, Payload, PlainNotification, SecurityAssociation
from explorer.wire.structure import build

SA = SecurityAssociation(proposals=(FOR_ISAKMP,))
PAYLOAD_AT, BODY_AT = 28, 32
PROPOSAL_AT = 40
TRANSFORM_AT = 48


def message(*payloads: Payload, extra: bytes = b"") -> bytes:
    chain = build_chain(typed(payloads)) + extra
    first = 1 if isinstance(payloads[0], SecurityAssociation) else typed(payloads)[0][0]
    header = IsakmpHeader(initiator_cookie=b"i" * 8, responder_cookie=bytes(8), next_payload=first, exchange_type=2,
                          length=HEADER_SIZE + len(chain))
    return build(header) + chain


def patched(octets: bytes, at: int, new: bytes) -> bytes:
    return octets[:at] + new + octets[at + len(new) :]


def refused(octets: bytes) -> WireError:
    with pytest.raises(WireError) as caught:
        read_message(Buffer("datagram", octets))
    return caught.value


def check_part(error: WireError) -> None:
    assert isinstance(error.tree, Field)
    at = 0
    for leaf in error.tree.leaves():
        if leaf.end > leaf.start:
            assert leaf.start == at
            at = leaf.end
    assert all(isinstance(field.meaning, str) for field in error.tree.walk())


WHOLE = message(SA, Nonce(data=b"n" * 20))
SA_END = PAYLOAD_AT + len(build(SA))

BROKEN: list[tuple[str, bytes, int, str, str]] = [
    ("datagram longer than Length", WHOLE + b"\0", 24, "Length is 134, the datagram has 135 octets", "RFC 2408 §3.1"),
    ("datagram shorter than Length", WHOLE[:-1], 24, "the datagram has 133 octets", "RFC 2408 §3.1"),
    ("Length of zero", patched(WHOLE, 24, bytes(4)), 24, "Length is 0", "RFC 2408 §3.1"),
    ("header cut off", WHOLE[:27], 0, "ISAKMP header needs 28 octets, 27 are left", "RFC 2408 §3.1"),
    ("nothing at all", b"", 0, "ISAKMP header needs 28 octets, 0 are left", "RFC 2408 §3.1"),
    ("payload length of zero", patched(WHOLE, SA_END + 2, b"\0\0"), SA_END + 2, "is 0, expected 4 to 24",
     "RFC 2408 §3.13"),
    ("payload length of three", patched(WHOLE, SA_END + 2, b"\0\3"), SA_END + 2, "is 3, expected 4", "RFC 2408 §3.13"),
    ("payload one octet too long", patched(WHOLE, SA_END + 2, b"\0\x19"), SA_END + 2, "is 25", "RFC 2408 §3.13"),
    ("payload one octet too short", patched(WHOLE, SA_END + 2, b"\0\x17"), SA_END + 23, "1 octets follow the last",
     "RFC 2408 §3.2"),
    ("payload of 65535", patched(WHOLE, SA_END + 2, b"\xff\xff"), SA_END + 2, "is 65535", "RFC 2408 §3.13"),
    ("chain that announces more", patched(WHOLE, SA_END, b"\x0a"), len(WHOLE),
     "Nonce payload needs 4 octets, 0 are left",
     "RFC 2408 §3.13"),
    ("chain that ends too early", patched(WHOLE, PAYLOAD_AT, b"\0"), SA_END, "24 octets follow the last payload",
     "RFC 2408 §3.2"),
    ("proposal that is none", patched(WHOLE, PROPOSAL_AT, b"\3"), PROPOSAL_AT,
     "Next payload of Proposal is 3, expected 0",
     "RFC 2408 §3.4"),
    ("proposal that announces another", patched(WHOLE, PROPOSAL_AT, b"\2"), PROPOSAL_AT, "is 2, expected 0",
     "RFC 2408 §3.4"),
    ("transform that is none", patched(WHOLE, TRANSFORM_AT, b"\2"), TRANSFORM_AT, "of Transform is 2, expected 3",
     "RFC 2408 §3.5"),
    ("first transform that ends the list", patched(WHOLE, TRANSFORM_AT, b"\0"), TRANSFORM_AT, "is 0, expected 3",
     "RFC 2408 §3.5"),
    ("one transform too many announced", patched(WHOLE, PROPOSAL_AT + 7, b"\3"), TRANSFORM_AT + 31, "is 0, expected 3",
     "RFC 2408 §3.5"),
    ("one transform too few announced", patched(WHOLE, PROPOSAL_AT + 7, b"\1"), TRANSFORM_AT, "is 3, expected 0",
     "RFC 2408 §3.5"),
    ("SPI larger than the proposal", patched(WHOLE, PROPOSAL_AT + 6, b"\xff"), TRANSFORM_AT,
     "SPI should have 255 octets",
     "RFC 2408 §3.5"),
    ("attribute longer than the transform", patched(WHOLE, TRANSFORM_AT + 18, b"\xff\xff"), TRANSFORM_AT + 18,
     "Attribute length is 65535", "RFC 2408 §3.3"),
    ("proposal longer than the SA", patched(WHOLE, PROPOSAL_AT + 2, b"\1\0"), PROPOSAL_AT + 2, "of Proposal is 256",
     "RFC 2408 §3.5"),
]


@pytest.mark.parametrize(("octets", "offset", "rule", "citation"), [b[1:] for b in BROKEN], ids=[b[0] for b in BROKEN])
def test_what_breaks_a_rule_is_refused_with_place_rule_and_source(
    octets: bytes, offset: int, rule: str, citation: str
) -> None:
    error = refused(octets)
    assert rule in error.rule
    assert error.citation == citation
    assert error.offset == offset
    assert str(error) == f"octet {error.offset}: {error.rule} ({error.citation})"
    check_part(error)


def test_the_part_before_the_fault_is_kept() -> None:
    error = refused(patched(WHOLE, SA_END + 2, b"\0\0"))
    assert isinstance(error.tree, Field)
    labels = [child.spec.label for child in error.tree.children]
    assert labels == ["ISAKMP header", "Security Association payload", "Nonce payload"]
    assert error.tree.children[1].end == SA_END
    assert [leaf.spec.name for leaf in error.tree.children[2].children] == ["next_payload", "reserved", "length"]


def test_attributes_before_a_faulty_one_are_kept() -> None:
    last = TRANSFORM_AT + len(build(KEY_IKE)) - 7
    error = refused(patched(WHOLE, last + 2, b"\xff\xff"))
    assert error.offset == last + 2
    check_part(error)
    assert isinstance(error.tree, Field)
    kept = [field for field in error.tree.walk() if field.spec.structure == "phase1_attributes" and field.children]
    assert len(kept) == len(ATTRIBUTES) - 1


CUT: list[Payload] = [
    PlainNotification(protocol=3, notify_type=14, spi=b"\1\2\3\4"),
    Delete(protocol=3, spi_size=4, spi_count=2, spis=b"\1\2\3\4\5\6\7\x08"),
    SecurityAssociation(proposals=(FOR_ESP,)),
    SA,
]


@pytest.mark.parametrize("payload", CUT, ids=lambda p: type(p).__name__)
def test_no_prefix_of_a_payload_is_mended(payload: Payload) -> None:
    octets = build(payload)
    for end in range(4, len(octets)):
        cut = octets[:2] + end.to_bytes(2, "big") + octets[4:end]
        if isinstance(payload, SecurityAssociation) and end == 12:
            continue  # an SA without proposals breaks no rule of the codec; a peer refuses it
        header = IsakmpHeader(initiator_cookie=b"i" * 8, responder_cookie=bytes(8), next_payload=typed([payload])[0][0],
                              exchange_type=5, length=HEADER_SIZE + end)
        error = refused(build(header) + cut)
        assert HEADER_SIZE <= error.offset <= HEADER_SIZE + end
        check_part(error)


def test_no_prefix_of_a_message_is_mended(main: Trace) -> None:
    for step in main.steps[:9]:
        for end in range(len(step.octets)):
            error = refused(step.octets[:end])
            assert error.offset == (0 if end < HEADER_SIZE else 24)


def test_a_wrong_key_shows_up_as_a_broken_chain(main: Trace) -> None:
    sealed = read_message(Buffer("datagram", main.step(5).octets))
    assert not sealed.opened
    with pytest.raises(WireError) as caught:
        open_message(sealed, bytes(range(200, 248)))
    assert caught.value.offset == 2
    check_part(caught.value)


def _content(plaintext: bytes) -> object:
    return read_content(plaintext, Span(Buffer("datagram", plaintext), 0, len(plaintext)))


PACKET = bytes(range(50, 61))
ESP_BROKEN: list[tuple[str, Callable[[], object], int, str]] = [
    ("seven octets", lambda: read_sealed(Buffer("d", bytes(7))), 0, "RFC 4303 §2"),
    ("no room for the IV", lambda: read_esp(Buffer("d", bytes(20)), 16, 12), 8, "RFC 4303 §2"),
    ("no room for the ICV", lambda: read_esp(Buffer("d", bytes(30)), 16, 12), 24, "RFC 4303 §2"),
    ("empty content", lambda: _content(b""), 0, "RFC 4303 §2.4"),
    ("one octet of content", lambda: _content(b"\4"), 0, "RFC 4303 §2.4"),
    ("pad length beyond the start", lambda: _content(PACKET + b"\x0c\4"), 11, "RFC 4303 §2.4"),
    ("padding of zeros", lambda: _content(PACKET + b"\0\0\0\3\4"), 11, "RFC 4303 §2.4"),
    ("padding that counts from zero", lambda: _content(PACKET + b"\0\1\2\3\4"), 11, "RFC 4303 §2.4"),
]


@pytest.mark.parametrize(("read", "offset", "citation"), [(b[1], b[2], b[3]) for b in ESP_BROKEN],
                         ids=[b[0] for b in ESP_BROKEN])
def test_broken_esp_is_refused(read: Callable[[], object], offset: int, citation: str) -> None:
    with pytest.raises(WireError) as caught:
        read()
    assert (caught.value.offset, caught.value.citation) == (offset, citation)


def test_a_reserved_octet_is_kept_as_it_came() -> None:
    octets = patched(WHOLE, PAYLOAD_AT + 1, b"\x80")
    assert read_message(Buffer("datagram", octets)).payloads[0].reserved == 0x80
    assert build(AH_SHA.replace(reserved2=0xBEEF))[6:8] == b"\xbe\xef"
