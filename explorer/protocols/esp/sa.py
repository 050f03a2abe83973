"""An IPsec SA as the endpoint uses it: what every packet needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from explorer.crypto.ciphers import ENCRYPTIONS, Encryption
from explorer.crypto.prfs import INTEGRITY_FUNCTIONS, IntegrityFunction
from explorer.crypto.term import Term
from explorer.events import Binding, SaSnapshot
from explorer.octets import Buffer, Span
from explorer.registry.ikev2_transforms import EsnId
from explorer.registry.ip import IpProtocol
from explorer.registry.ipsec import EncapsulationMode

_TRANSPORT = {EncapsulationMode.TRANSPORT.label.lower(), EncapsulationMode.UDP_TRANSPORT.label.lower()}
_CUT = {"HMAC-MD5": 96, "HMAC-SHA1": 96, "HMAC-SHA2-256": 128, "HMAC-SHA2-384": 192, "HMAC-SHA2-512": 256}

Learn = Callable[[Term], Term]


class IpsecSa(NamedTuple):
    """One direction of one protocol.

    ``scope`` is that of the Quick Mode that made it, which SAs of one bundle share; AH has no cipher.
    """

    protocol: int
    scope: str
    spi: Term
    integrity: IntegrityFunction | None
    integrity_key: Term | None
    cipher: Encryption | None
    encryption_key: Term | None
    salt: Term | None
    transport: bool
    extended: bool

    @property
    def icv_size(self) -> int:
        """Octets of the integrity check value, whoever makes it."""
        return self.integrity.icv_size if self.integrity is not None else self.cipher.icv_size if self.cipher else 0

    @classmethod
    def of(cls, snapshot: SaSnapshot) -> IpsecSa:
        """The SA that an exchange has installed."""
        words, keys = dict(snapshot.algorithms), dict(snapshot.keys)
        return cls(
            int(IpProtocol.ESP if snapshot.protocol == "ESP" else IpProtocol.AH),
            snapshot.scope,
            snapshot.spis[0],
            _integrity(words["integrity"]) if "integrity" in keys else None,
            keys.get("integrity"),
            ENCRYPTIONS[words["encryption"]] if "encryption" in words else None,
            keys.get("encryption"),
            keys.get("salt"),
            words["mode"].lower() in _TRANSPORT,
            words.get("sequence numbers") == EsnId.EXTENDED.label,
        )


def _integrity(label: str) -> IntegrityFunction:
    """By the name that IKEv1 has for it, or IKEv2."""
    name = label.removeprefix("AUTH_").replace("_", "-")
    return INTEGRITY_FUNCTIONS[f"{name}-{_CUT[name]}" if name in _CUT else name]


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
