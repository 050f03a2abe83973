"""NAT keepalives (RFC 3948 §4): one octet that nobody answers."""

from __future__ import annotations

from explorer.engine.ledger import Emit
from explorer.events import Envelope, Making, Received, Sent
from explorer.octets import Buffer
from explorer.wire.message import read_keepalive

EXCHANGE = "NAT keepalive"
OCTET = b"\xff"

INTERVAL = 20.0
"""Seconds of silence after which one is sent (RFC 3948 §4)."""


class Keepalive:
    """Makes and recognizes them."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    def make(self) -> bytes:
        """One keepalive."""
        self._emit(Making(EXCHANGE, EXCHANGE, "NAT-keepalive"))
        self._emit(Sent(keepalive_envelope(OCTET), ()))
        return OCTET

    def take(self, data: bytes) -> bool:
        """Whether a datagram is one; there is nothing to do about it."""
        if data != OCTET:
            return False
        self._emit(Received(keepalive_envelope(data), ()))
        return True


def keepalive_envelope(octets: bytes) -> Envelope:
    """The message as everybody sees it."""
    return Envelope((read_keepalive(Buffer("datagram", octets)),), "NAT-keepalive", EXCHANGE, EXCHANGE, 0, False)
