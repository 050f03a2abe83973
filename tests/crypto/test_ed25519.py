from __future__ import annotations

import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from known import cases, term
from proving import proved

from explorer.crypto.ed25519 import (
    Ed25519Key,
    Ed25519PrivateKey,
    ed25519_key,
    ed25519_private_key,
    ed25519_private_term,
    ed25519_public_term,
    ed25519_verifies,
)
from explorer.crypto.ed25519_signature import Ed25519Sign
from explorer.crypto.term import Configured, Nature

Case = dict[str, Any]
EACH = pytest.mark.parametrize("case", cases("rfc8032_ed25519"), ids=lambda c: c["name"])
ORDER = 2**252 + 0x14DEF9DEA2F79CD65812631A5CF5D3ED


def private(d: bytes = bytes(range(32))) -> Ed25519PrivateKey:
    return ed25519_private_key(ed25519.Ed25519PrivateKey.from_private_bytes(d))


def of_case(case: Case) -> Ed25519PrivateKey:
    return private(bytes.fromhex(case["d"]))


def sign(key: Ed25519PrivateKey, data: bytes) -> Ed25519Sign:
    return Ed25519Sign(key, term("octets", data), ed25519_private_term(key, "I", "initiator", "IKE_AUTH 1"))


@EACH
def test_signatures_of_rfc_8032(case: Case) -> None:
    key, message = of_case(case), bytes.fromhex(case["message"])
    made = sign(key, message)
    assert key.A.hex() == case["A"]
    assert made.octets.hex() == case["signature"]
    assert ed25519_verifies(key.public, message, made.octets)


def test_the_octets_of_a_key_are_terms() -> None:
    key = private()
    A_R = ed25519_public_term(key.public, "R", "responder", "IKE_AUTH 1")
    d_R = ed25519_private_term(key, "R", "responder", "IKE_AUTH 1")
    assert [(t.symbol, t.nature) for t in (A_R, d_R)] == [("A_R", Nature.PUBLIC), ("d_R", Nature.SECRET)]
    assert (A_R.octets, d_R.octets) == (key.A, bytes(range(32)))
    said = ("responder", "IKE_AUTH 1", Configured("RFC 8032 §5.1.5"))
    assert {(t.owner, t.scope, t.origin) for t in (A_R, d_R)} == {said}


def test_a_key_hides_its_octets_and_the_public_half_is_that_of_the_library() -> None:
    key = private()
    assert (repr(key), repr(key.public)) == ("Ed25519PrivateKey()", "Ed25519Key()")
    assert ed25519_key(key.library.public_key()) == key.public
    assert (key.signature_size, len(sign(key, b"").octets)) == (64, 64)


@pytest.mark.parametrize("size", [0, 1, 20, 200])
def test_a_signature_verifies_and_is_the_same_each_time(size: int) -> None:
    key, data = private(), b"d" * size
    signature = sign(key, data).octets
    assert signature == sign(key, data).octets
    assert ed25519_verifies(key.public, data, signature)
    assert not ed25519_verifies(key.public, data + b"d", signature)
    assert not ed25519_verifies(private(bytes(32)).public, data, signature)


def test_what_is_no_signature_does_not_verify() -> None:
    key = private()
    good = sign(key, b"data").octets
    R, S = good[:32], good[32:]
    # S must be below the order: with the order added the equation holds as well (RFC 8032 §5.1.7).
    beyond = (int.from_bytes(S, "little") + ORDER).to_bytes(32, "little")
    for bad in (b"", good[:-1], good + b"\0", S + R, bytes(64), R + bytes(32), bytes(32) + S, b"\xff" * 64, R + beyond):
        assert not ed25519_verifies(key.public, b"data", bad)
    for at in range(64):
        assert not ed25519_verifies(key.public, b"data", good[:at] + bytes((good[at] ^ 1,)) + good[at + 1 :])


@pytest.mark.parametrize("A", [b"", bytes(31), bytes(33), b"\xff" * 32, b"\2" + bytes(31)], ids=lambda A: A.hex()[:8])
def test_octets_that_are_no_public_key_verify_nothing(A: bytes) -> None:
    assert not ed25519_verifies(Ed25519Key(A), b"data", sign(private(), b"data").octets)


def test_the_formula_names_the_method() -> None:
    made = sign(private(), b"x")
    assert str(made) == "Ed25519(d_I, octets)"
    assert [t.symbol for t in made.terms()] == ["d_I", "octets"]


@pytest.mark.outside
@EACH
def test_proofs_compute_the_signatures_of_rfc_8032(case: Case) -> None:
    assert proved(sign(of_case(case), bytes.fromhex(case["message"]))).hex() == case["signature"]


@pytest.mark.outside
def test_proofs_of_edges() -> None:
    keys = (private(bytes(32)), private(b"\xff" * 32), *(private(bytes((n,)) * 32) for n in range(1, 9)))
    # Half of all points have an odd x, which is one bit of A and of R.
    assert {key.A[31] >> 7 for key in keys} == {0, 1}
    for key in keys:
        made = sign(key, b"'\"\\n")
        started = time.perf_counter()
        assert proved(made) == made.octets
        assert time.perf_counter() - started < 2
