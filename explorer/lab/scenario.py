"""Scenarios: TOML files in the words of real gear, checked until nothing in them can surprise a run."""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

import msgspec

from explorer.content import content_folder
from explorer.crypto.groups import SUPPORTED
from explorer.errors import ExplorerError
from explorer.protocols.ikev1.config import Config, Identity, Phase1Policy, Phase2Policy
from explorer.registry.ipsec import AuthenticationAlgorithm, EncapsulationMode, EspTransformId, IdType
from explorer.registry.phase1 import AuthenticationMethod, EncryptionAlgorithm, HashAlgorithm

_ENCRYPTION = {
    "des": (EncryptionAlgorithm.DES_CBC, EspTransformId.DES, None),
    "3des": (EncryptionAlgorithm.TRIPLE_DES_CBC, EspTransformId.TRIPLE_DES, None),
    "aes-128": (EncryptionAlgorithm.AES_CBC, EspTransformId.AES, 128),
    "aes-192": (EncryptionAlgorithm.AES_CBC, EspTransformId.AES, 192),
    "aes-256": (EncryptionAlgorithm.AES_CBC, EspTransformId.AES, 256),
}
_HASHES = {
    "md5": (HashAlgorithm.MD5, AuthenticationAlgorithm.HMAC_MD5),
    "sha1": (HashAlgorithm.SHA1, AuthenticationAlgorithm.HMAC_SHA1),
    "sha256": (HashAlgorithm.SHA2_256, AuthenticationAlgorithm.HMAC_SHA2_256),
    "sha384": (HashAlgorithm.SHA2_384, AuthenticationAlgorithm.HMAC_SHA2_384),
    "sha512": (HashAlgorithm.SHA2_512, AuthenticationAlgorithm.HMAC_SHA2_512),
}
_MODES = {"tunnel": EncapsulationMode.TUNNEL}

Encryption = Literal["des", "3des", "aes-128", "aes-192", "aes-256"]
HashName = Literal["md5", "sha1", "sha256", "sha384", "sha512"]
LIFETIME_LIMIT = 2**32
MOST_TABLES = 255
"""Transforms and proposals are numbered in one octet (RFC 2408 §3.5, §3.6)."""


