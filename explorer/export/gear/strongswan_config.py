"""How a peer of a scenario would be set up with strongSwan: its swanctl.conf."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from explorer.events import Role
from explorer.export.gear.side import Side, side
from explorer.export.gear.strongswan_limits import PUBLIC_KEY_ENCRYPTION, limits
from explorer.export.gear.swanctl import secret, section, value
from explorer.export.printable import printable
from explorer.lab.scenario import IpsecProposal, IsakmpPolicy, Scenario

_ENCRYPTION = {"des": "des", "3des": "3des", "aes-128": "aes128", "aes-192": "aes192", "aes-256": "aes256"}
_GROUPS = {1: "modp768", 2: "modp1024", 5: "modp1536", 14: "modp2048", 15: "modp3072", 16: "modp4096",
           17: "modp6144", 18: "modp8192"}
_SPARE = 60
"""Seconds by which strongSwan is early with a new SA where the scenario does not say."""


def strongswan_config(scenario: Scenario, role: Role) -> str:
    """The whole swanctl.conf of one peer; what strongSwan cannot do is said in comments at its top."""
    this = side(scenario, role)
    lines = [f"# swanctl.conf of the {role}, {this.peer.name}: {scenario.title}"]
    lines += [f"# {text}" for text in limits(this)]
    lines += [f"# {text}" for text in _files(this)]
    methods = this.methods
    connections = [
        section("lab" if method == methods[0] else f"lab-{method}", _connection(this, method)) for method in methods
    ]
    lines += section("connections", *connections)
    if this.peer.gateway is not None and this.peer.gateway.pool is not None:
        lines += section("pools", _pool(this))
    lines += section("secrets", *_secrets(this))
    return "".join(f"{printable(line)}\n" for line in lines)


def _files(this: Side) -> Iterator[str]:
    """Which files of the scenario belong into which folder beside swanctl.conf."""
    peer, folder = this.peer, "lessons/credentials"
    if not any("sig" in method or method in PUBLIC_KEY_ENCRYPTION for method in this.methods):
        return
    if peer.certificate is not None:
        where = "" if peer.certificate.endswith(".pem") else f", from {folder}"
        name = _file(peer.certificate)
        yield f"Files: x509/{name}, private/{PurePath(name).with_suffix('.key')}{where}"
    for trusted in peer.trusts:
        where = "" if trusted.endswith(".pem") else f", from {folder}"
        yield f"Files: x509ca/{_file(trusted)}{where}"


def _file(name: str) -> str:
    return PurePath(name).name if name.endswith(".pem") else f"{name}.pem"


# ---------------------------------------------------------------- the connection


def _connection(this: Side, method: str) -> Iterator[str]:
    peer = this.peer
    policies = [policy for policy in peer.policies if policy.authentication == method]
    yield "version = 1"
    yield f"aggressive = {'yes' if this.aggressive else 'no'}"
    yield f"local_addrs = {peer.address}"
    yield f"remote_addrs = {this.far}"
    yield f"proposals = {', '.join(map(_ike, policies))}"
    life = policies[0].lifetime
    margin = _margin(this, life)
    yield f"rekey_time = {life - margin}s"
    yield f"over_time = {margin}s"
    yield "rand_time = 0s"
    # strongSwan says INITIAL-CONTACT where it replaces what it had with the same peer.
    yield f"unique = {'replace' if peer.initial_contact else 'never'}"
    if peer.dead_peer_detection:
        yield "dpd_delay = 30s"
    yield from _remote_access(this)
    yield from _rounds(this, method)
    yield from section("children", section("net", _child(this)))


def _ike(policy: IsakmpPolicy) -> str:
    return f"{_ENCRYPTION[policy.encryption]}-{policy.hash}-{_GROUPS[policy.group]}"


def _margin(this: Side, life: int) -> int:
    return min(this.peer.rekey_margin if this.peer.rekeys else _SPARE, life // 2)


def _remote_access(this: Side) -> Iterator[str]:
    client, gateway = this.peer.client, this.peer.gateway
    if client is not None and client.mode == "client":
        yield "vips = 0.0.0.0"
    if gateway is not None and gateway.pool is not None:
        yield "pools = pool"
    if (client is not None and not client.asks) or (gateway is not None and gateway.pushes):
        yield "pull = no"


def _rounds(this: Side, method: str) -> Iterator[str]:
    """Who proves what by which means: one section for each round of each side."""
    user = method.startswith(("xauth", "hybrid"))
    serves = this.peer.gateway is not None
    for name, is_client in (("local", not serves), ("remote", serves)):
        if not (method.startswith("hybrid") and is_client):
            yield from section(name, _proof(this, method, local=name == "local"))
        if user and is_client:
            who = this.peer.client.user if this.peer.client is not None else "%any"
            yield from section(f"{name}-user", ["auth = xauth", f"xauth_id = {value(who)}"])


def _proof(this: Side, method: str, *, local: bool) -> Iterator[str]:
    certified = "pre-share" not in method
    yield f"auth = {'pubkey' if certified else 'psk'}"
    if local:
        yield f"id = {value(this.identity)}"
        if certified and this.peer.certificate is not None:
            yield f"certs = {value(_file(this.peer.certificate))}"
        return
    yield f"id = {value(_expected(this))}"
    if certified:
        yield f"cacerts = {', '.join(value(_file(name)) for name in this.peer.trusts)}"


def _expected(this: Side) -> str:
    """Whom to accept: a name, or the address that the key is for, or anybody who can prove it."""
    if this.peer.expects is not None:
        return this.peer.expects
    return this.far if this.peer.psk is not None and this.far_identity == this.far else "%any"


# ---------------------------------------------------------------- the child


def _child(this: Side) -> Iterator[str]:
    peer = this.peer
    if this.transport:
        yield "mode = transport"
    else:
        client, pooled = peer.client, peer.gateway is not None and peer.gateway.pool is not None
        # An address that is handed out is not known when this is written.
        mine = "dynamic" if client is not None and client.mode == "client" else peer.protects
        yield f"local_ts = {mine}"
        yield f"remote_ts = {'dynamic' if pooled else this.far_network}"
    # Given both, strongSwan offers something that nobody asked for; so ESP where there is any.
    protocol = "esp" if any("esp" in proposal.protocol for proposal in peer.ipsec) else "ah"
    offers = [_ipsec(proposal) for proposal in peer.ipsec if protocol in proposal.protocol]
    yield f"{protocol}_proposals = {', '.join(dict.fromkeys(offers))}"
    life = peer.ipsec[0].lifetime
    yield f"life_time = {life}s"
    yield f"rekey_time = {life - _margin(this, life)}s" if peer.rekeys else "rekey_time = 0s"
    yield "rand_time = 0s"


def _ipsec(proposal: IpsecProposal) -> str:
    words = [] if proposal.protocol == "ah" else [_ENCRYPTION[proposal.encryption]]
    words.append(proposal.hash)
    if proposal.pfs_group in _GROUPS:
        words.append(_GROUPS[proposal.pfs_group])
    return "-".join(words)


# ---------------------------------------------------------------- pools and secrets


def _pool(this: Side) -> list[str]:
    gateway = this.peer.gateway
    assert gateway is not None
    lines = [f"addrs = {gateway.pool}"]
    if gateway.name_server is not None:
        lines.append(f"dns = {gateway.name_server}")
    return section("pool", lines)


def _secrets(this: Side) -> Iterator[list[str]]:
    peer = this.peer
    if peer.psk is not None:
        ids = dict.fromkeys((this.far, this.far_identity))
        named = (f"id-{number} = {value(name)}" for number, name in enumerate(ids, 1))
        yield section("ike-peer", named, [f"secret = {secret(peer.psk)}"])
    for number, (group, key) in enumerate(peer.group_keys.items(), 1):
        yield section(f"ike-group-{number}", [f"id = {value(_group(group))}", f"secret = {secret(key)}"])
    users = dict(peer.gateway.users) if peer.gateway is not None else {}
    if peer.client is not None:
        users[peer.client.user] = peer.client.password
    for number, (user, password) in enumerate(users.items(), 1):
        yield section(f"xauth-{number}", [f"id = {value(user)}", f"secret = {secret(password)}"])


def _group(name: str) -> str:
    """Names of groups travel as key ids where they are no names of hosts or users."""
    return name if "." in name or "@" in name or ":" in name else f"keyid:{name}"
