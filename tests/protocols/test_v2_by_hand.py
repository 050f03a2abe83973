"""IKEv2 recomputed from octets of the wire and the secrets, with nothing of the program's crypto."""

from __future__ import annotations

import hashlib
import hmac
from ipaddress import IPv4Address

import pytest
from by_hand import certificate, chain
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate
from v2_hand import (
    AUTH,
    CBC,
    CERT,
    CERTREQ,
    COOKIE,
    GCM,
    IDI,
    IDR,
    IKE_AUTH,
    INFORMATIONAL,
    INVALID_KE,
    KE,
    NAT_DESTINATION,
    NAT_SOURCE,
    NONCE,
    NOTIFY,
    PSK,
    SA,
    V2Hand,
    body,
    hand,
    notifications,
    one,
    prf,
)

from explorer.events import Role
from explorer.lab.scenario import load_scenario
from explorer.trace.model import Key, is_packet

KINDS = {"ikev2-psk": CBC, "ikev2-gcm": GCM, "ikev2-modp": CBC, "ikev2-cookie-invalid-ke": CBC, "ikev2-nat-t": CBC}




every_run = pytest.mark.parametrize("run", [hand(name, kind) for name, kind in KINDS.items()], ids=list(KINDS))


# ---------------------------------------------------------------- the keys of the IKE SA


@every_run
def test_trap_31_the_nonces_are_the_key_of_skeyseed(run: V2Hand) -> None:
    assert run.term("g^ir") == run.g_ir
    assert run.term("SKEYSEED") == hmac.new(run.ni + run.nr, run.g_ir, run.kind.hash).digest()


@every_run
def test_trap_32_the_seven_keys_in_their_order(run: V2Hand) -> None:
    for side in ("i", "r"):
        cipher = run.keys.ei if side == "i" else run.keys.er
        salt = 4 if run.kind.aead else 0
        assert run.term(f"SK_e{side}") == cipher[: len(cipher) - salt]
        assert not salt or run.term(f"salt_e{side}") == cipher[-4:]
    pairs = {"SK_d": run.keys.d, "SK_pi": run.keys.pi, "SK_pr": run.keys.pr}
    if not run.kind.aead:
        pairs |= {"SK_ai": run.keys.ai, "SK_ar": run.keys.ar}
    for symbol, octets in pairs.items():
        assert run.term(symbol) == octets
    assert len(run.keys.d) == len(run.keys.pi) == hashlib.new(run.kind.hash).digest_size


# ---------------------------------------------------------------- what is encrypted


@every_run
def test_traps_34_and_35_everything_in_front_is_covered(run: V2Hand) -> None:
    for octets in (*run.of(IKE_AUTH), *run.of(INFORMATIONAL)):
        plain = run.plain(octets)
        payloads = run.inside(octets)
        padding = plain[sum(len(p) for _, p in payloads) :]
        assert padding[-1] == len(padding) - 1
        assert (len(plain) - 1) % (1 if run.kind.aead else 16) == (0 if run.kind.aead else 15)
        assert int.from_bytes(octets[30:32], "big") == len(octets) - 28
        assert octets[28] == (payloads[0][0] if payloads else 0)


def test_trap_34_a_message_without_payloads_still_has_its_pad_length() -> None:
    run = hand("ikev2-liveness")
    empty = [octets for octets in run.of(INFORMATIONAL) if octets[28] == 0]
    assert empty
    for octets in empty:
        plain = run.plain(octets)
        assert (len(plain), plain[-1]) == (16, 15)


def test_trap_34_an_authenticating_cipher_needs_no_padding_and_has_a_pad_length() -> None:
    run = hand("ikev2-gcm", GCM)
    assert [run.plain(octets)[-1] for octets in run.of(IKE_AUTH)] == [0, 0]
    assert [len(octets) - 32 - 8 - 16 for octets in run.of(IKE_AUTH)] == [
        len(run.plain(octets)) for octets in run.of(IKE_AUTH)]


# ---------------------------------------------------------------- AUTH


def auth_octets(run: V2Hand) -> tuple[bytes, bytes]:
    """Trap 37: the own message as sent last, the other's nonce, the own identity under SK_p."""
    request, answer = (run.inside(octets) for octets in run.of(IKE_AUTH))
    return (
        run.first + run.nr + prf(run.kind, run.keys.pi, one(request, IDI)),
        run.second + run.ni + prf(run.kind, run.keys.pr, one(answer, IDR)),
    )


