from __future__ import annotations

import re
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import pytest
from conftest import recording

from explorer.content import content_folder
from explorer.errors import ExplorerError
from explorer.events import Judged, Role, SaInstalled, Verdict
from explorer.export.gear.cisco_log import cisco_console, cisco_log
from explorer.export.gear.cisco_sas import sas_by_message
from explorer.export.gear.cisco_words import group_by_policy, isakmp_attributes, refusal_line, refused_for
from explorer.export.gear.strongswan_log import strongswan_console, strongswan_log
from explorer.lab.run import run
from explorer.lab.scenario import read_scenario, shipped
from explorer.trace.trace import Trace

ENCRYPTION = "Encryption algorithm offered does not match policy!"
KEY_LENGTH = "Proposed key length does not match policy"
HASH = "Hash algorithm offered does not match policy!"
GROUP = "Diffie-Hellman group offered does not match policy!"
AUTHENTICATION = "Authentication method offered does not match policy!"
REFUSALS = (ENCRYPTION, KEY_LENGTH, HASH, GROUP, AUTHENTICATION)
FAULTS = {
    "encryption": ENCRYPTION, "keylength": KEY_LENGTH, "hash": HASH, "group": GROUP, "authentication": AUTHENTICATION}
INIT, RESP = Role.INITIATOR, Role.RESPONDER


def cisco(name: str, party: Role) -> list[str]:
    return [line.text for line in cisco_console(recording(name), party)]


def charon(name: str, party: Role) -> list[str]:
    return [line.text for line in strongswan_console(recording(name), party)]


def checks(name: str, party: Role) -> list[tuple[int, int, str, bool, int]]:
    """Transform, policy, refusal, result and Next Payload of each check of phase 1 that the console shows."""
    found = []
    pattern = (
        r"Checking ISAKMP transform (\d+) against priority (\d+) policy\n(?:ISAKMP:      .*\n)+"
        r"(?:ISAKMP:\(0\):(.*(?:does not match).*)\n)?ISAKMP:\(0\):atts are (not )?acceptable\. Next payload is (\d+)"
    )
    for transform, policy, refusal, wrong, following in re.findall(pattern, "\n".join(cisco(name, party))):
        found.append((int(transform), int(policy), refusal, not wrong, int(following)))
    return found


# ---------------------------------------------------------------- Cisco: policies


def test_a_successful_negotiation_refuses_on_both_sides() -> None:
    assert checks("ikev1-policy-match", RESP) == [
        (1, 5, HASH, False, 3), (2, 5, ENCRYPTION, False, 3), (3, 5, KEY_LENGTH, False, 0),
        (1, 15, ENCRYPTION, False, 3), (2, 15, HASH, False, 3), (3, 15, ENCRYPTION, False, 0),
        (1, 25, KEY_LENGTH, False, 3), (2, 25, ENCRYPTION, False, 3), (3, 25, "", True, 0),
    ]
    assert checks("ikev1-policy-match", INIT) == [
        (3, 10, KEY_LENGTH, False, 0), (3, 20, ENCRYPTION, False, 0), (3, 30, "", True, 0)]
    assert recording("ikev1-policy-match").outcome == "established"
    for party in (INIT, RESP):
        assert not any("no offers accepted" in line or "not acceptable!" in line
                       for line in cisco("ikev1-policy-match", party))


@pytest.mark.parametrize("party", [INIT, RESP])
def test_checks_are_grouped_by_policy(party: Role) -> None:
    policies = [policy for _, policy, *_ in checks("ikev1-policy-match", party)]
    assert [policy for policy, _ in groupby(policies)] == sorted(set(policies))
    entry = recording("ikev1-policy-match").events_of(Judged, party)[0]
    assert isinstance(entry.event, Judged)
    negotiation = entry.event.negotiation
    grouped = group_by_policy(negotiation)
    assert [label for label, _ in grouped] == [f"policy {policy}" for policy in dict.fromkeys(policies)]
    assert [comparison for _, found in grouped for comparison in found] == list(negotiation.comparisons)


