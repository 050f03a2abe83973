"""What a scenario asks for and strongSwan cannot give, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.events import Role
from explorer.export.gear.side import Side

PUBLIC_KEY_ENCRYPTION = ("rsa-encr", "revised-rsa-encr")


def limits(this: Side) -> Iterator[str]:
    """Sentences for the top of a configuration."""
    yield from _phase1(this)
    yield from _phase2(this)
    peer = this.peer
    if this.aggressive and this.role is Role.RESPONDER and any("pre-share" in method for method in this.methods):
        yield (
            "strongswan.conf must say charon-systemd.i_dont_care_about_security_and_use_aggressive_mode_psk = yes"
        )
    if peer.vendor_ids:
        yield "strongSwan sends vendor IDs of its own choice: those of the scenario cannot be set."
    if peer.gateway is not None and peer.gateway.banner:
        yield "A pool of swanctl.conf hands out no banner: it is left out."


def _phase1(this: Side) -> Iterator[str]:
    peer = this.peer
    encrypting = [method for method in this.methods if method in PUBLIC_KEY_ENCRYPTION]
    if encrypting:
        yield (
            f"strongSwan has no authentication with public key encryption ({', '.join(encrypting)}):"
            " signatures stand in for it here."
        )
    if any(policy.encryption == "des" for policy in peer.policies):
        yield "DES is in few builds of strongSwan any more: it may leave out the proposal with it."
    if len(this.methods) > 1:
        yield "A connection has one way of authentication: there is one connection for each."
    if len({policy.lifetime for policy in peer.policies}) > 1:
        yield "A connection has one lifetime for all its proposals: that of the first policy."
    if peer.lifetime_rule is not None:
        yield f"strongSwan does not compare lifetimes: lifetime_rule {peer.lifetime_rule} cannot be set."
    if peer.third_message == "clear":
        yield "Nothing makes strongSwan send the third message of Aggressive Mode in the clear."
    if not peer.rekeys:
        yield "strongSwan makes a new ISAKMP SA in time; this peer of the scenario lets it expire."


def _phase2(this: Side) -> Iterator[str]:
    peer = this.peer
    if peer.private_group is not None:
        yield (
            f"strongSwan has no New Group Mode: group {peer.private_group.number} and PFS with it are left out."
        )
    protocols = {proposal.protocol for proposal in peer.ipsec}
    if len(protocols) > 1 or "ah+esp" in protocols:
        yield "A child of strongSwan offers one protocol, and no bundle of AH and ESP: only ESP is here."
    if peer.peer_protects is not None:
        yield "strongSwan agrees on what both sides' networks have in common: it may accept what the scenario refuses."
    if len({proposal.lifetime for proposal in peer.ipsec}) > 1:
        yield "A child has one lifetime for all its proposals: that of the first."
    if len({proposal.mode for proposal in peer.ipsec}) > 1:
        yield "A child has one mode for all its proposals: tunnel."
