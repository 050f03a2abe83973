"""EAP packets inside the EAP payload: a structure for each that is spoken here (RFC 3748 §4, §5)."""

from __future__ import annotations

from typing import Any, TypeVar

from explorer.errors import WireError
from explorer.registry.ikev2 import EapCode, EapType, MschapOpcode
from explorer.wire import say
from explorer.wire.ikev2 import V2Eap
from explorer.wire.structure import build, octets, rest, select_variant, u8, u16

HEADER_SIZE = 4
"""Octets of the generic header, which EAP Length does not count."""

RESPONSE_SIZE = 49
"""Octets of MSCHAPv2's response: challenge, eight reserved, NT-Response, flags (RFC 2759 §4)."""

_MSCHAP = "draft-kamath-pppext-eap-mschapv2 §2"

E = TypeVar("E", bound=V2Eap)


def _say_types(value: Any) -> str:
    return ", ".join(EapType.name_of(kind) for kind in value)


class V2EapOutcome(V2Eap, cite="RFC 3748 §4.2", key="v2_eap"):
    """Success or failure: four octets and no type."""


class V2EapUnknown(V2Eap, key="v2_eap"):
    """A packet under any other code."""

    data: bytes = rest(label="EAP data", default=b"")


class V2EapTyped(V2Eap, cite="RFC 3748 §4.1", key="v2_eap"):
    """A request or a response; those of any other type keep their octets."""

    eap_type: int = u8(EapType, label="EAP type")


class V2EapOther(V2EapTyped, key="v2_eap"):
    """A type that is not spoken here."""

    data: bytes = rest(label="EAP data", default=b"")


class V2EapIdentity(V2EapTyped, cite="RFC 3748 §5.1", key="v2_eap"):
    """Who logs in; in a request words for the user, or nothing."""

    eap_type: int = u8(EapType, label="EAP type", default=int(EapType.IDENTITY))
    identity: bytes = rest(label="Identity", default=b"", say=say.text)


class V2EapNak(V2EapTyped, cite="RFC 3748 §5.3.1", key="v2_eap"):
    """Types that the user's side would rather speak."""

    eap_type: int = u8(EapType, label="EAP type", default=int(EapType.NAK))
    wanted: bytes = rest(label="Wanted types", default=b"", say=_say_types)


class V2EapMd5(V2EapTyped, cite="RFC 3748 §5.4", key="v2_eap"):
    """A challenge, or the hash that answers it, as CHAP has it."""

    eap_type: int = u8(EapType, label="EAP type", default=int(EapType.MD5_CHALLENGE))
    value_size: int = u8(label="Value size", computed="size:value", default=None)
    value: bytes = octets("value_size", label="Value", default=b"")
    name: bytes = rest(label="Name", default=b"", say=say.text)


class V2EapMschap(V2EapTyped, cite=_MSCHAP, key="v2_eap"):
    """EAP-MSCHAPv2 with an operation; the receipt for success or failure has nothing more."""

    eap_type: int = u8(EapType, label="EAP type", default=int(EapType.MSCHAPV2))
    opcode: int = u8(MschapOpcode, label="OpCode")


class V2EapMschapLong(V2EapMschap, key="v2_eap"):
    """Everything but the receipt is numbered and measured once more."""

    ms_id: int = u8(label="MS-CHAPv2-ID")
    ms_length: int = u16(label="MS-Length", default=0)


class V2EapMschapOther(V2EapMschapLong, key="v2_eap"):
    """An operation that is not spoken here."""

    data: bytes = rest(label="EAP data", default=b"")


class V2EapMschapChallenge(V2EapMschapLong, key="v2_eap"):
    """The server's 16 octets, and its name."""

    value_size: int = u8(label="Value size", computed="size:challenge", default=None)
    challenge: bytes = octets("value_size", label="Challenge")
    name: bytes = rest(label="Name", default=b"", say=say.text)


