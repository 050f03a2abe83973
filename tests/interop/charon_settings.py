"""What strongSwan's charon is told: strongswan.conf for the daemon, swanctl.conf for its one connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from machine import BEHIND_THEM, BEHIND_US, OURS, THEIRS

from explorer.events import Role

USER, PASSWORD = "alice", "open sesame"
PSK = "a secret between two machines"
PPK_NAME, PPK = "quantum-safe", bytes(range(32))
NAME_SERVER = "10.2.0.53"
POOL = "10.3.0.0/24"

_PLUGINS = (
    "random nonce x509 revocation constraints pubkey pkcs1 pkcs8 pem openssl sha1 sha2 md5 aes hmac kdf gmp attr"
    " xcbc cmac ctr ccm chapoly"
    " eap-identity eap-mschapv2 eap-md5"
    " {kernel} socket-default vici updown xauth-generic"
)
_IN_USER_SPACE = "kernel-libipsec kernel-netlink"
IN_KERNEL = "kernel-netlink"
Tree = Mapping[str, "str | int | Tree"]


@dataclass(frozen=True)
class Settings:
    """What differs between the tests.

    Attributes:
        role: charon's in phase 1, or in the first exchange of IKEv2.
        version: of IKE.
        proves: how charon shows who it is, round by round: ``psk``, ``pubkey``, ``xauth``, ``eap-mschapv2``,
            ``eap-md5``.
        demands: how the other side must.
        kind: of certificates: ``rsa``, ``ecdsa`` or ``ed25519``.
        child: more for its Child SA, or for the IPsec SAs of IKEv1.
        connection: more for the connection.
        daemon: more for the daemon.
        password: of the one user who logs in by EAP.
        asks_identity: whether charon asks for the user's name.
        kernel: what does ESP.  In user space it works on every kernel, but only inside UDP: charon then claims to be
            behind a NAT.  The kernel needs no such claim; one without ESP fails after the keys are made.
    """

    role: Role
    version: int = 1
    proves: tuple[str, ...] = ("psk",)
    demands: tuple[str, ...] = ("psk",)
    kind: str = "rsa"
    ike: str = "aes128-sha256-modp2048"
    esp: str = "aes128-sha256"
    psk: str = PSK
    password: str = PASSWORD
    asks_identity: bool = False
    aggressive: bool = False
    local_ts: str = f"{BEHIND_THEM}/32"
    remote_ts: str = f"{BEHIND_US}/32"
    child: Tree = field(default_factory=dict)
    connection: Tree = field(default_factory=dict)
    daemon: Tree = field(default_factory=dict)
    kernel: str = _IN_USER_SPACE


def name(role: Role) -> str:
    """What a peer in this role calls itself; its certificate says the same."""
    return f"{role}.lab.example"


def authority_of(kind: str) -> str:
    """Who has signed the certificates of a kind."""
    return "lab-ca-ed25519" if kind == "ed25519" else "lab-ca"


def daemon(settings: Settings, folder: Path, socket: Path) -> str:
    """strongswan.conf."""
    log = {"path": folder / "charon.log", "flush_line": "yes", "default": 1, "ike": 4, "chd": 4, "enc": 1, "cfg": 2}
    return render({
        "charon-systemd": {
            "load": _PLUGINS.format(kernel=settings.kernel),
            "plugins": {"vici": {"socket": f"unix://{socket}"}, "attr": {"dns": NAME_SERVER}},
            "filelog": {"all": {key: str(value) for key, value in log.items()}},
            # Seconds that an old inbound SA stays for packets that are late; with 0 it stays for good.
            "delete_rekeyed_delay": 1,
            "retransmit_tries": 2,
            "retransmit_timeout": "1.0",
            "dos_protection": "no",
            "i_dont_care_about_security_and_use_aggressive_mode_psk": "yes",
            **settings.daemon,
        },
        "swanctl": {"load": "random nonce x509 pubkey pkcs1 pkcs8 pem openssl sha1 sha2 aes hmac"},
    })


def connection(settings: Settings) -> str:
    """swanctl.conf."""
    child = {
        "local_ts": settings.local_ts, "remote_ts": settings.remote_ts, "esp_proposals": settings.esp, **settings.child}
    return render({
        "connections": {"lab": {
            "version": settings.version,
            **({"aggressive": "yes"} if settings.aggressive else {}),
            "local_addrs": THEIRS,
            "remote_addrs": OURS,
            "proposals": settings.ike,
            **_rounds("local", settings.proves, settings.role, settings.kind),
            **_rounds("remote", settings.demands, settings.role.other, "", asks=settings.asks_identity),
            "children": {"net": child},
            **settings.connection,
        }},
        "pools": {"pool": {"addrs": POOL}},
        "secrets": {
            "ike-lab": {"secret": f'"{settings.psk}"'},
            **({"ppk-lab": {"id": PPK_NAME, "secret": f"0x{PPK.hex()}"}} if "ppk_id" in settings.connection else {}),
            "xauth-lab": {"id": USER, "secret": f'"{PASSWORD}"'},
            "eap-lab": {"id": USER, "secret": f'"{settings.password}"'},
        },
    })


def _rounds(
    side: str, rounds: tuple[str, ...], role: Role, certificate: str, *, asks: bool = False
) -> dict[str, Tree]:
    sections: dict[str, Tree] = {}
    for number, how in enumerate(rounds):
        if how == "xauth":
            section = {"auth": "xauth"} | ({"xauth_id": USER} if side == "local" else {})
        elif how.startswith("eap"):
            section = {"auth": how, "id": USER} | ({"eap_id": USER if side == "local" else "%any"} if asks else {})
        else:
            section = {"auth": how, "id": name(role)}
            if how == "pubkey" and certificate:
                section["certs"] = f"{role}-{certificate}.pem"
        sections[f"{side}-{number}"] = section
    return sections


def render(tree: Tree, depth: int = 0) -> str:
    """Sections and values in strongSwan's own format."""
    lines = []
    for key, value in tree.items():
        if isinstance(value, Mapping):
            lines += [f"{'  ' * depth}{key} {{", render(value, depth + 1), f"{'  ' * depth}}}"]
        else:
            lines.append(f"{'  ' * depth}{key} = {value}")
    return "\n".join(lines)
