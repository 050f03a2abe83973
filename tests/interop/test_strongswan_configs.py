"""strongSwan itself takes every configuration that is printed for it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from demand import program

from explorer.content import content_folder
from explorer.events import Role
from explorer.export.gear.strongswan_config import strongswan_config
from explorer.lab.scenario import load_scenario, read_scenario, shipped

pytestmark = pytest.mark.outside
_PROGRAMS = ("charon-systemd", "swanctl")
_WIRING = ("setpriv", "unshare")
_FOLDERS = ("x509", "x509ca", "x509ocsp", "x509aa", "x509ac", "x509crl", "pubkey", "private", "rsa", "ecdsa", "bliss",
            "pkcs8", "pkcs12")
_PLUGINS = (
    "random nonce x509 revocation constraints pubkey pkcs1 pkcs8 pem openssl sha1 sha2 md5 aes hmac kdf gmp"
    " kernel-netlink socket-default vici"
)
_SETTINGS = """\
charon-systemd {{
  load = {plugins}
  # It only reads configurations: any port will do, and no route is wanted.
  port = 0
  port_nat_t = 0
  install_routes = no
  install_virtual_ip = no
  routing_table = 0
  plugins {{ vici {{ socket = unix://{socket} }} }}
  filelog {{ all {{ path = {log}
    flush_line = yes
    default = 1 }} }}
}}
swanctl {{ load = random nonce x509 pubkey pkcs1 pkcs8 pem openssl sha1 sha2 aes hmac }}
"""


class Loader:
    """A charon that only reads, and swanctl to speak to it."""

    def __init__(self, folder: Path) -> None:
        # Distributions confine these programs by their path, and the path of a socket may not be long.
        self._programs = {name: str(shutil.copy(program(name), folder)) for name in _PROGRAMS}
        self._socket, self.log = folder / "vici", folder / "log"
        self._settings = folder / "strongswan.conf"
        settings = _SETTINGS.format(plugins=_PLUGINS, socket=self._socket, log=self.log)
        self._settings.write_text(settings, encoding="ascii")
        # It ends with this process at the latest, and its network is its own: it has no interface that is up.
        guarded = [program("setpriv"), "--pdeathsig", "KILL", "--", program("unshare"), "--net", "--"]
        self.process = subprocess.Popen(
            [*guarded, self._programs["charon-systemd"]], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={**os.environ, "STRONGSWAN_CONF": str(self._settings)})
        end = time.monotonic() + 10
        while not self._socket.exists():
            assert self.process.poll() is None, f"charon ended: {self.log.read_text(encoding='utf-8')}"
            assert time.monotonic() < end, "charon does not open its socket"
            time.sleep(0.02)

    def control(self, folder: Path, *arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [self._programs["swanctl"], *arguments, "--uri", f"unix://{self._socket}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30,
            check=False,
            env={**os.environ, "STRONGSWAN_CONF": str(self._settings), "SWANCTL_DIR": str(folder)})
        return done.returncode, done.stdout


@pytest.fixture(scope="module")
def loader() -> Iterator[Loader]:
    demand()
    folder = Path(tempfile.mkdtemp(prefix="loader-"))
    found = Loader(folder)
    yield found
    found.process.terminate()
    found.process.wait(10)
    shutil.rmtree(folder, ignore_errors=True)


def demand() -> None:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/local/sbin"
    lacking = [name for name in (*_PROGRAMS, *_WIRING) if shutil.which(name, path=path) is None]
    complaints = [f"{', '.join(lacking)} not installed"] if lacking else []
    if os.geteuid() != 0:
        complaints.append("only root may give it a network of its own")
    if complaints and os.environ.get("CI"):
        pytest.fail(f"this run must load configurations into strongSwan, but {'; '.join(complaints)}")
    if complaints:
        pytest.skip(f"NOT CHECKED AGAINST STRONGSWAN: {'; '.join(complaints)}")


def prepare(folder: Path, text: str) -> None:
    """swanctl's folder: the configuration, and the files that it says belong there."""
    for name in _FOLDERS:
        (folder / name).mkdir()
    (folder / "swanctl.conf").write_text(text, encoding="utf-8")
    for line in re.findall(r"^# Files: (.*), from lessons/credentials$", text, re.MULTILINE):
        for file in line.split(", "):
            shutil.copy(content_folder() / "credentials" / Path(file).name, folder / file)


@pytest.mark.parametrize("role", [Role.INITIATOR, Role.RESPONDER])
@pytest.mark.parametrize("name", [name for name in shipped() if name.startswith("ikev1")])
def test_strongswan_loads_what_is_printed(loader: Loader, tmp_path: Path, name: str, role: Role) -> None:
    text = strongswan_config(load_scenario(name), role)
    prepare(tmp_path, text)
    before = len(loader.log.read_text(encoding="utf-8"))
    status, said = loader.control(tmp_path, "--load-all", "--clear", "--noprompt")
    assert status == 0, said
    assert not re.search(r"error|fail|invalid|unknown|missing|deprecated", said, re.IGNORECASE), said
    connections = re.findall(r"^  (lab\S*) \{$", text, re.MULTILINE)
    assert re.findall(r"loaded connection '(.*)'", said) == connections
    assert f"successfully loaded {len(connections)} connections" in said
    assert said.count("loaded certificate") == text.count("x509/") + text.count("x509ca/")
    assert said.count("key from") == text.count("private/")
    assert said.count("secret '") == text.count("secret = ")
    log = loader.log.read_text(encoding="utf-8")[before:]
    assert not re.search(r"error|fail|invalid|unknown", log, re.IGNORECASE), log
    listed = loader.control(tmp_path, "--list-conns")[1]
    assert sorted(re.findall(r"^(\S+): IKEv1,", listed, re.MULTILINE)) == sorted(connections)


def test_names_and_keys_cannot_break_out(loader: Loader, tmp_path: Path) -> None:
    shipped_text = (content_folder() / "scenarios" / "ikev1-main-psk.toml").read_text(encoding="utf-8")
    path = tmp_path / "mine.toml"
    hostile = """psk = 'a "b" } # \\'\nidentity = 'x } # " y'"""
    path.write_text(shipped_text.replace('psk = "correct horse battery staple"', hostile), encoding="utf-8")
    folder = tmp_path / "swanctl"
    folder.mkdir()
    prepare(folder, strongswan_config(read_scenario(path), Role.INITIATOR))
    status, said = loader.control(folder, "--load-all", "--clear", "--noprompt")
    assert status == 0, said
    assert 'id: x } # " y\n' in loader.control(folder, "--list-conns")[1]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("version = 1", "versoin = 1"), ("aes128-sha1-modp2048", "aes127-sha1"), ("auth = psk", "auth = magic")],
)
def test_strongswan_complains_of_what_is_wrong(loader: Loader, tmp_path: Path, right: str, wrong: str) -> None:
    text = strongswan_config(load_scenario("ikev1-main-psk"), Role.INITIATOR)
    assert right in text
    prepare(tmp_path, text.replace(right, wrong))
    status, said = loader.control(tmp_path, "--load-all", "--clear", "--noprompt")
    assert status != 0
    assert "loading connection 'lab' failed" in said
