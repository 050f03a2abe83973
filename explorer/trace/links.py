"""Provenance both ways: from octets to all that they feed, from a term back to its octets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from explorer.crypto.term import Derived, Nature, Term
from explorer.events import Decrypted, Learned, Received, Role, Sent
from explorer.trace.model import Key, Place

if TYPE_CHECKING:
    from explorer.trace.trace import Trace


class Links:
    """Built once per trace from its bindings and from the expressions of its terms."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._keys: dict[int, Key] = {}
        self._by_place: dict[Place, list[Key]] = {}
        self._places: dict[Key, list[Place]] = {}
        self._terms: dict[Key, list[tuple[int, Role, Term]]] = {}
        self._feeds: dict[Key, dict[Key, None]] = {}
        self._bind_all()
        self._collect_terms()

    def _bind_all(self) -> None:
        """A received term is the same row as the sender's term at the same octets."""
        for entry in self._trace.entries:
            if not isinstance(entry.event, Sent | Received):
                continue
            for term, span in entry.event.bindings:
                place = self._trace.place(span)
                known = self._by_place.get(place, ())
                if id(term) not in self._keys:
                    self._keys[id(term)] = self._row(term, entry.party, known)
                key = self._keys[id(term)]
                if key not in self._by_place.setdefault(place, []):
                    self._by_place[place].append(key)
                if place not in self._places.setdefault(key, []):
                    self._places[key].append(place)

    @staticmethod
    def _row(term: Term, party: Role, known: Sequence[Key]) -> Key:
        """Receivers know less of a term's scope than its sender: of which try it is, or of which exchange."""
        of_its_name = (key for key in known if party is Role.EAVESDROPPER or key.symbol == term.symbol)
        return next(of_its_name, Key(term.scope, term.symbol))

    def _collect_terms(self) -> None:
        for entry in self._trace.entries:
            event = entry.event
            terms: Iterable[Term] = ()
            if isinstance(event, Learned):
                terms = (event.term,)
            elif isinstance(event, Sent | Received):
                terms = (binding.term for binding in event.bindings)
            elif isinstance(event, Decrypted):
                terms = (event.key,) if event.iv is None else (event.key, event.iv)
            for term in terms:
                self._add(entry.at, entry.party, term)

    def _add(self, index: int, party: Role, term: Term) -> None:
        key = self.key(term)
        held = self._terms.setdefault(key, [])
        if any(other is term for _, _, other in held):
            return
        held.append((index, party, term))
        for source in term.made_of():
            self._feeds.setdefault(self.key(source), {})[key] = None

    # ---------------------------------------------------------------- questions

    def key(self, term: Term) -> Key:
        """The row a term belongs to."""
        return self._keys.get(id(term), Key(term.scope, term.symbol))

    @property
    def keys(self) -> tuple[Key, ...]:
        """Every row of the run, in order of first appearance."""
        return tuple(self._terms)

    def terms(self, key: Key) -> list[tuple[int, Role, Term]]:
        """Every term of a row: the entry it appeared in, who holds it, and the term itself."""
        return self._terms.get(key, [])

    def first(self, key: Key) -> Term:
        """The row's first term."""
        return self._terms[key][0][2]

    def values(self, key: Key) -> dict[Role, bytes]:
        """What each peer takes a row to be: the same octets, unless something went wrong."""
        return {party: term.octets for _, party, term in self.terms(key) if party is not Role.EAVESDROPPER}

    def differ(self, key: Key) -> bool:
        """Whether the peers take a row to be different octets, as they do with different keys."""
        return len(set(self.values(key).values())) > 1

    def at(self, place: Place) -> list[Key]:
        """Rows whose octets are exactly these."""
        return self._by_place.get(place, [])

    def covering(self, message: int, buffer: str, offset: int) -> list[tuple[Place, Key]]:
        """Rows whose octets include this one, smallest first."""
        found = [
            (place, key)
            for place, keys in self._by_place.items()
            if place.message == message and place.buffer == buffer and place.start <= offset < place.end
            for key in keys
        ]
        return sorted(found, key=lambda item: item[0].end - item[0].start)

    def in_buffer(self, message: int, buffer: str) -> list[tuple[Place, Key]]:
        """Every bound range of one buffer, largest first."""
        found = [
            (place, key)
            for place, keys in self._by_place.items()
            if place.message == message and place.buffer == buffer
            for key in keys
        ]
        return sorted(found, key=lambda item: item[0].start - item[0].end)

    def places(self, key: Key) -> list[Place]:
        """Where a row's octets stand, in order of messages."""
        return self._places.get(key, [])

    def feeds(self, key: Key) -> tuple[Key, ...]:
        """Rows computed directly from this one."""
        return tuple(self._feeds.get(key, ()))

    def feeds_all(self, key: Key) -> tuple[Key, ...]:
        """Rows computed from this one, directly or through others."""
        found: dict[Key, None] = {}
        waiting = list(self.feeds(key))
        while waiting:
            following = waiting.pop(0)
            if following not in found:
                found[following] = None
                waiting.extend(self.feeds(following))
        return tuple(found)

    def sources(self, key: Key) -> tuple[Place, ...]:
        """Every range of wire octets that a row was computed from, directly or through others."""
        found: dict[Place, None] = {}
        seen: set[Key] = set()
        waiting = [key]
        while waiting:
            current = waiting.pop(0)
            if current in seen:
                continue
            seen.add(current)
            found.update(dict.fromkeys(self.places(current)))
            for _, _, term in self.terms(current):
                waiting.extend(self.key(source) for source in term.made_of())
        return tuple(found)

    def formulas(self, key: Key) -> list[tuple[int, Role, Term]]:
        """Each different way the row was computed: g^xy has two."""
        seen: set[str] = set()
        found = []
        for index, party, term in self.terms(key):
            if isinstance(term.origin, Derived) and str(term.expression) not in seen:
                seen.add(str(term.expression))
                found.append((index, party, term))
        return found

    def messages_fed(self, key: Key) -> tuple[int, ...]:
        """Messages whose encrypted octets depend on this row."""
        rows = [k for k in self.feeds_all(key) if self.first(k).nature is Nature.ENCRYPTED]
        return tuple(sorted({place.message for row in rows for place in self.places(row)}))
