"""What a session does about the notifications and deletions that it hears (RFC 2408 §3.14, §3.15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.events import Notified, Refused, SaShortened
from explorer.protocols.ikev1.exchange import Exchange
from explorer.protocols.ikev1.informational import (
    ClearInformational,
    Informational,
    cookies_of,
    isakmp_notification,
)
from explorer.protocols.ikev1.phase1 import Phase1
from explorer.protocols.ikev1.policies import told_seconds
from explorer.protocols.ikev1.protected import Protected
from explorer.protocols.ikev1.quick_mode import QuickMode
from explorer.registry.isakmp import NotifyType, ProtocolId
from explorer.registry.phase1 import Phase1Attribute
from explorer.wire.payloads import CountedNotification, Delete, IsakmpLifetimeNotification, Notification

if TYPE_CHECKING:
    from explorer.protocols.ikev1.session import Session

_ERRORS_END = 16384
"""Notify types below are errors (RFC 2408 §3.14.1)."""


_SAID_BY_WHO_COULD_READ = frozenset(
    (NotifyType.NO_PROPOSAL_CHOSEN, NotifyType.INVALID_ID_INFORMATION, NotifyType.ATTRIBUTES_NOT_SUPPORTED)
)
"""Errors that say that the peer has read the message; any other may be about octets that somebody else has sent."""


class Hearing:
    """The ears of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def hear(self, exchange: Exchange, now: float) -> None:
        """Act on notifications and deletions, whichever message they came with."""
        # Encryption alone does not say who has written it: in Main Mode no hash covers a notification.
        protected = isinstance(exchange, Protected)
        for payload in exchange.message.payloads:
            if isinstance(payload, Notification):
                self._notified(exchange, payload, now, protected=protected)
            elif isinstance(payload, Delete) and protected:
                self._deleted(payload, now)

    def _notified(self, exchange: Exchange, payload: Notification, now: float, *, protected: bool) -> None:
        name = NotifyType.name_of(payload.notify_type)
        self._session.party.emit(Notified(name, protected, "RFC 2408 §3.14"))
        if payload.notify_type < _ERRORS_END and isinstance(exchange, Informational | ClearInformational):
            self._give_up(payload, name, now, protected=protected)
        elif payload.notify_type == NotifyType.INITIAL_CONTACT and isinstance(exchange, Informational | Phase1):
            # In the clear anybody on the way could have added it (RFC 2407 §4.6.3: only under an ISAKMP SA).
            self._session.first_contact_told |= exchange.message.header.encrypted
        elif isinstance(payload, CountedNotification) and payload.notify_type == NotifyType.R_U_THERE and protected:
            self._answer_question(payload, now)
        elif isinstance(payload, CountedNotification) and protected:
            self._session.holdings.answered(int.from_bytes(payload.data, "big"))
        elif isinstance(payload, IsakmpLifetimeNotification) and protected:
            self._hear_life(payload, now)

    def _answer_question(self, payload: CountedNotification, now: float) -> None:
        """R-U-THERE about this SA gets its number back, unless a higher one came before (RFC 3706 §5.4, §7)."""
        about_this = payload.spi in (cookies_of(self._session.phase1), b"") and len(payload.data) == 4
        number = int.from_bytes(payload.data, "big")
        if not about_this or not self._session.holdings.is_new_question(number):
            reason = "R-U-THERE with the SPI of another SA, or with an old number"
            self._session.party.emit(Refused(reason, "RFC 3706 §5.4"))
            return
        self._session.tell([isakmp_notification(self._session.phase1, NotifyType.R_U_THERE_ACK, payload.data)], now)

    def _give_up(self, payload: Notification, name: str, now: float, *, protected: bool) -> None:
        """The peer has refused something: find what, and let it end."""
        suffix = "" if protected else " (in the clear: anybody could have said it)"
        reason = f"the peer says {name}{suffix}"
        if not self._session.phase1.up:
            self._session.phase1.fail(reason)
            return
        open_ones = [e for e in self._session.exchanges.values() if not e.finished]
        quick = [e for e in open_ones if isinstance(e, QuickMode)] if payload.spi else []
        named = [e for e in quick if payload.spi in (e.own_spi(), e.peers_spi())]
        meant = open_ones[-1:] if payload.notify_type in _SAID_BY_WHO_COULD_READ else []
        for exchange in named or meant:
            exchange.fail(reason)
        if named or meant:
            self._session.access.given_up(now)

    def _hear_life(self, payload: IsakmpLifetimeNotification, now: float) -> None:
        """The responder will use the ISAKMP SA for less time than was offered (RFC 2407 §4.6.3.1)."""
        seconds = told_seconds(payload.attributes, Phase1Attribute.LIFE_TYPE, Phase1Attribute.LIFE_DURATION)
        # The number may have thousands of octets: too long for a time, it is held against the time that is left.
        if not seconds or self._session.expires is None or seconds >= self._session.expires - now:
            return
        self._session.life, self._session.expires = seconds, now + seconds
        spi = self._session.phase1.ledger["CKY-I"]
        self._session.party.emit(SaShortened("ISAKMP", spi, seconds, "RFC 2407 §4.6.3.1"))

    def _deleted(self, payload: Delete, now: float) -> None:
        """The peer has dropped SAs; each SPI is of its own inbound one (RFC 2408 §3.15)."""
        size = payload.spi_size
        spis = [payload.spis[at : at + size] for at in range(0, len(payload.spis), size)] if size else []
        if payload.protocol == ProtocolId.ISAKMP:
            if b"".join(self._session.cookies) in spis:
                self._session.drop("deleted")
            return
        for holding in self._session.holdings.named(ProtocolId.name_of(payload.protocol), spis):
            self._session.end_holding(holding, "deleted")
