"""How charon lists what is in a message: ``ID_PROT request 0 [ SA V V ]``."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.events import Envelope
from explorer.export.gear.console import header, payloads
from explorer.export.gear.strongswan_words import EXCHANGES
from explorer.registry.configuration import ConfigurationAttributeType, ConfigurationMessage
from explorer.registry.isakmp import NotifyType
from explorer.wire.payloads import (
    AttributesPayload,
    Certificate,
    CertificateRequest,
    Delete,
    Hash,
    Identification,
    KeyExchange,
    NatDetection,
    NatOriginalAddress,
    Nonce,
    Notification,
    Payload,
    SecurityAssociation,
    Signature,
    VendorId,
)

_NAMES: tuple[tuple[type[Payload], str], ...] = (
    (SecurityAssociation, "SA"),
    (KeyExchange, "KE"),
    (Nonce, "No"),
    (Identification, "ID"),
    (Hash, "HASH"),
    (Signature, "SIG"),
    (CertificateRequest, "CERTREQ"),
    (Certificate, "CERT"),
    (VendorId, "V"),
    (NatDetection, "NAT-D"),
    (NatOriginalAddress, "NAT-OA"),
    (Delete, "D"),
)
_NOTIFICATIONS: dict[int, str] = {
    NotifyType.NO_PROPOSAL_CHOSEN: "NO_PROP",
    NotifyType.INVALID_ID_INFORMATION: "INVAL_ID",
    NotifyType.AUTHENTICATION_FAILED: "AUTH_FAILED",
    NotifyType.PAYLOAD_MALFORMED: "PLD_MAL",
    NotifyType.INITIAL_CONTACT: "INITIAL_CONTACT",
    NotifyType.R_U_THERE: "DPD",
    NotifyType.R_U_THERE_ACK: "DPD_ACK",
}
_CONFIGURATION: dict[int, str] = {
    ConfigurationMessage.REQUEST: "CPRQ",
    ConfigurationMessage.REPLY: "CPRP",
    ConfigurationMessage.SET: "CPS",
    ConfigurationMessage.ACK: "CPA",
}
_SETTINGS: dict[int, str] = {
    ConfigurationAttributeType.IP4_ADDRESS: "ADDR",
    ConfigurationAttributeType.IP4_DNS: "DNS",
    ConfigurationAttributeType.XAUTH_USER_NAME: "X_USER",
    ConfigurationAttributeType.XAUTH_USER_PASSWORD: "X_PWD",
    ConfigurationAttributeType.XAUTH_STATUS: "X_STATUS",
}


def summary(envelope: Envelope, *, request: bool) -> str | None:
    """A message in charon's short words; ``None`` if it holds something for which they are not known."""
    found = header(envelope)
    exchange = EXCHANGES.get(found.exchange_type) if found is not None else None
    names = list(_names(envelope))
    if exchange is None or not names or None in names:
        return None
    words = " ".join(name for name in names if name is not None)
    return f"{exchange} {'request' if request else 'response'} {envelope.message_id} [ {words} ]"


def _names(envelope: Envelope) -> Iterator[str | None]:
    for payload in payloads(envelope):
        if isinstance(payload, Notification):
            kind = _NOTIFICATIONS.get(payload.notify_type)
            yield f"N({kind})" if kind is not None else None
        elif isinstance(payload, AttributesPayload):
            yield _configuration(payload)
        else:
            yield next((name for kind, name in _NAMES if isinstance(payload, kind)), None)


def _configuration(payload: AttributesPayload) -> str | None:
    message = _CONFIGURATION.get(payload.message)
    names = [_SETTINGS.get(attribute.type) for attribute in payload.attributes]
    if message is None or None in names:
        return None
    return f"{message}({' '.join(name for name in names if name is not None)})"
