"""What a scenario asks for and Cisco IOS cannot be told, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.events import Role
from explorer.export.gear.side import Side, kind_of_identity


def limits(this: Side) -> Iterator[str]:
    """Sentences for the top of a configuration."""
    yield from _phase1(this)
    yield from _phase2(this)
    peer = this.peer
    keys = [key for key in (peer.psk, *peer.group_keys.values()) if key is not None]
    if any(" " in key for key in keys):
        yield "A key cannot hold spaces on IOS: a hyphen stands for each here, and must on the other side."
    if any(key.startswith("0x") for key in keys):
        yield "Keys are text on IOS: octets cannot be entered."
    if peer.vendor_ids:
        yield "IOS sends vendor IDs of its own choice: those of the scenario cannot be set."
    if peer.client is not None:
        yield "An Easy VPN client brings its own policies and transform sets: those of the scenario cannot be set."


def _phase1(this: Side) -> Iterator[str]:
    peer = this.peer
    if "hybrid-rsa-sig" in this.methods:
        yield "IOS has no hybrid authentication: rsa-sig stands in for it here, and wants a certificate of both sides."
    if "revised-rsa-encr" in this.methods:
        yield "IOS has one authentication with RSA encryption, not the revised one: rsa-encr stands in for it here."
    if peer.default_policy:
        yield "Policy 65535 (DES, SHA-1, RSA signatures, group 1) is built in: older IOS tries it last of all."
    if peer.lifetime_rule is not None:
        yield f"What is done with a longer life is not configurable: lifetime_rule {peer.lifetime_rule} cannot be set."
    if peer.third_message == "clear":
        yield "Nothing makes IOS send the third message of Aggressive Mode in the clear."
    if peer.rekeys:
        yield f"IOS decides itself when to renew an SA: {peer.rekey_margin} s before its end cannot be set."
    kind, named = kind_of_identity(this.identity), this.aggressive and this.role is Role.INITIATOR
    if peer.client is None and (kind == "keyid" or (kind == "user" and not named)):
        yield f"A router's identity is an address, a host name or a distinguished name: {this.identity} cannot be set."
    if this.role is Role.RESPONDER and "main" not in peer.accepts:
        yield "IOS always answers to Main Mode."


def _phase2(this: Side) -> Iterator[str]:
    peer = this.peer
    if peer.private_group is not None:
        number = peer.private_group.number
        yield f"IOS has no New Group Mode: group {number} and PFS with it are left out."
    if len({proposal.lifetime for proposal in peer.ipsec}) > 1:
        yield "An entry of a crypto map has one lifetime for all its transform sets: that of the first."
