"""Answers outside of any IKE SA: unprotected, so that nobody may rely on them (RFC 7296 §1.5, §2.5, §2.21.4)."""

from __future__ import annotations

from typing import NamedTuple

from explorer.events import Envelope, Making, Sent
from explorer.octets import Buffer
from explorer.protocols.ikev2.keys import IKE_SA
from explorer.protocols.ikev2.parts import chain, notation, notify
from explorer.registry.ikev2 import V2ExchangeType, V2Flag
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.wire.ikev2 import IkeHeader
from explorer.wire.ikev2_message import HEADER_SIZE, read_v2
from explorer.wire.structure import build


class Outside(NamedTuple):
    """What to say and what to send."""

    making: Making
    sent: Sent
    octets: bytes


def refusal_outside(request: IkeHeader, kind: V2NotifyType, start: int) -> Outside:
    """One notification; SPIs, exchange type and Message ID are copied from the request, the version is this side's.

    Args:
        start: octets of non-ESP marker in front of the header.
    """
    part = notify(kind)
    first, content = chain([part])
    flags = int(V2Flag.RESPONSE) | (0 if request.from_initiator else int(V2Flag.INITIATOR))
    header = IkeHeader(
        initiator_spi=request.initiator_spi,
        responder_spi=request.responder_spi,
        next_payload=first,
        exchange_type=request.exchange_type,
        flags=flags,
        message_id=request.message_id,
        length=HEADER_SIZE + len(content.octets),
    )
    octets = bytes(start) + build(header) + content.octets
    message = read_v2(Buffer("datagram", octets), start)
    name, text = V2ExchangeType.name_of(request.exchange_type), notation([part.word], encrypted=False)
    envelope = Envelope(message.trees, text, name, IKE_SA, request.message_id, False, "version")
    return Outside(Making(name, IKE_SA, text), Sent(envelope, ()), octets)
