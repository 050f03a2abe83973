"""From a scenario's words to the peers' configurations."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from explorer.crypto.credential import Credential
from explorer.engine.negotiation import LifeRule
from explorer.errors import ExplorerError
from explorer.lab.clock import EPOCH
from explorer.lab.scenario import GatewayFile, IpsecProposal, IsakmpPolicy, PeerFile, Scenario
from explorer.protocols.ikev1.config import Client, Config, Gateway, PrivateGroup
from explorer.protocols.ikev1.identity import Identity
from explorer.protocols.ikev1.policies import Phase1Policy, Phase2Policy
from explorer.registry.ipsec import (
    AhTransformId,
    AuthenticationAlgorithm,
    EncapsulationMode,
    EspTransformId,
    IdType,
)
from explorer.registry.isakmp import ProtocolId
from explorer.registry.phase1 import AuthenticationMethod, EncryptionAlgorithm, HashAlgorithm

if TYPE_CHECKING:
    from explorer.crypto.certificate import Certificate

_ENCRYPTION = {
    "des": (EncryptionAlgorithm.DES_CBC, EspTransformId.DES, None),
    "3des": (EncryptionAlgorithm.TRIPLE_DES_CBC, EspTransformId.TRIPLE_DES, None),
    "aes-128": (EncryptionAlgorithm.AES_CBC, EspTransformId.AES, 128),
    "aes-192": (EncryptionAlgorithm.AES_CBC, EspTransformId.AES, 192),
    "aes-256": (EncryptionAlgorithm.AES_CBC, EspTransformId.AES, 256),
}
_HASHES = {
    "md5": (HashAlgorithm.MD5, AuthenticationAlgorithm.HMAC_MD5, AhTransformId.MD5),
    "sha1": (HashAlgorithm.SHA1, AuthenticationAlgorithm.HMAC_SHA1, AhTransformId.SHA),
    "sha256": (HashAlgorithm.SHA2_256, AuthenticationAlgorithm.HMAC_SHA2_256, AhTransformId.SHA2_256),
    "sha384": (HashAlgorithm.SHA2_384, AuthenticationAlgorithm.HMAC_SHA2_384, AhTransformId.SHA2_384),
    "sha512": (HashAlgorithm.SHA2_512, AuthenticationAlgorithm.HMAC_SHA2_512, AhTransformId.SHA2_512),
}
_MODES = {"tunnel": EncapsulationMode.TUNNEL, "transport": EncapsulationMode.TRANSPORT}
METHODS = {
    "pre-share": AuthenticationMethod.PRE_SHARED_KEY,
    "rsa-sig": AuthenticationMethod.RSA_SIGNATURES,
    "ecdsa-sig": AuthenticationMethod.ECDSA_256,
    "rsa-encr": AuthenticationMethod.RSA_ENCRYPTION,
    "revised-rsa-encr": AuthenticationMethod.REVISED_RSA_ENCRYPTION,
    "xauth-pre-share": AuthenticationMethod.XAUTH_INIT_PSK,
    "xauth-rsa-sig": AuthenticationMethod.XAUTH_INIT_RSA,
    "hybrid-rsa-sig": AuthenticationMethod.HYBRID_INIT_RSA,
}


def build(scenario: Scenario, peer: PeerFile) -> Config:
    """One peer of a scenario, ready to run.

    Raises:
        ExplorerError: a certificate cannot be read, or has a key that IKEv1 has no use for.
    """
    other = scenario.responder if peer is scenario.initiator else scenario.initiator
    return Config(
        address=peer.address,
        keys=_keys(scenario, peer, other),
        identity=identity(peer.identity or peer.address),
        phase1=tuple(_isakmp(policy) for policy in peer.policies),
        phase2=tuple(part for number, proposal in enumerate(peer.ipsec, 1) for part in _ipsec(proposal, number)),
        local=None if _is_transport(peer) else subnet(peer.protects),
        remote=None if _is_transport(peer) else subnet(peer.peer_protects or other.protects),
        vendor_ids=tuple(text.encode() for text in peer.vendor_ids),
        mode=peer.mode,
        accepts=tuple(peer.accepts),
        credential=_credential(peer.certificate),
        authorities=_authorities(peer),
        peer_certificate=_peer_certificate(peer.peer_certificate),
        expects=identity(peer.expects) if peer.expects is not None else None,
        life_rule=LifeRule(peer.lifetime_rule) if peer.lifetime_rule is not None else None,
        nat_traversal=peer.nat_traversal,
        dead_peer_detection=peer.dead_peer_detection,
        initial_contact=peer.initial_contact,
        clear_last=peer.third_message == "clear",
        rekeys=peer.rekeys,
        margin=float(peer.rekey_margin),
        client=_client(peer),
        gateway=_gateway(peer),
        private_groups=_private_groups(peer),
        epoch=EPOCH,
    )


def outside_address(scenario: Scenario, peer: PeerFile) -> str:
    """The address under which the other peer knows this one: the NAT's, if it stands behind one."""
    nat, side = scenario.network.nat, "initiator" if peer is scenario.initiator else "responder"
    hidden = nat is not None and nat.inside == side and nat.only in (None, peer.address)
    return nat.address if nat is not None and hidden else peer.address


