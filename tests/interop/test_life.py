from __future__ import annotations

from functools import partial

import pytest
from charon_settings import Settings
from meeting import Meet
from our_side import phase1, phase2

from explorer.engine.negotiation import LifeRule
from explorer.events import Role, SaEnded
from explorer.registry.phase1 import Group

pytestmark = pytest.mark.outside
pytest_plugins = ["meet"]
either_way = pytest.mark.parametrize("charon", [Role.RESPONDER, Role.INITIATOR], ids=["we begin", "charon begins"])
ANSWER = r"generating .* N\(DPD_ACK\)"
WITH_PFS = "aes128-sha256-modp2048"


@either_way
@pytest.mark.parametrize("pfs", [False, True], ids=["keys of phase 1", "PFS"])
def test_we_rekey(meet: Meet, charon: Role, *, pfs: bool) -> None:
    settings = Settings(charon, esp=WITH_PFS) if pfs else Settings(charon)
    meeting = meet(settings, phase2=(phase2(group=Group.MODP_2048 if pfs else None),))
    meeting.bring_up()
    meeting.ours.do(partial(meeting.ours.peer.start_quick, replaces=True))
    meeting.expect(lambda: len(meeting.ours.installed("ESP")) == 4, "two more IPsec SAs")
    meeting.expect(lambda: meeting.charon.says("detected rekeying of CHILD_SA") == 1, "charon to see what it is")
    meeting.expect(lambda: meeting.charon.says("CHILD_SA net.* established") == 2, "charon to have them too")
    meeting.agree()
    assert meeting.ours.refused() == []


@either_way
@pytest.mark.parametrize("pfs", [False, True], ids=["keys of phase 1", "PFS"])
def test_charon_rekeys(meet: Meet, charon: Role, *, pfs: bool) -> None:
    settings = Settings(charon, esp=WITH_PFS) if pfs else Settings(charon)
    meeting = meet(settings, phase2=(phase2(group=Group.MODP_2048 if pfs else None),))
    meeting.bring_up()
    meeting.charon.control("--rekey", "--child", "net")
    meeting.expect(lambda: len(meeting.ours.installed("ESP")) == 4, "two more IPsec SAs")
    meeting.expect(lambda: meeting.charon.says("CHILD_SA net.* established") == 2, "charon to have them too")
    meeting.agree()
    assert meeting.ours.refused() == []


@either_way
def test_we_rekey_when_the_time_has_come(meet: Meet, charon: Role) -> None:
    meeting = meet(Settings(charon), phase2=(phase2(lifetime=60),), rekeys=True, margin=59.0)
    meeting.bring_up()
    meeting.expect(lambda: len(meeting.ours.installed("ESP")) == 4, "two more IPsec SAs")
    meeting.expect(lambda: meeting.charon.says("CHILD_SA net.* established") >= 2, "charon to have them too")
    assert meeting.ours.refused() == []


@either_way
def test_we_make_a_new_isakmp_sa_when_the_time_has_come(meet: Meet, charon: Role) -> None:
    meeting = meet(Settings(charon), phase1=(phase1(lifetime=60),), rekeys=True, margin=59.0, life_rule=LifeRule.CLAIM)
    meeting.bring_up()
    meeting.expect(lambda: len(meeting.ours.installed("ISAKMP")) == 2, "another ISAKMP SA")
    meeting.expect(lambda: meeting.charon.says("IKE_SA lab.* established") >= 2, "charon to have it too")
    meeting.expect(lambda: "INSTALLED" in meeting.charon.associations(), "charon to have its IPsec SAs there")
    assert meeting.ours.refused() == []


@either_way
def test_we_ask_whether_charon_lives(meet: Meet, charon: Role) -> None:
    meeting = meet(Settings(charon))
    meeting.bring_up()
    for _ in range(3):
        before = meeting.charon.says(ANSWER)
        meeting.ours.do(meeting.ours.peer.start_dpd)
        meeting.expect(lambda before=before: meeting.charon.says(ANSWER) > before, "an answer")  # type: ignore[misc]
    assert meeting.charon.says(r"received invalid DPD sequence") == 0
    assert meeting.ours.said(SaEnded) == []
    assert meeting.ours.refused() == []


@either_way
def test_charon_asks_whether_we_live(meet: Meet, charon: Role) -> None:
    meeting = meet(Settings(charon, connection={"dpd_delay": "1s"}))
    meeting.bring_up()
    meeting.expect(lambda: meeting.charon.says(r"parsed .* N\(DPD_ACK\)") >= 2, "charon to hear us twice")
    assert meeting.charon.says(r"received invalid DPD sequence") == 0
    assert meeting.ours.refused() == []


@either_way
def test_charon_ends_it(meet: Meet, charon: Role) -> None:
    meeting = meet(Settings(charon))
    meeting.bring_up()
    meeting.charon_does("--terminate", "--ike", "lab")
    meeting.expect(
        lambda: {event.protocol for event in meeting.ours.said(SaEnded)} == {"ISAKMP", "ESP"}, "the end of all SAs")
    assert meeting.charon.associations().strip() == ""
    assert meeting.ours.refused() == []


@either_way
def test_we_end_it(meet: Meet, charon: Role) -> None:
    meeting = meet(Settings(charon))
    meeting.bring_up()
    meeting.ours.do(partial(meeting.ours.peer.start_delete, isakmp=True))
    meeting.expect(lambda: meeting.charon.says("received DELETE for IKE_SA") == 1, "charon to hear of it")
    assert meeting.charon.associations().strip() == ""


@either_way
def test_charon_makes_a_new_isakmp_sa(meet: Meet, charon: Role) -> None:
    meeting = meet(Settings(charon))
    meeting.bring_up()
    meeting.charon.control("--rekey", "--ike", "lab")
    meeting.expect(lambda: len(meeting.ours.installed("ISAKMP")) == 2, "another ISAKMP SA")
    meeting.expect(lambda: meeting.charon.says("IKE_SA lab.* established") == 2, "charon to have it too")
    assert meeting.ours.refused() == []