@pytest.mark.parametrize(("fault", "line"), FAULTS.items())
def test_the_real_fault_has_its_line_and_the_last_is_about_the_default_policy(fault: str, line: str) -> None:
    name = f"ikev1-policy-mismatch-{fault}"
    first, last = checks(name, RESP)
    assert first == (1, 10, line, False, 0)
    assert last[1] == 65535
    console = cisco(name, RESP)
    refusals = [text for text in console if text.endswith(REFUSALS)]
    assert refusals[-1].endswith(last[2] or "nothing")
    assert last[2] == ENCRYPTION
    assert console[console.index("ISAKMP:(0):no offers accepted!") + 1] == (
        "ISAKMP:(0): phase 1 SA policy not acceptable! (local 10.0.0.2 remote 10.0.0.1)")
    assert checks(name, INIT) == []


def test_no_line_is_invented_for_a_lifetime() -> None:
    (only,) = checks("ikev1-policy-lifetime-strict", RESP)
    assert only == (1, 10, "", False, 0)
    assert not any("match" in line for line in cisco("ikev1-policy-lifetime-strict", RESP))
    assert "ISAKMP:(0):no offers accepted!" in cisco("ikev1-policy-lifetime-strict", RESP)


def test_the_group_is_compared_before_the_authentication() -> None:
    entry = recording("ikev1-policy-mismatch-authentication").events_of(Judged, RESP)[0]
    assert isinstance(entry.event, Judged)
    comparison = entry.event.negotiation.comparisons[0]
    both = comparison._replace(verdicts=tuple(
        verdict._replace(ok=False) if verdict.attribute == "Group description" else verdict
        for verdict in comparison.verdicts))
    first, gear = both.first_mismatch, refused_for(both)
    assert first is not None
    assert gear is not None
    assert (first.attribute, gear.attribute) == ("Authentication method", "Group description")


def test_a_refusal_is_said_of_mismatches_of_phase_1_only() -> None:
    assert refusal_line(Verdict("Hash algorithm", "SHA-1", "MD5", ok=False)) == HASH
    assert refusal_line(Verdict("Hash algorithm", "SHA-1", "SHA-1", ok=True)) is None
    assert refusal_line(Verdict("Life duration", "86400", "at most 3600", ok=False)) is None
    assert refusal_line(Verdict("Hash algorithm", "with a length", "in two octets", ok=False)) is None
    assert refusal_line(Verdict("Group description", "absent", "MODP-2048", ok=False), "ESP") is None
    assert refusal_line(Verdict("Group description", "MODP-1024", "MODP-2048", ok=False)) == GROUP


def test_a_life_is_basic_or_vpi_by_its_form() -> None:
    console = cisco("ikev1-policy-match", RESP)
    assert "ISAKMP:      life duration (basic) of 28800" in console
    assert "ISAKMP:      life duration (VPI) of  0x0 0x1 0x51 0x80" in console
    assert "ISAKMP:      life duration (basic) of 86400" not in console


def test_next_payload_is_the_transforms_own_octet() -> None:
    for name in ("ikev1-policy-match", "ikev1-main-psk"):
        octets = recording(name).step(1).octets
        for transform, _, _, _, following in checks(name, RESP):
            # Header, SA payload up to its proposal, the proposal's header; then transforms of their own lengths.
            at = 28 + 12 + 8
            while octets[at + 4] != transform:
                at += int.from_bytes(octets[at + 2 : at + 4], "big")
            assert following == octets[at]


def test_offered_attributes_stand_in_the_gears_order() -> None:
    entry = recording("ikev1-policy-match").events_of(Judged, RESP)[0]
    assert isinstance(entry.event, Judged)
    assert list(isakmp_attributes(entry.event.negotiation.comparisons[0].offer)) == [
        "encryption AES-CBC", "keylength of 256", "hash SHA256", "default group 14", "auth pre-share",
        "life type in seconds", "life duration (basic) of 28800"]


# ---------------------------------------------------------------- Cisco: the rest


def test_lives_are_those_of_the_sas() -> None:
    trace = recording("ikev1-policy-lifetime")
    for party in (INIT, RESP):
        event = trace.events_of(SaInstalled, party)[0].event
        assert isinstance(event, SaInstalled)
        assert f"ISAKMP:(0):Returning Actual lifetime: {event.sa.lifetime}" in cisco("ikev1-policy-lifetime", party)
    assert "ISAKMP:(1001): processing NOTIFY RESPONDER_LIFETIME protocol 1" in cisco("ikev1-policy-lifetime", INIT)
    assert "ISAKMP:(1001): restart ike sa timer to 3600 secs" in cisco("ikev1-policy-lifetime", INIT)


