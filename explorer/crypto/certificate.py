"""X.509 certificates (RFC 5280): what a peer reads in one, and whom it believes.

The library's X.509 half is imported when a certificate is read: a run with a pre-shared key never pays for it.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from explorer.crypto.ecdsa import EcdsaKey, ecdsa_key
from explorer.crypto.ed25519 import Ed25519Key, ed25519_key
from explorer.crypto.rsa import RsaKey, rsa_key

if TYPE_CHECKING:
    from cryptography import x509

PublicKey = RsaKey | EcdsaKey | Ed25519Key
"""Whatever a peer can check signatures with."""


class Certificate(msgspec.Struct, frozen=True):
    """One certificate, as far as a peer is concerned with it.

    Attributes:
        der: the whole of it.
        subject: DER of the subject's Name, as an ID of type ID_DER_ASN1_DN has it.
        issuer: DER of the issuer's Name, as a CERTREQ has it.
        subject_text: the subject in the notation of RFC 4514, made safe to print.
        names: DNS names, mail and IP addresses of subjectAltName, exactly as they are there.
        name_kinds: of each of them ``dns``, ``mail`` or ``address``: the same letters may be names of two kinds.
        public_key: the subject's key.
        not_before: first second of its validity, in seconds since 1970.
        not_after: last second of its validity.
        spki: DER of the SubjectPublicKeyInfo, of which an IKEv2 CERTREQ has the hash.
        is_authority: whether its key may sign certificates (RFC 5280 §4.2.1.3, §4.2.1.9).
    """

    der: bytes
    subject: bytes
    issuer: bytes
    subject_text: str
    names: tuple[str, ...]
    name_kinds: tuple[str, ...]
    public_key: PublicKey
    not_before: int
    not_after: int
    spki: bytes
    is_authority: bool

    def is_named(self, kind: str, name: str) -> bool:
        """Whether it is for this name as one of this kind."""
        return (kind, name) in zip(self.name_kinds, self.names, strict=True)


def parse(der: bytes) -> Certificate:
    """Read one certificate in DER.

    Raises:
        ValueError: it is none, or has a key that a peer here cannot use; one line.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        read = _load(der)
        named, is_authority = _names(read), _is_authority(read)
        subject, issuer = read.subject.public_bytes(), read.issuer.public_bytes()
        subject_text = printable(read.subject.rfc4514_string())
    except (ValueError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise ValueError("expected an X.509 certificate in DER") from error
    return Certificate(
        der=der,
        subject=subject,
        issuer=issuer,
        subject_text=subject_text,
        names=tuple(text for _, text in named),
        name_kinds=tuple(kind for kind, _ in named),
        public_key=_public_key(read),
        not_before=int(read.not_valid_before_utc.timestamp()),
        not_after=int(read.not_valid_after_utc.timestamp()),
        spki=read.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        is_authority=is_authority,
    )


def parse_pem(pem: bytes) -> Certificate:
    """Read the first certificate of a PEM file.

    Raises:
        ValueError: there is none, or one that :func:`parse` does not take; one line.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    except (ValueError, x509.InvalidVersion) as error:
        raise ValueError("expected an X.509 certificate in PEM") from error
    return parse(der)


def check_chain(certificate: Certificate, authorities: Sequence[Certificate], now: float) -> str:
    """Whether to believe a certificate at ``now``, in seconds since 1970: ``""``, or one line why not.

    It must be signed by one of the authorities, or be one of them, and both must be valid then (RFC 5280 §6.1).
    """
    if any(certificate.der == authority.der for authority in authorities):
        return _validity(certificate, now)
    reason = "is not signed by any authority that this side trusts"
    for authority in authorities:
        if not _is_signed_by(certificate, authority):
            continue
        reason = _validity(certificate, now)
        if not reason and not authority.is_authority:
            reason = f"is signed by {authority.subject_text}, which is no certification authority"
        elif not reason and (period := _validity(authority, now)):
            reason = f"is signed by {authority.subject_text}, which {period}"
        if not reason:
            return ""
    return reason


def printable(text: str) -> str:
    r"""Text in which whatever is not to be seen is written ``\0A``, as RFC 4514 §2.4 allows for any octet."""
    return "".join(c if c.isprintable() else "".join(f"\\{octet:02X}" for octet in c.encode()) for c in text)


def _load(der: bytes) -> x509.Certificate:
    from cryptography import x509

    # What the library merely dislikes would be written across the screen.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return x509.load_der_x509_certificate(der)


def _public_key(read: x509.Certificate) -> PublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    try:
        key = read.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("expected an RSA, ECDSA or Ed25519 key in the certificate") from error
    if isinstance(key, rsa.RSAPublicKey):
        return rsa_key(key)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return ecdsa_key(key)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return ed25519_key(key)
    raise ValueError("expected an RSA, ECDSA or Ed25519 key in the certificate")


def _names(read: x509.Certificate) -> list[tuple[str, str]]:
    """Kind and text of each."""
    from cryptography import x509

    try:
        names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    kinds: dict[type, str] = {x509.DNSName: "dns", x509.RFC822Name: "mail", x509.IPAddress: "address"}
    return [(kinds[type(name)], str(name.value)) for name in names if type(name) in kinds]


def _is_authority(read: x509.Certificate) -> bool:
    from cryptography import x509

    try:
        if not read.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
    except x509.ExtensionNotFound:
        return False
    try:
        return read.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return True


def _is_signed_by(certificate: Certificate, authority: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    if certificate.issuer != authority.subject:
        return False
    try:
        _load(certificate.der).verify_directly_issued_by(_load(authority.der))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _validity(certificate: Certificate, now: float) -> str:
    read = _load(certificate.der)
    if now < certificate.not_before:
        return f"is not valid before {read.not_valid_before_utc:%Y-%m-%d %H:%M:%S} UTC"
    if now > certificate.not_after:
        return f"is not valid after {read.not_valid_after_utc:%Y-%m-%d %H:%M:%S} UTC"
    return ""
