"""How strongSwan's charon names algorithms, messages and identities; all seen in logs of charon 5.9.8."""

from __future__ import annotations

import ipaddress

from explorer.events import Comparison, Verdict
from explorer.registry.ipsec import AhTransformId, AuthenticationAlgorithm, EspTransformId, IdType, IpsecAttribute
from explorer.registry.isakmp import ExchangeType
from explorer.registry.number import Number
from explorer.registry.phase1 import EncryptionAlgorithm, Group, HashAlgorithm, Phase1Attribute
from explorer.wire.attributes import basic
from explorer.wire.payloads import AhTransform, EspTransform, IsakmpTransform, Transform

_GROUPS: dict[int, str] = {
    Group.MODP_768: "MODP_768",
    Group.MODP_1024: "MODP_1024",
    Group.MODP_1536: "MODP_1536",
    Group.MODP_2048: "MODP_2048",
    Group.MODP_3072: "MODP_3072",
    Group.MODP_4096: "MODP_4096",
    Group.MODP_6144: "MODP_6144",
    Group.MODP_8192: "MODP_8192",
}
_IKE_CIPHERS: dict[int, str] = {
    EncryptionAlgorithm.DES_CBC: "DES_CBC",
    EncryptionAlgorithm.TRIPLE_DES_CBC: "3DES_CBC",
    EncryptionAlgorithm.AES_CBC: "AES_CBC",
}
_ESP_CIPHERS: dict[int, str] = {
    EspTransformId.DES: "DES_CBC",
    EspTransformId.TRIPLE_DES: "3DES_CBC",
    EspTransformId.AES: "AES_CBC",
}
_HASHES: dict[int, tuple[str, str]] = {
    HashAlgorithm.MD5: ("HMAC_MD5_96", "PRF_HMAC_MD5"),
    HashAlgorithm.SHA1: ("HMAC_SHA1_96", "PRF_HMAC_SHA1"),
    HashAlgorithm.SHA2_256: ("HMAC_SHA2_256_128", "PRF_HMAC_SHA2_256"),
    HashAlgorithm.SHA2_384: ("HMAC_SHA2_384_192", "PRF_HMAC_SHA2_384"),
    HashAlgorithm.SHA2_512: ("HMAC_SHA2_512_256", "PRF_HMAC_SHA2_512"),
}
_INTEGRITY: dict[int, str] = {
    AuthenticationAlgorithm.HMAC_MD5: "HMAC_MD5_96",
    AuthenticationAlgorithm.HMAC_SHA1: "HMAC_SHA1_96",
    AuthenticationAlgorithm.HMAC_SHA2_256: "HMAC_SHA2_256_128",
    AuthenticationAlgorithm.HMAC_SHA2_384: "HMAC_SHA2_384_192",
    AuthenticationAlgorithm.HMAC_SHA2_512: "HMAC_SHA2_512_256",
}
_PHASE_1: dict[int, type[Number]] = {
    Phase1Attribute.ENCRYPTION: EncryptionAlgorithm,
    Phase1Attribute.KEY_LENGTH: Number,
    Phase1Attribute.HASH: HashAlgorithm,
    Phase1Attribute.GROUP: Group,
}
_PHASE_2: dict[int, type[Number]] = {
    IpsecAttribute.AUTHENTICATION: AuthenticationAlgorithm,
    IpsecAttribute.KEY_LENGTH: Number,
    IpsecAttribute.GROUP: Group,
}
_TRANSFORMS: dict[type[Transform], type[Number]] = {EspTransform: EspTransformId, AhTransform: AhTransformId}
EXCHANGES: dict[int, str] = {
    ExchangeType.IDENTITY_PROTECTION: "ID_PROT",
    ExchangeType.AGGRESSIVE: "AGGRESSIVE",
    ExchangeType.INFORMATIONAL: "INFORMATIONAL_V1",
    ExchangeType.TRANSACTION: "TRANSACTION",
    ExchangeType.QUICK_MODE: "QUICK_MODE",
}
_MISSING = (
    ("ENCRYPTION_ALGORITHM", ("Encryption algorithm", "Key length")),
    ("INTEGRITY_ALGORITHM", ("Hash algorithm", "Authentication algorithm")),
    ("KEY_EXCHANGE_METHOD", ("Group description",)),
)
"""Kinds of algorithms in the order in which charon looks for them, and the attributes that say them."""


