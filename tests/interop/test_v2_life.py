from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest
from charon_settings import Settings
from meeting_v2 import MeetV2
from our_v2 import child, ike

from explorer.events import Role, SaEnded
from explorer.protocols.ikev2.suites import Offer

pytestmark = pytest.mark.outside
pytest_plugins = ["meet"]
either_way = pytest.mark.parametrize("charon", [Role.RESPONDER, Role.INITIATOR], ids=["we begin", "charon begins"])
pfs = pytest.mark.parametrize(
    ("esp", "offers"),
    [
        ("aes128-sha256", child()),
        ("aes128-sha256-x25519", child("x25519")),
        ("aes256gcm16-ecp256", child("ecp-256", cipher="aes-gcm-16-256", integrity="")),
        ("aes128-sha256-modp2048", child("modp-2048")),
    ],
    ids=["keys of the IKE SA", "PFS with X25519", "PFS with ECP and GCM", "PFS with MODP"])
IKE = "aes128-sha256-x25519"


@either_way
@pfs
def test_we_rekey_a_child_sa(meet_v2: MeetV2, charon: Role, esp: str, offers: Sequence[Offer]) -> None:
    meeting = meet_v2(Settings(charon, ike=IKE, esp=esp), child=offers)
    meeting.bring_up()
    meeting.ours.do(partial(meeting.ours.peer.start_quick, replaces=True))
    meeting.gone("ESP", "replaced", 2)
    meeting.agree()
    assert len(meeting.ours.installed("ESP")) == 4
    assert meeting.charon.says(r"parsed CREATE_CHILD_SA request .* N\(REKEY_SA\)") == 1
    meeting.alive()


@either_way
@pfs
def test_charon_rekeys_a_child_sa(meet_v2: MeetV2, charon: Role, esp: str, offers: Sequence[Offer]) -> None:
    meeting = meet_v2(Settings(charon, ike=IKE, esp=esp), child=offers)
    meeting.bring_up()
    meeting.charon.control("--rekey", "--child", "net")
    meeting.expect(lambda: len(meeting.ours.installed("ESP")) == 4, "two more Child SAs")
    meeting.gone("ESP", "", 2)
    meeting.agree()
    assert meeting.charon.says("received DELETE for ESP CHILD_SA") == 1
    meeting.alive()


@either_way
def test_we_make_another_child_sa(meet_v2: MeetV2, charon: Role) -> None:
    meeting = meet_v2(Settings(charon, ike=IKE, esp="aes128-sha256-x25519"), child=child("x25519"))
    meeting.bring_up()
    meeting.ours.do(meeting.ours.peer.start_quick)
    meeting.expect(lambda: len(meeting.ours.installed("ESP")) == 4, "two more Child SAs")
    meeting.agree()
    meeting.alive(children=2)


@either_way
@pytest.mark.parametrize(
    ("said", "offers"),
    [
        (IKE, ike()),
        ("aes256gcm16-prfsha512-ecp521", ike(
            "ecp-521", cipher="aes-gcm-16-256", prf="hmac-sha2-512", integrity="")),
    ],
    ids=["CBC", "GCM"])
@pytest.mark.parametrize("ours", [True, False], ids=["we", "charon"])
def test_the_ike_sa_is_rekeyed(
    meet_v2: MeetV2, charon: Role, said: str, offers: Sequence[Offer], *, ours: bool
) -> None:
    meeting = meet_v2(Settings(charon, ike=said), ike=offers)
    meeting.bring_up()
    for number in (2, 3):
        if ours:
            meeting.ours.do(meeting.ours.v2.start_rekey_ike)
        else:
            meeting.charon.control("--rekey", "--ike", "lab")
        meeting.expect(lambda number=number: len(meeting.ours.installed("IKE")) == number, "a successor")  # type: ignore[misc]
        meeting.gone("IKE", "", number - 1)
    meeting.agree()
    assert meeting.charon.says(r"IKE_SA lab\[\d+\] rekeyed between") == 2
    assert meeting.ended("ESP") == 0
    meeting.alive()
    # What lies under the new IKE SA is alive too, whoever asks.
    meeting.charon.control("--rekey", "--child", "net")
    meeting.gone("ESP", "", 2)
    meeting.ours.do(partial(meeting.ours.peer.start_quick, replaces=True))
    meeting.gone("ESP", "", 4)
    meeting.agree()
    meeting.alive()


