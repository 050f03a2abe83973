"""How an IKE SA begins, in the clear: nonces, perhaps a cookie, and what AUTH will cover (RFC 7296 §1.2, §2.6)."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address

from explorer.crypto.prfs import PRF_HMAC_SHA2_256
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


class Opening(V2Exchange):
    """The first two messages of an IKE SA; they may have to be repeated with something added.

    Attributes:
        cookie: what the responder wants to see again, or ``None``.
        suite: the algorithms, once they are known.
        tries: how often the request was made.
    """

    encrypted = False
    suite: Suite
    _expected_cookie = b""

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
        self._expected_cookie = self._make_cookie()
        payloads: Sequence[V2Payload] = self.message.payloads
        first = payloads[0] if payloads else None
        has_come = isinstance(first, V2Notify) and first.notify_type == _N.COOKIE
        if not has_come or not isinstance(first, V2Notify) or first.data != self._expected_cookie:
            reason = "The sender has not shown yet that it receives what is sent to its address"
            raise Refusal(reason, "RFC 7296 §2.6", _N.COOKIE)

    def _make_cookie(self) -> bytes:
        """prf(secret, Ni | IPi | SPIi): made again from the retry, so that nothing has to be kept."""
        secret = self.party.entropy.draw(32, "cookie secret")
        seen = self.ledger["Ni"].octets + IPv4Address(self.party.link.remote.address).packed
        return PRF_HMAC_SHA2_256.mac(secret, seen + self.message.header.initiator_spi)

    def error_data(self, kind: V2NotifyType) -> bytes:
        """The cookie, if it is what is wanted."""
        return self._expected_cookie if kind is _N.COOKIE else super().error_data(kind)

    def interesting(self, notify_type: int) -> bool:
        """A cookie is a status, and yet it means that nothing was made."""
        return super().interesting(notify_type) or notify_type == _N.COOKIE

    def _demand(self, row: Row, message: V2Message) -> None:
        """An answer that asks for a retry holds nothing else."""
        if self.role is Role.INITIATOR and self.tries <= 3:
            for index, payload in enumerate(message.payloads):
                if isinstance(payload, V2Notify) and self.asks_again(message, index, payload):
                    self.retry = True
                    return
        super()._demand(row, message)

    def asks_again(self, message: V2Message, index: int, payload: V2Notify) -> bool:
        """Whether a notification asks for the same request with something changed."""
        if payload.notify_type != _N.COOKIE:
            return False
        body = message.body(index)
        span = Span(body.buffer, body.start + 4, body.end)
        owner = str(self.party.role.other)
        self.cookie = Term("COOKIE", span.octets, span, scope=self.ledger.scope, owner=owner)
        self.ledger.learn(self.cookie)
        return True

    # ---------------------------------------------------------------- what AUTH will cover

    def _bind_header(self, message: V2Message) -> list[Binding]:
        """The message as a whole is a term too: AUTH covers it."""
        bindings = super()._bind_header(message)
        number = 2 if message.header.response else 1
        span = Span(message.datagram, message.start, len(message.datagram.octets))
        owner = self.owner(Role.RESPONDER if message.header.response else Role.INITIATOR)
        term = Term(f"RealMessage{number}", span.octets, span, scope=self.ledger.scope, owner=owner)
        self.ledger.hold(term)
        return [*bindings, Binding(term, span)]
