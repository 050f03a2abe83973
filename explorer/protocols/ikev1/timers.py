"""Everything that a peer does by itself when time passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING

from explorer.events import Concluded, Endpoint
from explorer.protocols.ikev1.keepalive import INTERVAL

if TYPE_CHECKING:
    from explorer.protocols.ikev1.exchange import Exchange
    from explorer.protocols.ikev1.holdings import Holding
    from explorer.protocols.ikev1.peer import Ikev1Peer
    from explorer.protocols.ikev1.session import Session

Due = tuple[float, Callable[[float], None]]
_TIME = itemgetter(0)


class Timers:
    """Looks through a peer's sessions for what is due; keeps no list of its own that could be wrong."""

    def __init__(self, peer: Ikev1Peer) -> None:
        self._peer = peer

    def next(self) -> float | None:
        """The earliest of all."""
        earliest = min(self._all(), key=_TIME, default=None)
        return earliest[0] if earliest is not None else None

    def handle(self, now: float) -> None:
        """Do what is due by now, earliest first; what one thing has ended is not due any more, so look again."""
        while (first := min(self._all(), key=_TIME, default=None)) is not None and first[0] <= now:
            first[1](now)

    def _all(self) -> Iterator[Due]:
        for session in self._peer.sessions:
            if session.ended:
                # IPsec SAs outlive the ISAKMP SA that made them, but not their own time.
                yield from ((one.expires, partial(self._expire_holding, session, one)) for one in session.holdings)
                continue
            for exchange in session.all_exchanges():
                if exchange.retransmission.due is not None:
                    yield exchange.retransmission.due, partial(self._again, session, exchange)
            if session.phase1.up:
                yield from self._of_session(session)

    def _of_session(self, session: Session) -> Iterator[Due]:
        config = self._peer.config
        renews = config.rekeys
        if session.expires is not None:
            yield session.expires, partial(self._expire, session)
            # Whoever begins phase 1 is the user who logs in, so a gateway leaves this to its client.
            if renews and not session.renewing and config.gateway is None:
                yield session.expires - _margin(config.margin, session.life), partial(self._renew_phase_1, session)
        for holding in session.holdings:
            yield holding.expires, partial(self._expire_holding, session, holding)
            if renews and not holding.renewing and session.usable:
                yield holding.expires - _margin(config.margin, holding.life), partial(self._renew, session, holding)
        if session.holdings.question_due is not None:
            yield session.holdings.question_due, partial(self._ask_again, session)
        if session.party.link.nat_here:
            yield session.spoke + INTERVAL, partial(self._keep, session)

    # ---------------------------------------------------------------- acting

    def _again(self, session: Session, exchange: Exchange, now: float) -> None:
        session.party.link.now = now
        if exchange.handle_timer():
            session.flush(exchange)
        elif exchange is session.phase1:
            session.ended = True
        else:
            session.access.given_up(now)

    def _expire(self, session: Session, now: float) -> None:
        session.expires = None
        session.expire()
        self._peer.succession.hand_over(session)

    def _expire_holding(self, session: Session, holding: Holding, now: float) -> None:
        session.expire_holding(holding)
        self._peer.succession.hand_over(session)

    def _renew(self, session: Session, holding: Holding, now: float) -> None:
        holding.renewing = True
        session.party.link.now = now
        session.quick(now, replaces=True)

    def _renew_phase_1(self, session: Session, now: float) -> None:
        # Once: who has not what it needs to begin, has it no more a moment later.
        session.renewing = True
        link = session.party.link
        if link.local.port == self._peer.config.natt_port:
            # Behind a NAT only the ends that have been found are open (RFC 3947 §4).
            session.successor = self._peer.start(link.remote, now, link.local)
        else:
            session.successor = self._peer.start(Endpoint(link.remote.address, self._peer.config.port), now)

    def _ask_again(self, session: Session, now: float) -> None:
        session.party.link.now = now
        if session.holdings.out_of_patience:
            session.holdings.question_due = None
            scope = session.phase1.ledger.scope
            reason = "no R-U-THERE-ACK has come"
            session.party.emit(Concluded("Dead peer detection", scope, "failed", f"Dead peer detection: {reason}"))
            session.peer_is_dead()
            self._peer.succession.hand_over(session)
        else:
            session.are_you_there(now)

    def _keep(self, session: Session, now: float) -> None:
        session.spoke = now
        self._peer.keep_nat_alive(session)


def _margin(configured: float, life: float) -> float:
    """Half a life if it is not shorter: an SA that is due for renewal when it is made would be renewed for ever."""
    return configured if configured < life else life / 2