def test_a_wrong_key_is_a_bad_message() -> None:
    line = "%CRYPTO-4-IKMP_BAD_MESSAGE: IKE message from 10.0.0.1 failed its sanity check or is malformed"
    assert cisco("ikev1-main-wrong-psk", RESP).count(line) == 1
    assert not any("IKMP" in text for text in cisco("ikev1-main-wrong-psk", INIT))
    assert not any("processing ID payload" in text for text in cisco("ikev1-main-wrong-psk", RESP))


def test_phase_2_says_what_is_known() -> None:
    refused = cisco("ikev1-quick-no-proposal", RESP)
    assert refused[-4:-1] == [
        "IPSEC(ipsec_process_proposal): transform proposal not supported for identity: {esp-3des esp-md5-hmac }",
        "ISAKMP:(1001): IPSec policy invalidated proposal with error 256",
        "ISAKMP:(1001): phase 2 SA policy not acceptable! (local 10.0.0.2 remote 10.0.0.1)",
    ]
    assert cisco("ikev1-quick-no-proposal", INIT)[-1] == (
        "ISAKMP:(1001): processing NOTIFY PROPOSAL_NOT_CHOSEN protocol 3")
    assert "IPSEC(ipsec_process_proposal): proxy identities not supported" in cisco("ikev1-quick-id-mismatch", RESP)
    assert not any("transform proposal not supported" in line for line in cisco("ikev1-quick-pfs-mismatch", RESP))


@pytest.mark.parametrize(
    ("name", "party", "states"),
    [
        ("ikev1-main-psk", INIT, ["MM_NO_STATE", "MM_SA_SETUP", "MM_KEY_EXCH", "QM_IDLE"]),
        ("ikev1-main-psk", RESP, ["MM_NO_STATE", "MM_SA_SETUP", "MM_KEY_EXCH", "MM_KEY_AUTH", "QM_IDLE"]),
        ("ikev1-aggressive-psk", INIT, ["AG_INIT_EXCH", "AG_AUTH", "QM_IDLE"]),
        ("ikev1-aggressive-psk", RESP, ["AG_NO_STATE", "AG_INIT_EXCH", "QM_IDLE"]),
        ("ikev1-aggressive-wrong-psk", INIT, ["AG_INIT_EXCH", "AG_NO_STATE"]),
        ("ikev1-policy-mismatch-hash", INIT, ["MM_NO_STATE"]),
        ("ikev1-wrong-certificate", INIT, ["MM_NO_STATE", "MM_SA_SETUP", "MM_KEY_EXCH", "MM_NO_STATE"]),
        ("ikev1-informational", RESP, ["MM_NO_STATE", "MM_SA_SETUP", "MM_KEY_EXCH", "MM_KEY_AUTH", "QM_IDLE", ""]),
        ("ikev1-remote-access-client-mode", RESP,
         ["AG_NO_STATE", "AG_INIT_EXCH", "QM_IDLE", "CONF_XAUTH", "QM_IDLE"]),
    ],
)
def test_states_of_show_crypto_isakmp_sa(name: str, party: Role, states: list[str]) -> None:
    seen = [state for _, rows in sas(name, party) for state in ([row.split()[2] for row in rows] or [""])]
    assert [state for state, _ in groupby(seen)] == states


def sas(name: str, party: Role) -> list[tuple[int, list[str]]]:
    """Number of each message after which the table is another, and the rows that it has then."""
    said = groupby(sas_by_message(recording(name), party), lambda line: line.message)
    return [(number, [line.text for line in lines if line.text.startswith("10.")]) for number, lines in said]


