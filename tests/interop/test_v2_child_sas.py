from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from charon_settings import Settings
from meeting_v2 import MeetV2
from our_v2 import child

from explorer.events import Role
from explorer.protocols.ikev2.config import Selector
from explorer.protocols.ikev2.suites import Offer

pytestmark = pytest.mark.outside
pytest_plugins = ["meet"]
WE_BEGIN, CHARON_BEGINS = Role.RESPONDER, Role.INITIATOR
either_way = pytest.mark.parametrize("charon", [WE_BEGIN, CHARON_BEGINS], ids=["we begin", "charon begins"])
IKE = "aes128-sha256-x25519"


@either_way
@pytest.mark.parametrize(
    ("said", "cipher", "integrity"),
    [
        ("aes128-sha256", "aes-cbc-128", "hmac-sha2-256-128"),
        ("aes256-sha1", "aes-cbc-256", "hmac-sha1-96"),
        ("aes128gcm16", "aes-gcm-16-128", ""),
        ("aes256gcm16", "aes-gcm-16-256", ""),
        ("chacha20poly1305", "chacha20-poly1305", ""),
    ],
    ids=lambda value: value if "-" not in value[-3:] else "")
def test_packets_pass_in_both_directions(
    meet_v2: MeetV2, tmp_path: Path, charon: Role, said: str, cipher: str, integrity: str
) -> None:
    meeting = meet_v2(Settings(charon, ike=IKE, esp=said), child=child(cipher=cipher, integrity=integrity))
    meeting.bring_up()
    assert "3 received" in meeting.ping(tmp_path)
    assert meeting.ours.refused() == []


@either_way
@pytest.mark.parametrize(
    ("esp", "offers"),
    [
        ("aes128-sha256-x25519", child("x25519")),
        ("aes256gcm16-x25519", child("x25519", cipher="aes-gcm-16-256", integrity="")),
    ],
    ids=["CBC", "GCM"])
def test_packets_pass_after_everything_has_been_rekeyed(
    meet_v2: MeetV2, tmp_path: Path, charon: Role, esp: str, offers: Sequence[Offer]
) -> None:
    meeting = meet_v2(Settings(charon, ike=IKE, esp=esp), child=offers)
    meeting.bring_up()
    meeting.ours.do(meeting.ours.v2.start_rekey_ike)
    meeting.expect(lambda: meeting.ended("IKE", "replaced") == 1, "the end of the old IKE SA")
    assert "3 received" in meeting.ping(tmp_path)
    meeting.charon.control("--rekey", "--child", "net")
    meeting.expect(lambda: meeting.ended("ESP") == 2, "the end of the old Child SA")
    assert "3 received" in meeting.ping(tmp_path)
    meeting.ours.do(partial(meeting.ours.peer.start_quick, replaces=True))
    meeting.expect(lambda: meeting.ended("ESP") == 4, "the end of the Child SA after it")
    assert "3 received" in meeting.ping(tmp_path)
    meeting.agree()
    assert meeting.ours.refused() == []


@either_way
@pytest.mark.parametrize("willing", ["force", "allow"])
def test_an_ike_sa_without_a_child(meet_v2: MeetV2, charon: Role, willing: str) -> None:
    meeting = meet_v2(Settings(charon, ike=IKE, connection={"childless": willing}), childless=True)
    if charon is WE_BEGIN or willing != "allow":
        meeting.bring_up_alone()
        assert "INSTALLED" not in meeting.charon.associations()
    else:
        meeting.bring_up()
    if charon is WE_BEGIN:
        meeting.ours.do(meeting.ours.peer.start_quick)
    elif willing != "allow":
        assert "completed successfully" in meeting.charon_does("--initiate", "--child", "net")
    meeting.expect(lambda: len(meeting.ours.installed("ESP")) == 2, "the first Child SA")
    meeting.agree()
    assert meeting.ours.refused() == []


@either_way
@pytest.mark.parametrize(
    ("ours", "theirs", "agreed"),
    [
        (("10.1.0.1/32", "10.2.0.0/24"), ("10.1.0.0/16", "10.2.0.0/16"), ("10.1.0.1/32", "10.2.0.0/24")),
        (("10.1.0.0/16", "10.2.0.0/16"), ("10.1.0.0/24", "10.2.0.1/32"), ("10.1.0.0/24", "10.2.0.1/32")),
        (("0.0.0.0/0", "0.0.0.0/0"), ("10.1.0.0/24", "10.2.0.0/24"), ("10.1.0.0/24", "10.2.0.0/24")),
        (("10.1.0.0/24", "10.2.0.0/16"), ("10.1.0.0/16", "10.2.0.0/24"), ("10.1.0.0/24", "10.2.0.0/24")),
    ],
    ids=["we want less", "charon wants less", "we want everything", "each wants less of something"])
