"""Events as JSON objects: what every event has, and what each kind adds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from explorer.events import (
    Binding,
    Concluded,
    Decrypted,
    Event,
    Judged,
    KeysMade,
    Learned,
    Making,
    Negotiation,
    NetworkChanged,
    Notified,
    Received,
    Refused,
    RekeyCollision,
    SaEnded,
    SaInstalled,
    SaShortened,
    Sent,
    StateChanged,
    TunnelMoved,
    Verified,
)
from explorer.export.term_index import TermIndex
from explorer.trace.model import Entry, Place
from explorer.trace.trace import Trace


def events(trace: Trace, index: TermIndex) -> list[dict[str, Any]]:
    """Every event of the run, in order; an installed SA is named by its position in ``sas``."""
    installed = 0
    found = []
    for entry in trace.entries:
        fields = _fields(entry, index)
        if isinstance(entry.event, SaInstalled):
            fields = {"sa": installed}
            installed += 1
        found.append({**_common(entry), **fields})
    return found


def _common(entry: Entry) -> dict[str, Any]:
    return {
        "at": entry.at,
        "time": round(entry.time, 6),
        "party": entry.party,
        "step": entry.step,
        "beat": entry.beat,
        "cause": entry.cause,
        "kind": _kind(type(entry.event)),
    }


def _kind(event: type[Event]) -> str:
    """``StateChanged`` as ``state_changed``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", event.__name__).lower()


def place_fields(place: Place) -> dict[str, Any]:
    """A range of octets of a message."""
    return place._asdict()


def _fields(entry: Entry, index: TermIndex) -> dict[str, Any]:
    event = entry.event
    if isinstance(event, Learned):
        return {"term": index.id(event.term)}
    if isinstance(event, Making):
        return {"exchange": event.exchange, "scope": event.scope, "notation": event.notation}
    if isinstance(event, Sent | Received):
        return _message(event, index, entry.step)
    if isinstance(event, Decrypted):
        where = place_fields(index.place(event.span, entry.step))
        return {**where, "key": index.id(event.key), "iv": index.id_or_none(event.iv)}
    if isinstance(event, Judged):
        return _negotiation(event.negotiation)
    if isinstance(event, StateChanged):
        names = ("exchange", "scope", "role", "old", "new", "receives", "sends")
        return {name: getattr(event, name) for name in names}
    if isinstance(event, KeysMade | SaShortened | RekeyCollision | SaEnded):
        return _of_sa(event, index)
    if isinstance(event, Notified):
        return {name: getattr(event, name) for name in ("notify", "protected", "citation")}
    if isinstance(event, NetworkChanged):
        return {name: getattr(event, name) for name in ("what", "value", "citation")}
    if isinstance(event, TunnelMoved):
        return {name: getattr(event, name) for name in ("local", "remote", "citation")}
    if isinstance(event, Concluded):
        return {name: getattr(event, name) for name in ("exchange", "scope", "outcome", "reason")}
    return _checked(event, index)


def _of_sa(event: KeysMade | SaShortened | RekeyCollision | SaEnded, index: TermIndex) -> dict[str, Any]:
    if isinstance(event, KeysMade):
        return {"scope": event.sa.scope, "keys": [index.id(term) for _, term in event.sa.keys]}
    if isinstance(event, RekeyCollision):
        where = {"protocol": event.protocol, "lowest": index.id(event.lowest)}
        return {**where, "survivor": event.survivor, "citation": event.citation}
    where = {"protocol": event.protocol, "spi": index.id(event.spi)}
    if isinstance(event, SaEnded):
        return {**where, "how": event.how}
    return {**where, "lifetime": event.lifetime, "citation": event.citation}


def _message(event: Sent | Received, index: TermIndex, step: int) -> dict[str, Any]:
    envelope = event.envelope
    return {
        "exchange": envelope.exchange,
        "scope": envelope.scope,
        "notation": envelope.notation,
        "message_id": envelope.message_id,
        "encrypted": envelope.encrypted,
        "again": isinstance(event, Sent) and event.again,
        "buffers": [tree.buffer.name for tree in envelope.trees],
        "bindings": _bindings(event.bindings, index, step),
    }


def _bindings(bindings: Iterable[Binding], index: TermIndex, step: int) -> list[dict[str, Any]]:
    return [{"term": index.id(term), **place_fields(index.place(span, step))} for term, span in bindings]


def _negotiation(negotiation: Negotiation) -> dict[str, Any]:
    chosen = len(negotiation.comparisons) - 1 if negotiation.agreed else None
    comparisons = [
        {
            "policy": comparison.policy,
            "proposal": comparison.proposal,
            "transform": comparison.transform,
            "ok": comparison.ok,
            "next_payload": getattr(comparison.offer, "next_payload", 0),
            "verdicts": [verdict._asdict() for verdict in comparison.verdicts],
        }
        for comparison in negotiation.comparisons
    ]
    return {"protocol": negotiation.protocol, "chosen": chosen, "comparisons": comparisons}


def _checked(event: Event, index: TermIndex) -> dict[str, Any]:
    if not isinstance(event, Verified | Refused):
        return {}
    pair = {"expected": index.id_or_none(event.expected), "received": index.id_or_none(event.received)}
    if isinstance(event, Verified):
        return {"symbol": event.symbol, **pair, "proves": event.proves, "citation": event.citation}
    said = {"reason": event.reason, "citation": event.citation, "notify": event.notify, "offset": event.offset}
    return {**said, **pair}
