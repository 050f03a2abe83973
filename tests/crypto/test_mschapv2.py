from __future__ import annotations

import pytest
from known import term
from proving import proved

from explorer.crypto.md4 import md4
from explorer.crypto.mschapv2 import (
    authenticator_response,
    challenge_hash,
    md5_response,
    msk,
    nt_response,
    password_hashes,
    without_domain,
)
from explorer.crypto.term import Term


# RFC 1320 §A.5.
@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        (b"a", "bde52cb31de33e46245e05fbdbd6fb24"),
        (b"abc", "a448017aaf21d8525fc10ae87aa6729d"),
        (b"message digest", "d9130a8164549fe818874806e1c7014b"),
        (b"abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"),
        (b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "043f8582f241db351ce627e153e7f0e4"),
        (b"1234567890" * 8, "e33b4ddc9c38f2199c3e7b164fcc0536"),
    ],
)
def test_md4(data: bytes, digest: str) -> None:
    assert md4(data).hex() == digest


def _chain() -> dict[str, Term]:
    """RFC 2759 §9.2, and RFC 3079 §3.5.3."""
    user, password = term("user", b"User"), term("password", b"clientPass")
    theirs = term("AuthenticatorChallenge", bytes.fromhex("5B5D7C7D7B3F2F3E3C2C602132262628"))
    own = term("PeerChallenge", bytes.fromhex("21402324255E262A28295F2B3A337C7E"))
    once, twice = password_hashes(password, "")
    challenge = challenge_hash(own, theirs, user, "")
    response = nt_response(challenge, once, "")
    made = (once, twice, challenge, response, *authenticator_response(twice, response, challenge, ""))
    return {term.symbol: term for term in (*made, *msk(twice, response, ""))}


CHAIN = _chain()
KNOWN = {
    "PasswordHash": "44EBBA8D5312B8D611474411F56989AE",
    "PasswordHashHash": "41C00C584BD2D91C4017A2A12FA59F3F",
    "Challenge": "D02E4386BCE91226",
    "NT-Response": "82309ECD8D708B5EA08FAA3981CD83544233114A3D85D6DF",
    "AuthenticatorDigest": "407A5589115FD0D6209F510FE9C04566932CDA56",
    "AuthenticatorResponse": b"S=407A5589115FD0D6209F510FE9C04566932CDA56".hex(),
    "MasterKey": "FDECE3717A8C838CB388E527AE3CDD31",
    "MasterSendKey": "8B7CDC149B993A1BA118CB153F56DCCB",
}


@pytest.mark.parametrize("symbol", KNOWN)
def test_known_answers(symbol: str) -> None:
    assert CHAIN[symbol].octets.hex() == KNOWN[symbol].lower()


def test_the_msk_is_two_keys_and_zeros() -> None:
    keys = CHAIN["MasterReceiveKey"].octets + CHAIN["MasterSendKey"].octets
    assert CHAIN["MSK"].octets == keys + bytes(32)
    assert len(set(keys)) > 16


@pytest.mark.outside
@pytest.mark.parametrize("symbol", CHAIN)
def test_proofs(symbol: str) -> None:
    made = CHAIN[symbol].expression
    assert made is not None
    assert proved(made) == made.octets


@pytest.mark.outside
def test_md5_response() -> None:
    made = md5_response(7, term("password", b"wonderland"), term("MD5-Challenge", bytes(16)), "").expression
    assert made is not None
    assert str(made) == "MD5(identifier | password | MD5-Challenge)"
    assert proved(made) == made.octets


def test_the_formulas_are_those_of_the_rfc() -> None:
    assert str(CHAIN["NT-Response"].expression) == "ChallengeResponse(Challenge, PasswordHash)"
    assert str(CHAIN["Challenge"].expression) == "ChallengeHash(PeerChallenge, AuthenticatorChallenge, user)"
    assert str(CHAIN["MSK"].expression) == "MasterReceiveKey | MasterSendKey | 32 zero octets"


def test_a_domain_in_front_of_the_name_is_not_hashed() -> None:
    assert without_domain(b"LAB\\User") == without_domain(b"User") == b"User"


def test_a_password_that_is_no_utf_8_is_hashed_all_the_same() -> None:
    assert len(password_hashes(term("password", b"\xff\xfe"), "")[0].octets) == 16
