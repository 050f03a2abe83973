"""What an IKEv1 peer is configured with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from explorer.engine.negotiation import LifeRule
from explorer.protocols.ikev1.identity import Identity, identity_text
from explorer.protocols.ikev1.policies import Phase1Policy, Phase2Policy

if TYPE_CHECKING:
    from explorer.crypto.certificate import Certificate
    from explorer.crypto.credential import Credential


@dataclass(frozen=True)
class Client:
    """The user's end of remote access (XAUTH and the configuration method).

    Attributes:
        user: name to log in with.
        password: the password.
        asks: whether it asks for an internal address; otherwise it waits for one to be set, if it ``wants_address``.
        wants_address: client mode; without it the networks behind the client keep their own addresses.
    """

    user: str
    password: str
    asks: bool = True
    wants_address: bool = True


@dataclass(frozen=True)
class Gateway:
    """The gateway's end of remote access.

    Attributes:
        users: password by user name.
        pool: internal addresses to hand out, four octets each.
        netmask: four octets.
        name_server: four octets, or ``b""``.
        pushes: whether it sets the address itself, unasked.
        banner: words for the user, or ``b""``.
    """

    users: Mapping[str, str]
    pool: Sequence[bytes] = ()
    netmask: bytes = bytes((255, 255, 255, 255))
    name_server: bytes = b""
    pushes: bool = False
    banner: bytes = b""


@dataclass(frozen=True)
class PrivateGroup:
    """A Diffie-Hellman group to agree on in New Group Mode; ``prime`` is big-endian octets."""

    number: int
    prime: bytes
    generator: int


@dataclass(frozen=True)
class Config:
    """A peer.

    Attributes:
        address: its own address, in text.
        keys: pre-shared key by the peer's address or, in Aggressive Mode, its identity; ``*`` is for everybody else.
        identity: who it says it is in phase 1.
        phase1: its policies, most preferred first.
        phase2: its proposals, most preferred first; those of one number belong together.
        local: whose packets it protects at its own side.
        remote: whose packets it protects at the peer's side.
        vendor_ids: what it says of its maker in its first message.
        mode: the mode of phase 1 that it begins: ``main`` or ``aggressive``.
        accepts: the modes that it answers to.
        credential: its certificate and private key.
        authorities: whose certificates it trusts.
        peer_certificate: the other side's certificate, which encryption with public keys needs beforehand.
        expects: who the other side must say that it is.
        life_rule: what to do with an offer that lives longer; ``None`` is strict in phase 1, claim in phase 2.
        nat_traversal: whether it looks for NATs and encapsulates ESP in UDP.
        dead_peer_detection: whether it says that it answers R-U-THERE.
        initial_contact: whether it tells that it knows of no older SA.
        clear_last: whether Aggressive Mode's last message goes in the clear, as the RFC's figures show it.
        rekeys: whether it makes new SAs before the old ones end.
        margin: seconds before the end of an SA at which it does so.
        epoch: seconds from 1970 to the moment that the peer's clock calls 0; certificates are checked by it.
    """

    address: str
    keys: Mapping[str, bytes]
    identity: Identity
    phase1: tuple[Phase1Policy, ...]
    phase2: tuple[Phase2Policy, ...]
    local: Identity | None = None
    remote: Identity | None = None
    vendor_ids: tuple[bytes, ...] = ()
    nonce_size: int = 20
    port: int = 500
    natt_port: int = 4500
    mode: str = "main"
    accepts: tuple[str, ...] = ("main", "aggressive")
    credential: Credential | None = None
    authorities: tuple[Certificate, ...] = ()
    peer_certificate: Certificate | None = None
    expects: Identity | None = None
    life_rule: LifeRule | None = None
    nat_traversal: bool = False
    dead_peer_detection: bool = False
    initial_contact: bool = False
    clear_last: bool = False
    rekeys: bool = False
    margin: float = 60.0
    client: Client | None = None
    gateway: Gateway | None = None
    private_groups: tuple[PrivateGroup, ...] = ()
    epoch: float = 0.0

    @property
    def bundles(self) -> list[tuple[Phase2Policy, ...]]:
        """The phase 2 policies, those of one number together."""
        return [tuple(members) for _, members in groupby(self.phase2, key=lambda policy: policy.number)]

    def key_for(self, address: str, identity: bytes | None) -> bytes | None:
        """The pre-shared key: by the peer's identity where it is known, else by its address (RFC 2409 §5.4)."""
        names = [] if identity is None else [identity_text(identity)]
        return next((self.keys[name] for name in (*names, address, "*") if name in self.keys), None)
