"""Two runs in one structure that every view of a comparison reads."""

from __future__ import annotations

from typing import NamedTuple

from explorer.comparison.alignment import Alignment, NamePair
from explorer.comparison.totals import Totals, totals
from explorer.crypto.term import Configured, Constant, Derived, Drawn, Term
from explorer.errors import ExplorerError
from explorer.events import Role
from explorer.trace.model import Key
from explorer.trace.trace import Trace

_ORIGINS: dict[type, str] = {Configured: "configured", Drawn: "drawn", Constant: "constant", Derived: "derived"}
"""The words of the JSON format; what is none of these stood in a message."""


class Side(NamedTuple):
    """One of the two runs."""

    scenario: str
    title: str
    protocol: str
    seed: int
    outcome: str
    reason: str
    totals: Totals


class MessageOf(NamedTuple):
    """A message of one run, as an alignment names it."""

    number: int
    sender: Role
    exchange: str
    notation: str
    octets: int


class TermOf(NamedTuple):
    """A term of one run.

    ``nature`` and ``owner`` are the term's own words; ``origin`` says in a word where it comes from, ``formula`` how it
    was derived, if it was.
    """

    scope: str
    symbol: str
    octets: int
    nature: str
    owner: str
    origin: str
    formula: str


class AlignedMessages(NamedTuple):
    """Messages that do the same work, and what differs."""

    left: tuple[MessageOf, ...]
    right: tuple[MessageOf, ...]
    says: str


class AlignedTerms(NamedTuple):
    """Terms that play the same part, and what differs, where something does."""

    left: tuple[TermOf, ...]
    right: tuple[TermOf, ...]
    says: str


class Aligned(NamedTuple):
    """All pairs of two runs, in the order of their author."""

    names: tuple[NamePair, ...]
    messages: tuple[AlignedMessages, ...]
    terms: tuple[AlignedTerms, ...]


class Comparison(NamedTuple):
    """Both runs, and what of one stands for what of the other, if anybody has written that down."""

    left: Side
    right: Side
    aligned: Aligned | None


def compare(left: Trace, right: Trace, alignment: Alignment | None = None) -> Comparison:
    """Hold two runs side by side.

    Raises:
        ExplorerError: the alignment names what is not in these runs.
    """
    return Comparison(_side(left), _side(right), None if alignment is None else _aligned(left, right, alignment))


def _side(trace: Trace) -> Side:
    return Side(
        trace.scenario, trace.title, trace.protocol, trace.seed, trace.outcome, trace.reason, totals(trace)
    )


def _aligned(left: Trace, right: Trace, alignment: Alignment) -> Aligned:
    return Aligned(
        alignment.names,
        tuple(
            AlignedMessages(
                tuple(_message(left, number) for number in pair.left),
                tuple(_message(right, number) for number in pair.right),
                pair.says,
            )
            for pair in alignment.messages
        ),
        tuple(
            AlignedTerms(
                tuple(_term(left, reference) for reference in pair.left),
                tuple(_term(right, reference) for reference in pair.right),
                pair.says,
            )
            for pair in alignment.terms
        ),
    )


def _message(trace: Trace, number: int) -> MessageOf:
    if not 1 <= number <= len(trace.steps):
        raise ExplorerError(f"{trace.scenario}: an alignment names message {number} of {len(trace.steps)}")
    step = trace.step(number)
    return MessageOf(number, step.sender, step.envelope.exchange, step.envelope.notation, len(step.octets))


def _term(trace: Trace, reference: str) -> TermOf:
    scope, _, symbol = reference.rpartition("/")
    key = next((key for key in trace.links.keys if key.symbol == symbol and _fits(trace, key, scope)), None)
    if key is None:
        raise ExplorerError(f"{trace.scenario}: an alignment names {reference!r}, which is no term of this run")
    formulas = trace.links.formulas(key)
    term = trace.links.first(key)
    formula = str(formulas[0][2].expression) if formulas else ""
    return TermOf(
        key.scope, symbol, len(term.octets), term.nature.value, term.owner, _origin(term), formula
    )


def _fits(trace: Trace, key: Key, scope: str) -> bool:
    if scope.startswith("@"):
        number = int(scope[1:]) if scope[1:].isdecimal() else 0
        return 1 <= number <= len(trace.steps) and key.scope == trace.step(number).envelope.scope
    # In order of appearance, so that the first of a kind is found first.
    return key.scope == scope or key.scope.startswith(f"{scope} ")


def _origin(term: Term) -> str:
    return next((word for kind, word in _ORIGINS.items() if isinstance(term.origin, kind)), "message")
