import json
import re
import tomllib
from pathlib import Path

import pytest
from conftest import recording

from explorer.comparison.alignment import Alignment, alignment_files, find_alignment, read_alignment
from explorer.comparison.comparison import Comparison, compare
from explorer.comparison.later import Later
from explorer.comparison.proofs import Proof
from explorer.comparison.totals import Totals, is_negotiation, totals
from explorer.errors import ExplorerError
from explorer.events import Role
from explorer.export.comparison_json import comparison_to_json
from explorer.export.comparison_text import comparison_to_text
from explorer.lab.run import run
from explorer.lab.scenario import load_scenario, shipped

BOTH = (Role.INITIATOR, Role.RESPONDER)
FILES = alignment_files()


def compared(left: str, right: str) -> Comparison:
    return compare(recording(left), recording(right), find_alignment(left, right))


def computed(found: Totals, party: Role) -> dict[str, int]:
    """What was computed at all, with the number of key exchanges."""
    operations = found.operations[party]
    counts = {kind: count for kind, count in operations.counts.items() if count}
    return {"key exchanges": operations.key_exchanges, **counts}


# ---------------------------------------------------------------- totals, worked out by hand


def test_main_mode_with_a_psk() -> None:
    found = totals(recording("ikev1-main-psk"))
    # 200 + 88 + 312 + 312 + 76 + 76, then 204 + 172 + 60.
    assert [tuple(exchange) for exchange in found.exchanges] == [("Main Mode", 6, 1064), ("Quick Mode", 3, 436)]
    assert (found.messages, found.octets, found.packets) == (9, 1500, 2)
    assert found.largest == (312, 3)
    # Three in Main Mode, and Quick Mode's request and answer; the initiator need not wait for its own message 9.
    assert found.round_trips == {Role.INITIATOR: 4, Role.RESPONDER: 4.5}
    # Each side makes its public value and the shared secret.
    for party in BOTH:
        assert computed(found, party) == {"key exchanges": 1, "group exponentiations": 2}
    assert found.proven == {
        Role.INITIATOR: (Proof(5, "HASH_I", "prf(SKEYID, g^xi | g^xr | CKY-I | CKY-R | SAi_b | IDii_b)"),),
        Role.RESPONDER: (Proof(6, "HASH_R", "prf(SKEYID, g^xr | g^xi | CKY-R | CKY-I | SAi_b | IDir_b)"),),
    }


def test_ikev2_with_a_psk() -> None:
    found = totals(recording("ikev2-psk"))
    assert [tuple(exchange) for exchange in found.exchanges] == [("IKE_SA_INIT", 2, 312), ("IKE_AUTH", 2, 496)]
    assert (found.messages, found.octets, found.largest) == (4, 808, (256, 3))
    # The responder has everything when it has read message 3, which is a way and a half.
    assert found.round_trips == {Role.INITIATOR: 2, Role.RESPONDER: 1.5}
    for party in BOTH:
        assert computed(found, party) == {"key exchanges": 1, "group exponentiations": 2}
    assert {party: [proof[:2] for proof in proofs] for party, proofs in found.proven.items()} == {
        Role.INITIATOR: [(3, "AUTHi")], Role.RESPONDER: [(4, "AUTHr")],
    }


def test_a_user_is_proven_by_the_password_behind_the_key_of_the_group() -> None:
    found = totals(recording("ikev1-remote-access-client-mode"))
    assert [proof.symbol for proof in found.proven[Role.INITIATOR]] == ["HASH_I", "password"]
    assert [proof.symbol for proof in found.proven[Role.RESPONDER]] == ["HASH_R"]


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("ikev1-main-rsa", "SIG_R"),
        ("ikev1-main-ecdsa", "SIG_R"),
        ("ikev2-rsa", "AUTHr"),
        ("ikev2-ecdsa", "AUTHr"),
        ("ikev2-ed25519", "AUTHr"),
        ("ikev2-null-auth", "AUTHr"),
        ("ikev2-remote-access", "AUTHr"),
    ],
)
def test_who_signs_is_proven_by_what_only_its_private_key_makes(name: str, symbol: str) -> None:
    proof = totals(recording(name)).proven[Role.RESPONDER][0]
    assert proof.symbol == symbol
    assert "d_R" in proof.formula


