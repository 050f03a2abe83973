from __future__ import annotations

import time
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from known import cases, term
from proving import proved

from explorer.crypto.algorithms import SHA2_256, SHA2_384, SHA2_512
from explorer.crypto.ecdsa import (
    CURVES,
    P_256,
    P_384,
    P_521,
    Curve,
    EcdsaKey,
    EcdsaPrivateKey,
    ecdsa_key,
    ecdsa_private_key,
    ecdsa_private_term,
    ecdsa_public_term,
    ecdsa_verifies,
    library_curve,
)
from explorer.crypto.ecdsa_signature import EcdsaSign
from explorer.crypto.term import Configured, Nature

Case = dict[str, Any]
BY_LABEL = {curve.label: curve for curve in CURVES.values()}
DETERMINISTIC, DRAWN = cases("rfc6979_ecdsa"), cases("rfc4754_ecdsa")
HASH_I = term("HASH_I", bytes(range(20)))
EACH_CURVE = pytest.mark.parametrize("curve", BY_LABEL.values(), ids=lambda c: c.label)


@cache
def private(curve: Curve, d: int = 0xC0FFEE) -> EcdsaPrivateKey:
    return ecdsa_private_key(ec.derive_private_key(d, library_curve(curve)))


def of_case(case: Case) -> EcdsaPrivateKey:
    return private(BY_LABEL[case["curve"]], int(case["d"], 16))


def sign(key: EcdsaPrivateKey, data: bytes, *, hashed: bool = False) -> EcdsaSign:
    return EcdsaSign(key, term("HASH_I", data), ecdsa_private_term(key, "I", "initiator", "phase 1"), hashed=hashed)


@pytest.mark.parametrize("case", DETERMINISTIC, ids=lambda c: c["curve"] + c["message"])
def test_signatures_of_rfc_6979(case: Case) -> None:
    key = of_case(case)
    made = sign(key, case["message"].encode())
    assert made.octets.hex() == case["r"] + case["s"]
    assert ecdsa_verifies(key.public, case["message"].encode(), made.octets)


@pytest.mark.parametrize("case", DRAWN, ids=lambda c: c["curve"])
def test_signatures_of_rfc_4754(case: Case) -> None:
    key = of_case(case)
    assert (key.x, key.y) == (int(case["x"], 16), int(case["y"], 16))
    assert ecdsa_verifies(key.public, case["message"].encode(), bytes.fromhex(case["r"] + case["s"]))


def test_each_curve_has_its_hash_and_its_length() -> None:
    assert [private(c).hash for c in (P_256, P_384, P_521)] == [SHA2_256, SHA2_384, SHA2_512]
    assert [private(c).signature_size for c in (P_256, P_384, P_521)] == [64, 96, 132]
    assert [c.method for c in (P_256, P_384, P_521)] == ["ECDSA-256", "ECDSA-384", "ECDSA-521"]


@EACH_CURVE
def test_a_generator_is_the_public_point_of_the_private_number_one(curve: Curve) -> None:
    assert (private(curve, 1).x, private(curve, 1).y) == curve.g
    last = private(curve, curve.order - 1)
    assert (last.x, last.y) == (curve.g[0], curve.p - curve.g[1])


@EACH_CURVE
def test_the_numbers_of_a_key_are_terms(curve: Curve) -> None:
    key = private(curve)
    Q_R = ecdsa_public_term(key.public, "R", "responder", "phase 1")
    d_R = ecdsa_private_term(key, "R", "responder", "phase 1")
    assert [(t.symbol, t.nature) for t in (Q_R, d_R)] == [("Q_R", Nature.PUBLIC), ("d_R", Nature.SECRET)]
    assert (len(Q_R.octets), len(d_R.octets)) == (2 * curve.size, curve.size)
    assert Q_R.octets == key.x.to_bytes(curve.size, "big") + key.y.to_bytes(curve.size, "big")
    assert int.from_bytes(d_R.octets, "big") == 0xC0FFEE
    assert {(t.owner, t.scope, t.origin) for t in (Q_R, d_R)} == {("responder", "phase 1", Configured("RFC 6979 §2.2"))}


