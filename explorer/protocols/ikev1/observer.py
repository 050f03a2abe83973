"""The third vantage point: follows the same rows as the peers, with nothing but the wire.

It sees which message of which exchange goes by, reads what is in the clear, and computes what can be
computed of that: the initialization vectors, which were never secret, and no key.
"""

from __future__ import annotations

from collections import deque
from hashlib import sha256

from explorer.crypto.term import Nature, Term
from explorer.engine.ledger import Entropy, Ledger
from explorer.engine.refusal import Refusal
from explorer.engine.repetition import repeat
from explorer.engine.rows import Row, match
from explorer.errors import WireError
from explorer.events import Binding, Datagram, Envelope, Event, Received, Refused, Role, Sent
from explorer.octets import Buffer
from explorer.protocols.ikev1.aggressive_mode import AGGRESSIVE_MODE, AggressiveMode, first_offer
from explorer.protocols.ikev1.answer import parse_sa
from explorer.protocols.ikev1.authentication import authentication_of, is_spoken
from explorer.protocols.ikev1.binding import Named, bind_header, bind_words, match_words
from explorer.protocols.ikev1.exchange import Exchange
from explorer.protocols.ikev1.informational import ClearInformational, Informational
from explorer.protocols.ikev1.keepalive import OCTET, keepalive_envelope
from explorer.protocols.ikev1.keys import last_block, phase1_iv, phase1_scope, phase2_iv
from explorer.protocols.ikev1.main_mode import MAIN_MODE, MainMode
from explorer.protocols.ikev1.new_group import NewGroupMode
from explorer.protocols.ikev1.policies import Phase1Policy, policy_of
from explorer.protocols.ikev1.quick_mode import QuickMode
from explorer.protocols.ikev1.transaction import Transaction
from explorer.registry.isakmp import ExchangeType
from explorer.wire.message import MARKER_SIZE, Message, read_header, read_message

_EXCHANGES: dict[int, type[Exchange]] = {
    ExchangeType.IDENTITY_PROTECTION: MainMode,
    ExchangeType.AGGRESSIVE: AggressiveMode,
    ExchangeType.QUICK_MODE: QuickMode,
    ExchangeType.INFORMATIONAL: Informational,
    ExchangeType.TRANSACTION: Transaction,
    ExchangeType.NEW_GROUP_MODE: NewGroupMode,
}
_FIGURES = {MainMode.name: MAIN_MODE, AggressiveMode.name: AGGRESSIVE_MODE}
_NATT_PORT = 4500

MOST_WATCHED = 256
"""Exchanges followed at a time; the oldest makes room for a new one."""

MOST_REMEMBERED = 1024
"""Messages that are recognized when they pass by once more."""


class _Watched:
    """How far each side of one exchange has come."""

    def __init__(
        self, exchange: type[Exchange], ledger: Ledger, starter: Role, message_id: int, parent: _Watched | None
    ) -> None:
        self.exchange = exchange
        self.rows = exchange.rows
        self.dialect = exchange.dialect
        self.family = ""
        self.parent = parent
        self.policy: Phase1Policy | None = None
        self.ivs: list[Term] = []
        self.ledger = ledger
        self.starter = starter
        self.message_id = message_id
        self.states = {Role.INITIATOR: "idle", Role.RESPONDER: "idle"}
        self.count = 0

    @property
    def is_phase1(self) -> bool:
        """Whether this is the negotiation of an ISAKMP SA."""
        return self.exchange.name in _FIGURES

    def owner(self, role: Role) -> str:
        """The party that has a role of this exchange."""
        return str(self.starter if role is Role.INITIATOR else self.starter.other)

    def sa_owner(self, role: Role) -> str:
        """The party that has a role of the ISAKMP SA."""
        return (self.parent or self).owner(role)

    def keep(self, iv: Term) -> list[Term]:
        """Remember a vector, for the next one to be made from."""
        self.ivs.append(iv)
        return [iv]

    def agree(self, policy: Phase1Policy | None) -> None:
        """What the peers have agreed on; the messages that follow are those of its way of authentication."""
        if policy is None or not self.is_phase1 or not is_spoken(policy.authentication):
            return
        self.policy = policy
        method = authentication_of(policy.authentication)
        self.family = "" if method.family == "psk" else method.family
        self.rows, self.dialect = _FIGURES[self.exchange.name][method.family], method.dialect

    def next_row(self, sender: Role) -> tuple[Role, Row | None]:
        """The row that a message of this party must come from."""
        role = Role.INITIATOR if sender is self.starter else Role.RESPONDER
        return role, match(self.rows, role, self.states[role])


