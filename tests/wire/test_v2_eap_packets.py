from __future__ import annotations

import pytest
from test_v2_structures import patched
from v2_samples import EAP

from explorer.errors import WireError
from explorer.octets import Buffer
from explorer.wire.ikev2 import V2Eap
from explorer.wire.ikev2_eap import (
    V2EapIdentity,
    V2EapMschapOther,
    V2EapMschapResponse,
    V2EapNak,
    V2EapOther,
    V2EapOutcome,
    measured,
)
from explorer.wire.structure import build, parse


@pytest.mark.parametrize("packet", EAP, ids=lambda packet: type(packet).__name__)
def test_code_type_and_operation_choose_the_structure(packet: V2Eap) -> None:
    octets = build(measured(packet))
    again, _ = parse(V2Eap, Buffer("sample", octets))
    assert type(again) is type(packet)
    assert build(again) == octets


@pytest.mark.parametrize("packet", EAP, ids=lambda packet: type(packet).__name__)
@pytest.mark.parametrize("by", [-1, 1])
def test_an_eap_length_that_is_not_the_payloads_is_refused(packet: V2Eap, by: int) -> None:
    octets = build(measured(packet))
    with pytest.raises(WireError) as error:
        parse(V2Eap, Buffer("sample", patched(octets, 6, (len(octets) - 4 + by).to_bytes(2, "big"))))
    assert error.value.offset == 6


RESPONSE = build(measured(next(packet for packet in EAP if isinstance(packet, V2EapMschapResponse))))


@pytest.mark.parametrize(("at", "new"), [(11, b"\0\0"), (11, b"\xff\xff"), (13, b"\x30"), (13, b"\0")])
def test_lengths_inside_mschapv2_that_contradict_each_other(at: int, new: bytes) -> None:
    with pytest.raises(WireError) as error:
        parse(V2Eap, Buffer("sample", patched(RESPONSE, at, new)))
    assert error.value.offset == at


def test_success_has_no_type() -> None:
    octets = bytes.fromhex("00000009 03070005 01")
    with pytest.raises(WireError):
        parse(V2Eap, Buffer("sample", octets))


@pytest.mark.parametrize("octets", ["00000008 01070004", "0000000a 01070006 1a03", "0000000e 0207000a 1a0203 0005 31"])
def test_what_is_cut_short_is_refused(octets: str) -> None:
    with pytest.raises(WireError):
        parse(V2Eap, Buffer("sample", bytes.fromhex(octets)))


def test_a_nak_says_what_it_would_rather_have() -> None:
    _, tree = parse(V2Eap, Buffer("sample", build(measured(V2EapNak(code=2, identifier=1, wanted=b"\x1a")))))
    assert tree.root.children[-1].meaning == "EAP-MSCHAPv2"


def test_what_is_not_spoken_keeps_its_octets() -> None:
    for packet in (V2EapOther(code=2, identifier=1, eap_type=13, data=b"tls"),
                   V2EapMschapOther(code=1, identifier=1, opcode=7, ms_id=1, data=b"new")):
        again, _ = parse(V2Eap, Buffer("sample", build(measured(packet))))
        assert again == measured(packet).replace(next_payload=0, length=again.length)


def test_lengths_are_filled_in() -> None:
    assert measured(V2EapOutcome(code=3, identifier=1)).eap_length == 4
    assert measured(V2EapIdentity(code=2, identifier=1, identity=b"alice")).eap_length == 10
    assert int.from_bytes(RESPONSE[11:13], "big") == len(RESPONSE) - 9
