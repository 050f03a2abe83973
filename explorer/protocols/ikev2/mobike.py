"""MOBIKE (RFC 4555): an IKE SA and its Child SAs go on from another address."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.crypto.term import Nature, Term
from explorer.engine.refusal import Refusal
from explorer.events import Endpoint, NetworkChanged, Role, TunnelMoved
from explorer.protocols.ikev2.ike_sa import IkeSa
from explorer.protocols.ikev2.informational import V2Informational
from explorer.protocols.ikev2.nat import find_nats, nat_parts, no_nats_parts, take_nats
from explorer.protocols.ikev2.parts import Part, notifies_in, notify
from explorer.registry.ikev2_notify import V2NotifyType

_N = V2NotifyType
_COOKIE_SIZE = 16
"""Octets; 8 to 64 are allowed (RFC 4555 §4.2.5)."""


def leave(sa: IkeSa, address: str) -> tuple[Endpoint, Endpoint]:
    """The original initiator has another address now, and uses it at once (RFC 4555 §3.5); returns the former ends."""
    link = sa.party.link
    former = link.ends
    _go_on(sa, link.local._replace(address=address), link.remote)
    return former


def come_back(sa: IkeSa, former: tuple[Endpoint, Endpoint]) -> None:
    """The responder does not take the new address: IKE and packets go on from where they were."""
    _go_on(sa, *former)


def _go_on(sa: IkeSa, local: Endpoint, remote: Endpoint) -> None:
    link = sa.party.link
    link.follow(local, remote)
    link.moves += 1
    sa.party.emit(NetworkChanged("own address", local.address, "RFC 4555 §3.5"))
    _move_tunnels(sa)


def _move_tunnels(sa: IkeSa) -> None:
    link = sa.party.link
    link.tunnel = None
    sa.party.emit(TunnelMoved(link.local.address, link.remote.address, "RFC 4555 §3.5"))


class AddressUpdate(V2Informational):
    """The initiator tells from where it goes on; the address itself is in the IP header alone."""

    def __init__(self, sa: IkeSa, message_id: int, former: tuple[Endpoint, Endpoint]) -> None:
        super().__init__(sa, Role.INITIATOR, message_id)
        self.former = former
        self._moves = sa.party.link.moves

    @property
    def outdated(self) -> bool:
        """Whether this side has moved once more since, so that the answer means nothing (RFC 4555 §3.5)."""
        return self._moves != self.party.link.moves

    def request(self) -> Sequence[Part]:
        """UPDATE_SA_ADDRESSES, and whether there is a NAT now; or, for who knows of none, that there may be none."""
        self._moves = self.party.link.moves
        looks = self.party.config.nat_traversal
        return [notify(_N.UPDATE_SA_ADDRESSES), *(nat_parts(self) if looks else no_nats_parts(self))]

    def conclude(self) -> None:
        """What the responder sees of this side's new address."""
        self.nats = None if self.outdated else find_nats(self)

    def succeeded(self) -> None:
        """The responder knows."""
        take_nats(self, self.nats)


class RoutabilityCheck(V2Informational):
    """Whether the peer receives what is sent to its new address: only then it can repeat an unknown value."""

    _sent: Term

    def __init__(self, sa: IkeSa, message_id: int, update: V2Informational) -> None:
        super().__init__(sa, Role.INITIATOR, message_id)
        self.nats = update.nats
        self._moves = sa.party.link.moves

    def request(self) -> Sequence[Part]:
        """COOKIE2."""
        self._moves = self.party.link.moves
        self._sent = self.ledger.draw("COOKIE2", _COOKIE_SIZE, "RFC 4555 §3.7", Nature.PUBLIC)
        return [notify(_N.COOKIE2, self._sent.octets, [(self._sent, 4)])]

    def conclude(self) -> None:
        """The same octets must have come back."""
        if _N.COOKIE2 not in notifies_in(self.message):
            raise Refusal("The answer does not hold COOKIE2", "RFC 4555 §3.7")
        received = self.ledger["COOKIE2"]
        self.ledger.verify(self._sent, received, None, "RFC 4555 §3.7", _N.INVALID_SYNTAX)

    def succeeded(self) -> None:
        """Packets go to the new address from now on, if the peer has not moved on meanwhile.

        If it has, the question was perhaps repeated to another address, even if the peer is back at the first: whoever
        answers has received it at one of them (RFC 4555 §3.7).
        """
        if self._moves == self.party.link.moves:
            take_nats(self, self.nats)
            _move_tunnels(self.sa)
