"""The IPsec SAs of one session, and the questions that wait for a sign of life."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from explorer.crypto.term import Term
from explorer.events import SaSnapshot

QUESTION_WAIT = 5.0
"""Seconds to wait for R-U-THERE-ACK."""

MOST_QUESTIONS = 3
"""R-U-THERE that may stay without an answer before the peer counts as dead."""


@dataclass
class Holding:
    """What one Quick Mode made: an SA for each direction and protocol.

    ``expires`` is the time of its end, ``life`` the seconds from its beginning to there;
    ``renewing`` says that its successor is being negotiated.
    """

    scope: str
    expires: float
    life: float
    inbound: list[tuple[str, Term]] = field(default_factory=list)
    outbound: list[tuple[str, Term]] = field(default_factory=list)
    renewing: bool = False

    @property
    def spis(self) -> list[tuple[str, Term]]:
        """Protocol and SPI of each SA."""
        return [*self.inbound, *self.outbound]


class Holdings:
    """All of them, oldest first."""

    def __init__(self) -> None:
        self._held: list[Holding] = []
        self._question: int | None = None
        self._last_question: int | None = None
        self._peers_last: int | None = None
        self._asked = 0
        self.question_due: float | None = None

    def __iter__(self) -> Iterator[Holding]:
        return iter(tuple(self._held))

    def add(self, sa: SaSnapshot, now: float) -> None:
        """Keep account of a new SA."""
        scope = sa.spis[0].scope
        holding = next((h for h in self._held if h.scope == scope), None)
        if holding is None:
            holding = Holding(scope, now + sa.lifetime, sa.lifetime)
            self._held.append(holding)
        place = holding.inbound if sa.direction == "inbound" else holding.outbound
        place.append((sa.protocol, sa.spis[0]))

    def remove(self, holding: Holding) -> None:
        """Forget one."""
        self._held.remove(holding)

    def adopt(self, other: Holdings) -> None:
        """Take over what another session held."""
        self._held += other._held
        other._held.clear()

    def named(self, protocol: str, spis: Sequence[bytes]) -> list[Holding]:
        """Those with an outbound SA of this protocol and one of these SPIs: they are the peer's inbound ones."""
        return [h for h in self._held if any(kind == protocol and spi.octets in spis for kind, spi in h.outbound)]

    # ---------------------------------------------------------------- signs of life

    def next_question(self, drawn: bytes, now: float) -> int:
        """The number of the next R-U-THERE: the first is drawn, each further one is higher by one."""
        start = int.from_bytes(drawn, "big") & 0x7FFFFFFF
        self._question = start if self._last_question is None else self._last_question + 1
        self._last_question = self._question
        self._asked += 1
        self.question_due = now + QUESTION_WAIT
        return self._question

    def is_new_question(self, number: int) -> bool:
        """Whether the peer's R-U-THERE is no older than the last; what is accepted is remembered."""
        if self._peers_last is not None and number < self._peers_last:
            return False
        self._peers_last = number
        return True

    def answered(self, number: int) -> None:
        """A sign of life, if it is the answer to the last question."""
        if number == self._question:
            self._question, self._asked, self.question_due = None, 0, None

    @property
    def out_of_patience(self) -> bool:
        """Whether enough questions have stayed without an answer."""
        return self._asked >= MOST_QUESTIONS
