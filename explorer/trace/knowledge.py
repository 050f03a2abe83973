"""Who knows what, and since when: one row a term, one cell a party."""

from __future__ import annotations

from bisect import bisect_right
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from explorer.crypto.term import Configured, Constant, Derived, Drawn, Nature, Term
from explorer.events import Learned, Received, Role, Sent
from explorer.trace.model import Key

if TYPE_CHECKING:
    from explorer.trace.trace import Trace


class Holding(Enum):
    """How a party stands to a term."""

    NONE = "does not have it"
    SEALED = "holds only its ciphertext"
    OWN = "had it from the start"
    SINCE = "has it since a message"


class Cell(NamedTuple):
    """What one party holds of one row; ``step`` is the message in which that came about."""

    holding: Holding
    step: int


class KnowledgeRow(NamedTuple):
    """One term as the table shows it; ``since`` is the entry in which anybody first had it."""

    key: Key
    term: Term
    since: int


_ORDER = {Nature.PUBLIC: 1, Nature.SECRET: 1, Nature.CONSTANT: 0, Nature.DERIVED: 2, Nature.ENCRYPTED: 2}


class Knowledge:
    """Timelines of cells, made once per trace and searched by bisection."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._cells: dict[tuple[Key, Role], list[tuple[int, Cell]]] = {}
        self._since: dict[Key, int] = {}
        self._on_wire: dict[int, list[tuple[Key, Cell]]] = {}
        for entry in trace.entries:
            if isinstance(entry.event, Learned):
                self._hold(entry.at, entry.step, entry.party, entry.event.term)
            elif isinstance(entry.event, Sent):
                self._send(entry.at, entry.step, entry.party, entry.event)
            elif isinstance(entry.event, Received):
                self._receive(entry.at, entry.step, entry.party, entry.event)
        self._rows = self._ordered()

    def _hold(self, index: int, step: int, party: Role, term: Term) -> None:
        key = self._trace.links.key(term)
        holding = Holding.OWN if _is_own(term) else Holding.SINCE
        if isinstance(term.origin, Configured) and term.nature is Nature.SECRET:
            index = 0  # a configured secret is there before anything happens
        self._set(index, key, party, Cell(holding, step))

    def _send(self, index: int, step: int, party: Role, event: Sent) -> None:
        """What stands in the datagram is the eavesdropper's; what stands inside, only as ciphertext."""
        for term, span in event.bindings:
            key, holding = self._trace.links.key(term), Holding.SEALED
            if span.buffer.name == "datagram":
                holding = Holding.SINCE
            self._on_wire.setdefault(step, []).append((key, Cell(holding, step)))
            # Whoever makes a message has it as a whole too: AUTH covers some.
            self._set(index, key, party, Cell(Holding.SINCE, step))

    def _receive(self, index: int, step: int, party: Role, event: Received) -> None:
        if party is Role.EAVESDROPPER or len(event.envelope.trees) == 1:
            # Who cannot open a message has what stands in the clear, and of the rest the ciphertext.
            for key, cell in self._on_wire.get(step, []):
                if party is Role.EAVESDROPPER or cell.holding is Holding.SEALED:
                    self._set(index, key, party, cell)
        for term, _ in event.bindings:
            key = self._trace.links.key(term)
            self._set(index, key, party, Cell(Holding.SINCE, step))

    def _set(self, index: int, key: Key, party: Role, cell: Cell) -> None:
        self._since[key] = min(self._since.get(key, index), index)
        timeline = self._cells.setdefault((key, party), [])
        if not timeline or (timeline[-1][1].holding is Holding.SEALED and cell.holding is not Holding.SEALED):
            timeline.append((index, cell))

    def _ordered(self) -> tuple[KnowledgeRow, ...]:
        """Fixed order: per scope in order of appearance; given, then drawn and sent, then derived."""
        scopes: dict[str, int] = {}
        for key in sorted(self._since, key=lambda k: self._since[k]):
            scopes.setdefault(key.scope, len(scopes))

        def position(key: Key) -> tuple[int, int, int]:
            term = self._trace.links.first(key)
            given = isinstance(term.origin, Configured) and term.nature is Nature.SECRET
            return scopes[key.scope], 0 if given else _ORDER[term.nature], self._since[key]

        keys = sorted(self._since, key=position)
        return tuple(KnowledgeRow(key, self._trace.links.first(key), self._since[key]) for key in keys)

    # ---------------------------------------------------------------- questions

    def rows(self, at: int) -> tuple[KnowledgeRow, ...]:
        """Every term that anybody has by entry ``at``."""
        return tuple(row for row in self._rows if row.since <= at)

    def cell(self, key: Key, party: Role, at: int) -> Cell:
        """What a party holds of a row by entry ``at``."""
        timeline = self._cells.get((key, party), [])
        position = bisect_right(timeline, at, key=lambda item: item[0])
        return timeline[position - 1][1] if position else Cell(Holding.NONE, 0)

    def known(self, party: Role, at: int) -> list[Key]:
        """The rows whose octets a party has by entry ``at``."""
        wanted = (Holding.OWN, Holding.SINCE)
        return [row.key for row in self.rows(at) if self.cell(row.key, party, at).holding in wanted]


def _is_own(term: Term) -> bool:
    """Given, drawn, or the public face of something drawn."""
    if isinstance(term.origin, Derived):
        return term.nature is Nature.PUBLIC
    return isinstance(term.origin, Configured | Drawn | Constant)
