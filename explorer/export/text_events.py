"""What a party does with a message, in plain lines: what it learns and by which formula, checks, and decides."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.crypto.term import Configured, Derived, Drawn, Term
from explorer.events import (
    Comparison,
    Decrypted,
    Event,
    Judged,
    Learned,
    Received,
    Refused,
    Verified,
)
from explorer.explanations import how_given, of_refusal, offer_in_words, policy_in_words, predicate
from explorer.export.gear.sayings import sayings
from explorer.trace.model import Beat, Entry
from explorer.trace.trace import Trace

_HEADINGS = {Beat.MADE: "makes it", Beat.WIRE: "sees it on the wire", Beat.READ: "reads it"}
_OCTETS_A_LINE = 32


def event_lines(trace: Trace, message: int) -> Iterator[str]:
    """Everything that happens with one message, under a heading for each party."""
    heading = ""
    for entry in trace.entries:
        if entry.step != message:
            continue
        lines = list(_lines(trace, entry))
        wanted = f"The {entry.party} {_HEADINGS[entry.beat]}:"
        if lines and wanted != heading:
            heading = wanted
            yield ""
            yield heading
        yield from (f"  {line}" for line in lines)


def hex_lines(octets: bytes) -> Iterator[str]:
    """All octets in hex, as many lines as that needs."""
    for start in range(0, len(octets), _OCTETS_A_LINE):
        yield octets[start : start + _OCTETS_A_LINE].hex()


def _lines(trace: Trace, entry: Entry) -> Iterator[str]:
    event = entry.event
    if isinstance(event, Learned):
        yield from _learned(event.term)
    elif isinstance(event, Received):
        yield from _received(trace, entry, event)
    elif isinstance(event, Judged):
        negotiation = event.negotiation
        taken = "one fits" if negotiation.chosen is not None else "none fits"
        yield f"holds the offers for {negotiation.protocol} against its policies: {taken}"
        for comparison in negotiation.comparisons:
            yield from _comparison(comparison, negotiation.protocol)
    elif isinstance(event, Refused):
        words = of_refusal(event, trace.step(entry.step).envelope, v2=trace.protocol == "ikev2")
        yield from _refused(event, words.state)
    else:
        yield from _short(event)


def _learned(term: Term) -> Iterator[str]:
    size = f"{len(term.octets)} octets"
    if isinstance(term.origin, Derived):
        yield f"computes {term.symbol} = {term.expression}   {size}, {term.citation}"
    elif isinstance(term.origin, Drawn):
        yield f"draws {term.symbol}   {size}, {term.citation}"
    elif isinstance(term.origin, Configured):
        yield f"{how_given(term.symbol)}   {size}"
    else:
        yield f"takes {term.symbol} from the message   {size}"
    yield from (f"    {line}" for line in hex_lines(term.octets))


def _received(trace: Trace, entry: Entry, event: Received) -> Iterator[str]:
    """Only what is new to this party: cookies come with every message."""
    new: dict[str, None] = {}
    for term, _ in event.bindings:
        key = trace.links.key(term)
        if trace.knowledge.cell(key, entry.party, entry.at).step == entry.step:
            new[key.symbol] = None
    if new:
        yield f"reads {', '.join(new)}"


def _comparison(comparison: Comparison, protocol: str) -> Iterator[str]:
    mark = "✓" if comparison.ok else "✗"
    yield f"  {mark} {offer_in_words(comparison)}, against {policy_in_words(comparison)}"
    for verdict in comparison.verdicts:
        wanted = "" if verdict.ok else f", wanted {verdict.wanted}"
        yield f"      {'✓' if verdict.ok else '✗'} {verdict.attribute}: {verdict.offered}{wanted}"
    for gear, line in sayings(comparison, protocol):
        yield f"      {gear} says: {line}"


def _refused(event: Refused, state: str) -> Iterator[str]:
    where = "" if event.offset is None else f", at octet {event.offset}"
    answer = f"; the specification's answer is {event.notify}" if event.notify else ""
    yield f"{state}: {event.reason}   {event.citation}{where}{answer}"
    for name, term in (("expected", event.expected), ("received", event.received)):
        if term is not None:
            yield f"    {name} {term.symbol}"
            yield from (f"      {line}" for line in hex_lines(term.octets))


def _short(event: Event) -> Iterator[str]:
    done = predicate(event)
    if isinstance(event, Decrypted):
        yield f"{done}, octets {event.span.start}–{event.span.end - 1}"
    elif isinstance(event, Verified):
        yield f"✓ {done}   {event.citation}"
    elif done:
        yield done