def symbols_of(name: str, party: Role) -> list[tuple[int, str]]:
    return [(proof.message, proof.symbol) for proof in totals(recording(name)).proven[party]]


def test_a_login_is_proven_by_what_the_password_makes() -> None:
    assert symbols_of("ikev2-eap", Role.INITIATOR) == [(7, "NT-Response"), (11, "AUTHi")]
    assert symbols_of("ikev2-eap", Role.RESPONDER) == [(4, "AUTHr"), (8, "AuthenticatorResponse"), (12, "AUTHr")]


def test_a_mac_with_keys_of_anybody_proves_nothing() -> None:
    # EAP-MD5 makes no key: AUTH after it is made with SK_pi, as that of a client without a name is.
    assert symbols_of("ikev2-eap-md5", Role.INITIATOR) == [(5, "MD5-Response")]
    assert symbols_of("ikev2-eap-md5", Role.RESPONDER) == [(4, "AUTHr")]
    assert symbols_of("ikev2-null-auth", Role.INITIATOR) == []


def test_a_ticket_proves_by_the_key_in_it() -> None:
    proof = totals(recording("ikev2-session-resumption")).proven[Role.INITIATOR][-1]
    assert proof == Proof(15, "AUTHi", "prf(SK_pi, RealMessage1 | Nr | MACedIDForI)", "SK_d_old")
    text = comparison_to_text(compared("ikev2-psk", "ikev2-session-resumption"), 200)
    assert "its key made from SK_d_old" in re.sub(r"\s+", " ", text)


def test_hybrid_key_exchange() -> None:
    found = totals(recording("ikev2-hybrid-mlkem"))
    assert [exchange.messages for exchange in found.exchanges] == [2, 2, 2]
    # 28 octets of header, 8 of IV, 16 of ICV and pad length in SK with its header of 4; KE with 8 and 1184 of key.
    assert found.largest == (28 + 4 + 8 + 8 + 1184 + 1 + 16, 3)
    assert found.round_trips == {Role.INITIATOR: 3, Role.RESPONDER: 2.5}
    # X25519 twice each; the initiator makes a key and opens, the responder encapsulates: secret and ciphertext in one.
    assert computed(found, Role.INITIATOR) == {"key exchanges": 2, "group exponentiations": 2, "KEM operations": 2}
    assert computed(found, Role.RESPONDER) == {"key exchanges": 2, "group exponentiations": 2, "KEM operations": 1}


@pytest.mark.parametrize("name", ["ikev1-main-rsa", "ikev1-main-ecdsa", "ikev2-rsa", "ikev2-rsa-sha2", "ikev2-ecdsa"])
def test_signatures_are_counted_by_one_rule(name: str) -> None:
    for party in BOTH:
        done = computed(totals(recording(name)), party)
        assert (done["signatures made"], done["signatures checked"]) == (1, 1)


@pytest.mark.parametrize(
    ("name", "each"), [("ikev1-main-pke", 2), ("ikev1-main-revised-pke", 1), ("ikev1-aggressive-pke", 2)]
)
def test_public_key_encryption_is_counted(name: str, each: int) -> None:
    # Identity and nonce; in the revised mode the nonce only (RFC 2409 §5.2, §5.3).
    for party in BOTH:
        done = computed(totals(recording(name)), party)
        assert (done["public-key encryptions"], done["private-key decryptions"]) == (each, each)


def test_forward_secrecy_costs_a_second_key_exchange() -> None:
    done = computed(totals(recording("ikev1-main-psk-pfs")), Role.INITIATOR)
    assert done == {"key exchanges": 2, "group exponentiations": 4}


