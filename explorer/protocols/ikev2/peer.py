"""A sans-IO IKEv2 peer: octets and time go in, octets and events come out."""

from __future__ import annotations

from functools import partial
from hashlib import sha256

from explorer.engine.link import Link
from explorer.engine.refusal import Refusal
from explorer.errors import WireError
from explorer.events import Datagram, Endpoint, Event, Refused, RekeyCollision, Role
from explorer.octets import Buffer
from explorer.protocols.ikev2.asking import Asking
from explorer.protocols.ikev2.association import Association
from explorer.protocols.ikev2.create_child import CreateChildSa
from explorer.protocols.ikev2.eap_auth import EapStep, answering_auth, asking_auth
from explorer.protocols.ikev2.exchange import V2Exchange
from explorer.protocols.ikev2.followup import IkeFollowupKe
from explorer.protocols.ikev2.ike_auth import IkeAuth
from explorer.protocols.ikev2.ike_sa import IkeSa
from explorer.protocols.ikev2.informational import V2Informational
from explorer.protocols.ikev2.intermediate import IkeIntermediate
from explorer.protocols.ikev2.misplaced import Misplaced
from explorer.protocols.ikev2.mobike import AddressUpdate, RoutabilityCheck, come_back
from explorer.protocols.ikev2.opening import Opening
from explorer.protocols.ikev2.outside import refusal_outside
from explorer.protocols.ikev2.parts import notifies_in, notify
from explorer.protocols.ikev2.resume import IkeSessionResume
from explorer.protocols.ikev2.sa_init import IkeSaInit
from explorer.registry.ikev2 import V2ExchangeType
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.wire.ikev2 import IkeHeader, V2EncryptedFragment
from explorer.wire.ikev2_message import V2Message, read_v2, read_v2_header
from explorer.wire.message import MARKER_SIZE

_OPENINGS = (IkeSaInit, IkeSessionResume)
"""What somebody new may begin with."""

MOST_HALF_OPEN = 64
"""IKE SAs that others have begun and that are not up yet, which one peer keeps at a time."""


