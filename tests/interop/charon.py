"""strongSwan's charon as the other peer."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import charon_log
from charon_settings import Settings, authority_of, connection, daemon
from demand import program
from machine import Machine

from explorer.content import content_folder


class Charon:
    """A daemon on the other machine, with files of its own in ``folder``."""

    def __init__(self, machine: Machine, settings: Settings, folder: Path) -> None:
        self._folder = folder
        # The path of a Unix socket may have about a hundred characters; pytest's folders have more.
        self._short = Path(tempfile.mkdtemp(prefix="charon-"))
        self._socket = self._short / "vici"
        self._environment = {
            **os.environ, "STRONGSWAN_CONF": str(folder / "strongswan.conf"), "SWANCTL_DIR": str(folder)}
        self._write(settings)
        self._process = machine.start(
            self._copy("charon-systemd"), log=folder / "output.txt", environment=self._environment)
        self._swanctl = self._copy("swanctl")
        self._wait_until_it_listens()
        self.control("--load-all", "--noprompt")

    def _write(self, settings: Settings) -> None:
        text = daemon(settings, self._folder, self._socket)
        (self._folder / "strongswan.conf").write_text(text, encoding="ascii")
        (self._folder / "swanctl.conf").write_text(connection(settings), encoding="ascii")
        shipped = content_folder() / "credentials"
        for folder, names in {
            "x509ca": [f"{authority_of(settings.kind)}.pem"],
            "x509": [f"{settings.role}-{settings.kind}.pem"],
            "private": [f"{settings.role}-{settings.kind}.key"],
        }.items():
            (self._folder / folder).mkdir()
            for name in names:
                shutil.copy(shipped / name, self._folder / folder / name)

    def _copy(self, name: str) -> str:
        """Distributions confine these programs, by their path, to files below /etc."""
        return str(shutil.copy(program(name), self._short))

    def _wait_until_it_listens(self) -> None:
        end = time.monotonic() + 10
        while not self._listens():
            output = (self._folder / "output.txt").read_text(encoding="utf-8", errors="replace")
            assert self._process.poll() is None, f"charon ended: {output}"
            assert time.monotonic() < end, f"charon does not open its socket: {output}"
            time.sleep(0.02)

    def _listens(self) -> bool:
        """The file is there a moment before anybody may connect to it."""
        with socket.socket(socket.AF_UNIX) as trial:
            return trial.connect_ex(str(self._socket)) == 0

    def control(self, *arguments: str) -> str:
        """Tell the daemon something that it does at once, and return its answer."""
        process = self.begin(*arguments)
        output, _ = process.communicate(timeout=20)
        assert process.returncode == 0, output
        return output

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Tell the daemon something that takes both sides."""
        return subprocess.Popen(
            [self._swanctl, *arguments, "--uri", f"unix://{self._socket}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=self._environment)

    def log(self) -> list[charon_log.Entry]:
        """Everything that the daemon has said."""
        return charon_log.read(self._folder / "charon.log")

    def says(self, pattern: str) -> int:
        """How often the daemon has said something like this."""
        return sum(re.search(pattern, entry.text) is not None for entry in self.log())

    def associations(self) -> str:
        """The SAs that it holds, in its own words."""
        return self.control("--list-sas")

    def spis(self) -> tuple[set[str], set[str]]:
        """SPIs of its inbound and of its outbound SAs."""
        listed = self.associations()
        found = re.findall(r"^ +(in|out) +([0-9a-f]{8})", listed, re.MULTILINE)
        return {spi for way, spi in found if way == "in"}, {spi for way, spi in found if way == "out"}

    def close(self) -> None:
        """Remove what is not kept with the logs."""
        shutil.rmtree(self._short, ignore_errors=True)
