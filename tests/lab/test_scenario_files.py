from __future__ import annotations

from pathlib import Path

import pytest

from explorer.content import content_folder
from explorer.errors import ExplorerError
from explorer.lab.scenario import load_scenario, read_scenario

GOOD = (content_folder() / "scenarios" / "ikev1-main-psk.toml").read_text(encoding="utf-8")

BROKEN: list[tuple[str, str, str, str, str]] = [
    ("a missing title", 'title = "IKEv1 Main Mode, pre-shared key"\n', "", "title", "lacks title"),
    ("a missing table", "[responder]", "[bystander]", "bystander", "unknown field"),
    ("a missing key", 'psk = "correct horse battery staple"\n', "", "initiator", "psk"),
    ("a number in quotes", "priority = 10", 'priority = "10"', "initiator.isakmp[0].priority", "int"),
    ("text without quotes", 'hash = "sha1"', "hash = 1", "isakmp[0].hash", "str"),
    ("an unknown key", "seed = 1998", 'seed = 1998\ncolour = "red"', "colour", "unknown field"),
    ("an unknown key in a policy", "priority = 10", "priority = 10\nprf = 1", "initiator.isakmp[0]", "prf"),
    ("an unknown cipher", '"aes-128"', '"rot-13"', "isakmp[0].encryption", "rot-13"),
    ("an unknown hash", '"md5"', '"md4"', "isakmp[3].hash", "md4"),
    ("an unknown group", "group = 14", "group = 3", "initiator.isakmp[0].group", "expected one of 1, 2, 5, 14"),
    ("a negative group", "group = 14", "group = -1", "initiator.isakmp[0].group", "got -1"),
    ("a bad address", 'address = "10.0.0.1"', 'address = "10.0.0.256"', "initiator.address",
     "expected an IPv4 address"),
    ("a name for an address", 'address = "10.0.0.2"', 'address = "gw"', "responder.address",
     "expected an IPv4 address"),
    ("the same address twice", 'address = "10.0.0.2"', 'address = "10.0.0.1"', "responder.address", "another address"),
    ("a bad host", 'host = "192.168.1.10"', 'host = "192.168.1"', "initiator.host", "expected an IPv4 address"),
    ("a bad network", "192.168.1.0/24", "192.168.1.1/24", "initiator.protects", "expected an IPv4 network"),
    ("an empty key", '"correct horse battery staple"', '""', "initiator.psk", "not empty"),
    ("an empty hex key", '"correct horse battery staple"', '"0x"', "initiator.psk", "not empty"),
    ("half an octet of key", '"correct horse battery staple"', '"0xabc"', "initiator.psk", "hex digits"),
    ("an empty address", 'address = "10.0.0.1"', 'address = ""', "initiator.address", "expected an IPv4 address"),
    ("a lifetime of zero", "priority = 10", "priority = 10\nlifetime = 0", "initiator.isakmp[0].lifetime", "from 1"),
    ("a lifetime too long", "priority = 10", "priority = 10\nlifetime = 4294967296", "isakmp[0].lifetime",
     "4294967295"),
    ("a priority of zero", "priority = 10", "priority = 0", "initiator.isakmp[0].priority", "from 1"),
    ("a priority twice", "priority = 20", "priority = 10", "initiator.isakmp", "a priority of its own"),
    ("an unknown protocol", 'protocol = "ikev1"', 'protocol = "ikev9"', "protocol", "ikev9"),
    ("an unknown action", '"ping"]', '"dance"]', "script[2]", "dance"),
    ("a ping first", '["phase 1", "phase 2", "ping"]', '["ping"]', "script", 'expected "phase 1" first'),
    ("an empty script", '["phase 1", "phase 2", "ping"]', "[]", "script", 'expected "phase 1" first'),
    ("an action by nobody", '"ping"]', '"ping by eavesdropper"]', "script[2]", "expected one of phase 1"),
    ("a phase 1 of the responder", '"phase 1", "phase 2"', '"phase 1", "phase 1 by responder"', "script[1]", "got"),
    ("a wait for no time", '"ping"]', '"wait"]', "script[2]", "wait N"),
    ("a wait backwards", '"ping"]', '"wait -1"]', "script[2]", "wait N"),
    ("a happening to message 0", "[initiator]", '[[network.happenings]]\nmessage = 0\ndoes = "drop"\n[initiator]',
     "network.happenings[0].message", "from 1"),
    ("an unknown happening", "[initiator]", '[[network.happenings]]\nmessage = 1\ndoes = "eat"\n[initiator]',
     "network.happenings[0].does", "drop"),
    ("a happening in the past", "[initiator]",
     '[[network.happenings]]\nmessage = 1\ndoes = "delay"\nseconds = -1\n[initiator]',
     "network.happenings[0].seconds", "from 0"),
    ("a bad NAT", "[initiator]", '[network.nat]\naddress = "nat"\n[initiator]', "network.nat.address", "IPv4"),
    ("a NAT in the middle", "[initiator]", '[network.nat]\naddress = "10.0.0.9"\ninside = "both"\n[initiator]',
     "network.nat.inside", "responder"),
    ("an unknown mode", 'name = "Initiator"', 'name = "I"\nmode = "base"', "initiator.mode", "aggressive"),
    ("an unknown life rule", 'name = "Initiator"', 'name = "I"\nlifetime_rule = "cut"', "initiator.lifetime_rule",
     "obey"),
    ("an unknown certificate", 'name = "Initiator"', 'name = "I"\ncertificate = "nobody"', "initiator", "nobody"),
    ("an unknown authority", "priority = 10", 'priority = 10\nauthentication = "rsa-sig"', "certificate",
     "expected one"),
    ("encryption for nobody", "priority = 10", 'priority = 10\nauthentication = "rsa-encr"', "certificate",
     "expected one"),
    ("an unknown AH", "[[initiator.ipsec]]", '[[initiator.ipsec]]\nprotocol = "esp+ah"', "initiator.ipsec[0].protocol",
     "ah+esp"),
    ("a private group without a prime", "[[initiator.ipsec]]",
     '[initiator.private_group]\nnumber = 32768\nprime = "zz"\n[[initiator.ipsec]]', "initiator.private_group.prime",
     "hex digits"),
    ("a private group of the standards", "[[initiator.ipsec]]",
     '[initiator.private_group]\nnumber = 14\nprime = "zz"\n[[initiator.ipsec]]', "initiator.private_group.number",
     "32768 to 65535"),
    ("a pool that is none", "[[responder.ipsec]]",
     '[responder.gateway]\nusers = {}\npool = "10.1.0.1/24"\n[[responder.ipsec]]', "responder.gateway.pool",
     "IPv4 network"),
    ("an unknown goal", 'goal = "established"', 'goal = "perhaps"', "goal", "perhaps"),
    ("a bad identity", 'name = "Initiator"', 'name = "I"\nidentity = "gw\\u0007"', "initiator.identity", "host name"),
    ("a foreign identity", 'name = "Initiator"', 'name = "I"\nidentity = "gw.münchen.de"', "initiator.identity",
     "ASCII"),
    ("a long identity", 'name = "Initiator"', f'name = "I"\nidentity = "{"x" * 256}"', "initiator.identity", "255"),
    ("an empty identity", 'name = "Initiator"', 'name = "I"\nidentity = ""', "initiator.identity", "expected"),
    ("a bad pfs group", "[[initiator.ipsec]]", "[[initiator.ipsec]]\npfs_group = 4", "initiator.ipsec", "pfs_group"),
    ("a slow network", "[initiator]", "[network]\nlatency = 61\n[initiator]", "network.latency", "from 0 to 60"),
    ("a backward network", "[initiator]", "[network]\nlatency = -1\n[initiator]", "network.latency", "from 0 to 60"),
    ("a network of nan", "[initiator]", "[network]\nlatency = nan\n[initiator]", "network.latency", "from 0 to 60"),
    ("a negative seed", "seed = 1998", "seed = -1", "seed", ""),
    ("not TOML", "[initiator]", "[initiator", "not TOML", "line"),
    ("a key twice", "seed = 1998", "seed = 1998\nseed = 1", "not TOML", "line"),
]


