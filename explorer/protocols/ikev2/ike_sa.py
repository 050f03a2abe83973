"""One IKE SA at one peer: its keys, its Message IDs, and the Child SAs under it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from explorer.crypto.term import Term
from explorer.engine.ledger import Ledger
from explorer.events import Role, SaEnded, SaSnapshot
from explorer.protocols.ikev2.config import Selector
from explorer.protocols.ikev2.keys import IKE_SA, IkeKeys, ike_scope
from explorer.protocols.ikev2.party import V2Party
from explorer.protocols.ikev2.protection import Keys, direction
from explorer.protocols.ikev2.suites import Suite
from explorer.registry.ikev2 import V2Flag
from explorer.registry.ikev2_notify import V2NotifyType

if TYPE_CHECKING:
    from explorer.protocols.ikev2.eap_auth import EapRun


@dataclass
class Child:
    """A pair of Child SAs.

    Attributes:
        inbound: SPI that this side has chosen.
        outbound: SPI that the other side has chosen.
        suite: its algorithms.
        local, remote: whose packets it is for.
        rekeying: whether a successor is being made.
    """

    scope: str
    inbound: Term
    outbound: Term
    suite: Suite
    local: Selector
    remote: Selector
    expires: float
    rekeying: bool = False


class Resumed(NamedTuple):
    """The former IKE SA that this one continues (RFC 5723 §4.3.3).

    Attributes:
        spis: its SPIs.
        IDi, IDr: bodies of both identities.
        who: body of the identity that the peer had proven, which after a login is another than IDi.
    """

    spis: tuple[bytes, bytes]
    IDi: bytes
    IDr: bytes
    who: bytes


@dataclass
class IkeSa:
    """State that both exchanges and the peer need.

    Attributes:
        role: this side's role in the SA: who began it, or the rekeying that made it, is its initiator.
        number: which IKE SA of the run it is, from 1, or which one its first predecessor was.
        generation: how often it was rekeyed.
        up: whether the peer is proven.
        next_request: Message ID of this side's next request.
        expected: Message ID of the other side's next request.
        local, remote: whose packets it is for, where an internal address has taken the place of what is configured.
        lease: the internal address that this side has handed out, or ``b""``.
        peer_identity: body of the identity that the peer has proven.
        peer_hashes: numbers of the hashes that the peer can check signatures with (RFC 7427 §4).
        int_auth: what IKE_INTERMEDIATE adds to the octets that AUTH covers, by side (RFC 9242 §3.3.2).
        exchanged: how many additional key exchanges are done; nobody is proven before all are (RFC 9370 §2.2.2).
        login: the login by EAP that goes on between the first and the last pair of IKE_AUTH (RFC 7296 §2.16).
        resumed: which former IKE SA a ticket has brought it from, or ``None``.
        renewed: whether a successor has taken its place, or it may still turn out to be one of two.
        heir: a successor that the other side has made while this side is making one.
        successor: the one that rekeying has put in its place.
        proven_as: SPIs of the IKE SA under which the peer was proven, if rekeying has made this one since.
        first_role: this side's role in the first of all IKE SAs that have replaced one another.
    """

    party: V2Party
    role: Role
    number: int
    ledger: Ledger
    generation: int = 0
    up: bool = False
    ended: bool = False
    next_request: int = 0
    expected: int = 0
    expires: float | None = None
    children: list[Child] = field(default_factory=list)
    peer_supports: set[int] = field(default_factory=set)
    local: Selector | None = None
    remote: Selector | None = None
    lease: bytes = b""
    peer_identity: bytes = b""
    peer_hashes: frozenset[int] = frozenset()
    int_auth: dict[str, Term] = field(default_factory=dict)
    exchanged: int = 0
    login: EapRun | None = None
    resumed: Resumed | None = None
    renewed: bool = False
    heir: IkeSa | None = None
    successor: IkeSa | None = None
    proven_as: tuple[bytes, bytes] | None = None
    first_role: Role = field(init=False)
    _secured: tuple[Suite, IkeKeys] | None = None

    def __post_init__(self) -> None:
        self.first_role = self.role

    @property
    def secured(self) -> bool:
        """Whether there are keys, be the peer proven or not."""
        return self._secured is not None

    def secure(self, suite: Suite, keys: IkeKeys) -> None:
        """From now on these algorithms and keys protect what is sent."""
        self._secured = suite, keys

    @property
    def suite(self) -> Suite:
        """The algorithms of an SA that is secured."""
        assert self._secured is not None
        return self._secured[0]

    @property
    def keys(self) -> IkeKeys:
        """The keys of an SA that is secured."""
        assert self._secured is not None
        return self._secured[1]

    @property
    def spis(self) -> tuple[bytes, bytes]:
        """Both SPIs; eight zeros while there is none."""
        found = [self.ledger.find(symbol) for symbol in ("SPIi", "SPIr")]
        i, r = (term.octets if term is not None else bytes(8) for term in found)
        return i, r

    @property
    def origin(self) -> tuple[bytes, bytes]:
        """SPIs of the IKE SA under which the peer was proven: what tickets are for."""
        return self.proven_as or self.spis

    @property
    def mixes_ppk(self) -> bool:
        """Whether both sides have said that they have a further secret (RFC 8784 §3)."""
        return self.party.config.ppk is not None and V2NotifyType.USE_PPK in self.peer_supports

    @property
    def takes_fragments(self) -> bool:
        """Whether both sides have said that they can put fragments together (RFC 7383 §2.3)."""
        return bool(self.party.config.fragment_size) and V2NotifyType.FRAGMENTATION_SUPPORTED in self.peer_supports

    @property
    def mobile(self) -> bool:
        """Whether both sides have said that addresses may change (RFC 4555 §3.2)."""
        return self.party.config.mobike and V2NotifyType.MOBIKE_SUPPORTED in self.peer_supports

    def owner(self, role: Role) -> str:
        """The party that has a role of this SA."""
        return str(self.party.role if role is self.role else self.party.role.other)

    @property
    def successor_scope(self) -> str:
        """Scope of the IKE SA that rekeying makes of this one."""
        return f"{ike_scope(self.number)}, rekey {self.generation + 1}"

    @property
    def suffix(self) -> str:
        """What tells scopes under this SA from those under the first."""
        return self.ledger.scope.removeprefix(IKE_SA)

    def flags(self, *, response: bool) -> int:
        """The I flag says who began the SA, the R flag that this is an answer (RFC 7296 §2.2)."""
        flags = int(V2Flag.INITIATOR) if self.role is Role.INITIATOR else 0
        return flags | (int(V2Flag.RESPONSE) if response else 0)

    def sealing_keys(self, *, own: bool) -> Keys:
        """The keys of one direction: this side's, or the other's."""
        return direction(self.keys, initiators=(self.role is Role.INITIATOR) is own)

    def snapshot(self) -> SaSnapshot:
        """The SA as views present it."""
        uses = {
            "derive": self.keys.SK_d,
            "integrity, initiator": self.keys.SK_ai,
            "integrity, responder": self.keys.SK_ar,
            "encrypt, initiator": self.keys.SK_ei,
            "encrypt, responder": self.keys.SK_er,
            "salt, initiator": self.keys.salt_ei,
            "salt, responder": self.keys.salt_er,
            "prove, initiator": self.keys.SK_pi,
            "prove, responder": self.keys.SK_pr,
        }
        keys = tuple((use, term) for use, term in uses.items() if term is not None)
        spis = (self.ledger["SPIi"], self.ledger["SPIr"])
        return SaSnapshot("IKE", "both", spis, self.suite.algorithms(), keys, self.party.config.lifetime)

    def hand_over(self, new: IkeSa) -> None:
        """Child SAs and the internal address go with the successor that stays (RFC 7296 §2.18, §2.8.2)."""
        new.children += self.children
        new.lease, self.lease, self.children = self.lease, b"", []
        new.renewed, self.renewed = False, True
        self.successor, self.heir = new, None

    @property
    def standing(self) -> IkeSa:
        """The last of those that rekeying has put in its place, or itself."""
        sa = self
        while sa.successor is not None:
            sa = sa.successor
        return sa

    def drop(self, how: str) -> None:
        """The SA and everything under it is gone, unless it has a successor."""
        if self.ended:
            return
        if self.heir is not None and not self.heir.ended:
            self.hand_over(self.heir)
        self.ended = True
        self.party.leases.give_back(self.lease)
        if how == "deleted" and not self.renewed:
            # What somebody has ended on purpose does not come back from a ticket (RFC 5723 §4.3.4).
            self.party.tickets.forget(self.origin)
        for child in list(self.children):
            self.drop_child(child, how)
        if self.up:
            self.party.emit(SaEnded("IKE", self.ledger["SPIi"], how))

    def drop_child(self, child: Child, how: str) -> None:
        """A pair of Child SAs is gone."""
        self.children.remove(child)
        for spi in (child.inbound, child.outbound):
            self.party.emit(SaEnded("ESP", spi, how))
