"""Everything about a scenario that types alone do not say; each complaint names the key and what was expected."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator

from explorer.crypto.groups import SUPPORTED
from explorer.errors import ExplorerError
from explorer.lab.credentials import shipped_authorities, shipped_credentials
from explorer.lab.scenario import IsakmpPolicy, PeerFile, Scenario
from explorer.lab.scenario_build import address, build, identity, pre_shared_key, subnet
from explorer.lab.scenario_build_v2 import build_v2
from explorer.lab.scenario_check_v2 import v2_complaints
from explorer.lab.script import ACTIONS, parse_actions

LIFETIME_LIMIT = 2**32
LONGEST_TEXT = 255
"""Octets of a name, a password or a banner; gear takes no more."""

MOST_VENDOR_IDS = 64
"""With 256 octets each the first message still fits a UDP datagram."""

MOST_TABLES = 255
"""Transforms and proposals are numbered in one octet (RFC 2408 §3.5, §3.6)."""


def complaints(scenario: Scenario) -> Iterator[str]:
    """What is wrong with a scenario, the first thing first."""
    for side, peer in (("initiator", scenario.initiator), ("responder", scenario.responder)):
        yield from (f"{side}.{complaint}" for complaint in _peer_complaints(peer, v2=scenario.protocol == "ikev2"))
    for key, text in (("title", scenario.title), ("short", scenario.short), ("summary", scenario.summary)):
        if not text.isprintable() or not text.strip():
            yield f"{key}: expected one line of printable text"
    if scenario.initiator.address == scenario.responder.address:
        yield "responder.address: expected another address than the initiator's"
    if not 0 <= scenario.seed < 2**64:
        yield "seed: expected a number from 0 to 18446744073709551615"
    if scenario.protocol == "ikev2" and scenario.responder.client is not None:
        # RFC 7296 §2.16: only who begins can leave its AUTH out.
        yield "responder.client: expected of the initiator, who is the one to log in"
    yield from _network_complaints(scenario)
    yield from _script_complaints(scenario.script, scenario.protocol)
    wants_group = any(text.startswith("new group") for text in scenario.script)
    if wants_group and None in (scenario.initiator.private_group, scenario.responder.private_group):
        yield 'script: "new group" expects a private_group of both peers'
    yield from _ability_complaints(scenario)
    if scenario.protocol == "ikev1":
        yield from _login_complaints(scenario)
    yield from _credential_complaints(scenario)


def _ability_complaints(scenario: Scenario) -> Iterator[str]:
    """What is done must be something that both can do (RFC 4555 §3.2, RFC 5723 §4.1)."""
    for action, key in (("move", "mobike"), ("resume", "resumption")):
        if action not in scenario.script:
            continue
        for side, peer in (("initiator", scenario.initiator), ("responder", scenario.responder)):
            if not getattr(peer, key):
                yield f'{side}.{key}: expected true, as the script has "{action}"'
    elsewhere = scenario.initiator.moves_to
    taken = (scenario.initiator.address, scenario.responder.address)
    if "move" in scenario.script and (elsewhere is None or elsewhere in taken):
        yield 'initiator.moves_to: expected an address that nobody has yet, as the script has "move"'


def _network_complaints(scenario: Scenario) -> Iterator[str]:
    network = scenario.network
    if not 0 <= network.latency <= 60:
        yield "network.latency: expected seconds from 0 to 60"
    if network.nat is not None:
        yield from _checked("network.nat.address", network.nat.address, address)
        if network.nat.only is not None:
            yield from _checked("network.nat.only", network.nat.only, address)
    for index, happening in enumerate(network.happenings):
        if happening.message < 1:
            yield f"network.happenings[{index}].message: expected a number from 1, got {happening.message}"
        if not 0 <= happening.seconds <= 3600:
            yield f"network.happenings[{index}].seconds: expected seconds from 0 to 3600"


_OTHERS = {"ikev1": ("rekey ike", "reauthenticate", "restart", "move", "resume"), "ikev2": ("new group",)}
"""Actions that a protocol does not have."""


def _script_complaints(script: list[str], protocol: str) -> Iterator[str]:
    if not script or script[0] != "phase 1":
        yield 'script: expected "phase 1" first'
    for index, text in enumerate(script):
        actions = parse_actions(text)
        if actions is None:
            yield f"script[{index}]: expected one of {', '.join(ACTIONS)}, or two with “and”, got {text!r}"
        elif any(action.what in _OTHERS[protocol] for action in actions):
            yield f"script[{index}]: {protocol} does not have {text!r}"


def _credential_complaints(scenario: Scenario) -> Iterator[str]:
    """Certificates of one's own are read once here, so that a run never meets one that cannot be."""
    shipped = {*shipped_credentials(), *shipped_authorities()}
    for side, peer in (("initiator", scenario.initiator), ("responder", scenario.responder)):
        # What is shipped can be read, and reading takes time; but a key for Ed25519 does not suit everybody.
        suits = scenario.protocol == "ikev2" and peer.proves == "signature"
        named = (peer.certificate, peer.peer_certificate)
        doubtful = not suits and any(name is not None and name.endswith("-ed25519") for name in named)
        names = {name for name in (peer.certificate, peer.peer_certificate, *peer.trusts) if name}
        if names <= shipped and not doubtful:
            continue
        try:
            (build_v2 if scenario.protocol == "ikev2" else build)(scenario, peer)
        except ExplorerError as error:
            yield f"{side}: {error}"


