"""Remote access on Cisco IOS: Easy VPN, its server and its client."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from explorer.export.gear.side import Side

DEFAULT_GROUP = "default"
"""The group of whoever names none."""


def spaceless(key: str) -> str:
    """A key as IOS can be told it."""
    return key.replace(" ", "-")


_UNSAID = "left out: IOS cannot be told a name or a password that is empty or has spaces or other than ASCII in it"


def _sayable(*words: str) -> bool:
    """Whether IOS takes each of them for one word."""
    return all(word.isascii() and word.isprintable() and word and " " not in word for word in words)


def easy_server(this: Side) -> Iterator[str]:
    """Users, groups and addresses of a gateway."""
    gateway = this.peer.gateway
    assert gateway is not None
    yield "aaa new-model"
    yield "aaa authentication login USERS local"
    yield "aaa authorization network GROUPS local"
    for user, password in gateway.users.items():
        yield f"username {user} password 0 {password}" if _sayable(user, password) else f"! username {_UNSAID}"
    if gateway.pool is not None:
        hosts = list(_ends(gateway.pool))
        yield f"ip local pool POOL {' '.join(hosts)}"
    for group, key in (this.peer.group_keys or {DEFAULT_GROUP: ""}).items():
        yield f"crypto isakmp client configuration group {group}"
        if key:
            yield f" key {spaceless(key)}"
        if gateway.name_server is not None:
            yield f" dns {gateway.name_server}"
        if gateway.pool is not None:
            yield " pool POOL"
        if gateway.banner:
            yield f" banner ^C{gateway.banner}^C"


def _ends(pool: str) -> Iterator[str]:
    """First and last address of a pool; those of the network itself are left out where there are others."""
    network = ipaddress.IPv4Network(pool)
    single = network.num_addresses < 4
    first = network.network_address + (0 if single else 1)
    last = network.broadcast_address - (0 if single else 1)
    yield from dict.fromkeys((str(first), str(last)))


def easy_client(this: Side) -> Iterator[str]:
    """A client that logs in by itself."""
    client = this.peer.client
    assert client is not None
    yield "crypto ipsec client ezvpn LAB"
    yield " connect auto"
    if this.peer.psk is not None:
        yield f" group {this.identity.removeprefix('keyid:')} key {spaceless(this.peer.psk)}"
    yield f" mode {client.mode}"
    yield f" peer {this.far}"
    login = f"username {client.user} password {client.password}"
    yield f" {login}" if _sayable(client.user, client.password) else f" ! username {_UNSAID}"
    yield " xauth userid mode local"
    yield "interface GigabitEthernet0/0"
    yield f" ! the one that has {this.peer.address}"
    yield " crypto ipsec client ezvpn LAB outside"
    yield "interface GigabitEthernet0/1"
    outside = this.peer.protects == f"{this.peer.address}/32"
    yield f" ! the one to {'the hosts inside' if outside else this.peer.protects}"
    yield " crypto ipsec client ezvpn LAB inside"
