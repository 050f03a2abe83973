"""A scenario in its own words: what it is about, what is done, and how each peer is set up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from explorer.export.gear import description_v2
from explorer.export.printable import printable
from explorer.lab.scenario import PeerFile, Scenario

_POLICIES = ("policy", "encryption", "hash", "group", "authentication", "lifetime")
_PROPOSALS = ("proposal", "encryption", "hash", "PFS group", "protocol", "lifetime")


def description(scenario: Scenario) -> str:
    """Title, summary and script, then a table of what it offers for each peer."""
    lines = [scenario.title, scenario.summary, ""]
    v2 = scenario.protocol == "ikev2"
    done = description_v2.done(scenario) if v2 else ", ".join(scenario.script)
    lines += _table([("what is done", done), ("how it ends", scenario.goal)])
    nat = scenario.network.nat
    if nat is not None:
        lines.append(f"a NAT with the address {nat.address} stands in front of the {nat.inside}")
    for happening in scenario.network.happenings:
        lines.append(f"the link does to message {happening.message}: {happening.does}")
    for role, peer in (("initiator", scenario.initiator), ("responder", scenario.responder)):
        lines += ["", f"═══ The {role}: {peer.name}", *_table(_about(peer, v2=v2)), ""]
        if v2:
            lines += _table([description_v2.IKE, *description_v2.ike_proposals(peer)])
            lines += ["", *_table([description_v2.CHILD, *description_v2.child_proposals(peer)])]
        else:
            lines += _table([_POLICIES, *_policies(peer)])
            lines += ["", *_table([_PROPOSALS, *_proposals(peer)])]
    return "".join(f"{printable(line.rstrip())}\n" for line in lines)


def _about(peer: PeerFile, *, v2: bool) -> Iterator[tuple[str, str]]:
    """Everything else that is said of a peer; what is not said is left out."""
    yield "address", peer.address
    yield "protects", peer.protects
    for name, value in (
        ("identity", peer.identity),
        ("expects", peer.expects),
        ("pre-shared key", peer.psk),
        ("certificate", peer.certificate),
        ("user", peer.client.user if peer.client is not None else None),
        ("users", ", ".join(peer.gateway.users) if peer.gateway is not None else None),
        ("pool", peer.gateway.pool if peer.gateway is not None else None),
        ("lifetime rule", peer.lifetime_rule),
    ):
        if value is not None:
            yield name, value
    if v2:
        yield from description_v2.about(peer)
    yield from (("group key", f"{name}: {key}") for name, key in peer.group_keys.items())


def _policies(peer: PeerFile) -> Iterator[tuple[str, ...]]:
    for policy in peer.policies:
        group, life = str(policy.group), f"{policy.lifetime} s"
        yield str(policy.priority), policy.encryption, policy.hash, group, policy.authentication, life


def _proposals(peer: PeerFile) -> Iterator[tuple[str, ...]]:
    for number, proposal in enumerate(peer.ipsec, 1):
        group = "none" if proposal.pfs_group is None else str(proposal.pfs_group)
        encryption = "none" if proposal.protocol == "ah" else proposal.encryption
        what = f"{proposal.protocol}, {proposal.mode}"
        yield str(number), encryption, proposal.hash, group, what, f"{proposal.lifetime} s"


def _table(rows: Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]]) -> list[str]:
    """Columns as wide as their widest cell."""
    found = list(rows)
    widths = [max(map(len, column)) for column in zip(*found, strict=True)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in found]
