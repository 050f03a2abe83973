from __future__ import annotations

from dataclasses import replace

import pytest
from by_hand import chain
from v2_changes import AUTHENTICATION_FAILED, either, patched, remade
from v2_hand import AUTH, IKE_AUTH, NOTIFY, notifications, one
from v2_pair import I, R, V2Pair, payload, v2_shipped

from explorer.crypto.credential import Credential
from explorer.events import Role
from explorer.lab.credentials import load_authority, load_credential
from explorer.protocols.ikev2.config import V2Config, V2Identity
from explorer.protocols.ikev2.signature import ED25519, announced
from explorer.registry.ikev2 import V2IdType

NAME = "ikev2-ed25519"
HASHES = 16431
NOT_TAKEN = "This side's key is for Ed25519, and the peer has not announced that it takes it"
RSA = bytes.fromhex("300d06092a864886f70d01010b0500")


def ed25519(role: Role, **changes: object) -> V2Config:
    both = (load_authority("lab-ca"), load_authority("lab-ca-ed25519"))
    return replace(v2_shipped(role, NAME), authorities=both, **changes)  # type: ignore[arg-type]


def other_kind(role: Role, method: str, kind: str = "rsa") -> V2Config:
    return ed25519(role, method=method, credential=load_credential(f"{role}-{kind}"))


def test_both_announce_the_hash_that_is_none() -> None:
    assert announced() == bytes.fromhex("0002 0003 0004 0005")
    pair = V2Pair(name=NAME).start().pump()
    assert pair.up
    for octets in pair.sent[:2]:
        assert notifications(chain(octets[16], octets[28:]))[HASHES][-8:] == announced()


@either
@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_each_side_may_have_a_key_of_another_kind(role: Role, kind: str) -> None:
    configs = {role: other_kind(role, "signature", kind), role.other: ed25519(role.other)}
    pair = V2Pair(configs[I], configs[R]).start().pump()
    assert pair.up
    assert pair.refusals(I) == pair.refusals(R) == []


@either
def test_a_peer_that_names_no_hashes_is_shown_no_ed25519(role: Role) -> None:
    configs = {role: ed25519(role), role.other: other_kind(role.other, "rsa")}
    pair = V2Pair(configs[I], configs[R]).start().pump()
    assert pair.refusals(role) == [NOT_TAKEN]
    assert pair.sas(I) == pair.sas(R) == []
    assert pair.failures(role) == [f"IKE_AUTH: {NOT_TAKEN}"]
    assert not any(association.usable for association in pair.peers[role].sessions)
    assert not pair.peers[role].busy
    if role is R:
        assert pair.told(I) == ["AUTHENTICATION_FAILED"]
    else:
        assert len(pair.sent) == 2
    pair.wait(300)
    assert pair.refusals(role) == [NOT_TAKEN]


@pytest.mark.parametrize("hashes", ["", "0002", "000200030004", "00020003000400", "0500", "00"])
def test_a_peer_that_names_other_hashes_is_shown_no_ed25519(hashes: str) -> None:
    pair = V2Pair(name=NAME).start().pump(1)
    answer = pair.pending
    said = bytes((0, 0)) + HASHES.to_bytes(2, "big") + bytes.fromhex(hashes)
    payloads = chain(answer[16], answer[28:])
    kept = [(k, p) for k, p in payloads if k != NOTIFY or p[6:8] != HASHES.to_bytes(2, "big")]
    assert len(kept) == len(payloads) - 1
    pair.swap(remade(answer, [*kept, payload(NOTIFY, said)])).pump()
    assert pair.refusals(I) == [NOT_TAKEN]
    assert pair.sas(I) == pair.sas(R) == []


@either
@pytest.mark.parametrize("method", ["rsa", "ecdsa"])
def test_no_older_method_can_say_that_it_is_ed25519(role: Role, method: str) -> None:
    configs = {role: ed25519(role, method=method), role.other: other_kind(role.other, "rsa")}
    pair = V2Pair(configs[I], configs[R]).start().pump()
    assert pair.refusals(role) == [f"This side's key is for Ed25519, and it is to sign with {method}"]
    assert pair.sas(I) == pair.sas(R) == []