@pytest.mark.parametrize(
    ("name", "initiator", "responder"),
    [
        ("ikev1-aggressive-psk", ("since", 1), ("since", 2)),
        ("ikev1-main-psk", ("sealed", 5), ("sealed", 6)),
        ("ikev1-aggressive-pke", ("sealed", 1), ("sealed", 2)),
        # The initiator says whom it wants to talk to, so that name is in the same message.
        ("ikev2-psk", ("sealed", 3), ("sealed", 3)),
    ],
)
def test_whose_names_an_eavesdropper_reads(name: str, initiator: tuple[str, int], responder: tuple[str, int]) -> None:
    found = {subject: how for subject, *how in totals(recording(name)).learnt}
    assert tuple(found["name of the initiator"]) == initiator
    assert tuple(found["name of the responder"]) == responder
    assert found["secret of a key exchange"] == found["keys for packets"] == ["none", 0]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("ikev1-main-psk", Later(False, False, ("psk",), ())),
        ("ikev1-main-wrong-psk", Later(False, None, ("psk",), ())),
        ("ikev1-aggressive-psk", Later(None, False, ("psk",), ())),
        ("ikev1-main-rsa", Later(True, True, (), ())),
        ("ikev1-main-pke", Later(True, True, (), ())),
        # Here the pre-shared key is in no key, only in the proof.
        ("ikev2-psk", Later(True, True, (), ())),
        ("ikev2-modp", Later(True, True, (), ())),
        # A PPK is in the keys for packets and not in those of the IKE SA itself (RFC 8784 §3).
        ("ikev2-ppk", Later(True, False, ("PPK",), ())),
        ("ikev2-hybrid-mlkem", Later(False, False, (), ("SK(1)",))),
        ("ikev2-hybrid-two", Later(False, False, (), ("SK(1)", "SK(2)"))),
        ("ikev2-session-resumption", Later(True, True, (), ())),
        ("ikev2-wrong-psk", Later(True, None, (), ())),
        ("ikev2-invalid-version", Later(None, None, (), ())),
    ],
)
def test_what_falls_to_a_quantum_computer(name: str, found: Later) -> None:
    assert totals(recording(name)).later == found


def test_a_quantum_computer_is_said_to_tell_classical_and_hybrid_apart() -> None:
    text = re.sub(r"\s+", " ", comparison_to_text(compared("ikev2-psk", "ikev2-hybrid-mlkem"), 200))
    assert "with a quantum computer everything nothing more without SK(1) of ML-KEM" in text
    text = re.sub(r"\s+", " ", comparison_to_text(compared("ikev2-ppk", "ikev1-main-psk"), 200))
    assert "names, but no packets without PPK, which it can only guess nothing more without psk, which it can" in text


def test_a_repeated_message_is_no_round_trip_more() -> None:
    lossy, plain = totals(recording("ikev1-lossy")), totals(recording("ikev1-main-psk"))
    assert lossy.messages > plain.messages
    assert lossy.round_trips == plain.round_trips


@pytest.mark.parametrize("name", shipped())
def test_any_run_can_be_counted(name: str) -> None:
    trace = recording(name)
    found = totals(trace)
    assert found.octets == sum(len(step.octets) for step in trace.steps if is_negotiation(step))
    for count in found.round_trips.values():
        assert count is None or 1.5 <= count <= found.messages / 2


# ---------------------------------------------------------------- alignments


