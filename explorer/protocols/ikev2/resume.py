"""IKE_SESSION_RESUME (RFC 5723 §4.3): an IKE SA from a ticket, with nonces for a key exchange."""

from __future__ import annotations

from explorer.crypto.term import Term
from explorer.engine.rows import Row
from explorer.events import Role
from explorer.protocols.ikev2.exchange import WAITS
from explorer.protocols.ikev2.keys import ike_keys, resumed_skeyseed
from explorer.protocols.ikev2.nat import nat_parts
from explorer.protocols.ikev2.opening import Opening
from explorer.protocols.ikev2.parts import Part, notifies_in, notify
from explorer.protocols.ikev2.tickets import Ticket
from explorer.registry.ikev2 import V2ExchangeType
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.wire.ikev2 import V2Notify, V2Payload
from explorer.wire.ikev2_message import V2Message

_N = V2NotifyType


class IkeSessionResume(Opening):
    """In place of IKE_SA_INIT.

    Attributes:
        ticket: the initiator's.
        turned_away: whether the responder takes no such ticket: everything must be done from the beginning.
    """

    name = "IKE_SESSION_RESUME"
    exchange_type = V2ExchangeType.IKE_SESSION_RESUME
    scope_mark = ", resumed"
    ticket: Ticket
    turned_away = False
    _SK_d: Term

    # ---------------------------------------------------------------- the initiator

    def request(self) -> list[Part]:
        """[N(COOKIE),] Ni, N(TICKET_OPAQUE) [, N+]."""
        self.begin_try()
        self.draw_own()
        TICKET = self._renamed(self.ticket.TICKET, "TICKET")
        ticket = notify(_N.TICKET_OPAQUE, TICKET.octets, [(TICKET, 4)])
        return [*self.cookie_part(), self.nonce_part(), ticket, *self._abilities()]

    def _renamed(self, term: Term, symbol: str) -> Term:
        """What is known from the former IKE SA, in the scope of this one."""
        scope = self.ledger.scope
        return self.ledger.learn(
            Term(symbol, term.octets, term.origin, scope=scope, nature=term.nature, owner=term.owner)
        )

    def _abilities(self) -> list[Part]:
        config = self.party.config
        parts = nat_parts(self) if config.nat_traversal else []
        if config.fragment_size:
            parts.append(notify(_N.FRAGMENTATION_SUPPORTED))
        if config.childless and self.role is Role.RESPONDER:
            parts.append(notify(_N.CHILDLESS_IKEV2_SUPPORTED))
        return parts

    def _hear(self, message: V2Message) -> None:
        """TICKET_NACK is a status, and yet nothing comes of this exchange."""
        super()._hear(message)
        if self.role is Role.INITIATOR and _N.TICKET_NACK in notifies_in(message):
            self.turned_away = True
            self.fail("the peer does not take the ticket")

    def interesting(self, notify_type: int) -> bool:
        """That a ticket is not taken is news."""
        return super().interesting(notify_type) or notify_type == _N.TICKET_NACK

    def conclude(self) -> None:
        """Nonce and SPI of the responder are all that has come."""
        self.check_responder_spi()
        self.check_peer()
        self.suite, self.sa.resumed = self.ticket.suite, self.ticket.resumed
        self._SK_d = self._renamed(self.ticket.SK_d, "SK_d_old")

    # ---------------------------------------------------------------- the responder

    def consider(self) -> None:
        """A cookie, if it wants one; then the ticket, which tells all the rest."""
        self.demand_cookie()
        self.check_peer()
        self.suite, self._SK_d = self.party.tickets.open(self.sa, self.ledger["TICKET"])
        self.draw_own()

    def answer(self) -> list[Part]:
        """Nr [, N+]."""
        return [self.nonce_part(), *self._abilities()]

    # ---------------------------------------------------------------- both

    def make_keys(self) -> None:
        """SKEYSEED from the former SK_d and fresh nonces."""
        ledger = self.ledger
        Ni, Nr, SPIi, SPIr = (ledger[symbol] for symbol in ("Ni", "Nr", "SPIi", "SPIr"))
        SKEYSEED = ledger.learn(resumed_skeyseed(self.suite.prf, self._SK_d, Ni, Nr, ledger.scope))
        keys = ike_keys(self.suite, SKEYSEED, Ni, Nr, SPIi, SPIr)
        ledger.learn(*keys.made)
        self.sa.secure(self.suite, keys)

    def symbol_of(self, payload: V2Payload, kind: int, sender: Role) -> tuple[str, int] | None:
        """The ticket is a term."""
        if isinstance(payload, V2Notify) and payload.notify_type == _N.TICKET_OPAQUE:
            return "TICKET", 4
        return super().symbol_of(payload, kind, sender)

    def variant_of(self, message: V2Message) -> str:
        """With a cookie, without one, or refused."""
        kinds = notifies_in(message)
        if _N.COOKIE in kinds:
            return "cookie"
        return "refused" if _N.TICKET_NACK in kinds else ""


_I, _R = Role.INITIATOR, Role.RESPONDER
_FIRST, _SECOND = "HDR, Ni, N(TICKET_OPAQUE)", "HDR, Nr"
IkeSessionResume.rows = (
    Row(_I, "idle", "", None, None, _FIRST, WAITS),
    Row(_R, "idle", _FIRST, None, None, _SECOND, "keys made"),
    Row(_I, WAITS, _SECOND, None, None, "", "keys made"),
)
