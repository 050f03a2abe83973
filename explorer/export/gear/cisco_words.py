"""How Cisco IOS names what is offered, and what it says of a mismatch.

No line is made up: a value or a mismatch for which no words are known has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from explorer.events import Comparison, Negotiation, Verdict
from explorer.registry.ipsec import AuthenticationAlgorithm, EncapsulationMode, EspTransformId, IpsecAttribute
from explorer.registry.phase1 import (
    AuthenticationMethod,
    EncryptionAlgorithm,
    HashAlgorithm,
    LifeType,
    Phase1Attribute,
)
from explorer.wire.attributes import Attribute, VariableAttribute
from explorer.wire.payloads import EspTransform, Transform

_REFUSALS = {
    Phase1Attribute.ENCRYPTION: "Encryption algorithm offered does not match policy!",
    Phase1Attribute.KEY_LENGTH: "Proposed key length does not match policy",
    Phase1Attribute.HASH: "Hash algorithm offered does not match policy!",
    Phase1Attribute.GROUP: "Diffie-Hellman group offered does not match policy!",
    Phase1Attribute.AUTHENTICATION: "Authentication method offered does not match policy!",
}
"""In the order in which the gear compares; it stops at the first mismatch."""

_LINES = {kind.label: line for kind, line in _REFUSALS.items()}
_ORDER = {label: place for place, label in enumerate(_LINES)}
_NUMBER = re.compile(r"\d+")
_ODD = ("in two octets", "once")
"""What is wanted of an attribute's form, not of its value: the gear's words for that are not known."""

_ENCRYPTION: dict[int, str] = {
    EncryptionAlgorithm.DES_CBC: "DES-CBC",
    EncryptionAlgorithm.TRIPLE_DES_CBC: "3DES-CBC",
    EncryptionAlgorithm.AES_CBC: "AES-CBC",
}
_HASHES: dict[int, str] = {
    HashAlgorithm.MD5: "MD5",
    HashAlgorithm.SHA1: "SHA",
    HashAlgorithm.SHA2_256: "SHA256",
    HashAlgorithm.SHA2_384: "SHA384",
    HashAlgorithm.SHA2_512: "SHA512",
}
_METHODS: dict[int, str] = {
    AuthenticationMethod.PRE_SHARED_KEY: "pre-share",
    AuthenticationMethod.RSA_SIGNATURES: "RSA sig",
    AuthenticationMethod.XAUTH_INIT_PSK: "XAUTHInitPreShared",
    AuthenticationMethod.XAUTH_INIT_RSA: "XAUTHInitRSA",
}
_ENCAPSULATIONS: dict[int, str] = {
    EncapsulationMode.TUNNEL: "1 (Tunnel)",
    EncapsulationMode.TRANSPORT: "2 (Transport)",
    EncapsulationMode.UDP_TUNNEL: "3 (Tunnel-UDP)",
    EncapsulationMode.UDP_TRANSPORT: "4 (Transport-UDP)",
}
_AUTHENTICATORS: dict[int, tuple[str, str]] = {
    AuthenticationAlgorithm.HMAC_MD5: ("HMAC-MD5", "esp-md5-hmac"),
    AuthenticationAlgorithm.HMAC_SHA1: ("HMAC-SHA", "esp-sha-hmac"),
    AuthenticationAlgorithm.HMAC_SHA2_256: ("HMAC-SHA256", "esp-sha256-hmac"),
    AuthenticationAlgorithm.HMAC_SHA2_384: ("HMAC-SHA384", "esp-sha384-hmac"),
    AuthenticationAlgorithm.HMAC_SHA2_512: ("HMAC-SHA512", "esp-sha512-hmac"),
}
_CIPHERS: dict[tuple[int, int | None], str] = {
    (EspTransformId.DES, None): "esp-des",
    (EspTransformId.TRIPLE_DES, None): "esp-3des",
    (EspTransformId.AES, 128): "esp-aes",
    (EspTransformId.AES, 192): "esp-192-aes",
    (EspTransformId.AES, 256): "esp-256-aes",
}


def refusal_line(verdict: Verdict, protocol: str = "ISAKMP") -> str | None:
    """What the gear says of one mismatch of phase 1; ``None`` where it is none, or no line is known.

    Args:
        protocol: of the negotiation; only phase 1 has lines for single attributes.
    """
    if verdict.ok or protocol != "ISAKMP" or verdict.wanted in _ODD:
        return None
    return _LINES.get(verdict.attribute)


def refused_for(comparison: Comparison) -> Verdict | None:
    """The mismatch at which the gear stops: it holds the group against the policy before the authentication."""
    faults = [verdict for verdict in comparison.verdicts if not verdict.ok]
    return min(faults, key=lambda verdict: _ORDER.get(verdict.attribute, len(_ORDER)), default=None)


def group_by_policy(negotiation: Negotiation) -> list[tuple[str, list[Comparison]]]:
    """The comparisons in their order, under the policy of its own that the party held against the offers."""
    return [(label, list(found)) for label, found in groupby(negotiation.comparisons, lambda c: c.policy)]


# ---------------------------------------------------------------- phase 1


def isakmp_attributes(offer: Transform) -> Iterator[str]:
    """An offered transform of phase 1, an attribute a line."""
    value = offer.value_of
    for said in (
        _said("encryption", _ENCRYPTION, value(Phase1Attribute.ENCRYPTION)),
        _number("keylength of", value(Phase1Attribute.KEY_LENGTH)),
        _said("hash", _HASHES, value(Phase1Attribute.HASH)),
        _number("default group", value(Phase1Attribute.GROUP)),
        _said("auth", _METHODS, value(Phase1Attribute.AUTHENTICATION)),
    ):
        yield from said
    yield from _life(offer, Phase1Attribute.LIFE_TYPE, Phase1Attribute.LIFE_DURATION, "")


def _said(name: str, words: dict[int, str], value: int | None) -> list[str]:
    found = words.get(value) if value is not None else None
    return [f"{name} {found}"] if found is not None else []


def _number(name: str, value: int | None) -> list[str]:
    return [f"{name} {value}"] if value is not None else []


def _life(offer: Transform, type_kind: int, duration_kind: int, prefix: str) -> Iterator[str]:
    """Units and durations come in pairs, one for each unit."""
    for attribute in offer.attributes:
        if attribute.type == type_kind and attribute.number in (LifeType.SECONDS, LifeType.KILOBYTES):
            yield f"{prefix}life type in {LifeType.name_of(attribute.number)}"
        elif attribute.type == duration_kind:
            yield f"{prefix}life duration {duration_words(attribute)}"


def agreed_life(comparison: Comparison) -> int | None:
    """Seconds that an SA of phase 1 made from this offer will live: a longer life is obeyed only where that is said."""
    for verdict in comparison.verdicts:
        if verdict.attribute == Phase1Attribute.LIFE_DURATION.label:
            offered, own = _NUMBER.search(verdict.offered), _NUMBER.search(verdict.wanted)
            lives = [int(found[0]) for found in (offered, own) if found is not None]
            return lives[0] if "obeyed" in verdict.wanted else min(lives, default=None)
    return None


def duration_words(attribute: Attribute) -> str:
    """A duration by its form: two octets of value are *basic*, others are *VPI* and shown octet by octet."""
    if isinstance(attribute, VariableAttribute):
        return f"(VPI) of  {' '.join(f'0x{octet:X}' for octet in attribute.value)}"
    return f"(basic) of {attribute.number}"


# ---------------------------------------------------------------- phase 2


def ipsec_attributes(offer: Transform) -> Iterator[str]:
    """An offered transform of phase 2, an attribute a line."""
    value = offer.value_of
    yield from _said("encaps is", _ENCAPSULATIONS, value(IpsecAttribute.ENCAPSULATION))
    yield from _life(offer, IpsecAttribute.LIFE_TYPE, IpsecAttribute.LIFE_DURATION, "SA ")
    known = _AUTHENTICATORS.get(value(IpsecAttribute.AUTHENTICATION) or 0)
    if known is not None:
        yield f"authenticator is {known[0]}"
    yield from _number("key length is", value(IpsecAttribute.KEY_LENGTH))
    yield from _number("group is", value(IpsecAttribute.GROUP))


def transform_name(offer: Transform) -> str | None:
    """What the gear calls a transform of ESP; its words for AH are not known."""
    known = isinstance(offer, EspTransform) and any(offer.transform_id == kind for kind, _ in _CIPHERS)
    return EspTransformId.name_of(offer.transform_id) if known else None


def transform_set(offer: Transform) -> str | None:
    """An offered transform in the words of ``crypto ipsec transform-set``, as the gear's log writes them."""
    value = offer.value_of
    known = _AUTHENTICATORS.get(value(IpsecAttribute.AUTHENTICATION) or 0)
    cipher = _CIPHERS.get((offer.transform_id, value(IpsecAttribute.KEY_LENGTH)))
    return f"{cipher} {known[1]}" if isinstance(offer, EspTransform) and known and cipher else None
