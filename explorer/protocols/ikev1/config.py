"""What an IKEv1 peer is configured with, and how that becomes offers and policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from explorer.crypto.algorithms import (
    AES_BY_BITS,
    DES_CBC,
    INTEGRITY,
    MD5,
    SHA1,
    SHA2_256,
    SHA2_384,
    SHA2_512,
    TRIPLE_DES_CBC,
    CbcCipher,
    HashFunction,
    Integrity,
)
from explorer.engine.negotiation import Policy
from explorer.registry.ipsec import AuthenticationAlgorithm, EncapsulationMode, EspTransformId, IdType, IpsecAttribute
from explorer.registry.isakmp import ProtocolId
from explorer.registry.phase1 import (
    AuthenticationMethod,
    EncryptionAlgorithm,
    HashAlgorithm,
    IsakmpTransformId,
    LifeType,
    Phase1Attribute,
)
from explorer.wire.attributes import IPSEC_NAMESPACE, ISAKMP_NAMESPACE, Attribute, basic, variable
from explorer.wire.payloads import EspTransform, IsakmpTransform, Transform

HASHES: dict[int, HashFunction] = {
    HashAlgorithm.MD5: MD5,
    HashAlgorithm.SHA1: SHA1,
    HashAlgorithm.SHA2_256: SHA2_256,
    HashAlgorithm.SHA2_384: SHA2_384,
    HashAlgorithm.SHA2_512: SHA2_512,
}
_CIPHERS: dict[int, CbcCipher] = {
    EncryptionAlgorithm.DES_CBC: DES_CBC,
    EncryptionAlgorithm.TRIPLE_DES_CBC: TRIPLE_DES_CBC,
}
_ESP_CIPHERS: dict[int, CbcCipher] = {EspTransformId.DES: DES_CBC, EspTransformId.TRIPLE_DES: TRIPLE_DES_CBC}


_ASSUMED_LIFE = 28800
"""Seconds that an IPsec SA lives where nobody says so (RFC 2407 §4.5)."""


def _duration(kind: int, seconds: int) -> Attribute:
    """A life duration: two octets if it fits, else four (RFC 2409 Appendix A: variable)."""
    return basic(kind, seconds) if seconds < 0x10000 else variable(kind, seconds)


@dataclass(frozen=True)
class Phase1Policy:
    """One way to protect the negotiation; ``key_length`` is bits, ``lifetime`` seconds."""

    priority: int
    encryption: int
    key_length: int | None
    hash: int
    authentication: int
    group: int
    lifetime: int

    @property
    def cipher(self) -> CbcCipher:
        """The cipher for ISAKMP messages."""
        return AES_BY_BITS[self.key_length] if self.key_length is not None else _CIPHERS[self.encryption]

    @property
    def hash_function(self) -> HashFunction:
        """The hash, and through HMAC the prf."""
        return HASHES[self.hash]

    def _values(self) -> dict[int, int]:
        values: dict[int, int] = {Phase1Attribute.ENCRYPTION: self.encryption}
        if self.key_length is not None:
            values[Phase1Attribute.KEY_LENGTH] = self.key_length
        values[Phase1Attribute.HASH] = self.hash
        values[Phase1Attribute.AUTHENTICATION] = self.authentication
        values[Phase1Attribute.GROUP] = self.group
        values[Phase1Attribute.LIFE_TYPE] = LifeType.SECONDS
        return values

    def transform(self, number: int) -> IsakmpTransform:
        """The policy as an offer."""
        attributes = [basic(kind, value) for kind, value in self._values().items()]
        duration = _duration(Phase1Attribute.LIFE_DURATION, self.lifetime)
        return IsakmpTransform(
            number=number, transform_id=IsakmpTransformId.KEY_IKE, attributes=(*attributes, duration)
        )

    def policy(self) -> Policy:
        """The policy as something to hold offers against."""
        values = {**self._values(), int(Phase1Attribute.LIFE_DURATION): self.lifetime}
        return Policy(
            f"policy {self.priority}",
            ProtocolId.ISAKMP,
            IsakmpTransformId.KEY_IKE,
            values,
            Phase1Attribute.LIFE_DURATION,
            Phase1Attribute.LIFE_TYPE,
            ISAKMP_NAMESPACE,
        )

    def algorithms(self) -> tuple[tuple[str, str], ...]:
        """What was agreed on, in words."""
        return (
            ("encryption", self.cipher.label),
            ("hash", self.hash_function.label),
            ("authentication", AuthenticationMethod.name_of(self.authentication)),
            ("group", ISAKMP_NAMESPACE.say(Phase1Attribute.GROUP, self.group)),
        )


def policy_of(transform: Transform) -> Phase1Policy | None:
    """What a transform on the wire says, or ``None`` where it names algorithms that are not known here."""
    value = transform.value_of
    encryption, function, group = (
        value(kind) for kind in (Phase1Attribute.ENCRYPTION, Phase1Attribute.HASH, Phase1Attribute.GROUP)
    )
    key_length = value(Phase1Attribute.KEY_LENGTH)
    known = key_length in AES_BY_BITS if encryption == EncryptionAlgorithm.AES_CBC else encryption in _CIPHERS
    if encryption is None or group is None or not known or function not in HASHES:
        return None
    return Phase1Policy(
        0,
        encryption,
        key_length if encryption == EncryptionAlgorithm.AES_CBC else None,
        function,
        value(Phase1Attribute.AUTHENTICATION) or 0,
        group,
        0,
    )


@dataclass(frozen=True)
class Phase2Policy:
    """One way to protect packets with ESP; ``group`` asks for a Diffie-Hellman of its own (PFS)."""

    number: int
    transform_id: int
    key_length: int | None
    integrity: int
    mode: int
    lifetime: int
    group: int | None

    @property
    def cipher(self) -> CbcCipher:
        """The cipher for packets."""
        return AES_BY_BITS[self.key_length] if self.key_length is not None else _ESP_CIPHERS[self.transform_id]

    @property
    def integrity_algorithm(self) -> Integrity:
        """What makes the ICV."""
        return INTEGRITY[AuthenticationAlgorithm.name_of(self.integrity)]

    @property
    def keymat_size(self) -> int:
        """Octets of KEYMAT that one SA needs: encryption key, then integrity key."""
        return self.cipher.key_size + self.integrity_algorithm.key_size

    def _values(self) -> dict[int, int]:
        values: dict[int, int] = {IpsecAttribute.LIFE_TYPE: LifeType.SECONDS}
        values[IpsecAttribute.LIFE_DURATION] = self.lifetime
        if self.group is not None:
            values[IpsecAttribute.GROUP] = self.group
        values[IpsecAttribute.ENCAPSULATION] = self.mode
        values[IpsecAttribute.AUTHENTICATION] = self.integrity
        if self.key_length is not None:
            values[IpsecAttribute.KEY_LENGTH] = self.key_length
        return values

    def transform(self, number: int) -> EspTransform:
        """The policy as an offer."""
        attributes = [
            _duration(kind, value) if kind == IpsecAttribute.LIFE_DURATION else basic(kind, value)
            for kind, value in self._values().items()
        ]
        return EspTransform(number=number, transform_id=self.transform_id, attributes=tuple(attributes))

    def policy(self) -> Policy:
        """The policy as something to hold offers against."""
        order = (
            IpsecAttribute.KEY_LENGTH,
            IpsecAttribute.AUTHENTICATION,
            IpsecAttribute.ENCAPSULATION,
            IpsecAttribute.GROUP,
            IpsecAttribute.LIFE_TYPE,
            IpsecAttribute.LIFE_DURATION,
        )
        values = self._values()
        return Policy(
            f"proposal {self.number}",
            ProtocolId.ESP,
            self.transform_id,
            {int(kind): values[kind] for kind in order if kind in values},
            IpsecAttribute.LIFE_DURATION,
            IpsecAttribute.LIFE_TYPE,
            IPSEC_NAMESPACE,
            EspTransformId.name_of(self.transform_id),
            longer_life_is_cut=True,
            assumed_life=_ASSUMED_LIFE,
        )

    def algorithms(self) -> tuple[tuple[str, str], ...]:
        """What was agreed on, in words."""
        return (
            ("encryption", self.cipher.label),
            ("integrity", self.integrity_algorithm.label),
            ("mode", EncapsulationMode.name_of(self.mode)),
        )


@dataclass(frozen=True)
class Identity:
    """The body of an Identification payload without its protocol and port."""

    id_type: int
    data: bytes
    protocol: int = 0
    port: int = 0

    @property
    def body(self) -> bytes:
        """Type, protocol, port and data: what ``IDii_b`` and its relatives stand for."""
        return bytes((self.id_type, self.protocol)) + self.port.to_bytes(2, "big") + self.data


def selector(body: bytes) -> tuple[int, int, bytes, bytes]:
    """Whose packets an Identification body means: protocol, port, first and last address.

    One host may be written as an address, as a network of one, or as a range of one (RFC 2407 §4.6.2),
    so bodies are compared by this; other kinds of identity stand for nothing but their own octets.
    """
    id_type, protocol, port, data = body[0], body[1], int.from_bytes(body[2:4], "big"), body[4:]
    if id_type == IdType.IPV4_ADDR and len(data) == 4:
        return protocol, port, data, data
    if id_type == IdType.IPV4_ADDR_SUBNET and len(data) == 8:
        address, mask = int.from_bytes(data[:4], "big"), int.from_bytes(data[4:], "big")
        first, last = address & mask, address | ~mask & 0xFFFFFFFF
        return protocol, port, first.to_bytes(4, "big"), last.to_bytes(4, "big")
    if id_type == IdType.IPV4_ADDR_RANGE and len(data) == 8:
        return protocol, port, data[:4], data[4:]
    return protocol, port, bytes((id_type,)) + data, b""


@dataclass(frozen=True)
class Config:
    """A peer.

    Attributes:
        address: its own address, in text.
        keys: pre-shared key by the peer's address: Main Mode knows nothing else yet (RFC 2409 §5.4).
        identity: who it says it is in phase 1.
        phase1: its policies, most preferred first.
        phase2: its proposals, most preferred first.
        local: whose packets it protects at its own side.
        remote: whose packets it protects at the peer's side.
        vendor_ids: what it says of its maker in its first message.
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