def _keys(scenario: Scenario, peer: PeerFile, other: PeerFile) -> dict[str, bytes]:
    keys = {name: pre_shared_key(text) for name, text in peer.group_keys.items()}
    if peer.psk is not None:
        keys[outside_address(scenario, other)] = pre_shared_key(peer.psk)
    return keys


def _isakmp(policy: IsakmpPolicy) -> Phase1Policy:
    """``crypto isakmp policy`` in the protocol's numbers."""
    encryption, _, bits = _ENCRYPTION[policy.encryption]
    method, function = int(METHODS[policy.authentication]), int(_HASHES[policy.hash][0])
    return Phase1Policy(policy.priority, int(encryption), bits, function, method, policy.group, policy.lifetime)


def _ipsec(proposal: IpsecProposal, number: int) -> list[Phase2Policy]:
    """``crypto ipsec transform-set`` in the protocol's numbers: one policy for each protocol of it."""
    _, transform, bits = _ENCRYPTION[proposal.encryption]
    _, integrity, ah = _HASHES[proposal.hash]
    mode, life, group = int(_MODES[proposal.mode]), proposal.lifetime, proposal.pfs_group
    found = []
    if "ah" in proposal.protocol:
        found.append(
            Phase2Policy(number, int(ah), None, int(integrity), mode, life, group, int(ProtocolId.AH))
        )
    if "esp" in proposal.protocol:
        found.append(Phase2Policy(number, int(transform), bits, int(integrity), mode, life, group))
    return found


def _is_transport(peer: PeerFile) -> bool:
    """Transport mode protects the peers' own packets, so no networks are named."""
    return all(proposal.mode == "transport" for proposal in peer.ipsec)


def _client(peer: PeerFile) -> Client | None:
    file = peer.client
    if file is None:
        return None
    return Client(file.user, file.password, asks=file.asks, wants_address=file.mode == "client")


def address_pool(file: GatewayFile) -> list[bytes]:
    """What a gateway hands out: 256 addresses at most."""
    if file.pool is None:
        return []
    network = ipaddress.IPv4Network(file.pool)
    first, last = int(network[0]), int(network[-1])
    if network.num_addresses > 2:
        first, last = first + 1, last - 1  # neither the network's own address nor that for all its hosts
    return [number.to_bytes(4, "big") for number in range(first, min(last, first + 255) + 1)]


def _gateway(peer: PeerFile) -> Gateway | None:
    file = peer.gateway
    if file is None:
        return None
    network = ipaddress.IPv4Network(file.pool) if file.pool is not None else None
    mask = network.netmask.packed if network is not None else bytes((255, 255, 255, 255))
    server = ipaddress.IPv4Address(file.name_server).packed if file.name_server is not None else b""
    return Gateway(file.users, address_pool(file), mask, server, file.pushes, file.banner.encode())


