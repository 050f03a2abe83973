"""One IKE SA at a peer: what it asks under it, and what it has answered (RFC 7296 §2.1, §2.3)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from explorer.events import Datagram, Role
from explorer.protocols.ikev2.create_child import CreateChildSa
from explorer.protocols.ikev2.exchange import V2Exchange
from explorer.protocols.ikev2.followup import IkeFollowupKe
from explorer.protocols.ikev2.ike_sa import IkeSa
from explorer.protocols.ikev2.informational import V2Informational
from explorer.protocols.ikev2.opening import Opening
from explorer.protocols.ikev2.party import V2Party

Maker = Callable[[int], V2Exchange]
"""Makes a request once it is its turn, and so its Message ID, is known."""


class Association:
    """One IKE SA, this side's request under way, and its answers to the other side's requests.

    Attributes:
        collecting: an exchange whose request has come in part.
        unchecked: the peer's last move, while the check of its address has to wait for its turn.
        followed: an exchange of the other side that waits for additional key exchanges.
        replaces: the one that goes once this one stands, after a new authentication.
    """

    def __init__(self, sa: IkeSa, init: Opening | None) -> None:
        self.sa = sa
        self.init = init
        self.asking: V2Exchange | None = init if sa.role is Role.INITIATOR else None
        self.replaces: Association | None = None
        self.collecting: V2Exchange | None = None
        self.unchecked: V2Informational | None = None
        self.followed: CreateChildSa | None = None
        self.answered: dict[bytes, V2Exchange] = {}
        self.waiting: deque[Maker] = deque()
        self.outbox: list[Datagram] = []

    @property
    def party(self) -> V2Party:
        """What its exchanges work with."""
        return self.sa.party

    @property
    def current(self) -> V2Exchange | None:
        """The request that waits for its answer, if one does."""
        return self.asking if self.asking is not None and not self.asking.is_over() else None

    @property
    def making(self) -> CreateChildSa | None:
        """The SA that this side is about to make, if it is."""
        current = self.current.base if isinstance(self.current, IkeFollowupKe) else self.current
        return current if isinstance(current, CreateChildSa) else None

    @property
    def usable(self) -> bool:
        """Whether anything may be negotiated under it: not while it is being deleted."""
        going = isinstance(self.current, V2Informational) and self.current.deletes_ike
        return self.sa.up and not self.sa.ended and not going

    @property
    def busy(self) -> bool:
        """Whether a request of this side waits for its answer, or the SA for its proof."""
        half_open = not self.sa.up and not self.sa.ended and self.sa.secured and self.sa.role is Role.INITIATOR
        return not self.sa.ended and (self.current is not None or half_open or bool(self.waiting))

    @property
    def due(self) -> float | None:
        """When its request has to be sent again; never, once the IKE SA is over."""
        return self.asking.retransmission.due if self.asking is not None and not self.sa.ended else None

    def flush(self, exchange: V2Exchange) -> None:
        """What an exchange has made goes to where the peer is now."""
        self.outbox += [self.party.link.datagram(octets) for octets in exchange.outgoing]
        exchange.outgoing.clear()
