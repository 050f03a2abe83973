from __future__ import annotations

import json
from typing import Any

import pytest
from known import HASHES, VECTORS, cases, term

from explorer.crypto.algorithms import CIPHERS, CbcCipher
from explorer.crypto.expression import Octet
from explorer.crypto.groups import SUPPORTED, is_usable_public_value, modp_group
from explorer.protocols.ikev1.keys import (
    Phase1Keys,
    Prfs,
    encryption_key,
    hash_i,
    hash_r,
    keymat,
    phase1_keys,
    public_value,
    shared_secret,
    skeyid_with_psk,
    skeyid_with_signatures,
)

Case = dict[str, Any]
PRIMES = json.loads((VECTORS / "modp_primes.json").read_text(encoding="utf-8"))
NSS = [(name, case) for name, found in cases("nss_ikev1").items() for case in found]
CRACK = cases("psk_crack")


def nss(kind: str) -> list[tuple[str, Case]]:
    found = [(name, case) for name, case in NSS if case["type"] == kind]
    assert found
    return found


def name_of(value: object) -> str:
    return str(value["id"]) if isinstance(value, dict) and "id" in value else str(value)[:12]


@pytest.mark.parametrize("number", sorted(int(n) for n in PRIMES["groups"]))
def test_primes_are_those_that_the_rfcs_print(number: int) -> None:
    group, printed = modp_group(number), PRIMES["groups"][str(number)]
    assert group.prime == int(printed["prime"], 16)
    assert (group.size * 8, group.generator) == (printed["bits"], PRIMES["generator"])
    assert group.citation == printed["section"]


def test_every_supported_group_has_a_printed_prime() -> None:
    assert {str(number) for number in SUPPORTED} == set(PRIMES["groups"])


@pytest.mark.parametrize("case", cases("strongswan_modp"), ids=lambda c: str(c["group"]))
def test_diffie_hellman(case: Case) -> None:
    group = modp_group(case["group"])
    x_i, x_r = term("xi", case["x_i"]), term("xr", case["x_r"])
    g_xi, g_xr = public_value(group, "g^xi", x_i, ""), public_value(group, "g^xr", x_r, "")
    assert g_xi.octets.hex() == case["public_i"]
    assert g_xr.octets.hex() == case["public_r"]
    assert shared_secret(group, "g^xy", g_xr, x_i, "").octets.hex() == case["shared"]
    assert shared_secret(group, "g^xy", g_xi, x_r, "").octets.hex() == case["shared"]
    assert is_usable_public_value(group, g_xi.octets)


@pytest.mark.parametrize("number", SUPPORTED)
def test_trivial_public_values_are_not_usable(number: int) -> None:
    group = modp_group(number)
    for value in (0, 1, group.prime - 1, group.prime, group.prime + 1, 256**group.size - 1):
        assert not is_usable_public_value(group, value.to_bytes(group.size, "big"))
    assert is_usable_public_value(group, (2).to_bytes(group.size, "big"))
    assert is_usable_public_value(group, (group.prime - 2).to_bytes(group.size, "big"))
    for size in (0, 1, group.size - 1, group.size + 1):
        assert not is_usable_public_value(group, b"\2" * size)


@pytest.mark.parametrize(("name", "case"), nss("ikeGxy"), ids=name_of)
def test_skeyid_of_signatures(name: str, case: Case) -> None:
    Ni_b, Nr_b, g_xy = (term(s, case[k]) for s, k in (("Ni_b", "ni"), ("Nr_b", "nr"), ("g^xy", "ikm")))
    assert skeyid_with_signatures(Prfs(HASHES[name]), Ni_b, Nr_b, g_xy).octets.hex() == case["okm"]


@pytest.mark.parametrize(("name", "case"), nss("ikeV1Psk"), ids=name_of)
def test_skeyid_of_a_pre_shared_key(name: str, case: Case) -> None:
    psk, Ni_b, Nr_b = (term(s, case[k]) for s, k in (("psk", "ikm"), ("Ni_b", "ni"), ("Nr_b", "nr")))
    assert skeyid_with_psk(Prfs(HASHES[name]), psk, Ni_b, Nr_b).octets.hex() == case["okm"]