def test_rows_of_show_crypto_isakmp_sa_are_the_gears() -> None:
    row = "10.0.0.2        {}MM_NO_STATE          0 ACTIVE{}"
    assert sas("ikev1-policy-mismatch-hash", INIT) == [
        (1, [row.format("10.0.0.1        ", "")]), (2, [row.format("10.0.0.1        ", " (deleted)")])]
    assert sas("ikev1-policy-mismatch-hash", RESP) == [(1, [row.format("10.0.0.1        ", " (deleted)")])]
    assert sas("ikev1-nat-t", RESP)[0] == (1, ["10.0.0.2        203.0.113.7     MM_NO_STATE          0 ACTIVE"])
    assert sas("ikev1-main-psk", INIT)[-1] == (
        6, ["10.0.0.2        10.0.0.1        QM_IDLE           1001 ACTIVE"])
    assert sas("ikev1-aggressive-refused", RESP) == []


@pytest.mark.parametrize("party", [INIT, RESP])
def test_both_sas_are_there_until_the_old_one_is_deleted(party: Role) -> None:
    rows = [(number, [row.split()[2:4] for row in found]) for number, found in sas("ikev1-rekey", party)]
    assert rows[-2:] == [(33, [["QM_IDLE", "1001"], ["QM_IDLE", "1002"]]), (34, [["QM_IDLE", "1002"]])]


def test_a_message_about_an_old_sa_has_the_old_number() -> None:
    log = cisco_log(recording("ikev1-rekey"), 34)
    debug = log.partition("show crypto")[0]
    assert "ISAKMP:(1001): sending packet to 10.0.0.2 my_port 500 peer_port 500 (I) QM_IDLE" in debug
    assert "ISAKMP:(1001): processing DELETE payload" in debug
    assert "1002" not in debug
    assert "ISAKMP:(1002):SA has been authenticated" in cisco_log(recording("ikev1-rekey"), 33)


def test_the_log_ends_with_the_sas_under_headings_of_their_own() -> None:
    log = cisco_log(recording("ikev1-main-psk"))
    headings = [line.partition(": ")[2] for line in log.splitlines() if line.startswith("═══")]
    assert headings == ["debug crypto isakmp"] * 2 + ["show crypto isakmp sa"] * 2
    assert "\n\n\n" not in log


# ---------------------------------------------------------------- Cisco: the order of lines


def in_order(console: list[str], *parts: str) -> bool:
    """Whether lines with these parts follow each other, whatever else is between."""
    lines = iter(console)
    return all(any(part in line for line in lines) for part in parts)


@pytest.mark.parametrize(("name", "read"), [("main-psk", "HASH"), ("main-rsa", "ID"), ("main-pke", "HASH")])
def test_the_initiator_counts_the_last_message_when_it_is_verified(name: str, read: str) -> None:
    name = f"ikev1-{name}"
    assert in_order(
        cisco(name, INIT), "(I) MM_KEY_EXCH", f"processing {read} payload", "SA authentication status: authenticated",
        "SA has been authenticated with 10.0.0.2", "Old State = IKE_I_MM5  New State = IKE_I_MM6",
        "Old State = IKE_I_MM6  New State = IKE_P1_COMPLETE")
    assert in_order(cisco(name, RESP), "Old State = IKE_R_MM4  New State = IKE_R_MM5", f"processing {read} payload",
                    "SA authentication status: authenticated")
    for party in (INIT, RESP):
        assert sum("New State = IKE_I_MM6" in line for line in cisco(name, party)) == (party is INIT)


def test_what_is_not_verified_is_not_counted() -> None:
    assert not any("IKE_I_MM6" in line for line in cisco("ikev1-wrong-certificate", INIT))


@pytest.mark.parametrize("party", [INIT, RESP])
def test_phase_2_checks_the_offers_before_it_reads_on(party: Role) -> None:
    console = cisco("ikev1-main-psk-pfs", party)
    phase_2 = console[next(at for at, line in enumerate(console) if "Checking IPSec" in line) - 2 :]
    known = [line for line in phase_2 if "processing" in line or "Checking" in line or "atts" in line]
    said = [re.sub(r" payload\..*| proposal 1$|\.$", "", line.partition("):")[2].strip()) for line in known]
    assert said[:8] == [
        "processing HASH", "processing SA", "Checking IPSec", "atts are acceptable", "processing NONCE",
        "processing KE", "processing ID", "processing ID"]


