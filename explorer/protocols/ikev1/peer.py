"""A sans-IO IKEv1 peer: octets and time go in, octets and events come out."""

from __future__ import annotations

from collections import deque
from hashlib import sha256

from explorer.crypto.term import Drawn
from explorer.engine.ledger import Entropy, Numbered
from explorer.engine.refusal import Refusal
from explorer.errors import WireError
from explorer.events import Event, Refused, Role
from explorer.octets import Buffer, Span
from explorer.protocols.ikev1.config import Config
from explorer.protocols.ikev1.exchange import Exchange, Party
from explorer.protocols.ikev1.main_mode import UP, MainMode
from explorer.protocols.ikev1.quick_mode import QuickMode
from explorer.registry.isakmp import ExchangeType, HeaderFlag, NotifyType
from explorer.wire.message import Message, read_message

MOST_SESSIONS = 64
"""Phase 1 negotiations that one peer keeps at a time; a flood of first messages finds this end."""

_KNOWN_FLAGS = HeaderFlag.ENCRYPTION | HeaderFlag.COMMIT

MOST_QUICK_MODES = 64
"""Quick Modes that may be under way at a time under one ISAKMP SA."""


class Session:
    """One ISAKMP SA and the Quick Modes under it."""

    def __init__(self, phase1: MainMode, address: str) -> None:
        self.phase1 = phase1
        self.address = address
        self.quick: dict[int, QuickMode] = {}
        self.answers: dict[bytes, list[bytes]] = {}

    @property
    def cookies(self) -> tuple[bytes, bytes]:
        """The initiator's and the responder's cookie; eight zeros while there is none."""
        ledger = self.phase1.ledger
        return tuple(ledger[s].octets if s in ledger else bytes(8) for s in ("CKY-I", "CKY-R"))  # type: ignore[return-value]


