"""The third vantage point: follows the same rows as the peers, with nothing but the wire.

It sees which message of which exchange goes by, reads what is in the clear, and computes what can be
computed of that: the initialization vectors, which were never secret, and no key.
"""

from __future__ import annotations

from collections import deque

from explorer.crypto.term import Nature, Term
from explorer.engine.ledger import Entropy, Ledger
from explorer.engine.refusal import Refusal
from explorer.engine.rows import Row, match
from explorer.errors import WireError
from explorer.events import Binding, Envelope, Event, Received, Refused, Role
from explorer.octets import Buffer
from explorer.protocols.ikev1.answer import parse_sa
from explorer.protocols.ikev1.binding import Named, bind_header, bind_words, match_words
from explorer.protocols.ikev1.config import Phase1Policy, policy_of
from explorer.protocols.ikev1.exchange import Exchange
from explorer.protocols.ikev1.keys import PHASE_1, last_block, phase1_iv, phase2_iv
from explorer.protocols.ikev1.main_mode import MainMode
from explorer.protocols.ikev1.quick_mode import QuickMode
from explorer.registry.isakmp import ExchangeType
from explorer.wire.message import Message, read_message

_EXCHANGES: dict[int, type[Exchange]] = {
    ExchangeType.IDENTITY_PROTECTION: MainMode,
    ExchangeType.QUICK_MODE: QuickMode,
}


MOST_WATCHED = 256
"""Exchanges followed at a time; the oldest makes room for a new one."""


class _Watched:
    """How far each side of one exchange has come."""

    def __init__(
        self, exchange: type[Exchange], ledger: Ledger, starter: str, message_id: int, parent: _Watched | None
    ) -> None:
        self.exchange = exchange
        self.parent = parent
        self.policy: Phase1Policy | None = None
        self.ivs: list[Term] = []
        self.ledger = ledger
        self.starter = starter
        self.message_id = message_id
        self.states = {Role.INITIATOR: "idle", Role.RESPONDER: "idle"}
        self.count = 0

    def keep(self, iv: Term) -> list[Term]:
        """Remember a vector, for the next one to be made from."""
        self.ivs.append(iv)
        return [iv]

    def next_row(self, source: str) -> tuple[Role, Row | None]:
        """The row that a message from this address must come from."""
        role = Role.INITIATOR if source == self.starter else Role.RESPONDER
        return role, match(self.exchange.rows, role, self.states[role])


class Ikev1Observer:
    """An eavesdropper on any number of negotiations.  Never raises on what passes by."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._events: deque[Event] = deque()
        self._watched: dict[tuple[bytes, int], _Watched] = {}

    def next_event(self) -> Event | None:
        """The oldest event not yet taken, or ``None``."""
        return self._events.popleft() if self._events else None

    def see(self, data: bytes, source: str) -> None:
        """Look at a datagram from this address."""
        try:
            message = read_message(Buffer("datagram", data))
            self._follow(message, source)
        except WireError as error:
            self._events.append(Refused(error.rule, error.citation, offset=error.offset))
        except Refusal as refusal:
            self._events.append(refusal.event())

    def _follow(self, message: Message, source: str) -> None:
        header = message.header
        exchange = _EXCHANGES.get(header.exchange_type)
        if exchange is None:
            name = ExchangeType.say(header.exchange_type)
            raise Refusal(f"Exchange type {name} is not followed here", "RFC 2408 §3.1", offset=18)
        watched = self._find(exchange, message, source)
        role, row = watched.next_row(source)
        if row is None or not row.sends:
            raise Refusal("Not a message that the exchange has a place for", "RFC 2409 §5")
        watched.count += 1
        named, bindings = self._read(watched, row, role, message)
        for term, _ in bindings:
            watched.ledger.hold(term)
        watched.states[role] = row.then
        computed = self._compute(watched, bindings, message)
        head = "HDR*" if header.encrypted else "HDR"
        notation = ", ".join([head, *(text for text, _ in named)])
        envelope = Envelope(
            message.trees, notation, exchange.name, watched.ledger.scope, header.message_id, header.encrypted
        )
        self._events.append(Received(envelope, tuple(bindings)))
        if computed:
            watched.ledger.learn(*computed)

    def _compute(self, watched: _Watched, bindings: list[Binding], message: Message) -> list[Term]:
        """Vectors are made of public octets alone (RFC 2409 Appendix B), so an eavesdropper has them too."""
        ledger, exchange = watched.ledger, watched.exchange
        if exchange is MainMode and not watched.ivs and "g^xi" in ledger and "g^xr" in ledger:
            offered = parse_sa(ledger["SAr_b"].octets).proposals if "SAr_b" in ledger else ()
            transforms = [transform for proposal in offered for transform in proposal.transforms]
            policy = policy_of(transforms[0]) if transforms else None
            if policy is None:
                return []
            watched.policy = policy
            iv = phase1_iv(policy.hash_function, ledger["g^xi"], ledger["g^xr"], policy.cipher)
            return watched.keep(iv)
        if not message.header.encrypted or (watched.parent is None and not watched.ivs):
            return []
        made: list[Term] = []
        policy = watched.policy or (watched.parent.policy if watched.parent else None)
        if policy is None:
            return []
        if watched.parent is not None and not watched.ivs and watched.parent.ivs:
            last = watched.parent.ivs[-1]
            made += watched.keep(phase2_iv(policy.hash_function, last, ledger["M-ID"], policy.cipher, ledger.scope))
        if watched.ivs:
            sealed = bindings[-1].term
            made += watched.keep(last_block(watched.ivs[-1].symbol + "'", sealed, policy.cipher, ledger.scope))
        return made

    def _read(self, watched: _Watched, row: Row, role: Role, message: Message) -> tuple[Named, list[Binding]]:
        bindings = bind_header(message, watched.ledger, watched.message_id)
        if not message.header.encrypted:
            named = match_words(row.outgoing, role, watched.exchange.word, message, row.sends)
            return named, bindings + bind_words(named, message, role, watched.ledger.scope)
        span = message.ciphertext
        symbol = (
            f"E({watched.count})"  # Main Mode's fifth message is its first encrypted one, Quick Mode's is the first
        )
        sealed = Term(symbol, span.octets, span, scope=watched.ledger.scope, nature=Nature.ENCRYPTED)
        named = [(text, None) for text in row.outgoing.required]
        return named, [*bindings, Binding(sealed, span)]

    def _find(self, exchange: type[Exchange], message: Message, source: str) -> _Watched:
        header = message.header
        key = (header.initiator_cookie, header.message_id)
        watched = self._watched.get(key)
        if watched is None:
            parent = self._watched.get((header.initiator_cookie, 0))
            scope = f"{exchange.name} {header.message_id:08x}" if header.message_id else PHASE_1
            ledger = Ledger(
                self._events.append,
                self._entropy,
                Role.EAVESDROPPER,
                scope,
                parent.ledger if parent is not None else None,
            )
            if len(self._watched) >= MOST_WATCHED:
                del self._watched[next(iter(self._watched))]
            watched = self._watched[key] = _Watched(exchange, ledger, source, header.message_id, parent)
        return watched
