from __future__ import annotations

import re
from pathlib import Path

import pytest

from explorer.content import content_folder
from explorer.events import Role
from explorer.export.gear.cisco_config import cisco_config
from explorer.export.gear.description import description
from explorer.export.gear.strongswan_config import strongswan_config
from explorer.export.gear.swanctl import secret, value
from explorer.lab.scenario import ChildProposal, IkeProposal, PeerFile, Scenario, load_scenario, read_scenario, shipped

INIT, RESP = Role.INITIATOR, Role.RESPONDER
BOTH = [(name, role) for name in shipped() if name.startswith("ikev1") for role in (INIT, RESP)]


def cisco(name: str, role: Role) -> str:
    return cisco_config(load_scenario(name), role)


def swanctl(name: str, role: Role) -> str:
    return strongswan_config(load_scenario(name), role)


def peer(scenario: Scenario, role: Role) -> PeerFile:
    return scenario.initiator if role is INIT else scenario.responder


def changed(tmp_path: Path, *changes: tuple[str, str]) -> Scenario:
    text = (content_folder() / "scenarios" / "ikev1-main-psk.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return read_scenario(path)


# ---------------------------------------------------------------- Cisco


def test_cisco_holds_policies_key_and_transform_sets() -> None:
    text = cisco("ikev1-policy-match", RESP)
    assert re.findall(r"^crypto isakmp policy (\d+)$", text, re.MULTILINE) == ["5", "15", "25", "35"]
    assert (
        "crypto isakmp policy 5\n encr aes 256\n hash sha512\n authentication pre-share\n group 16\n lifetime 86400\n"
        "crypto isakmp policy 15\n encr 3des\n hash md5\n authentication pre-share\n group 2\n lifetime 86400\n"
    ) in text
    assert "crypto isakmp key correct-horse-battery-staple address 10.0.0.1\n" in text
    assert "crypto ipsec transform-set SET1 esp-aes esp-sha-hmac\n mode tunnel\n" in text
    assert "access-list 101 permit ip 192.168.2.0 0.0.0.255 192.168.1.0 0.0.0.255\n" in text
    assert (
        "crypto map LAB 10 ipsec-isakmp\n set peer 10.0.0.1\n set transform-set SET1\n"
        " set security-association lifetime seconds 3600\n match address 101\n") in text


@pytest.mark.parametrize(("name", "role"), BOTH)
def test_no_key_of_cisco_has_a_space(name: str, role: Role) -> None:
    own = peer(load_scenario(name), role)
    keys = [key for key in (own.psk, *own.group_keys.values()) if key is not None and " " in key]
    assert all(key not in cisco(name, role) for key in keys)


def test_a_gateway_without_groups_gives_addresses_to_the_default_group() -> None:
    text = cisco("ikev1-remote-access-hybrid", RESP)
    group = text[text.index("crypto isakmp client configuration group default"):]
    assert " pool POOL\n" in group
    assert " key " not in group[: group.index("crypto ipsec")]


def test_who_is_sent_something_encrypted_has_a_key_of_its_own() -> None:
    for name in ("ikev1-main-pke", "ikev1-aggressive-revised-pke"):
        for role in (INIT, RESP):
            assert f"! crypto key import rsa {role}-rsa pem terminal" in cisco(name, role)


def test_a_client_that_gets_its_address_does_not_protect_the_outside() -> None:
    text = cisco("ikev1-remote-access-client-mode", INIT)
    assert " ! the one to the hosts inside\n crypto ipsec client ezvpn LAB inside\n" in text


@pytest.mark.parametrize(("name", "role"), BOTH)
def test_cisco_holds_every_policy_and_set_of_every_scenario(name: str, role: Role) -> None:
    this, text = peer(load_scenario(name), role), cisco(name, role)
    lines = text.splitlines()
    if this.client is not None:
        assert f" username {this.client.user} password {this.client.password}" in lines
        assert any("brings its own policies" in line for line in lines)
        return
    for policy in this.isakmp:
        at = lines.index(f"crypto isakmp policy {policy.priority}")
        assert lines[at + 4 : at + 6] == [f" group {policy.group}", f" lifetime {policy.lifetime}"]
    assert sum("transform-set SET" in line and line.startswith("crypto") for line in lines) == len(this.ipsec)
    assert text.count(" crypto map LAB\n") == 1


def test_cisco_bundles_ah_and_esp() -> None:
    text = cisco("ikev1-quick-proposals", INIT)
    assert "crypto ipsec transform-set SET1 ah-sha-hmac esp-aes esp-sha-hmac\n mode transport\n" in text
    assert "crypto ipsec transform-set SET3 ah-sha-hmac\n" in text
    assert " set transform-set SET1 SET2 SET3\n" in text
    assert "access-list 101 permit ip host 10.0.0.1 host 10.0.0.2\n" in text


def test_cisco_phase_1_in_other_ways() -> None:
    assert " set aggressive-mode client-endpoint fqdn branch.example.com\n" in cisco("ikev1-aggressive-psk", INIT)
    assert "crypto isakmp aggressive-mode disable\n" in cisco("ikev1-aggressive-refused", RESP)
    assert " set pfs group14\n" in cisco("ikev1-main-psk-pfs", INIT)
    assert "crypto isakmp keepalive" in cisco("ikev1-informational", INIT)
    assert "no crypto ipsec nat-transparency" not in cisco("ikev1-nat-t", INIT)
    assert "crypto isakmp key correct-horse-battery-staple address 203.0.113.7\n" in cisco("ikev1-nat-t", RESP)
    certified = cisco("ikev1-main-rsa", INIT)
    assert "crypto pki trustpoint lab-ca\n" in certified
    assert " match identity host responder.lab.example\n" in certified
    assert " eckeypair initiator-ecdsa\n" in cisco("ikev1-main-ecdsa", INIT)
    assert "crypto key pubkey-chain rsa\n named-key responder.lab.example\n" in cisco("ikev1-main-pke", INIT)


def test_cisco_remote_access() -> None:
    gateway = cisco("ikev1-remote-access-client-mode", RESP)
    for line in (
        "username alice password 0 wonderland", "ip local pool POOL 10.3.0.1 10.3.0.254",
        "crypto isakmp client configuration group staff", " dns 192.168.2.53",
        "crypto map LAB client authentication list USERS", "crypto map LAB client configuration address respond",
        " reverse-route",
    ):
        assert f"{line}\n" in gateway
    assert "crypto map LAB client configuration address initiate\n" in cisco("ikev1-remote-access-push", RESP)
    assert " mode network-extension\n" in cisco("ikev1-remote-access-network-extension", INIT)


@pytest.mark.parametrize(
    ("name", "role", "said"),
    [
        ("ikev1-new-group", INIT, "IOS has no New Group Mode: group 32768"),
        ("ikev1-main-revised-pke", INIT, "not the revised one"),
        ("ikev1-remote-access-hybrid", RESP, "no hybrid authentication"),
        ("ikev1-policy-mismatch-hash", RESP, "Policy 65535"),
        ("ikev1-policy-lifetime", RESP, "lifetime_rule claim cannot be set"),
        ("ikev1-aggressive-sa-swap", INIT, "third message"),
        ("ikev1-main-psk-pfs", INIT, "vendor IDs"),
    ],
)
def test_what_cisco_cannot_do_is_said(name: str, role: Role, said: str) -> None:
    assert any(said in line for line in cisco(name, role).splitlines() if line.startswith("! "))


# ---------------------------------------------------------------- strongSwan


def test_swanctl_holds_proposals_key_and_networks() -> None:
    text = swanctl("ikev1-policy-match", RESP)
    assert (
        "    proposals = aes256-sha512-modp4096, 3des-md5-modp1024, aes128-sha1-modp2048, aes256-sha256-modp2048\n"
    ) in text
    assert '    secret = "correct horse battery staple"\n' in text
    assert "        local_ts = 192.168.2.0/24\n        remote_ts = 192.168.1.0/24\n" in text
    assert "        esp_proposals = aes128-sha1\n" in text
    assert "    remote_addrs = 10.0.0.1\n" in text


@pytest.mark.parametrize(("name", "role"), BOTH)
def test_swanctl_holds_every_policy_of_every_scenario(name: str, role: Role) -> None:
    this, text = peer(load_scenario(name), role), swanctl(name, role)
    offered = [one for line in re.findall(r"^    proposals = (.*)$", text, re.MULTILINE) for one in line.split(", ")]
    assert len(offered) == len(this.policies)
    assert sorted(one.split("-")[1] for one in offered) == sorted(policy.hash for policy in this.policies)
    assert text.count("{") == text.count("}")
    for key in (this.psk, *this.group_keys.values()):
        assert key is None or f"secret = {secret(key)}\n" in text


@pytest.mark.parametrize(
    ("name", "role", "said"),
    [
        ("ikev1-main-pke", INIT, "no authentication with public key encryption (rsa-encr)"),
        ("ikev1-aggressive-revised-pke", RESP, "no authentication with public key encryption (revised-rsa-encr)"),
        ("ikev1-new-group", RESP, "no New Group Mode: group 32768"),
        ("ikev1-quick-proposals", RESP, "no bundle of AH and ESP"),
        ("ikev1-policy-default", INIT, "DES"),
        ("ikev1-policy-mismatch-group", RESP, "one way of authentication"),
        ("ikev1-policy-lifetime-strict", RESP, "lifetime_rule strict cannot be set"),
        ("ikev1-quick-id-mismatch", RESP, "what both sides' networks have in common"),
        ("ikev1-aggressive-psk", RESP, "i_dont_care_about_security_and_use_aggressive_mode_psk"),
        ("ikev1-aggressive-sa-swap", INIT, "third message"),
    ],
)
def test_what_strongswan_cannot_do_is_said(name: str, role: Role, said: str) -> None:
    assert any(said in line for line in swanctl(name, role).splitlines() if line.startswith("# "))


def test_swanctl_in_other_ways() -> None:
    assert "ah_proposals = sha256\n" in swanctl("ikev1-quick-ah", INIT)
    assert "esp_proposals = aes128-sha1-modp2048, 3des-md5-modp2048\n" in swanctl("ikev1-main-psk-pfs", INIT)
    assert "mode = transport\n" in swanctl("ikev1-quick-proposals", INIT)
    assert "aggressive = yes\n" in swanctl("ikev1-aggressive-psk", RESP)
    assert "aggressive = no\n" in swanctl("ikev1-aggressive-refused", RESP)
    assert "remote_addrs = 203.0.113.7\n" in swanctl("ikev1-nat-t", RESP)
    assert "dpd_delay" in swanctl("ikev1-informational", INIT)
    certified = swanctl("ikev1-main-rsa", RESP)
    assert "# Files: x509/responder-rsa.pem, private/responder-rsa.key, from lessons/credentials\n" in certified
    assert "# Files: x509ca/lab-ca.pem, from lessons/credentials\n" in certified
    assert "certs = responder-rsa.pem\n" in certified
    assert "cacerts = lab-ca.pem\n" in certified


def test_swanctl_remote_access() -> None:
    client, gateway = (swanctl("ikev1-remote-access-client-mode", role) for role in (INIT, RESP))
    assert "vips = 0.0.0.0\n" in client
    assert "auth = xauth\n" in client
    assert "addrs = 10.3.0.0/24\n    dns = 192.168.2.53\n" in gateway
    assert "remote_ts = dynamic\n" in gateway
    assert "id = keyid:staff\n" in gateway
    assert "pull = no\n" in swanctl("ikev1-remote-access-push", INIT)
    assert "pull = no\n" in swanctl("ikev1-remote-access-push", RESP)
    hybrid = swanctl("ikev1-remote-access-hybrid", INIT)
    assert "auth = psk" not in hybrid
    assert "auth = pubkey\n" in hybrid


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("plain", "plain"),
        ("two words", '"two words"'),
        ('a "quote" and \\', '"a \\"quote\\" and \\\\"'),
        ("0xdeadbeef", "0xdeadbeef"),
        ("0sZm9v", "0x30735a6d3976"),
        ("süß", "0x73c3bcc39f"),
        ("tab\there", "0x7461620968657265"),
    ],
)
def test_a_secret_arrives_as_it_was_meant(key: str, written: str) -> None:
    assert secret(key) == written