def _checked(key: str, text: str, check: Callable[[str], object]) -> Iterator[str]:
    try:
        check(text)
    except ValueError as error:
        yield f"{key}: {error}"


def _peer_complaints(peer: PeerFile, *, v2: bool) -> Iterator[str]:
    if not peer.name.isprintable() or not 1 <= len(peer.name) <= 14:
        yield "name: expected 1 to 14 printable characters"
    yield from _checked("address", peer.address, address)
    yield from _checked("host", peer.host, address)
    yield from _checked("protects", peer.protects, subnet)
    if peer.peer_protects is not None:
        yield from _checked("peer_protects", peer.peer_protects, subnet)
    if peer.moves_to is not None:
        yield from _checked("moves_to", peer.moves_to, address)
    for index, text in enumerate(peer.other_addresses):
        yield from _checked(f"other_addresses[{index}]", text, address)
    yield from _key_complaints(peer)
    yield from _checked("identity", peer.address if peer.identity is None else peer.identity, identity)
    if peer.expects is not None:
        yield from _checked("expects", peer.expects, identity)
    yield from (v2_complaints(peer) if v2 else _table_complaints(peer))
    yield from _extra_complaints(peer)
    yield from _text_complaints(peer)
    if not v2 and peer.gateway is not None and not peer.gateway.users:
        yield "gateway.users: expected at least one"


def _key_complaints(peer: PeerFile) -> Iterator[str]:
    groups = ((f"group_keys.{name}", key) for name, key in peer.group_keys.items())
    for key, text in (("psk", peer.psk), ("ppk", peer.ppk), *groups):
        if text is None:
            continue
        yield from _checked(key, text, pre_shared_key)
        if len(text) > 1024:
            yield f"{key}: expected at most 1024 characters"
    wants_key = any("pre-share" in policy.authentication for policy in peer.isakmp)
    if wants_key and peer.psk is None and not peer.group_keys:
        yield "psk: expected a pre-shared key, as a policy authenticates with one"


def _text_complaints(peer: PeerFile) -> Iterator[str]:
    """Texts that an attribute of a message has to hold."""
    texts = []
    if peer.client is not None:
        texts += [("client.user", peer.client.user), ("client.password", peer.client.password)]
    if peer.gateway is not None:
        texts += [("gateway.banner", peer.gateway.banner)]
        texts += [("gateway.users", part) for both in peer.gateway.users.items() for part in both]
    for key, text in texts:
        if _octets(text) > LONGEST_TEXT:
            yield f"{key}: expected at most {LONGEST_TEXT} octets, got {_octets(text)}"


def _octets(text: str) -> int:
    return len(text.encode())


def _login_complaints(scenario: Scenario) -> Iterator[str]:
    """With XAUTH the initiator is the user, and somebody has to ask for the login."""
    if any(map(_wants_login, scenario.initiator.isakmp)) and scenario.initiator.client is None:
        yield "initiator.client: expected, as a policy wants a login"
    if any(map(_wants_login, scenario.responder.isakmp)) and scenario.responder.gateway is None:
        yield "responder.gateway: expected, as a policy wants a login"


def _wants_login(policy: IsakmpPolicy) -> bool:
    return policy.authentication.startswith(("xauth", "hybrid"))