@pytest.mark.parametrize(("name", "case"), nss("ikeV1"), ids=name_of)
def test_phase_1_keys(name: str, case: Case) -> None:
    SKEYID, g_xy = term("SKEYID", case["ikm"]), term("g^xy", case["gxykm"])
    keys = phase1_keys(Prfs(HASHES[name]), SKEYID, g_xy, term("CKY-I", case["ni"]), term("CKY-R", case["nr"]))
    made = (keys.SKEYID_d, keys.SKEYID_a, keys.SKEYID_e)
    assert made[case["key_number"]].octets.hex() == case["okm"]
    if case["key_number"]:
        assert made[case["key_number"] - 1].octets.hex() == case["prevkm"]


@pytest.mark.parametrize(("name", "case"), nss("ikeV1AppB"), ids=name_of)
def test_appendix_b(name: str, case: Case) -> None:
    SKEYID_e, size = term("SKEYID_e", case["ikm"]), case["size"]
    cipher = CbcCipher("any", 16, size, "", lambda key: pytest.fail(str(key)))
    terms = encryption_key(Prfs(HASHES[name]), SKEYID_e, cipher)
    assert terms[-1].symbol == "Ka"
    assert terms[-1].octets.hex() == case["okm"]
    assert (len(terms) > 1) == (size > len(SKEYID_e.octets))


@pytest.mark.parametrize(("name", "case"), nss("ikeV1AppBQuick"), ids=name_of)
def test_keymat_expansion(name: str, case: Case) -> None:
    seed = Octet(0)
    assert case["seed_data"] in ("", "0", "00")
    made = keymat(Prfs(HASHES[name]), term("SKEYID_d", case["ikm"]), seed, case["size"], "i", "")
    assert made[-1].octets.hex() == case["okm"]


@pytest.mark.parametrize("case", cases("libreswan_ikev1"), ids=lambda c: c["source"][-12:])
def test_a_whole_chain_of_phase_1_keys(case: Case) -> None:
    prf = Prfs(HASHES["sha1"])
    Ni_b, Nr_b, g_xy = term("Ni_b", case["Ni"]), term("Nr_b", case["Nr"]), term("g^xy", case["g^xy"])
    if "pre-shared-key" in case:
        SKEYID = skeyid_with_psk(prf, term("psk", case["pre-shared-key"]), Ni_b, Nr_b)
    else:
        SKEYID = skeyid_with_signatures(prf, Ni_b, Nr_b, g_xy)
    keys: Phase1Keys = phase1_keys(prf, SKEYID, g_xy, term("CKY-I", case["CKY_I"]), term("CKY-R", case["CKY_R"]))
    assert [key.octets.hex() for key in keys] == [case[s] for s in ("SKEYID", "SKEYID_d", "SKEYID_a", "SKEYID_e")]
    assert [key.symbol for key in keys] == ["SKEYID", "SKEYID_d", "SKEYID_a", "SKEYID_e"]


@pytest.mark.parametrize("case", CRACK, ids=lambda c: c["source"][:12])
def test_hash_r_of_real_exchanges(case: Case) -> None:
    prf = Prfs(HASHES[case["prf"].removeprefix("hmac-")])
    held = {k: term(k, case[k]) for k in ("ni_b", "nr_b", "g_xi", "g_xr", "cky_i", "cky_r", "sai_b", "idir_b")}
    SKEYID = skeyid_with_psk(prf, term("psk", case["psk"].encode()), held["ni_b"], held["nr_b"])
    inputs = (SKEYID, *(held[k] for k in ("g_xi", "g_xr", "cky_i", "cky_r", "sai_b", "idir_b")))
    assert hash_r(prf, *inputs).octets.hex() == case["hash_r"]
    assert hash_i(prf, *inputs).octets.hex() != case["hash_r"]


def test_one_of_the_real_keys_is_longer_than_a_block() -> None:
    assert max(len(case["psk"]) for case in CRACK) > 64


@pytest.mark.parametrize("case", cases("cbc_ciphers"), ids=lambda c: c["name"])
def test_cbc(case: Case) -> None:
    cipher = CIPHERS[case["cipher"]]
    key, iv, plain, sealed = (bytes.fromhex(case[k]) for k in ("key", "iv", "plain", "ciphertext"))
    assert len(key) == cipher.key_size
    assert len(iv) == cipher.block
    assert cipher.encrypt(key, iv, plain) == sealed
    assert cipher.decrypt(key, iv, sealed) == plain


@pytest.mark.parametrize("case", cases("hmac"), ids=lambda c: c["name"] + c["hash"])
def test_hmac(case: Case) -> None:
    function = HASHES[case["hash"]]
    mac = function.hmac(bytes.fromhex(case["key"]), bytes.fromhex(case["data"]))
    assert mac.hex() == case["mac"]
    assert len(mac) == function.size