@every_run
def test_traps_37_and_38_auth_with_a_shared_key(run: V2Hand) -> None:
    for octets, covered in zip(run.of(IKE_AUTH), auth_octets(run), strict=True):
        auth = one(run.inside(octets), AUTH)
        assert auth[:4] == bytes((2, 0, 0, 0))
        assert auth[4:] == prf(run.kind, prf(run.kind, PSK, b"Key Pad for IKEv2"), covered)


@every_run
def test_trap_37_an_identity_has_three_reserved_octets(run: V2Hand) -> None:
    request, answer = (run.inside(octets) for octets in run.of(IKE_AUTH))
    assert one(request, IDI) == bytes((2, 0, 0, 0)) + b"initiator.lab.example"
    assert one(answer, IDR) == bytes((2, 0, 0, 0)) + b"responder.lab.example"


@pytest.mark.parametrize("name", ["ikev2-rsa", "ikev2-rsa-sha2", "ikev2-ecdsa", "ikev2-ed25519"])
def test_trap_40_signatures(name: str) -> None:
    run = hand(name)
    for octets, covered in zip(run.of(IKE_AUTH), auth_octets(run), strict=True):
        payloads = run.inside(octets)
        method, signature = one(payloads, AUTH)[0], one(payloads, AUTH)[4:]
        der = one(payloads, CERT)
        assert der[0] == 4
        key = load_der_x509_certificate(der[1:]).public_key()
        if name == "ikev2-ed25519":
            assert isinstance(key, Ed25519PublicKey)
            assert (method, signature[:8].hex()) == (14, "07300506032b6570")
            key.verify(signature[8:], covered)
            continue
        if name == "ikev2-ecdsa":
            assert isinstance(key, EllipticCurvePublicKey)
            assert (method, len(signature)) == (9, 64)
            r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
            key.verify(encode_dss_signature(r, s), covered, ECDSA(SHA256()))
            continue
        assert isinstance(key, RSAPublicKey)
        if name == "ikev2-rsa":
            assert method == 1
            key.verify(signature, covered, PKCS1v15(), SHA1())  # noqa: S303 - what method 1 has by default
            continue
        algorithm = bytes.fromhex("300d06092a864886f70d01010b0500")
        assert method == 14
        assert signature[:16] == bytes((len(algorithm),)) + algorithm
        key.verify(signature[16:], covered, PKCS1v15(), SHA256())


@pytest.mark.parametrize("name", ["ikev2-rsa", "ikev2-rsa-sha2", "ikev2-ecdsa", "ikev2-ed25519"])
def test_trap_41_authorities_are_asked_for_by_the_hash_of_their_key(name: str) -> None:
    run = hand(name)
    authority = certificate("lab-ca-ed25519" if name == "ikev2-ed25519" else "lab-ca")
    spki = load_der_x509_certificate(authority).public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    wanted = b"\4" + hashlib.sha1(spki).digest()  # noqa: S324 - what RFC 7296 §3.7 says
    assert one(run.inside(run.of(IKE_AUTH)[0]), CERTREQ) == wanted
    assert body(run.second, CERTREQ) == wanted, "the responder asks in IKE_SA_INIT (RFC 7296 §1.2)"


# ---------------------------------------------------------------- retries


def test_trap_42_a_cookie_comes_back_first_and_nothing_else_changes() -> None:
    run = hand("ikev2-cookie")
    first, refusal, again, _ = run.of_first()
    (cookie,) = notifications(chain(refusal[16], refusal[28:])).values()
    assert refusal[:16] == first[:8] + bytes(8)
    assert next(kind for kind, _ in chain(again[16], again[28:])) == NOTIFY
    payload = chain(again[16], again[28:])[0][1]
    assert payload[4:] == cookie
    assert payload[6:8] == COOKIE.to_bytes(2, "big")
    assert 1 <= len(payload[8:]) <= 64
    assert again[28 + len(payload) :] == first[28:]
    assert (again[:16], again[18:24]) == (first[:16], first[18:24])
    assert again[20:24] == bytes(4)


