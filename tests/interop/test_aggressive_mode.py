from __future__ import annotations

import pytest
from charon_settings import Settings
from meeting import Meet
from our_side import certified, phase1

from explorer.events import Role
from explorer.registry.phase1 import AuthenticationMethod

pytestmark = pytest.mark.outside
pytest_plugins = ["meet"]
either_way = pytest.mark.parametrize("charon", [Role.RESPONDER, Role.INITIATOR], ids=["we begin", "charon begins"])


@either_way
def test_pre_shared_key(meet: Meet, charon: Role) -> None:
    meeting = meet(Settings(charon, aggressive=True), mode="aggressive")
    meeting.bring_up()
    meeting.agree()
    assert charon in meeting.ours.proven()
    assert meeting.charon.says(r"AGGRESSIVE request 0 \[ HASH") == 1
    assert meeting.ours.refused() == []


@either_way
def test_rsa_signatures(meet: Meet, charon: Role) -> None:
    meeting = meet(
        Settings(charon, aggressive=True, proves=("pubkey",), demands=("pubkey",)),
        mode="aggressive", phase1=(phase1(AuthenticationMethod.RSA_SIGNATURES),), keys={},
        **certified(charon.other, "rsa"))
    meeting.bring_up()
    meeting.agree()
    assert charon in meeting.ours.proven()
    assert meeting.ours.refused() == []


def test_every_answer_is_lost_once(meet: Meet) -> None:
    settings = Settings(
        Role.INITIATOR, aggressive=True, daemon={"retransmit_tries": 2, "retransmit_timeout": "0.2"})
    meeting = meet(settings)
    meeting.ours.node.loses = True
    meeting.bring_up()
    meeting.agree()
    assert meeting.charon.says("sending retransmit 1 of request") == 2
    assert meeting.ours.refused() == []
