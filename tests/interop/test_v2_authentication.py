from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address

import charon_log
import pytest
from charon_settings import NAME_SERVER, POOL, PPK, PPK_NAME, Settings, Tree
from meeting_v2 import MeetV2, V2Meeting
from our_v2 import certified_v2, child, ike

from explorer.events import NetworkChanged, Role
from explorer.protocols.ikev2.config import Ppk
from explorer.protocols.ikev2.suites import Offer

pytestmark = pytest.mark.outside
pytest_plugins = ["meet"]
either_way = pytest.mark.parametrize("charon", [Role.RESPONDER, Role.INITIATOR], ids=["we begin", "charon begins"])

AES_CBC = ike("x25519")
AES_GCM = ike("ecp-384", cipher="aes-gcm-16-256", prf="hmac-sha2-384", integrity="")
AES_CCM = ike("ecp-521", cipher="aes-ccm-16-192", prf="aes128-cmac", integrity="")
AES_CTR = ike("modp-3072", cipher="aes-ctr-128", prf="aes128-xcbc", integrity="aes-xcbc-96")
CHACHA20 = ike("x448", cipher="chacha20-poly1305", prf="hmac-sha2-512", integrity="")
OLD_SHA = ike("modp-2048", cipher="aes-cbc-256", prf="hmac-sha1", integrity="hmac-sha1-96")
LONG_SHA = ike("ecp-256", prf="hmac-sha2-512", integrity="hmac-sha2-512-256")
TRIPLE_DES = ike("modp-4096", cipher="3des", prf="hmac-sha2-384", integrity="hmac-sha2-384-192")


def agree(meeting: V2Meeting, charon: Role, how: str) -> None:
    meeting.bring_up()
    meeting.agree()
    assert charon in meeting.ours.proven()
    assert meeting.charon.says(f"authentication of '{charon.other}.lab.example' with {how} successful") == 1
    assert meeting.ours.refused() == []