def test_trap_42_another_method_keeps_cookie_nonce_offers_and_spi() -> None:
    run = hand("ikev2-cookie-invalid-ke")
    tries = [octets for octets in run.of_first() if not octets[19] & 0x20]
    payloads = [chain(octets[16], octets[28:]) for octets in tries]
    assert [[kind for kind, _ in found] for found in payloads] == [
        [SA, KE, NONCE], [NOTIFY, SA, KE, NONCE], [NOTIFY, SA, KE, NONCE]]
    assert [one(found, SA) for found in payloads] == [one(payloads[0], SA)] * 3
    assert [one(found, NONCE) for found in payloads] == [run.ni] * 3
    assert {octets[:24] for octets in tries} == {tries[0][:16] + tries[0][16:24], tries[1][:24]}
    assert payloads[1][0] == payloads[2][0]
    assert [one(found, KE)[:2] for found in payloads] == [bytes((0, 14)), bytes((0, 14)), bytes((0, 31))]
    refusal = run.of_first()[3]
    assert notifications(chain(refusal[16], refusal[28:])) == {INVALID_KE: bytes.fromhex("0000 0011 001f")}


def test_the_responder_keeps_nothing_and_makes_the_same_cookie_again() -> None:
    run = hand("ikev2-cookie-invalid-ke")
    _, asked, *_ = run.of_first()
    assert asked[8:16] == bytes(8)
    assert run.of_first()[3][8:16] == bytes(8)


# ---------------------------------------------------------------- addresses, numbers


def test_trap_47_nat_detection_is_always_sha_1() -> None:
    run, scenario = hand("ikev2-nat-t"), load_scenario("ikev2-nat-t")
    here, there = (IPv4Address(peer.address).packed for peer in (scenario.initiator, scenario.responder))
    assert scenario.network.nat is not None
    outside = IPv4Address(scenario.network.nat.address).packed
    said = notifications(chain(run.first[16], run.first[28:]))
    assert said[NAT_SOURCE][4:] == place(run.first[:16], here, 500)
    assert said[NAT_DESTINATION][4:] == place(run.first[:16], there, 500)
    assert run.first[8:16] == bytes(8)
    said = notifications(chain(run.second[16], run.second[28:]))
    assert said[NAT_SOURCE][4:] == place(run.spis, there, 500)
    # The responder sees the NAT in place of the initiator, and its port.
    port = next(step.source.port for step in run.trace.steps if step.octets == run.first)
    seen = {place(run.spis, outside, number) for number in range(1, 65536)}
    assert said[NAT_DESTINATION][4:] in seen
    assert said[NAT_DESTINATION][4:] != place(run.spis, here, port)


def place(spis: bytes, address: bytes, port: int) -> bytes:
    return hashlib.sha1(spis + address + port.to_bytes(2, "big")).digest()  # noqa: S324 - what RFC 7296 §2.23 says


@pytest.mark.parametrize("name", ["ikev2-child", "ikev2-rekey-child", "ikev2-rekey-ike", "ikev2-liveness"])
def test_trap_48_each_direction_counts_its_own_requests(name: str) -> None:
    run = hand(name)
    counts: dict[tuple[bytes, Role], int] = {}
    pending: dict[tuple[bytes, bytes], Role] = {}
    for step, octets in zip(run.trace.steps, run.m, strict=True):
        if is_packet(step) or octets not in run.ike:
            continue
        spi, number = octets[:8], octets[20:24]
        if octets[19] & 0x20:
            assert pending.pop((spi, number)) is step.sender.other
            continue
        assert int.from_bytes(number, "big") == counts.get((spi, step.sender), 0)
        counts[spi, step.sender] = counts.get((spi, step.sender), 0) + 1
        pending[spi, number] = step.sender
    assert not pending


def test_a_run_that_loses_messages_repeats_them_octet_for_octet() -> None:
    run = hand("ikev2-lossy")
    requests = [octets for octets in run.ike if not octets[19] & 0x20]
    answers = [octets for octets in run.ike if octets[19] & 0x20]
    by_place: dict[tuple[bytes, bytes, int], set[bytes]] = {}
    for octets in (*requests, *answers):
        key = (octets[:8], octets[20:24], octets[19])
        by_place.setdefault(key, set()).add(octets)
    assert len(requests) > len({octets[20:24] for octets in requests})
    assert all(len(found) == 1 for found in by_place.values())


def test_terms_on_the_screen_are_the_octets_on_the_wire() -> None:
    run = hand("ikev2-psk")
    assert run.trace.links.first(Key("IKE_AUTH 1", "AUTHi")).octets == one(run.inside(run.of(IKE_AUTH)[0]), AUTH)[4:]
