"""How an IKE SA begins, in the clear: nonces, perhaps a cookie, and what AUTH will cover (RFC 7296 §1.2, §2.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from explorer.crypto.term import Nature, Term
from explorer.engine.refusal import Refusal
from explorer.engine.rows import Row
from explorer.events import Binding, KeysMade, Role
from explorer.octets import Span
from explorer.protocols.ikev2.exchange import V2Exchange
from explorer.protocols.ikev2.ike_sa import IkeSa
from explorer.protocols.ikev2.nat import find_nats, take_nats
from explorer.protocols.ikev2.parts import Part, notify
from explorer.protocols.ikev2.suites import Suite
from explorer.registry.ikev2 import V2PayloadType
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.wire.ikev2 import V2Nonce, V2Notify, V2Payload
from explorer.wire.ikev2_message import V2Message

_N = V2NotifyType
_CITE = "RFC 7296 §2.6"


class Opening(V2Exchange):
    """The first two messages of an IKE SA; they may have to be repeated with something added.

    Attributes:
        cookie: what the responder wants to see again, or ``None``.
        suite: the algorithms, once they are known.
        tries: how often the request was made.
        scope_mark: what tells an IKE SA that begins in this way from others.
    """

    encrypted = False
    scope_mark: ClassVar[str] = ""
    suite: Suite

    def __init__(self, sa: IkeSa, role: Role) -> None:
        super().__init__(sa, role, 0, sa.ledger)
        self.scope = sa.ledger.scope
        self.cookie: Term | None = None
        self.tries = 0

    def make_keys(self) -> None:
        """All keys of the IKE SA: both sides have all that goes into them."""
        raise NotImplementedError

    def succeeded(self) -> None:
        """All keys, on each side when its last input is there."""
        self.make_keys()
        self.party.emit(KeysMade(self.sa.snapshot()))

    # ---------------------------------------------------------------- SPIs and nonces

    def begin_try(self) -> None:
        """No proof covers what an answer has said that only asks for another try: it is forgotten (RFC 7296 §2.6)."""
        self.retry = False
        self.tries += 1
        self.ledger.forget("SPIr")
        self.sa.peer_supports.clear()
        self.sa.peer_hashes = frozenset()

    @property
    def try_scope(self) -> str:
        """Scope of what a later try has of its own."""
        return self.ledger.scope if self.tries < 2 else f"{self.ledger.scope}, try {self.tries}"

    def draw_own(self) -> None:
        """This side's SPI and nonce, the same in every try."""
        ledger, side = self.ledger, self.letter(self.role)
        if not ledger.own(f"SPI{side}"):
            ledger.draw(f"SPI{side}", 8, "RFC 7296 §2.6", Nature.PUBLIC)
            ledger.draw(f"N{side}", self.party.config.nonce_size, "RFC 7296 §2.10", Nature.PUBLIC)

    def nonce_part(self) -> Part:
        """This side's nonce."""
        nonce = self.ledger[f"N{self.letter(self.role)}"]
        return Part(nonce.symbol, V2PayloadType.NONCE, V2Nonce(data=nonce.octets), ((nonce, 0),))

    def check_peer(self) -> None:
        """The other side's nonce, its SPI, and what it says of addresses."""
        symbol = f"N{self.letter(self.role.other)}"
        size = len(self.ledger[symbol].octets)
        if not 16 <= size <= 256:
            raise Refusal(f"{symbol} has {size} octets, expected 16 to 256", "RFC 7296 §3.9", _N.INVALID_SYNTAX)
        self._look_for_nats()

    def check_responder_spi(self) -> None:
        """From the answer on both sides have an SPI."""
        if not any(self.message.header.responder_spi):
            raise Refusal("The responder's SPI is zero", "RFC 7296 §3.1", offset=self.message.start + 8)

    def _look_for_nats(self) -> None:
        """Where a NAT was found the initiator moves to the other port; who may have to move later does so at once."""
        nats = find_nats(self)
        take_nats(self, nats)
        link = self.party.link
        if self.role is Role.INITIATOR and nats is not None and (link.natted or self.party.config.mobike):
            # RFC 4555 §3.3 for the latter.
            link.float()

    # ---------------------------------------------------------------- cookies

    def cookie_part(self) -> list[Part]:
        """What the responder wants to see again goes in front of everything else."""
        return [notify(_N.COOKIE, self.cookie.octets, [(self.cookie, 4)])] if self.cookie is not None else []

    def demand_cookie(self) -> None:
        """Keep nothing for an address that has not shown that it can receive (RFC 7296 §2.6)."""
        if not self.party.config.wants_cookies:
            return
        payloads: Sequence[V2Payload] = self.message.payloads
        first = payloads[0] if payloads else None
        received = self.ledger.find("COOKIE")
        self.cookie = self.party.cookies.make(self)
        if received is None or not isinstance(first, V2Notify) or first.notify_type != _N.COOKIE:
            reason = "The sender has not shown yet that it receives what is sent to its address"
            raise Refusal(reason, _CITE, _N.COOKIE)
        self.ledger.verify(self.cookie, received, None, _CITE, _N.COOKIE)

    def error_part(self, kind: V2NotifyType) -> Part:
        """The cookie, if it is what is wanted."""
        return self.cookie_part()[0] if kind is _N.COOKIE else super().error_part(kind)

    def symbol_of(self, payload: V2Payload, kind: int, sender: Role) -> tuple[str, int] | None:
        """A cookie is a term, on its way there and back."""
        if isinstance(payload, V2Notify) and payload.notify_type == _N.COOKIE:
            return "COOKIE", 4
        return super().symbol_of(payload, kind, sender)

    def interesting(self, notify_type: int) -> bool:
        """A cookie is a status, and yet it means that nothing was made."""
        return super().interesting(notify_type) or notify_type == _N.COOKIE

    def _demand(self, row: Row, message: V2Message) -> None:
        """An answer that asks for a retry holds nothing else."""
        if self.role is Role.INITIATOR and self.tries <= 3:
            for payload in message.payloads:
                if isinstance(payload, V2Notify) and self.asks_again(payload):
                    self.retry = True
                    return
        super()._demand(row, message)

    def asks_again(self, payload: V2Notify) -> bool:
        """Whether a notification asks for the same request with something changed."""
        if payload.notify_type != _N.COOKIE:
            return False
        self.cookie = self.ledger.learn(self.ledger["COOKIE"])
        return True

    # ---------------------------------------------------------------- what AUTH will cover

    def _bind_header(self, message: V2Message) -> list[Binding]:
        """The message as a whole is a term too: AUTH covers it, unless it is an answer without a nonce."""
        bindings, answer = super()._bind_header(message), message.header.response
        if answer and message.find(V2Nonce) is None:
            return bindings
        span = Span(message.datagram, message.start, len(message.datagram.octets))
        symbol, sender = ("RealMessage2", Role.RESPONDER) if answer else ("RealMessage1", Role.INITIATOR)
        scope = self.ledger.scope if answer else self.try_scope
        term = Term(symbol, span.octets, span, scope=scope, owner=self.owner(sender))
        self.ledger.hold(term)
        return [*bindings, Binding(term, span)]
