"""Certificate encodings (RFC 2408 §3.9)."""

from __future__ import annotations

from explorer.registry.number import Number

_CITE = "RFC 2408 §3.9"


class CertificateEncoding(Number):
    """How the octets of a Certificate payload are to be read."""

    NONE = 0, "none", "no certificate", _CITE
    PKCS7 = 1, "PKCS #7 wrapped X.509 certificate", "a container with certificates", _CITE
    PGP = 2, "PGP certificate", "an OpenPGP key", _CITE
    DNS_SIGNED_KEY = 3, "DNS signed key", "a key out of the DNS", _CITE
    X509_SIGNATURE = 4, "X.509 certificate, signature", "a DER certificate for a signing key", _CITE
    X509_KEY_EXCHANGE = 5, "X.509 certificate, key exchange", "a DER certificate for an encryption key", _CITE
    KERBEROS = 6, "Kerberos tokens", "tickets", _CITE
    CRL = 7, "certificate revocation list", "certificates that are no longer valid", _CITE
    ARL = 8, "authority revocation list", "authorities that are no longer valid", _CITE
    SPKI = 9, "SPKI certificate", "a simple public key certificate", _CITE
    X509_ATTRIBUTE = 10, "X.509 certificate, attribute", "an attribute certificate", _CITE