class Ikev1Observer:
    """An eavesdropper on any number of negotiations.  Never raises on what passes by."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._events: deque[Event] = deque()
        self._watched: dict[tuple[bytes, int], _Watched] = {}
        self._seen: dict[bytes, Received] = {}
        self._negotiations = 0

    def next_event(self) -> Event | None:
        """The oldest event not yet taken, or ``None``."""
        return self._events.popleft() if self._events else None

    def see(self, datagram: Datagram, sender: Role) -> None:
        """Look at a datagram of one party."""
        data = datagram.octets
        digest = sha256(data).digest()
        if digest in self._seen:
            self._events.append(_once_more(self._seen[digest]))
            return
        try:
            if data == OCTET:
                self._events.append(Received(keepalive_envelope(data), ()))
                return
            ports = (datagram.source.port, datagram.destination.port)
            start = MARKER_SIZE if _NATT_PORT in ports and data[:4] == bytes(4) else 0
            self._follow(Buffer("datagram", data), start, sender)
        except WireError as error:
            self._events.append(Refused(error.rule, error.citation, offset=error.offset))
        except Refusal as refusal:
            self._events.append(refusal.event())

    def _follow(self, buffer: Buffer, start: int, sender: Role) -> None:
        header = read_header(buffer, start)
        exchange = _EXCHANGES.get(header.exchange_type)
        if exchange is None:
            name = ExchangeType.say(header.exchange_type)
            raise Refusal(f"Exchange type {name} is not followed here", "RFC 2408 §3.1", offset=start + 18)
        if exchange is Informational and not header.encrypted:
            exchange = ClearInformational
        message = read_message(buffer, start=start)
        watched = self._find(exchange, message, sender)
        if watched.exchange is AggressiveMode and not watched.count:
            watched.agree(first_offer(message))
        message = read_message(buffer, watched.dialect, start)
        role, row = watched.next_row(sender)
        if row is None or not row.sends:
            raise Refusal("Not a message that the exchange has a place for", "RFC 2409 §5")
        watched.count += 1
        named, bindings = self._read(watched, row, role, message)
        for term, _ in bindings:
            watched.ledger.hold(term)
        watched.states[role] = row.then
        computed = self._compute(watched, bindings, message)
        self._tell(watched, named, bindings, message)
        if computed:
            watched.ledger.learn(*computed)

    def _tell(self, watched: _Watched, named: Named, bindings: list[Binding], message: Message) -> None:
        header = message.header
        head = "HDR*" if header.encrypted else "HDR"
        notation = ", ".join([head, *(text for text, _ in named)])
        envelope = Envelope(
            message.trees,
            notation,
            watched.exchange.name,
            watched.ledger.scope,
            header.message_id,
            header.encrypted,
            watched.family,
        )
        received = Received(envelope, tuple(bindings))
        self._events.append(received)
        if len(self._seen) >= MOST_REMEMBERED:
            del self._seen[next(iter(self._seen))]
        self._seen[sha256(message.datagram.octets).digest()] = received

    # ---------------------------------------------------------------- vectors

    def _compute(self, watched: _Watched, bindings: list[Binding], message: Message) -> list[Term]:
        """Vectors are made of public octets alone (RFC 2409 Appendix B), so an eavesdropper has them too."""
        ledger = watched.ledger
        if watched.is_phase1 and "SAr_b" in ledger and not watched.ivs:
            watched.agree(self._agreed(ledger))
        policy = watched.policy or (watched.parent.policy if watched.parent else None)
        if policy is None:
            return []
        made: list[Term] = []
        if watched.is_phase1 and not watched.ivs and "g^xi" in ledger and "g^xr" in ledger:
            made += watched.keep(phase1_iv(policy.hash_function, ledger["g^xi"], ledger["g^xr"], policy.cipher))
        if not message.header.encrypted:
            return made
        if watched.parent is not None and not watched.ivs and watched.parent.ivs:
            last = watched.parent.ivs[-1]
            made += watched.keep(phase2_iv(policy.hash_function, last, ledger["M-ID"], policy.cipher, ledger.scope))
        if watched.ivs:
            sealed = bindings[-1].term
            made += watched.keep(last_block(watched.ivs[-1].symbol + "'", sealed, policy.cipher, ledger.scope))
        return made

    @staticmethod
    def _agreed(ledger: Ledger) -> Phase1Policy | None:
        transforms = [t for proposal in parse_sa(ledger["SAr_b"].octets).proposals for t in proposal.transforms]
        return policy_of(transforms[0]) if transforms else None

    # ---------------------------------------------------------------- reading

    def _read(self, watched: _Watched, row: Row, role: Role, message: Message) -> tuple[Named, list[Binding]]:
        bindings = bind_header(message, watched.ledger, watched.sa_owner, watched.owner(Role.INITIATOR))
        if not message.header.encrypted:
            named = match_words(row.outgoing, role, watched.exchange.word, message, row.sends)
            return named, bindings + bind_words(named, message, watched.owner(role), watched.ledger.scope)
        span = message.ciphertext
        # Main Mode's fifth message is its first encrypted one, Quick Mode's is the first.
        symbol = f"E({watched.count})"
        sealed = Term(symbol, span.octets, span, scope=watched.ledger.scope, nature=Nature.ENCRYPTED)
        named = [(text, None) for text in row.outgoing.required]
        return named, [*bindings, Binding(sealed, span)]

    def _find(self, exchange: type[Exchange], message: Message, sender: Role) -> _Watched:
        header = message.header
        key = (header.initiator_cookie, header.message_id)
        watched = self._watched.get(key)
        if watched is None:
            parent = self._watched.get((header.initiator_cookie, 0))
            if header.message_id:
                scope = f"{exchange.name} {header.message_id:08x}"
            else:
                self._negotiations += 1
                scope = phase1_scope(self._negotiations)
            above = parent.ledger if parent is not None else None
            ledger = Ledger(self._events.append, self._entropy, Role.EAVESDROPPER, scope, above)
            if len(self._watched) >= MOST_WATCHED:
                self._forget_one()
            watched = self._watched[key] = _Watched(exchange, ledger, sender, header.message_id, parent)
        return watched

    def _forget_one(self) -> None:
        """The oldest, but no phase 1 with exchanges under it: their vectors are made from its last one."""
        needed = {watched.parent for watched in self._watched.values()}
        oldest = next(iter(self._watched))
        del self._watched[next((key for key, watched in self._watched.items() if watched not in needed), oldest)]


def _once_more(received: Received) -> Received:
    """The same octets have passed by again."""
    again = repeat(Sent(received.envelope, received.bindings))
    return Received(again.envelope, again.bindings)

