"""Which octets of a message are which term: the SPIs of the header, and bodies of payloads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from explorer.crypto.term import Nature, Term
from explorer.events import Binding, Role
from explorer.octets import Span
from explorer.protocols.ikev2.ike_sa import IkeSa
from explorer.registry.ikev2 import V2PayloadType
from explorer.wire.ikev2 import V2KeyExchange, V2Payload, V2TrafficSelectors
from explorer.wire.ikev2_message import V2Message

if TYPE_CHECKING:
    from explorer.protocols.ikev2.exchange import V2Exchange

_SYMBOLS: Mapping[int, tuple[str, int]] = {
    V2PayloadType.SA: ("SA", 0),
    V2PayloadType.KE: ("KE", 4),
    V2PayloadType.NONCE: ("N", 0),
    V2PayloadType.IDI: ("IDi_b", 0),
    V2PayloadType.IDR: ("IDr_b", 0),
    V2PayloadType.CERT: ("CERT", 0),
    V2PayloadType.AUTH: ("AUTH", 4),
    V2PayloadType.TSI: ("TSi_b", 0),
    V2PayloadType.TSR: ("TSr_b", 0),
}
"""Payloads whose body, behind so many octets, is a term; ``i`` or ``r`` follows where both sides have one."""

_BOTH_SIDES = (V2PayloadType.SA, V2PayloadType.KE, V2PayloadType.NONCE, V2PayloadType.CERT, V2PayloadType.AUTH)


def header_bindings(sa: IkeSa, message: V2Message) -> list[Binding]:
    """Both SPIs, as far as they are there."""
    bindings = []
    for symbol, offset, owner in (("SPIi", 0, Role.INITIATOR), ("SPIr", 8, Role.RESPONDER)):
        at = message.start + offset
        span = Span(message.datagram, at, at + 8)
        if any(span.octets):
            held = sa.ledger.find(symbol)
            term = held or Term(symbol, span.octets, span, scope=sa.ledger.scope, owner=sa.owner(owner))
            bindings.append(Binding(term, span))
    return bindings


def payload_bindings(x: V2Exchange, message: V2Message, sender: Role) -> list[Binding]:
    """New terms for what was received."""
    found: list[Binding] = []
    seen: set[str] = set()
    for index, (payload, kind) in enumerate(zip(message.payloads, message.types, strict=True)):
        named = x.symbol_of(payload, kind, sender)
        if named is None or named[0] in seen:
            continue
        seen.add(named[0])
        body = message.body(index)
        span = Span(body.buffer, body.start + named[1], body.end)
        nature = Nature.DERIVED if kind == V2PayloadType.AUTH else Nature.PUBLIC
        owner = "" if kind == V2PayloadType.AUTH else x.owner(sender)
        term = Term(named[0], span.octets, span, scope=x.ledger.scope, nature=nature, owner=owner)
        found.append(Binding(term, span))
    return found


def usual_symbol(payload: V2Payload, kind: int, side: str, number: str) -> tuple[str, int] | None:
    """What a payload's body is called, and behind how many octets it begins; ``side`` sends it.

    Args:
        number: what tells the public values of an additional key exchange from those of the first, such as ``(1)``.
    """
    known = _SYMBOLS.get(kind)
    if known is None:
        return None
    symbol, skip = known
    if isinstance(payload, V2TrafficSelectors) and side == "i":
        # Only the answer says what comes of it (RFC 7296 §2.9).
        return f"{symbol} wanted", skip
    if isinstance(payload, V2KeyExchange):
        return f"KE{side}{number}", skip
    return (symbol + side if kind in _BOTH_SIDES else symbol), skip
