"""How a peer of a scenario would be set up on a router with Cisco IOS."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import PurePath

from explorer.events import Role
from explorer.export.gear.cisco_limits import limits
from explorer.export.gear.cisco_remote import easy_client, easy_server, spaceless
from explorer.export.gear.side import Side, kind_of_identity, side
from explorer.export.printable import printable
from explorer.lab.scenario import IpsecProposal, IsakmpPolicy, Scenario

_ENCRYPTION = {"des": "des", "3des": "3des", "aes-128": "aes", "aes-192": "aes 192", "aes-256": "aes 256"}
_HASHES = {"sha1": "sha"}
_METHODS = {
    "pre-share": "pre-share",
    "xauth-pre-share": "pre-share",
    "rsa-sig": "rsa-sig",
    "xauth-rsa-sig": "rsa-sig",
    "hybrid-rsa-sig": "rsa-sig",
    "ecdsa-sig": "ecdsa-sig",
    "rsa-encr": "rsa-encr",
    "revised-rsa-encr": "rsa-encr",
}
_GROUPS = range(1, 32768)
_LIST = 101


def cisco_config(scenario: Scenario, role: Role) -> str:
    """The lines that one peer's running configuration would have; what IOS cannot do is said in comments at its top."""
    this = side(scenario, role)
    lines = [f"! The {role}, {this.peer.name}: {scenario.title}"]
    lines += [f"! {text}" for text in limits(this)]
    for part in _parts(this):
        found = list(part)
        lines += ["!", *found] if found else []
    lines += ["!", "end"]
    return "".join(f"{printable(line)}\n" for line in lines)


def _parts(this: Side) -> Iterator[Iterator[str]]:
    yield _names(this)
    yield _certificates(this)
    if this.peer.client is not None:
        yield easy_client(this)
        return
    yield _policies(this)
    yield _keys(this)
    yield _habits(this)
    if this.peer.gateway is not None:
        yield easy_server(this)
    yield _transform_sets(this)
    yield _access_list(this)
    yield _crypto_map(this)
    yield _interface(this)


def _names(this: Side) -> Iterator[str]:
    """A router is called what it calls itself."""
    if kind_of_identity(this.identity) == "host":
        name, _, domain = this.identity.partition(".")
        yield f"hostname {name}"
        if domain:
            yield f"ip domain-name {domain}"


def _certificates(this: Side) -> Iterator[str]:
    if not any("sig" in method for method in this.methods):
        return
    mine = PurePath(this.peer.certificate).stem if this.peer.certificate is not None else None
    for trusted in this.peer.trusts:
        name = PurePath(trusted).stem
        yield f"crypto pki trustpoint {name}"
        yield " enrollment terminal pem"
        yield " revocation-check none"
        if mine is not None:
            yield f" {'eckeypair' if 'ecdsa-sig' in this.methods else 'rsakeypair'} {mine}"
        yield f"! crypto pki authenticate {name}: paste {name}.pem"
    if mine is not None and this.peer.trusts:
        yield f"! crypto pki import {PurePath(this.peer.trusts[0]).stem} pem terminal: paste {mine}.pem and {mine}.key"


# ---------------------------------------------------------------- phase 1


def _policies(this: Side) -> Iterator[str]:
    for policy in sorted(this.peer.isakmp, key=lambda policy: policy.priority):
        yield from _policy(policy)


def _policy(policy: IsakmpPolicy) -> Iterator[str]:
    yield f"crypto isakmp policy {policy.priority}"
    yield f" encr {_ENCRYPTION[policy.encryption]}"
    yield f" hash {_HASHES.get(policy.hash, policy.hash)}"
    yield f" authentication {_METHODS[policy.authentication]}"
    yield f" group {policy.group}"
    yield f" lifetime {policy.lifetime}"


def _keys(this: Side) -> Iterator[str]:
    peer = this.peer
    if peer.psk is not None and this.aggressive and this.role is Role.INITIATOR:
        yield f"crypto isakmp peer address {this.far}"
        yield f" set aggressive-mode password {spaceless(peer.psk)}"
        yield from _endpoint(this)
    elif peer.psk is not None:
        yield f"crypto isakmp key {spaceless(peer.psk)} address {this.far}"
        if this.aggressive and kind_of_identity(this.far_identity) == "host":
            yield f"crypto isakmp key {spaceless(peer.psk)} hostname {this.far_identity}"
    if any("encr" in method for method in this.methods) and peer.peer_certificate is not None:
        yield from _own_key(this)
        yield "crypto key pubkey-chain rsa"
        yield from _public_key(this, peer.peer_certificate)


