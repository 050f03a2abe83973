"""When to send a message again, and when to give up (RFC 2408 §5.1 leaves the numbers to whoever implements it)."""

from __future__ import annotations

FIRST_WAIT = 2.0
"""Seconds until a message is sent for the second time; each wait after it is twice as long."""

MOST_SENDINGS = 5
"""How often one message is sent before its sender gives up: after 2 + 4 + 8 + 16 + 32 seconds."""

PATIENCE = 64.0
"""Seconds that a responder waits for a message which it is not its turn to ask for."""


class Retransmission:
    """The timer of one exchange: armed while it waits for an answer."""

    def __init__(self) -> None:
        self.due: float | None = None
        self._wait = FIRST_WAIT
        self._sendings = 0

    def wait_for_answer(self, now: float) -> None:
        """A new message was sent, and it is this side's task to send it again."""
        self._wait, self._sendings = FIRST_WAIT, 1
        self.due = now + FIRST_WAIT

    def wait_patiently(self, now: float) -> None:
        """The other side will send its message again if need be; only the end of patience is timed."""
        self._sendings = MOST_SENDINGS
        self.due = now + PATIENCE

    def stop(self) -> None:
        """The answer is here."""
        self.due = None

    def expire(self) -> bool:
        """The time is up: whether to send again; otherwise it is time to give up."""
        if self._sendings >= MOST_SENDINGS or self.due is None:
            self.due = None
            return False
        self._sendings += 1
        self._wait *= 2
        self.due += self._wait
        return True