def test_both_take_what_both_want(
    meet_v2: MeetV2, charon: Role, ours: tuple[str, str], theirs: tuple[str, str], agreed: tuple[str, str]
) -> None:
    meeting = meet_v2(
        Settings(charon, ike=IKE, remote_ts=theirs[0], local_ts=theirs[1]),
        local=Selector.network(ours[0]), remote=Selector.network(ours[1]))
    meeting.bring_up()
    meeting.agree()
    listed = meeting.charon.associations()
    assert f"local  {agreed[1]}" in listed
    assert f"remote {agreed[0]}" in listed
    (made,) = meeting.ours.v2.sessions[-1].sa.children
    assert (made.local, made.remote) == (Selector.network(agreed[0]), Selector.network(agreed[1]))
    meeting.charon.control("--rekey", "--child", "net")
    meeting.expect(lambda: meeting.ended("ESP") == 2, "the end of the old Child SA")
    meeting.ours.do(partial(meeting.ours.peer.start_quick, replaces=True))
    meeting.expect(lambda: meeting.ended("ESP") == 4, "the end of the Child SA after it")
    assert f"local  {agreed[1]}" in meeting.charon.associations()


def test_charon_wants_another_key_exchange_for_a_child_sa(meet_v2: MeetV2) -> None:
    meeting = meet_v2(
        Settings(WE_BEGIN, ike=IKE, esp="aes128-sha256-x25519"), child=child("ecp-256", "x25519"))
    meeting.bring_up()
    meeting.ours.do(partial(meeting.ours.peer.start_quick, replaces=True))
    meeting.expect(lambda: meeting.ended("ESP", "replaced") == 2, "the end of the old Child SA")
    meeting.agree()
    assert meeting.charon.says("DH group ECP_256 unacceptable, requesting CURVE_25519") == 1


def test_we_want_another_key_exchange_for_a_child_sa(meet_v2: MeetV2) -> None:
    meeting = meet_v2(
        Settings(CHARON_BEGINS, ike=IKE, esp="aes128-sha256-ecp256-x25519"), child=child("x25519"))
    meeting.bring_up()
    meeting.charon.control("--rekey", "--child", "net")
    meeting.expect(lambda: meeting.ended("ESP") == 2, "the end of the old Child SA")
    meeting.agree()
    assert meeting.charon.says("peer didn't accept DH group ECP_256, it requested CURVE_25519") == 1



# Who loses is decided by nonces, so that each side loses now and then.
often = pytest.mark.parametrize("turn", range(4))


@often
def test_both_rekey_the_same_child_sa_at_once(meet_v2: MeetV2, turn: int) -> None:
    meeting = meet_v2(Settings(CHARON_BEGINS if turn % 2 else WE_BEGIN, ike=IKE))
    meeting.bring_up()
    meeting.charon.control("--rekey", "--child", "net")
    meeting.ours.do(partial(meeting.ours.peer.start_quick, replaces=True))
    meeting.expect(lambda: meeting.ended("ESP") == 4, "the end of the old Child SA and of one that was too many")
    meeting.agree()
    assert meeting.charon.says("detected CHILD_REKEY collision with CHILD_REKEY") == 1
    assert len(meeting.charon.spis()[0]) == 1


@often
def test_both_rekey_the_ike_sa_at_once(meet_v2: MeetV2, turn: int) -> None:
    meeting = meet_v2(Settings(CHARON_BEGINS if turn % 2 else WE_BEGIN, ike=IKE))
    meeting.bring_up()
    meeting.charon.control("--rekey", "--ike", "lab")
    meeting.ours.do(meeting.ours.v2.start_rekey_ike)
    # Its threads may take our next request before the answer that went in front of it: then it forgets its own new SA.
    overtaken = "peer did not notice IKE_SA rekey collision"
    meeting.expect(
        lambda: meeting.ended("IKE") == 2 or meeting.charon.says(overtaken) == 1,
        "the end of the old IKE SA and of one that was too many")
    meeting.settle()
    assert meeting.charon.says("detected IKE_REKEY collision with IKE_REKEY") == 1
    listed = meeting.charon.associations()
    assert (listed.count("ESTABLISHED"), listed.count("REKEYED"), listed.count("INSTALLED")) == (1, 0, 1)
    meeting.ours.do(meeting.ours.peer.start_dpd)
    meeting.settle()
    assert meeting.ended("ESP") == 0