class Ikev2Peer(Asking):
    """Initiator or responder of any number of IKE SAs.  Never raises on what arrives."""

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

    def take_events(self) -> list[Event]:
        """All events not yet taken, oldest first."""
        events = list(self._events)
        self._events.clear()
        return events

    def next_timer(self) -> float | None:
        """When :meth:`handle_timer` wants to be called."""
        return min((due for association in self.sessions if (due := association.due) is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Send again, or give up."""
        for association in self.sessions:
            asking = association.asking
            if asking is None or association.due is None or association.due > now:
                continue
            association.party.link.now = now
            if asking.handle_timer():
                association.flush(asking)
            else:
                # Who does not answer is gone, and everything with it (RFC 7296 §2.4).
                association.sa.drop("peer is dead")
        self._collect()

    # ---------------------------------------------------------------- dispatch

    def _dispatch(self, data: bytes, source: Endpoint, destination: Endpoint, now: float) -> None:
        if data == b"\xff":
            return
        start = MARKER_SIZE if destination.port == self.config.natt_port and data[:4] == bytes(4) else 0
        buffer = Buffer("datagram", data)
        header = read_v2_header(buffer, start)
        if header.version >> 4 != 2:
            self._refuse_version(header, start, Link(self._ports, destination, source))
            return
        association = self._find(header, source.address)
        if association is None:
            self._first(read_v2(buffer, start), source, destination, now)
            return
        association.party.link.now = now
        sizes = association.sa.suite.sizes if association.sa.secured else None
        message = read_v2(buffer, start, sizes)
        if header.response:
            self._take_answer(association, message, now)
        else:
            self._take_request(association, message, source, destination, now)

    def _refuse_version(self, header: IkeHeader, start: int, link: Link) -> None:
        """A higher version is answered with the highest that this side speaks, in the header (RFC 7296 §2.5)."""
        kind, higher = V2NotifyType.INVALID_MAJOR_VERSION, header.version >> 4 > 2
        found = f"Version is {header.version >> 4}.{header.version & 15}, expected 2.0"
        refusal = Refusal(found, "RFC 7296 §2.5", kind if higher else None, offset=start + 17)
        if header.response or not higher:
            raise refusal
        answer = refusal_outside(header, kind, start)
        self._events += [refusal.event(), answer.making, answer.sent]
        self._outbox.append(link.datagram(answer.octets))

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
        opening = next((kind for kind in _OPENINGS if kind.exchange_type == header.exchange_type), None)
        begins = not header.response and header.from_initiator and not header.message_id
        if opening is None or not begins or any(header.responder_spi):
            kind = V2NotifyType.INVALID_IKE_SPI
            raise Refusal("No IKE SA has these SPIs", "RFC 7296 §2.21.4", kind, offset=message.start)
        if not any(header.initiator_spi):
            raise Refusal("The initiator's SPI is zero", "RFC 7296 §3.1", offset=message.start)
        if message.sealed is not None:
            raise Refusal("The message is encrypted, and may not be", "RFC 7296 §1.2", offset=message.start + 16)
        association = self._associate(Role.RESPONDER, Link(self._ports, destination, source), now, opening)
        exchange = association.init
        assert exchange is not None
        exchange.receive(message)
        if exchange.failure:
            # Nothing is kept of a request that was refused or only told to come again (RFC 7296 §2.6).
            self._count -= 1
            self._outbox.extend(association.party.link.datagram(octets) for octets in exchange.outgoing)
            return
        self._make_room()
        association.sa.expected = 1
        self.sessions.append(association)
        self._keep_answer(association, exchange)

    def _make_room(self) -> None:
        """Nobody fills this peer with IKE SAs that never come up; who has come farthest is driven out last."""
        half_open = [a for a in self.sessions if not (a.sa.up or a.sa.ended or a.sa.role is Role.INITIATOR)]
        half_open.sort(key=lambda association: association.sa.expected)
        for association in half_open[: max(len(half_open) + 1 - MOST_HALF_OPEN, 0)]:
            association.sa.drop("half-open for too long")
            self.sessions.remove(association)

    def _keep_answer(self, association: Association, exchange: V2Exchange) -> None:
        """A request that comes again gets the same octets (RFC 7296 §2.1)."""
        if exchange.sent:
            association.answered = dict.fromkeys(exchange.digests, exchange)
        association.flush(exchange)

    # ---------------------------------------------------------------- requests

    def _take_request(
        self, association: Association, message: V2Message, source: Endpoint, destination: Endpoint, now: float
    ) -> None:
        link = association.party.link
        was = link.ends
        repeated = association.answered.get(sha256(message.datagram.octets).digest())
        if repeated is not None:
            # Of a message in fragments the first one asks for the answer once more (RFC 7383 §2.6.1).
            if not isinstance(message.sealed, V2EncryptedFragment) or message.sealed.fragment == 1:
                # Anybody can repeat it from anywhere: the answer goes there, and nothing else.
                link.follow(destination, source)
                repeated.resend()
                association.flush(repeated)
                link.follow(*was)
            return
        sa, header = association.sa, message.header
        if header.message_id != sa.expected or not (sa.up or sa.role is Role.RESPONDER):
            reason = f"Message ID is {header.message_id}, expected {sa.expected}"
            raise Refusal(reason, "RFC 7296 §2.2", V2NotifyType.INVALID_MESSAGE_ID, offset=message.start + 20)
        if header.from_initiator is (sa.role is Role.INITIATOR):
            raise Refusal("The initiator flag says that this side has sent this", "RFC 7296 §2.2")
        exchange = association.collecting
        if exchange is None or exchange.exchange_type != header.exchange_type:
            exchange = self._answering(association, header.exchange_type, header.message_id)
        if sa.ended and header.exchange_type != V2ExchangeType.INFORMATIONAL:
            raise Refusal("This IKE SA is over", "RFC 7296 §1.4.1")
        # Of its own accord an IKE SA that stands only follows a NAT in front of the peer (RFC 7296 §2.23), and none
        # with MOBIKE (RFC 4555 §3.8).
        stays = sa.up and (sa.mobile or link.nat_here or not link.nat_there)
        link.follow(destination, source)
        try:
            exchange.receive(message)
        finally:
            if not exchange.outgoing:
                link.follow(*was)
        association.collecting = exchange if exchange.fragments.incomplete else None
        if association.collecting is not None:
            return
        sa.expected += 1
        self._keep_answer(association, exchange)
        if isinstance(exchange, V2Informational) and exchange.moves:
            link.tunnel = link.tunnel or was
        elif stays:
            # An answer goes to where the request has come from, and nothing else.
            link.follow(*was)
        self._after(association, exchange, now)

    def _answering(self, association: Association, kind: int, message_id: int) -> V2Exchange:
        sa = association.sa
        lacking = len(sa.suite.additional) - sa.exchanged
        if kind == V2ExchangeType.IKE_INTERMEDIATE and not sa.up and lacking and message_id == sa.exchanged + 1:
            return IkeIntermediate(sa, Role.RESPONDER, message_id)
        if kind == V2ExchangeType.IKE_AUTH and not sa.up and not lacking:
            return answering_auth(sa, message_id)
        if sa.up and kind == V2ExchangeType.CREATE_CHILD_SA:
            exchange = CreateChildSa(sa, Role.RESPONDER, message_id)
            exchange.meanwhile = association.making or association.current
            return exchange
        if sa.up and kind == V2ExchangeType.IKE_FOLLOWUP_KE and association.followed is not None:
            return IkeFollowupKe(association.followed, message_id)
        if kind == V2ExchangeType.INFORMATIONAL and (sa.up or sa.login is not None):
            # Who logs in may say in the middle of it that it has refused an answer (RFC 7296 §2.21.2).
            return V2Informational(sa, Role.RESPONDER, message_id)
        if sa.up:
            return Misplaced(sa, kind, message_id)
        name = V2ExchangeType.say(kind)
        raise Refusal(f"Exchange {name} has no place here", "RFC 7296 §2.1", V2NotifyType.INVALID_SYNTAX)

    # ---------------------------------------------------------------- answers

    def _take_answer(self, association: Association, message: V2Message, now: float) -> None:
        asking, header = association.asking, message.header
        if asking is None or asking.is_over() or header.message_id != asking.message_id:
            raise Refusal("No request waits for this answer", "RFC 7296 §2.1", offset=message.start + 20)
        if association.sa.ended and not isinstance(asking, V2Informational):
            raise Refusal("This IKE SA is over", "RFC 7296 §1.4.1")
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
        asked = exchange.role is Role.INITIATOR
        if isinstance(exchange, Opening) and asked:
            self._after_opening(association, exchange, now)
        elif isinstance(exchange, EapStep) and not exchange.failure:
            association.waiting.extend([exchange.follow] if asked else [])
        elif isinstance(exchange, IkeAuth) and exchange.failure:
            self._after_failed_proof(association, exchange, now, asked=asked)
        elif isinstance(exchange, IkeAuth):
            self._after_proof(association, exchange, now)
        elif isinstance(exchange, IkeFollowupKe):
            self._follow(association, exchange.base, exchange.failure, now, asked=asked)
        elif isinstance(exchange, CreateChildSa) and exchange.pending:
            self._follow(association, exchange, "", now, asked=asked)
        elif isinstance(exchange, CreateChildSa):
            self._after_child(association, exchange, now, asked=asked)
        elif isinstance(exchange, V2Informational):
            self._after_addresses(association, exchange, now)

    def _after_opening(self, association: Association, exchange: Opening, now: float) -> None:
        """Whoever has a ticket that is not taken begins anew without one (RFC 5723 §4.3.2)."""
        sa = association.sa
        if exchange.failure:
            sa.ended = True
            if isinstance(exchange, IkeSessionResume) and exchange.turned_away:
                self.start(association.party.link.remote, now)
            return
        for _ in sa.suite.additional:
            association.waiting.append(lambda mid: IkeIntermediate(sa, Role.INITIATOR, mid))
        association.waiting.append(partial(self._make_auth, association))

    def _after_addresses(self, association: Association, exchange: V2Informational, now: float) -> None:
        """A new address is checked before packets go there; who cannot show it, or is refused, stays or ends."""
        if exchange.moves and not exchange.failure:
            waits, association.unchecked = association.unchecked is not None, exchange
            if not waits:
                self._enqueue(association, partial(self._make_check, association), now)
        elif isinstance(exchange, AddressUpdate) and exchange.failure and not exchange.outdated:
            come_back(association.sa, exchange.former)
            self._address = association.party.link.local.address
        elif isinstance(exchange, RoutabilityCheck) and exchange.failure:
            # RFC 4555 §3.7: then the IKE SA must be closed.
            self._delete_ike(association, now, "not reached")

    def _make_check(self, association: Association, message_id: int) -> RoutabilityCheck:
        """Of all moves while another request was under way the last one counts."""
        update, association.unchecked = association.unchecked, None
        assert update is not None
        return RoutabilityCheck(association.sa, message_id, update)

    def _make_auth(self, association: Association, message_id: int) -> IkeAuth:
        exchange = asking_auth(association.sa, message_id)
        exchange.first_contact = not self._older(association)
        old = association.replaces
        if old is not None and old.sa.local is not None:
            exchange.held_address = old.sa.local.first
        return exchange

    def _older(self, association: Association) -> list[Association]:
        """Other IKE SAs with the same peer."""
        address, own = association.party.link.remote.address, association.sa
        others = (a for a in self.sessions if a is not association and a.sa.up and not a.sa.ended)
        return [
            other for other in others
            if other.party.link.remote.address == address or other.sa.peer_identity == own.peer_identity != b""
        ]

    def _after_proof(self, association: Association, exchange: IkeAuth, now: float) -> None:
        """Who has begun anew, or has forgotten all, does not need the old SA any more (RFC 7296 §2.4, §2.8.3)."""
        if association.replaces is not None:
            # Without Child SAs the new one would be a poor successor.
            old = association.replaces.sa.standing
            replaced = next((a for a in self.sessions if a.sa is old), association.replaces)
            gone = association if exchange.child_failure else replaced
            self._delete_ike(gone, now, "redundant" if exchange.child_failure else "replaced")
        resumed = association.sa.resumed
        for other in self.sessions:
            if resumed is not None and other.sa.origin == resumed.spis:
                other.sa.drop("replaced")
        who = association.sa.peer_identity
        tells = exchange.role is Role.RESPONDER and V2NotifyType.INITIAL_CONTACT in notifies_in(exchange.message)
        for other in self._older(association) if tells and who else ():
            if other.sa.peer_identity == who:
                other.sa.drop("initial contact")

    def _after_failed_proof(self, association: Association, exchange: IkeAuth, now: float, *, asked: bool) -> None:
        """Who has refused an answer says so before it drops the SA (RFC 7296 §2.21.2)."""
        sa = association.sa
        if asked and exchange.refusal is not None:
            part = notify(V2NotifyType.AUTHENTICATION_FAILED)
            told = V2Informational(sa, Role.INITIATOR, sa.next_request, [part])
            association.asking = told
            told.begin()
            association.flush(told)
        sa.drop("not proven")

    def _follow(self, association: Association, base: CreateChildSa, failure: str, now: float, *, asked: bool) -> None:
        """The next additional key exchange comes before anything else (RFC 9370 §2.2.4)."""
        association.followed = None
        if failure:
            if asked:
                self._yield_to_rival(association)
            return
        if not base.pending:
            self._after_child(association, base, now, asked=asked)
        elif asked:
            association.waiting.appendleft(lambda mid: IkeFollowupKe(base, mid))
        else:
            association.followed = base

    def _after_child(self, association: Association, exchange: CreateChildSa, now: float, *, asked: bool) -> None:
        if exchange.failure:
            if asked and not self._yield_to_rival(association) and exchange.wanted:
                self._enqueue(association, exchange.once_more, now)
        elif asked:
            self._conclude_child(association, exchange, now)
        else:
            own = association.making
            collides = own is not None and own.replaces_the_same(exchange)
            if own is not None and collides:
                own.rival = exchange
            if exchange.new_sa is not None:
                self._stand(exchange.new_sa)
                if collides:
                    association.sa.heir = exchange.new_sa
                else:
                    association.sa.hand_over(exchange.new_sa)

    def _conclude_child(self, association: Association, exchange: CreateChildSa, now: float) -> None:
        """Who has asked for the successor drops what it replaces, or the successor, if another won (RFC 7296 §2.8)."""
        survives = self._survives(exchange)
        if exchange.new_sa is not None:
            new = self._stand(exchange.new_sa)
            if survives:
                association.sa.hand_over(exchange.new_sa)
                self._delete_ike(association, now, "replaced")
            else:
                self._yield_to_rival(association)
                self._delete_ike(new, now, "redundant")
        elif exchange.old is not None and exchange.child is not None:
            gone, how = (exchange.old, "replaced") if survives else (exchange.child, "redundant")
            self._delete_children(association, [gone], now, how)

    def _survives(self, exchange: CreateChildSa) -> bool:
        """Of two successors the one with the lowest of the four nonces goes again (RFC 7296 §2.8.1, §2.8.2)."""
        if exchange.rival is None:
            return True
        own, other = exchange.lowest_nonce(), exchange.rival.lowest_nonce()
        survives = own.octets > other.octets
        protocol = "IKE" if exchange.new_sa is not None else "ESP"
        survivor = self.role if survives else self.role.other
        self._events.append(RekeyCollision(protocol, other if survives else own, survivor, "RFC 7296 §2.8.1"))
        return survives

    def _yield_to_rival(self, association: Association) -> bool:
        """If nothing has come of this side's rekeying, the other's stays; returns whether there is one."""
        if association.sa.heir is None:
            return False
        association.sa.hand_over(association.sa.heir)
        return True

    def _stand(self, new: IkeSa) -> Association:
        """An IKE SA that rekeying has made; while it is open which of two rivals stays, neither can be rekeyed."""
        self._forget_ended()
        new.renewed = True
        self.sessions.append(Association(new, None))
        return self.sessions[-1]