@pytest.mark.parametrize("name", ["ikev1-quick-no-proposal", "ikev1-quick-id-mismatch", "ikev1-quick-pfs-mismatch"])
def test_what_comes_behind_a_refused_offer_is_not_processed(name: str) -> None:
    console = cisco(name, RESP)
    refused = next(at for at, line in enumerate(console) if "phase 2 SA policy not acceptable!" in line)
    before = "\n".join(console[:refused]).rpartition("processing SA payload")[2]
    assert "processing NONCE" not in before
    assert "processing" not in "\n".join(console[refused:])


@pytest.mark.parametrize(
    "name", ["ikev1-main-wrong-psk", "ikev1-aggressive-wrong-psk", "ikev1-wrong-identity", "ikev1-wrong-certificate"])
@pytest.mark.parametrize("party", [INIT, RESP])
def test_an_accepted_life_is_said_whatever_comes_later(name: str, party: Role) -> None:
    console = cisco(name, party)
    at = console.index("ISAKMP:(0):Returning Actual lifetime: 86400")
    assert console[at - 1].startswith("ISAKMP:(0):atts are acceptable.")
    assert console[at + 1] == "ISAKMP:(0)::Started lifetime timer: 86400."


@pytest.mark.parametrize("name", [name for name in shipped() if name.startswith("ikev1")])
@pytest.mark.parametrize("party", [INIT, RESP])
def test_the_life_that_is_said_is_that_of_the_sa(name: str, party: Role) -> None:
    said = [int(line.rpartition(" ")[2]) for line in cisco(name, party) if "Returning Actual lifetime" in line]
    installed = [entry.event.sa.lifetime for entry in recording(name).events_of(SaInstalled, party)
                 if isinstance(entry.event, SaInstalled) and entry.event.sa.protocol == "ISAKMP"]
    assert said[: len(installed)] == installed


# ---------------------------------------------------------------- Cisco: what arrives and is not taken


def test_a_refused_aggressive_mode_is_received_and_answered() -> None:
    assert cisco("ikev1-aggressive-refused", RESP) == [
        "ISAKMP (0): received packet from 10.0.0.1 dport 500 sport 500 Global (N) NEW SA",
        "%CRYPTO-5-IKMP_AG_MODE_DISABLED: Unable to initiate or respond to Aggressive Mode while disabled",
        "ISAKMP:(0): sending packet to 10.0.0.1 my_port 500 peer_port 500 (R) AG_NO_STATE"]


def test_a_message_that_is_turned_down_has_arrived() -> None:
    refused, received = cisco("ikev1-wrong-certificate", RESP)[-1:-3:-1]
    assert refused.startswith("# refused here")
    assert received == "ISAKMP (1001): received packet from 10.0.0.1 dport 500 sport 500 Global (R) QM_IDLE"


@pytest.mark.parametrize("fault", [*FAULTS])
def test_a_notification_in_the_clear_is_marked_as_not_known(fault: str) -> None:
    received, remark = cisco(f"ikev1-policy-mismatch-{fault}", INIT)[-2:]
    assert "received packet" in received
    assert remark == "# the notification NO-PROPOSAL-CHOSEN came in the clear, and no line is known for it"


def test_duplicates_are_the_reason_for_what_is_sent_again() -> None:
    for party, numbers in ((INIT, [5, 7]), (RESP, [4, 8])):
        lines = list(cisco_console(recording("ikev1-lossy"), party))
        again = [at for at, line in enumerate(lines) if "came before" in line.text]
        assert [lines[at].message for at in again] == numbers
        for at in again:
            assert "received packet" in lines[at - 1].text
            assert any("sending packet" in line.text for line in lines[at + 1 : at + 3])


def test_packets_carry_the_states_of_the_gear() -> None:
    sent = [line.rpartition(") ")[2] for line in cisco("ikev1-main-psk", RESP) if "sending packet" in line]
    got = [line.partition("Global ")[2] for line in cisco("ikev1-main-psk", RESP) if "received packet" in line]
    assert sent == ["MM_SA_SETUP", "MM_KEY_EXCH", "MM_KEY_EXCH", "QM_IDLE"]
    assert got == ["(N) NEW SA", "(R) MM_SA_SETUP", "(R) MM_KEY_EXCH", "(R) QM_IDLE", "(R) QM_IDLE"]


# ---------------------------------------------------------------- strongSwan


