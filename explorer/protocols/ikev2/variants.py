"""Which of several messages one of IKE_AUTH is: what there is to say of it follows from that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.protocols.ikev2.parts import errors_in, notifies_in
from explorer.registry.ikev2 import AuthMethod, V2PayloadType
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.wire.ikev2 import V2Auth, V2Configuration, V2SecurityAssociation
from explorer.wire.ikev2_message import V2Message

if TYPE_CHECKING:
    from explorer.protocols.ikev2.ike_auth import IkeAuth

_N = V2NotifyType


def auth_variant(x: IkeAuth, message: V2Message) -> str:
    """What went wrong, what is new in it, or else how its sender proves itself."""
    auth = message.find(V2Auth)
    if auth is None:
        return error_variant(message)
    if message.header.response and errors_in(message):
        return "no-child"
    if x.sa.resumed is not None:
        return "resumed"
    if auth.method == AuthMethod.NULL:
        return "null"
    return _topic(x, message) or _proof(x, auth, message)


def error_variant(message: V2Message) -> str:
    """By the error that stands in place of a proof."""
    errors = errors_in(message)
    if _N.AUTHENTICATION_FAILED in errors:
        return "not-proven"
    return "nat-forbidden" if _N.UNEXPECTED_NAT_DETECTED in errors else "error"


def _topic(x: IkeAuth, message: V2Message) -> str:
    """What such a message does not have as a rule."""
    if _N.INITIAL_CONTACT in notifies_in(message):
        return "initial-contact"
    if message.find(V2Configuration) is not None:
        return "address"
    if message.find(V2SecurityAssociation) is None:
        return "childless"
    if message.header.response and _narrows(x, message):
        return "narrowed"
    if x.sa.int_auth:
        return "intermediate"
    return "natted" if message.start and x.party.link.natted else ""


def _narrows(x: IkeAuth, message: V2Message) -> bool:
    """Whether the answer's selectors are others than those that were asked for (RFC 7296 §2.9)."""
    for index, kind in enumerate(message.types):
        symbol = {int(V2PayloadType.TSI): "TSi_b wanted", int(V2PayloadType.TSR): "TSr_b wanted"}.get(kind)
        wanted = x.ledger.find(symbol) if symbol is not None else None
        if wanted is not None and wanted.octets != message.body(index).octets:
            return True
    return False


def _proof(x: IkeAuth, auth: V2Auth, message: V2Message) -> str:
    if auth.method != AuthMethod.SHARED_KEY:
        return "signature"
    if message.header.response:
        return "psk"
    return "psk-ppk" if x.sa.mixes_ppk else ""
