from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from charon_settings import name
from demand import demand, program
from machine import OURS, Machine
from our_side import GATEWAY, OurSide, our_config, phase1

from explorer.events import Role
from explorer.registry.phase1 import HashAlgorithm

pytestmark = pytest.mark.outside
PSK, WORDS = "tangerine", ("apple", "banana", "tangerine", "zebra")
NAT_T = "4a131c81070358455c5728f20e95452f"
# Encryption AES, 128 bits, hash SHA-1, pre-shared key, group 14: psk-crack knows no newer hash.
TRANSFORM = "(1=7,14=128,2=2,3=1,4=14,11=1,12=0x00007080)"


@pytest.fixture
def machine() -> Iterator[Machine]:
    demand("ike-scan", "psk-crack")
    with Machine() as other:
        yield other


def scan(machine: Machine, folder: Path, *options: str, **changes: Any) -> str:
    """What ike-scan prints about a responder of ours."""
    keys = {"*": PSK.encode()}
    policy = phase1(hash=HashAlgorithm.SHA1)
    config = our_config(Role.RESPONDER, keys=keys, phase1=(policy,), **changes)
    ours = OurSide(Role.RESPONDER, config, machine)
    log = folder / "ike-scan.txt"
    try:
        process = machine.start(
            program("ike-scan"), "--multiline", "--sport=0", f"--trans={TRANSFORM}", *options, OURS, log=log)
        assert ours.serve_until(lambda: process.poll() is not None)
    finally:
        ours.close()
    text = log.read_text(encoding="utf-8")
    assert process.returncode == 0, text
    assert ours.refused() == []
    return text


def test_main_mode(machine: Machine, tmp_path: Path) -> None:
    text = scan(machine, tmp_path, f"--vendor={NAT_T}")
    assert "Main Mode Handshake returned" in text
    for chosen in ("Enc=AES", "KeyLength=128", "Hash=SHA1", "Group=14:modp2048", "Auth=PSK"):
        assert chosen in text
    assert "(Dead Peer Detection v1.0)" in text
    assert f"VID={NAT_T} (RFC 3947 NAT-T)" in text
    assert "1 returned handshake; 0 returned notify" in text


def test_main_mode_with_extended_authentication(machine: Machine, tmp_path: Path) -> None:
    text = scan(machine, tmp_path, gateway=GATEWAY)
    assert "(XAUTH)" in text


def test_main_mode_on_the_port_of_nat_traversal(machine: Machine, tmp_path: Path) -> None:
    text = scan(machine, tmp_path, "--nat-t", "--sport=0", f"--vendor={NAT_T}")
    assert "Main Mode Handshake returned" in text


def test_a_refusal(machine: Machine, tmp_path: Path) -> None:
    ours = OurSide(Role.RESPONDER, our_config(Role.RESPONDER), machine)
    log = tmp_path / "ike-scan.txt"
    process = machine.start(program("ike-scan"), "--sport=0", f"--trans={TRANSFORM}", OURS, log=log)
    assert ours.serve_until(lambda: process.poll() is not None)
    ours.close()
    assert "Notify message 14 (NO-PROPOSAL-CHOSEN)" in log.read_text(encoding="utf-8")


def test_aggressive_mode_gives_the_key_away(machine: Machine, tmp_path: Path) -> None:
    found, words = tmp_path / "found.txt", tmp_path / "words.txt"
    text = scan(
        machine, tmp_path, "--aggressive", "--dhgroup=14", "--id=staff", f"--pskcrack={found}",
        f"--vendor={NAT_T}")
    assert "Aggressive Mode Handshake returned" in text
    assert f"ID(Type=ID_FQDN, Value={name(Role.RESPONDER)})" in text
    assert "Hash(20 bytes)" in text
    words.write_text("\n".join(WORDS), encoding="ascii")
    cracked = subprocess.run(
        [program("psk-crack"), f"--dictionary={words}", str(found)],
        capture_output=True, text=True, timeout=60, check=True).stdout
    assert f'key "{PSK}" matches SHA1 hash' in cracked