class IsakmpPolicy(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``crypto isakmp policy N``: one way to protect the negotiation."""

    priority: int
    encryption: Encryption
    hash: HashName
    group: int
    authentication: Literal["pre-share"] = "pre-share"
    lifetime: int = 86400

    def build(self) -> Phase1Policy:
        """The same in the protocol's numbers."""
        encryption, _, bits = _ENCRYPTION[self.encryption]
        method = int(AuthenticationMethod.PRE_SHARED_KEY)
        return Phase1Policy(
            self.priority, int(encryption), bits, int(_HASHES[self.hash][0]), method, self.group, self.lifetime
        )


class IpsecProposal(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``crypto ipsec transform-set``: one way to protect packets; ``pfs_group`` asks for PFS."""

    encryption: Encryption
    hash: HashName
    mode: Literal["tunnel"] = "tunnel"
    lifetime: int = 3600
    pfs_group: int | None = None

    def build(self, number: int) -> Phase2Policy:
        """The same in the protocol's numbers."""
        _, transform, bits = _ENCRYPTION[self.encryption]
        integrity = int(_HASHES[self.hash][1])
        mode = int(_MODES[self.mode])
        return Phase2Policy(number, int(transform), bits, integrity, mode, self.lifetime, self.pfs_group)


class PeerFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One peer.  ``identity`` is an address, a host name or ``user@host``; ``psk`` text, or ``0x…`` for octets."""

    name: str
    address: str
    psk: str
    isakmp: list[IsakmpPolicy]
    ipsec: list[IpsecProposal]
    protects: str
    host: str
    identity: str | None = None
    vendor_ids: list[str] = []

    def build(self, other: PeerFile) -> Config:
        """The peer's configuration."""
        return Config(
            address=self.address,
            keys={other.address: _psk(self.psk)},
            identity=_identity(self.identity or self.address),
            phase1=tuple(policy.build() for policy in sorted(self.isakmp, key=lambda p: p.priority)),
            phase2=tuple(proposal.build(number) for number, proposal in enumerate(self.ipsec, 1)),
            local=_subnet(self.protects),
            remote=_subnet(other.protects),
            vendor_ids=tuple(text.encode() for text in self.vendor_ids),
        )


class Network(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The link: seconds from one peer to the other."""

    latency: float = 0.016


class Scenario(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A whole run: two peers, the network between them, and what is done.

    ``goal`` says which outcome is the success of this scenario.
    """

    title: str
    short: str
    summary: str
    protocol: Literal["ikev1"]
    initiator: PeerFile
    responder: PeerFile
    script: list[Literal["phase 1", "phase 2", "ping"]]
    goal: Literal["established", "failed"] = "established"
    seed: int = 1998
    network: Network = Network()
    name: str = ""


_TABLES: tuple[tuple[str, type[msgspec.Struct]], ...] = (
    (r"isakmp", IsakmpPolicy),
    (r"ipsec", IpsecProposal),
    (r"network", Network),
    (r"^(initiator|responder)$", PeerFile),
)
_CHOICES: dict[str, tuple[str, ...]] = {
    "encryption": get_args(Encryption),
    "hash": get_args(HashName),
    "authentication": ("pre-share",),
    "mode": ("tunnel",),
    "protocol": ("ikev1",),
    "goal": ("established", "failed"),
    "script": ("phase 1", "phase 2", "ping"),
}


def shipped() -> list[str]:
    """Names of the scenarios that come with the program."""
    return sorted(path.stem for path in (content_folder() / "scenarios").glob("*.toml"))


def load_scenario(name: str) -> Scenario:
    """A shipped scenario by name, or any by the path of its file.

    Raises:
        ExplorerError: there is no such scenario, or its file is not as it should be.
    """
    if name in shipped():
        return read_scenario(content_folder() / "scenarios" / f"{name}.toml")
    path = Path(name)
    if path.suffix == ".toml" or "/" in name:
        return read_scenario(path)
    raise ExplorerError(f"no scenario is called {name!r}; expected one of {', '.join(shipped())}, or a path to a .toml")


def read_scenario(path: Path) -> Scenario:
    """Read and check one file.

    Raises:
        ExplorerError: one line that names file, key and what was expected.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        scenario = msgspec.convert({**raw, "name": path.stem}, Scenario)
    except OSError as error:
        raise ExplorerError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ExplorerError(f"{path}: octet {error.start} is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise ExplorerError(f"{path}: not TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise ExplorerError(f"{path}: {_place(str(error))}") from error
    except (ValueError, RecursionError) as error:
        # Numbers of thousands of digits and tables in tables without end are TOML that nobody means.
        raise ExplorerError(f"{path}: not TOML that can be read: {str(error).splitlines()[0]}") from error
    _check(path, scenario)
    return scenario


def _place(message: str) -> str:
    """Put the key first: msgspec says ``Expected `int`, got `str` - at `$.initiator.psk```; add what is allowed."""
    what, _, where = message.partition(" - at `$")
    where = where.strip(".`")
    words = what.replace("Object", "the table").replace("`", "")
    words = words[0].lower() + words[1:]
    if "unknown field" in words:
        struct = next((struct for key, struct in _TABLES if re.search(key, where)), Scenario)
        words += f"; expected one of {', '.join(struct.__struct_fields__)}"
    elif what.startswith("Invalid enum value"):
        key = re.sub(r"\[[^]]*\]", "", where).rpartition(".")[2]
        words += f"; expected one of {', '.join(_CHOICES.get(key, ()))}"
    return f"{where}: {words}" if where else words


def _check(path: Path, scenario: Scenario) -> None:
    """Everything that types alone do not say."""
    for complaint in _complaints(scenario):
        raise ExplorerError(f"{path}: {complaint}")


def _complaints(scenario: Scenario) -> Iterator[str]:
    for side, peer in (("initiator", scenario.initiator), ("responder", scenario.responder)):
        yield from (f"{side}.{complaint}" for complaint in _peer_complaints(peer))
    for key, text in (("title", scenario.title), ("short", scenario.short), ("summary", scenario.summary)):
        if not text.isprintable() or not text.strip():
            yield f"{key}: expected one line of printable text"
    if scenario.initiator.address == scenario.responder.address:
        yield "responder.address: expected another address than the initiator's"
    if not 0 <= scenario.network.latency <= 60:
        yield "network.latency: expected seconds from 0 to 60"
    if not 0 <= scenario.seed < 2**64:
        yield "seed: expected a number from 0 to 18446744073709551615"
    order = ["phase 1", "phase 2", "ping"]
    if scenario.script != order[: len(scenario.script)] or not scenario.script:
        yield 'script: expected the beginning of ["phase 1", "phase 2", "ping"]'


def _peer_complaints(peer: PeerFile) -> Iterator[str]:
    texts = (
        ("address", peer.address, _address),
        ("host", peer.host, _address),
        ("protects", peer.protects, _subnet),
        ("psk", peer.psk, _psk),
        ("identity", peer.address if peer.identity is None else peer.identity, _identity),
    )
    if not peer.name.isprintable() or not 1 <= len(peer.name) <= 14:
        yield "name: expected 1 to 14 printable characters"
    for key, text, check in texts:
        try:
            check(text)
        except ValueError as error:
            yield f"{key}: {error}"
            return
    yield from _table_complaints(peer)


def _table_complaints(peer: PeerFile) -> Iterator[str]:
    for index, text in enumerate(peer.vendor_ids):
        if not 1 <= len(text.encode()) <= 256:
            yield f"vendor_ids[{index}]: expected 1 to 256 octets"
    if len(peer.psk) > 1024:
        yield "psk: expected at most 1024 characters"
    for key, tables in (("isakmp", len(peer.isakmp)), ("ipsec", len(peer.ipsec))):
        if not 1 <= tables <= MOST_TABLES:
            yield f"{key}: expected 1 to {MOST_TABLES} tables, got {tables}"
            return
    if not _is_inside(peer.host, peer.protects):
        yield f"host: expected an address inside {peer.protects}, got {peer.host}"
    for index, policy in enumerate(peer.isakmp):
        yield from (f"isakmp[{index}].{complaint}" for complaint in _numbers_of(policy.group, policy.lifetime, "group"))
        if not 0 < policy.priority < 65536:
            yield f"isakmp[{index}].priority: expected a number from 1 to 65535, got {policy.priority}"
    if len({policy.priority for policy in peer.isakmp}) < len(peer.isakmp):
        yield "isakmp: expected every policy to have a priority of its own"
    for index, proposal in enumerate(peer.ipsec):
        group = SUPPORTED[0] if proposal.pfs_group is None else proposal.pfs_group
        yield from (f"ipsec[{index}].{complaint}" for complaint in _numbers_of(group, proposal.lifetime, "pfs_group"))
    if len({proposal.pfs_group for proposal in peer.ipsec}) > 1:
        # One KE payload serves the whole Quick Mode, so every offer names its group (RFC 2409 §5.5).
        yield "ipsec: expected the same pfs_group in every table"


def _numbers_of(group: int, lifetime: int, group_key: str) -> Iterator[str]:
    if group not in SUPPORTED:
        yield f"{group_key}: expected one of {_numbers(SUPPORTED)}, got {group}"
    if not 0 < lifetime < LIFETIME_LIMIT:
        yield f"lifetime: expected seconds from 1 to {LIFETIME_LIMIT - 1}, got {lifetime}"


def _numbers(values: tuple[int, ...]) -> str:
    return ", ".join(map(str, values))


def _is_inside(host: str, network: str) -> bool:
    return ipaddress.IPv4Address(host) in ipaddress.IPv4Network(network)


def _address(text: str) -> bytes:
    try:
        return ipaddress.IPv4Address(text).packed
    except ValueError as error:
        raise ValueError(f"expected an IPv4 address, got {text!r}") from error


def _subnet(text: str) -> Identity:
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError as error:
        raise ValueError(f"expected an IPv4 network such as 192.168.1.0/24, got {text!r}") from error
    return Identity(int(IdType.IPV4_ADDR_SUBNET), network.network_address.packed + network.netmask.packed)


def _identity(text: str) -> Identity:
    try:
        return Identity(int(IdType.IPV4_ADDR), ipaddress.IPv4Address(text).packed)
    except ValueError:
        pass
    if not text.isascii() or not text or not text.isprintable() or len(text) > 255:
        raise ValueError("expected an address, a host name or user@host of at most 255 ASCII characters")
    kind = IdType.USER_FQDN if "@" in text else IdType.FQDN
    return Identity(int(kind), text.encode("ascii"))


def _psk(text: str) -> bytes:
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
