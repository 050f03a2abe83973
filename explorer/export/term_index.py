"""Every term of a run under an id, for formats in which terms refer to one another by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from explorer.crypto.term import Constant, Term
from explorer.events import (
    Binding,
    Decrypted,
    Event,
    KeysMade,
    Learned,
    Received,
    Refused,
    RekeyCollision,
    Role,
    SaEnded,
    SaInstalled,
    SaShortened,
    Sent,
    Verified,
)
from explorer.octets import Span
from explorer.trace.model import Entry, Key, Place
from explorer.trace.trace import Trace


class Indexed(NamedTuple):
    """A term, whose it is (nobody's, if a specification fixes it), its row, and the message it appeared in."""

    term: Term
    party: Role | None
    key: Key
    step: int


class TermIndex:
    """The terms of a trace in order of appearance, what each is made of before it.

    An id is ``party/scope/symbol``; it is the same in every run of the same scenario and seed.
    """

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._found: dict[int, Indexed] = {}
        self._same: dict[int, int] = {}
        self._constants: dict[tuple[str, bytes], int] = {}
        for entry in trace.entries:
            for term in terms_of(entry.event):
                self._add(term, entry)
        self._ids = self._name()
        self.bound = self._bind()

    def _add(self, term: Term, entry: Entry) -> None:
        if id(term) in self._same:
            return
        for source in term.made_of():
            self._add(source, entry)
        party: Role | None = entry.party
        known = id(term)
        if isinstance(term.origin, Constant):
            # Every formula brings its own g and p; a reader wants to see each of them once.
            known = self._constants.setdefault((term.symbol, term.octets), known)
            party = None
        self._same[id(term)] = known
        if known == id(term):
            self._found[known] = Indexed(term, party, self._trace.links.key(term), entry.step)

    def _name(self) -> dict[int, str]:
        made = {(i.party, i.key) for i in self._found.values() if not isinstance(i.term.origin, Span)}
        names: dict[int, str] = {}
        counts: dict[str, int] = {}
        for known, item in self._found.items():
            stem = "/".join((item.party or "constant", *filter(None, item.key)))
            if isinstance(item.term.origin, Span) and (item.party, item.key) in made:
                # What a party received beside what it expected: HASH_I has both.
                stem += "/received"
            counts[stem] = counts.get(stem, 0) + 1
            names[known] = stem if counts[stem] == 1 else f"{stem}#{counts[stem]}"
        return names

    def _bind(self) -> dict[Place, list[str]]:
        bound: dict[Place, list[str]] = {}
        for entry in self._trace.entries:
            if isinstance(entry.event, Sent | Received):
                for term, span in entry.event.bindings:
                    ids = bound.setdefault(self._trace.place(span), [])
                    if self.id(term) not in ids:
                        ids.append(self.id(term))
        return bound

    # ---------------------------------------------------------------- questions

    def __iter__(self) -> Iterator[Indexed]:
        return iter(self._found.values())

    def id(self, term: Term) -> str:
        """The id of a term of this run."""
        return self._ids[self._same[id(term)]]

    def id_or_none(self, term: Term | None) -> str | None:
        """The id of a term that may be missing."""
        return None if term is None else self.id(term)

    def place(self, span: Span, step: int) -> Place:
        """Where octets stand; ``step`` helps with a message that was refused before anybody could read it."""
        if span.buffer in self._trace.places:
            return self._trace.place(span)
        return Place(step, span.buffer.name, span.start, span.end)

    def by_row(self) -> dict[Key, list[str]]:
        """The ids of each row of the knowledge table."""
        rows: dict[Key, list[str]] = {}
        for item in self:
            rows.setdefault(item.key, []).append(self.id(item.term))
        return rows


def terms_of(event: Event) -> Iterable[Term]:
    """The terms that an event speaks of."""
    if isinstance(event, Learned):
        return (event.term,)
    if isinstance(event, Sent | Received):
        return _bound(event.bindings)
    if isinstance(event, Decrypted):
        return (event.key,) if event.iv is None else (event.key, event.iv)
    if isinstance(event, Verified | Refused):
        return tuple(term for term in (event.expected, event.received) if term is not None)
    if isinstance(event, SaEnded | SaShortened):
        return (event.spi,)
    if isinstance(event, RekeyCollision):
        return (event.lowest,)
    if isinstance(event, SaInstalled | KeysMade):
        return (*event.sa.spis, *(term for _, term in event.sa.keys))
    return ()


def _bound(bindings: Iterable[Binding]) -> tuple[Term, ...]:
    return tuple(binding.term for binding in bindings)
