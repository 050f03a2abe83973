from __future__ import annotations

import pytest
from charon_settings import PSK, Settings, Tree
from meeting_v2 import MeetV2, V2Meeting
from our_v2 import certified_v2, child, ike, named

from explorer.events import Role

pytestmark = pytest.mark.outside
pytest_plugins = ["meet"]
WE_BEGIN, CHARON_BEGINS = Role.RESPONDER, Role.INITIATOR
IKE = "aes128-sha256-x25519"


def none_was_made(meeting: V2Meeting) -> None:
    meeting.expect(lambda: meeting.charon.associations().strip() == "", "charon to have nothing left")
    assert meeting.ours.installed("ESP") == []
    meeting.expect(lambda: not any(a.usable for a in meeting.ours.v2.sessions), "our side to have nothing left")
    assert not meeting.ours.v2.busy


def only_the_ike_sa_was_made(meeting: V2Meeting) -> None:
    assert len(meeting.ours.installed("IKE")) == 1
    assert meeting.ours.installed("ESP") == []
    listed = meeting.charon.associations()
    assert (listed.count("ESTABLISHED"), listed.count("INSTALLED")) == (1, 0)
    meeting.ours.do(meeting.ours.peer.start_dpd)
    meeting.expect(lambda: not meeting.ours.v2.busy, "an answer under it")


def test_charon_wants_none_of_our_ike_proposals(meet_v2: MeetV2) -> None:
    meeting = meet_v2(Settings(WE_BEGIN, ike=IKE), ike=ike("modp-1536"))
    meeting.ours.do(meeting.ours.peer.start)
    meeting.expect(lambda: meeting.ours.told() == ["NO_PROPOSAL_CHOSEN"], "a notification")
    assert meeting.charon.says("received proposals unacceptable") == 1
    none_was_made(meeting)


def test_we_want_none_of_charons_ike_proposals(meet_v2: MeetV2) -> None:
    meeting = meet_v2(Settings(CHARON_BEGINS, ike=IKE), ike=ike(integrity="hmac-sha1-96"))
    output = meeting.charon_does("--initiate", "--child", "net")
    assert "received NO_PROPOSAL_CHOSEN notify error" in output
    assert "integrity" in meeting.ours.refused()[0].lower()
    none_was_made(meeting)


def test_charon_wants_none_of_our_child_proposals(meet_v2: MeetV2) -> None:
    meeting = meet_v2(Settings(WE_BEGIN, ike=IKE), child=child(cipher="aes-cbc-256"))
    meeting.bring_up_alone()
    assert meeting.ours.told() == ["NO_PROPOSAL_CHOSEN"]
    only_the_ike_sa_was_made(meeting)


def test_we_want_none_of_charons_child_proposals(meet_v2: MeetV2) -> None:
    meeting = meet_v2(Settings(CHARON_BEGINS, ike=IKE), child=child(cipher="aes-cbc-256"))
    output = meeting.charon_does("--initiate", "--child", "net")
    assert "received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built" in output
    assert len(meeting.ours.refused()) == 1
    only_the_ike_sa_was_made(meeting)


def test_charon_protects_other_packets(meet_v2: MeetV2) -> None:
    meeting = meet_v2(Settings(WE_BEGIN, ike=IKE, local_ts="10.9.9.9/32"))
    meeting.bring_up_alone()
    assert meeting.ours.told() == ["TS_UNACCEPTABLE"]
    only_the_ike_sa_was_made(meeting)


def test_we_protect_other_packets(meet_v2: MeetV2) -> None:
    meeting = meet_v2(Settings(CHARON_BEGINS, ike=IKE, remote_ts="10.9.9.9/32"))
    output = meeting.charon_does("--initiate", "--child", "net")
    assert "received TS_UNACCEPTABLE notify, no CHILD_SA built" in output
    assert len(meeting.ours.refused()) == 1
    only_the_ike_sa_was_made(meeting)


def test_another_key_when_we_begin(meet_v2: MeetV2) -> None:
    meeting = meet_v2(Settings(WE_BEGIN, ike=IKE, psk="another"))
    meeting.ours.do(meeting.ours.peer.start)
    meeting.expect(lambda: meeting.ours.told() == ["AUTHENTICATION_FAILED"], "a notification")
    assert meeting.charon.says("tried 1 shared key for .* but MAC mismatched") == 1
    assert meeting.ours.installed("IKE") == []
    assert meeting.ours.proven() == set()
    none_was_made(meeting)


