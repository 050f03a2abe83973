"""How a peer of ours that speaks IKEv2 is configured here."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from charon_settings import PSK, authority_of, name
from machine import BEHIND_THEM, BEHIND_US, OURS, THEIRS

from explorer.events import Role
from explorer.lab.credentials import load_authority, load_credential
from explorer.lab.scenario_build_v2 import ENCRYPTION_WORDS, INTEGRITY_WORDS, KEY_EXCHANGE_WORDS, PRF_WORDS
from explorer.protocols.ikev2.config import Selector, V2Config, V2Identity
from explorer.protocols.ikev2.suites import Choice, Offer
from explorer.registry.ikev2 import V2IdType, V2ProtocolId
from explorer.registry.ikev2_transforms import EsnId, TransformType

CURVE = "x25519"
"""The word of the key exchange that is used where a test does not care."""


def _choice(kind: TransformType, word: str) -> Choice:
    words = {
        TransformType.PRF: PRF_WORDS, TransformType.INTEG: INTEGRITY_WORDS, TransformType.KE: KEY_EXCHANGE_WORDS}
    if kind is TransformType.ENCR:
        return Choice(int(kind), *ENCRYPTION_WORDS[word])
    return Choice(int(kind), words[kind][word])


def ike(
    *methods: str, cipher: str = "aes-cbc-128", prf: str = "hmac-sha2-256", integrity: str = "hmac-sha2-256-128"
) -> tuple[Offer]:
    """One proposal for an IKE SA; an authenticating cipher has no integrity algorithm beside it."""
    choices = [_choice(TransformType.ENCR, cipher), _choice(TransformType.PRF, prf)]
    choices += [_choice(TransformType.INTEG, integrity)] if integrity else []
    choices += [_choice(TransformType.KE, method) for method in methods or (CURVE,)]
    return (Offer(1, int(V2ProtocolId.IKE), tuple(choices)),)


def child(*methods: str, cipher: str = "aes-cbc-128", integrity: str = "hmac-sha2-256-128") -> tuple[Offer]:
    """One proposal for Child SAs; ``methods`` are for those that are made later."""
    choices = [_choice(TransformType.ENCR, cipher)]
    choices += [_choice(TransformType.INTEG, integrity)] if integrity else []
    choices += [_choice(TransformType.KE, method) for method in methods]
    choices.append(Choice(int(TransformType.ESN), int(EsnId.SHORT)))
    return (Offer(1, int(V2ProtocolId.ESP), tuple(choices)),)


def named(text: str) -> V2Identity:
    """A host name as an identity."""
    return V2Identity(int(V2IdType.FQDN), text.encode())


def our_v2_config(role: Role, **changes: Any) -> V2Config:
    """A pre-shared key and NAT traversal; ``changes`` replace fields."""
    config = V2Config(
        address=OURS,
        keys={THEIRS: PSK.encode(), name(role.other): PSK.encode()},
        identity=named(name(role)),
        ike=ike(),
        child=child(),
        local=Selector.network(f"{BEHIND_US}/32"),
        remote=Selector.network(f"{BEHIND_THEM}/32"),
        nat_traversal=True,
        # The runner's clock counts from the start of the machine; certificates are checked by the calendar.
        epoch=time.time() - time.monotonic(),
    )
    return replace(config, **changes)


def certified_v2(role: Role, kind: str, method: str) -> dict[str, Any]:
    """What a peer needs to sign and to check signatures."""
    return {
        "method": method,
        "credential": load_credential(f"{role}-{kind}"),
        "authorities": (load_authority(authority_of(kind)),),
        "keys": {},
    }