def test_a_value_cannot_break_out(tmp_path: Path) -> None:
    assert value("head.example.com") == "head.example.com"
    assert value("a } b") == '"a } b"'
    scenario = changed(tmp_path, ('address = "10.0.0.1"', 'address = "10.0.0.1"\nidentity = "x } # \\" y"'))
    assert '      id = "x } # \\" y"\n' in strongswan_config(scenario, INIT)


def test_configurations_are_made_of_files_of_ones_own(tmp_path: Path) -> None:
    scenario = changed(tmp_path, ('encryption = "aes-128"', 'encryption = "aes-192"'))
    assert "aes192-sha1-modp2048" in strongswan_config(scenario, INIT)
    assert " encr aes 192\n" in cisco_config(scenario, INIT)
    assert "esp-aes 192 esp-sha-hmac\n" in cisco_config(scenario, INIT)


# ---------------------------------------------------------------- the scenario itself


@pytest.mark.parametrize("name", shipped())
def test_a_description_says_what_it_is_and_all_policies(name: str) -> None:
    scenario = load_scenario(name)
    text = description(scenario)
    assert text.startswith(f"{scenario.title}\n{scenario.summary}\n")
    for role in (INIT, RESP):
        for policy in peer(scenario, role).policies:
            row = rf"^{policy.priority} +{policy.encryption} +{policy.hash} +{policy.group} +{policy.authentication} "
            assert re.search(row, text, re.MULTILINE)


