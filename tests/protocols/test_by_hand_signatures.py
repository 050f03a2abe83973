"""Authentication with signatures, recomputed from the wire with the library's own primitives (RFC 2409 §5.1)."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from by_hand import CERT, CERTREQ, ID, KE, NONCE, SIG, Hand, certificate, number, prf, private, rsa
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_der_x509_certificate

SIDES = {5: "initiator", 6: "responder"}


def opened(name: str) -> Hand:
    hand = Hand(name)
    hand.g_xy = hand.power(hand.payload(4, KE), hand.term("xi"))
    skeyid = prf(hand.payload(3, NONCE) + hand.payload(4, NONCE), hand.g_xy)
    hand.derive(skeyid, hand.payload(3, KE), hand.payload(4, KE))
    return hand


@pytest.fixture(scope="module")
def hand() -> Hand:
    return opened("ikev1-main-rsa")


def proof(hand: Hand, message: int) -> bytes:
    identity = hand.body(message, ID)
    return hand.hash_i(identity) if message == 5 else hand.hash_r(identity)


def test_the_nonces_are_the_key_and_the_secret_is_the_data(hand: Hand) -> None:
    hand.keys_are_the_programs()


@pytest.mark.parametrize("message", SIDES)
def test_the_signature_is_of_the_hash_itself_without_a_name_of_the_hash_in_front(hand: Hand, message: int) -> None:
    n, e, _ = private(f"{SIDES[message]}-rsa")
    block = rsa(hand.body(message, SIG), e, n)
    padding = b"\xff" * (len(block) - 3 - 20)
    assert block == b"\0\1" + padding + b"\0" + proof(hand, message)


@pytest.mark.parametrize("message", SIDES)
def test_the_private_key_makes_the_same_octets(hand: Hand, message: int) -> None:
    n, _, d = private(f"{SIDES[message]}-rsa")
    size = len(hand.body(message, SIG))
    block = b"\0\1" + b"\xff" * (size - 3 - 20) + b"\0" + proof(hand, message)
    assert rsa(block, d, n) == hand.body(message, SIG)


@pytest.mark.parametrize("message", SIDES)
def test_the_certificate_goes_with_the_signature_and_names_the_identity(hand: Hand, message: int) -> None:
    body = hand.body(message, CERT)
    assert body[:1] == b"\4", "X.509, for signatures"
    assert body[1:] == certificate(f"{SIDES[message]}-rsa")
    names = load_der_x509_certificate(body[1:]).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert hand.body(message, ID)[:4] == b"\2\0\0\0"
    assert hand.body(message, ID)[4:].decode() in names.value.get_values_for_type(x509.DNSName)


@pytest.mark.parametrize("message", [3, 4])
def test_the_authority_that_is_asked_for_is_named_as_in_its_certificate(hand: Hand, message: int) -> None:
    wanted = hand.payload(message, CERTREQ)
    issuer = load_der_x509_certificate(certificate("lab-ca")).subject.public_bytes()
    assert wanted == b"\4" + issuer


def test_payloads_come_in_the_order_of_the_figure(hand: Hand) -> None:
    for message in SIDES:
        assert [kind for kind, _ in hand.inside(message)] == [ID, CERT, SIG]


# ---------------------------------------------------------------- aggressive mode


@pytest.fixture(scope="module")
def hasty() -> Hand:
    hand = Hand("ikev1-aggressive-rsa")
    hand.g_xy = hand.power(hand.payload(2, KE), hand.term("xi"))
    skeyid = prf(hand.payload(1, NONCE) + hand.payload(2, NONCE), hand.g_xy)
    hand.derive(skeyid, hand.payload(1, KE), hand.payload(2, KE))
    return hand


def test_aggressive_mode_makes_the_same_keys_of_its_first_two_messages(hasty: Hand) -> None:
    hasty.keys_are_the_programs()


def test_aggressive_mode_signs_the_same_hashes(hasty: Hand) -> None:
    for side, signature, expected in (
        ("responder", hasty.payload(2, SIG), hasty.hash_r(hasty.payload(2, ID))),
        ("initiator", hasty.body(3, SIG), hasty.hash_i(hasty.payload(1, ID))),
    ):
        n, e, _ = private(f"{side}-rsa")
        assert rsa(signature, e, n)[-21:] == b"\0" + expected


# ---------------------------------------------------------------- ECDSA


def sha256_prf(key: bytes, *data: bytes) -> bytes:
    return hmac.new(key, b"".join(data), "sha256").digest()


def ecdsa_proof(hand: Hand, message: int, skeyid: bytes) -> bytes:
    """HASH_I and HASH_R of ECDSA are made with the hash of the curve (RFC 4754 §3)."""
    share = hand.payload(3, KE), hand.payload(4, KE)
    cookies = hand.cky_i, hand.cky_r
    order = 1 if message == 5 else -1
    data = (*share[::order], *cookies[::order], hand.sai_b)
    return sha256_prf(skeyid, *data, identity_of(hand, message, skeyid))


def identity_of(hand: Hand, message: int, skeyid: bytes) -> bytes:
    tail = (hand.g_xy, hand.cky_i, hand.cky_r)
    d = sha256_prf(skeyid, *tail, b"\0")
    a = sha256_prf(skeyid, d, *tail, b"\1")
    hand.ka = sha256_prf(skeyid, a, *tail, b"\2")[:16]
    hand.iv = hashlib.sha256(hand.payload(3, KE) + hand.payload(4, KE)).digest()[:16]
    return hand.body(message, ID)


@pytest.mark.parametrize("message", SIDES)
def test_an_ecdsa_signature_is_two_numbers_over_the_hash_as_it_is(message: int) -> None:
    hand = Hand("ikev1-main-ecdsa")
    hand.g_xy = hand.power(hand.payload(4, KE), hand.term("xi"))
    skeyid = sha256_prf(hand.payload(3, NONCE) + hand.payload(4, NONCE), hand.g_xy)
    expected = ecdsa_proof(hand, message, skeyid)
    signature = hand.body(message, SIG)
    assert len(signature) == 64
    r, s = number(signature[:32]), number(signature[32:])
    key = load_der_x509_certificate(hand.body(message, CERT)[1:]).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(encode_dss_signature(r, s), expected, ec.ECDSA(Prehashed(SHA256())))
