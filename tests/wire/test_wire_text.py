from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import WireError
from explorer.octets import Buffer
from explorer.wire import say
from explorer.wire.field import Field
from explorer.wire.message import HEADER_SIZE, read_message
from explorer.wire.payloads import IsakmpHeader, PlainNotification, TextIdentification, VendorId
from explorer.wire.structure import Structure, build, parse

ESCAPE = b"\x1b[31mred\x1b]0;title\x07\x9b2J\r\n\t\x00\x7f\x85"


def is_plain(text: str) -> bool:
    return all(" " <= character <= "~" or character in "…§–" for character in text)


@given(st.binary(max_size=300))
def test_text_has_no_control_characters(octets: bytes) -> None:
    assert is_plain(say.text(octets))
    assert is_plain(say.hexadecimal(octets))
    assert is_plain(say.number_in_octets(octets))
    assert is_plain(say.ipv4(octets))
    assert is_plain(say.ipv6(octets))


@given(st.binary(max_size=60))
def test_two_texts_are_equal_only_if_their_octets_are(octets: bytes) -> None:
    shown = say.text(octets)[1:-1]
    assert shown.encode("ascii").decode("unicode_escape").encode("latin-1") == octets


@pytest.mark.parametrize("payload", [
    VendorId(data=ESCAPE),
    TextIdentification(id_type=2, data=ESCAPE),
    TextIdentification(id_type=11, data=ESCAPE),
    PlainNotification(protocol=1, notify_type=14, data=ESCAPE),
], ids=lambda p: type(p).__name__)
def test_escape_sequences_never_reach_a_view(payload: Structure) -> None:
    _, tree = parse(type(payload), Buffer("p", build(payload)))
    for field in tree.root.walk():
        if not isinstance(field.value, Structure):
            assert is_plain(field.meaning)


@given(st.integers(1, 255), st.binary(max_size=80))
def test_no_payload_of_any_type_says_a_control_character(kind: int, body: bytes) -> None:
    octets = b"\0\0" + (4 + len(body)).to_bytes(2, "big") + body
    header = IsakmpHeader(initiator_cookie=ESCAPE[:8], responder_cookie=ESCAPE[8:16], next_payload=kind,
                          exchange_type=5, length=HEADER_SIZE + len(octets))
    try:
        root: object = read_message(Buffer("d", build(header) + octets)).trees[0].root
    except WireError as error:
        root = error.tree
    assert isinstance(root, Field)
    for field in root.walk():
        assert all(character.isprintable() for character in field.meaning)


def test_addresses_are_said_as_addresses() -> None:
    assert say.ipv4(b"\x0a\0\0\1") == "10.0.0.1"
    assert say.ipv6(bytes(15) + b"\1") == "::1"
    assert say.ipv4(b"\x0a\0\0") == "0a 00 00"
    assert say.text(b"a\\b") == "'a\\x5cb'"
    assert say.hexadecimal(b"") == "empty"
    assert say.hexadecimal(bytes(9)) == "00 00 00 00 00 00 00 00 …"
    assert say.number_in_octets(b"\1\0") == "256"
