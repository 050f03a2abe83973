"""What an IKEv2 peer can be asked to do, one request at a time under each IKE SA (RFC 7296 §2.3)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from explorer.engine.leases import Leases
from explorer.engine.ledger import Entropy, Ledger, Numbered
from explorer.engine.link import Link
from explorer.errors import NoSaError
from explorer.events import Datagram, Endpoint, Event, Role
from explorer.protocols.ikev2.association import Association, Maker
from explorer.protocols.ikev2.config import V2Config
from explorer.protocols.ikev2.cookies import Cookies
from explorer.protocols.ikev2.create_child import CreateChildSa, Purpose
from explorer.protocols.ikev2.exchange import V2Exchange
from explorer.protocols.ikev2.ike_sa import Child, IkeSa
from explorer.protocols.ikev2.informational import V2Informational, delete_ike_part, delete_part
from explorer.protocols.ikev2.keys import ike_scope
from explorer.protocols.ikev2.mobike import AddressUpdate, leave
from explorer.protocols.ikev2.opening import Opening
from explorer.protocols.ikev2.parts import Part
from explorer.protocols.ikev2.party import V2Party
from explorer.protocols.ikev2.resume import IkeSessionResume
from explorer.protocols.ikev2.sa_init import IkeSaInit
from explorer.protocols.ikev2.tickets import Tickets

MOST_ENDED = 16
"""IKE SAs that are over, which one peer keeps at a time."""


class Asking:
    """The half of a peer that begins things.

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
        self._leases = Leases()
        self._tickets = Tickets()
        self._cookies = Cookies()
        self._count = 0
        self._address = config.address
        self._ports = config.port, config.natt_port

    # ---------------------------------------------------------------- what the owner asks for

    def start(self, remote: Endpoint, now: float) -> Association:
        """Begin an IKE SA with the peer there."""
        return self._begin(self._associate(Role.INITIATOR, self._link(remote), now), now)

    def _link(self, remote: Endpoint) -> Link:
        return Link(self._ports, Endpoint(self._address, self.config.port), remote)

    def _begin(self, association: Association, now: float) -> Association:
        self.sessions.append(association)
        self._ask(association, now)
        return association

    def start_resumption(self, remote: Endpoint, now: float) -> Association:
        """Go on with an IKE SA from the ticket that the peer has given for it, which serves once (RFC 5723 §4.3).

        Raises:
            NoSaError: this side has no ticket of that peer that is still good.
        """
        ticket = self._tickets.held.pop(remote.address, None)
        if ticket is None or ticket.expires < now:
            raise NoSaError(f"no ticket of {remote.address}")
        association = self._associate(Role.INITIATOR, self._link(remote), now, IkeSessionResume)
        assert isinstance(association.init, IkeSessionResume)
        association.init.ticket = ticket
        return self._begin(association, now)

    def _with(self, address: str) -> Association:
        found = [a for a in self.sessions if a.usable and a.party.link.remote.address == address]
        if not found:
            raise NoSaError(f"no IKE SA with {address}")
        return found[-1]

    def start_quick(self, remote: Endpoint, now: float, *, replaces: bool = False) -> None:
        """Make a pair of Child SAs; ``replaces`` makes it the successor of the oldest.

        Raises:
            NoSaError: there is no IKE SA with that address, or nothing to replace.
        """
        association = self._with(remote.address)
        purpose = Purpose.REKEY_CHILD if replaces else Purpose.CHILD
        if replaces and not association.sa.children:
            raise NoSaError("no Child SA to replace")
        old = association.sa.children[0] if replaces else None

        def make(message_id: int) -> V2Exchange:
            exchange = CreateChildSa(association.sa, Role.INITIATOR, message_id, purpose)
            exchange.old = old
            return exchange

        self._enqueue(association, make, now)

    def start_rekey_ike(self, remote: Endpoint, now: float) -> None:
        """New keys for the IKE SA itself.

        Raises:
            NoSaError: there is no IKE SA with that address.
        """
        association = self._with(remote.address)
        sa = association.sa
        self._enqueue(association, lambda mid: CreateChildSa(sa, Role.INITIATOR, mid, Purpose.REKEY_IKE), now)

    def start_reauthentication(self, remote: Endpoint, now: float) -> None:
        """A new IKE SA from the beginning, which takes the place of the one there is (RFC 7296 §2.8.3).

        Raises:
            NoSaError: there is no IKE SA with that address.
        """
        old = self._with(remote.address)
        self.start(remote, now).replaces = old

    def start_move(self, remote: Endpoint, address: str, now: float) -> None:
        """Go on from another address of this side (RFC 4555 §3.5).

        Raises:
            NoSaError: there is no IKE SA with the peer, or none that may change addresses.
        """
        association = self._with(remote.address)
        sa = association.sa
        if not sa.mobile or sa.first_role is not Role.INITIATOR:
            raise NoSaError("this side may not change the addresses of the IKE SA")
        self._address = address
        former = leave(sa, address)
        self._enqueue(association, lambda mid: AddressUpdate(sa, mid, former), now)

    def restart(self) -> None:
        """Forget everything, as if the power had gone; nobody is told."""
        for association in self.sessions:
            association.sa.drop("forgotten")
        self.sessions.clear()
        self._outbox.clear()

    def start_dpd(self, remote: Endpoint, now: float) -> None:
        """Ask for a sign of life: an empty request (RFC 7296 §2.4).

        Raises:
            NoSaError: there is no IKE SA with that address.
        """
        self._inform(self._with(remote.address), [], now)

    def start_delete(self, remote: Endpoint, now: float, *, isakmp: bool = False) -> None:
        """Drop the Child SAs, or the IKE SA with everything under it.

        Raises:
            NoSaError: there is no IKE SA with that address.
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

    # ---------------------------------------------------------------- asking

    def _associate(
        self, role: Role, link: Link, now: float, opening: type[Opening] = IkeSaInit
    ) -> Association:
        self._forget_ended()
        self._count += 1
        number = self._count
        entropy = self._entropy if number == 1 else Numbered(self._entropy, number)
        link.now = now
        shared = (self._leases, self._tickets, self._cookies)
        party = V2Party(self.config, self._events.append, entropy, self.role, link, *shared)
        ledger = Ledger(party.emit, entropy, self.role, ike_scope(number) + opening.scope_mark)
        sa = IkeSa(party, role, number, ledger)
        return Association(sa, opening(sa, role))

    def _forget_ended(self) -> None:
        """What is over is kept for a while, as its last answer may have to be repeated."""
        for association in [a for a in self.sessions if a.sa.ended][:-MOST_ENDED]:
            self.sessions.remove(association)

    def _enqueue(self, association: Association, make: Maker, now: float) -> None:
        """One request at a time: the window is one (RFC 7296 §2.3)."""
        association.party.link.now = now
        association.waiting.append(make)
        self._next(association, now)
        self._collect()

    def _next(self, association: Association, now: float) -> None:
        if association.current is not None:
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
        if asking.failed() and not association.sa.up:
            # What it could not ask is what would have brought the SA up.
            association.sa.ended = True
        if not asking.retry:
            association.sa.next_request = asking.message_id + 1
        association.flush(asking)
        asking.set_timer(now)
        self._collect()

    def _collect(self) -> None:
        """Everything that is to be sent, in one place."""
        for association in self.sessions:
            self._outbox.extend(association.outbox)
            association.outbox.clear()
