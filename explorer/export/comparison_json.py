"""Two runs side by side as one JSON document.  ``docs/json.md`` describes every key of it."""

from __future__ import annotations

import re
from typing import Any

from explorer.comparison.comparison import AlignedMessages, AlignedTerms, Comparison, Side
from explorer.comparison.operations import Operations
from explorer.comparison.totals import Totals
from explorer.events import Role
from explorer.export.json_export import written

FORMAT = "ike-explorer-comparison/1"
"""Name and version of the document; the version changes when a key changes its meaning or goes away."""

_PEERS = (Role.INITIATOR, Role.RESPONDER)


def comparison_to_json(comparison: Comparison) -> str:
    """The comparison as JSON."""
    document: dict[str, Any] = {
        "format": FORMAT,
        "left": _side(comparison.left),
        "right": _side(comparison.right),
        "names": None,
        "messages": None,
        "terms": None,
    }
    if comparison.aligned is not None:
        names, messages, terms = comparison.aligned
        document["names"] = [{"left": pair.left, "right": pair.right, "says": pair.says} for pair in names]
        document["messages"] = [_pair(pair) for pair in messages]
        document["terms"] = [_pair(pair) for pair in terms]
    return written(document)


def _pair(pair: AlignedMessages | AlignedTerms) -> dict[str, Any]:
    return {
        "left": [item._asdict() for item in pair.left],
        "right": [item._asdict() for item in pair.right],
        "says": pair.says,
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "scenario": side.scenario,
        "title": side.title,
        "protocol": side.protocol,
        "seed": side.seed,
        "outcome": side.outcome,
        "reason": side.reason,
        "totals": _totals(side.totals),
    }


def _totals(totals: Totals) -> dict[str, Any]:
    size, message = totals.largest
    return {
        "messages": totals.messages,
        "octets": totals.octets,
        "exchanges": [exchange._asdict() for exchange in totals.exchanges],
        "largest": {"message": message, "octets": size} if totals.messages else None,
        "packets": totals.packets,
        "round_trips": {party: totals.round_trips[party] for party in _PEERS},
        "operations": {party: _operations(totals.operations[party]) for party in _PEERS},
        "eavesdropper": [
            {"subject": item.subject, "holding": item.holding, "message": item.message or None}
            for item in totals.learnt
        ],
        "quantum": totals.later._asdict(),
        "proven": {
            party: [proof._asdict() for proof in proofs] for party, proofs in totals.proven.items()
        },
    }


def _operations(operations: Operations) -> dict[str, int]:
    counts = {re.sub(r"\W", "_", kind): count for kind, count in operations.counts.items()}
    return {"key_exchanges": operations.key_exchanges, **counts}
