"""The eavesdropper's view of ESP and AH: an SPI, a sequence number, and octets; of AH also what it covers."""

from __future__ import annotations

from explorer.crypto.term import Term
from explorer.errors import WireError
from explorer.events import Binding, Datagram, Envelope, Event, Received, Refused
from explorer.octets import Buffer, Span
from explorer.registry.ip import IpProtocol
from explorer.wire.ah import read_ah
from explorer.wire.esp import read_sealed

_NATT_PORT = 4500


class EspObserver:
    """Follows protected packets without any SA."""

    @staticmethod
    def is_ipsec(datagram: Datagram) -> bool:
        """Whether a datagram is none of IKE's: not UDP, or UDP that holds ESP (RFC 3948 §2)."""
        octets, source, destination, _ = datagram
        if not destination.port:
            return True
        return _NATT_PORT in (source.port, destination.port) and len(octets) > 1 and octets[:4] != bytes(4)

    def see(self, datagram: Datagram) -> Event:
        """What can be told of one packet."""
        buffer = Buffer("datagram", datagram.octets)
        try:
            if datagram.protocol == IpProtocol.AH:
                header, _, tree = read_ah(buffer)
                name, at, spi, sequence = "AH", 4, header.spi, header.sequence
            else:
                packet, tree = read_sealed(buffer)
                name, at, spi, sequence = "ESP", 0, packet.spi, packet.sequence
        except WireError as error:
            return Refused(error.rule, error.citation, offset=error.offset)
        scope = f"{name} {spi:08x} {sequence}"
        bindings = []
        for symbol, start in (("SPI", at), ("seq", at + 4)):
            span = Span(tree.buffer, start, start + 4)
            bindings.append(Binding(Term(symbol, span.octets, span, scope=scope), span))
        return Received(Envelope((tree,), name, name, scope, 0, name == "ESP"), tuple(bindings))