def _private_groups(peer: PeerFile) -> tuple[PrivateGroup, ...]:
    file = peer.private_group
    return () if file is None else (PrivateGroup(file.number, bytes.fromhex(file.prime), file.generator),)


# ---------------------------------------------------------------- certificates


@cache
def credential(name: str | None) -> Credential | None:
    """A certificate with its key, by the name that a scenario has for it."""
    if name is None:
        return None
    from explorer.lab.credentials import load_credential

    return load_credential(name)


def _credential(name: str | None) -> Credential | None:
    """One that IKEv1 can use."""
    held = credential(name)
    if held is None:
        return None
    from explorer.crypto.ed25519 import Ed25519PrivateKey

    if isinstance(held.key, Ed25519PrivateKey):
        raise ExplorerError(f"{name}: expected a certificate for RSA or ECDSA, as IKEv1 cannot sign with Ed25519")
    return held


def _peer_certificate(name: str | None) -> Certificate | None:
    """One whose key IKEv1 can use."""
    from explorer.crypto.ed25519 import Ed25519Key

    held = _certificate(name)
    if held is not None and isinstance(held.public_key, Ed25519Key):
        raise ExplorerError(f"{name}: expected a certificate for RSA or ECDSA, as IKEv1 has no use for Ed25519")
    return held


@cache
def _certificate(name: str | None) -> Certificate | None:
    if name is None:
        return None
    from explorer.lab.credentials import load_certificate

    return load_certificate(name)


def _authorities(peer: PeerFile) -> tuple[Certificate, ...]:
    """Only who needs certificates reads them: that takes time."""
    if not any("sig" in policy.authentication for policy in peer.policies):
        return ()
    return authorities(peer.trusts)


def authorities(names: Sequence[str]) -> tuple[Certificate, ...]:
    """Those who may certify, by the names that a scenario has for them."""
    return tuple(_authority(name) for name in names)


@cache
def _authority(name: str) -> Certificate:
    from explorer.lab.credentials import load_authority

    return load_authority(name)


# ---------------------------------------------------------------- single values


def address(text: str) -> bytes:
    """Four octets.

    Raises:
        ValueError: it is no IPv4 address.
    """
    try:
        return ipaddress.IPv4Address(text).packed
    except ValueError as error:
        raise ValueError(f"expected an IPv4 address, got {text!r}") from error


def subnet(text: str) -> Identity:
    """A network as an identity.

    Raises:
        ValueError: it is no IPv4 network.
    """
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError as error:
        raise ValueError(f"expected an IPv4 network such as 192.168.1.0/24, got {text!r}") from error
    return Identity(int(IdType.IPV4_ADDR_SUBNET), network.network_address.packed + network.netmask.packed)


def identity(text: str) -> Identity:
    """An address, a host name, ``user@host`` or ``keyid:name`` as an identity.

    Raises:
        ValueError: it is none of these.
    """
    try:
        return Identity(int(IdType.IPV4_ADDR), ipaddress.IPv4Address(text).packed)
    except ValueError:
        pass
    if not text.isascii() or not text or not text.isprintable() or len(text) > 255:
        raise ValueError("expected an address, a host name or user@host of at most 255 ASCII characters")
    if text.startswith("keyid:"):
        return Identity(int(IdType.KEY_ID), text.removeprefix("keyid:").encode("ascii"))
    kind = IdType.USER_FQDN if "@" in text else IdType.FQDN
    return Identity(int(kind), text.encode("ascii"))


def pre_shared_key(text: str) -> bytes:
    """Text as UTF-8, or octets after ``0x``.

    Raises:
        ValueError: it is empty, or no hex.
    """
    if text.startswith("0x"):
        try:
            key = bytes.fromhex(text[2:])
        except ValueError as error:
            raise ValueError("expected pairs of hex digits after 0x") from error
    else:
        key = text.encode()
    if not key:
        raise ValueError("expected a key that is not empty")
    return key
