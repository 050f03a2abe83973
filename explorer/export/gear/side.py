"""One peer of a scenario as the person who configures it sees it."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from explorer.events import Role
from explorer.lab.scenario import PeerFile, Scenario
from explorer.lab.scenario_build import outside_address


class Side(NamedTuple):
    """A peer, and what it knows of the other one."""

    scenario: Scenario
    role: Role
    peer: PeerFile
    other: PeerFile

    @property
    def far(self) -> str:
        """The address under which this side reaches the other."""
        return outside_address(self.scenario, self.other)

    @property
    def far_network(self) -> str:
        """What this side believes that the other protects."""
        return self.peer.peer_protects or self.other.protects

    @property
    def identity(self) -> str:
        """What this side calls itself."""
        return self.peer.identity or self.peer.address

    @property
    def far_identity(self) -> str:
        """What the other side calls itself."""
        return self.other.identity or self.other.address

    @property
    def transport(self) -> bool:
        """Whether the peers protect their own packets and no networks."""
        return all(proposal.mode == "transport" for proposal in self.peer.ipsec)

    @property
    def aggressive(self) -> bool:
        """Whether phase 1 is to run in three messages: the initiator wants it, and a responder takes it."""
        if self.role is Role.INITIATOR:
            return self.peer.mode == "aggressive"
        return self.other.mode == "aggressive" and "aggressive" in self.peer.accepts

    @property
    def methods(self) -> list[str]:
        """The ways of authentication, in order of priority."""
        return list(dict.fromkeys(policy.authentication for policy in self.peer.policies))


def side(scenario: Scenario, role: Role) -> Side:
    """One peer of a scenario."""
    pair = scenario.initiator, scenario.responder
    peer, other = pair if role is Role.INITIATOR else reversed(pair)
    return Side(scenario, role, peer, other)


def kind_of_identity(text: str) -> str:
    """``address``, ``host``, ``user`` or ``keyid``."""
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return "keyid" if text.startswith("keyid:") else "user" if "@" in text else "host"
    return "address"
