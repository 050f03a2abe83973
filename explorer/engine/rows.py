"""Transition rows: the one table that drives a peer, judges legality and draws its state diagram."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from explorer.engine.notation import Notation
from explorer.events import Role

Action = Callable[[Any], None]


class Row(NamedTuple):
    """One transition of one role.

    Attributes:
        role: whose transition it is.
        state: where it starts.
        receives: the message that triggers it, in RFC notation; ``""`` for the very first.
        reads: what is done with what was received: checks, and keys whose last input is now known.
        makes: what is prepared for the answer.
        sends: the answer, in RFC notation; ``""`` for none.
        then: where it ends.
    """

    role: Role
    state: str
    receives: str
    reads: Action | None
    makes: Action | None
    sends: str
    then: str

    @property
    def incoming(self) -> Notation:
        """What it receives, as words."""
        return Notation.parse(self.receives)

    @property
    def outgoing(self) -> Notation:
        """What it sends, as words."""
        return Notation.parse(self.sends)


def match(rows: Iterable[Row], role: Role, state: str) -> Row | None:
    """The row that leads on from a state, or ``None`` where the exchange has ended."""
    for row in rows:
        if row.role is role and row.state == state:
            return row
    return None
