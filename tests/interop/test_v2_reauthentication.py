from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from charon_settings import Settings
from meeting_v2 import MeetV2, V2Meeting
from our_v2 import certified_v2, child

from explorer.events import Role
from explorer.protocols.ikev2.suites import Offer

pytestmark = pytest.mark.outside
pytest_plugins = ["meet"]
either_way = pytest.mark.parametrize("charon", [Role.RESPONDER, Role.INITIATOR], ids=["we begin", "charon begins"])
IKE = "aes128-sha256-x25519"


METHODS = {
    "PSK": ("", "psk", "pre-shared key"),
    "RSA": ("rsa", "signature", "RSA_EMSA_PKCS1_SHA2_256"),
    "ECDSA": ("ecdsa", "ecdsa", "ECDSA-256 signature"),
    "Ed25519": ("ed25519", "signature", "ED25519"),
}
"""The kind of the certificates, if there are any; our word for the method, and charon's."""


def put(meet_v2: MeetV2, charon: Role, how: str, **changes: Any) -> V2Meeting:
    kind, method, _ = METHODS[how]
    if not kind:
        return meet_v2(Settings(charon, ike=IKE, **changes))
    settings = Settings(charon, ike=IKE, proves=("pubkey",), demands=("pubkey",), kind=kind, **changes)
    return meet_v2(settings, **certified_v2(charon.other, kind, method))


def authenticate_once_more(meeting: V2Meeting, turn: int, *, ours: bool) -> None:
    """Everything is made from the beginning, and what there was goes."""
    if ours:
        meeting.ours.do(meeting.ours.v2.start_reauthentication)
    else:
        meeting.charon.control("--rekey", "--reauth", "--ike", "lab")
    meeting.expect(lambda: len(meeting.ours.installed("IKE")) == turn + 1, "another IKE SA")
    meeting.gone("IKE", "", turn)
    meeting.gone("ESP", "", 2 * turn)
    meeting.settle()


def made_anew(meeting: V2Meeting, charon: Role, how: str, times: int) -> None:
    """Charon has been given as many proofs as there were IKE SAs, and no key comes of an older one."""
    proof = f"authentication of '{charon.other}.lab.example' with {METHODS[how][2]} successful"
    for said in (proof, r"IKE_SA lab\[\d+\] established", r"CHILD_SA net\{\d+\} established", "SKEYSEED =>"):
        assert (said, meeting.charon.says(said)) == (said, times)
    assert len(meeting.ours.installed("ESP")) == 2 * times
    meeting.agree()
    meeting.alive()


@either_way
@pytest.mark.parametrize("how", METHODS)
def test_we_authenticate_once_more(meet_v2: MeetV2, charon: Role, how: str) -> None:
    meeting = put(meet_v2, charon, how)
    meeting.bring_up()
    for turn in (1, 2):
        authenticate_once_more(meeting, turn, ours=True)
        assert meeting.ended("IKE", "replaced") == turn
        assert meeting.charon.says("received DELETE for IKE_SA") == turn
    made_anew(meeting, charon, how, 3)


@either_way
@pytest.mark.parametrize("how", ["PSK", "RSA"])
@pytest.mark.parametrize("make_before_break", ["yes", "no"])
def test_charon_authenticates_once_more(meet_v2: MeetV2, charon: Role, how: str, make_before_break: str) -> None:
    meeting = put(meet_v2, charon, how, daemon={"make_before_break": make_before_break})
    meeting.bring_up()
    authenticate_once_more(meeting, 1, ours=False)
    assert meeting.charon.says("received DELETE for IKE_SA") == 0
    made_anew(meeting, charon, how, 2)


@either_way
@pytest.mark.parametrize(
    ("esp", "offers"),
    [("aes128-sha256", child()), ("aes256gcm16", child(cipher="aes-gcm-16-256", integrity=""))],
    ids=["CBC", "GCM"])
def test_packets_pass_after_each_new_authentication(
    meet_v2: MeetV2, tmp_path: Path, charon: Role, esp: str, offers: Sequence[Offer]
) -> None:
    meeting = meet_v2(Settings(charon, ike=IKE, esp=esp), child=offers)
    meeting.bring_up()
    for turn, ours in enumerate((True, False, True), start=1):
        authenticate_once_more(meeting, turn, ours=ours)
        assert "3 received" in meeting.ping(tmp_path)
    made_anew(meeting, charon, "PSK", 4)


@either_way
def test_what_follows_a_new_authentication_is_rekeyed_like_any_other(
    meet_v2: MeetV2, tmp_path: Path, charon: Role
) -> None:
    meeting = meet_v2(Settings(charon, ike=IKE))
    meeting.bring_up()
    authenticate_once_more(meeting, 1, ours=True)
    meeting.charon.control("--rekey", "--child", "net")
    meeting.gone("ESP", "", 4)
    meeting.ours.do(meeting.ours.v2.start_rekey_ike)
    meeting.gone("IKE", "", 2)
    meeting.ours.do(partial(meeting.ours.peer.start_quick, replaces=True))
    meeting.gone("ESP", "", 6)
    meeting.agree()
    meeting.alive()
    assert "3 received" in meeting.ping(tmp_path)
