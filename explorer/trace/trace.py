"""The trace: an immutable sequence of entries, and the questions every view asks of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from typing import overload

import msgspec

from explorer.events import (
    Concluded,
    Datagram,
    Endpoint,
    Event,
    Making,
    Received,
    Refused,
    Role,
    SaEnded,
    SaInstalled,
    SaShortened,
    SaSnapshot,
    Sent,
    StateChanged,
    Verified,
)
from explorer.octets import Buffer, Span
from explorer.trace.knowledge import Knowledge
from explorer.trace.links import Links
from explorer.trace.model import Beat, Entry, PartyInfo, Place, Step

_BEGINNING = (1, Beat.MADE)
_SA_CHANGES = (SaInstalled, SaEnded)


class Trace(Sequence[Entry]):
    """A finished run.  Stepping through it is moving an index; nothing is ever run again."""

    def __init__(
        self,
        *,
        scenario: str,
        title: str,
        protocol: str,
        seed: int,
        parties: Sequence[PartyInfo],
        entries: Sequence[Entry],
        steps: Sequence[Step],
        outcome: str,
        reason: str,
    ) -> None:
        self.scenario = scenario
        self.title = title
        self.protocol = protocol
        self.seed = seed
        self.parties = {info.role: info for info in parties}
        self.entries = tuple(entries)
        self.steps = tuple(steps)
        self.outcome = outcome
        self.reason = reason

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | Sequence[Entry]:
        return self.entries[index]

    def __len__(self) -> int:
        return len(self.entries)

    def step(self, number: int) -> Step:
        """Message ``number``, from 1."""
        return self.steps[number - 1]

    # ---------------------------------------------------------------- timelines

    @cached_property
    def _states(self) -> dict[Role, list[tuple[int, StateChanged]]]:
        found: dict[Role, list[tuple[int, StateChanged]]] = {role: [] for role in Role}
        for entry in self.entries:
            # An Informational exchange is one message: it has no states that anybody would wait in.
            if isinstance(entry.event, StateChanged) and entry.event.exchange != "Informational":
                found[entry.party].append((entry.at, entry.event))
        return found

    def transition(self, party: Role, at: int) -> StateChanged | None:
        """The latest transition a party has taken by entry ``at``."""
        timeline = self._states[party]
        position = bisect_right(timeline, at, key=lambda item: item[0])
        return timeline[position - 1][1] if position else None

    def state(self, party: Role, at: int) -> str:
        """A party's state in words at entry ``at``."""
        transition = self.transition(party, at)
        return transition.new if transition is not None else "idle"

    @cached_property
    def _proofs(self) -> dict[Role, int]:
        """For each party the entry at which its peer became proven to it."""
        found: dict[Role, int] = {}
        for entry in self.entries:
            if isinstance(entry.event, Verified) and entry.event.proves is not None:
                found.setdefault(entry.party, entry.at)
        return found

    def peer_is_proven(self, party: Role, at: int) -> bool:
        """Whether ``party`` knows by entry ``at`` whom it is talking to."""
        return self._proofs.get(party, len(self)) <= at

    def sas(self, party: Role, at: int) -> tuple[SaSnapshot, ...]:
        """The SAs that a party holds at entry ``at``."""
        held: dict[bytes, SaSnapshot] = {}
        for entry in self._sa_changes:
            if entry.party is not party or entry.at > at:
                continue
            if isinstance(entry.event, SaInstalled):
                held[entry.event.sa.spis[0].octets] = entry.event.sa
            elif isinstance(entry.event, SaEnded):
                held.pop(entry.event.spi.octets, None)
        return tuple(held.values())

    @cached_property
    def _sa_changes(self) -> list[Entry]:
        return [entry for entry in self.entries if isinstance(entry.event, _SA_CHANGES)]

    def sa_end(self, party: Role, sa: SaSnapshot) -> tuple[int, str] | None:
        """Where an SA of a party ended, and how; ``None`` while it is in use."""
        for entry in self._sa_ends:
            event = entry.event
            if isinstance(event, SaEnded) and entry.party is party and event.spi.octets == sa.spis[0].octets:
                return entry.at, event.how
        return None

    @cached_property
    def _sa_ends(self) -> list[Entry]:
        return self.events_of(SaEnded)

    def sa_lifetime(self, party: Role, sa: SaSnapshot, at: int) -> int:
        """The seconds for which a party means, by entry ``at``, to use an SA of its own."""
        lifetime = sa.lifetime
        for entry in self._sa_cuts:
            event = entry.event
            same = isinstance(event, SaShortened) and event.spi.octets == sa.spis[0].octets
            if same and entry.party is party and entry.at <= at and isinstance(event, SaShortened):
                lifetime = event.lifetime
        return lifetime

    @cached_property
    def _sa_cuts(self) -> list[Entry]:
        return self.events_of(SaShortened)

    # ---------------------------------------------------------------- finding things

    @cached_property
    def places(self) -> dict[Buffer, tuple[int, str]]:
        """Which message, and which buffer of it, every buffer object of the run is."""
        found: dict[Buffer, tuple[int, str]] = {}
        for entry in self.entries:
            if isinstance(entry.event, Sent | Received):
                for tree in entry.event.envelope.trees:
                    found[tree.buffer] = (entry.step, tree.buffer.name)
        return found

    def place(self, span: Span) -> Place:
        """The same octets named by message and buffer.

        Raises:
            KeyError: the buffer is none of this run.
        """
        message, name = self.places[span.buffer]
        return Place(message, name, span.start, span.end)

    @cached_property
    def links(self) -> Links:
        """Terms by place, places by term, what feeds what."""
        return Links(self)

    @cached_property
    def knowledge(self) -> Knowledge:
        """Who knows what, and since when."""
        return Knowledge(self)

    def events_of(self, kind: type[Event], party: Role | None = None) -> list[Entry]:
        """All entries of one kind of event, of one party or of all."""
        return [e for e in self.entries if isinstance(e.event, kind) and party in (None, e.party)]

    @cached_property
    def refusals(self) -> list[Entry]:
        """Everything that was turned down by either peer."""
        return [e for e in self.events_of(Refused) if e.party is not Role.EAVESDROPPER]

    @cached_property
    def conclusions(self) -> list[Entry]:
        """How each exchange ended, for each party."""
        return self.events_of(Concluded)


