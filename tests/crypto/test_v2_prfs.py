from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from known import cases, term
from proving import proved

from explorer.crypto.expression import Expr
from explorer.crypto.prfs import (
    INTEGRITY_FUNCTIONS,
    PRF_AES128_CMAC,
    PRF_HMAC_SHA1,
    PRF_HMAC_SHA2_256,
    PRF_HMAC_SHA2_512,
    PRFS,
    Icv,
    IntegrityFunction,
    Mac,
    PrfFunction,
    prf_plus,
)
from explorer.crypto.term import Nature, Term

Case = dict[str, Any]
EACH_PRF = pytest.mark.parametrize("function", PRFS.values(), ids=lambda f: f.label)
EACH_INTEGRITY = pytest.mark.parametrize("function", INTEGRITY_FUNCTIONS.values(), ids=lambda f: f.label)


def of_kind(file: str, kind: str) -> list[Case]:
    found = [case for case in cases(file) if case["kind"] == kind]
    assert found
    return found


def name_of(case: Case) -> str:
    return f"{case['function']} {case.get('name', case.get('id'))}"


def expanded(function: PrfFunction, key: Expr, seed: Expr, size: int) -> bytes:
    return prf_plus(function, key, seed, size, "SK", "", "")[-1].octets


@pytest.mark.parametrize("case", of_kind("strongswan_ikev2_kdf", "prf"), ids=name_of)
def test_prfs(case: Case) -> None:
    function = PRFS[case["function"]]
    out = function.mac(bytes.fromhex(case["key"]), bytes.fromhex(case["data"]))
    assert out.hex() == case["out"]
    assert len(out) == function.size


@pytest.mark.parametrize("case", of_kind("strongswan_ikev2_kdf", "integrity"), ids=name_of)
def test_integrity(case: Case) -> None:
    function = INTEGRITY_FUNCTIONS[case["function"]]
    assert function.mac(bytes.fromhex(case["key"]), bytes.fromhex(case["data"])).hex() == case["out"]


def test_integrity_by_hmac() -> None:
    for case in cases("hmac"):
        for label, hashed in (("MD5-96", "md5"), ("SHA1-96", "sha1"), ("SHA2-256-128", "sha256"),
                              ("SHA2-384-192", "sha384"), ("SHA2-512-256", "sha512")):
            if case["hash"] == hashed:
                function = INTEGRITY_FUNCTIONS[f"HMAC-{label}"]
                mac = function.mac(bytes.fromhex(case["key"]), bytes.fromhex(case["data"]))
                assert mac.hex() == case["mac"][: 2 * function.icv_size]


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 31, 32, 100])
def test_cmac_is_the_one_of_the_library(size: int) -> None:
    key, data = bytes(range(16)), bytes(range(size))
    other = CMAC(AES(key))
    other.update(data)
    assert PRF_AES128_CMAC.mac(key, data) == other.finalize()


@pytest.mark.parametrize("case", of_kind("nss_ikev2", "SKEYSEED"), ids=name_of)
def test_skeyseed_of_nss(case: Case) -> None:
    made = Mac(PRFS[case["function"]], term("Ni", case["ni"]) | term("Nr", case["nr"]), term("g^ir", case["g^ir"]))
    assert made.octets.hex() == case["out"]


@pytest.mark.parametrize("case", of_kind("strongswan_ikev2_kdf", "SKEYSEED"), ids=name_of)
def test_skeyseed_of_strongswan(case: Case) -> None:
    made = Mac(PRFS[case["function"]], term("Ni | Nr", case["nonces"]), term("g^ir", case["g^ir"]))
    assert made.octets.hex() == case["out"]


@pytest.mark.parametrize("case", of_kind("nss_ikev2", "rekey"), ids=name_of)
def test_skeyseed_of_a_rekey(case: Case) -> None:
    seed = term("g^ir", case["g^ir"]) | term("Ni", case["ni"]) | term("Nr", case["nr"])
    assert Mac(PRFS[case["function"]], term("SK_d", case["SK_d"]), seed).octets.hex() == case["out"]


