from __future__ import annotations

import pytest
from samples import SAMPLES

from explorer.octets import Buffer, Span
from explorer.wire.ip import build_echo, build_ipv4, checksum, read_packet
from explorer.wire.payloads import Hash, Nonce, Payload, Proposal, say_flags
from explorer.wire.structure import Structure, build, forget_readings, read


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: type(s).__name__)
def test_a_structure_cannot_be_changed(sample: Structure) -> None:
    with pytest.raises(AttributeError):
        sample.length = 1
    copy = sample.replace()
    assert copy == sample
    assert hash(copy) == hash(sample)
    assert copy is not sample
    assert type(sample).__name__ in repr(sample)


def test_structures_of_two_classes_are_never_equal() -> None:
    nonce: Structure = Nonce(data=b"x" * 20)
    assert nonce != Hash(data=b"x" * 20)
    assert nonce == Nonce(data=b"x" * 20)
    assert nonce != Nonce(data=b"y" * 20)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(TypeError, match="Nonce needs 'data'"):
        Nonce()  # type: ignore[call-arg]


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(TypeError, match="Nonce has no field 'date'"):
        Nonce(data=b"", date=1)  # type: ignore[call-arg]


def test_lengths_counts_and_next_payloads_are_computed() -> None:
    octets = build(Proposal(number=1, protocol=3, spi=b"\1\2\3\4", transforms=()), following=2)
    assert octets == bytes.fromhex("0200000c 01030400 01020304")


def test_what_was_given_is_not_computed() -> None:
    assert build(Nonce(next_payload=99, reserved=7, length=1, data=b"")) == bytes.fromhex("63070001")


def test_keys_of_specs_name_structure_and_field() -> None:
    assert [spec.key for spec in Nonce.specs()] == [
        "nonce", "nonce.next_payload", "nonce.reserved", "nonce.length", "nonce.data"]
    assert issubclass(Nonce, Payload)


def test_one_reading_does_for_all_who_read_the_same_octets() -> None:
    octets = build(Nonce(data=b"x" * 20))
    forget_readings()
    sent, overheard = read(Nonce, octets, 0, len(octets)), read(Nonce, bytes(bytearray(octets)), 0, len(octets))
    assert overheard[0] is sent[0]
    forget_readings()
    again = read(Nonce, octets, 0, len(octets))
    assert again == sent
    assert again[0] is not sent[0]


def test_buffers_are_compared_by_identity() -> None:
    first, second = Buffer("d", b"same"), Buffer("d", b"same")
    assert first != second
    assert Span(first, 1, 3).octets == b"am"
    assert "4 octets" in repr(first)


def test_the_internet_checksum_of_rfc_1071() -> None:
    assert checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF - 0xDDF2
    assert checksum(b"\1") == 0xFEFF


def test_a_header_with_its_checksum_sums_to_zero() -> None:
    packet = build_ipv4(b"\x0a\0\0\1", b"\x0a\0\0\2", 1, build_echo(8, 1, 1, b"odd"))
    assert checksum(packet[:20]) == 0
    assert checksum(packet[20:]) == 0
    header, echo = read_packet(packet, 0, len(packet))
    assert [leaf.meaning for leaf in header.leaves()][-2:] == ["10.0.0.1", "10.0.0.2"]
    assert next(leaf.meaning for leaf in echo.leaves()) == "8 Echo"


def test_what_is_no_echo_is_one_field() -> None:
    for packet in (b"\x45", bytes(40), b"\x46" + build_ipv4(b"abcd", b"efgh", 1, b"")[1:]):
        (field,) = read_packet(packet, 0, len(packet))
        assert field.spec.structure == "opaque_packet"


def test_flags_in_words() -> None:
    assert say_flags(0) == "none: not encrypted"
    assert say_flags(1) == "encrypted"
    assert say_flags(0x83) == "encrypted, commit, unknown 0x80"