@either_way
@pytest.mark.parametrize(
    ("said", "offers"),
    [
        ("aes128-sha256-x25519", AES_CBC),
        ("aes256gcm16-prfsha384-ecp384", AES_GCM),
        ("aes192ccm16-prfaescmac-ecp521", AES_CCM),
        ("aes128ctr-aesxcbc-modp3072", AES_CTR),
        ("chacha20poly1305-prfsha512-x448", CHACHA20),
        ("aes256-sha1-modp2048", OLD_SHA),
        ("aes128-sha512-ecp256", LONG_SHA),
        ("3des-sha384-modp4096", TRIPLE_DES),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_pre_shared_key(meet_v2: MeetV2, charon: Role, said: str, offers: Sequence[Offer]) -> None:
    meeting = meet_v2(Settings(charon, ike=said), ike=offers)
    agree(meeting, charon, "pre-shared key")
    assert "encryption responder key" in {entry.name for entry in meeting.charon.log()}


@either_way
@pytest.mark.parametrize(
    ("said", "offers"),
    [
        ("aes256gcm16", child(cipher="aes-gcm-16-256", integrity="")),
        ("aes192-sha512", child(cipher="aes-cbc-192", integrity="hmac-sha2-512-256")),
        ("aes128ccm8", child(cipher="aes-ccm-8-128", integrity="")),
        ("aes128ctr-aesxcbc", child(cipher="aes-ctr-128", integrity="aes-xcbc-96")),
        ("chacha20poly1305", child(cipher="chacha20-poly1305", integrity="")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_keys_of_child_sas(meet_v2: MeetV2, charon: Role, said: str, offers: Sequence[Offer]) -> None:
    meeting = meet_v2(Settings(charon, ike="aes128-sha256-x25519", esp=said), child=offers)
    agree(meeting, charon, "pre-shared key")


OLD: Tree = {"signature_authentication": "no"}
"""Makes charon sign as RFC 7296 has it."""


def signed(charon: Role, kind: str, daemon: Tree) -> Settings:
    return Settings(
        charon, ike="aes128-sha256-x25519", proves=("pubkey",), demands=("pubkey",), kind=kind, daemon=daemon)


@either_way
@pytest.mark.parametrize("daemon", [OLD, {}], ids=["charon knows no RFC 7427", "charon knows RFC 7427"])
@pytest.mark.parametrize("method", ["rsa", "signature"])
def test_rsa(meet_v2: MeetV2, charon: Role, method: str, daemon: Tree) -> None:
    meeting = meet_v2(signed(charon, "rsa", daemon), **certified_v2(charon.other, "rsa", method))
    modern = method == "signature" and not daemon
    agree(meeting, charon, "RSA_EMSA_PKCS1_SHA2_256" if modern else "RSA signature")


@either_way
def test_ecdsa(meet_v2: MeetV2, charon: Role) -> None:
    meeting = meet_v2(signed(charon, "ecdsa", OLD), **certified_v2(charon.other, "ecdsa", "ecdsa"))
    agree(meeting, charon, "ECDSA-256 signature")


@either_way
@pytest.mark.parametrize("method", ["ecdsa", "signature"])
def test_ecdsa_with_a_peer_that_knows_rfc_7427(meet_v2: MeetV2, charon: Role, method: str) -> None:
    meeting = meet_v2(signed(charon, "ecdsa", {}), **certified_v2(charon.other, "ecdsa", method))
    agree(meeting, charon, "ECDSA_WITH_SHA256_DER" if method == "signature" else "ECDSA-256 signature")


@either_way
def test_ed25519(meet_v2: MeetV2, charon: Role) -> None:
    meeting = meet_v2(signed(charon, "ed25519", {}), **certified_v2(charon.other, "ed25519", "signature"))
    agree(meeting, charon, "ED25519")


@either_way
def test_each_proves_itself_in_its_own_way(meet_v2: MeetV2, charon: Role) -> None:
    settings = Settings(charon, ike="aes128-sha256-x25519", proves=("pubkey",), demands=("psk",), daemon=OLD)
    ours = certified_v2(charon.other, "rsa", "psk") | {"credential": None, "keys": {"*": settings.psk.encode()}}
    agree(meet_v2(settings, **ours), charon, "pre-shared key")


def test_every_answer_is_lost_once(meet_v2: MeetV2) -> None:
    settings = Settings(
        Role.INITIATOR, ike="aes128-sha256-x25519", daemon={"retransmit_tries": 2, "retransmit_timeout": "0.2"})
    meeting = meet_v2(settings)
    meeting.ours.node.loses = True
    agree(meeting, Role.INITIATOR, "pre-shared key")
    assert meeting.charon.says("retransmit 1 of request") == 2


def test_every_request_is_lost_once(meet_v2: MeetV2) -> None:
    meeting = meet_v2(Settings(Role.RESPONDER, ike="aes128-sha256-x25519"))
    meeting.ours.node.loses = True
    agree(meeting, Role.RESPONDER, "pre-shared key")
    assert meeting.charon.says("retransmit") == 0


@either_way
def test_certificates_in_fragments(meet_v2: MeetV2, charon: Role) -> None:
    settings = signed(charon, "rsa", {"fragment_size": 576})
    changes = certified_v2(charon.other, "rsa", "signature") | {"fragment_size": 500}
    meeting = meet_v2(replace(settings, connection={"fragmentation": "yes"}), **changes)
    agree(meeting, charon, "RSA_EMSA_PKCS1_SHA2_256")
    assert meeting.charon.says("splitting IKE message") == 1
    assert meeting.charon.says("received fragment #") > 1


@either_way
def test_a_further_secret(meet_v2: MeetV2, charon: Role) -> None:
    settings = Settings(
        charon, ike="aes128-sha256-x25519", connection={"ppk_id": PPK_NAME, "ppk_required": "yes"})
    meeting = meet_v2(settings, ppk=Ppk(PPK_NAME.encode(), PPK))
    meeting.bring_up()
    meeting.settle()
    assert meeting.ours.esp_keys() == charon_log.v2_esp_keys(meeting.charon.log())
    assert charon in meeting.ours.proven()
    assert meeting.charon.says("using PPK for PPK_ID") == 1


@either_way
def test_a_further_secret_that_only_we_insist_on(meet_v2: MeetV2, charon: Role) -> None:
    meeting = meet_v2(Settings(charon, ike="aes128-sha256-x25519"), ppk=Ppk(PPK_NAME.encode(), PPK))
    if charon is Role.RESPONDER:
        meeting.ours.do(meeting.ours.peer.start)
    else:
        meeting.charon_does("--initiate", "--child", "net")
    meeting.expect(lambda: any("PPK" in reason for reason in meeting.ours.refused()), "a refusal")
    assert meeting.ours.installed("IKE") == []


def test_charon_gives_us_an_address(meet_v2: MeetV2) -> None:
    settings = Settings(
        Role.RESPONDER, ike="aes128-sha256-x25519", remote_ts="dynamic", connection={"pools": "pool"})
    meeting = meet_v2(settings, asks_address=True)
    meeting.bring_up()
    told = {event.what: event.value for event in meeting.ours.said(NetworkChanged)}
    assert told["internal address"] == POOL.partition("/")[0] or told["internal address"].startswith("10.3.0.")
    assert told["name server"] == NAME_SERVER


def test_we_give_charon_an_address(meet_v2: MeetV2) -> None:
    settings = Settings(
        Role.INITIATOR, ike="aes128-sha256-x25519", local_ts="dynamic", connection={"vips": str(IPv4Address(0))})
    meeting = meet_v2(settings, address_pool=(bytes((10, 3, 0, 7)),), name_server=bytes((10, 2, 0, 53)))
    meeting.bring_up()
    assert meeting.charon.says("installing new virtual IP 10.3.0.7") == 1
    assert any(event.value.startswith("10.3.0.7/32") for event in meeting.ours.said(NetworkChanged))
