from __future__ import annotations

import pytest
from charon_settings import IN_KERNEL, Settings, Tree
from meeting_v2 import MeetV2, V2Meeting
from our_v2 import ike, our_v2_config

from explorer.events import NetworkChanged, Role, Sent
from explorer.lab.entropy import SeededEntropy
from explorer.lab.scenario_build_v2 import KEY_EXCHANGE_WORDS
from explorer.protocols.ikev2.peer import Ikev2Peer

pytestmark = pytest.mark.outside
pytest_plugins = ["meet"]
WE_BEGIN, CHARON_BEGINS = Role.RESPONDER, Role.INITIATOR
either_way = pytest.mark.parametrize("charon", [WE_BEGIN, CHARON_BEGINS], ids=["we begin", "charon begins"])
IKE = "aes128-sha256-x25519"
TWO = ike("x25519", "modp-2048")
GUESS = KEY_EXCHANGE_WORDS["modp-2048"]
COOKIES: Tree = {"dos_protection": "yes", "cookie_threshold": 1, "block_threshold": 0}


def first_messages(meeting: V2Meeting) -> list[bytes]:
    """Those that we have sent."""
    sent = [event for event in meeting.ours.said(Sent) if event.envelope.exchange == "IKE_SA_INIT"]
    return [event.envelope.trees[0].buffer.octets for event in sent]


def leave_half_open(meeting: V2Meeting) -> None:
    """A first message of somebody who never comes back; charon then asks the next one for its cookie."""
    somebody = Ikev2Peer(our_v2_config(meeting.role), SeededEntropy(1, "somebody"))
    somebody.start(meeting.ours.there, 0.0)
    for datagram in somebody.datagrams_to_send(0.0):
        meeting.ours.send(datagram.octets)
    meeting.expect(lambda: len(meeting.ours.refused()) == 1, "an answer that is not for us")


def test_charon_wants_another_key_exchange(meet_v2: MeetV2) -> None:
    meeting = meet_v2(Settings(WE_BEGIN, ike=IKE), ike=TWO, guess=GUESS)
    meeting.bring_up()
    meeting.agree()
    assert meeting.charon.says("DH group MODP_2048 unacceptable, requesting CURVE_25519") == 1
    assert meeting.ours.told() == ["INVALID_KE_PAYLOAD"]
    assert len(first_messages(meeting)) == 2
    assert meeting.ours.refused() == []


def test_we_want_another_key_exchange(meet_v2: MeetV2) -> None:
    meeting = meet_v2(Settings(CHARON_BEGINS, ike="aes128-sha256-modp2048-x25519"))
    meeting.bring_up()
    meeting.agree()
    assert meeting.charon.says("peer didn't accept DH group MODP_2048, it requested CURVE_25519") == 1
    assert len(meeting.ours.refused()) == 1
    assert "X25519" in meeting.ours.refused()[0]


@pytest.mark.parametrize("guess", [None, GUESS], ids=["right guess", "wrong guess"])
def test_charon_wants_its_cookie_back(meet_v2: MeetV2, guess: int | None) -> None:
    meeting = meet_v2(Settings(WE_BEGIN, ike=IKE, daemon=COOKIES), ike=TWO, guess=guess)
    leave_half_open(meeting)
    meeting.ours.do(meeting.ours.peer.start)
    meeting.expect(lambda: len(meeting.ours.installed("IKE")) == 1, "an IKE SA")
    assert meeting.charon.says(r"parsed IKE_SA_INIT request 0 \[ N\(COOKIE\) SA KE No") == (1 if guess is None else 2)
    assert "COOKIE" in meeting.ours.told()
    assert ("INVALID_KE_PAYLOAD" in meeting.ours.told()) is (guess is not None)
    assert Role.RESPONDER in meeting.ours.proven()
    meeting.expect(lambda: len(meeting.charon.spis()[0]) == 1, "charon to have a Child SA")


@pytest.mark.parametrize("said", [IKE, "aes128-sha256-modp2048-x25519"], ids=["right guess", "wrong guess"])
def test_we_want_our_cookie_back(meet_v2: MeetV2, said: str) -> None:
    meeting = meet_v2(Settings(CHARON_BEGINS, ike=said), wants_cookies=True)
    meeting.bring_up()
    meeting.agree()
    assert meeting.charon.says(r"parsed IKE_SA_INIT response 0 \[ N\(COOKIE\) \]") == 1
    assert meeting.charon.says(r"generating IKE_SA_INIT request 0 \[ N\(COOKIE\) SA KE No") == (1 if said == IKE else 2)


@either_way
@pytest.mark.parametrize("natt", [True, False], ids=["nobody sees a NAT", "we know no NATs"])
def test_without_a_nat_everything_stays_where_it_is(meet_v2: MeetV2, charon: Role, *, natt: bool) -> None:
    # The kernel need not know ESP as long as there is no Child SA.
    settings = Settings(
        charon, ike=IKE, kernel=IN_KERNEL, connection={"childless": "force", "mobike": "no"})
    meeting = meet_v2(settings, nat_traversal=natt, childless=True)
    meeting.bring_up_alone()
    listed = meeting.charon.associations()
    assert (listed.count("[500]"), listed.count("[4500]")) == (2, 0)
    assert meeting.ours.said(NetworkChanged) == []
    meeting.agree()


@either_way
def test_a_nat_that_charon_claims(meet_v2: MeetV2, charon: Role) -> None:
    meeting = meet_v2(Settings(charon, ike=IKE, connection={"encap": "yes"}))
    meeting.bring_up()
    meeting.agree()
    listed = meeting.charon.associations()
    assert (listed.count("[500]"), listed.count("[4500]")) == (0, 2)
    assert "TUNNEL-in-UDP" in listed
    assert [event.value for event in meeting.ours.said(NetworkChanged)] == ["in front of the peer"]
    for sa in meeting.ours.installed("ESP"):
        assert "UDP" in dict(sa.algorithms)["mode"]
    # Everything after the first exchange has the marker, and later ones under a new IKE SA too.
    meeting.ours.do(meeting.ours.v2.start_rekey_ike)
    meeting.expect(lambda: meeting.ended("IKE", "replaced") == 1, "the end of the old IKE SA")
    meeting.charon.control("--rekey", "--child", "net")
    meeting.expect(lambda: meeting.ended("ESP") == 2, "the end of the old Child SA")
    meeting.agree()


def test_charon_begins_on_the_port_of_nat_traversal(meet_v2: MeetV2) -> None:
    settings = Settings(CHARON_BEGINS, ike=IKE, connection={"remote_port": 4500, "local_port": 4500})
    meeting = meet_v2(settings)
    meeting.bring_up()
    meeting.agree()
    assert meeting.charon.says(r"sending packet: .*\[500\]") == 0
    assert meeting.ours.refused() == []


def test_charon_begins_over_and_over(meet_v2: MeetV2) -> None:
    meeting = meet_v2(Settings(CHARON_BEGINS, ike=IKE))
    for number in range(1, 4):
        output = meeting.charon_does("--initiate", "--child", "net")
        assert "initiate completed successfully" in output
        meeting.charon_does("--terminate", "--ike", "lab")
        meeting.expect(lambda number=number: meeting.ended("IKE", "deleted") == number, "the end")  # type: ignore[misc]
    assert meeting.ours.refused() == []