@pytest.mark.parametrize(
    "case", of_kind("nss_ikev2", "prf+") + of_kind("strongswan_ikev2_kdf", "prf+"), ids=name_of
)
def test_prf_plus(case: Case) -> None:
    function, key, seed = PRFS[case["function"]], term("K", case["key"]), term("S", case["seed"])
    assert expanded(function, key, seed, len(case["out"]) // 2).hex() == case["out"]


@pytest.mark.parametrize("case", cases("ikev2_chains"), ids=lambda c: c["function"])
def test_a_whole_chain_of_keys(case: Case) -> None:
    function = PRFS[case["function"]]
    Ni, Nr, SPIi, SPIr = (term(symbol, case[symbol]) for symbol in ("Ni", "Nr", "SPIi", "SPIr"))
    g_ir, new = term("g^ir", case["g^ir"]), term("g^ir (new)", case["g^ir (new)"])
    SKEYSEED = Mac(function, Ni | Nr, g_ir)
    assert SKEYSEED.octets.hex() == case["SKEYSEED"]
    size = len(case["DKM"]) // 2
    DKM = expanded(function, SKEYSEED, Ni | Nr | SPIi | SPIr, size)
    assert DKM.hex() == case["DKM"]
    SK_d = term("SK_d", DKM[: function.key_size])
    assert expanded(function, SK_d, Ni | Nr, size).hex() == case["DKM child"]
    assert expanded(function, SK_d, new | Ni | Nr, size).hex() == case["DKM child with KE"]
    assert Mac(function, SK_d, new | Ni | Nr).octets.hex() == case["SKEYSEED of the rekey"]


def test_blocks_of_prf_plus_are_terms() -> None:
    Ni, Nr = term("Ni", b"i" * 20), term("Nr", b"r" * 20)
    made = prf_plus(PRF_HMAC_SHA1, term("SKEYSEED", b"k"), Ni | Nr, 50, "{SK}", "IKE SA 1", "RFC 7296 §2.14")
    assert [held.symbol for held in made] == ["{SK}·T1", "{SK}·T2", "{SK}·T3", "{SK}"]
    assert [str(held.expression) for held in made] == [
        "prf(SKEYSEED, Ni | Nr | 1)",
        "prf(SKEYSEED, {SK}·T1 | Ni | Nr | 2)",
        "prf(SKEYSEED, {SK}·T2 | Ni | Nr | 3)",
        "octets 0–49 of ({SK}·T1 | {SK}·T2 | {SK}·T3)",
    ]
    assert [len(held.octets) for held in made] == [20, 20, 20, 50]
    assert {(held.scope, held.citation, held.nature) for held in made} == {
        ("IKE SA 1", "RFC 7296 §2.14", Nature.DERIVED)
    }
    assert made[1].made_of()[1] is made[0]
    for held in made:
        assert held.expression is not None
        assert proved(held.expression) == held.octets


def test_prf_plus_has_an_octet_for_its_counter() -> None:
    key, seed = term("K", b"k"), term("S", b"s")
    assert len(prf_plus(PRF_HMAC_SHA1, key, seed, 255 * 20, "SK", "", "")) == 256
    for size in (0, -1, 255 * 20 + 1):
        with pytest.raises(ValueError, match=r"^expected 1 to 5100 octets from prf\+, not "):
            prf_plus(PRF_HMAC_SHA1, key, seed, size, "SK", "", "")


@EACH_PRF
def test_sizes_of_prfs(function: PrfFunction) -> None:
    assert len(function.mac(b"", b"")) == function.size
    assert function.fixed_key == function.label.startswith("AES128")
    assert function.key_size == (16 if function.fixed_key else function.size)


@EACH_INTEGRITY
def test_sizes_of_integrity_functions(function: IntegrityFunction) -> None:
    assert len(function.mac(bytes(function.key_size), b"")) == function.icv_size
    assert function.label.endswith(f"-{8 * function.icv_size}")


def keys(*sizes: int) -> list[Term]:
    return [term("K", bytes(range(7, 7 + size))) for size in sizes]


@EACH_PRF
def test_macs_prove_themselves(function: PrfFunction) -> None:
    Ni, Nr = term("Ni", bytes(range(16))), term("Nr", b"r" * 33)
    for key in keys(0, 10, 16, 18, 64, 150):
        for data in (term("A", b""), Ni, Ni | Nr, Ni | Ni, Ni | Nr | 1):
            made = Mac(function, key, data)
            assert proved(made) == made.octets


@EACH_INTEGRITY
def test_icvs_prove_themselves(function: IntegrityFunction) -> None:
    key, message = keys(function.key_size)[0], term("header", bytes(28)) | term("body", bytes(range(200)))
    made = Icv(function, key, message)
    assert str(made) == f"{function.label}(K, header | body)"
    assert made.inputs() == (key, message)
    assert proved(made) == made.octets


def test_a_mac_under_the_name_of_its_use() -> None:
    key, data = term("SK_pi", b"k"), term("IDi'", b"d")
    assert str(Mac(PRF_HMAC_SHA2_256, key, data)) == "prf(SK_pi, IDi')"
    made = Mac(PRF_HMAC_SHA2_512, key, data, word="HMAC")
    assert str(made) == "HMAC(SK_pi, IDi')"
    assert made.terms() == (key, data)
