from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import mlkem
from known import cases, term
from proving import proved

from explorer.crypto.key_exchange import METHODS, initiator_value, is_usable, responder_value, shared
from explorer.crypto.key_exchange_ml_kem import MlKemMethod
from explorer.crypto.ml_kem import ML_KEM_768, ML_KEM_1024, Q, decapsulate, encapsulate, is_usable_key, key_pair

Case = dict[str, Any]
KNOWN = cases("strongswan_ml_kem")
EACH_CASE = pytest.mark.parametrize("case", KNOWN, ids=lambda c: c["name"])
EACH = pytest.mark.parametrize("number", [35, 36, 37])
LIBRARY: dict[int, type[mlkem.MLKEM768PrivateKey | mlkem.MLKEM1024PrivateKey]] = {
    36: mlkem.MLKEM768PrivateKey,
    37: mlkem.MLKEM1024PrivateKey,
}
SEED, M = bytes(range(64)), bytes(range(100, 132))


def method_of(number: int) -> MlKemMethod:
    method = METHODS[number]
    assert isinstance(method, MlKemMethod)
    return method


@EACH_CASE
def test_known_answers(case: Case) -> None:
    method = METHODS[case["number"]]
    d_z, m = term("d | z", case["d_z"]), term("m", case["m"])
    KEi = initiator_value(method, "KEi", d_z, "")
    assert KEi.octets.hex() == case["key"]
    KEr = responder_value(method, "KEr", m, KEi, "")
    assert KEr.octets.hex() == case["ciphertext"]
    assert shared(method, "SK(1)", d_z, KEr, "", initiator=True).octets.hex() == case["shared"]
    assert shared(method, "SK(1)", m, KEi, "", initiator=False).octets.hex() == case["shared"]


@EACH_CASE
def test_our_own_keys_and_decapsulation(case: Case) -> None:
    parameters = method_of(case["number"]).parameters
    pair = key_pair(parameters, bytes.fromhex(case["d_z"]))
    assert pair.encapsulation_key.hex() == case["key"]
    assert decapsulate(parameters, pair, bytes.fromhex(case["ciphertext"])).hex() == case["shared"]


@pytest.mark.parametrize("number", LIBRARY)
def test_ours_and_the_library_agree(number: int) -> None:
    parameters = method_of(number).parameters
    for first in range(5):
        seed, m = bytes((first,)) + SEED[1:], bytes((first,)) + M[1:]
        theirs, ours = LIBRARY[number].from_seed_bytes(seed), key_pair(parameters, seed)
        key = theirs.public_key().public_bytes_raw()
        assert ours.encapsulation_key == key
        secret, ciphertext = encapsulate(parameters, key, m)
        assert theirs.decapsulate(ciphertext) == decapsulate(parameters, ours, ciphertext) == secret
        their_secret, their_ciphertext = theirs.public_key().encapsulate()
        assert decapsulate(parameters, ours, their_ciphertext) == their_secret
        spoiled = bytes((ciphertext[0] ^ 1,)) + ciphertext[1:]
        assert theirs.decapsulate(spoiled) == decapsulate(parameters, ours, spoiled) != secret


@EACH
def test_a_spoiled_ciphertext_gives_another_secret_and_no_error(number: int) -> None:
    method = method_of(number)
    d_z, m = term("d | z", SEED), term("m", M)
    KEi = initiator_value(method, "KEi", d_z, "")
    KEr = responder_value(method, "KEr", m, KEi, "")
    honest = shared(method, "SK(1)", m, KEi, "", initiator=False).octets
    for spoiled in (KEr.octets[:-1] + bytes((KEr.octets[-1] ^ 128,)), bytes(method.response_size)):
        assert is_usable(method, spoiled, from_initiator=False)
        secret = shared(method, "SK(1)", d_z, term("KEr", spoiled), "", initiator=True).octets
        assert len(secret) == 32
        assert secret != honest
        assert secret == shared(method, "SK(1)", d_z, term("KEr", spoiled), "", initiator=True).octets


@EACH
def test_sizes(number: int) -> None:
    method = method_of(number)
    assert (method.public_size, method.response_size) == {35: (800, 768), 36: (1184, 1088), 37: (1568, 1568)}[number]
    assert (method.private_size, method.response_private_size, method.secret_size) == (64, 32, 32)


@EACH
def test_a_coefficient_of_the_modulus_is_refused(number: int) -> None:
    method = method_of(number)
    key = initiator_value(method, "KEi", term("d | z", SEED), "").octets
    assert is_usable(method, key, from_initiator=True)
    for at in (0, 384 * method.parameters.k - 3):
        for value, fits in ((Q - 1, True), (Q, False), (4095, False)):
            first = (int.from_bytes(key[at : at + 3], "little") >> 12 << 12 | value).to_bytes(3, "little")
            second = (int.from_bytes(key[at : at + 3], "little") & 4095 | value << 12).to_bytes(3, "little")
            for three in (first, second):
                assert is_usable(method, key[:at] + three + key[at + 3 :], from_initiator=True) is fits
    assert is_usable_key(method.parameters, key[:-32] + b"\xff" * 32)


def test_a_key_is_no_ciphertext() -> None:
    method = method_of(36)
    key = initiator_value(method, "KEi", term("d | z", SEED), "")
    ciphertext = responder_value(method, "KEr", term("m", M), key, "")
    assert not is_usable(method, key.octets, from_initiator=False)
    assert not is_usable(method, ciphertext.octets, from_initiator=True)


@EACH
def test_formulas_and_the_one_proof(number: int) -> None:
    method = method_of(number)
    d_z, m, label = term("d | z", SEED), term("m", M), method.label
    KEi = initiator_value(method, "KEi", d_z, "")
    KEr = responder_value(method, "KEr", m, KEi, "")
    ours = shared(method, "SK(1)", d_z, KEr, "", initiator=True)
    theirs = shared(method, "SK(1)", m, KEi, "", initiator=False)
    assert [str(held.expression) for held in (KEi, KEr, ours, theirs)] == [
        f"ek of {label}.KeyGen(d | z)",
        f"c of {label}.Encaps(KEi, m)",
        f"{label}.Decaps(dk of {label}.KeyGen(d | z), KEr)",
        "octets 0–31 of SHA3-512(m | SHA3-256(KEi))",
    ]
    assert [held.made_of() for held in (KEi, KEr, ours, theirs)] == [(d_z,), (KEi, m), (d_z, KEr), (m, KEi)]
    assert [held.command() for held in (KEi, KEr, ours)] == [None] * 3
    assert theirs.expression is not None
    assert proved(theirs.expression) == ours.octets


def test_parameters_differ_where_they_should() -> None:
    assert ML_KEM_768.ciphertext_size == 1088
    assert ML_KEM_1024.ciphertext_size == 1568