def test_the_shipped_pairs() -> None:
    assert {(a.left, a.right) for a in map(read_alignment, FILES)} == {
        ("ikev1-remote-access-client-mode", "ikev2-remote-access"),
        ("ikev1-main-psk", "ikev2-psk"),
        ("ikev1-main-rsa", "ikev2-rsa"),
        ("ikev1-main-ecdsa", "ikev2-ecdsa"),
        ("ikev1-main-wrong-psk", "ikev2-wrong-psk"),
        ("ikev1-rekey", "ikev2-rekey-child"),
        ("ikev1-nat-t", "ikev2-nat-t"),
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("seed", [None, 7])
def test_an_alignment_names_what_is_there_and_leaves_no_message_out(path: Path, seed: int | None) -> None:
    alignment = read_alignment(path)
    left, right = (run(load_scenario(name), seed) for name in (alignment.left, alignment.right))
    aligned = compare(left, right, alignment).aligned
    assert aligned is not None
    for trace, found in ((left, [p.left for p in aligned.messages]), (right, [p.right for p in aligned.messages])):
        numbers = [message.number for side in found for message in side]
        assert len(numbers) == len(set(numbers))
        assert {step.number for step in trace.steps if is_negotiation(step)} <= set(numbers)
    for pair in aligned.messages:
        assert pair.left or pair.right
        assert re.fullmatch(r"[A-Z].*\.", pair.says)
        # One sender on both sides: what the initiator says stands beside what the initiator says.
        if pair.left and pair.right:
            assert pair.left[0].sender is pair.right[0].sender


def test_an_alignment_is_found_either_way_round() -> None:
    there, back = find_alignment("ikev1-main-psk", "ikev2-psk"), find_alignment("ikev2-psk", "ikev1-main-psk")
    assert there is not None
    assert back is not None
    assert back.turned() == there
    assert find_alignment("ikev1-main-psk", "ikev2-rsa") is None


def test_sizes_and_formulas_come_from_the_runs() -> None:
    aligned = compared("ikev1-main-psk", "ikev2-psk").aligned
    assert aligned is not None
    found = {tuple(t.symbol for t in (*pair.left, *pair.right)): pair for pair in aligned.terms}
    pair = found["SKEYID", "SKEYSEED"]
    assert (pair.left[0].octets, pair.left[0].formula) == (20, "prf(psk, Ni_b | Nr_b)")
    assert (pair.right[0].octets, pair.right[0].formula) == (32, "prf(Ni | Nr, g^ir)")
    assert (found["xi", "i"].left[0].origin, found["xi", "i"].left[0].formula) == ("drawn", "")
    assert pair.left[0].scope == "phase 1"


def test_the_scope_of_a_message_is_that_of_its_exchange() -> None:
    aligned = compared("ikev1-rekey", "ikev2-rekey-child").aligned
    assert aligned is not None
    scopes = {term.scope for pair in aligned.terms for term in pair.left if term.symbol == "KEYMAT_i"}
    rekeyed = recording("ikev1-rekey")
    assert scopes == {rekeyed.step(number).envelope.scope for number in (7, 12, 18)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"messages": [{"left": [99], "right": [], "says": ""}]}, "message 99 of 11"),
        ({"terms": [{"left": ["phase 1/SK_d"], "right": []}]}, "'phase 1/SK_d', which is no term of this run"),
        ({"terms": [{"left": ["@99/CKY-I"], "right": []}]}, "'@99/CKY-I', which is no term of this run"),
    ],
)
def test_an_alignment_that_does_not_fit_is_named(change: dict[str, object], said: str) -> None:
    import msgspec

    raw = {"left": "a", "right": "b", "names": [], "messages": [], "terms": [], **change}
    with pytest.raises(ExplorerError, match=said):
        compare(recording("ikev1-main-psk"), recording("ikev2-psk"), msgspec.convert(raw, Alignment))


@pytest.mark.parametrize(
    ("text", "said"),
    [("left =", "not TOML"), ('left = "a"', "the table lacks right"), ("\xff", "is not UTF-8 text")],
)
def test_a_bad_alignment_file_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ExplorerError, match=said) as raised:
        read_alignment(path)
    assert "\n" not in str(raised.value)


def test_content_files_say_no_value_of_a_run() -> None:
    for path in FILES:
        for pair in tomllib.loads(path.read_text(encoding="utf-8"))["terms"]:
            assert set(pair) <= {"left", "right", "says"}


# ---------------------------------------------------------------- text and JSON


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("names", [("ikev1-main-psk", "ikev2-psk"), ("ikev2-hybrid-two", "ikev1-rekey")])
def test_text_keeps_to_its_width(names: tuple[str, str], width: int) -> None:
    lines = comparison_to_text(compared(*names), width).splitlines()
    assert max(map(len, lines)) <= width
    assert all(line == line.rstrip() and line.isprintable() for line in lines)


