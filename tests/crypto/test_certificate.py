from __future__ import annotations

import datetime as dt
import ipaddress
import random  # noqa: TID251 - random is used to mutate, from a seed
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from explorer.crypto.certificate import Certificate, check_chain, parse, parse_pem, printable
from explorer.crypto.ecdsa import P_384, EcdsaKey
from explorer.crypto.ed25519 import Ed25519Key
from explorer.crypto.private_key import load_private_key
from explorer.crypto.rsa import RsaKey
from explorer.lab.credentials import load_authority, load_certificate, shipped_credentials

DAY = 86400
START = dt.datetime(1998, 1, 1, tzinfo=dt.UTC)
NOW = START.timestamp() + DAY
AUTHORITY_KEY, PEER_KEY = (ec.derive_private_key(d, ec.SECP384R1()) for d in (11, 12))
ED25519_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
AUTHORITY = x509.BasicConstraints(ca=True, path_length=None)
UNTRUSTED = "is not signed by any authority that this side trusts"


def name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def issue(
    subject: str,
    issuer: str,
    *extensions: x509.ExtensionType,
    key: Any = PEER_KEY,
    by: Any = AUTHORITY_KEY,
    days: int = 9,
) -> bytes:
    builder = x509.CertificateBuilder(name(issuer), name(subject), key.public_key(), 7)
    builder = builder.not_valid_before(START).not_valid_after(START + dt.timedelta(days=days))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    algorithm = None if isinstance(by, Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(by, algorithm, ecdsa_deterministic=True if algorithm else None).public_bytes(Encoding.DER)


def authority(*extensions: x509.ExtensionType, days: int = 9) -> Certificate:
    return parse(issue("CA", "CA", *extensions, key=AUTHORITY_KEY, days=days))


def usage(*, sign: bool) -> x509.KeyUsage:
    used = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign", "encipher_only",
         "decipher_only"), False)
    return x509.KeyUsage(digital_signature=True, key_cert_sign=sign, **used)


CA = authority(AUTHORITY)
PEER = parse(issue("peer", "CA"))


def test_a_certificate_says_whose_key_it_is() -> None:
    certificate = load_certificate("initiator-rsa")
    assert certificate.subject_text == "CN=initiator.lab.example,O=IKE Explorer"
    assert certificate.names == ("initiator.lab.example",)
    assert isinstance(certificate.public_key, RsaKey)
    assert certificate.public_key.size == 256
    assert certificate.not_before == START.timestamp()
    assert not certificate.is_authority
    assert parse(certificate.der) == certificate


def test_names_are_der() -> None:
    assert PEER.subject == name("peer").public_bytes()
    assert PEER.issuer == CA.subject == CA.issuer == name("CA").public_bytes()
    assert PEER.subject in PEER.der


def test_an_ecdsa_key_is_a_point_on_its_curve() -> None:
    numbers = PEER_KEY.public_key().public_numbers()
    assert PEER.public_key == EcdsaKey(P_384, numbers.x, numbers.y)


def test_an_ed25519_key_is_32_octets() -> None:
    read = parse(issue("peer", "CA", key=ED25519_KEY))
    assert read.public_key == Ed25519Key(ED25519_KEY.public_key().public_bytes_raw())
    assert isinstance(read.public_key, Ed25519Key)
    assert read.public_key.A in read.der


def test_an_authority_may_sign_with_ed25519() -> None:
    other = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
    trusted, namesake = (parse(issue("CA", "CA", AUTHORITY, key=key, by=key)) for key in (ED25519_KEY, other))
    peer = parse(issue("peer", "CA", key=other, by=ED25519_KEY))
    assert check_chain(peer, [trusted], NOW) == ""
    assert check_chain(peer, [CA, namesake], NOW) == UNTRUSTED
    assert check_chain(PEER, [trusted], NOW) == UNTRUSTED


def test_names_of_three_kinds_are_read() -> None:
    others = [x509.UniformResourceIdentifier("ike://peer"), x509.DirectoryName(name("x"))]
    kinds = [x509.DNSName("peer.example"), x509.RFC822Name("user@peer.example"),
             x509.IPAddress(ipaddress.ip_address("10.0.0.1")), x509.IPAddress(ipaddress.ip_address("2001:db8::1"))]
    read = parse(issue("peer", "CA", x509.SubjectAlternativeName([*others, *kinds])))
    assert read.names == ("peer.example", "user@peer.example", "10.0.0.1", "2001:db8::1")
    assert read.name_kinds == ("dns", "mail", "address", "address")
    assert PEER.names == ()


def test_a_subject_cannot_write_to_the_terminal() -> None:
    text = parse(issue("peer\x1b[2J\n\u202eé", "CA")).subject_text
    assert text == "CN=peer\\1B[2J\\0A\\E2\\80\\AEé"
    assert text.isprintable()
    assert printable("plain, text") == "plain, text"


def test_a_peer_signed_by_an_authority_is_believed() -> None:
    assert check_chain(PEER, [CA], NOW) == ""
    assert check_chain(PEER, [load_authority("other-ca"), CA, CA], NOW) == ""