def test_a_key_hides_its_numbers() -> None:
    assert (repr(private(P_256)), repr(private(P_256).public)) == ("EcdsaPrivateKey(P-256)", "EcdsaKey(P-256)")


@EACH_CURVE
@pytest.mark.parametrize("size", [0, 1, 20, 200])
def test_a_signature_verifies_and_is_the_same_each_time(curve: Curve, size: int) -> None:
    key, data = private(curve), b"d" * size
    signature = sign(key, data).octets
    assert len(signature) == key.signature_size
    assert signature == sign(key, data).octets
    assert ecdsa_verifies(key.public, data, signature)
    assert not ecdsa_verifies(key.public, data + b"d", signature)
    assert not ecdsa_verifies(private(curve, 2).public, data, signature)


@EACH_CURVE
def test_data_may_be_a_hash_already(curve: Curve) -> None:
    key, data = private(curve), b"the data"
    digest = curve.hash.digest(data)
    signature = sign(key, digest, hashed=True).octets
    assert signature == sign(key, data).octets
    assert ecdsa_verifies(key.public, digest, signature, hashed=True)
    assert not ecdsa_verifies(key.public, digest, signature)
    assert not ecdsa_verifies(key.public, digest[1:], signature, hashed=True)


def test_hashed_data_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\S"):
        sign(private(P_256), bytes(20), hashed=True)


@EACH_CURVE
def test_what_is_no_signature_does_not_verify(curve: Curve) -> None:
    key = private(curve)
    good = sign(key, b"data").octets
    r, s, order = good[: curve.size], good[curve.size :], curve.order.to_bytes(curve.size, "big")
    zero = bytes(curve.size)
    of_wrong_size = (b"", good[:-1], good + b"\0")
    of_wrong_numbers = (s + r, zero + zero, zero + s, r + zero, order + s, r + order, b"\xff" * len(good))
    for bad in (*of_wrong_size, *of_wrong_numbers):
        assert not ecdsa_verifies(key.public, b"data", bad)


def test_a_point_that_is_not_on_its_curve_verifies_nothing() -> None:
    assert not ecdsa_verifies(EcdsaKey(P_256, 1, 1), b"data", sign(private(P_256), b"data").octets)


def test_other_curves_are_refused() -> None:
    with pytest.raises(ValueError, match="expected an ECDSA key on one of P-256, P-384, P-521, not on secp224r1"):
        ecdsa_key(ec.derive_private_key(7, ec.SECP224R1()).public_key())


def test_the_formula_names_the_method() -> None:
    made = sign(private(P_384), b"x")
    assert str(made) == "ECDSA-384(d_I, HASH_I)"
    assert [t.symbol for t in made.terms()] == ["d_I", "HASH_I"]


@pytest.mark.outside
@pytest.mark.parametrize("case", DETERMINISTIC, ids=lambda c: c["curve"] + c["message"])
def test_proofs_compute_the_signatures_of_rfc_6979(case: Case) -> None:
    assert proved(sign(of_case(case), case["message"].encode())).hex() == case["r"] + case["s"]


@pytest.mark.outside
@EACH_CURVE
def test_proofs_print_every_octet_of_a_signature_with_leading_zeros(curve: Curve) -> None:
    key = private(curve)
    short = next(e for e in (sign(key, b"%d" % i) for i in range(4096)) if 0 in (e.octets[0], e.octets[curve.size]))
    assert proved(short) == short.octets


@pytest.mark.outside
@EACH_CURVE
def test_proofs_of_edges(curve: Curve) -> None:
    edge = private(curve, curve.order - 1)
    hashed = sign(edge, b"\xff" * curve.hash.size, hashed=True)
    for made in (sign(edge, b""), sign(private(curve, 1), b"'\"\\n"), hashed):
        started = time.perf_counter()
        assert proved(made) == made.octets
        assert time.perf_counter() - started < 2