def _own_key(this: Side) -> Iterator[str]:
    """What the other side encrypts for."""
    if this.peer.certificate is not None:
        name = PurePath(this.peer.certificate).stem
        yield f"! crypto key import rsa {name} pem terminal: paste the public key of {name}.pem, and {name}.key"


def _endpoint(this: Side) -> Iterator[str]:
    words = {"address": "ipv4-address", "host": "fqdn", "user": "user-fqdn"}
    word = words.get(kind_of_identity(this.identity))
    if word is not None:
        yield f" set aggressive-mode client-endpoint {word} {this.identity}"


def _public_key(this: Side, certificate: str) -> Iterator[str]:
    host = kind_of_identity(this.far_identity) == "host"
    yield f" named-key {this.far_identity}" if host else f" addressed-key {this.far}"
    yield f" ! key-string: the public key of {PurePath(certificate).stem}.pem in hex, then quit"


def _habits(this: Side) -> Iterator[str]:
    peer = this.peer
    yield f"crypto isakmp identity {'hostname' if kind_of_identity(this.identity) == 'host' else 'address'}"
    if peer.dead_peer_detection:
        yield "crypto isakmp keepalive 30 periodic"
    if this.role is Role.RESPONDER and "aggressive" not in peer.accepts:
        yield "crypto isakmp aggressive-mode disable"
    if not peer.nat_traversal:
        yield "no crypto ipsec nat-transparency udp-encapsulation"
    if peer.expects is not None:
        yield "crypto isakmp profile PEER"
        yield from _match(peer.expects)


def _match(expected: str) -> Iterator[str]:
    kind = kind_of_identity(expected)
    if kind == "address":
        yield f" match identity address {expected} 255.255.255.255"
    elif kind == "keyid":
        yield f" match identity group {expected.removeprefix('keyid:')}"
    else:
        yield f" match identity {'user' if kind == 'user' else 'host'} {expected}"


# ---------------------------------------------------------------- phase 2


def _transform_sets(this: Side) -> Iterator[str]:
    for number, proposal in enumerate(this.peer.ipsec, 1):
        yield f"crypto ipsec transform-set SET{number} {' '.join(_transforms(proposal))}"
        yield f" mode {proposal.mode}"


def _transforms(proposal: IpsecProposal) -> Iterator[str]:
    function = _HASHES.get(proposal.hash, proposal.hash)
    if "ah" in proposal.protocol:
        yield f"ah-{function}-hmac"
    if "esp" in proposal.protocol:
        yield f"esp-{_ENCRYPTION[proposal.encryption]}"
        yield f"esp-{function}-hmac"


def _access_list(this: Side) -> Iterator[str]:
    """What is to be protected; a gateway takes that from its clients."""
    if this.peer.gateway is None:
        mine = f"{this.peer.address}/32" if this.transport else this.peer.protects
        theirs = f"{this.far}/32" if this.transport else this.far_network
        yield f"access-list {_LIST} permit ip {_range(mine)} {_range(theirs)}"


def _range(network: str) -> str:
    found = ipaddress.IPv4Network(network)
    if found.prefixlen == found.max_prefixlen:
        return f"host {found.network_address}"
    return f"{found.network_address} {found.hostmask}"


def _crypto_map(this: Side) -> Iterator[str]:
    peer, gateway = this.peer, this.peer.gateway
    yield "crypto dynamic-map CLIENTS 10" if gateway is not None else "crypto map LAB 10 ipsec-isakmp"
    if gateway is None:
        yield f" set peer {this.far}"
    yield f" set transform-set {' '.join(f'SET{number}' for number in range(1, len(peer.ipsec) + 1))}"
    if peer.ipsec[0].pfs_group in _GROUPS:
        yield f" set pfs group{peer.ipsec[0].pfs_group}"
    yield f" set security-association lifetime seconds {peer.ipsec[0].lifetime}"
    if peer.expects is not None and gateway is None:
        yield " set isakmp-profile PEER"
    yield " reverse-route" if gateway is not None else f" match address {_LIST}"
    if gateway is not None:
        yield "crypto map LAB client authentication list USERS"
        yield "crypto map LAB isakmp authorization list GROUPS"
        yield f"crypto map LAB client configuration address {'initiate' if gateway.pushes else 'respond'}"
        yield "crypto map LAB 10 ipsec-isakmp dynamic CLIENTS"


def _interface(this: Side) -> Iterator[str]:
    yield "interface GigabitEthernet0/0"
    yield f" ! the one that has {this.peer.address}"
    yield " crypto map LAB"
