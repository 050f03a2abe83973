"""A whole run as one JSON document, for scripts.  ``docs/json.md`` describes every key of it."""

from __future__ import annotations

import json
from typing import Any

from explorer.crypto.term import Configured, Constant, Derived, Drawn, Origin
from explorer.errors import ExplorerError
from explorer.events import Concluded, Role, SaInstalled, StateChanged
from explorer.export.json_events import events, place_fields
from explorer.export.term_index import Indexed, TermIndex
from explorer.octets import Span
from explorer.trace.knowledge import Holding
from explorer.trace.model import Place, Step
from explorer.trace.trace import Trace
from explorer.wire.field import Field, Tree

FORMAT = "ike-explorer/1"
"""Name and version of the document; the version changes when a key changes its meaning or goes away."""

_KINDS: dict[type, str] = {Configured: "configured", Drawn: "drawn", Constant: "constant", Derived: "derived"}
_PEERS = (Role.INITIATOR, Role.RESPONDER)


def to_json(trace: Trace, message: int | None = None) -> str:
    """The run as JSON: one line for each message, term, SA, exchange and event.

    Args:
        message: narrows ``messages``, and nothing else, to this one.

    Raises:
        ExplorerError: there is no such message.
    """
    if message is not None and not 1 <= message <= len(trace.steps):
        raise ExplorerError(f"message {message}: expected a number from 1 to {len(trace.steps)}")
    index = TermIndex(trace)
    steps = trace.steps if message is None else (trace.step(message),)
    roles, initiators = _roles(trace), _sa_roles(trace)
    document: dict[str, Any] = {
        "format": FORMAT,
        "scenario": trace.scenario,
        "title": trace.title,
        "protocol": trace.protocol,
        "seed": trace.seed,
        "outcome": trace.outcome,
        "reason": trace.reason,
        "parties": [info._asdict() for info in trace.parties.values()],
        "messages": [_message(step, index, roles, initiators) for step in steps],
        "terms": [_term(trace, index, item) for item in index],
        "sas": _sas(trace, index),
        "exchanges": _exchanges(trace),
        "events": events(trace, index),
        "knowledge": _knowledge(trace, index),
    }
    return written(document)


def written(document: dict[str, Any]) -> str:
    """A line an item: as fast as the encoder's shortest form, and still to be read, searched and compared."""
    encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode

    def said(value: object) -> str:
        if isinstance(value, list) and value:
            return "[\n" + ",\n".join(map(encode, value)) + "\n]"
        return encode(value)

    return "{\n" + ",\n".join(f"{encode(key)}:{said(value)}" for key, value in document.items()) + "\n}\n"


# ---------------------------------------------------------------- messages


def _roles(trace: Trace) -> dict[tuple[Role, str], Role]:
    """Which end of each exchange each party is, by party and scope."""
    found: dict[tuple[Role, str], Role] = {}
    for entry in trace.events_of(StateChanged):
        if isinstance(entry.event, StateChanged):
            found.setdefault((entry.party, entry.event.scope), entry.event.role)
    return found


def _sa_roles(trace: Trace) -> dict[bytes, str]:
    """Which party is the initiator of each ISAKMP SA, by the initiator's cookie."""
    found: dict[bytes, str] = {}
    for key in trace.links.keys:
        term = trace.links.first(key)
        if term.symbol == "CKY-I" and term.owner:
            found.setdefault(term.octets, term.owner)
    return found


def _sa_role(step: Step, initiators: dict[bytes, str]) -> Role:
    """The sender's role in the ISAKMP SA that the header's cookies name."""
    root = step.envelope.trees[0].root
    cookie = next((f.value for f in root.walk() if f.spec.key == "isakmp_header.initiator_cookie"), None)
    starter = initiators.get(cookie) if isinstance(cookie, bytes) else None
    if starter is None:
        return step.sender
    return Role.INITIATOR if starter == step.sender else Role.RESPONDER


def _message(
    step: Step, index: TermIndex, roles: dict[tuple[Role, str], Role], initiators: dict[bytes, str]
) -> dict[str, Any]:
    envelope = step.envelope
    trees = envelope.trees
    ends = {
        "sa_role": _sa_role(step, initiators),
        "exchange_role": roles.get((step.sender, envelope.scope), step.sender),
    }
    inside = {"inside": step.inside._asdict()} if step.inside is not None else {}
    changed = {"delivered": step.octets.hex()} if step.fate == "changed" else {}
    return {
        "number": step.number,
        "time": round(step.time, 6),
        "sender": step.sender,
        **{name: role for name, role in ends.items() if role is not step.sender},
        "source": step.source._asdict(),
        "destination": step.destination._asdict(),
        **inside,
        "exchange": envelope.exchange,
        "scope": envelope.scope,
        "notation": envelope.notation,
        "message_id": envelope.message_id,
        "encrypted": envelope.encrypted,
        "variant": envelope.variant,
        "decrypted": any(tree.buffer.name != "datagram" for tree in trees),
        "lost": step.fate == "lost",
        "fate": step.fate,
        **changed,
        "buffers": {tree.buffer.name: tree.buffer.octets.hex() for tree in trees},
        "parents": {tree.buffer.name: _parent(tree.buffer.parent) for tree in trees if tree.buffer.parent is not None},
        "fields": [_tree(step.number, tree, index) for tree in trees],
    }