@pytest.mark.parametrize("name", [name for name in shipped() if name.startswith("ikev2")])
def test_a_description_of_ikev2_says_all_proposals_in_words_of_ikev2(name: str) -> None:
    scenario = load_scenario(name)
    text = description(scenario)
    assert "PFS" not in text
    assert "phase" not in text
    for role in (INIT, RESP):
        assert all(stands_in(text, number, one) for number, one in enumerate(peer(scenario, role).ike, 1))
        assert all(stands_in(text, number, one) for number, one in enumerate(peer(scenario, role).child, 1))


def stands_in(text: str, number: int, proposal: IkeProposal | ChildProposal) -> bool:
    rows = re.findall(rf"^{number} +.*$", text, re.MULTILINE)
    words = [*proposal.encryption, *proposal.integrity, *proposal.key_exchange]
    words += [word for words in proposal.additional for word in words]
    return any(all(word in row for word in words) for row in rows)


def test_a_description_of_ikev2_says_what_else_is_configured() -> None:
    def said(name: str) -> str:
        return " ".join(description(load_scenario(name)).split())

    assert "moves to 10.77.0.5 also looks for NATs, MOBIKE" in said("ikev2-mobike")
    assert "PPK quantum-safe: 0x" in said("ikev2-ppk")
    assert "proves itself login by EAP-MD5" in said("ikev2-eap-md5")
    both = "CREATE_CHILD_SA: the IKE SA anew and at once CREATE_CHILD_SA: the IKE SA anew by the responder"
    assert both in said("ikev2-rekey-collision")
