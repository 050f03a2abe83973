"""By what each peer was proven to the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from explorer.crypto.term import Term
from explorer.events import Learned, Role, Verified
from explorer.trace.model import Entry
from explorer.trace.trace import Trace

_LOGINS = ("password", "NT-Response", "MD5-Response", "AuthenticatorResponse")
"""What only somebody makes who knows the password: the user or, last, the server."""

_FROM_BEFORE = ("SK_d_old", "PPK")
"""Secrets that both sides had before an IKE SA and that make its keys more than those of anybody who asked."""


class Proof(NamedTuple):
    """After reading ``message`` somebody knew by ``symbol`` whom it talks to.

    ``formula`` is how the one who is proven made that: a signature with its private key, a MAC with a shared one; empty
    for a password.  ``behind`` is the secret from before that stands behind the keys SK_pi and SK_pr, where they prove
    something; else empty.
    """

    message: int
    symbol: str
    formula: str
    behind: str = ""


def proofs_of(trace: Trace, party: Role) -> Iterator[Proof]:
    """What proved a peer to the other, each kind of proof once."""
    seen: set[tuple[str, str]] = set()
    for entry in trace.events_of(Verified, party.other):
        event = entry.event
        if not isinstance(event, Verified) or (event.proves is not party and event.symbol not in _LOGINS):
            continue
        key = _key_of_the_sa(event.expected)
        behind = "" if key is None else _from_before(key)
        expression = _made(trace, entry, party, event.symbol, event.expected).expression
        formula = "" if expression is None else str(expression)
        # A MAC with a key of an IKE SA that is new to both sides says only that its sender is the one who began it.
        if (key is None or behind) and (event.symbol, formula) not in seen:
            seen.add((event.symbol, formula))
            yield Proof(entry.step, event.symbol, formula, behind)


def _key_of_the_sa(expected: Term) -> Term | None:
    return next((term for term in expected.made_of() if term.symbol in ("SK_pi", "SK_pr")), None)


def _from_before(key: Term) -> str:
    """The secret from before that a key is made with, or nothing."""
    waiting, seen = [key], {key}
    while waiting:
        term = waiting.pop()
        if term.symbol in _FROM_BEFORE:
            return term.symbol
        waiting += [part for part in term.made_of() if part not in seen]
        seen.update(waiting)
    return ""


def _made(trace: Trace, verified: Entry, party: Role, symbol: str, expected: Term) -> Term:
    """The proof as its owner made it; what the other side expects may be the hash under a signature.

    What nobody derives, such as a password, is as expected.
    """
    for entry in reversed(trace.entries[: verified.at]):
        event = entry.event
        if entry.party is party and isinstance(event, Learned) and event.term.symbol == symbol:
            return event.term
    return expected
