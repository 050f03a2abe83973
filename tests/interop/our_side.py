"""A peer of ours on the wire, and what it has said so far."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any, TypeVar

from charon_settings import PASSWORD, PSK, USER, name
from machine import BEHIND_THEM, BEHIND_US, OURS, THEIRS, Machine
from node import Node

from explorer.events import (
    Datagram,
    Endpoint,
    Event,
    Notified,
    Refused,
    Role,
    SaEnded,
    SaInstalled,
    SaSnapshot,
    Verified,
)
from explorer.lab.credentials import load_authority, load_credential
from explorer.lab.host import Host
from explorer.live.runner import Runner
from explorer.protocols.ikev1.config import Client, Config, Gateway
from explorer.protocols.ikev1.identity import Identity, host_identity
from explorer.protocols.ikev1.policies import Phase1Policy, Phase2Policy
from explorer.protocols.ikev2.config import V2Config
from explorer.protocols.ikev2.peer import Ikev2Peer
from explorer.registry.ipsec import AuthenticationAlgorithm, EncapsulationMode, EspTransformId, IdType
from explorer.registry.phase1 import AuthenticationMethod, EncryptionAlgorithm, Group, HashAlgorithm

PATIENCE = 15.0
"""Seconds; every exchange here takes a fraction of one."""

Kind = TypeVar("Kind", bound=Event)
CLIENT = Client(USER, PASSWORD)
GATEWAY = Gateway({USER: PASSWORD}, pool=(IPv4Address("10.3.0.1").packed,), name_server=IPv4Address("10.2.0.53").packed)


def phase1(method: AuthenticationMethod = AuthenticationMethod.PRE_SHARED_KEY, **changes: Any) -> Phase1Policy:
    """AES-128, SHA-256 and a group of 2048 bits, as charon is told."""
    policy = Phase1Policy(
        10, EncryptionAlgorithm.AES_CBC, 128, HashAlgorithm.SHA2_256, method, Group.MODP_2048, 86400)
    return replace(policy, **changes)


def phase2(**changes: Any) -> Phase2Policy:
    """ESP with AES-128 and HMAC-SHA-256, as charon is told."""
    policy = Phase2Policy(
        1, EspTransformId.AES, 128, AuthenticationAlgorithm.HMAC_SHA2_256, EncapsulationMode.TUNNEL, 3600, None)
    return replace(policy, **changes)


def our_config(role: Role, **changes: Any) -> Config:
    """A pre-shared key, NAT traversal and dead peer detection; ``changes`` replace fields."""
    config = Config(
        address=OURS,
        keys={THEIRS: PSK.encode(), name(role.other): PSK.encode()},
        identity=Identity(int(IdType.FQDN), name(role).encode()),
        phase1=(phase1(),),
        phase2=(phase2(),),
        local=host_identity(IPv4Address(BEHIND_US).packed),
        remote=host_identity(IPv4Address(BEHIND_THEM).packed),
        nat_traversal=True,
        dead_peer_detection=True,
        initial_contact=True,
        # The runner's clock counts from the start of the machine; certificates are checked by the calendar.
        epoch=time.time() - time.monotonic(),
    )
    return replace(config, **changes)


def certified(role: Role, kind: str) -> dict[str, Any]:
    """What a peer needs to sign and to check signatures."""
    return {
        "credential": load_credential(f"{role}-{kind}"),
        "authorities": (load_authority("lab-ca"),),
    }


class OurSide:
    """The peer, its sockets and its events."""

    def __init__(self, role: Role, config: Config | V2Config, machine: Machine) -> None:
        self.there = Endpoint(THEIRS, 500)
        self.events: list[Event] = []
        host = Host(role, config, BEHIND_US, THEIRS, seed=time.monotonic_ns())
        self.peer = host.ike
        self.node = Node(host)
        self._machine = machine
        with machine.our_end():
            self._runner = Runner(self.node, config.address, (config.port, config.natt_port), self.events.append)

    @property
    def v2(self) -> Ikev2Peer:
        """The peer, if it speaks IKEv2."""
        assert isinstance(self.peer, Ikev2Peer)
        return self.peer

    def serve_until(self, condition: Callable[[], bool], patience: float = PATIENCE) -> bool:
        """Let time pass on the wire until something holds."""
        return self._runner.run_until(condition, patience)

    def do(self, action: Callable[[Endpoint, float], object]) -> None:
        """Ask the peer for something, such as ``peer.start``."""
        action(self.there, time.monotonic())

    def move(self, address: str) -> None:
        """Go on from another address."""
        self._machine.address("add", address)
        with self._machine.our_end():
            self._runner.listen(address)
        self.do(lambda there, now: self.v2.start_move(there, address, now))

    def send(self, octets: bytes) -> None:
        """Send what the peer knows nothing of."""
        self._runner._send(Datagram(octets, Endpoint(OURS, 500), self.there))

    def said(self, kind: type[Kind]) -> list[Kind]:
        """Every event of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def installed(self, protocol: str) -> list[SaSnapshot]:
        """The SAs of one protocol, in the order in which they came up."""
        return [event.sa for event in self.said(SaInstalled) if event.sa.protocol == protocol]

    def esp_keys(self) -> dict[str, tuple[bytes, bytes]]:
        """Encryption key, with the salt where there is one, and integrity key by SPI."""
        keys = {}
        for sa in self.installed("ESP"):
            by_use = {use: term.octets for use, term in sa.keys}
            cipher = by_use["encryption"] + by_use.get("salt", b"")
            keys[sa.spis[0].octets.hex()] = cipher, by_use.get("integrity", b"")
        return keys

    def spis(self, direction: str) -> set[str]:
        """The SPIs of one direction that are in use."""
        ended = {event.spi.octets for event in self.said(SaEnded)}
        found = [sa.spis[0].octets for sa in self.installed("ESP") if sa.direction == direction]
        return {spi.hex() for spi in found if spi not in ended}

    def proven(self) -> set[Role]:
        """Whose proofs held."""
        return {event.proves for event in self.said(Verified) if event.proves is not None}

    def told(self) -> list[str]:
        """What the other side notified of that is no matter of course."""
        return [event.notify for event in self.said(Notified)]

    def refused(self) -> list[str]:
        """Why things were turned down."""
        return [event.reason for event in self.said(Refused)]

    def close(self) -> None:
        """Give the ports back."""
        self._runner.close()