class Ikev1Peer:
    """Initiator or responder of any number of negotiations.  Never raises on what arrives."""

    def __init__(self, config: Config, entropy: Entropy) -> None:
        self.config = config
        self._entropy = entropy
        self._events: deque[Event] = deque()
        self._outbox: deque[tuple[bytes, str]] = deque()
        self._sessions: list[Session] = []
        self._negotiations = 0

    # ---------------------------------------------------------------- what the owner asks for

    def start(self, remote: str, now: float) -> None:
        """Begin Main Mode with the peer at this address."""
        session = Session(MainMode(self._party(remote), Role.INITIATOR), remote)
        try:
            session.phase1.begin()
        except Refusal as refusal:
            self._events.append(refusal.event())
            return
        self._sessions.append(session)
        self._flush(session, session.phase1)

    def start_quick(self, remote: str, now: float) -> None:
        """Begin Quick Mode under the ISAKMP SA with that address.

        Raises:
            LookupError: there is no such SA.
        """
        session = next((s for s in self._sessions if s.address == remote and s.phase1.state == UP), None)
        if session is None:
            raise LookupError(f"no ISAKMP SA with {remote}")
        purpose = f"M-ID/{session.address}/{len(session.quick) + 1}"
        message_id = int.from_bytes(self._entropy.draw(4, purpose), "big") or 1
        quick = QuickMode(session.phase1, Role.INITIATOR, Drawn("M-ID", "RFC 2408 §3.1"), message_id)
        session.quick[message_id] = quick
        quick.begin()
        self._flush(session, quick)

    # ---------------------------------------------------------------- sans-IO

    def receive_datagram(self, data: bytes, address: str, now: float) -> None:
        """Take a UDP payload; whatever is wrong with it becomes a ``Refused`` event."""
        try:
            self._dispatch(data, address)
        except WireError as error:
            self._events.append(
                Refused(error.rule, error.citation, NotifyType.PAYLOAD_MALFORMED.label, offset=error.offset)
            )
        except Refusal as refusal:
            self._events.append(refusal.event())

    def datagrams_to_send(self, now: float) -> list[tuple[bytes, str]]:
        """UDP payloads and the addresses they go to."""
        ready = list(self._outbox)
        self._outbox.clear()
        return ready

    def next_timer(self) -> float | None:
        """When :meth:`handle_timer` wants to be called: never, as nothing is retransmitted unasked."""
        return None

    def handle_timer(self, now: float) -> None:
        """Nothing is timed."""

    def next_event(self) -> Event | None:
        """The oldest event not yet taken, or ``None``."""
        return self._events.popleft() if self._events else None

    # ---------------------------------------------------------------- dispatch

    def _dispatch(self, data: bytes, address: str) -> None:
        message = read_message(Buffer("datagram", data))
        header = message.header
        if header.version >> 4 != 1:
            found = f"Version is {header.version >> 4}.{header.version & 15}, expected 1.0"
            raise Refusal(found, "RFC 2408 §3.1", NotifyType.INVALID_MAJOR_VERSION, offset=17)
        if header.version & 15:
            found = f"Minor version is {header.version & 15}, larger than this side's 0"
            raise Refusal(found, "RFC 2408 §3.1", NotifyType.INVALID_MINOR_VERSION, offset=17)
        if header.flags & ~_KNOWN_FLAGS:
            # The commit bit is read and not waited for: no CONNECTED is spoken here (RFC 2408 §3.1).
            found = f"Flags {header.flags:#04x} have bits that mean nothing in this exchange"
            raise Refusal(found, "RFC 2408 §5.2", NotifyType.INVALID_FLAGS, offset=19)
        if header.exchange_type == ExchangeType.IDENTITY_PROTECTION:
            self._main_mode(message, data, address)
        elif header.exchange_type == ExchangeType.QUICK_MODE:
            self._quick_mode(message, data, address)
        else:
            name = ExchangeType.say(header.exchange_type)
            reason = f"Exchange type {name} is not spoken here"
            raise Refusal(reason, "RFC 2408 §5.2", NotifyType.UNSUPPORTED_EXCHANGE_TYPE, offset=18)

    def _main_mode(self, message: Message, data: bytes, address: str) -> None:
        if message.header.message_id:
            raise Refusal("Message ID must be 0 in phase 1", "RFC 2408 §3.1", NotifyType.INVALID_MESSAGE_ID, offset=20)
        session = self._find(message, address)
        if session is None:
            session = self._new_session(message, address)
        if self._repeated(session, data):
            return
        begins = session not in self._sessions
        if not begins and not any(message.header.responder_cookie):
            reason = "Only the first message has no responder cookie"
            raise Refusal(reason, "RFC 2408 §3.1", NotifyType.INVALID_COOKIE, offset=8)
        self._deliver(session, session.phase1, message, data)
        if session not in self._sessions:
            self._sessions.append(session)

    def _quick_mode(self, message: Message, data: bytes, address: str) -> None:
        header = message.header
        session = self._find(message, address)
        if session is None or session.phase1.state != UP or not any(header.responder_cookie):
            raise Refusal("No ISAKMP SA has these cookies", "RFC 2408 §5.2", NotifyType.INVALID_COOKIE, offset=0)
        if not header.message_id:
            raise Refusal("Message ID is 0 outside phase 1", "RFC 2408 §3.1", NotifyType.INVALID_MESSAGE_ID, offset=20)
        if self._repeated(session, data):
            return
        quick = session.quick.get(header.message_id)
        if quick is None:
            if sum(not quick.finished for quick in session.quick.values()) >= MOST_QUICK_MODES:
                raise Refusal("Too many Quick Modes under way", "RFC 2409 §5.5")
            origin = Span(message.datagram, 20, 24)
            quick = QuickMode(session.phase1, Role.RESPONDER, origin, header.message_id)
        self._deliver(session, quick, message, data)
        session.quick[header.message_id] = quick

    def _deliver(self, session: Session, exchange: Exchange, message: Message, data: bytes) -> None:
        exchange.receive(message)
        session.answers[sha256(data).digest()] = self._flush(session, exchange)

    def _repeated(self, session: Session, data: bytes) -> bool:
        """A message that was accepted before gets the same octets for an answer, and moves nothing."""
        answers = session.answers.get(sha256(data).digest())
        if answers is None:
            return False
        self._outbox.extend((answer, session.address) for answer in answers)
        return True

    def _find(self, message: Message, address: str) -> Session | None:
        """The session with these cookies; an answer to our first message has a cookie we do not know yet."""
        header = message.header
        for session in self._sessions:
            if session.address != address:
                continue
            initiator, responder = session.cookies
            if initiator != header.initiator_cookie:
                continue
            first_answer = session.phase1.role is Role.INITIATOR and not any(responder)
            if responder == header.responder_cookie or (first_answer and any(header.responder_cookie)):
                return session
            # A repeated first message still has no responder cookie.
            if session.phase1.role is Role.RESPONDER and not any(header.responder_cookie):
                return session
        return None

    def _new_session(self, message: Message, address: str) -> Session:
        header = message.header
        if any(header.responder_cookie) or not any(header.initiator_cookie):
            raise Refusal("No negotiation has these cookies", "RFC 2408 §5.2", NotifyType.INVALID_COOKIE, offset=0)
        if any(own.cookies[0] == header.initiator_cookie for own in self._sessions):
            raise Refusal("This cookie is of a negotiation of this side", "RFC 2408 §2.5.3", NotifyType.INVALID_COOKIE)
        if len(self._sessions) >= MOST_SESSIONS:
            self._forget_one()
        return Session(MainMode(self._party(address), Role.RESPONDER), address)

    def _forget_one(self) -> None:
        """Make room: a flood of first messages must not keep everybody else out for good."""
        half_open = [s for s in self._sessions if s.phase1.role is Role.RESPONDER and s.phase1.state != UP]
        if not half_open:
            raise Refusal("Too many negotiations at once", "RFC 2408 §5.2")
        self._sessions.remove(half_open[0])

    def _flush(self, session: Session, exchange: Exchange) -> list[bytes]:
        sent = exchange.outgoing[:]
        exchange.outgoing.clear()
        self._outbox.extend((octets, session.address) for octets in sent)
        return sent

    def _party(self, remote: str) -> Party:
        # A second negotiation must not repeat the cookies, nonces and exponents of the first.
        self._negotiations += 1
        entropy = self._entropy if self._negotiations == 1 else Numbered(self._entropy, self._negotiations)
        return Party(self.config, self._events.append, entropy, remote)
