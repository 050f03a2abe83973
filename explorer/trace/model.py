"""What a recording is made of."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from explorer.events import Endpoint, Envelope, Event, Role


class Beat(StrEnum):
    """The three moments of a message."""

    MADE = "made"
    WIRE = "on the wire"
    READ = "read"


class Entry(msgspec.Struct, frozen=True):
    """One event, with everything the peer that said it did not know.

    ``at`` is its index, ``time`` virtual seconds, ``step`` the number of the message it belongs to, from 1,
    ``cause`` the index of the entry that brought it about.
    """

    at: int
    time: float
    party: Role
    event: Event
    step: int
    beat: Beat
    cause: int | None


class Step(NamedTuple):
    """One message: who sent it to whom, and the entries in which it is made, travels and is read.

    ``first`` and ``last`` are indices of entries; ``octets`` is what travelled, the UDP payload or, for
    ESP and AH, the IP payload.  ``fate`` is what the link did to it: ``""``, ``lost``, ``delivered twice``, ``delayed``
    or ``changed``.  ``inside`` is the sender's or receiver's own end where a NAT has changed what the others see.
    """

    number: int
    sender: Role
    receiver: Role
    source: Endpoint
    destination: Endpoint
    time: float
    envelope: Envelope
    octets: bytes
    first: int
    last: int
    fate: str = ""
    inside: Endpoint | None = None
    protocol: int = 0

    @property
    def changes(self) -> list[tuple[int, int]]:
        """Start and end of each run of octets that is not what its sender had sent; all of them if the size differs."""
        sent = self.envelope.trees[0].buffer.octets
        if len(sent) != len(self.octets):
            return [(0, len(self.octets))]
        found: list[tuple[int, int]] = []
        for at in (at for at in range(len(sent)) if sent[at] != self.octets[at]):
            start = found.pop()[0] if found and found[-1][1] == at else at
            found.append((start, at + 1))
        return found


def is_packet(step: Step) -> bool:
    """Whether a message is no part of a negotiation but a packet that was protected by what one has made."""
    return step.envelope.exchange in ("ESP", "AH")


class PartyInfo(NamedTuple):
    """A party of the run as views present it; ``outside`` is the address that others see, where a NAT changes it."""

    role: Role
    name: str
    address: str
    outside: str = ""


class Place(NamedTuple):
    """A range of octets that outlives its buffer object: message number, buffer name, start, end."""

    message: int
    buffer: str
    start: int
    end: int


class Key(NamedTuple):
    """What makes two parties' terms the same row: scope and symbol."""

    scope: str
    symbol: str
