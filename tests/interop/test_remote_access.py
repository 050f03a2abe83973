from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from charon_settings import USER, Settings
from machine import BEHIND_THEM, BEHIND_US
from meeting import Meet, Meeting
from our_side import CLIENT, GATEWAY, certified, phase1

from explorer.events import NetworkChanged, Role
from explorer.registry.phase1 import AuthenticationMethod

pytestmark = pytest.mark.outside
pytest_plugins = ["meet"]
ADDRESS = "10.3.0.1"
PSK_AND_LOGIN, HYBRID = AuthenticationMethod.XAUTH_INIT_PSK, AuthenticationMethod.HYBRID_INIT_RSA
who_speaks_of_addresses = pytest.mark.parametrize("pull", [True, False], ids=["pull", "push"])
mode = pytest.mark.parametrize("aggressive", [False, True], ids=["main", "aggressive"])


def charon_as_gateway(*, pull: bool = True, **changes: Any) -> Settings:
    connection = {"pools": "pool", "pull": "yes" if pull else "no"}
    settings = Settings(Role.RESPONDER, demands=("psk", "xauth"), remote_ts="dynamic", connection=connection)
    return replace(settings, **changes)


def charon_as_client(*, pull: bool = True, **changes: Any) -> Settings:
    connection = {"vips": "0.0.0.0", "pull": "yes" if pull else "no"}  # noqa: S104 any address will do
    settings = Settings(
        Role.INITIATOR, proves=("psk", "xauth"), local_ts="dynamic", remote_ts=f"{BEHIND_US}/32",
        connection=connection)
    return replace(settings, **changes)


def log_in(meeting: Meeting) -> None:
    """We are the client."""
    meeting.ours.do(meeting.ours.peer.start)
    meeting.expect(lambda: ADDRESS in addresses(meeting), "an internal address")
    meeting.ours.do(meeting.ours.peer.start_quick)
    meeting.expect(lambda: len(meeting.ours.installed("ESP")) == 2, "two IPsec SAs")
    meeting.expect(lambda: meeting.charon.says("CHILD_SA net.* established") > 0, "charon to have them too")
    meeting.agree()
    assert meeting.charon.says(f"XAuth authentication of '{USER}' successful") == 1
    assert f"{BEHIND_THEM}/32" in meeting.charon.associations()
    assert f"{ADDRESS}/32" in meeting.charon.associations()
    assert meeting.ours.refused() == []


def admit(meeting: Meeting) -> None:
    """We are the gateway."""
    meeting.bring_up()
    meeting.agree()
    assert meeting.charon.says(f"XAuth authentication of '{USER}' .myself. successful") == 1
    assert meeting.charon.says(f"installing new virtual IP {ADDRESS}") == 1
    assert f"{ADDRESS}/32" in meeting.charon.associations()
    assert meeting.ours.refused() == []


def addresses(meeting: Meeting) -> list[str]:
    return [word for event in meeting.ours.said(NetworkChanged) for word in event.value.split()]


@mode
@who_speaks_of_addresses
def test_we_log_in(meet: Meet, *, aggressive: bool, pull: bool) -> None:
    log_in(meet(
        charon_as_gateway(pull=pull, aggressive=aggressive), phase1=(phase1(PSK_AND_LOGIN),), local=None,
        client=replace(CLIENT, asks=pull), mode="aggressive" if aggressive else "main"))


@mode
@who_speaks_of_addresses
def test_charon_logs_in(meet: Meet, *, aggressive: bool, pull: bool) -> None:
    admit(meet(
        charon_as_client(pull=pull, aggressive=aggressive), phase1=(phase1(PSK_AND_LOGIN),), remote=None,
        gateway=replace(GATEWAY, pushes=not pull)))


def test_we_log_in_and_have_no_certificate(meet: Meet) -> None:
    credentials = certified(Role.INITIATOR, "rsa") | {"credential": None}
    settings = charon_as_gateway(proves=("pubkey",), demands=("xauth",))
    meeting = meet(settings, phase1=(phase1(HYBRID),), local=None, client=CLIENT, keys={}, **credentials)
    log_in(meeting)
    assert Role.RESPONDER in meeting.ours.proven()


def test_charon_logs_in_and_has_no_certificate(meet: Meet) -> None:
    credentials = certified(Role.RESPONDER, "rsa")
    settings = charon_as_client(proves=("xauth",), demands=("pubkey",))
    admit(meet(settings, phase1=(phase1(HYBRID),), remote=None, gateway=GATEWAY, keys={}, **credentials))


def test_we_log_in_with_another_password(meet: Meet) -> None:
    meeting = meet(
        charon_as_gateway(), phase1=(phase1(PSK_AND_LOGIN),), local=None, client=replace(CLIENT, password="guess"))
    meeting.ours.do(meeting.ours.peer.start)
    meeting.expect(lambda: meeting.charon.says(f"XAuth authentication of '{USER}' failed") == 1, "charon to see it")
    meeting.ours.serve_until(lambda: False, 0.3)
    assert ADDRESS not in addresses(meeting)
    assert meeting.ours.installed("ESP") == []


def test_charon_logs_in_with_another_password(meet: Meet) -> None:
    gateway = replace(GATEWAY, users={USER: "another"})
    meeting = meet(charon_as_client(), phase1=(phase1(PSK_AND_LOGIN),), remote=None, gateway=gateway)
    output = meeting.charon_does("--initiate", "--child", "net")
    assert "initiate failed" in output
    assert meeting.charon.says(f"XAuth authentication of '{USER}' .myself. failed") == 1
    assert meeting.ours.installed("ESP") == []
