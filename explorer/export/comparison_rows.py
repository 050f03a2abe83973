"""The words of a comparison, row by row: what the text and the app lay out, each in its own way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from explorer.comparison.alignment import aligned_pairs, partners_of
from explorer.comparison.comparison import Comparison, MessageOf, Side, TermOf
from explorer.comparison.later import Later
from explorer.comparison.operations import CHECK, KINDS
from explorer.comparison.proofs import Proof
from explorer.comparison.totals import Totals
from explorer.events import Role

_PEERS = (Role.INITIATOR, Role.RESPONDER)


class Cell(NamedTuple):
    """What one run has to say in a row.

    ``sense`` is for views that can show it: ``list`` of items with commas between them; ``since``, ``sealed``, ``none``
    or ``absent`` of what an eavesdropper learns; ``proven`` or ``never`` of a peer; else empty.
    """

    text: str
    sense: str = ""


class Row(NamedTuple):
    """A label and a cell of each run; ``party`` is the peer that the row is about, if it is about one."""

    label: str
    left: Cell
    right: Cell
    party: Role | None = None


class Section(NamedTuple):
    """Rows under a heading; ``note`` is what has to be said of all of them."""

    title: str
    rows: tuple[Row, ...]
    note: str = ""


def header_rows(comparison: Comparison) -> tuple[Row, ...]:
    """Which runs these are, and how they ended."""

    def row(label: str, says: Callable[[Side], str]) -> Row:
        return Row(label, Cell(says(comparison.left)), Cell(says(comparison.right)))

    return (
        row("", lambda side: side.scenario),
        row("", lambda side: side.title),
        row("protocol", lambda side: side.protocol),
        row("seed", lambda side: str(side.seed)),
        row("outcome", lambda side: f"{side.outcome}: {side.reason}"),
    )


def sections(comparison: Comparison) -> Iterator[Section]:
    """Both runs in numbers, and who learns and proves what."""
    left, right = comparison.left.totals, comparison.right.totals

    def row(label: str, says: Callable[[Totals], Cell | str], party: Role | None = None) -> Row:
        cells = [said if isinstance(said := says(totals), Cell) else Cell(said) for totals in (left, right)]
        return Row(label, cells[0], cells[1], party)

    yield Section(
        "Messages",
        (
            row("messages", lambda t: str(t.messages)),
            row("  by exchange", lambda t: _list(f"{x.name} {x.messages}" for x in t.exchanges)),
            row("octets", lambda t: str(t.octets)),
            row("  by exchange", lambda t: _list(f"{x.name} {x.octets}" for x in t.exchanges)),
            row("largest datagram", lambda t: f"{t.largest[0]}, message {t.largest[1]}" if t.messages else "none"),
            row("ESP and AH packets", lambda t: str(t.packets)),
        ),
    )
    yield Section(
        "Round trips until a first packet can be sent",
        tuple(row(f"by the {party}", _trips_of(party), party) for party in _PEERS),
    )
    counted = [kind for kind in KINDS if any(_counts(totals, kind) != "0 + 0" for totals in (left, right))]
    yield Section(
        "Computed by initiator + responder",
        (
            row("key exchanges", lambda t: _both([t.operations[party].key_exchanges for party in _PEERS])),
            *(row(kind, _count_of(kind)) for kind in counted),
        ),
        "not counted: the authority's signature in a certificate" if CHECK in counted else "",
    )
    yield Section(
        "An eavesdropper learns",
        (
            *(row(item.subject, _learnt_at(at)) for at, item in enumerate(left.learnt) if _occurs(at, left, right)),
            row("with a quantum computer", lambda t: _said_of_later(t.later)),
        ),
        "the last is about a recording: groups and RSA are broken then, ML-KEM is not",
    )
    yield Section(
        "Proven to the other side", tuple(row(f"the {party}", _proof_of(party), party) for party in _PEERS)
    )


def said_without_alignment(comparison: Comparison) -> str:
    """That there are only numbers, and with what else these two, or any, are compared message by message."""
    names = (comparison.left.scenario, comparison.right.scenario)
    own = [f"{name} with {other}" for name in dict.fromkeys(names) for other in partners_of(name)]
    pairs = own or [f"{left} with {right}" for left, right in aligned_pairs()]
    return f"These two are compared in numbers only. Message by message: {'; '.join(pairs)}."


def said_of_message(message: MessageOf) -> str:
    """The exchange that a message belongs to, and its size."""
    return f"{message.exchange}, {_size(message.octets)}"


def said_of_term(term: TermOf) -> str:
    """A term's size, and where it comes from, if no formula says so."""
    return _size(term.octets) + ("" if term.formula else f", {term.origin}")


def _size(octets: int) -> str:
    return f"{octets} octet" + ("" if octets == 1 else "s")


def _list(items: Iterable[str]) -> Cell:
    return Cell(", ".join(items), "list")


def _trips_of(party: Role) -> Callable[[Totals], str]:
    def says(totals: Totals) -> str:
        count = totals.round_trips[party]
        return "never" if count is None else f"{count:g}"

    return says


def _count_of(kind: str) -> Callable[[Totals], str]:
    return lambda totals: _counts(totals, kind)


def _counts(totals: Totals, kind: str) -> str:
    return _both([totals.operations[party].counts[kind] for party in _PEERS])


def _both(numbers: list[int]) -> str:
    return " + ".join(map(str, numbers))


def _occurs(position: int, *runs: Totals) -> bool:
    return any(totals.learnt[position].holding != "absent" for totals in runs)


def _learnt_at(position: int) -> Callable[[Totals], Cell]:
    def says(totals: Totals) -> Cell:
        _, holding, message = totals.learnt[position]
        if holding == "since":
            return Cell(f"yes, from message {message}", holding)
        if holding == "sealed":
            return Cell(f"ciphertext, message {message}", holding)
        return Cell("no" if holding == "none" else "does not occur", holding)

    return says


def _said_of_later(later: Later) -> Cell:
    known = [(what, falls) for what, falls in (("names", later.names), ("packets", later.packets)) if falls is not None]
    if not known:
        return Cell("does not occur", "absent")
    read, kept = ([what for what, falls in known if falls is wanted] for wanted in (True, False))
    if not kept:
        return Cell("everything", "since")
    guessed = f"{', '.join(later.secrets)}, which it can only guess" if later.secrets else ""
    given = f"{', '.join(later.lattice)} of ML-KEM" if later.lattice else ""
    without = f"without {' and '.join(filter(None, (given, guessed)))}"
    if not read:
        return Cell(f"nothing more {without}", "none")
    return Cell(f"{read[0]}, but no {kept[0]} {without}", "since")


def _proof_of(party: Role) -> Callable[[Totals], Cell]:
    def says(totals: Totals) -> Cell:
        proofs = totals.proven[party]
        if not proofs:
            return Cell("never", "never")
        return Cell("; ".join(map(_said_of_proof, proofs)), "proven")

    return says


def _said_of_proof(proof: Proof) -> str:
    formula = f": {proof.formula}" if proof.formula else ""
    behind = f", its key made from {proof.behind}" if proof.behind else ""
    return f"by message {proof.message}, {proof.symbol}{formula}{behind}"
