"""A sans-IO IKEv2 peer: octets and time go in, octets and events come out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from hashlib import sha256

from explorer.engine.ledger import Entropy, Ledger, Numbered
from explorer.engine.link import Link
from explorer.engine.refusal import Refusal
from explorer.errors import WireError
from explorer.events import Datagram, Endpoint, Event, Refused, Role
from explorer.octets import Buffer
from explorer.protocols.ikev2.config import V2Config
from explorer.protocols.ikev2.create_child import CreateChildSa, Purpose
from explorer.protocols.ikev2.exchange import V2Exchange
from explorer.protocols.ikev2.ike_auth import IkeAuth
from explorer.protocols.ikev2.ike_sa import Child, IkeSa
from explorer.protocols.ikev2.informational import V2Informational, delete_ike_part, delete_part
from explorer.protocols.ikev2.intermediate import IkeIntermediate
from explorer.protocols.ikev2.keys import ike_scope
from explorer.protocols.ikev2.parts import Part, notify
from explorer.protocols.ikev2.party import V2Party
from explorer.protocols.ikev2.sa_init import IkeSaInit
from explorer.registry.ikev2 import V2ExchangeType
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.wire.ikev2 import IkeHeader
from explorer.wire.ikev2_message import V2Message, read_v2, read_v2_header
from explorer.wire.message import MARKER_SIZE

MOST_SESSIONS = 64
"""Half-open IKE SAs that one peer keeps at a time."""


Maker = Callable[[int], V2Exchange]
"""Makes a request once it is its turn, and so its Message ID, is known."""


class Association:
    """One IKE SA, this side's request under way, and its answers to the other side's requests."""

    def __init__(self, sa: IkeSa, init: IkeSaInit | None) -> None:
        self.sa = sa
        self.init = init
        self.asking: V2Exchange | None = init if sa.role is Role.INITIATOR else None
        self.answered: dict[bytes, V2Exchange] = {}
        self.waiting: deque[Maker] = deque()
        self.outbox: list[Datagram] = []

    @property
    def party(self) -> V2Party:
        """What its exchanges work with."""
        return self.sa.party

    @property
    def usable(self) -> bool:
        """Whether anything may be negotiated under it."""
        return self.sa.up and not self.sa.ended

    @property
    def busy(self) -> bool:
        """Whether a request of this side waits for its answer, or the SA for its proof."""
        asking = self.asking is not None and not self.asking.finished
        half_open = not self.sa.up and not self.sa.ended and self.sa.keys is not None and self.sa.role is Role.INITIATOR
        return not self.sa.ended and (asking or half_open or bool(self.waiting))

    def flush(self, exchange: V2Exchange) -> None:
        """What an exchange has made goes to where the peer is now."""
        self.outbox += [self.party.link.datagram(octets) for octets in exchange.outgoing]
        exchange.outgoing.clear()


class Ikev2Peer:
    """Initiator or responder of any number of IKE SAs.  Never raises on what arrives.

    Args:
        party: which of the run's two peers this is; in an SA or an exchange it may have either role.
    """

    def __init__(self, config: V2Config, entropy: Entropy, party: Role = Role.INITIATOR) -> None:
        self.config = config
        self.role = party
        self.sessions: list[Association] = []
        self._entropy = entropy
        self._events: deque[Event] = deque()
        self._outbox: deque[Datagram] = deque()
        self._count = 0
        self._ports = config.port, config.natt_port

    # ---------------------------------------------------------------- what the owner asks for

    def start(self, remote: Endpoint, now: float) -> Association:
        """Begin an IKE SA with the peer there."""
        link = Link(self._ports, Endpoint(self.config.address, self.config.port), remote)
        association = self._associate(Role.INITIATOR, link, now)
        self.sessions.append(association)
        self._ask(association, now)
        return association

    def _with(self, address: str) -> Association:
        found = [a for a in self.sessions if a.usable and a.party.link.remote.address == address]
        if not found:
            raise LookupError(f"no IKE SA with {address}")
        return found[-1]

    def start_quick(self, remote: Endpoint, now: float, *, replaces: bool = False) -> None:
        """Make a pair of Child SAs; ``replaces`` makes it the successor of the oldest.

        Raises:
            LookupError: there is no IKE SA with that address, or nothing to replace.
        """
        association = self._with(remote.address)
        purpose = Purpose.REKEY_CHILD if replaces else Purpose.CHILD
        if replaces and not association.sa.children:
            raise LookupError("no Child SA to replace")
        old = association.sa.children[0] if replaces else None

        def make(message_id: int) -> V2Exchange:
            exchange = CreateChildSa(association.sa, Role.INITIATOR, message_id, purpose)
            exchange.old = old
            return exchange

        self._enqueue(association, make, now)

    def start_rekey_ike(self, remote: Endpoint, now: float) -> None:
        """New keys for the IKE SA itself.

        Raises:
            LookupError: there is no IKE SA with that address.
        """
        association = self._with(remote.address)
        sa, number = association.sa, association.sa.number + 1
        self._enqueue(
            association, lambda mid: CreateChildSa(sa, Role.INITIATOR, mid, Purpose.REKEY_IKE, number), now
        )

    def start_dpd(self, remote: Endpoint, now: float) -> None:
        """Ask for a sign of life: an empty request (RFC 7296 §2.4).

        Raises:
            LookupError: there is no IKE SA with that address.
        """
        self._inform(self._with(remote.address), [], now)

    def start_delete(self, remote: Endpoint, now: float, *, isakmp: bool = False) -> None:
        """Drop the Child SAs, or the IKE SA with everything under it.

        Raises:
            LookupError: there is no IKE SA with that address.
        """
        association = self._with(remote.address)
        if isakmp:
            self._delete_ike(association, now, "deleted")
        else:
            self._delete_children(association, list(association.sa.children), now, "deleted")

    def _inform(self, association: Association, parts: Sequence[Part], now: float) -> None:
        sa = association.sa
        self._enqueue(association, lambda mid: V2Informational(sa, Role.INITIATOR, mid, parts), now)

    def _delete_ike(self, association: Association, now: float, how: str) -> None:
        def make(message_id: int) -> V2Exchange:
            exchange = V2Informational(association.sa, Role.INITIATOR, message_id, [delete_ike_part()])
            exchange.deletes_ike, exchange.how = True, how
            return exchange

        self._enqueue(association, make, now)

    def _delete_children(self, association: Association, children: Sequence[Child], now: float, how: str) -> None:
        part = delete_part(b"".join(child.inbound.octets for child in children), len(children))

        def make(message_id: int) -> V2Exchange:
            exchange = V2Informational(association.sa, Role.INITIATOR, message_id, [part])
            exchange.deletes, exchange.how = list(children), how
            return exchange

        self._enqueue(association, make, now)

    # ---------------------------------------------------------------- sans-IO

    @property
    def busy(self) -> bool:
        """Whether any request waits for its answer."""
        return any(association.busy for association in self.sessions)

    def receive_datagram(self, data: bytes, source: Endpoint, destination: Endpoint, now: float) -> None:
        """Take a UDP payload; whatever is wrong with it becomes a ``Refused`` event."""
        try:
            self._dispatch(data, source, destination, now)
        except WireError as error:
            self._events.append(Refused(error.rule, error.citation, offset=error.offset))
        except Refusal as refusal:
            self._events.append(refusal.event())
        self._collect()

    def datagrams_to_send(self, now: float) -> list[Datagram]:
        """UDP payloads and where they come from and go to."""
        ready = list(self._outbox)
        self._outbox.clear()
        return ready

    def links(self) -> list[Link]:
        """The way to each peer that an SA was begun with, oldest first."""
        return [session.party.link for session in self.sessions]

    def next_event(self) -> Event | None:
        """The oldest event not yet taken, or ``None``."""
        return self._events.popleft() if self._events else None

    def next_timer(self) -> float | None:
        """When :meth:`handle_timer` wants to be called."""
        due = (a.asking.retransmission.due for a in self.sessions if a.asking is not None and not a.sa.ended)
        return min((at for at in due if at is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Send again, or give up."""
        for association in self.sessions:
            asking = association.asking
            if asking is None or asking.retransmission.due is None or asking.retransmission.due > now:
                continue
            association.party.link.now = now
            if asking.handle_timer():
                association.flush(asking)
            else:
                # Who does not answer is gone, and everything with it (RFC 7296 §2.4).
                association.sa.drop("peer is dead")
        self._collect()

    def _collect(self) -> None:
        for association in self.sessions:
            self._outbox.extend(association.outbox)
            association.outbox.clear()

    # ---------------------------------------------------------------- asking

    def _associate(self, role: Role, link: Link, now: float) -> Association:
        self._count += 1
        number = self._count
        entropy = self._entropy if number == 1 else Numbered(self._entropy, number)
        link.now = now
        party = V2Party(self.config, self._events.append, entropy, self.role, link)
        ledger = Ledger(party.emit, entropy, self.role, ike_scope(number))
        sa = IkeSa(party, role, number, ledger)
        return Association(sa, IkeSaInit(sa, role))

    def _enqueue(self, association: Association, make: Maker, now: float) -> None:
        """One request at a time: the window is one (RFC 7296 §2.3)."""
        association.party.link.now = now
        association.waiting.append(make)
        self._next(association, now)
        self._collect()

    def _next(self, association: Association, now: float) -> None:
        if association.asking is not None and not association.asking.finished:
            return
        association.asking = None
        if not association.waiting or association.sa.ended:
            return
        association.asking = association.waiting.popleft()(association.sa.next_request)
        self._ask(association, now)

    def _ask(self, association: Association, now: float) -> None:
        asking = association.asking
        assert asking is not None
        asking.begin()
        if not asking.retry:
            association.sa.next_request = asking.message_id + 1
        association.flush(asking)
        asking.set_timer(now)
        self._collect()

    # ---------------------------------------------------------------- dispatch

    def _dispatch(self, data: bytes, source: Endpoint, destination: Endpoint, now: float) -> None:
        if data == b"\xff":
            return
        start = MARKER_SIZE if destination.port == self.config.natt_port and data[:4] == bytes(4) else 0
        buffer = Buffer("datagram", data)
        header = read_v2_header(buffer, start)
        if header.version >> 4 != 2:
            found = f"Version is {header.version >> 4}.{header.version & 15}, expected 2.0"
            raise Refusal(found, "RFC 7296 §2.5", V2NotifyType.INVALID_MAJOR_VERSION, offset=start + 17)
        association = self._find(header, source.address)
        if association is None:
            self._first(read_v2(buffer, start), source, destination, now)
            return
        association.party.link.now = now
        sizes = association.sa.suite.sizes if association.sa.suite is not None else None
        message = read_v2(buffer, start, sizes)
        if header.response:
            self._take_answer(association, message, now)
        else:
            self._take_request(association, message, source, destination, now)

    def _find(self, header: IkeHeader, address: str) -> Association | None:
        for association in self.sessions:
            i, r = association.sa.spis
            first = association.sa.role is Role.INITIATOR and not any(r) and header.response
            if i == header.initiator_spi and (r == header.responder_spi or first):
                return association
            repeats = association.sa.role is Role.RESPONDER and not any(header.responder_spi)
            if i == header.initiator_spi and repeats and association.party.link.remote.address == address:
                return association
        return None

    def _first(self, message: V2Message, source: Endpoint, destination: Endpoint, now: float) -> None:
        """A request of somebody new."""
        header = message.header
        begins = header.exchange_type == V2ExchangeType.IKE_SA_INIT and not header.response
        if not begins or any(header.responder_spi) or header.message_id or not header.from_initiator:
            kind = V2NotifyType.INVALID_IKE_SPI
            raise Refusal("No IKE SA has these SPIs", "RFC 7296 §2.21.4", kind, offset=message.start)
        if len(self.sessions) >= MOST_SESSIONS:
            self._forget_one()
        association = self._associate(Role.RESPONDER, Link(self._ports, destination, source), now)
        exchange = association.init
        assert exchange is not None
        exchange.receive(message)
        if exchange.failure:
            # Nothing is kept of a request that was refused or only told to come again (RFC 7296 §2.6).
            self._count -= 1
            self._outbox.extend(association.party.link.datagram(octets) for octets in exchange.outgoing)
            return
        association.sa.expected = 1
        self.sessions.append(association)
        self._keep_answer(association, exchange, message)

    def _forget_one(self) -> None:
        useless = [a for a in self.sessions if a.sa.ended or not a.sa.up]
        if not useless:
            raise Refusal("Too many IKE SAs at once", "RFC 7296 §2.6")
        self.sessions.remove(useless[0])

    def _keep_answer(self, association: Association, exchange: V2Exchange, message: V2Message) -> None:
        """A request that comes again gets the same octets (RFC 7296 §2.1)."""
        if exchange.sent is not None:
            association.answered = {sha256(message.datagram.octets).digest(): exchange}
        association.flush(exchange)

    # ---------------------------------------------------------------- requests

    def _take_request(
        self, association: Association, message: V2Message, source: Endpoint, destination: Endpoint, now: float
    ) -> None:
        repeated = association.answered.get(sha256(message.datagram.octets).digest())
        if repeated is not None:
            repeated.resend()
            association.flush(repeated)
            return
        sa, header = association.sa, message.header
        if header.message_id != sa.expected or sa.keys is None:
            reason = f"Message ID is {header.message_id}, expected {sa.expected}"
            raise Refusal(reason, "RFC 7296 §2.2", V2NotifyType.INVALID_MESSAGE_ID, offset=message.start + 20)
        if header.from_initiator is (sa.role is Role.INITIATOR):
            raise Refusal("The initiator flag says that this side has sent this", "RFC 7296 §2.2")
        exchange = self._answering(association, header.exchange_type, header.message_id)
        link, was = association.party.link, (association.party.link.local, association.party.link.remote)
        link.follow(destination, source)
        exchange.receive(message)
        if not exchange.outgoing:
            link.follow(*was)
            return
        sa.expected += 1
        self._keep_answer(association, exchange, message)
        self._after(association, exchange, now)

    def _answering(self, association: Association, kind: int, message_id: int) -> V2Exchange:
        sa = association.sa
        assert sa.suite is not None
        if kind == V2ExchangeType.IKE_INTERMEDIATE and not sa.up and message_id <= len(sa.suite.additional):
            return IkeIntermediate(sa, Role.RESPONDER, message_id)
        if kind == V2ExchangeType.IKE_AUTH and not sa.up:
            return IkeAuth(sa, Role.RESPONDER, message_id)
        if sa.up and kind == V2ExchangeType.CREATE_CHILD_SA:
            return CreateChildSa(sa, Role.RESPONDER, message_id, number=sa.number + 1)
        if sa.up and kind == V2ExchangeType.INFORMATIONAL:
            return V2Informational(sa, Role.RESPONDER, message_id)
        name = V2ExchangeType.say(kind)
        raise Refusal(f"Exchange {name} has no place here", "RFC 7296 §2.1", V2NotifyType.INVALID_SYNTAX)

    # ---------------------------------------------------------------- answers

    def _take_answer(self, association: Association, message: V2Message, now: float) -> None:
        asking, header = association.asking, message.header
        if asking is None or asking.finished or header.message_id != asking.message_id:
            raise Refusal("No request waits for this answer", "RFC 7296 §2.1", offset=message.start + 20)
        own_flag = header.from_initiator is (association.sa.role is Role.INITIATOR)
        if header.exchange_type != asking.exchange_type or own_flag:
            raise Refusal("This is no answer to the request that waits", "RFC 7296 §2.2", offset=message.start + 18)
        asking.receive(message)
        association.flush(asking)
        if asking.retry:
            self._ask(association, now)
            return
        if not asking.is_over():
            return
        asking.set_timer(now)
        self._after(association, asking, now)
        self._next(association, now)

    # ---------------------------------------------------------------- what follows

    def _after(self, association: Association, exchange: V2Exchange, now: float) -> None:
        sa, asked = association.sa, exchange.role is Role.INITIATOR
        if isinstance(exchange, IkeSaInit) and asked:
            if exchange.failure:
                sa.ended = True
                return
            assert sa.suite is not None
            for _ in sa.suite.additional:
                association.waiting.append(lambda mid: IkeIntermediate(sa, Role.INITIATOR, mid))
            association.waiting.append(lambda mid: IkeAuth(sa, Role.INITIATOR, mid))
        elif isinstance(exchange, IkeAuth) and exchange.failure:
            self._after_failed_proof(association, exchange, now, asked=asked)
        elif isinstance(exchange, CreateChildSa) and not exchange.failure:
            self._after_child(association, exchange, now, asked=asked)

    def _after_failed_proof(self, association: Association, exchange: IkeAuth, now: float, *, asked: bool) -> None:
        """Who has refused an answer says so before it drops the SA (RFC 7296 §2.21.2)."""
        sa = association.sa
        if asked and exchange.refusal is not None:
            part = notify(V2NotifyType.AUTHENTICATION_FAILED)
            told = V2Informational(sa, Role.INITIATOR, sa.next_request, [part])
            association.asking = told
            told.begin()
            association.flush(told)
        sa.ended = True

    def _after_child(self, association: Association, exchange: CreateChildSa, now: float, *, asked: bool) -> None:
        """Who has asked for the successor drops what it replaces (RFC 7296 §2.8)."""
        if exchange.new_sa is not None:
            self._move_children(association, exchange.new_sa)
            if asked:
                self._delete_ike(association, now, "replaced")
        elif exchange.old is not None and asked:
            self._delete_children(association, [exchange.old], now, "replaced")

    def _move_children(self, association: Association, new: IkeSa) -> None:
        """Child SAs go with the new IKE SA (RFC 7296 §2.18)."""
        self._count = max(self._count, new.number)
        new.children, association.sa.children = association.sa.children, []
        self.sessions.append(Association(new, None))


