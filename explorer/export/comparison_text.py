"""Two runs as plain text in two columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from explorer.comparison.comparison import Comparison, Side
from explorer.comparison.operations import CHECK, KINDS
from explorer.comparison.totals import Totals
from explorer.events import Role
from explorer.export.comparison_columns import beside, cell, heading
from explorer.export.comparison_pairs import aligned_lines

NARROWEST = 80
_LABELS = 26
_GAP = 2
_PEERS = (Role.INITIATOR, Role.RESPONDER)

Says = Callable[[Totals], str]


def comparison_to_text(comparison: Comparison, width: int = NARROWEST) -> str:
    """Both runs in numbers, one in each column, and what of one stands for what of the other."""
    lines = [*_header(comparison, width), *_totals(comparison, width)]
    if comparison.aligned is not None:
        lines += aligned_lines(comparison.aligned, comparison.left.scenario, comparison.right.scenario, width)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _header(comparison: Comparison, width: int) -> Iterator[str]:
    def row(label: str, says: Callable[[Side], str]) -> Iterator[str]:
        return _row(label, says(comparison.left), says(comparison.right), width)

    yield from row("", lambda side: side.scenario)
    yield from row("", lambda side: side.title)
    yield from row("protocol", lambda side: side.protocol)
    yield from row("seed", lambda side: str(side.seed))
    yield from row("outcome", lambda side: f"{side.outcome}: {side.reason}")


# ---------------------------------------------------------------- totals


def _totals(comparison: Comparison, width: int) -> Iterator[str]:
    left, right = comparison.left.totals, comparison.right.totals

    def row(label: str, says: Says) -> Iterator[str]:
        return _row(label, says(left), says(right), width)

    yield from heading("Messages")
    yield from row("messages", lambda t: str(t.messages))
    yield from row("  by exchange", lambda t: ", ".join(f"{x.name} {x.messages}" for x in t.exchanges))
    yield from row("octets", lambda t: str(t.octets))
    yield from row("  by exchange", lambda t: ", ".join(f"{x.name} {x.octets}" for x in t.exchanges))
    yield from row("largest datagram", lambda t: f"{t.largest[0]}, message {t.largest[1]}" if t.messages else "none")
    yield from row("ESP and AH packets", lambda t: str(t.packets))
    yield from heading("Round trips until a first packet can be sent")
    for party in _PEERS:
        yield from row(f"by the {party}", _trips_of(party))
    yield from heading("Computed by initiator + responder")
    yield from row("key exchanges", lambda t: _both([t.operations[party].key_exchanges for party in _PEERS]))
    for kind in KINDS:
        if any(t.operations[party].counts[kind] for t in (left, right) for party in _PEERS):
            yield from row(kind, _count_of(kind))
    if any(t.operations[party].counts[CHECK] for t in (left, right) for party in _PEERS):
        yield "not counted: the authority's signature in a certificate"
    yield from heading("An eavesdropper learns")
    for at, item in enumerate(left.learnt):
        if (item.holding, right.learnt[at].holding) != ("absent", "absent"):
            yield from row(item.subject, _learnt_at(at))
    yield from heading("Proven to the other side")
    for party in _PEERS:
        yield from row(f"the {party}", _proof_of(party))


def _trips_of(party: Role) -> Says:
    def says(totals: Totals) -> str:
        count = totals.round_trips[party]
        return "never" if count is None else f"{count:g}"

    return says


def _count_of(kind: str) -> Says:
    return lambda totals: _both([totals.operations[party].counts[kind] for party in _PEERS])


def _both(numbers: list[int]) -> str:
    return " + ".join(map(str, numbers))


def _learnt_at(position: int) -> Says:
    def says(totals: Totals) -> str:
        _, holding, message = totals.learnt[position]
        if holding == "since":
            return f"yes, from message {message}"
        if holding == "sealed":
            return f"ciphertext, message {message}"
        return "no" if holding == "none" else "does not occur"

    return says


def _proof_of(party: Role) -> Says:
    def says(totals: Totals) -> str:
        proof = totals.proven[party]
        if proof is None:
            return "never"
        return f"by message {proof.message}, {proof.symbol}" + (f": {proof.formula}" if proof.formula else "")

    return says


def _row(label: str, left: str, right: str, width: int) -> Iterator[str]:
    """A label and two cells, each as many lines as it needs."""
    room = (width - _LABELS) // 2 - _GAP
    yield from beside([label], cell(left, room), cell(right, room), widths=(_LABELS, room + _GAP))
