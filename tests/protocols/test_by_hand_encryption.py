"""Authentication with public key encryption, recomputed from the wire and the shipped keys (RFC 2409 §5.2, §5.3)."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from by_hand import HASH, ID, KE, NONCE, Hand, certificate, decrypt, expanded, prf, private, rsa, sha1, unpadded

RSA_SIZE = len(rsa(b"\2", 1, private("responder-rsa")[0]))


class Opened(NamedTuple):
    """The two sides' values, as somebody reads them who has both private keys."""

    hand: Hand
    shares: tuple[int, int]
    ni: bytes
    nr: bytes
    idii_b: bytes
    idir_b: bytes
    g_xi: bytes
    g_xr: bytes


def by_key(hand: Hand, message: int, kind: int, owner: str) -> bytes:
    n, _, d = private(f"{owner}-rsa")
    return unpadded(rsa(hand.payload(message, kind), d, n))


def plain(name: str, shares: tuple[int, int]) -> Opened:
    hand, (i, r) = Hand(name), shares
    return Opened(hand, shares, by_key(hand, i, NONCE, "responder"), by_key(hand, r, NONCE, "initiator"),
                  by_key(hand, i, ID, "responder"), by_key(hand, r, ID, "initiator"),
                  hand.payload(i, KE), hand.payload(r, KE))


def revised(name: str, shares: tuple[int, int]) -> Opened:
    hand, (i, r) = Hand(name), shares
    ni, nr = by_key(hand, i, NONCE, "responder"), by_key(hand, r, NONCE, "initiator")
    g_xi, idii_b = with_nonce_key(hand, i, ni, hand.cky_i)
    g_xr, idir_b = with_nonce_key(hand, r, nr, hand.cky_r)
    return Opened(hand, shares, ni, nr, idii_b, idir_b, g_xi, g_xr)


def with_nonce_key(hand: Hand, message: int, nonce: bytes, cookie: bytes) -> tuple[bytes, bytes]:
    """KE and ID of one message, in one chain of blocks whose first vector is zero."""
    key = expanded(prf(nonce, cookie), 16)
    sealed = hand.payload(message, KE), hand.payload(message, ID)
    first = decrypt(key, bytes(16), sealed[0])
    second = decrypt(key, sealed[0][-16:], sealed[1])
    return without_padding(first), without_padding(second)


def without_padding(octets: bytes) -> bytes:
    """Zeros, then one octet that counts them: there is always some padding (RFC 2409 §5.3)."""
    zeros = octets[-1]
    assert zeros < 16
    assert octets[-1 - zeros : -1] == bytes(zeros)
    return octets[: -1 - zeros]


MAIN, AGGRESSIVE = (3, 4), (1, 2)
"""The messages with the two sides' values."""

PLAIN = ["ikev1-main-pke", "ikev1-aggressive-pke"]
REVISED = ["ikev1-main-revised-pke", "ikev1-aggressive-revised-pke"]
every_run = pytest.mark.parametrize("run", [*PLAIN, *REVISED], indirect=True)
revised_runs = pytest.mark.parametrize("run", REVISED, indirect=True)


@pytest.fixture
def run(request: pytest.FixtureRequest) -> Opened:
    name: str = request.param
    return (plain if name in PLAIN else revised)(name, MAIN if "main" in name else AGGRESSIVE)


def keyed(run: Opened) -> Hand:
    hand = run.hand
    hand.g_xy = hand.power(run.g_xr, hand.term("xi"))
    hand.derive(prf(sha1(run.ni, run.nr), hand.cky_i, hand.cky_r), run.g_xi, run.g_xr)
    return hand


@every_run
def test_skeyid_is_made_of_the_nonces_and_the_cookies_alone(run: Opened) -> None:
    keyed(run).keys_are_the_programs()


@every_run
def test_what_was_encrypted_is_what_the_peers_hold(run: Opened) -> None:
    for symbol, octets in (("Ni_b", run.ni), ("Nr_b", run.nr), ("IDii_b", run.idii_b), ("IDir_b", run.idir_b),
                           ("g^xi", run.g_xi), ("g^xr", run.g_xr)):
        assert run.hand.term(symbol) == octets


@every_run
def test_identities_have_no_generic_header_inside(run: Opened) -> None:
    assert run.idii_b == b"\2\0\0\0initiator.lab.example"
    assert run.idir_b == b"\2\0\0\0responder.lab.example"


@every_run
def test_the_hash_that_names_the_key_is_of_the_responders_certificate(run: Opened) -> None:
    assert run.hand.payload(run.shares[0], HASH) == sha1(certificate("responder-rsa"))


@every_run
def test_both_hashes_verify(run: Opened) -> None:
    hand = keyed(run)
    if run.shares == MAIN:
        made = hand.body(5, HASH), hand.body(6, HASH)
    else:
        made = hand.body(3, HASH), hand.payload(2, HASH)
    assert made == (hand.hash_i(run.idii_b), hand.hash_r(run.idir_b))


@every_run
def test_each_ciphertext_is_as_long_as_the_modulus(run: Opened) -> None:
    kinds = (NONCE,) if run.hand.trace.scenario in REVISED else (NONCE, ID)
    for message in run.shares:
        assert {len(run.hand.payload(message, kind)) for kind in kinds} == {RSA_SIZE}


@every_run
def test_what_is_encrypted_twice_looks_different_each_time(run: Opened) -> None:
    n, _, d = private("responder-rsa")
    block = rsa(run.hand.payload(run.shares[0], NONCE), d, n)
    padding = block[2 : block.index(b"\0", 2)]
    assert len(set(padding)) > 8
    assert run.hand.term("PS(Ni_b)") == padding


@revised_runs
def test_the_nonce_makes_the_key_of_its_own_side(run: Opened) -> None:
    for side, nonce, cookie in (("i", run.ni, run.hand.cky_i), ("r", run.nr, run.hand.cky_r)):
        assert run.hand.term(f"Ne_{side}") == prf(nonce, cookie)
        assert run.hand.term(f"Ke_{side}") == expanded(prf(nonce, cookie), 16)


def test_a_key_longer_than_the_prf_is_expanded_as_ka_is() -> None:
    secret = b"n" * 20
    first = prf(secret, b"\0")
    assert expanded(secret, 32) == first + prf(secret, first)[:12]


@revised_runs
def test_an_identity_that_fills_its_blocks_gets_a_block_of_padding(run: Opened) -> None:
    sealed = run.hand.payload(run.shares[0], KE)
    assert len(sealed) == len(run.g_xi) + 16, "the public value is whole blocks already"