@either
def test_a_signature_by_another_key_than_the_certificates_is_refused(role: Role) -> None:
    certificate, _ = load_credential(f"{role}-ed25519")
    _, key = load_credential(f"{role.other}-ed25519")
    configs = {role: ed25519(role, credential=Credential(certificate, key)), role.other: ed25519(role.other)}
    pair = V2Pair(configs[I], configs[R]).start().pump()
    symbol = "AUTHi" if role is I else "AUTHr"
    assert pair.refusals(role.other) == [f"{symbol} is no signature by the key in the certificate"]
    assert pair.sas(role.other) == []


@either
def test_an_authority_of_another_kind_believes_nobody_certified_with_ed25519(role: Role) -> None:
    configs = {role: replace(v2_shipped(role, NAME), authorities=(load_authority("lab-ca"),))}
    configs[role.other] = ed25519(role.other)
    pair = V2Pair(configs[I], configs[R]).start().pump()
    assert "is not signed by any authority that this side trusts" in pair.refusals(role)[0]
    assert pair.sas(role) == []


def changes_of(auth: bytes) -> dict[str, bytes]:
    """AUTH without its generic header: method, three octets, length, algorithm, R | S."""
    front, signature = auth[:5], auth[12:]
    assert (auth[:4], auth[4], auth[5:12], len(signature)) == (b"\x0e\0\0\0", 7, ED25519, 64)
    return {
        "no data": auth[:4],
        "no algorithm": auth[:4] + b"\0" + signature,
        "algorithm alone": auth[:12],
        "algorithm cut": auth[:9],
        "length beyond the data": patched(auth, 4, b"\xff"),
        "algorithm of RSA": auth[:4] + bytes((len(RSA),)) + RSA + signature,
        "algorithm with parameters": auth[:4] + bytes.fromhex("09 300706032b65700500") + signature,
        "Ed448": front + bytes.fromhex("300506032b6571") + signature,
        "RSA method": b"\1" + auth[1:],
        "ECDSA method": b"\x09\0\0\0" + signature,
        "method 14 without a name": auth[:4] + signature,
        "shorter": auth[:-1],
        "longer": auth + b"\0",
        "R changed": patched(auth, 12, bytes((auth[12] ^ 1,))),
        "S changed": patched(auth, 50, bytes((auth[50] ^ 1,))),
        "zeros": auth[:12] + bytes(64),
    }


@pytest.mark.parametrize("what", list(changes_of(bytes.fromhex("0e000000 07 300506032b6570") + bytes(64))))
def test_what_is_no_signature_is_refused(what: str) -> None:
    pair = V2Pair(name=NAME).start().pump(2)
    request = pair.inside(pair.pending)
    auth = changes_of(one(request, AUTH))[what]
    payloads = [payload(k, auth if k == AUTH else p[4:]) for k, p in request]
    (answer,) = pair.feed(R, pair.sealed(I, IKE_AUTH, 1, payloads))
    assert list(notifications(pair.inside(answer))) == [AUTHENTICATION_FAILED]
    assert len(pair.refusals(R)) == 1
    assert pair.sas(R) == []


# ---------------------------------------------------------------- which identities a certificate proves


def says(kind: V2IdType, data: bytes) -> V2Pair:
    """The initiator has a certificate for ``initiator.lab.example``, and says that it is something else."""
    first = replace(v2_shipped(I, "ikev2-rsa"), identity=V2Identity(int(kind), data))
    return V2Pair(first, replace(v2_shipped(R, "ikev2-rsa"), expects=None), name="ikev2-rsa").start().pump()


SUBJECT = load_credential("initiator-rsa").certificate.subject


@pytest.mark.parametrize(
    ("kind", "data"), [(V2IdType.FQDN, b"initiator.lab.example"), (V2IdType.DER_ASN1_DN, SUBJECT)])
def test_a_certificate_proves_its_names_as_what_they_are(kind: V2IdType, data: bytes) -> None:
    assert says(kind, data).up


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (V2IdType.KEY_ID, b"initiator.lab.example"),
        (V2IdType.RFC822_ADDR, b"initiator.lab.example"),
        (V2IdType.FQDN, SUBJECT),
        (V2IdType.KEY_ID, SUBJECT),
        (V2IdType.DER_ASN1_DN, b"initiator.lab.example"),
        (V2IdType.IPV4_ADDR, b"initiator.lab.example"),
        (V2IdType.NULL, b""),
    ],
)
def test_it_proves_nothing_of_another_type(kind: V2IdType, data: bytes) -> None:
    pair = says(kind, data)
    assert pair.refusals(R)[0].startswith("The certificate is for initiator.lab.example, ")
    assert pair.sas(I) == pair.sas(R) == []
