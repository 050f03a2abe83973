"""The configuration payload in IKE_AUTH: a client gets an address of the protected network (RFC 7296 §2.19)."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from explorer.engine.refusal import Refusal
from explorer.events import NetworkChanged
from explorer.protocols.ikev2.config import Selector, identity_text
from explorer.protocols.ikev2.parts import Part, notifies_in
from explorer.registry.ikev2 import ConfigAttribute, ConfigType, V2PayloadType
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.wire.attributes import Attribute, VariableAttribute, of_octets
from explorer.wire.ikev2 import V2Configuration
from explorer.wire.ikev2_message import V2Message

if TYPE_CHECKING:
    from explorer.protocols.ikev2.ike_auth import IkeAuth

_C = ConfigAttribute
_CITE = "RFC 7296 §2.19"
EVERYTHING = Selector(bytes(4), b"\xff" * 4)
"""What a client asks for that does not know its address yet."""


def wish(held: bytes) -> Part:
    """CFG_REQUEST: attributes without a value ask for any, with one for this very address (RFC 7296 §3.15.1).

    Args:
        held: the address under the IKE SA that this one is to replace, or ``b""``.
    """
    return _part(ConfigType.REQUEST, (of_octets(_C.IP4_ADDRESS, held), of_octets(_C.IP4_DNS, b"")))


def grant(x: IkeAuth) -> list[Part]:
    """CFG_REPLY, if an address was asked for: it becomes the client's only traffic selector.

    Raises:
        Refusal: no address is left, or this side has none to hand out.
    """
    asked = _said(x.message, ConfigType.REQUEST)
    if _C.IP4_ADDRESS not in asked:
        return []
    config, party = x.party.config, x.party
    address = _kept(x, asked[_C.IP4_ADDRESS]) or party.leases.take(config.address_pool, (x.proven, x.sa.spis[1].hex()))
    if address is None:
        raise Refusal("No internal address is left", "RFC 7296 §3.15.4", V2NotifyType.INTERNAL_ADDRESS_FAILURE)
    x.sa.lease = address
    x.sa.remote = x.maker.remote = Selector(address, address)
    # IDi may be anything where nothing proves it.
    client = identity_text(x.proven) if x.proven else "an unproven peer"
    party.emit(NetworkChanged("route", f"{IPv4Address(address)}/32 through the tunnel to {client}", _CITE))
    given = [of_octets(_C.IP4_ADDRESS, address)]
    if _C.IP4_DNS in asked and config.name_server:
        given.append(of_octets(_C.IP4_DNS, config.name_server))
    return [_part(ConfigType.REPLY, tuple(given))]


def _kept(x: IkeAuth, wanted: bytes) -> bytes | None:
    """The address that a peer has already, if this SA takes the place of the one that it has it under.

    One user may have several machines, and several users no name at all: each SA of theirs gets an address of its own.
    """
    leases, who = x.party.leases, x.proven
    comes_back = x.sa.login is None and V2NotifyType.INITIAL_CONTACT in notifies_in(x.message)
    if comes_back or x.sa.resumed is not None:
        wanted = leases.held_by(who) or b""
    return wanted if who and wanted and leases.share(wanted, who) else None


def take(x: IkeAuth) -> None:
    """The client uses what it was given.

    Raises:
        Refusal: it was given no address.
    """
    given = _said(x.message, ConfigType.REPLY)
    address = given.get(int(_C.IP4_ADDRESS), b"")
    if len(address) != 4:
        raise Refusal("An internal address was asked for, and none has come", "RFC 7296 §2.19")
    x.sa.local = x.maker.local = Selector(address, address)
    x.party.emit(NetworkChanged("internal address", str(IPv4Address(address)), _CITE))
    server = given.get(int(_C.IP4_DNS), b"")
    if len(server) == 4:
        x.party.emit(NetworkChanged("name server", str(IPv4Address(server)), _CITE))


def _part(kind: ConfigType, attributes: tuple[Attribute, ...]) -> Part:
    return Part(f"CP({kind.label})", V2PayloadType.CP, V2Configuration(kind=int(kind), attributes=attributes))


def _said(message: V2Message, kind: ConfigType) -> dict[int, bytes]:
    """Values by attribute; an empty one asks."""
    payload = message.find(V2Configuration)
    if payload is None or payload.kind != kind:
        return {}
    return {a.type: a.value for a in payload.attributes if isinstance(a, VariableAttribute)}
