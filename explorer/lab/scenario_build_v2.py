"""From a scenario's words to an IKEv2 peer's configuration."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from explorer.crypto.credential import Credential
from explorer.errors import ExplorerError
from explorer.lab.clock import EPOCH
from explorer.lab.scenario import ChildProposal, GatewayFile, IkeProposal, PeerFile, Scenario
from explorer.lab.scenario_build import address_pool, authorities, credential, pre_shared_key
from explorer.protocols.ikev2.config import Ppk, Selector, V2Config, V2Gateway, V2Identity, V2Login
from explorer.protocols.ikev2.suites import Choice, Offer
from explorer.registry.ikev2 import V2IdType, V2ProtocolId
from explorer.registry.ikev2_transforms import EncryptionId, EsnId, IntegrityId, KeyExchangeId, PrfId, TransformType
from explorer.registry.number import Number

_T = TransformType


def _words(registry: type[Number], prefix: str) -> dict[str, int]:
    """Registered names as a scenario writes them: ``hmac-sha2-256`` for PRF_HMAC_SHA2_256."""
    return {member.label.removeprefix(prefix).replace("_", "-").lower(): int(member) for member in registry}


PRF_WORDS = _words(PrfId, "PRF_")
INTEGRITY_WORDS = _words(IntegrityId, "AUTH_")
KEY_EXCHANGE_WORDS = _words(KeyExchangeId, "")
_CIPHERS = _words(EncryptionId, "ENCR_")
_SIZED = ("aes-cbc", "aes-ctr", "aes-ccm-8", "aes-ccm-12", "aes-ccm-16", "aes-gcm-8", "aes-gcm-12", "aes-gcm-16")
ENCRYPTION_WORDS: dict[str, tuple[int, int | None]] = {
    **{f"{name}-{bits}": (_CIPHERS[name], bits) for name in _SIZED for bits in (128, 192, 256)},
    "3des": (_CIPHERS["3des"], None),
    "chacha20-poly1305": (_CIPHERS["chacha20-poly1305"], None),
}


def build_v2(scenario: Scenario, peer: PeerFile) -> V2Config:
    """One peer of a scenario, ready to run.

    Raises:
        ExplorerError: a certificate cannot be read, or its key is for another way of proving than the peer has.
    """
    other = scenario.responder if peer is scenario.initiator else scenario.initiator
    keys = {name: pre_shared_key(text) for name, text in peer.group_keys.items()}
    if peer.psk is not None:
        keys["*"] = pre_shared_key(peer.psk)
    return V2Config(
        address=peer.address,
        keys=keys,
        identity=V2Identity(int(V2IdType.NULL), b"") if peer.proves == "null" else v2_identity(
            peer.identity or peer.address
        ),
        ike=tuple(_ike(proposal, number) for number, proposal in enumerate(peer.ike, 1)),
        child=tuple(_child(proposal, number) for number, proposal in enumerate(peer.child, 1)),
        local=Selector.network(peer.protects),
        remote=Selector.network(peer.peer_protects or other.protects),
        method=peer.proves,
        accepts_null=peer.accepts_null,
        credential=_credential(peer),
        authorities=authorities(peer.trusts) if any(p.proves != "psk" for p in (peer, other)) else (),
        expects=v2_identity(peer.expects) if peer.expects is not None else None,
        guess=KEY_EXCHANGE_WORDS[peer.guess] if peer.guess is not None else None,
        wants_cookies=peer.wants_cookies,
        childless=peer.childless,
        asks_address=peer.asks_address,
        address_pool=address_pool(peer.gateway) if peer.gateway is not None else (),
        name_server=_server(peer.gateway),
        ppk=Ppk(peer.ppk_name.encode(), pre_shared_key(peer.ppk)) if peer.ppk is not None else None,
        fragment_size=peer.fragment_size,
        initial_contact=peer.initial_contact,
        unknown_payload=peer.unknown_payload,
        version=0x30 if peer.version == "3.0" else 0x20,
        nat_traversal=peer.nat_traversal,
        intermediate=peer.intermediate,
        mobike=peer.mobike,
        resumption=peer.resumption,
        other_addresses=tuple(ipaddress.IPv4Address(text).packed for text in peer.other_addresses),
        epoch=EPOCH,
        login=_login(peer),
        gateway=_gateway(peer),
    )


def _credential(peer: PeerFile) -> Credential | None:
    held = credential(peer.certificate)
    if held is None:
        return None
    from explorer.crypto.ed25519 import Ed25519PrivateKey

    if isinstance(held.key, Ed25519PrivateKey) and peer.proves in ("rsa", "ecdsa"):
        # Ed25519 has no authentication method of its own (RFC 8420 §2).
        raise ExplorerError(f'{peer.certificate}: expected proves = "signature", as the key is for Ed25519')
    return held


def _server(gateway: GatewayFile | None) -> bytes:
    text = gateway.name_server if gateway is not None else None
    return ipaddress.IPv4Address(text).packed if text is not None else b""


def _login(peer: PeerFile) -> V2Login | None:
    if peer.client is None:
        return None
    return V2Login(peer.client.user.encode("utf-8"), peer.client.password.encode("utf-8"))


def _gateway(peer: PeerFile) -> V2Gateway | None:
    file = peer.gateway
    if file is None or not file.users:
        return None
    users = {name.encode("utf-8"): password.encode("utf-8") for name, password in file.users.items()}
    return V2Gateway(users, file.eap, file.asks_identity)


def v2_identity(text: str) -> V2Identity:
    """An address, a host name, ``user@host`` or ``keyid:name`` as an identity."""
    try:
        return V2Identity(int(V2IdType.IPV4_ADDR), ipaddress.IPv4Address(text).packed)
    except ValueError:
        pass
    if text.startswith("keyid:"):
        return V2Identity(int(V2IdType.KEY_ID), text.removeprefix("keyid:").encode("ascii"))
    kind = V2IdType.RFC822_ADDR if "@" in text else V2IdType.FQDN
    return V2Identity(int(kind), text.encode("ascii"))


def _choices(kind: int, words: Sequence[str], numbers: dict[str, int]) -> list[Choice]:
    return [Choice(kind, numbers[word]) for word in words]


def _ike(proposal: IkeProposal, number: int) -> Offer:
    """ENCR, PRF, INTEG, KE, and the additional key exchanges."""
    choices = [Choice(int(_T.ENCR), *ENCRYPTION_WORDS[word]) for word in proposal.encryption]
    choices += _choices(int(_T.PRF), proposal.prf, PRF_WORDS)
    choices += _choices(int(_T.INTEG), proposal.integrity, INTEGRITY_WORDS)
    choices += _choices(int(_T.KE), proposal.key_exchange, KEY_EXCHANGE_WORDS)
    for position, words in enumerate(proposal.additional):
        choices += _choices(int(_T.ADDKE1) + position, words, KEY_EXCHANGE_WORDS)
    return Offer(number, int(V2ProtocolId.IKE), tuple(choices))


def _child(proposal: ChildProposal, number: int) -> Offer:
    """ENCR, INTEG, KE and the length of sequence numbers."""
    choices = [Choice(int(_T.ENCR), *ENCRYPTION_WORDS[word]) for word in proposal.encryption]
    choices += _choices(int(_T.INTEG), proposal.integrity, INTEGRITY_WORDS)
    choices += _choices(int(_T.KE), proposal.key_exchange, KEY_EXCHANGE_WORDS)
    for position, words in enumerate(proposal.additional):
        choices += _choices(int(_T.ADDKE1) + position, words, KEY_EXCHANGE_WORDS)
    choices.append(Choice(int(_T.ESN), int(EsnId.EXTENDED if proposal.esn else EsnId.SHORT)))
    return Offer(number, int(V2ProtocolId.ESP), tuple(choices))