def proposal(offer: Transform) -> str | None:
    """A transform as charon writes it, such as ``IKE:AES_CBC_128/…``; ``None`` if it has a word for part of it only."""
    value = offer.value_of
    if isinstance(offer, IsakmpTransform):
        cipher = _sized(_IKE_CIPHERS.get(value(Phase1Attribute.ENCRYPTION) or 0), value(Phase1Attribute.KEY_LENGTH))
        function = _HASHES.get(value(Phase1Attribute.HASH) or 0)
        group = _GROUPS.get(value(Phase1Attribute.GROUP) or 0)
        return f"IKE:{cipher}/{function[0]}/{function[1]}/{group}" if cipher and function and group else None
    integrity, group_number = _INTEGRITY.get(value(IpsecAttribute.AUTHENTICATION) or 0), value(IpsecAttribute.GROUP)
    if integrity is None or (group_number is not None and group_number not in _GROUPS):
        return None
    tail = f"{integrity}/{_GROUPS[group_number]}/NO_EXT_SEQ" if group_number is not None else f"{integrity}/NO_EXT_SEQ"
    if isinstance(offer, AhTransform):
        return f"AH:{tail}"
    cipher = _sized(_ESP_CIPHERS.get(offer.transform_id), value(IpsecAttribute.KEY_LENGTH))
    return f"ESP:{cipher}/{tail}" if isinstance(offer, EspTransform) and cipher else None


def _sized(cipher: str | None, bits: int | None) -> str | None:
    return f"{cipher}_{bits}" if cipher is not None and bits is not None else cipher


def refusal_line(comparison: Comparison) -> str | None:
    """What charon says of an offer that does not fit; ``None`` where it compares nothing of the kind.

    Neither the way of authentication nor lifetimes are part of a proposal for charon.
    """
    faults = {_attribute(verdict) for verdict in comparison.verdicts if not verdict.ok}
    for kind, attributes in _MISSING:
        if faults.intersection(attributes):
            return f"no acceptable {kind} found"
    return None


def _attribute(verdict: Verdict) -> str:
    """A transform of phase 2 names the cipher of ESP or the hash of AH; of two protocols nothing can be compared."""
    if verdict.attribute != "Transform":
        return verdict.attribute
    protocols = {text.partition("_")[0] for text in (verdict.offered, verdict.wanted)}
    return "Encryption algorithm" if protocols == {"ESP"} else "Hash algorithm" if protocols == {"AH"} else ""


def uncompared(comparison: Comparison) -> str:
    """What speaks against an offer, in words: for what charon would not have looked at."""
    return ", ".join(verdict.attribute.lower() for verdict in comparison.verdicts if not verdict.ok)


def wanted(comparison: Comparison) -> str | None:
    """The policy of a comparison as charon writes a proposal: every attribute that it wants stands in a verdict."""
    texts = {verdict.attribute: verdict.wanted for verdict in comparison.verdicts}
    kind = type(comparison.offer)
    types, values = (Phase1Attribute, _PHASE_1) if kind is IsakmpTransform else (IpsecAttribute, _PHASE_2)
    attributes = [
        basic(member, number)
        for member in types
        for number in [_number(values.get(member), texts.get(member.label, ""))]
        if number is not None
    ]
    transform_id = 1 if kind is IsakmpTransform else _number(_TRANSFORMS.get(kind), texts.get("Transform", ""))
    if transform_id is None:
        return None
    return proposal(kind(number=1, transform_id=transform_id, attributes=tuple(attributes)))


def _number(registry: type[Number] | None, text: str) -> int | None:
    if registry is None:
        return None
    if registry is Number:
        return int(text) if text.isdigit() else None
    return next((int(member) for member in registry if member.label == text), None)


def identity(body: bytes) -> str | None:
    """The body of an Identification payload as charon writes it, or ``None`` for kinds that are not met here."""
    kind, data = body[0], body[4:]
    if kind == IdType.IPV4_ADDR and len(data) == 4:
        return str(ipaddress.IPv4Address(data))
    if kind in (IdType.FQDN, IdType.USER_FQDN, IdType.KEY_ID):
        return data.decode("utf-8", "replace")
    return None


def selector(body: bytes) -> str | None:
    """The body of an Identification payload of Quick Mode as charon writes it."""
    kind, data = body[0], body[4:]
    if kind == IdType.IPV4_ADDR and len(data) == 4:
        return f"{ipaddress.IPv4Address(data)}/32"
    if kind == IdType.IPV4_ADDR_SUBNET and len(data) == 8:
        address, mask = ipaddress.IPv4Address(data[:4]), ipaddress.IPv4Address(data[4:])
        try:
            return str(ipaddress.IPv4Network(f"{address}/{mask}", strict=False))
        except ValueError:
            # Octets of a mask may be anything; only a row of ones in front makes a network.
            return None
    return None