def test_charon_refuses_by_kind_of_algorithm() -> None:
    console = charon("ikev1-policy-match", RESP)
    results = [line.removeprefix("[CFG]   ") for line in console if line.startswith("[CFG]   ")]
    encryption, integrity = "no acceptable ENCRYPTION_ALGORITHM found", "no acceptable INTEGRITY_ALGORITHM found"
    assert results[:9] == [
        integrity, encryption, encryption, encryption, integrity, encryption, encryption, encryption,
        "proposal matches"]
    assert "[CFG]   no acceptable KEY_EXCHANGE_METHOD found" in charon("ikev1-policy-mismatch-group", RESP)
    assert "[IKE] no proposal found" in charon("ikev1-policy-mismatch-group", RESP)
    assert "[IKE] received NO_PROPOSAL_CHOSEN error notify" in charon("ikev1-policy-mismatch-group", INIT)
    assert "[CFG]   no acceptable KEY_EXCHANGE_METHOD found" in charon("ikev1-quick-pfs-mismatch", RESP)
    assert "[IKE] no matching proposal found, sending NO_PROPOSAL_CHOSEN" in charon("ikev1-quick-pfs-mismatch", RESP)


def test_charons_proposals_are_those_of_the_messages() -> None:
    default = "IKE:DES_CBC/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_768"
    console = charon("ikev1-policy-mismatch-group", RESP)
    assert "[CFG] received proposals: IKE:AES_CBC_128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_2048" in console
    assert f"[CFG] configured proposals: IKE:AES_CBC_128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1024, {default}" in console
    assert "[CFG] selected proposal: IKE:AES_CBC_128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_2048" in (
        charon("ikev1-policy-match", RESP))


def test_what_charon_does_not_compare_is_a_remark() -> None:
    console = charon("ikev1-policy-mismatch-authentication", RESP)
    assert "# charon does not look at authentication method here" in console
    assert "# charon does not look at life duration here" in charon("ikev1-policy-lifetime-strict", RESP)


def test_charon_names_sas_and_peers() -> None:
    assert "[IKE] IKE_SA lab[1] established between 10.0.0.2[10.0.0.2]...10.0.0.1[10.0.0.1]" in (
        charon("ikev1-main-psk", RESP))
    assert "[IKE] IKE_SA lab[2] established between 10.0.0.1[10.0.0.1]...10.0.0.2[10.0.0.2]" in (
        charon("ikev1-rekey", INIT))
    trace = recording("ikev1-main-psk")
    inbound, outbound = (
        e.event.sa.spis[0].octets.hex() for e in trace.events_of(SaInstalled, RESP)
        if isinstance(e.event, SaInstalled) and e.event.sa.protocol == "ESP")
    assert (
        f"[IKE] CHILD_SA net{{1}} established with SPIs {inbound}_i {outbound}_o"
        " and TS 192.168.2.0/24 === 192.168.1.0/24") in charon("ikev1-main-psk", RESP)


def test_charon_names_the_sa_that_goes_and_not_the_newest() -> None:
    assert "[IKE] sending DELETE for IKE_SA lab[1]" in charon("ikev1-rekey", INIT)
    assert "[IKE] received DELETE for IKE_SA lab[1]" in charon("ikev1-rekey", RESP)


def test_charon_is_told_what_has_arrived_whatever_was_sent() -> None:
    console = charon("ikev1-aggressive-sa-swap", INIT)
    received = next(line for line in console if line.startswith("[CFG] received proposals: "))
    selected = next(line for line in console if line.startswith("[CFG] selected proposal: "))
    assert received.rpartition(" ")[2] == selected.rpartition(" ")[2]


@pytest.mark.parametrize("name", ["ikev1-aggressive-refused", "ikev1-wrong-certificate"])
def test_what_is_refused_was_received_first(name: str) -> None:
    console = charon(name, RESP)
    refused = next(index for index, line in enumerate(console) if line.startswith("# refused here"))
    assert any(line.startswith("[NET] received packet") for line in console[:refused])


def test_charon_sends_again_because_something_came_again() -> None:
    console = charon("ikev1-lossy", RESP)
    assert "[IKE] received retransmit of request with ID 0, retransmitting response" in console


