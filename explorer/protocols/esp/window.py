"""The anti-replay window of a receiver (RFC 4303 §3.4.3)."""

from __future__ import annotations

WINDOW = 64
"""How many sequence numbers behind the newest are still told apart."""


class ReplayWindow:
    """Remembers which sequence numbers were seen; moves only after the ICV verified."""

    def __init__(self) -> None:
        self.newest = 0
        self._seen = 0

    def accepts(self, sequence: int) -> bool:
        """Whether a packet with this number may be new; the first one ever sent is 1."""
        if sequence == 0:
            return False
        behind = self.newest - sequence
        return behind < 0 or (behind < WINDOW and not self._seen >> behind & 1)

    def move(self, sequence: int) -> None:
        """Record a packet whose ICV verified."""
        ahead = sequence - self.newest
        if ahead > 0:
            self._seen = (self._seen << min(ahead, WINDOW) | 1) & ((1 << WINDOW) - 1)
            self.newest = sequence
        else:
            self._seen |= 1 << -ahead