class V2EapMschapResponse(V2EapMschapLong, cite="RFC 2759 §4", key="v2_eap"):
    """The user's own challenge, the proof, and the name."""

    value_size: int = u8(label="Value size", default=RESPONSE_SIZE)
    peer_challenge: bytes = octets(16, label="Peer-Challenge")
    ms_reserved: bytes = octets(8, label="Reserved", default=bytes(8))
    nt_response: bytes = octets(24, label="NT-Response")
    ms_flags: int = u8(label="Flags", default=0)
    name: bytes = rest(label="Name", default=b"", say=say.text)


class V2EapMschapWords(V2EapMschapLong, cite="RFC 2759 §5, §6", key="v2_eap"):
    """Success with the server's proof in it, or failure with a number, as text."""

    words: bytes = rest(label="Message", default=b"", say=say.text)


_OPERATIONS: dict[tuple[int, int], type[V2EapMschap]] = {
    (EapCode.REQUEST, MschapOpcode.CHALLENGE): V2EapMschapChallenge,
    (EapCode.RESPONSE, MschapOpcode.RESPONSE): V2EapMschapResponse,
    (EapCode.REQUEST, MschapOpcode.SUCCESS): V2EapMschapWords,
    (EapCode.REQUEST, MschapOpcode.FAILURE): V2EapMschapWords,
}
_TYPES: dict[int, type[V2Eap]] = {
    EapType.IDENTITY: V2EapIdentity,
    EapType.NAK: V2EapNak,
    EapType.MD5_CHALLENGE: V2EapMd5,
}


def _choose(data: bytes, at: int) -> type[V2Eap]:
    """By code, type and operation; lengths that contradict each other are refused here."""
    size = int.from_bytes(data[at + 2 : at + 4], "big")
    if size < HEADER_SIZE + 4 or at + size > len(data):
        return V2EapUnknown
    inner = int.from_bytes(data[at + 6 : at + 8], "big")
    if inner != size - HEADER_SIZE:
        raise WireError(at + 6, f"EAP length is {inner}, expected {size - HEADER_SIZE}", "RFC 7296 §3.16")
    code = data[at + 4]
    if code in (EapCode.SUCCESS, EapCode.FAILURE):
        return V2EapOutcome
    if code not in (EapCode.REQUEST, EapCode.RESPONSE):
        return V2EapUnknown
    if inner > 5 and data[at + 8] == EapType.MSCHAPV2:
        return _choose_operation(data, at, inner - 5)
    return _TYPES.get(data[at + 8] if inner > 4 else 0, V2EapOther)


def _choose_operation(data: bytes, at: int, size: int) -> type[V2Eap]:
    """``size`` octets follow the type; MS-Length says the same, and a response has exactly 49 octets of value."""
    code, opcode = data[at + 4], data[at + 9]
    if size == 1 and code == EapCode.RESPONSE and opcode in (MschapOpcode.SUCCESS, MschapOpcode.FAILURE):
        return V2EapMschap
    length = int.from_bytes(data[at + 11 : at + 13], "big")
    if size >= 4 and length != size:
        raise WireError(at + 11, f"MS-Length is {length}, expected {size}", _MSCHAP)
    chosen = next((cls for key, cls in _OPERATIONS.items() if key == (code, opcode)), V2EapMschapOther)
    if chosen is V2EapMschapResponse and size > 4 and data[at + 13] != RESPONSE_SIZE:
        found = f"Value size of a response is {data[at + 13]}, expected {RESPONSE_SIZE}"
        raise WireError(at + 13, found, "RFC 2759 §4")
    return chosen


select_variant(V2Eap, _choose)


def measured(packet: E) -> E:
    """The packet with its lengths filled in: EAP's own, and MSCHAPv2's, which counts from the operation on."""
    size = len(build(packet)) - HEADER_SIZE
    longer = {"ms_length": size - 5} if isinstance(packet, V2EapMschapLong) else {}
    return packet.replace(eap_length=size, **longer)
