"""By what each peer was proven to the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from explorer.crypto.term import Term
from explorer.events import Learned, Role, Verified
from explorer.trace.model import Entry
from explorer.trace.trace import Trace


class Proof(NamedTuple):
    """After reading ``message`` somebody knew by ``symbol`` whom it talks to.

    ``formula`` is how the one who is proven made that: a signature with its private key, a MAC with a shared one; empty
    for a password.
    """

    message: int
    symbol: str
    formula: str


def proofs_of(trace: Trace, party: Role) -> Iterator[Proof]:
    """What proved a peer to the other, each kind of proof once."""
    seen: set[str] = set()
    for entry in trace.events_of(Verified, party.other):
        event = entry.event
        if isinstance(event, Verified) and event.proves is party and event.symbol not in seen:
            seen.add(event.symbol)
            formula = _made(trace, entry, party, event.symbol, event.expected).expression
            yield Proof(entry.step, event.symbol, "" if formula is None else str(formula))


def _made(trace: Trace, verified: Entry, party: Role, symbol: str, expected: Term) -> Term:
    """The proof as its owner made it; what the other side expects may be the hash under a signature.

    What nobody derives, such as a password, is as expected.
    """
    for entry in reversed(trace.entries[: verified.at]):
        event = entry.event
        if entry.party is party and isinstance(event, Learned) and event.term.symbol == symbol:
            return event.term
    return expected
