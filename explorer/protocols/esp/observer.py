"""The eavesdropper's view of ESP: an SPI, a sequence number, and octets."""

from __future__ import annotations

from explorer.crypto.term import Term
from explorer.errors import WireError
from explorer.events import Binding, Envelope, Event, Received, Refused
from explorer.octets import Buffer, Span
from explorer.wire.esp import read_sealed


class EspObserver:
    """Follows ESP packets without any SA."""

    def see(self, data: bytes) -> Event:
        """What can be told of one packet."""
        try:
            packet, tree = read_sealed(Buffer("datagram", data))
        except WireError as error:
            return Refused(error.rule, error.citation, offset=error.offset)
        scope = f"ESP {packet.spi:08x} {packet.sequence}"
        bindings = []
        for symbol, start, end in (("SPI", 0, 4), ("seq", 4, 8)):
            span = Span(tree.buffer, start, end)
            bindings.append(Binding(Term(symbol, span.octets, span, scope=scope), span))
        return Received(Envelope((tree,), "ESP", "ESP", scope, 0, True), tuple(bindings))