class Recorder:
    """Collects what the parties say while a run goes on, and cuts it into steps.

    Parties take turns: one that begins to make a message sends it before anybody else sends, so its
    number is known from the beginning.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.steps: list[Step] = []
        self._current: dict[Role, tuple[int, Beat]] = {}
        self._sent: list[int] = []

    def begin_reading(self, party: Role, step: int, beat: Beat) -> None:
        """What this party says from now on is about message ``step``."""
        self._current[party] = (step, beat)

    def add(self, party: Role, time: float, event: Event, cause: int | None) -> None:
        """Record one event."""
        at = len(self.entries)
        if isinstance(event, Making):
            self._current[party] = (len(self._sent) + 1, Beat.MADE)
        elif isinstance(event, Sent):
            self._sent.append(at)
        step, beat = self._current.get(party, _BEGINNING)
        self.entries.append(Entry(at, time, party, event, step, beat, cause))

    def message_sent(self, sender: Role, datagram: Datagram, time: float, inside: Endpoint | None = None) -> int:
        """Tie a datagram, as it is on the wire, to the ``Sent`` entry it came from; returns the message's number."""
        number = len(self.steps) + 1
        event = self.entries[self._sent[number - 1]].event
        assert isinstance(event, Sent)
        octets, source, destination, protocol = datagram
        self.steps.append(
            Step(
                number, sender, sender.other, source, destination, time, event.envelope, octets, 0, 0,
                inside=inside, protocol=protocol,
            )
        )
        return number

    def mark(self, number: int, fate: str, octets: bytes | None = None) -> None:
        """Record what the link did to a message; ``octets`` are those that it delivers instead."""
        step = self.steps[number - 1]
        self.steps[number - 1] = step._replace(fate=fate, octets=step.octets if octets is None else octets)

    def sent_entry(self, number: int) -> int:
        """Index of the entry in which message ``number`` was sent."""
        return self._sent[number - 1]

    def finish(self) -> tuple[list[Entry], list[Step]]:
        """The entries as they happened, and steps that know where theirs begin and end."""
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        for at, entry in enumerate(self.entries):
            number = entry.step
            if number > len(self.steps) > 0:
                # Whoever gives up over a message that was to come is still at the last one that did.
                number = len(self.steps)
                self.entries[at] = msgspec.structs.replace(entry, step=number, beat=Beat.READ)
            first.setdefault(number, at)
            last[number] = at
        steps = [step._replace(first=first[step.number], last=last[step.number]) for step in self.steps]
        return self.entries, steps