def _table_complaints(peer: PeerFile) -> Iterator[str]:
    if len(peer.vendor_ids) > MOST_VENDOR_IDS:
        yield f"vendor_ids: expected at most {MOST_VENDOR_IDS}, got {len(peer.vendor_ids)}"
    for index, text in enumerate(peer.vendor_ids):
        if not 1 <= len(text.encode()) <= 256:
            yield f"vendor_ids[{index}]: expected 1 to 256 octets"
    for key, tables in (("isakmp", len(peer.policies)), ("ipsec", len(peer.ipsec))):
        if not 1 <= tables <= MOST_TABLES:
            yield f"{key}: expected 1 to {MOST_TABLES} tables, got {tables}"
            return
    if not _is_inside(peer.host, peer.protects):
        yield f"host: expected an address inside {peer.protects}, got {peer.host}"
    for index, policy in enumerate(peer.isakmp):
        yield from (f"isakmp[{index}].{complaint}" for complaint in _numbers_of(policy.group, policy.lifetime, "group"))
        if not 0 < policy.priority < 65536:
            yield f"isakmp[{index}].priority: expected a number from 1 to 65535, got {policy.priority}"
    if len({policy.priority for policy in peer.policies}) < len(peer.policies):
        yield "isakmp: expected every policy to have a priority of its own"
    private = peer.private_group.number if peer.private_group is not None else SUPPORTED[0]
    for index, proposal in enumerate(peer.ipsec):
        group = SUPPORTED[0] if proposal.pfs_group in (None, private) else proposal.pfs_group
        yield from (
            f"ipsec[{index}].{complaint}" for complaint in _numbers_of(group, proposal.lifetime, "pfs_group")
        )
    if len({proposal.pfs_group for proposal in peer.ipsec}) > 1:
        # One KE payload serves the whole Quick Mode, so every offer names its group (RFC 2409 §5.5).
        yield "ipsec: expected the same pfs_group in every table"


def _extra_complaints(peer: PeerFile) -> Iterator[str]:
    for policy in peer.policies:
        needs = "sig" in policy.authentication or "encr" in policy.authentication
        user_only = policy.authentication == "hybrid-rsa-sig" and peer.client is not None
        if needs and peer.certificate is None and not user_only and policy.priority != 65535:
            yield f"certificate: expected one, as policy {policy.priority} authenticates with {policy.authentication}"
        if "encr" in policy.authentication and peer.peer_certificate is None:
            yield "peer_certificate: expected one, as encryption with a public key needs it beforehand"
    if peer.gateway is not None:
        if peer.gateway.pool is not None:
            yield from _checked("gateway.pool", peer.gateway.pool, subnet)
        if peer.gateway.name_server is not None:
            yield from _checked("gateway.name_server", peer.gateway.name_server, address)
    if not 0 <= peer.rekey_margin < LIFETIME_LIMIT:
        yield "rekey_margin: expected seconds, 0 or more"
    if peer.private_group is not None:
        yield from _group_complaints(peer.private_group.number, peer.private_group.prime, peer.private_group.generator)


def _group_complaints(number: int, prime: str, generator: int) -> Iterator[str]:
    if not 32768 <= number < 65536:
        yield f"private_group.number: expected 32768 to 65535 (RFC 2409 Appendix A), got {number}"
    try:
        octets = bytes.fromhex(prime)
    except ValueError:
        yield "private_group.prime: expected pairs of hex digits"
        return
    if not 64 <= len(octets) <= 1024 or not octets[0] or not octets[-1] & 1:
        yield "private_group.prime: expected an odd number of 64 to 1024 octets"
    if not 1 < generator < 65536:
        yield "private_group.generator: expected a number from 2 to 65535"


def _numbers_of(group: int, lifetime: int, group_key: str) -> Iterator[str]:
    if group not in SUPPORTED:
        yield f"{group_key}: expected one of {', '.join(map(str, SUPPORTED))}, got {group}"
    if not 0 < lifetime < LIFETIME_LIMIT:
        yield f"lifetime: expected seconds from 1 to {LIFETIME_LIMIT - 1}, got {lifetime}"


def _is_inside(host: str, network: str) -> bool:
    try:
        return ipaddress.IPv4Address(host) in ipaddress.IPv4Network(network)
    except ValueError:
        return True
