"""The third vantage point: what IKEv2 shows to somebody without keys: two messages in the clear, and then sizes."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from hashlib import sha256

from explorer.crypto.term import Term
from explorer.engine.repetition import repeat
from explorer.errors import WireError
from explorer.events import Binding, Datagram, Envelope, Event, Received, Refused, Role, Sent
from explorer.octets import Buffer, Span
from explorer.protocols.ikev2.keys import IKE_SA, ike_scope
from explorer.protocols.ikev2.parts import notation, word_of
from explorer.registry.ikev2 import V2ExchangeType, V2PayloadType
from explorer.wire.ikev2_message import V2Message, read_v2
from explorer.wire.message import MARKER_SIZE

_NATT_PORT = 4500
_IN_CLEAR: Mapping[int, tuple[str, int]] = {
    V2PayloadType.SA: ("SA", 0),
    V2PayloadType.KE: ("KE", 4),
    V2PayloadType.NONCE: ("N", 0),
}

MOST_REMEMBERED = 1024
"""Messages that are recognized when they pass by once more."""


class Ikev2Observer:
    """An eavesdropper.  Never raises on what passes by."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._seen: dict[bytes, Received] = {}
        self._numbers: dict[bytes, int] = {}

    def next_event(self) -> Event | None:
        """The oldest event not yet taken, or ``None``."""
        return self._events.popleft() if self._events else None

    def see(self, datagram: Datagram, sender: Role) -> None:
        """Look at a datagram of one party."""
        data = datagram.octets
        digest = sha256(data).digest()
        if digest in self._seen:
            again = repeat(Sent(self._seen[digest].envelope, self._seen[digest].bindings))
            self._events.append(Received(again.envelope, again.bindings))
            return
        try:
            ports = (datagram.source.port, datagram.destination.port)
            start = MARKER_SIZE if _NATT_PORT in ports and data[:4] == bytes(4) else 0
            self._tell(read_v2(Buffer("datagram", data), start), sender, digest)
        except WireError as error:
            self._events.append(Refused(error.rule, error.citation, offset=error.offset))

    def _tell(self, message: V2Message, sender: Role, digest: bytes) -> None:
        header = message.header
        name = V2ExchangeType.name_of(header.exchange_type)
        words = [word_of(payload, kind) for payload, kind in zip(message.payloads, message.types, strict=True)]
        text = notation(words, encrypted=False) if message.sealed is None else "HDR, SK {…}"
        sa_scope = ike_scope(self._number(message))
        opens = header.exchange_type in (V2ExchangeType.IKE_SA_INIT, V2ExchangeType.IKE_SESSION_RESUME)
        scope = sa_scope if opens else f"{name} {header.message_id}{self._mark(message)}"
        bindings = self._bindings(message, sender, sa_scope, scope)
        envelope = Envelope(message.trees, text, name, scope, header.message_id, message.sealed is not None)
        received = Received(envelope, tuple(bindings))
        self._events.append(received)
        if len(self._seen) >= MOST_REMEMBERED:
            del self._seen[next(iter(self._seen))]
        if len(self._numbers) > MOST_REMEMBERED:
            self._numbers.clear()
        self._seen[digest] = received

    def _mark(self, message: V2Message) -> str:
        """What tells exchanges of one name and number apart: who has begun them, and under which IKE SA."""
        begun_by_initiator = message.header.from_initiator is not message.header.response
        return ("" if begun_by_initiator else "r") + ike_scope(self._number(message)).removeprefix(IKE_SA)

    def _number(self, message: V2Message) -> int:
        """Which IKE SA of the run it is, by who began it."""
        return self._numbers.setdefault(message.header.initiator_spi, len(self._numbers) + 1)

    def _bindings(self, message: V2Message, sender: Role, sa_scope: str, scope: str) -> list[Binding]:
        side = "r" if message.header.response else "i"
        found = []
        for symbol, offset in (("SPIi", 0), ("SPIr", 8)):
            span = Span(message.datagram, message.start + offset, message.start + offset + 8)
            if any(span.octets):
                found.append(Binding(Term(symbol, span.octets, span, scope=sa_scope), span))
        for index, kind in enumerate(message.types):
            known = _IN_CLEAR.get(kind)
            if known is not None:
                body = message.body(index)
                span = Span(body.buffer, body.start + known[1], body.end)
                term = Term(known[0] + side, span.octets, span, scope=scope, owner=str(sender))
                found.append(Binding(term, span))
        return found