@either_way
def test_one_side_rekeys_after_the_other(meet_v2: MeetV2, charon: Role) -> None:
    meeting = meet_v2(Settings(charon, ike=IKE))
    meeting.bring_up()
    meeting.charon.control("--rekey", "--ike", "lab")
    meeting.gone("IKE", "", 1)
    meeting.ours.do(meeting.ours.v2.start_rekey_ike)
    meeting.gone("IKE", "", 2)
    meeting.charon.control("--rekey", "--ike", "lab")
    meeting.gone("IKE", "", 3)
    meeting.agree()
    meeting.alive()


@either_way
def test_we_ask_whether_charon_lives(meet_v2: MeetV2, charon: Role) -> None:
    meeting = meet_v2(Settings(charon, ike=IKE))
    meeting.bring_up()
    for number in range(1, 4):
        meeting.ours.do(meeting.ours.peer.start_dpd)
        meeting.expect(lambda: not meeting.ours.v2.busy, "an answer")
        assert meeting.charon.says(r"parsed INFORMATIONAL request \d+ \[ \]") == number
    assert meeting.ours.said(SaEnded) == []
    meeting.alive()


@either_way
def test_charon_asks_whether_we_live(meet_v2: MeetV2, charon: Role) -> None:
    meeting = meet_v2(Settings(charon, ike=IKE, connection={"dpd_delay": "1s"}))
    meeting.bring_up()
    meeting.expect(lambda: meeting.charon.says(r"parsed INFORMATIONAL response \d+ \[ \]") >= 2, "two answers")
    meeting.alive()


def test_both_ask_at_the_same_time(meet_v2: MeetV2) -> None:
    meeting = meet_v2(Settings(Role.RESPONDER, ike=IKE, connection={"dpd_delay": "1s"}))
    meeting.bring_up()
    for _ in range(10):
        meeting.ours.do(meeting.ours.peer.start_dpd)
    meeting.expect(lambda: meeting.charon.says(r"parsed INFORMATIONAL response \d+ \[ \]") >= 1, "an answer of ours")
    meeting.expect(lambda: not meeting.ours.v2.busy, "all of charon's answers")
    assert meeting.charon.says(r"parsed INFORMATIONAL request \d+ \[ \]") == 10
    meeting.alive()


@either_way
def test_charon_ends_a_child_sa(meet_v2: MeetV2, charon: Role) -> None:
    meeting = meet_v2(Settings(charon, ike=IKE))
    meeting.bring_up()
    meeting.charon_does("--terminate", "--child", "net")
    meeting.gone("ESP", "deleted", 2)
    assert meeting.charon.says("received DELETE for ESP CHILD_SA") == 1
    assert meeting.ended("IKE") == 0
    meeting.alive(children=0)


@either_way
def test_we_end_a_child_sa(meet_v2: MeetV2, charon: Role) -> None:
    meeting = meet_v2(Settings(charon, ike=IKE))
    meeting.bring_up()
    meeting.ours.do(meeting.ours.peer.start_delete)
    meeting.gone("ESP", "deleted", 2)
    assert meeting.charon.says("received DELETE for ESP CHILD_SA") == 1
    meeting.settle()
    meeting.alive(children=0)


@either_way
def test_charon_ends_it(meet_v2: MeetV2, charon: Role) -> None:
    meeting = meet_v2(Settings(charon, ike=IKE))
    meeting.bring_up()
    meeting.charon_does("--terminate", "--ike", "lab")
    meeting.gone("IKE", "deleted", 1)
    meeting.gone("ESP", "deleted", 2)
    assert meeting.charon.associations().strip() == ""
    assert meeting.ours.refused() == []


@either_way
def test_we_end_it(meet_v2: MeetV2, charon: Role) -> None:
    meeting = meet_v2(Settings(charon, ike=IKE))
    meeting.bring_up()
    meeting.ours.do(partial(meeting.ours.peer.start_delete, isakmp=True))
    meeting.gone("IKE", "deleted", 1)
    meeting.gone("ESP", "deleted", 2)
    assert meeting.charon.says("received DELETE for IKE_SA") == 1
    assert meeting.charon.associations().strip() == ""
    assert meeting.ours.refused() == []