def _parent(span: Span) -> dict[str, Any]:
    return {"buffer": span.buffer.name, "start": span.start, "end": span.end}


def _tree(message: int, tree: Tree, index: TermIndex) -> dict[str, Any]:
    buffer, bound = tree.buffer.name, index.bound

    def node(field: Field) -> dict[str, Any]:
        spec, value = field.spec, field.value
        return {
            "name": spec.key,
            "label": spec.label,
            "buffer": buffer,
            "start": field.start,
            "end": field.end,
            "value": value.hex() if isinstance(value, bytes) else value if isinstance(value, int) else None,
            # A structure as a whole has no words of its own; an attribute, which has a name, has.
            "meaning": spec.meaning(value) if spec.name or not field.children else "",
            "citation": spec.citation,
            "bits": _bits(field) if spec.bits else [],
            "terms": bound.get(Place(message, buffer, field.start, field.end), []),
            "children": [node(child) for child in field.children],
        }

    return node(tree.root)


def _bits(field: Field) -> list[dict[str, Any]]:
    """The named parts of a leaf, each with its own value."""
    value = field.value if isinstance(field.value, int) else 0
    return [
        {
            "label": bit.label,
            "mask": bit.mask,
            "value": (value & bit.mask) // (bit.mask & -bit.mask),
            "meaning": bit.meaning,
        }
        for bit in field.spec.bits
    ]


# ---------------------------------------------------------------- terms


def _term(trace: Trace, index: TermIndex, item: Indexed) -> dict[str, Any]:
    term = item.term
    return {
        "id": index.id(term),
        "symbol": item.key.symbol,
        "scope": item.key.scope,
        "party": item.party,
        "hex": term.octets.hex(),
        "nature": term.nature.value,
        "owner": term.owner,
        "origin": _origin(index, term.origin, item.step),
        "formula": None if term.expression is None else str(term.expression),
        "inputs": [index.id(source) for source in term.made_of()],
        "proof": term.command(),
        "citation": term.citation,
        "places": [place_fields(place) for place in trace.links.places(item.key)],
    }


def _origin(index: TermIndex, origin: Origin, step: int) -> dict[str, Any]:
    if isinstance(origin, Span):
        return {"kind": "message", **place_fields(index.place(origin, step))}
    return {"kind": _KINDS[type(origin)], "message": None, "buffer": None, "start": None, "end": None}


# ---------------------------------------------------------------- what came of it


def _sas(trace: Trace, index: TermIndex) -> list[dict[str, Any]]:
    """Every SA that was installed, and how it ended, if it did."""
    found = []
    for entry in trace.entries:
        if not isinstance(entry.event, SaInstalled):
            continue
        sa = entry.event.sa
        end = trace.sa_end(entry.party, sa)
        found.append({
            "party": entry.party,
            "protocol": sa.protocol,
            "direction": sa.direction,
            "scope": sa.scope,
            "spis": [{"term": index.id(term), "hex": term.octets.hex()} for term in sa.spis],
            "algorithms": dict(sa.algorithms),
            "keys": [{"use": use, "term": index.id(term), "hex": term.octets.hex()} for use, term in sa.keys],
            "lifetime": trace.sa_lifetime(entry.party, sa, len(trace) - 1),
            "installed": entry.at,
            "state": "installed" if end is None else "ended",
            "ended": None if end is None else {"at": end[0], "how": end[1]},
        })
    return found


def _exchanges(trace: Trace) -> list[dict[str, Any]]:
    """In order of their beginning; a party for which one never ended is told apart from one that failed."""
    found: dict[tuple[str, str], dict[str, dict[str, str]]] = {}
    for entry in trace.entries:
        event = entry.event
        if isinstance(event, StateChanged | Concluded):
            ends = found.setdefault((event.exchange, event.scope), {})
            if isinstance(event, Concluded):
                ends[entry.party] = {"outcome": event.outcome, "reason": event.reason}
    return [_exchange(trace, name, scope, ends) for (name, scope), ends in found.items()]


def _exchange(trace: Trace, name: str, scope: str, ends: dict[str, dict[str, str]]) -> dict[str, Any]:
    parties = {str(role): ends.get(role, {"outcome": "unfinished", "reason": ""}) for role in _PEERS}
    outcomes = {end["outcome"] for end in parties.values()}
    outcome = next((word for word in ("failed", "unfinished") if word in outcomes), "completed")
    return {
        "name": name,
        "scope": scope,
        "outcome": outcome,
        "messages": [step.number for step in trace.steps if step.envelope.scope == scope],
        "parties": parties,
    }


def _knowledge(trace: Trace, index: TermIndex) -> list[dict[str, Any]]:
    """The table of who knows what, as it stands at the end."""
    knowledge, last, ids = trace.knowledge, len(trace) - 1, index.by_row()
    found = []
    for row in knowledge.rows(last):
        cells = {}
        for role in trace.parties:
            cell = knowledge.cell(row.key, role, last)
            since = None if cell.holding in (Holding.NONE, Holding.OWN) else cell.step
            cells[str(role)] = {"holding": cell.holding.name.lower(), "message": since}
        found.append({"scope": row.key.scope, "symbol": row.key.symbol, "since": row.since,
                      "terms": ids.get(row.key, []), "cells": cells})
    return found