def test_text_says_the_numbers_side_by_side() -> None:
    text = comparison_to_text(compared("ikev1-main-psk", "ikev2-psk"))
    assert re.search(r"^messages +9 +4$", text, re.MULTILINE)
    assert re.search(r"^octets +1500 +808$", text, re.MULTILINE)
    assert re.search(r"^group exponentiations +2 \+ 2 +2 \+ 2$", text, re.MULTILINE)
    assert "KEM operations" not in text
    assert re.search(r"^SKEYID_d, 20 octets +│ SK_d, 32 octets$", text, re.MULTILINE)
    assert re.search(r"^ISAKMP SA +│ IKE SA$", text, re.MULTILINE)


def test_text_of_two_that_nobody_has_aligned_is_totals_only() -> None:
    text = comparison_to_text(compared("ikev1-main-psk", "ikev2-rsa"))
    assert "═══ Proven to the other side" in text
    assert "Key by key" not in text
    end = "These two are compared in numbers only. Message by message: ikev1-main-psk with ikev2-psk; ikev2-rsa with"
    assert re.sub(r"\s+", " ", text).endswith(f"{end} ikev1-main-rsa. ")
    assert "compared in numbers only" not in comparison_to_text(compared("ikev1-main-psk", "ikev2-psk"))


def test_where_neither_is_aligned_with_anything_all_pairs_are_named() -> None:
    text = re.sub(r"\s+", " ", comparison_to_text(compared("ikev2-gcm", "ikev2-hybrid-mlkem")))
    for alignment in map(read_alignment, FILES):
        assert f"{alignment.left} with {alignment.right}" in text


def test_no_control_character_survives() -> None:
    left, right = run(load_scenario("ikev1-main-psk")), recording("ikev2-psk")
    left.title, left.scenario = "a title\x1b]0;from\nsomebody", "x\u202ey"
    text = comparison_to_text(compare(left, right))
    assert "\\x1b]0;" in text
    assert "x\\u202ey" in text
    assert all(line.isprintable() for line in text.splitlines())


def test_json_says_what_the_comparison_says() -> None:
    comparison = compared("ikev1-main-psk", "ikev2-psk")
    text = comparison_to_json(comparison)
    document = json.loads(text)
    assert text.isascii()
    assert list(document) == ["format", "left", "right", "names", "messages", "terms"]
    assert document["format"] == "ike-explorer-comparison/1"
    for side, name in (("left", "ikev1-main-psk"), ("right", "ikev2-psk")):
        found, said = totals(recording(name)), document[side]["totals"]
        assert document[side]["scenario"] == name
        assert (said["messages"], said["octets"], said["packets"]) == (found.messages, found.octets, found.packets)
        assert said["exchanges"] == [exchange._asdict() for exchange in found.exchanges]
        assert said["round_trips"] == {str(party): found.round_trips[party] for party in BOTH}
        assert said["operations"]["initiator"]["group_exponentiations"] == 2
        assert said["quantum"] == {**found.later._asdict(), "secrets": list(found.later.secrets), "lattice": []}
        assert [item["subject"] for item in said["eavesdropper"]] == [item.subject for item in found.learnt]
    assert comparison.aligned is not None
    assert [len(document[key]) for key in ("names", "messages", "terms")] == list(map(len, comparison.aligned))
    numbers = [[message["number"] for message in pair["left"]] for pair in document["messages"]]
    assert numbers == [[1, 3], [2, 4], [5, 7], [6, 8], [9]]


def test_json_of_two_that_nobody_has_aligned_has_no_pairs() -> None:
    document = json.loads(comparison_to_json(compared("ikev1-main-psk", "ikev1-main-wrong-psk")))
    assert (document["names"], document["messages"], document["terms"]) == (None, None, None)
    assert document["right"]["totals"]["round_trips"] == {"initiator": None, "responder": None}
    assert document["right"]["totals"]["proven"] == {"initiator": [], "responder": []}
