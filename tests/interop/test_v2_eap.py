from __future__ import annotations

from typing import Any

import pytest
from charon_settings import PASSWORD, USER, Settings
from meeting_v2 import MeetV2
from our_v2 import certified_v2, named

from explorer.events import Role
from explorer.lab.credentials import load_authority
from explorer.protocols.ikev2.config import V2Gateway, V2Login

pytestmark = pytest.mark.outside
pytest_plugins = ["meet"]
each_method = pytest.mark.parametrize("method", ["eap-mschapv2", "eap-md5"])
asked = pytest.mark.parametrize("asks", [False, True], ids=["the name is IDi", "the name is asked for"])


def client(method: str, password: str = PASSWORD) -> dict[str, Any]:
    """Our side logs in."""
    return {
        "method": method, "identity": named(USER), "login": V2Login(USER.encode(), password.encode()), "keys": {},
        "authorities": (load_authority("lab-ca"),)}


def gateway(method: str, *, asks: bool = False) -> dict[str, Any]:
    """Our side lets somebody in."""
    users = {USER.encode(): PASSWORD.encode()}
    return certified_v2(Role.RESPONDER, "rsa", "rsa") | {"gateway": V2Gateway(users, method, asks)}


def settings(charon: Role, method: str, **more: Any) -> Settings:
    ways = [("pubkey",), (method,)]
    proves, demands = reversed(ways) if charon is Role.INITIATOR else ways
    return Settings(charon, ike="aes128-sha256-x25519", kind="rsa", proves=proves, demands=demands, **more)


@each_method
@asked
def test_we_log_in_at_charon(meet_v2: MeetV2, method: str, asks: bool) -> None:
    meeting = meet_v2(settings(Role.RESPONDER, method, asks_identity=asks), **client(method))
    meeting.bring_up()
    meeting.agree()
    assert meeting.charon.says(f"authentication of '{USER}' with EAP successful") == 1
    assert meeting.ours.refused() == []


@each_method
@asked
def test_charon_logs_in_at_ours(meet_v2: MeetV2, method: str, asks: bool) -> None:
    meeting = meet_v2(settings(Role.INITIATOR, method, asks_identity=asks), **gateway(method, asks=asks))
    meeting.bring_up()
    meeting.agree()
    assert meeting.charon.says("with EAP successful") == 1
    assert meeting.ours.refused() == []


@each_method
def test_charon_turns_our_password_down(meet_v2: MeetV2, method: str) -> None:
    meeting = meet_v2(settings(Role.RESPONDER, method), **client(method, "wrong"))
    meeting.ours.do(meeting.ours.peer.start)
    meeting.expect(lambda: meeting.charon.says("EAP method EAP_(MSCHAPV2|MD5) failed") == 1, "charon to say no")
    meeting.expect(lambda: not meeting.ours.v2.busy, "our side to give up")
    assert meeting.ours.installed("IKE") == meeting.ours.installed("ESP") == []


@each_method
def test_we_turn_charons_password_down(meet_v2: MeetV2, method: str) -> None:
    meeting = meet_v2(settings(Role.INITIATOR, method, password="wrong"), **gateway(method))
    assert "failed" in meeting.charon_does("--initiate", "--child", "net")
    assert len(meeting.ours.refused()) == 1
    assert meeting.ours.installed("IKE") == meeting.ours.installed("ESP") == []
