"""Scenarios: TOML files in the words of real gear, checked until nothing in them can surprise a run."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Literal

import msgspec

from explorer.content import content_folder
from explorer.errors import ExplorerError
from explorer.tables import read_tables

Encryption = Literal["des", "3des", "aes-128", "aes-192", "aes-256"]
HashName = Literal["md5", "sha1", "sha256", "sha384", "sha512"]
Method = Literal[
    "pre-share",
    "rsa-sig",
    "ecdsa-sig",
    "rsa-encr",
    "revised-rsa-encr",
    "xauth-pre-share",
    "xauth-rsa-sig",
    "hybrid-rsa-sig",
]
Mode = Literal["tunnel", "transport"]
Protocol = Literal["esp", "ah", "ah+esp"]
Eap = Literal["eap-mschapv2", "eap-md5"]
Does = Literal["drop", "duplicate", "delay", "swap"]


class IsakmpPolicy(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``crypto isakmp policy N``: one way to protect the negotiation."""

    priority: int
    encryption: Encryption
    hash: HashName
    group: int
    authentication: Method = "pre-share"
    lifetime: int = 86400


class IpsecProposal(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``crypto ipsec transform-set``: one way to protect packets; ``pfs_group`` asks for PFS.

    ``encryption`` is ESP's, ``hash`` is the integrity of whatever ``protocol`` names.
    """

    encryption: Encryption = "aes-128"
    hash: HashName = "sha1"
    mode: Mode = "tunnel"
    lifetime: int = 3600
    pfs_group: int | None = None
    protocol: Protocol = "esp"


class IkeProposal(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One IKEv2 proposal for the IKE SA: for each kind of algorithm those to choose from, best first.

    A cipher with an integrity value of its own needs no ``integrity``.
    """

    encryption: list[str]
    prf: list[str]
    key_exchange: list[str]
    integrity: list[str] = []
    additional: list[list[str]] = []


class ChildProposal(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One IKEv2 proposal for Child SAs; ``key_exchange`` asks for one of their own, ``additional`` for further ones."""

    encryption: list[str]
    integrity: list[str] = []
    key_exchange: list[str] = []
    additional: list[list[str]] = []
    esn: bool = False


class ClientFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A user of remote access; ``mode`` as on the gear: with an address from the gateway, or with its own network."""

    user: str
    password: str
    mode: Literal["client", "network-extension"] = "client"
    asks: bool = True


class GatewayFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A gateway of remote access: ``users`` with their passwords, a ``pool`` of addresses to hand out.

    ``eap`` is IKEv2's login, and ``asks_identity`` whether it asks for the name that IKE has already.
    """

    users: dict[str, str] = {}
    pool: str | None = None
    name_server: str | None = None
    banner: str = ""
    pushes: bool = False
    eap: Eap = "eap-mschapv2"
    asks_identity: bool = False


class PrivateGroupFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A Diffie-Hellman group of one's own; ``prime`` is hex."""

    number: int
    prime: str
    generator: int = 2


class PeerFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One peer.

    ``identity`` is an address, a host name, ``user@host`` or ``keyid:name``; ``psk`` text, or ``0x…`` for octets;
    ``certificate`` and ``trusts`` are shipped names, or paths; ``peer_protects`` is what this side believes that the
    other protects, where that is wrong; ``moves_to`` is the address that it has after ``move``.
    """

    name: str
    address: str
    protects: str
    host: str
    isakmp: list[IsakmpPolicy] = []
    ipsec: list[IpsecProposal] = []
    ike: list[IkeProposal] = []
    child: list[ChildProposal] = []
    proves: Literal["psk", "rsa", "ecdsa", "signature", "null", "eap-mschapv2", "eap-md5"] = "psk"
    accepts_null: bool = False
    guess: str | None = None
    wants_cookies: bool = False
    childless: bool = False
    asks_address: bool = False
    ppk: str | None = None
    ppk_name: str = "ppk"
    fragment_size: int = 0
    unknown_payload: int | None = None
    version: Literal["2.0", "3.0"] = "2.0"
    intermediate: bool = False
    mobike: bool = False
    resumption: bool = False
    other_addresses: list[str] = []
    moves_to: str | None = None
    peer_protects: str | None = None
    psk: str | None = None
    group_keys: dict[str, str] = {}
    identity: str | None = None
    expects: str | None = None
    mode: Literal["main", "aggressive"] = "main"
    accepts: tuple[Literal["main", "aggressive"], ...] = ("main", "aggressive")
    third_message: Literal["encrypted", "clear"] = "encrypted"
    certificate: str | None = None
    trusts: tuple[str, ...] = ("lab-ca",)
    peer_certificate: str | None = None
    default_policy: bool = False
    lifetime_rule: Literal["obey", "strict", "claim"] | None = None
    nat_traversal: bool = False
    dead_peer_detection: bool = False
    initial_contact: bool = False
    rekeys: bool = False
    rekey_margin: int = 60
    client: ClientFile | None = None
    gateway: GatewayFile | None = None
    private_group: PrivateGroupFile | None = None
    vendor_ids: list[str] = []

    @property
    def policies(self) -> list[IsakmpPolicy]:
        """In order of priority; the built-in default policy, if it is on, comes last."""
        own = sorted(self.isakmp, key=lambda policy: policy.priority)
        return [*own, DEFAULT_POLICY] if self.default_policy else own


DEFAULT_POLICY = IsakmpPolicy(65535, "des", "sha1", 1, "rsa-sig", 86400)
"""What one generation of gear tried last of all."""


class Nat(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A box in front of one peer that changes addresses and ports of what passes.

    ``only`` is the one address of that peer which stands behind it, where the peer has several in the course of a run.
    """

    address: str
    only: str | None = None
    inside: Literal["initiator", "responder"] = "initiator"


class Happening(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Something that the link does to one message, by its number."""

    message: int
    does: Does
    seconds: float = 1.0
    transform: int = 1


class Network(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The link: ``latency`` is seconds from one peer to the other."""

    latency: float = 0.016
    nat: Nat | None = None
    happenings: list[Happening] = []


class Scenario(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A whole run: two peers, the network between them, and what is done.

    ``goal`` says which outcome is the success of this scenario.
    """

    title: str
    short: str
    summary: str
    protocol: Literal["ikev1", "ikev2"]
    initiator: PeerFile
    responder: PeerFile
    script: list[str]
    goal: Literal["established", "failed", "completed"] = "established"
    seed: int = 1998
    network: Network = Network()
    name: str = ""


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
    raise ExplorerError(f"no scenario is called {name!r}; {_nearest(name)}")


def _nearest(name: str) -> str:
    """What a person may have meant; the whole list would not fit on one line."""
    close = difflib.get_close_matches(name, shipped(), n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return "expected one of “ike-explorer scenarios list”, or the path of a .toml"


def read_scenario(path: Path) -> Scenario:
    """Read and check one file.

    Raises:
        ExplorerError: one line that names file, key and what was expected.
    """
    scenario = read_tables(path, Scenario, name=path.stem)
    from explorer.lab.scenario_check import complaints

    for complaint in complaints(scenario):
        raise ExplorerError(f"{path}: {complaint}")
    return scenario
