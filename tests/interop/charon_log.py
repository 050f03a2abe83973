"""Secrets out of charon's log: at its highest level it writes every key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(r"(\d+)\[(\w+)\] ?(.*)")
_OCTETS = re.compile(r" *\d+: ((?:[0-9A-F]{2} )+)")


@dataclass
class Entry:
    """One sentence of one thread about one subject, and the octets below it."""

    thread: str
    subject: str
    text: str
    octets: bytes = b""

    @property
    def name(self) -> str:
        """What the octets are."""
        return self.text.partition(" => ")[0].strip()


def read(path: Path) -> list[Entry]:
    """The log in pieces."""
    entries: list[Entry] = []
    newest: dict[str, Entry] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if (found := _LINE.match(line)) is None:
            continue
        thread, subject, text = found.groups()
        if (octets := _OCTETS.match(text)) is not None and thread in newest:
            newest[thread].octets += bytes.fromhex(octets[1])
            continue
        newest[thread] = Entry(thread, subject, text)
        entries.append(newest[thread])
    return entries


def secrets(entries: list[Entry], name: str) -> list[bytes]:
    """Every value of one name, such as ``SKEYID_e``, in the order of time."""
    return [entry.octets for entry in entries if entry.name == name]


def esp_keys(entries: list[Entry]) -> dict[str, tuple[bytes, bytes]]:
    """Encryption and integrity key by SPI.

    Of the two seeds of KEYMAT each names its SPI, after the octet 3 for ESP; keys of the same name follow.
    """
    keys: dict[str, tuple[bytes, bytes]] = {}
    latest: dict[str, bytes] = {}
    for entry in entries:
        if entry.subject != "CHD":
            continue
        latest[entry.name] = entry.octets
        if (found := re.search(r"SPI 0x([0-9a-f]+)", entry.text)) is None:
            continue
        spi = found[1].zfill(8)
        for side in ("initiator", "responder"):
            if b"\3" + bytes.fromhex(spi) in latest.get(f"{side} SA seed", b""):
                keys[spi] = latest[f"encryption {side} key"], latest[f"integrity {side} key"]
    return keys


def v2_esp_keys(entries: list[Entry]) -> dict[str, tuple[bytes, bytes]]:
    """Encryption and integrity key by SPI, of Child SAs.

    Who has asked in an exchange receives with the responder's keys; the thread has just said whether charon has.
    After a rekeying the outbound SA is announced at once, and added by any thread when the old one is gone.
    """
    keys: dict[str, tuple[bytes, bytes]] = {}
    latest: dict[str, bytes] = {}
    asked: dict[str, bool] = {}
    way = ""
    for entry in entries:
        if (parsed := re.match(r"parsed (?:IKE_AUTH|CREATE_CHILD_SA) (request|response)", entry.text)) is not None:
            asked[entry.thread] = parsed[1] == "response"
            latest = {}
        if entry.subject != "CHD":
            continue
        latest[entry.name] = entry.octets
        if (adding := re.match(r"(?:add|register)ing (inbound|outbound) ESP SA", entry.text)) is not None:
            way = adding[1]
        found = re.search(r"SPI 0x([0-9a-f]+)", entry.text)
        if found is not None and found[1].zfill(8) not in keys:
            side = "initiator" if (way == "outbound") == asked[entry.thread] else "responder"
            made = latest[f"encryption {side} key"], latest.get(f"integrity {side} key", b"")
            keys[found[1].zfill(8)] = made
    return keys
