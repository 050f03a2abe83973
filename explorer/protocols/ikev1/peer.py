"""A sans-IO IKEv1 peer: octets and time go in, octets and events come out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from explorer.engine.leases import Leases
from explorer.engine.ledger import Entropy, Numbered
from explorer.engine.link import Link
from explorer.engine.refusal import Refusal
from explorer.errors import NoSaError, WireError
from explorer.events import Datagram, Endpoint, Event, Refused, Role, SaInstalled
from explorer.octets import Buffer
from explorer.protocols.ikev1.aggressive_mode import AggressiveMode, reread
from explorer.protocols.ikev1.config import Config
from explorer.protocols.ikev1.exchange import Exchange
from explorer.protocols.ikev1.informational import Informational
from explorer.protocols.ikev1.keepalive import Keepalive
from explorer.protocols.ikev1.keys import phase1_scope
from explorer.protocols.ikev1.link import Party
from explorer.protocols.ikev1.main_mode import MainMode
from explorer.protocols.ikev1.new_group import NewGroupMode
from explorer.protocols.ikev1.phase1 import Phase1
from explorer.protocols.ikev1.protected import Protected, message_id_origin
from explorer.protocols.ikev1.quick_mode import QuickMode
from explorer.protocols.ikev1.session import Session
from explorer.protocols.ikev1.succession import Succession
from explorer.protocols.ikev1.timers import Timers
from explorer.protocols.ikev1.transaction import Transaction
from explorer.registry.isakmp import ExchangeType, HeaderFlag, NotifyType
from explorer.wire.message import MARKER_SIZE, Message, read_header, read_message
from explorer.wire.payloads import IsakmpHeader

MOST_SESSIONS = 64
"""Phase 1 negotiations that one peer keeps at a time; a flood of first messages finds this end."""

_KNOWN_FLAGS = HeaderFlag.ENCRYPTION | HeaderFlag.COMMIT
_PHASE_1: dict[int, type[Phase1]] = {
    ExchangeType.IDENTITY_PROTECTION: MainMode,
    ExchangeType.AGGRESSIVE: AggressiveMode,
}
_PROTECTED: dict[int, type[Protected]] = {
    ExchangeType.QUICK_MODE: QuickMode,
    ExchangeType.INFORMATIONAL: Informational,
    ExchangeType.TRANSACTION: Transaction,
    ExchangeType.NEW_GROUP_MODE: NewGroupMode,
}


class Ikev1Peer:
    """Initiator or responder of any number of negotiations.  Never raises on what arrives.

    Args:
        party: which of the run's two peers this is; in an exchange it may have either role.
    """

    def __init__(self, config: Config, entropy: Entropy, party: Role = Role.INITIATOR) -> None:
        self.config = config
        self.role = party
        self.sessions: list[Session] = []
        self.succession = Succession(self.sessions)
        self._entropy = entropy
        self._events: deque[Event] = deque()
        self._outbox: deque[Datagram] = deque()
        self._negotiations = 0
        self._leases = Leases()
        self._keepalive = Keepalive(self._events.append)
        self._timers = Timers(self)
        self._ports = config.port, config.natt_port

    # ---------------------------------------------------------------- what the owner asks for

    def start(self, remote: Endpoint, now: float, local: Endpoint | None = None) -> Session | None:
        """Begin phase 1 with the peer there, in the mode that the configuration names.

        Args:
            local: this side's end, if it is not the one of the configuration.

        Returns:
            the new session, or ``None`` if this side has not what it needs to begin.
        """
        link = Link(self._ports, local or Endpoint(self.config.address, self.config.port), remote)
        kind = MainMode if self.config.mode == "main" else AggressiveMode
        session = self._session(kind, Role.INITIATOR, link, now)
        there = (s for s in self.sessions if s.party.link.remote.address == remote.address)
        known = (s.usable or any(s.holdings) for s in there)
        session.phase1.first_contact = not any(known)
        try:
            session.phase1.begin()
        except Refusal as refusal:
            self._events.append(refusal.event())
            return None
        self.sessions.append(session)
        session.flush(session.phase1)
        session.phase1.set_timer(now)
        self._collect(session)
        return session

    @contextmanager
    def _under_sa(self, remote: Endpoint, now: float) -> Iterator[Session]:
        """The newest usable session with an address, to do something in; what it sends is collected.

        Raises:
            NoSaError: there is none.
        """
        found = [s for s in self.sessions if s.party.link.remote.address == remote.address and s.usable]
        if not found:
            raise NoSaError(f"no ISAKMP SA with {remote.address}")
        self._clock(found[-1], now)
        yield found[-1]
        self._collect(found[-1])

    def start_quick(self, remote: Endpoint, now: float, *, replaces: bool = False) -> None:
        """Begin Quick Mode under the ISAKMP SA with that address; ``replaces`` drops older SAs afterwards.

        Raises:
            NoSaError: there is no such SA.
        """
        with self._under_sa(remote, now) as session:
            session.quick(now, replaces=replaces)

    def start_new_group(self, remote: Endpoint, now: float) -> None:
        """Begin New Group Mode.

        Raises:
            NoSaError: there is no ISAKMP SA with that address.
        """
        with self._under_sa(remote, now) as session:
            session.new_group(now)

    def start_dpd(self, remote: Endpoint, now: float) -> None:
        """Ask for a sign of life.

        Raises:
            NoSaError: there is no ISAKMP SA with that address.
        """
        with self._under_sa(remote, now) as session:
            session.are_you_there(now)

    def start_delete(self, remote: Endpoint, now: float, *, isakmp: bool = False) -> None:
        """Drop the IPsec SAs, or the ISAKMP SA.

        Raises:
            NoSaError: there is no ISAKMP SA with that address.
        """
        with self._under_sa(remote, now) as session:
            if isakmp:
                session.delete_isakmp(now)
                self.succession.hand_over(session)
            else:
                session.delete_ipsec(now)

    @property
    def busy(self) -> bool:
        """Whether any exchange is under way."""
        return any(session.busy for session in self.sessions)

    # ---------------------------------------------------------------- sans-IO

    def receive_datagram(self, data: bytes, source: Endpoint, destination: Endpoint, now: float) -> None:
        """Take a UDP payload; whatever is wrong with it becomes a ``Refused`` event."""
        try:
            self._dispatch(data, source, destination, now)
        except WireError as error:
            self._events.append(
                Refused(error.rule, error.citation, NotifyType.PAYLOAD_MALFORMED.label, offset=error.offset)
            )
        except Refusal as refusal:
            self._events.append(refusal.event())
        for session in self.sessions:
            self._collect(session)

    def datagrams_to_send(self, now: float) -> list[Datagram]:
        """UDP payloads and where they come from and go to."""
        ready = list(self._outbox)
        self._outbox.clear()
        return ready

    def next_timer(self) -> float | None:
        """When :meth:`handle_timer` wants to be called."""
        return self._timers.next()

    def handle_timer(self, now: float) -> None:
        """Send again, give up, renew, drop: whatever is due."""
        self._timers.handle(now)
        for session in self.sessions:
            self._collect(session)

    def links(self) -> list[Link]:
        """The way to each peer that an SA was begun with, oldest first."""
        return [session.party.link for session in self.sessions]

    def next_event(self) -> Event | None:
        """The oldest event not yet taken, or ``None``."""
        return self._events.popleft() if self._events else None

    def take_events(self) -> list[Event]:
        """All events not yet taken, oldest first."""
        events = list(self._events)
        self._events.clear()
        return events

    def keep_nat_alive(self, session: Session) -> None:
        """One octet, so that the NAT in front of this side does not forget it (RFC 3948 §4)."""
        self._outbox.append(session.party.link.datagram(self._keepalive.make()))

    # ---------------------------------------------------------------- dispatch

    def _dispatch(self, data: bytes, source: Endpoint, destination: Endpoint, now: float) -> None:
        if self._keepalive.take(data):
            return
        start = MARKER_SIZE if destination.port == self.config.natt_port and data[:4] == bytes(4) else 0
        buffer = Buffer("datagram", data)
        header = read_header(buffer, start)
        self._check_header(header.version, header.flags, start)
        if header.exchange_type not in _PHASE_1 and header.exchange_type not in _PROTECTED:
            name = ExchangeType.say(header.exchange_type)
            reason = f"Exchange type {name} is not spoken here"
            raise Refusal(reason, "RFC 2408 §5.2", NotifyType.UNSUPPORTED_EXCHANGE_TYPE, offset=start + 18)
        if header.exchange_type in _PHASE_1:
            self._phase_1(header, buffer, start, source, destination, now)
        else:
            self._phase_2(read_message(buffer, start=start), source, destination, now)

    @staticmethod
    def _check_header(version: int, flags: int, start: int) -> None:
        if version >> 4 != 1:
            found = f"Version is {version >> 4}.{version & 15}, expected 1.0"
            raise Refusal(found, "RFC 2408 §3.1", NotifyType.INVALID_MAJOR_VERSION, offset=start + 17)
        if version & 15:
            found = f"Minor version is {version & 15}, larger than this side's 0"
            raise Refusal(found, "RFC 2408 §3.1", NotifyType.INVALID_MINOR_VERSION, offset=start + 17)
        if flags & ~_KNOWN_FLAGS:
            # The commit bit is read and not waited for: no CONNECTED is spoken here (RFC 2408 §3.1).
            found = f"Flags {flags:#04x} have bits that mean nothing in this exchange"
            raise Refusal(found, "RFC 2408 §5.2", NotifyType.INVALID_FLAGS, offset=start + 19)

    def _phase_1(
        self, header: IsakmpHeader, buffer: Buffer, start: int, source: Endpoint, destination: Endpoint, now: float
    ) -> None:
        session = self._find(header.initiator_cookie, header.responder_cookie, source.address)
        if session is not None and session.repeated(buffer.octets, now):
            return
        message = read_message(buffer, session.phase1.dialect, start) if session else read_message(buffer, start=start)
        if header.message_id:
            raise Refusal(
                "Message ID must be 0 in phase 1", "RFC 2408 §3.1", NotifyType.INVALID_MESSAGE_ID, offset=start + 20
            )
        begins = session is None
        if session is None:
            session = self._new_session(message, source, destination, now)
            if isinstance(session.phase1, AggressiveMode):
                message = reread(message)
        elif session.phase1.exchange_type != header.exchange_type:
            raise Refusal("The exchange type has changed", "RFC 2408 §5.2", NotifyType.INVALID_EXCHANGE_TYPE)
        if not begins and not any(header.responder_cookie):
            reason = "Only the first message has no responder cookie"
            raise Refusal(reason, "RFC 2408 §3.1", NotifyType.INVALID_COOKIE, offset=start + 8)
        taken = self._deliver(session, session.phase1, message, source, destination, now)
        if begins and taken:
            self.sessions.append(session)
            self._collect(session)

    def _phase_2(self, message: Message, source: Endpoint, destination: Endpoint, now: float) -> None:
        header = message.header
        clear_word = header.exchange_type == ExchangeType.INFORMATIONAL and not header.encrypted
        session = self._find(header.initiator_cookie, header.responder_cookie, source.address)
        if session is not None and clear_word and not session.phase1.up:
            known = session.cookies[1]
            if any(known) and known != header.responder_cookie:
                # Both cookies are all that says of a word in the clear that its sender was there (RFC 2408 §5.2).
                reason = "It has not the responder cookie of this negotiation"
                raise Refusal(reason, "RFC 2408 §5.2", NotifyType.INVALID_COOKIE, offset=message.start + 8)
            session.hear_clear(message, now)
            return
        if session is None or not session.phase1.up or session.ended or not any(header.responder_cookie):
            at = message.start
            raise Refusal("No ISAKMP SA has these cookies", "RFC 2408 §5.2", NotifyType.INVALID_COOKIE, offset=at)
        if not header.message_id:
            at = message.start + 20
            raise Refusal("Message ID is 0 outside phase 1", "RFC 2408 §3.1", NotifyType.INVALID_MESSAGE_ID, offset=at)
        if session.repeated(message.datagram.octets, now):
            return
        exchange = session.exchanges.get(header.message_id) or self._answering(session, message)
        if exchange.exchange_type != header.exchange_type:
            raise Refusal("The exchange type has changed", "RFC 2408 §5.2", NotifyType.INVALID_EXCHANGE_TYPE)
        self._deliver(session, exchange, message, source, destination, now)
        session.exchanges[header.message_id] = exchange
        self.succession.hand_over(session)

    def _answering(self, session: Session, message: Message) -> Exchange:
        """A new exchange that the peer has begun."""
        header = message.header
        session.make_room()
        kind = _PROTECTED[header.exchange_type]
        if not session.access.authorized and kind not in (Transaction, Informational):
            reason = "Nothing may be negotiated before the user has logged in"
            raise Refusal(reason, "draft-beaulieu-ike-xauth-02 §3", NotifyType.AUTHENTICATION_FAILED)
        exchange = kind(session.phase1, Role.RESPONDER, message_id_origin(message), header.message_id)
        if isinstance(exchange, QuickMode):
            session.prepare_quick(exchange)
        if isinstance(exchange, Transaction):
            exchange.answerer, exchange.doorkeeper = session.access.answer, session.access.admit
        return exchange

    def _deliver(
        self,
        session: Session,
        exchange: Exchange,
        message: Message,
        source: Endpoint,
        destination: Endpoint,
        now: float,
    ) -> bool:
        """Returns whether the message was accepted."""
        self._clock(session, now)
        link = session.party.link
        was_at = link.local, link.remote
        if message.header.encrypted:
            # Answers go to where the peer is; if the message turns out to be none of its, everything is as before.
            link.follow(destination, source)
        try:
            session.deliver(exchange, message, now)
        except Refusal as refusal:
            link.follow(*was_at)
            self._events.append(refusal.event())
            session.complain(exchange, refusal, message, now)
            self._collect(session)
            return False
        if exchange is session.phase1 and session.phase1.up:
            self.succession.replace_older(session, now)
        if session.first_contact_told and session.phase1.up:
            session.first_contact_told = False
            self.succession.begin_anew(session)
        return True

    # ---------------------------------------------------------------- sessions

    def _find(self, initiator: bytes, responder: bytes, address: str) -> Session | None:
        """The session with these cookies; an answer to our first message has a cookie we do not know yet."""
        for session in self.sessions:
            if session.party.link.remote.address != address or session.cookies[0] != initiator:
                continue
            own = session.cookies[1]
            first_answer = session.phase1.role is Role.INITIATOR and not any(own)
            if own == responder or (first_answer and any(responder)):
                return session
            # A repeated first message still has no responder cookie.
            if session.phase1.role is Role.RESPONDER and not any(responder):
                return session
        return None

    def _new_session(self, message: Message, source: Endpoint, destination: Endpoint, now: float) -> Session:
        header, at = message.header, message.start
        if any(header.responder_cookie) or not any(header.initiator_cookie):
            raise Refusal("No negotiation has these cookies", "RFC 2408 §5.2", NotifyType.INVALID_COOKIE, offset=at)
        begun_here = (own for own in self.sessions if own.phase1.role is Role.INITIATOR)
        if any(own.cookies[0] == header.initiator_cookie for own in begun_here):
            raise Refusal("This cookie is of a negotiation of this side", "RFC 2408 §2.5.3", NotifyType.INVALID_COOKIE)
        kind = _PHASE_1[header.exchange_type]
        if len(self.sessions) >= MOST_SESSIONS:
            self._forget_one(now)
        return self._session(kind, Role.RESPONDER, Link(self._ports, destination, source), now)

    def _forget_one(self, now: float) -> None:
        """Make room for one more."""
        gone = self.succession.useless()
        if gone is None:
            raise Refusal("Too many negotiations at once", "RFC 2408 §5.2")
        if gone.phase1.up and not gone.ended:
            self._clock(gone, now)
            gone.delete_isakmp(now)
            self._collect(gone)
        self.sessions.remove(gone)
        gone.access.give_back()

    def _session(self, kind: type[Phase1], role: Role, link: Link, now: float) -> Session:
        # A second negotiation must not repeat the cookies, nonces and exponents of the first.
        self._negotiations += 1
        number = self._negotiations
        entropy = self._entropy if number == 1 else Numbered(self._entropy, number)
        link.now = now
        held: list[Session] = []

        def emit(event: Event) -> None:
            self._events.append(event)
            if isinstance(event, SaInstalled):
                held[0].installed(event, link.now)

        party = Party(self.config, emit, entropy, self.role, link, self._leases)
        held.append(Session(kind(party, role, phase1_scope(number))))
        return held[0]

    @staticmethod
    def _clock(session: Session, now: float) -> None:
        session.party.link.now = now

    def _collect(self, session: Session) -> None:
        self._outbox.extend(session.outbox)
        session.outbox.clear()

    def live_sessions(self) -> Iterator[Session]:
        """Sessions that are not over."""
        return (session for session in tuple(self.sessions) if not session.ended)
