from __future__ import annotations

import pytest
from charon_settings import PSK, Settings, Tree, name
from meeting import Meet, Meeting
from our_side import phase1, phase2

from explorer.events import Notified, Role
from explorer.registry.ipsec import AuthenticationAlgorithm
from explorer.registry.phase1 import Group

pytestmark = pytest.mark.outside
pytest_plugins = ["meet"]
WE_BEGIN, CHARON_BEGINS = Role.RESPONDER, Role.INITIATOR
IMPATIENT: Tree = {"retransmit_tries": 1, "retransmit_timeout": "0.3"}


def told(meeting: Meeting, words: str, *, protected: bool) -> bool:
    return any(words in event.notify and event.protected is protected for event in meeting.ours.said(Notified))


def test_charon_wants_none_of_our_phase_1_policies(meet: Meet) -> None:
    meeting = meet(Settings(WE_BEGIN), phase1=(phase1(group=Group.MODP_1536),))
    meeting.ours.do(meeting.ours.peer.start)
    meeting.expect(lambda: told(meeting, "NO-PROPOSAL-CHOSEN", protected=False), "a notification")
    assert meeting.ours.installed("ISAKMP") == []
    assert meeting.charon.says("no proposal found|no matching proposal|NO_PROP") > 0


def test_we_want_none_of_charons_phase_1_policies(meet: Meet) -> None:
    meeting = meet(Settings(CHARON_BEGINS), phase1=(phase1(group=Group.MODP_1536),))
    output = meeting.charon_does("--initiate", "--child", "net")
    assert "received NO_PROPOSAL_CHOSEN error notify" in output
    assert len(meeting.ours.refused()) == 1
    assert "Group" in meeting.ours.refused()[0]


def test_charon_wants_none_of_our_phase_2_proposals(meet: Meet) -> None:
    meeting = meet(Settings(WE_BEGIN), phase2=(phase2(integrity=AuthenticationAlgorithm.HMAC_SHA1),))
    meeting.ours.do(meeting.ours.peer.start)
    meeting.expect(lambda: len(meeting.ours.installed("ISAKMP")) == 1, "an ISAKMP SA")
    meeting.ours.do(meeting.ours.peer.start_quick)
    meeting.expect(lambda: told(meeting, "NO-PROPOSAL-CHOSEN", protected=True), "a notification")
    assert meeting.ours.installed("ESP") == []
    assert "ESTABLISHED" in meeting.charon.associations()


def test_we_want_none_of_charons_phase_2_proposals(meet: Meet) -> None:
    meeting = meet(Settings(CHARON_BEGINS), phase2=(phase2(integrity=AuthenticationAlgorithm.HMAC_SHA1),))
    output = meeting.charon_does("--initiate", "--child", "net")
    assert "received NO_PROPOSAL_CHOSEN error notify" in output
    assert len(meeting.ours.installed("ISAKMP")) == 1
    assert meeting.ours.installed("ESP") == []


def test_charon_protects_other_packets(meet: Meet) -> None:
    meeting = meet(Settings(WE_BEGIN, local_ts="10.9.9.9/32"))
    meeting.ours.do(meeting.ours.peer.start)
    meeting.expect(lambda: len(meeting.ours.installed("ISAKMP")) == 1, "an ISAKMP SA")
    meeting.ours.do(meeting.ours.peer.start_quick)
    meeting.expect(lambda: told(meeting, "INVALID-ID-INFORMATION", protected=True), "a notification")
    assert meeting.ours.installed("ESP") == []


def test_another_key_in_main_mode_when_we_begin(meet: Meet) -> None:
    meeting = meet(Settings(WE_BEGIN, psk="another"))
    meeting.ours.do(meeting.ours.peer.start)
    meeting.expect(lambda: len(meeting.ours.refused()) > 0, "charon's answer, which cannot be read")
    failed = "ID_PROT request with message ID 0 processing failed"
    meeting.expect(lambda: meeting.charon.says(failed) > 0, "charon to say so")
    assert meeting.ours.installed("ISAKMP") == []
    assert meeting.ours.proven() == set()


def test_another_key_in_main_mode_when_charon_begins(meet: Meet) -> None:
    meeting = meet(Settings(CHARON_BEGINS, psk="another", daemon=IMPATIENT))
    output = meeting.charon_does("--initiate", "--child", "net")
    assert "establishing IKE_SA failed" in output or "initiate failed" in output
    assert len(meeting.ours.refused()) > 0
    assert meeting.ours.installed("ISAKMP") == []
    assert meeting.ours.proven() == set()


def test_another_key_in_aggressive_mode_when_we_begin(meet: Meet) -> None:
    meeting = meet(Settings(WE_BEGIN, psk="another", aggressive=True), mode="aggressive")
    meeting.ours.do(meeting.ours.peer.start)
    meeting.expect(lambda: len(meeting.ours.refused()) > 0, "a refusal of HASH_R")
    assert "HASH_R" in meeting.ours.refused()[0]
    assert meeting.ours.installed("ISAKMP") == []
    assert meeting.ours.proven() == set()


def test_another_key_in_aggressive_mode_when_charon_begins(meet: Meet) -> None:
    meeting = meet(
        Settings(CHARON_BEGINS, aggressive=True, daemon=IMPATIENT),
        keys={name(CHARON_BEGINS): f"not {PSK}".encode()})
    output = meeting.charon_does("--initiate", "--child", "net")
    assert "initiate failed" in output
    assert meeting.charon.says("calculated HASH does not match HASH payload") == 1
    assert meeting.ours.installed("ISAKMP") == []
    assert meeting.ours.proven() == set()