def test_an_authority_is_believed_as_itself_and_so_is_a_peer_that_is_trusted_by_itself() -> None:
    assert check_chain(CA, [CA], NOW) == ""
    assert check_chain(PEER, [PEER], NOW) == ""
    assert check_chain(PEER, [PEER], 0).startswith("is not valid before")


def test_a_peer_signed_by_nobody_known_is_not_believed() -> None:
    assert check_chain(PEER, [], NOW) == UNTRUSTED
    assert check_chain(PEER, [load_authority("lab-ca")], NOW) == UNTRUSTED


def test_the_name_of_an_authority_is_not_enough() -> None:
    forged = parse(issue("peer", "CA", by=PEER_KEY))
    assert forged.issuer == CA.subject
    assert check_chain(forged, [CA], NOW) == UNTRUSTED
    rsa_authority = load_authority("lab-ca")
    of_another_kind = parse(issue("peer", "CA", by=ED25519_KEY))
    assert check_chain(of_another_kind, [CA, rsa_authority], NOW) == UNTRUSTED


def test_validity_has_a_beginning_and_an_end() -> None:
    last = START.timestamp() + 9 * DAY
    assert check_chain(PEER, [CA], START.timestamp()) == ""
    assert check_chain(PEER, [CA], START.timestamp() - 0.5) == "is not valid before 1998-01-01 00:00:00 UTC"
    assert check_chain(PEER, [CA], last) == ""
    assert check_chain(PEER, [CA], last + 1) == "is not valid after 1998-01-10 00:00:00 UTC"


def test_an_authority_must_be_valid_too() -> None:
    short = authority(AUTHORITY, days=1)
    reason = "is signed by CN=CA, which is not valid after 1998-01-02 00:00:00 UTC"
    assert check_chain(PEER, [short], NOW + 1) == reason
    assert check_chain(PEER, [short, CA], NOW + 1) == ""


def test_only_an_authority_may_sign() -> None:
    reason = "is signed by CN=CA, which is no certification authority"
    no = x509.BasicConstraints(ca=False, path_length=None)
    for extensions in ((), (no,), (AUTHORITY, usage(sign=False)), (usage(sign=True),)):
        assert check_chain(PEER, [authority(*extensions)], NOW) == reason
    assert check_chain(PEER, [authority(AUTHORITY, usage(sign=True))], NOW) == ""


@pytest.mark.parametrize("octets", [b"", b"\0", b"0\x80", b"garbage", PEER.der[:-1], PEER.der + b"\0"])
def test_garbage_is_no_certificate(octets: bytes) -> None:
    with pytest.raises(ValueError, match=r"^expected an X.509 certificate in DER$"):
        parse(octets)
    with pytest.raises(ValueError, match=r"^expected an X.509 certificate in PEM$"):
        parse_pem(octets)


def test_a_key_of_another_kind_is_refused() -> None:
    key = Ed448PrivateKey.from_private_bytes(bytes(57))
    with pytest.raises(ValueError, match=r"^expected an RSA, ECDSA or Ed25519 key in the certificate$"):
        parse(issue("peer", "CA", key=key))
    with pytest.raises(ValueError, match=r"^expected an ECDSA key on one of P-256, P-384, P-521, not on secp224r1$"):
        parse(issue("peer", "CA", key=ec.derive_private_key(7, ec.SECP224R1())))


def test_whatever_octets_are_changed_reading_and_checking_answer_in_one_line() -> None:
    dice = random.Random(2058)
    authorities = [CA, load_authority("lab-ca")]
    whole = [PEER.der, CA.der, *(load_certificate(name).der for name in shipped_credentials())]
    for _ in range(3000):
        octets = bytearray(dice.choice(whole))
        for _ in range(dice.randint(1, 3)):
            octets[dice.randrange(len(octets))] = dice.choice((0, 1, 0x30, 0xFF, dice.randrange(256)))
        try:
            reason = check_chain(parse(bytes(octets)), authorities, NOW)
        except ValueError as error:
            reason = str(error)
        assert reason.isprintable()
        assert reason or bytes(octets) in whole


def pem(key: Any, encoding: PrivateFormat = PrivateFormat.PKCS8, password: bytes | None = None) -> bytes:
    hidden = BestAvailableEncryption(password) if password else NoEncryption()
    made = key.private_bytes(Encoding.PEM, encoding, hidden)
    assert isinstance(made, bytes)
    return made


def test_private_keys_are_read_in_both_forms() -> None:
    for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
        assert load_private_key(pem(PEER_KEY, form)).public == PEER.public_key
    assert load_private_key(pem(ED25519_KEY)).public == Ed25519Key(ED25519_KEY.public_key().public_bytes_raw())


def test_what_is_no_private_key_is_refused_in_one_line() -> None:
    for octets in (b"", b"garbage", pem(PEER_KEY)[:-40], pem(PEER_KEY, password=b"secret")):
        with pytest.raises(ValueError, match=r"^expected a private key in PEM that is not encrypted$"):
            load_private_key(octets)
    with pytest.raises(ValueError, match=r"^expected an RSA, ECDSA or Ed25519 key, and this is of another kind$"):
        load_private_key(pem(Ed448PrivateKey.from_private_bytes(bytes(57))))