def test_another_key_when_charon_begins(meet_v2: MeetV2) -> None:
    meeting = meet_v2(Settings(CHARON_BEGINS, ike=IKE, psk="another"))
    output = meeting.charon_does("--initiate", "--child", "net")
    assert "received AUTHENTICATION_FAILED notify error" in output
    assert "AUTHi" in meeting.ours.refused()[0]
    assert meeting.ours.installed("IKE") == []
    assert meeting.ours.proven() == set()
    none_was_made(meeting)


def test_we_expect_somebody_else_and_have_begun(meet_v2: MeetV2) -> None:
    meeting = meet_v2(
        Settings(WE_BEGIN, ike=IKE), expects=named("another.lab.example"), keys={"*": PSK.encode()})
    meeting.ours.do(meeting.ours.peer.start)
    meeting.expect(lambda: len(meeting.ours.refused() + meeting.ours.told()) > 0, "a refusal")
    none_was_made(meeting)


def test_charons_certificate_is_for_somebody_else(meet_v2: MeetV2) -> None:
    settings = Settings(
        WE_BEGIN, ike=IKE, proves=("pubkey",), demands=("psk",), daemon={"signature_authentication": "no"})
    ours = certified_v2(Role.INITIATOR, "rsa", "psk") | {"credential": None, "authorities": ()}
    meeting = meet_v2(settings, **ours | {"keys": {"*": PSK.encode()}})
    meeting.ours.do(meeting.ours.peer.start)
    meeting.expect(lambda: len(meeting.ours.refused()) == 1, "a refusal")
    told = r"parsed INFORMATIONAL request 2 \[ N\(AUTH_FAILED\) \]"
    meeting.expect(lambda: meeting.charon.says(told) == 1, "charon to hear of it")
    assert meeting.ours.installed("IKE") == []
    none_was_made(meeting)


def test_charon_expects_somebody_else_and_has_begun(meet_v2: MeetV2) -> None:
    meeting = meet_v2(Settings(CHARON_BEGINS, ike=IKE), identity=named("another.lab.example"))
    output = meeting.charon_does("--initiate", "--child", "net")
    assert "initiate failed" in output
    assert meeting.charon.says(r"generating INFORMATIONAL request 2 \[ N\(AUTH_FAILED\) \]") == 1
    meeting.expect(lambda: meeting.ended("IKE") == 1, "our side to give it up")
    assert meeting.ended("ESP") == 2


IMPATIENT: Tree = {"retransmit_tries": 1, "retransmit_timeout": "0.3"}


def test_charon_begins_with_ikev1(meet_v2: MeetV2) -> None:
    settings = Settings(CHARON_BEGINS, ike=IKE, daemon=IMPATIENT, connection={"version": 1})
    meeting = meet_v2(settings)
    output = meeting.charon_does("--initiate", "--child", "net")
    assert "initiate failed" in output or "establishing IKE_SA failed" in output
    assert "1.0" in meeting.ours.refused()[0]
    assert meeting.ours.v2.sessions == []


WITHOUT_NAMES: Tree = {"signature_authentication": "no"}
"""Makes charon announce no hashes: it knows no RFC 7427."""


def test_charon_announces_no_hashes_and_we_have_begun(meet_v2: MeetV2) -> None:
    settings = Settings(WE_BEGIN, ike=IKE, demands=("pubkey",), kind="ed25519", daemon=WITHOUT_NAMES)
    meeting = meet_v2(settings, **certified_v2(Role.INITIATOR, "ed25519", "signature"))
    meeting.ours.do(meeting.ours.peer.start)
    meeting.expect(lambda: len(meeting.ours.refused()) == 1, "a refusal")
    assert "the peer has not announced that it takes it" in meeting.ours.refused()[0]
    assert meeting.ours.installed("IKE") == []
    assert not meeting.ours.v2.busy


def test_charon_announces_no_hashes_and_has_begun(meet_v2: MeetV2) -> None:
    settings = Settings(CHARON_BEGINS, ike=IKE, demands=("pubkey",), kind="ed25519", daemon=WITHOUT_NAMES)
    ours = certified_v2(Role.RESPONDER, "ed25519", "signature") | {"keys": {"*": settings.psk.encode()}}
    meeting = meet_v2(settings, **ours)
    output = meeting.charon_does("--initiate", "--child", "net")
    assert "received AUTHENTICATION_FAILED notify error" in output
    assert "the peer has not announced that it takes it" in meeting.ours.refused()[0]
    assert meeting.ours.installed("IKE") == []
    none_was_made(meeting)
