from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from charon_settings import PASSWORD, USER
from demand import demand, program
from machine import BEHIND_US, OURS, Machine
from our_side import OurSide, our_config, phase1, phase2

from explorer.engine.negotiation import LifeRule
from explorer.events import Role, SaEnded
from explorer.protocols.ikev1.config import Gateway
from explorer.protocols.ikev1.identity import Identity, host_identity
from explorer.registry.ipsec import AuthenticationAlgorithm, IdType
from explorer.registry.phase1 import AuthenticationMethod, Group, HashAlgorithm

pytestmark = pytest.mark.outside
GROUP, SECRET = "staff", "what the whole staff knows"
GATEWAY = Gateway(
    {USER: PASSWORD}, pool=(IPv4Address("10.3.0.1").packed,), netmask=IPv4Address("255.255.255.0").packed,
    name_server=IPv4Address("10.2.0.53").packed, banner=b"Welcome")
EVERYTHING = Identity(int(IdType.IPV4_ADDR_SUBNET), bytes(8))


@pytest.fixture
def machine() -> Iterator[Machine]:
    demand("vpnc", "ping")
    with Machine() as other:
        yield other


def our_gateway(machine: Machine) -> OurSide:
    config = our_config(
        Role.RESPONDER,
        identity=host_identity(IPv4Address(OURS).packed),
        keys={GROUP: SECRET.encode()},
        phase1=(phase1(AuthenticationMethod.XAUTH_INIT_PSK, hash=HashAlgorithm.SHA1, group=Group.MODP_1024),),
        phase2=(phase2(integrity=AuthenticationAlgorithm.HMAC_SHA1),),
        local=EVERYTHING, remote=None, gateway=GATEWAY,
        # It asks for a life of 24 days.
        life_rule=LifeRule.CLAIM)
    return OurSide(Role.RESPONDER, config, machine)


SCRIPT = """#!/bin/sh
env >"{folder}/$reason"
[ "$reason" = connect ] || exit 0
"{ip}" address add "$INTERNAL_IP4_ADDRESS/32" dev "$TUNDEV"
"{ip}" link set "$TUNDEV" up
"{ip}" route add {behind} dev "$TUNDEV"
"""


class Vpnc:
    """vpnc on the other machine; the script writes down what it was told, and sets up the network with it."""

    def __init__(self, machine: Machine, folder: Path, natt_mode: str) -> None:
        self._log, self._told = folder / "vpnc.txt", folder / "connect"
        configuration, script = folder / "vpnc.conf", folder / "script"
        configuration.write_text(
            f"IPSec gateway {OURS}\nIPSec ID {GROUP}\nIPSec secret {SECRET}\n"
            f"Xauth username {USER}\nXauth password {PASSWORD}\n", encoding="ascii")
        script.write_text(SCRIPT.format(folder=folder, ip=program("ip"), behind=BEHIND_US), encoding="ascii")
        script.chmod(0o755)
        self.process = machine.start(
            program("vpnc"), "--no-detach", "--non-inter", "--natt-mode", natt_mode, "--debug", "3",
            "--pid-file", str(folder / "pid"), "--script", str(script), str(configuration), log=self._log)

    def is_up(self) -> bool:
        """Whether it has everything that it asked for."""
        return "S7.9 main loop" in self.log()

    def has_ended(self) -> bool:
        """Whether it has given up."""
        return self.process.poll() is not None

    def log(self) -> str:
        """What it printed."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def told(self) -> dict[str, str]:
        """What it told its script of the network."""
        lines = self._told.read_text(encoding="utf-8").splitlines()
        return {key: value for key, _, value in (line.partition("=") for line in lines)}


@pytest.mark.parametrize("natt_mode", ["natt", "force-natt", "none"])
def test_logs_in_and_out(machine: Machine, tmp_path: Path, natt_mode: str) -> None:
    ours = our_gateway(machine)
    try:
        vpnc = Vpnc(machine, tmp_path, natt_mode)
        assert ours.serve_until(lambda: vpnc.is_up() or vpnc.has_ended())
        assert ours.serve_until(lambda: len(ours.installed("ESP")) == 2, 2), f"{ours.refused()}\n{vpnc.log()[-2000:]}"
        told = vpnc.told()
        assert told["INTERNAL_IP4_ADDRESS"] == "10.3.0.1"
        assert told["INTERNAL_IP4_NETMASK"] == "255.255.255.0"
        assert told["INTERNAL_IP4_DNS"].split()[0] == "10.2.0.53"
        assert told["CISCO_BANNER"] == "Welcome"
        assert Role.INITIATOR in ours.proven()
        vpnc.process.terminate()
        assert ours.serve_until(lambda: ended(ours) == {"ISAKMP", "ESP"}, 5)
    finally:
        ours.close()
    assert ours.refused() == []


def test_packets_pass(machine: Machine, tmp_path: Path) -> None:
    ours = our_gateway(machine)
    try:
        vpnc = Vpnc(machine, tmp_path, "force-natt")
        assert ours.serve_until(lambda: vpnc.is_up() or vpnc.has_ended())
        log = tmp_path / "ping.txt"
        ping = machine.start(program("ping"), "-c", "3", "-i", "0.2", "-W", "2", BEHIND_US, log=log)
        assert ours.serve_until(lambda: ping.poll() is not None)
    finally:
        ours.close()
    assert "3 received" in log.read_text(encoding="utf-8"), f"{ours.refused()}\n{vpnc.log()[-2000:]}"
    assert ours.node.pings == 3


def ended(ours: OurSide) -> set[str]:
    """The protocols of which SAs have come to their end."""
    return {event.protocol for event in ours.said(SaEnded)}
