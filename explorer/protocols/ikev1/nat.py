"""Finding a NAT (RFC 3947 §3.2): each side sends hashes of the addresses that it sees, the other compares."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from explorer.crypto.term import Configured, Term
from explorer.events import Endpoint, NetworkChanged, Verified
from explorer.protocols.ikev1.keys import nat_hash
from explorer.registry.isakmp import PayloadType

if TYPE_CHECKING:
    from explorer.protocols.ikev1.phase1 import Phase1

_CITE = "RFC 3947 §3.2"


def _place(exchange: Phase1, symbol: str, endpoint: Endpoint) -> Term:
    """Address and port, six octets."""
    octets = IPv4Address(endpoint.address).packed + endpoint.port.to_bytes(2, "big")
    return exchange.ledger.learn(Term(symbol, octets, Configured(_CITE), scope=exchange.ledger.scope))


def _hash(exchange: Phase1, symbol: str, place: Term) -> Term:
    ledger = exchange.ledger
    made = nat_hash(symbol, exchange.policy.hash_function, ledger["CKY-I"], ledger["CKY-R"], place)
    return ledger.learn(made)


def learn_nat_hashes(exchange: Phase1) -> None:
    """The first payload is about where the message goes, the second about where it comes from."""
    link, side = exchange.party.link, exchange.side
    _hash(exchange, f"NAT-D_{side}1", _place(exchange, f"IP_{exchange.other_side}", link.remote))
    _hash(exchange, f"NAT-D_{side}2", _place(exchange, f"IP_{side}", link.local))


def _further_sources(exchange: Phase1) -> Iterator[Term]:
    """A peer that cannot tell by which of its addresses it is heard sends a hash of each (RFC 3947 §3.2)."""
    message, symbol = exchange.message, f"NAT-D_{exchange.other_side}"
    hashes = [index for index, kind in enumerate(message.types) if kind == PayloadType.NAT_D]
    for number, index in enumerate(hashes[2:], 3):
        span = message.body(index)
        yield Term(f"{symbol}{number}", span.octets, span, scope=exchange.ledger.scope)


def check_nat(exchange: Phase1) -> None:
    """Compare the received hashes with this side's own end, and with where the message came from."""
    ledger, link, side = exchange.ledger, exchange.party.link, exchange.other_side
    if not exchange.party.config.nat_traversal or f"NAT-D_{side}1" not in ledger:
        return
    first, second = ledger[f"NAT-D_{side}1"], ledger[f"NAT-D_{side}2"]
    own = _hash(exchange, first.symbol, _place(exchange, f"IP_{exchange.side}", link.local))
    peers = _hash(exchange, second.symbol, _place(exchange, f"IP_{side}", link.remote))
    if peers.octets != second.octets:
        second = next((term for term in _further_sources(exchange) if term.octets == peers.octets), second)
    link.nat_here, link.nat_there = own.octets != first.octets, peers.octets != second.octets
    for expected, received, found, where in (
        (own, first, link.nat_here, "in front of this side"),
        (peers, second, link.nat_there, "in front of the peer"),
    ):
        if found:
            exchange.party.emit(NetworkChanged("NAT", where, _CITE))
        else:
            exchange.party.emit(Verified(expected.symbol, expected, received, None, _CITE))
