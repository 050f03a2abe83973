"""NAT detection (RFC 7296 §2.23): hashes of addresses and ports, compared with where messages really come from."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING, NamedTuple

from explorer.crypto.algorithms import SHA1
from explorer.crypto.expression import Hash
from explorer.crypto.term import Configured, Term, constant, derive
from explorer.events import Endpoint, NetworkChanged
from explorer.protocols.ikev2.parts import Part, notify
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.wire.ikev2 import V2Notify

if TYPE_CHECKING:
    from explorer.protocols.ikev2.exchange import V2Exchange

_CITE = "RFC 7296 §2.23"
_SOURCE, _DESTINATION = V2NotifyType.NAT_DETECTION_SOURCE_IP, V2NotifyType.NAT_DETECTION_DESTINATION_IP


class Nats(NamedTuple):
    """Where NATs stand: in front of this side, in front of the other."""

    here: bool
    there: bool


def nat_parts(x: V2Exchange) -> list[Part]:
    """SHA-1 of both SPIs, address and port: where this message comes from, where it goes."""
    link, side = x.party.link, x.letter(x.role)
    source = _nat_hash(x, f"NAT_src_{side}", link.local)
    destination = _nat_hash(x, f"NAT_dst_{side}", link.remote)
    return [
        notify(_SOURCE, source.octets, [(source, 4)]),
        notify(_DESTINATION, destination.octets, [(destination, 4)]),
    ]


def _nat_hash(x: V2Exchange, symbol: str, end: Endpoint) -> Term:
    ledger = x.ledger
    place = Term(
        f"IP_{symbol[4:]}",
        IPv4Address(end.address).packed + end.port.to_bytes(2, "big"),
        Configured(_CITE),
        scope=ledger.scope,
    )
    SPIr = ledger.find("SPIr") or constant("0", bytes(8), _CITE)
    ledger.learn(place)
    return ledger.learn(derive(symbol, Hash(SHA1, ledger["SPIi"] | SPIr | place), _CITE, scope=ledger.scope))


def find_nats(x: V2Exchange) -> Nats | None:
    """What the peer says of addresses beside what this side sees; ``None`` where one of them does not look for NATs."""
    told = [p for p in x.message.payloads if isinstance(p, V2Notify)]
    # A peer with several addresses may not know from which of them its message will leave.
    sources = [p.data for p in told if p.notify_type == _SOURCE]
    destinations = [p.data for p in told if p.notify_type == _DESTINATION]
    if not x.party.config.nat_traversal or not sources or not destinations:
        return None
    link, side = x.party.link, x.letter(x.role.other)
    here = _nat_hash(x, f"NAT_dst_{side}", link.local)
    there = _nat_hash(x, f"NAT_src_{side}", link.remote)
    return Nats(here.octets not in destinations, there.octets not in sources)


def no_nats_parts(x: V2Exchange) -> list[Part]:
    """Who does not look for NATs says from where to where its message goes: a change is an attack (RFC 4555 §3.9)."""
    return [notify(V2NotifyType.NO_NATS_ALLOWED, _ends(x.party.link.local, x.party.link.remote))]


def forbidden_nat(x: V2Exchange) -> bool:
    """Whether the peer allows no NAT, and its message comes from somewhere else than it says."""
    kind = V2NotifyType.NO_NATS_ALLOWED
    told = [p.data for p in x.message.payloads if isinstance(p, V2Notify) and p.notify_type == kind]
    return any(data != _ends(x.party.link.remote, x.party.link.local) for data in told)


def _ends(source: Endpoint, destination: Endpoint) -> bytes:
    """Both addresses, then both ports (RFC 4555 §4.2.6)."""
    addresses = IPv4Address(source.address).packed + IPv4Address(destination.address).packed
    return addresses + source.port.to_bytes(2, "big") + destination.port.to_bytes(2, "big")


def take_nats(x: V2Exchange, nats: Nats | None) -> None:
    """From now on ESP goes in UDP, or does so no more; what has changed is told."""
    if nats is None:
        return
    link = x.party.link
    known = Nats(link.nat_here, link.nat_there)
    link.nat_here, link.nat_there = nats
    for was, now, where in zip(known, nats, ("in front of this side", "in front of the peer"), strict=True):
        if now and not was:
            x.party.emit(NetworkChanged("NAT", where, _CITE))
        elif was and not now:
            x.party.emit(NetworkChanged("no NAT any more", where, _CITE))
