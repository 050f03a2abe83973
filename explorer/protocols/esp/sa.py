"""An IPsec SA as the endpoint uses it: what every packet needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from explorer.crypto.algorithms import CIPHERS, INTEGRITY, CbcCipher, Integrity
from explorer.crypto.term import Term
from explorer.events import Binding, SaSnapshot
from explorer.octets import Buffer, Span
from explorer.registry.ip import IpProtocol
from explorer.registry.ipsec import EncapsulationMode

_TRANSPORT = {EncapsulationMode.TRANSPORT.label, EncapsulationMode.UDP_TRANSPORT.label}

Learn = Callable[[Term], Term]


class IpsecSa(NamedTuple):
    """One direction of one protocol.

    ``scope`` is that of the Quick Mode that made it, which SAs of one bundle share; AH has no cipher.
    """

    protocol: int
    scope: str
    spi: Term
    integrity: Integrity
    integrity_key: Term
    cipher: CbcCipher | None
    encryption_key: Term | None
    transport: bool

    @classmethod
    def of(cls, snapshot: SaSnapshot) -> IpsecSa:
        """The SA that an exchange has installed."""
        words, keys = dict(snapshot.algorithms), dict(snapshot.keys)
        return cls(
            int(IpProtocol.ESP if snapshot.protocol == "ESP" else IpProtocol.AH),
            snapshot.spis[0].scope,
            snapshot.spis[0],
            INTEGRITY[words["integrity"]],
            keys["integrity"],
            CIPHERS[words["encryption"]] if "encryption" in words else None,
            keys.get("encryption"),
            words["mode"] in _TRANSPORT,
        )


def packet_scope(sa: IpsecSa, sequence: int) -> str:
    """Scope of the terms of one packet."""
    name = "ESP" if sa.protocol == IpProtocol.ESP else "AH"
    return f"{name} {sa.spi.octets.hex()} {sequence}"


def bind_run(buffer: Buffer, at: int, terms: Sequence[Term]) -> list[Binding]:
    """Terms that follow one another from ``at``."""
    bindings = []
    for term in terms:
        bindings.append(Binding(term, Span(buffer, at, at + len(term.octets))))
        at += len(term.octets)
    return bindings
