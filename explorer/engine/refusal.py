"""The one exception of the engine: what arrived is turned down, and this is what to answer."""

from __future__ import annotations

from explorer.crypto.term import Term
from explorer.events import Refused
from explorer.registry.number import Number


class Refusal(Exception):
    """Raised by a check, caught by the peer, said as :class:`~explorer.events.Refused`.

    Attributes:
        reason: the rule and what was found, in one sentence.
        citation: where the rule stands.
        notify: the message that the specification wants sent back, if any.
    """

    def __init__(
        self,
        reason: str,
        citation: str,
        notify: Number | None = None,
        *,
        expected: Term | None = None,
        received: Term | None = None,
        offset: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.citation = citation
        self.notify = notify
        self.expected = expected
        self.received = received
        self.offset = offset

    def event(self) -> Refused:
        """The same as an event."""
        notify = self.notify.label if self.notify is not None else ""
        return Refused(self.reason, self.citation, notify, self.expected, self.received, self.offset)
