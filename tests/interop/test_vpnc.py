from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from charon_settings import PASSWORD, USER, name
from demand import demand, program
from machine import BEHIND_US, OURS, Machine
from our_side import OurSide, certified, our_config, phase1, phase2

from explorer.content import content_folder
from explorer.engine.negotiation import LifeRule
from explorer.events import Notified, Role, SaEnded
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


def our_gateway(machine: Machine, **changes: Any) -> OurSide:
    config = our_config(
        Role.RESPONDER,
        identity=host_identity(IPv4Address(OURS).packed),
        keys={GROUP: SECRET.encode()},
        phase1=(phase1(AuthenticationMethod.XAUTH_INIT_PSK, hash=HashAlgorithm.SHA1, group=Group.MODP_1024),),
        phase2=(phase2(integrity=AuthenticationAlgorithm.HMAC_SHA1),),
        local=EVERYTHING, remote=None, gateway=GATEWAY,
        # It asks for a life of 24 days.
        life_rule=LifeRule.CLAIM)
    return OurSide(Role.RESPONDER, replace(config, **changes), machine)


SCRIPT = """#!/bin/sh
env >"{folder}/$reason"
[ "$reason" = connect ] || exit 0
"{ip}" address add "$INTERNAL_IP4_ADDRESS/32" dev "$TUNDEV"
"{ip}" link set "$TUNDEV" up
"{ip}" route add {behind} dev "$TUNDEV"
"""