def test_charon_establishes_after_the_login() -> None:
    console = charon("ikev1-remote-access-client-mode", RESP)
    login = console.index("[IKE] XAuth authentication of 'alice' successful")
    established = "[IKE] IKE_SA lab[1] established between 10.0.0.2[gateway.example.com]...10.0.0.1[staff]"
    assert login < console.index(established) < console.index("[IKE] assigning virtual IP 10.3.0.1 to peer 'alice'")
    assert not any("established" in line for line in charon("ikev1-wrong-xauth-password", RESP))


# ---------------------------------------------------------------- both


@pytest.mark.parametrize("name", [name for name in shipped() if name.startswith("ikev1")])
def test_every_run_has_a_log_of_every_gear(name: str) -> None:
    trace = recording(name)
    for log in (cisco_log, strongswan_log):
        whole = log(trace)
        headings = [line.split()[3] for line in whole.splitlines() if line.startswith("═══")]
        assert headings[:2] == headings[-2:] == ["initiator’s", "responder’s"]
        assert "None" not in whole
        parts = [log(trace, number) for number in range(1, len(trace.steps) + 1)]
        said = [line for part in parts for line in part.splitlines() if line and not line.startswith("═══")]
        assert sorted(said) == sorted(
            line for line in whole.splitlines() if line and not line.startswith(("═══", "(nothing")))


@pytest.mark.parametrize("log", [cisco_log, strongswan_log])
def test_a_message_out_of_range_is_named(log: Callable[[Trace, int], str]) -> None:
    with pytest.raises(ExplorerError, match=r"^message 12: expected a number from 1 to 11$"):
        log(recording("ikev1-main-psk"), 12)


@pytest.mark.parametrize("name", ["ikev1-policy-mismatch-authentication", "ikev1-policy-lifetime-strict"])
def test_charon_is_not_said_to_refuse_what_it_would_take(name: str) -> None:
    console = charon(name, RESP)
    assert not any("no proposal found" in line for line in console)
    assert any(line.startswith("# charon would take this offer") for line in console)


@pytest.mark.parametrize("point", ["aggressive-wrong-psk", "wrong-certificate", "wrong-xauth-password"])
def test_a_refusal_without_a_known_line_is_remarked_on(point: str) -> None:
    assert any(line.startswith("# refused here") for party in (INIT, RESP) for line in cisco(f"ikev1-{point}", party))


# ---------------------------------------------------------------- strongSwan: what a recording holds besides


def charon_of(tmp_path: Path, text: str, party: Role) -> list[str]:
    """Charon's lines about a run of a scenario that nobody ships."""
    path = tmp_path / "made.toml"
    path.write_text(text, encoding="utf-8")
    return [line.text for line in strongswan_console(run(read_scenario(path)), party)]


def text_of(name: str) -> str:
    return (content_folder() / "scenarios" / f"{name}.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(("party", "ts"), [
    (INIT, "192.168.1.0/24 === 192.168.2.0/24"), (RESP, "192.168.2.0/24 === 192.168.1.0/24")])
def test_of_quick_modes_that_cross_each_has_its_own_selectors(tmp_path: Path, party: Role, ts: str) -> None:
    text = text_of("ikev1-main-psk").replace('"phase 2"', '"phase 2 and phase 2 by responder"')
    made = [line for line in charon_of(tmp_path, text, party) if "CHILD_SA net" in line]
    assert len(made) == 2
    assert all(line.endswith(f"TS {ts}") for line in made)


@pytest.mark.parametrize("party", [INIT, RESP])
def test_a_login_succeeds_whatever_is_refused_after_it(tmp_path: Path, party: Role) -> None:
    head, _, tail = text_of("ikev1-remote-access-client-mode").rpartition('hash = "sha1"')
    text = f'{head}hash = "md5"{tail}'.replace('goal = "established"', 'goal = "failed"')
    assert any("IKE_SA lab[1] established" in line for line in charon_of(tmp_path, text, party))


def test_an_untrusted_certificate_is_named_by_its_kind_of_key(tmp_path: Path) -> None:
    head, _, tail = text_of("ikev1-main-ecdsa").partition("[responder]\n")
    text = f'{head}[responder]\ntrusts = ["other-ca"]\n{tail}'.replace('goal = "established"', 'goal = "failed"')
    assert any("no trusted ECDSA public key found" in line for line in charon_of(tmp_path, text, RESP))
