"""What the gear says of each payload that it reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from explorer.events import Envelope
from explorer.export.gear.console import payloads
from explorer.registry.isakmp import NotifyType
from explorer.registry.phase1 import LifeType, Phase1Attribute
from explorer.wire.payloads import (
    Delete,
    Hash,
    Identification,
    IsakmpLifetimeNotification,
    KeyExchange,
    NatDetection,
    Nonce,
    Notification,
    Payload,
    SecurityAssociation,
    VendorId,
)

_NAMES: tuple[tuple[type[Payload], str], ...] = (
    (SecurityAssociation, "SA"),
    (KeyExchange, "KE"),
    (Nonce, "NONCE"),
    (Identification, "ID"),
    (Hash, "HASH"),
    (Delete, "DELETE"),
)
_NOTIFICATIONS: dict[int, str] = {
    NotifyType.INITIAL_CONTACT: "INITIAL_CONTACT",
    NotifyType.RESPONDER_LIFETIME: "RESPONDER_LIFETIME",
    NotifyType.NO_PROPOSAL_CHOSEN: "PROPOSAL_NOT_CHOSEN",
}
_NAT_D = 20


def split_at_offers(envelope: Envelope) -> tuple[list[Payload], list[Payload]]:
    """The payloads of a message in two parts: phase 2 holds the offers against its policies before it reads on."""
    found = payloads(envelope)
    places = [at for at, payload in enumerate(found) if isinstance(payload, SecurityAssociation)]
    end = places[-1] + 1 if places and envelope.exchange == "Quick Mode" else len(found)
    return found[:end], found[end:]


def payload_lines(found: Sequence[Payload], envelope: Envelope, me: str) -> Iterator[str]:
    """A line for each payload of a message of which one is known, in the order of the chain."""
    for payload in found:
        if isinstance(payload, Notification):
            yield from _notification(payload, me, protected=envelope.encrypted)
        elif isinstance(payload, VendorId):
            yield f"{me}: processing vendor id payload"
        elif isinstance(payload, NatDetection):
            yield f"ISAKMP:received payload type {_NAT_D}"
        else:
            name = next((name for kind, name in _NAMES if isinstance(payload, kind)), None)
            if name is not None:
                yield f"{me}: processing {name} payload. message ID = {envelope.message_id}"


def _notification(payload: Notification, me: str, *, protected: bool) -> Iterator[str]:
    name = _NOTIFICATIONS.get(payload.notify_type)
    if name is None or not protected:
        way = "under the ISAKMP SA" if protected else "in the clear"
        yield f"# the notification {NotifyType.name_of(payload.notify_type)} came {way}, and no line is known for it"
        return
    yield f"{me}: processing NOTIFY {name} protocol {payload.protocol}"
    if isinstance(payload, IsakmpLifetimeNotification):
        yield f"{me}: processing responder lifetime"
        yield f"{me}: start processing isakmp responder lifetime"
        yield from (f"{me}: restart ike sa timer to {life} secs" for life in _seconds(payload))


def _seconds(payload: IsakmpLifetimeNotification) -> Iterator[int]:
    unit = None
    for attribute in payload.attributes:
        if attribute.type == Phase1Attribute.LIFE_TYPE:
            unit = attribute.number
        elif attribute.type == Phase1Attribute.LIFE_DURATION and unit == LifeType.SECONDS:
            yield attribute.number
