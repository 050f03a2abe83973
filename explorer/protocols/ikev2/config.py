"""What an IKEv2 peer is configured with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING

from explorer.protocols.ikev2.suites import Offer
from explorer.registry.ikev2 import V2IdType
from explorer.wire import say

if TYPE_CHECKING:
    from explorer.crypto.certificate import Certificate
    from explorer.crypto.credential import Credential


@dataclass(frozen=True)
class V2Identity:
    """Who somebody is."""

    id_type: int
    data: bytes

    @property
    def body(self) -> bytes:
        """Type, three reserved octets, data: what enters AUTH (RFC 7296 §2.15)."""
        return bytes((self.id_type, 0, 0, 0)) + self.data


def identity_text(body: bytes) -> str:
    """An Identification body as a person would write it."""
    id_type, data = body[0], body[4:]
    if id_type == V2IdType.NULL:
        return "nobody"
    if id_type == V2IdType.IPV4_ADDR and len(data) == 4:
        return str(IPv4Address(data))
    if id_type in (V2IdType.FQDN, V2IdType.RFC822_ADDR, V2IdType.KEY_ID):
        return say.text(data)[1:-1]
    return data.hex()


@dataclass(frozen=True)
class Selector:
    """A range of IPv4 addresses, all protocols and ports."""

    first: bytes
    last: bytes

    @classmethod
    def network(cls, text: str) -> Selector:
        """All addresses of a network."""
        network = IPv4Network(text)
        return cls(network.network_address.packed, network.broadcast_address.packed)

    def narrowed(self, other: Selector) -> Selector | None:
        """What both stand for, or ``None`` if that is nothing (RFC 7296 §2.9)."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Selector(first, last) if first <= last else None

    @property
    def text(self) -> str:
        """As people write it."""
        return f"{IPv4Address(self.first)} to {IPv4Address(self.last)}"


@dataclass(frozen=True)
class Ppk:
    """A post-quantum preshared key, and the name that both sides have for it (RFC 8784 §5.1)."""

    name: bytes
    secret: bytes


@dataclass(frozen=True)
class V2Login:
    """The user's end of a login by EAP; the method is the configuration's."""

    user: bytes
    password: bytes


@dataclass(frozen=True)
class V2Gateway:
    """The server's end of a login by EAP.

    Attributes:
        users: password by user name.
        method: ``eap-mschapv2`` or ``eap-md5``.
        asks_identity: whether it asks for the user's name first, whatever IDi says (RFC 7296 §2.16).
    """

    users: Mapping[bytes, bytes]
    method: str = "eap-mschapv2"
    asks_identity: bool = False


@dataclass(frozen=True)
class V2Config:
    """A peer.

    Attributes:
        address: its own address, in text.
        keys: pre-shared key by the peer's identity or address; ``*`` is for everybody else.
        identity: who it says it is.
        ike: its offers for the IKE SA, most preferred first.
        child: its offers for Child SAs.
        local: whose packets it protects at its own side.
        remote: whose packets it protects at the peer's side.
        method: how it proves itself: ``psk``, ``rsa``, ``ecdsa``, ``signature`` (RFC 7427), ``eap-mschapv2`` or
            ``eap-md5``; with the last two it must be the initiator, and have a ``login``.  Or ``null``: not at all
            (RFC 7619).
        accepts_null: whether it takes a peer that proves nothing about itself.
        login: whom it logs in, and with what password.
        gateway: users that it lets in; an initiator that does not log in is then not proven.
        credential: its certificate and private key.
        authorities: whose certificates it trusts.
        expects: who the other side must say that it is.
        guess: number of the key exchange method that the initiator tries first; its most preferred one without it.
        wants_cookies: whether it keeps no state for an address that has not shown that it can receive.
        childless: whether the initiator makes no Child SA with IKE_AUTH (RFC 6023).
        initial_contact: whether the initiator tells that it knows of no older IKE SA.
        unknown_payload: type of a critical payload that its first message holds, and that nobody knows; or ``None``.
        version: major and minor version in its headers, as the octet has them.
        nat_traversal: whether it looks for NATs.
        mobike: whether its address, or the peer's, may change while an IKE SA stands.
        other_addresses: where it can be reached as well, four octets each; told if addresses may change.
        resumption: whether it asks for tickets to go on with later, or hands them out.
        intermediate: whether it speaks IKE_INTERMEDIATE, which additional key exchanges need.
        ppk: a further secret that is mixed into the keys; then it must be.
        asks_address: whether the initiator asks for an address inside the peer's network.
        address_pool: addresses to hand out, four octets each.
        name_server: what is handed out with them, four octets, or ``b""``.
        fragment_size: octets of the largest datagram that it sends if the peer can take fragments; 0 for any size.
        transport: whether it asks for transport mode.
        lifetime, child_lifetime: seconds after which SAs are renewed; kept to oneself in IKEv2 (RFC 7296 §2.8).
        epoch: seconds from 1970 to the moment that the peer's clock calls 0.
    """

    address: str
    keys: Mapping[str, bytes]
    identity: V2Identity
    ike: tuple[Offer, ...]
    child: tuple[Offer, ...]
    local: Selector
    remote: Selector
    method: str = "psk"
    accepts_null: bool = False
    credential: Credential | None = None
    authorities: Sequence[Certificate] = ()
    expects: V2Identity | None = None
    guess: int | None = None
    wants_cookies: bool = False
    childless: bool = False
    initial_contact: bool = False
    unknown_payload: int | None = None
    version: int = 0x20
    nat_traversal: bool = False
    mobike: bool = False
    resumption: bool = False
    other_addresses: Sequence[bytes] = ()
    intermediate: bool = False
    ppk: Ppk | None = None
    asks_address: bool = False
    address_pool: Sequence[bytes] = ()
    name_server: bytes = b""
    fragment_size: int = 0
    transport: bool = False
    lifetime: int = 14400
    child_lifetime: int = 3600
    nonce_size: int = 32
    port: int = 500
    natt_port: int = 4500
    epoch: float = 0.0
    login: V2Login | None = None
    gateway: V2Gateway | None = None

    def key_for(self, identity: bytes, address: str) -> bytes | None:
        """The pre-shared key, by the peer's identity, then by its address."""
        names = (identity_text(identity), address, "*")
        return next((self.keys[name] for name in names if name in self.keys), None)