class Vpnc:
    """vpnc on the other machine; the script writes down what it was told, and sets up the network with it."""

    def __init__(
        self, machine: Machine, folder: Path, *options: str, secret: str = SECRET, password: str = PASSWORD
    ) -> None:
        self._log, self._told, self._pid = folder / "vpnc.txt", folder / "connect", folder / "pid"
        configuration, script = folder / "vpnc.conf", folder / "script"
        configuration.write_text(
            f"IPSec gateway {OURS}\nIPSec ID {GROUP}\nIPSec secret {secret}\n"
            f"Xauth username {USER}\nXauth password {password}\n", encoding="ascii")
        script.write_text(SCRIPT.format(folder=folder, ip=program("ip"), behind=BEHIND_US), encoding="ascii")
        script.chmod(0o755)
        self.process = machine.start(
            program("vpnc"), "--no-detach", "--non-inter", "--debug", "3", *options,
            "--pid-file", str(self._pid), "--script", str(script), str(configuration), log=self._log)

    def has_ended(self) -> bool:
        """Whether it has given up."""
        return self.process.poll() is not None

    def can_be_ended(self) -> bool:
        """Whether a signal makes it say goodbye: it writes its number after it has made itself ready for one."""
        return self._pid.exists()

    def log(self) -> str:
        """What it printed."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def told(self) -> dict[str, str]:
        """What it told its script of the network."""
        lines = self._told.read_text(encoding="utf-8").splitlines()
        return {key: value for key, _, value in (line.partition("=") for line in lines)}


def come_up(ours: OurSide, vpnc: Vpnc) -> None:
    """Until both hold their SAs: vpnc has them before it sends the message that lets us have them."""
    ours.serve_until(lambda: len(ours.installed("ESP")) == 2 or vpnc.has_ended())
    assert len(ours.installed("ESP")) == 2, f"{ours.refused()}\n{vpnc.log()[-2000:]}"


@pytest.mark.parametrize("natt_mode", ["natt", "force-natt", "none"])
def test_logs_in_and_out(machine: Machine, tmp_path: Path, natt_mode: str) -> None:
    for attempt in range(5):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        ended_well, vpnc = log_in_and_out(machine, folder, natt_mode)
        if ended_well:
            return
        assert not has_distinct_goodbyes(vpnc), vpnc.log()[-4000:]
    pytest.fail("vpnc has never used two Message IDs for its two Deletes")


def log_in_and_out(machine: Machine, folder: Path, natt_mode: str) -> tuple[bool, Vpnc]:
    with closing(our_gateway(machine)) as ours:
        vpnc = Vpnc(machine, folder, "--natt-mode", natt_mode)
        come_up(ours, vpnc)
        told = vpnc.told()
        assert told["INTERNAL_IP4_ADDRESS"] == "10.3.0.1"
        assert told["INTERNAL_IP4_NETMASK"] == "255.255.255.0"
        assert told["INTERNAL_IP4_DNS"].split()[0] == "10.2.0.53"
        assert told["CISCO_BANNER"] == "Welcome"
        assert Role.INITIATOR in ours.proven()
        assert ours.serve_until(vpnc.can_be_ended), vpnc.log()[-2000:]
        ended_well = any(says_goodbye(ours, vpnc) for _ in range(5))
        assert ours.serve_until(vpnc.has_ended), vpnc.log()[-2000:]
        assert not ended_well or ours.refused() == []
    return ended_well, vpnc


def has_distinct_goodbyes(vpnc: Vpnc) -> bool:
    """Whether its last two messages can be told apart: it draws one octet for the Message ID of each Delete.

    Two that are the same, or a zero, are refused here as they should be (RFC 2408 §3.1).
    """
    goodbye = vpnc.log().partition("send ipsec termination message")[2]
    drawn = re.findall(r"message_id: ([0-9a-f]{8})", goodbye)
    return len(drawn) == 2 and len({*drawn, "00000000"}) == 3


def test_packets_pass(machine: Machine, tmp_path: Path) -> None:
    log = tmp_path / "ping.txt"
    with closing(our_gateway(machine)) as ours:
        come_up(ours, Vpnc(machine, tmp_path, "--natt-mode", "force-natt"))
        ping = machine.start(program("ping"), "-c", "3", "-i", "0.2", "-W", "2", BEHIND_US, log=log)
        assert ours.serve_until(lambda: ping.poll() is not None)
    assert "3 received" in log.read_text(encoding="utf-8"), ours.refused()


def test_we_rekey(machine: Machine, tmp_path: Path) -> None:
    log = tmp_path / "ping.txt"
    with closing(our_gateway(machine)) as ours:
        come_up(ours, Vpnc(machine, tmp_path, "--natt-mode", "force-natt"))
        ours.do(partial(ours.peer.start_quick, replaces=True))
        assert ours.serve_until(lambda: len(ours.installed("ESP")) == 4), ours.refused()
        ping = machine.start(program("ping"), "-c", "3", "-i", "0.2", "-W", "2", BEHIND_US, log=log)
        assert ours.serve_until(lambda: ping.poll() is not None)
    assert "3 received" in log.read_text(encoding="utf-8"), ours.refused()


def test_we_ask_whether_it_lives(machine: Machine, tmp_path: Path) -> None:
    with closing(our_gateway(machine)) as ours:
        come_up(ours, Vpnc(machine, tmp_path))
        before = len(answers(ours))
        ours.do(ours.peer.start_dpd)
        assert ours.serve_until(lambda: len(answers(ours)) > before)
    assert ours.refused() == []


def test_newer_groups(machine: Machine, tmp_path: Path) -> None:
    method = AuthenticationMethod.XAUTH_INIT_PSK
    with closing(our_gateway(
        machine, phase1=(phase1(method, hash=HashAlgorithm.SHA1),),
        phase2=(phase2(integrity=AuthenticationAlgorithm.HMAC_SHA1, group=Group.MODP_2048),),
    )) as ours:
        come_up(ours, Vpnc(machine, tmp_path, "--dh", "dh14", "--pfs", "dh14"))
    assert ours.refused() == []


def test_a_certificate_instead_of_the_group_s_secret(machine: Machine, tmp_path: Path) -> None:
    method = AuthenticationMethod.HYBRID_INIT_RSA
    with closing(our_gateway(
        machine, phase1=(phase1(method, hash=HashAlgorithm.SHA1, group=Group.MODP_1024),),
        identity=Identity(int(IdType.FQDN), name(Role.RESPONDER).encode()), **certified(Role.RESPONDER, "rsa"),
    )) as ours:
        authority = content_folder() / "credentials" / "lab-ca.pem"
        come_up(ours, Vpnc(machine, tmp_path, "--auth-mode", "hybrid", "--ca-file", str(authority)))
    assert ours.refused() == []


def test_another_group_secret(machine: Machine, tmp_path: Path) -> None:
    with closing(our_gateway(machine)) as ours:
        vpnc = Vpnc(machine, tmp_path, secret="another")
        assert ours.serve_until(vpnc.has_ended)
    assert "hash comparison failed" in vpnc.log()
    assert ours.installed("ISAKMP") == []


def test_another_password(machine: Machine, tmp_path: Path) -> None:
    with closing(our_gateway(machine)) as ours:
        vpnc = Vpnc(machine, tmp_path, password="another")
        assert ours.serve_until(vpnc.has_ended)
    assert "authentication unsuccessful" in vpnc.log()
    assert len(ours.installed("ISAKMP")) == 1
    assert ours.installed("ESP") == []


def answers(ours: OurSide) -> list[Notified]:
    """Signs of life that have come."""
    return [event for event in ours.said(Notified) if "R-U-THERE-ACK" in event.notify]


def says_goodbye(ours: OurSide, vpnc: Vpnc) -> bool:
    """Send it a signal; one that arrives just before it begins to wait for packets only wakes it with the next one."""
    vpnc.process.terminate()
    return ours.serve_until(lambda: ended(ours) == {"ISAKMP", "ESP"}, 1)


def ended(ours: OurSide) -> set[str]:
    """The protocols of which SAs have come to their end."""
    return {event.protocol for event in ours.said(SaEnded)}
