"""Policies of both phases: how they are offered, and how offers are held against them."""

from __future__ import annotations

from collections.abc import Sequence
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
from explorer.engine.negotiation import LifeRule, Policy
from explorer.registry.ipsec import (
    AhTransformId,
    AuthenticationAlgorithm,
    EncapsulationMode,
    EspTransformId,
    IpsecAttribute,
)
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
from explorer.wire.payloads import AhTransform, EspTransform, IsakmpTransform, Transform

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


def duration(kind: int, seconds: int) -> Attribute:
    """A life duration: two octets if it fits, else four (RFC 2409 Appendix A: variable)."""
    return basic(kind, seconds) if seconds < 0x10000 else variable(kind, seconds)


def told_seconds(attributes: Sequence[Attribute], life_type: int, duration_type: int) -> int:
    """The life in seconds that a notification tells, or 0; types and durations come in pairs, one for each unit."""
    unit = 0
    for attribute in attributes:
        if attribute.type == life_type:
            unit = attribute.number
        elif attribute.type == duration_type and unit == LifeType.SECONDS:
            seconds: int = attribute.number
            return seconds
    return 0


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
        life = duration(Phase1Attribute.LIFE_DURATION, self.lifetime)
        return IsakmpTransform(
            number=number, transform_id=IsakmpTransformId.KEY_IKE, attributes=(*attributes, life)
        )

    @property
    def label(self) -> str:
        """What people call it."""
        return f"policy {self.priority}"

    def policy(self, rule: LifeRule = LifeRule.STRICT) -> Policy:
        """The policy as something to hold offers against."""
        values = {**self._values(), int(Phase1Attribute.LIFE_DURATION): self.lifetime}
        return Policy(
            self.label,
            ProtocolId.ISAKMP,
            IsakmpTransformId.KEY_IKE,
            values,
            Phase1Attribute.LIFE_DURATION,
            Phase1Attribute.LIFE_TYPE,
            ISAKMP_NAMESPACE,
            life_rule=rule,
            assumed_life=self.lifetime,
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
    """One way to protect packets; ``group`` asks for a Diffie-Hellman of its own (PFS).

    Policies of one ``number`` belong together: packets are protected with all of them (RFC 2408 §4.2).
    ``key_length`` is bits, ``lifetime`` seconds, ``protocol`` ESP or AH.
    """

    number: int
    transform_id: int
    key_length: int | None
    integrity: int
    mode: int
    lifetime: int
    group: int | None
    protocol: int = int(ProtocolId.ESP)

    @property
    def label(self) -> str:
        """What people call it."""
        return f"proposal {self.number}"

    @property
    def cipher(self) -> CbcCipher | None:
        """The cipher for packets; AH has none."""
        if self.protocol == ProtocolId.AH:
            return None
        return AES_BY_BITS[self.key_length] if self.key_length is not None else _ESP_CIPHERS[self.transform_id]

    @property
    def integrity_algorithm(self) -> Integrity:
        """What makes the ICV."""
        return INTEGRITY[AuthenticationAlgorithm.name_of(self.integrity)]

    @property
    def keymat_size(self) -> int:
        """Octets of KEYMAT that one SA needs: encryption key, then integrity key."""
        return self.encryption_key_size + self.integrity_algorithm.key_size

    @property
    def encryption_key_size(self) -> int:
        """Octets of key that the cipher needs; none for AH."""
        return self.cipher.key_size if self.cipher is not None else 0

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

    def transform(self, number: int) -> Transform:
        """The policy as an offer."""
        attributes = [
            duration(kind, value) if kind == IpsecAttribute.LIFE_DURATION else basic(kind, value)
            for kind, value in self._values().items()
        ]
        kind = AhTransform if self.protocol == ProtocolId.AH else EspTransform
        return kind(number=number, transform_id=self.transform_id, attributes=tuple(attributes))

    def policy(self, rule: LifeRule = LifeRule.CLAIM) -> Policy:
        """The policy as something to hold offers against."""
        names = AhTransformId if self.protocol == ProtocolId.AH else EspTransformId
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
            self.label,
            self.protocol,
            self.transform_id,
            {int(kind): values[kind] for kind in order if kind in values},
            IpsecAttribute.LIFE_DURATION,
            IpsecAttribute.LIFE_TYPE,
            IPSEC_NAMESPACE,
            names.name_of(self.transform_id),
            life_rule=rule,
            assumed_life=_ASSUMED_LIFE,
        )

    def algorithms(self) -> tuple[tuple[str, str], ...]:
        """What was agreed on, in words."""
        encryption = (("encryption", self.cipher.label),) if self.cipher is not None else ()
        return (
            *encryption,
            ("integrity", self.integrity_algorithm.label),
            ("mode", EncapsulationMode.name_of(self.mode)),
        )
