"""One ISAKMP SA, the exchanges under it and the IPsec SAs that they made; and what follows from what."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from explorer.crypto.term import Nature, Term
from explorer.engine.refusal import Refusal
from explorer.events import (
    Concluded,
    Datagram,
    Event,
    NetworkChanged,
    Role,
    SaEnded,
    SaInstalled,
    Sent,
)
from explorer.octets import Span
from explorer.protocols.ikev1.config import PrivateGroup
from explorer.protocols.ikev1.exchange import Exchange
from explorer.protocols.ikev1.hearing import Hearing
from explorer.protocols.ikev1.holdings import Holding, Holdings
from explorer.protocols.ikev1.informational import (
    ClearInformational,
    Informational,
    cookies_of,
    isakmp_notification,
)
from explorer.protocols.ikev1.link import Party
from explorer.protocols.ikev1.new_group import NewGroupMode
from explorer.protocols.ikev1.phase1 import Phase1
from explorer.protocols.ikev1.policies import duration
from explorer.protocols.ikev1.protected import Protected, message_id_origin
from explorer.protocols.ikev1.quick_mode import QuickMode
from explorer.protocols.ikev1.remote_access import RemoteAccess, network_text
from explorer.protocols.ikev1.transaction import Attributes, Transaction
from explorer.registry.isakmp import NotifyType, ProtocolId
from explorer.registry.phase1 import LifeType, Phase1Attribute
from explorer.wire.attributes import basic
from explorer.wire.message import Message
from explorer.wire.payloads import Delete, IsakmpLifetimeNotification, Payload, PlainNotification

MOST_EXCHANGES = 64
"""Exchanges that may be under way at a time under one ISAKMP SA."""

MOST_ANSWERS = 1024
"""Accepted messages under one ISAKMP SA that are recognized when they come once more."""


class Session:
    """Everything between two cookies.

    Attributes:
        exchanges: by Message ID, phase 1 not among them.
        holdings: the IPsec SAs, and when they end.
        ended: whether nothing of it may be used any more.
        renewing: whether this side has tried to replace it; ``successor`` is what it has begun, if it could.
        expires: when the ISAKMP SA ends, ``life`` seconds after it was made.
        first_contact_told: whether the peer has said that it knows of no older SA, and nothing has been done about it.
        spoke: when it last sent anything.
        begun: how many exchanges this side has begun under it.
    """

    def __init__(self, phase1: Phase1) -> None:
        self.phase1 = phase1
        self.exchanges: dict[int, Exchange] = {}
        self.access = RemoteAccess(self)
        self.holdings = Holdings()
        self.ended = False
        self.renewing = False
        self.successor: Session | None = None
        self.expires: float | None = None
        self.life = 0.0
        self.private_groups: tuple[PrivateGroup, ...] = ()
        self.outbox: list[Datagram] = []
        self.begun = 0
        self.spoke = 0.0
        self.first_contact_told = False
        self._answers: dict[bytes, tuple[Exchange, Sent] | None] = {}
        self._hearing = Hearing(self)
        self._life_told = False

    @property
    def party(self) -> Party:
        """What its exchanges work with."""
        return self.phase1.party

    @property
    def cookies(self) -> tuple[bytes, bytes]:
        """The initiator's and the responder's cookie; eight zeros while there is none."""
        octets = cookies_of(self.phase1) if "CKY-I" in self.phase1.ledger else bytes(16)
        return octets[:8], octets[8:]

    @property
    def peer_identity(self) -> bytes:
        """What the peer calls itself in phase 1: type, protocol, port and name."""
        return self.phase1.ledger["IDir_b" if self.phase1.role is Role.INITIATOR else "IDii_b"].octets

    @property
    def whose(self) -> tuple[str, bytes, str]:
        """Who the peer has proven to be, and where: several users may share an address, or the name of a group."""
        return self.party.link.remote.address, self.peer_identity, self.access.user

    @property
    def progress(self) -> int:
        """How many messages of the peer have been accepted."""
        return len(self._answers)

    @property
    def usable(self) -> bool:
        """Whether phase 2 may be negotiated: the ISAKMP SA stands, and the user has logged in."""
        return self.phase1.up and not self.ended and self.access.authorized

    @property
    def busy(self) -> bool:
        """Whether anything is still under way."""
        if self.ended:
            return False
        if self.holdings.question_due is not None:
            return True
        waits_for_user = self.phase1.up and not self.access.authorized and not self.access.refused
        # An exchange whose first message was refused has not begun.
        return waits_for_user or any(not e.finished and e.state != "idle" for e in self.all_exchanges())

    def all_exchanges(self) -> list[Exchange]:
        """Phase 1 and everything under it."""
        return [self.phase1, *self.exchanges.values()]

    def make_room(self) -> None:
        """For one more exchange of the peer's: those whose first message was refused give way to it.

        Raises:
            Refusal: too many exchanges are under way.
        """
        if not self.access.authorized and len(self.exchanges) >= MOST_EXCHANGES:
            # Nothing is forgotten before the login, so that nothing can be repeated either.
            raise Refusal("Too many exchanges before the login", "draft-beaulieu-ike-xauth-02 §3")
        told = (Informational, ClearInformational, Transaction)
        for useless in (
            [number for number, exchange in self.exchanges.items() if exchange.state == "idle"],
            [number for number, e in self.exchanges.items() if isinstance(e, told) and e.finished],
        ):
            for number in useless[: max(len(useless) + 1 - MOST_EXCHANGES, 0)]:
                del self.exchanges[number]
        for digest in list(self._answers)[: max(len(self._answers) - MOST_ANSWERS, 0)]:
            del self._answers[digest]
        if sum(not e.finished and e.state != "idle" for e in self.exchanges.values()) >= MOST_EXCHANGES:
            raise Refusal("Too many exchanges under way", "RFC 2409 §5.5")

    # ---------------------------------------------------------------- delivering

    def deliver(self, exchange: Exchange, message: Message, now: float) -> None:
        """Let an exchange take a message; then whatever follows from where it has come.

        Raises:
            Refusal: the message was turned down.
        """
        was_up = self.phase1.up
        exchange.outgoing.clear()
        exchange.receive(message)
        if exchange.outgoing and exchange.sent is not None:
            self._answers[sha256(message.datagram.octets).digest()] = exchange, exchange.sent
        else:
            self._answers.setdefault(sha256(message.datagram.octets).digest(), None)
        self.flush(exchange)
        exchange.set_timer(now)
        self._hearing.hear(exchange, now)
        self._follow_up(exchange, was_up, now)

    def repeated(self, data: bytes, now: float) -> bool:
        """A message that was accepted before gets the same octets for an answer, and moves nothing."""
        digest = sha256(data).digest()
        if digest not in self._answers:
            return False
        answer = self._answers[digest]
        if answer is not None:
            exchange, sent = answer
            self.party.link.now = now
            exchange.resend(sent)
            self.flush(exchange)
        return True

    def flush(self, exchange: Exchange) -> None:
        """What an exchange has made goes to where the peer is now."""
        if exchange.outgoing:
            self.spoke = self.party.link.now
        self.outbox += [self.party.link.datagram(octets) for octets in exchange.outgoing]
        exchange.outgoing.clear()

    def start(self, exchange: Exchange, now: float) -> None:
        """Begin an exchange under this SA."""
        self.exchanges[exchange.message_id] = exchange
        exchange.begin()
        self.flush(exchange)
        exchange.set_timer(now)

    def draw(self, size: int, purpose: str) -> bytes:
        """Fresh octets that belong to this session."""
        return self.party.entropy.draw(size, f"{self.phase1.ledger.scope}/{self.party.role}/{purpose}")

    def new_message_id(self) -> int:
        """Never 0, and never used before under this SA (RFC 2408 §3.1)."""
        while True:
            self.begun += 1
            purpose = f"M-ID/{self.party.link.remote.address}/{self.begun}"
            number = int.from_bytes(self.party.entropy.draw(4, purpose), "big")
            if number and number not in self.exchanges:
                return number

    # ---------------------------------------------------------------- beginning exchanges

    def _make(self, kind: type[Protected]) -> Protected:
        return kind(self.phase1, Role.INITIATOR, message_id_origin(None), self.new_message_id())

    def quick(self, now: float, *, replaces: bool = False) -> None:
        """Negotiate IPsec SAs."""
        exchange = self._make(QuickMode)
        assert isinstance(exchange, QuickMode)
        exchange.replaces = replaces
        self.prepare_quick(exchange)
        try:
            exchange.check_groups()
        except Refusal as refusal:
            self.party.emit(refusal.event())
            return
        self.start(exchange, now)

    def prepare_quick(self, exchange: QuickMode) -> None:
        """Selectors and groups that were agreed on under this SA."""
        exchange.expected = self.access.selectors()
        exchange.private_groups = self.private_groups

    def transact(self, said: Attributes, now: float) -> None:
        """Begin a request or a set."""
        exchange = self._make(Transaction)
        assert isinstance(exchange, Transaction)
        exchange.said = said
        self.start(exchange, now)

    def new_group(self, now: float) -> None:
        """Propose the private group."""
        self.start(self._make(NewGroupMode), now)

    def tell(self, payloads: Sequence[Payload], now: float) -> None:
        """Say something, protected if that is possible (RFC 2409 §5.7)."""
        exchange: Exchange
        if self.phase1.up:
            protected = self._make(Informational)
            assert isinstance(protected, Informational)
            protected.payloads = payloads
            exchange = protected
        else:
            clear = ClearInformational(self.phase1, Role.INITIATOR, message_id_origin(None), self.new_message_id())
            clear.payloads = payloads
            exchange = clear
        self.start(exchange, now)

    def are_you_there(self, now: float) -> None:
        """Ask for a sign of life (RFC 3706 §5.3)."""
        number = self.holdings.next_question(self.draw(4, "DPD sequence number"), now)
        data = number.to_bytes(4, "big")
        self.tell([isakmp_notification(self.phase1, NotifyType.R_U_THERE, data)], now)

    # ---------------------------------------------------------------- refusals

    def complain(self, exchange: Exchange, refusal: Refusal, message: Message, now: float) -> None:
        """Tell the peer what is wrong, once for each exchange; never about what only informs.

        Under an ISAKMP SA only about what the peer itself has sent: it would look for a fault of its own in what
        somebody else has made up.
        """
        told = isinstance(exchange, Informational | ClearInformational)
        if self.phase1.up and not (isinstance(exchange, Protected) and exchange.authentic):
            return
        if refusal.notify is None or told or exchange.complained:
            return
        ledger = self.phase1.ledger
        saved = ledger.snapshot()
        self._name_cookies(message)
        exchange.complained = True
        spi, protocol = cookies_of(self.phase1), ProtocolId.ISAKMP
        if isinstance(exchange, QuickMode):
            spi, protocol = exchange.peers_spi(), ProtocolId.ESP
        notification = PlainNotification(protocol=int(protocol), notify_type=int(refusal.notify), spi=spi)
        self.tell([notification], now)
        if self.phase1.role is Role.INITIATOR:
            # The cookie of an answer that was refused may be a forger's: the real answer is still to come.
            ledger.restore(saved)
        if not exchange.finished and exchange.state != "idle":
            exchange.retransmission.wait_patiently(now)

    def _name_cookies(self, message: Message) -> None:
        """A first message that was refused has left nothing behind, not even the cookies to answer with."""
        ledger = self.phase1.ledger
        if "CKY-I" not in ledger:
            span = Span(message.datagram, message.start, message.start + 8)
            owner = str(self.party.role.other)
            ledger.hold(Term("CKY-I", span.octets, span, scope=ledger.scope, owner=owner))
        span = Span(message.datagram, message.start + 8, message.start + 16)
        if "CKY-R" not in ledger and self.phase1.role is Role.INITIATOR and any(span.octets):
            owner = str(self.party.role.other)
            ledger.hold(Term("CKY-R", span.octets, span, scope=ledger.scope, owner=owner))
        if "CKY-R" not in ledger and self.phase1.role is Role.RESPONDER:
            ledger.draw("CKY-R", 8, "RFC 2408 §2.5.3", Nature.PUBLIC)

    # ---------------------------------------------------------------- hearing

    def hear_clear(self, message: Message, now: float) -> None:
        """A notification without protection: before there is an SA nobody can do better."""
        exchange = ClearInformational(
            self.phase1, Role.RESPONDER, message_id_origin(message), message.header.message_id
        )
        exchange.receive(message)
        self._hearing.hear(exchange, now)

    # ---------------------------------------------------------------- ending

    def end_holding(self, holding: Holding, how: str) -> None:
        """A pair of IPsec SAs is over."""
        self.holdings.remove(holding)
        for protocol, spi in holding.spis:
            self.party.emit(SaEnded(protocol, spi, how))

    def drop(self, how: str) -> None:
        """The ISAKMP SA is over; IPsec SAs live on without it, until they end by themselves."""
        self.ended = True
        for exchange in self.all_exchanges():
            exchange.fail(f"the ISAKMP SA is {how}")
        if self.phase1.up:
            self.party.emit(SaEnded("ISAKMP", self.phase1.ledger["CKY-I"], how))

    def delete_ipsec(self, now: float, how: str = "deleted", keep: Sequence[Holding] = ()) -> None:
        """Tell the peer that IPsec SAs are gone, by this side's inbound SPIs, and drop them."""
        for holding in [h for h in self.holdings if h not in keep]:
            for protocol, spi in holding.inbound:
                number = ProtocolId.ESP if protocol == "ESP" else ProtocolId.AH
                self.tell([Delete(protocol=int(number), spi_size=4, spi_count=1, spis=spi.octets)], now)
            self.end_holding(holding, how)

    def delete_isakmp(self, now: float, how: str = "deleted") -> None:
        """Tell the peer that the ISAKMP SA is gone, and drop it."""
        spi = b"".join(self.cookies)
        self.tell([Delete(protocol=int(ProtocolId.ISAKMP), spi_size=16, spi_count=1, spis=spi)], now)
        self.drop(how)

    def end(self, reason: str, now: float) -> None:
        """Give up the whole session."""
        scope = self.phase1.ledger.scope
        self.party.emit(Concluded("Remote access", scope, "failed", f"Remote access: {reason}"))
        self.delete_isakmp(now)

    def begin_anew(self) -> None:
        """The peer has lost all of this."""
        for holding in self.holdings:
            self.end_holding(holding, "initial contact")
        if not self.ended:
            self.drop("initial contact")

    def peer_is_dead(self) -> None:
        """No sign of life has come (RFC 3706 §5.5)."""
        for holding in list(self.holdings):
            self.end_holding(holding, "peer is dead")
        self.drop("peer is dead")

    def expire(self) -> None:
        """The ISAKMP SA has lived long enough."""
        self.drop("expired")

    def expire_holding(self, holding: Holding) -> None:
        """A pair of IPsec SAs has lived long enough."""
        self.end_holding(holding, "expired")

    def inherit(self, older: Session) -> None:
        """Keep account of what another session has made, and of the address that goes with it."""
        self.holdings.adopt(older.holdings)
        self.access.inherit(older.access)

    # ---------------------------------------------------------------- what follows

    def installed(self, event: Event, now: float) -> None:
        """Keep account of SAs as exchanges install them."""
        if isinstance(event, SaInstalled) and event.sa.protocol == "ISAKMP":
            self.life = event.sa.lifetime
            self.expires = now + self.life
        elif isinstance(event, SaInstalled):
            self.holdings.add(event.sa, now)

    def _follow_up(self, exchange: Exchange, was_up: bool, now: float) -> None:
        if exchange is self.phase1 and self.phase1.up and not was_up:
            self._tell_life(now)
            self.access.begin(now)
        elif isinstance(exchange, Transaction) and exchange.finished and not exchange.failure:
            self.access.after(exchange, now)
        elif isinstance(exchange, NewGroupMode) and exchange.finished and not exchange.failure:
            self.private_groups = (*self.private_groups, exchange.group)
        elif isinstance(exchange, QuickMode) and exchange.finished and not exchange.failure:
            self._after_quick(exchange, now)

    def _after_quick(self, exchange: QuickMode, now: float) -> None:
        """New SAs take the place of old ones; a gateway adds a route to a network behind its client."""
        newest = [holding for holding in self.holdings if holding.scope == exchange.ledger.scope]
        if exchange.replaces:
            self.delete_ipsec(now, "replaced", keep=newest)
        config = self.party.config
        if config.gateway is not None and not self.access.address and config.remote is not None:
            network = network_text(config.remote)
            self.party.emit(NetworkChanged("route", f"{network} through the tunnel", "RFC 2409 §5.5"))

    def _tell_life(self, now: float) -> None:
        """A responder that uses the SA for less time than was offered says so (RFC 2407 §4.5.4)."""
        if not self.phase1.life_was_cut or self.phase1.role is Role.INITIATOR or self._life_told:
            return
        self._life_told = True
        attributes = (
            basic(Phase1Attribute.LIFE_TYPE, LifeType.SECONDS),
            duration(Phase1Attribute.LIFE_DURATION, self.phase1.policy.lifetime),
        )
        told = IsakmpLifetimeNotification(
            protocol=int(ProtocolId.ISAKMP),
            notify_type=int(NotifyType.RESPONDER_LIFETIME),
            spi=cookies_of(self.phase1),
            attributes=attributes,
        )
        self.tell([told], now)