def complaint(path: Path) -> str:
    with pytest.raises(ExplorerError) as caught:
        read_scenario(path)
    text = str(caught.value)
    assert "\n" not in text
    assert text.isprintable()
    assert str(path) in text
    assert caught.value.args == (text,)
    return text.removeprefix(f"{path}: ")


@pytest.mark.parametrize(("old", "new", "key", "expected"), [b[1:] for b in BROKEN], ids=[b[0] for b in BROKEN])
def test_a_broken_file_is_one_line(tmp_path: Path, old: str, new: str, key: str, expected: str) -> None:
    assert old in GOOD
    path = tmp_path / "broken.toml"
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    text = complaint(path)
    assert key in text
    assert expected in text


def test_a_table_without_policies(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    start, end = GOOD.index("[[responder.isakmp]]"), GOOD.index("[[responder.ipsec]]")
    path.write_text(GOOD[:start] + GOOD[end:], encoding="utf-8")
    assert "isakmp" in complaint(path)
    path.write_text(GOOD[:start] + "isakmp = []\n" + GOOD[end:], encoding="utf-8")
    assert "expected 1 to 255 tables" in complaint(path)


def test_two_pfs_groups(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(GOOD.replace("[[initiator.ipsec]]", "[[initiator.ipsec]]\npfs_group = 14", 1), encoding="utf-8")
    assert "the same pfs_group" in complaint(path)


EAP = (content_folder() / "scenarios" / "ikev2-eap.toml").read_text(encoding="utf-8")
LOGIN = '[initiator.client]\nuser = "alice"\npassword = "wonderland"\n'


@pytest.mark.parametrize(("old", "new", "key", "expected"), [
    (LOGIN, "", "initiator.client", "eap-md5"),
    ('proves = "eap-mschapv2"', 'proves = "psk"\npsk = "x"', "initiator.client", "eap-mschapv2"),
    ('proves = "rsa"', 'proves = "psk"\npsk = "x"', "responder.proves", "of a gateway"),
    ('proves = "rsa"', 'proves = "eap-md5"', "responder.client", "expected together"),
    ('eap = "eap-mschapv2"', 'eap = "eap-tls"', "responder.gateway.eap", "eap-md5"),
    ("[responder.gateway]", '[responder.client]\nuser = "a"\npassword = "b"\n[responder.gateway]', "responder.client",
     "expected"),
], ids=["nobody", "a key of its own", "a gateway without a signature", "no user", "a method", "the wrong side"])
def test_a_login_that_cannot_be(tmp_path: Path, old: str, new: str, key: str, expected: str) -> None:
    assert old in EAP
    path = tmp_path / "broken.toml"
    path.write_text(EAP.replace(old, new), encoding="utf-8")
    said = complaint(path)
    assert key in said
    assert expected in said


@pytest.mark.parametrize("octets", [b"\xff\xfe", b'title = "\xe4"', b"\x80"])
def test_not_utf_8(tmp_path: Path, octets: bytes) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes(octets)
    assert "is not UTF-8 text" in complaint(path)


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.toml"
    path.write_bytes(b"")
    assert "title" in complaint(path)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    assert "cannot be read" in complaint(tmp_path / "nowhere.toml")
    assert "cannot be read" in complaint(tmp_path)


def test_an_unknown_name_is_told_what_comes_near_it() -> None:
    with pytest.raises(ExplorerError) as caught:
        load_scenario("ikev1-main-pks")
    assert "'ikev1-main-pks'" in str(caught.value)
    assert "did you mean ikev1-main-psk" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_are_not_paths() -> None:
    for name in ("", "..", "ikev1\nmain", "\x1b[31m"):
        with pytest.raises(ExplorerError) as caught:
            load_scenario(name)
        assert str(caught.value).isprintable()


@pytest.mark.parametrize(("old", "new", "said"), [
    ('encryption = "aes-128"', 'encryption = "rot13"', "aes-256"),
    ("priority = 10", "priority = 10\nspeed = 3", "one of priority, encryption"),
    ("priority = 10", 'priority = "ten"', "initiator.isakmp[0].priority: expected int"),
    ('host = "192.168.1.10"', 'host = "10.9.9.9"', "an address inside 192.168.1.0/24"),
])
def test_a_wrong_value_is_told_with_place_and_choices(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    text = complaint(path)
    assert said in text
    assert "not TOML" not in text


ED25519 = 'certificate = "initiator-ed25519"'
ROUNDABOUT = f'certificate = "{content_folder() / "credentials" / "initiator-ed25519.pem"}"'


def with_ed25519(name: str, certificate: str, old: str) -> str:
    text = (content_folder() / "scenarios" / f"{name}.toml").read_text(encoding="utf-8")
    assert f'certificate = "{old}"' in text
    return text.replace(f'certificate = "{old}"', certificate, 1)


@pytest.mark.parametrize("certificate", [ED25519, ROUNDABOUT], ids=["shipped", "by its path"])
@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "pke"])
def test_ikev1_cannot_sign_with_ed25519(tmp_path: Path, kind: str, certificate: str) -> None:
    old = "initiator-ecdsa" if kind == "ecdsa" else "initiator-rsa"
    path = tmp_path / "broken.toml"
    path.write_text(with_ed25519(f"ikev1-main-{kind}", certificate, old), encoding="utf-8")
    text = complaint(path)
    assert text.startswith("initiator: ")
    assert text.endswith(": expected a certificate for RSA or ECDSA, as IKEv1 cannot sign with Ed25519")


def test_ikev1_has_no_use_for_a_peers_ed25519(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    text = (content_folder() / "scenarios" / "ikev1-main-rsa.toml").read_text(encoding="utf-8")
    known = '[responder]\npeer_certificate = "initiator-ed25519"\n'
    path.write_text(text.replace("[responder]\n", known), encoding="utf-8")
    said = complaint(path)
    assert said.startswith("responder: ")
    assert said.endswith(": expected a certificate for RSA or ECDSA, as IKEv1 has no use for Ed25519")


@pytest.mark.parametrize("certificate", [ED25519, ROUNDABOUT], ids=["shipped", "by its path"])
@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_ikev2_signs_with_ed25519_only_where_the_signature_names_it(
    tmp_path: Path, kind: str, certificate: str
) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(with_ed25519(f"ikev2-{kind}", certificate, f"initiator-{kind}"), encoding="utf-8")
    assert complaint(path).endswith(': expected proves = "signature", as the key is for Ed25519')
    path.write_text(with_ed25519("ikev2-rsa-sha2", certificate, "initiator-rsa"), encoding="utf-8")
    assert read_scenario(path).initiator.proves == "signature"


@pytest.mark.parametrize(("name", "key", "expected"), [
    ("ikev2-ecdsa", 'proves = "', "psk, rsa, ecdsa, signature, null, eap-mschapv2, eap-md5"),
    ("ikev2-invalid-version", 'version = "', "2.0, 3.0"),
    ("ikev1-policy-lifetime", 'lifetime_rule = "', "obey, strict, claim"),
    ("ikev2-eap", 'eap = "', "eap-mschapv2, eap-md5"),
    ("ikev1-quick-ah", 'protocol = "ah', "esp, ah, ah+esp"),
])
def test_a_word_that_is_none_of_several_is_told_all_of_them(
    tmp_path: Path, name: str, key: str, expected: str
) -> None:
    text = (content_folder() / "scenarios" / f"{name}.toml").read_text(encoding="utf-8")
    assert key in text
    path = tmp_path / "own.toml"
    path.write_text(text.replace(key, f"{key}x", 1), encoding="utf-8")
    with pytest.raises(ExplorerError) as caught:
        read_scenario(path)
    assert str(caught.value).endswith(f"expected one of {expected}")


@pytest.mark.parametrize(("name", "old", "new", "said"), [
    ("client-mode", 'user = "alice"', f'user = "{"ä" * 128}"', "initiator.client.user: expected at most 255 octets"),
    ("client-mode", 'password = "wonderland"', f'password = "{"x" * 256}"', "initiator.client.password: expected at"),
    ("client-mode", 'alice = "wonderland"', f'alice = "{"x" * 256}"', "responder.gateway.users: expected at most 255"),
    ("client-mode", "[responder.gateway]\n", f'[responder.gateway]\nbanner = "{"x" * 70000}"\n', "gateway.banner"),
    ("client-mode", "[responder]\n", f"[responder]\nvendor_ids = {['x'] * 65}\n", "vendor_ids: expected at most 64"),
])
def test_what_no_message_could_hold_is_turned_down(tmp_path: Path, name: str, old: str, new: str, said: str) -> None:
    text = (content_folder() / "scenarios" / f"ikev1-remote-access-{name}.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "broken.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert said in complaint(path)


@pytest.mark.parametrize(("side", "missing"), [("initiator", "client"), ("responder", "gateway")])
def test_a_login_wants_somebody_who_logs_in_and_somebody_who_asks(tmp_path: Path, side: str, missing: str) -> None:
    table = f"[[{side}.isakmp]]\n"
    path = tmp_path / "broken.toml"
    path.write_text(GOOD.replace(table, f'{table}authentication = "xauth-pre-share"\n', 1), encoding="utf-8")
    assert complaint(path) == f"{side}.{missing}: expected, as a policy wants a login"
