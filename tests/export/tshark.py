"""Wireshark without its windows: what it makes of an exported capture with a folder of key tables."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import pytest

from explorer.export.pcap import pcap
from explorer.export.wireshark import key_tables
from explorer.trace.trace import Trace


def demand() -> None:
    if shutil.which("tshark") is None:
        if os.environ.get("CI"):
            pytest.fail("tshark is not installed, and this run must have it")
        pytest.skip("NOT CHECKED AGAINST WIRESHARK: tshark is not installed")


class Opened(NamedTuple):
    """What Wireshark makes of an encrypted IKEv2 message.

    Attributes:
        correct: whether it says so of the Integrity Checksum Data.
        octets: what it has decrypted.
        payloads: the types of the payloads that it has found inside.
        sound: whether it has nothing to complain about.
    """

    correct: bool
    octets: bytes
    payloads: list[int]
    sound: bool


class Tshark:
    """A capture of a run, and the tables of its export or others."""

    def __init__(self, folder: Path, trace: Trace, tables: Mapping[str, str] | None = None) -> None:
        self.capture = folder / "run.pcap"
        self.capture.write_bytes(pcap(trace))
        self.config = folder / "config"
        self.config.mkdir(exist_ok=True)
        for name, content in (key_tables(trace) if tables is None else tables).items():
            (self.config / name).write_text(content, encoding="ascii")

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tshark", "-r", str(self.capture), *arguments], capture_output=True, text=True, timeout=120, check=False,
            env={**os.environ, "WIRESHARK_CONFIG_DIR": str(self.config), "HOME": str(self.config)})
        assert done.returncode == 0, done.stderr
        assert "Error" not in done.stderr, done.stderr
        return done.stdout

    def frames(self, display_filter: str) -> list[int]:
        return [int(line) for line in self.run("-Y", display_filter, "-T", "fields", "-e", "frame.number").split()]

    def values(self, field: str, display_filter: str = "frame") -> dict[int, list[str]]:
        output = self.run("-Y", display_filter, "-T", "fields", "-e", "frame.number", "-e", field)
        pairs = [line.split("\t") for line in output.splitlines()]
        return {int(number): found.replace(":", "").split(",") for number, found in pairs if found}

    def opened(self) -> dict[int, Opened]:
        """The encrypted IKEv2 messages that it has a row of keys for."""
        complaints = set(self.frames("_ws.malformed or _ws.expert"))
        pieces = re.split(r"^Frame (\d+): ", self.run("-V", "-O", "isakmp", "-x"), flags=re.MULTILINE)
        found = {}
        for frame, text in zip(map(int, pieces[1::2]), pieces[2::2], strict=True):
            if "Integrity Checksum Data:" in text and "\nDecrypted Data (" in text:
                found[frame] = Opened(
                    re.search(r"Integrity Checksum Data: .*\[correct\]", text) is not None,
                    dumped(text.partition("\nDecrypted Data (")[2]),
                    [int(number) for number in re.findall(_CONTAINED, text, re.MULTILINE)],
                    frame not in complaints)
        return found


_CONTAINED = r"^ {16}Payload: [^()]*\((\d+)\)"
"""A payload right below the contained data; what is in a payload stands further to the right."""


def dumped(text: str) -> bytes:
    """The octets of a dump, up to where something else begins."""
    lines = takewhile(re.compile(r"[0-9a-f]{4,}  ").match, text.splitlines()[1:])
    return bytes.fromhex("".join(line[6:54] for line in lines))
