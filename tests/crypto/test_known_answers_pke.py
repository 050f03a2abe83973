from __future__ import annotations

from typing import Any

import pytest
from known import cases, term
from proving import proved

from explorer.crypto.algorithms import SHA1
from explorer.crypto.expression import Hash, Prf
from explorer.protocols.ikev1.keys import Prfs, phase1_keys, skeyid_with_encryption

CASES = cases("cavp_ikev1_pke")


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["CKY_I"])
def test_the_nonces_are_the_secret_of_public_key_encryption(case: dict[str, Any]) -> None:
    assert case["hash"] == "SHA-1"
    Ni_b, Nr_b, g_xy = term("Ni_b", case["Ni"]), term("Nr_b", case["Nr"]), term("g^xy", case["g^xy"])
    CKY_I, CKY_R = term("CKY-I", case["CKY_I"]), term("CKY-R", case["CKY_R"])
    SKEYID = skeyid_with_encryption(Prfs(SHA1), Ni_b, Nr_b, CKY_I, CKY_R)
    keys = phase1_keys(Prfs(SHA1), SKEYID, g_xy, CKY_I, CKY_R)
    assert [key.octets.hex() for key in keys] == [case[s] for s in ("SKEYID", "SKEYID_d", "SKEYID_a", "SKEYID_e")]


def test_the_formula_is_that_of_rfc_2409_section_5() -> None:
    Ni_b, Nr_b, CKY_I, CKY_R = (term(s, s.encode()) for s in ("Ni_b", "Nr_b", "CKY-I", "CKY-R"))
    SKEYID = skeyid_with_encryption(Prfs(SHA1), Ni_b, Nr_b, CKY_I, CKY_R)
    assert str(SKEYID.expression) == "prf(hash(Ni_b | Nr_b), CKY-I | CKY-R)"
    assert SKEYID.octets == Prf(SHA1, Hash(SHA1, Ni_b | Nr_b), CKY_I | CKY_R).octets


@pytest.mark.outside
def test_such_a_skeyid_proves_itself() -> None:
    case = CASES[0]
    held = (term(s, case[s]) for s in ("Ni", "Nr", "CKY_I", "CKY_R"))
    assert proved(skeyid_with_encryption(Prfs(SHA1), *held)).hex() == case["SKEYID"]
