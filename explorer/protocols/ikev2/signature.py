"""Signatures in AUTH: the older methods, and method 14, which names its algorithm (RFC 7296 §3.8, RFC 7427, 8420)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from explorer.crypto.algorithms import SHA1, SHA2_256, SHA2_384, SHA2_512, HashFunction
from explorer.crypto.certificate import Certificate
from explorer.crypto.ecdsa import EcdsaKey, EcdsaPrivateKey, ecdsa_private_term, ecdsa_verifies
from explorer.crypto.ecdsa_signature import EcdsaSign
from explorer.crypto.ed25519 import (
    Ed25519Key,
    Ed25519PrivateKey,
    ed25519_private_term,
    ed25519_public_term,
    ed25519_verifies,
)
from explorer.crypto.ed25519_signature import Ed25519Sign
from explorer.crypto.expression import Concat, Expr, Hash, Plain
from explorer.crypto.private_key import PrivateKey
from explorer.crypto.rsa import RsaKey, rsa_private_term, rsa_public_terms
from explorer.crypto.rsa_signature import RsaRecover, RsaSign
from explorer.crypto.term import Nature, Term, derive
from explorer.engine.refusal import Refusal
from explorer.events import Role
from explorer.registry.ikev2 import AuthMethod
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.wire.ikev2 import V2Auth

if TYPE_CHECKING:
    from explorer.protocols.ikev2.ike_auth import IkeAuth

_SHA1_INFO = bytes.fromhex("3021300906052b0e03021a05000414")
_ECDSA_METHODS = {"P-256": 9, "P-384": 10, "P-521": 11}


class _Named(NamedTuple):
    """A hash as method 14 knows it.

    Attributes:
        rsa, ecdsa: AlgorithmIdentifier of a signature with it (RFC 7427 A.1, A.3).
        info: what PKCS #1 v1.5 puts in front of the hash to say which one it is (RFC 8017 §9.2).
    """

    function: HashFunction
    rsa: bytes
    ecdsa: bytes
    info: bytes


_H = bytes.fromhex
HASHES = {
    2: _Named(
        SHA2_256, _H("300d06092a864886f70d01010b0500"), _H("300a06082a8648ce3d040302"),
        _H("3031300d060960864801650304020105000420"),
    ),
    3: _Named(
        SHA2_384, _H("300d06092a864886f70d01010c0500"), _H("300a06082a8648ce3d040303"),
        _H("3041300d060960864801650304020205000430"),
    ),
    4: _Named(
        SHA2_512, _H("300d06092a864886f70d01010d0500"), _H("300a06082a8648ce3d040304"),
        _H("3051300d060960864801650304020305000440"),
    ),
}
"""By the number that SIGNATURE_HASH_ALGORITHMS names them with (RFC 7427 §7)."""


IDENTITY = 5
"""Number of the hash that is none: Ed25519 signs what it is given (RFC 8420 §2)."""
ED25519 = _H("300506032b6570")
"""AlgorithmIdentifier of Ed25519: its OID alone (RFC 8420 Appendix A, RFC 8410 §3)."""


def announced() -> bytes:
    """The hashes that signatures may be made with, as a notification lists them: two octets for each."""
    return b"".join(number.to_bytes(2, "big") for number in (*HASHES, IDENTITY))


# ---------------------------------------------------------------- making


def sign(x: IkeAuth, key: PrivateKey, octets: Expr, symbol: str) -> tuple[int, Term]:
    """This side's AUTH by its private key: the method's number, and the data.

    Raises:
        Refusal: the key is for Ed25519, and the two sides have not both said that they use it.
    """
    big, owner, scope = x.letter(x.role).upper(), str(x.party.role), x.ledger.scope
    if isinstance(key, Ed25519PrivateKey):
        return _sign_ed25519(x, key, octets, symbol)
    if isinstance(key, EcdsaPrivateKey):
        d = x.ledger.learn(ecdsa_private_term(key, big, owner, scope))
        raw = EcdsaSign(key, octets, d)
        named = next((h for h in _common(x) if h.function == key.hash), None)
        if named is None:
            return _ECDSA_METHODS[key.curve.label], derive(symbol, raw, "RFC 4754 §3", scope=scope)
        data = _with_algorithm(named.ecdsa, _der_pair(raw, key.curve.size))
    else:
        d = x.ledger.learn(rsa_private_term(key, big, owner, scope))
        n, e = rsa_public_terms(key, big, owner, scope)
        x.ledger.learn(n, e)
        named = next(iter(_common(x)), None)
        signature = RsaSign(key, _digest(named, octets), d, n)
        if named is None:
            return int(AuthMethod.RSA), derive(symbol, signature, "RFC 7296 §3.8", scope=scope)
        data = _with_algorithm(named.rsa, signature)
    return int(AuthMethod.DIGITAL_SIGNATURE), derive(symbol, data, "RFC 7427 §3", scope=scope)


def _common(x: IkeAuth) -> list[_Named]:
    """Hashes that the peer has announced, if this side wants to sign with method 14."""
    return [named for number, named in HASHES.items() if _takes(x, number)]


def _takes(x: IkeAuth, number: int) -> bool:
    """Whether this side signs with method 14, and the peer takes this hash in it."""
    knows = V2NotifyType.SIGNATURE_HASH_ALGORITHMS in x.sa.peer_supports
    return x.party.config.method == "signature" and knows and number in x.sa.peer_hashes


def _sign_ed25519(x: IkeAuth, key: Ed25519PrivateKey, octets: Expr, symbol: str) -> tuple[int, Term]:
    """Over the octets themselves; no older method could say that it is Ed25519."""
    if not _takes(x, IDENTITY):
        method = x.party.config.method
        why = "the peer has not announced that it takes it" if method == "signature" else f"it is to sign with {method}"
        raise Refusal(f"This side's key is for Ed25519, and {why}", "RFC 8420 §2", V2NotifyType.AUTHENTICATION_FAILED)
    big, owner, scope = x.letter(x.role).upper(), str(x.party.role), x.ledger.scope
    d = x.ledger.learn(ed25519_private_term(key, big, owner, scope))
    x.ledger.learn(ed25519_public_term(key, big, owner, scope))
    data = _with_algorithm(ED25519, Ed25519Sign(key, octets, d))
    return int(AuthMethod.DIGITAL_SIGNATURE), derive(symbol, data, "RFC 8420 §2", scope=scope)


def _with_algorithm(algorithm: bytes, signature: Expr) -> Expr:
    return Concat((Plain("length", bytes((len(algorithm),))), Plain("algorithm", algorithm), signature))


def _digest(named: _Named | None, octets: Expr) -> Expr:
    """The hash with its name in front; SHA-1 for the old method (RFC 7296 §3.8)."""
    if named is None:
        return Plain("DigestInfo", _SHA1_INFO) | Hash(SHA1, octets)
    return Plain("DigestInfo", named.info) | Hash(named.function, octets)


def _der_pair(raw: Expr, size: int) -> Expr:
    """R | s as DER has it: SEQUENCE { INTEGER r, INTEGER s }, each without zeros that it does not need."""
    parts: list[Expr] = []
    for start in (0, size):
        octets = raw.octets[start : start + size]
        skip = size - max(1, len(octets.lstrip(b"\0")))
        sign_octet = b"\0" if octets[skip] & 0x80 else b""
        header = bytes((2, size - skip + len(sign_octet))) + sign_octet
        parts += [Plain("INTEGER", header), raw[start + skip : start + size]]
    total = sum(len(part.octets) for part in parts)
    length = bytes((total,)) if total < 128 else bytes((0x81, total))
    return Concat((Plain("SEQUENCE", b"\x30" + length), *parts))


# ---------------------------------------------------------------- checking


class Checked(NamedTuple):
    """Whether a signature is good, and the two terms that show it."""

    good: bool
    expected: Term
    received: Term


def verify(x: IkeAuth, prover: Role, certificate: Certificate, payload: V2Auth, octets: Expr, auth: Term) -> Checked:
    """The other side's AUTH by its public key; it never raises, whatever the data is."""
    modern = payload.method == AuthMethod.DIGITAL_SIGNATURE
    size = payload.data[0] if modern and payload.data else 0
    algorithm, front = payload.data[1 : 1 + size], 1 + size if modern else 0
    key, symbol = certificate.public_key, f"hash for AUTH{x.letter(prover)}"
    if isinstance(key, Ed25519Key):
        x.ledger.learn(_cut_key(x, prover, key))
        # Where others have a hash, there is none: the very octets are shown.
        whole = derive(f"data for AUTH{x.letter(prover)}", octets, "RFC 8420 §2", scope=x.ledger.scope)
        good = algorithm == ED25519 and ed25519_verifies(key, octets.octets, payload.data[front:])
        return Checked(good, x.ledger.learn(whole), auth)
    if isinstance(key, EcdsaKey):
        expected = derive(symbol, Hash(key.hash, octets), "RFC 4754 §3", scope=x.ledger.scope)
        raw: bytes | None = payload.data
        if modern:
            own = any(algorithm == named.ecdsa for named in HASHES.values() if named.function == key.hash)
            raw = _raw_pair(payload.data[front:], key.curve.size) if own else None
        elif payload.method != _ECDSA_METHODS[key.curve.label]:
            raw = None
        good = raw is not None and ecdsa_verifies(key, octets.octets, raw)
        return Checked(good, x.ledger.learn(expected), auth)
    named = next((named for named in HASHES.values() if algorithm == named.rsa), None) if modern else None
    known = payload.method == AuthMethod.RSA or named is not None
    expected = x.ledger.learn(derive(symbol, _digest(named, octets), "RFC 7296 §2.15", scope=x.ledger.scope))
    opened = _recover(x, prover, key, auth[front:] if front else auth)
    return Checked(known and opened.octets == expected.octets, expected, opened)


def _cut_key(x: IkeAuth, prover: Role, key: Ed25519Key) -> Term:
    """The public key, cut out of the certificate, so that it leads back to the octets that came."""
    side, owner = x.letter(prover), str(x.party.role.other)
    A = ed25519_public_term(key, side.upper(), owner, x.ledger.scope)
    CERT = x.ledger[f"CERT{side}"]
    at = CERT.octets.find(A.octets)
    cut, scope = CERT[at : at + len(A.octets)], x.ledger.scope
    return derive(A.symbol, cut, "RFC 8410 §4", scope=scope, nature=Nature.PUBLIC, owner=owner)


def _recover(x: IkeAuth, prover: Role, key: RsaKey, signature: Expr) -> Term:
    side = x.letter(prover)
    n, e = rsa_public_terms(key, side.upper(), str(x.party.role.other), x.ledger.scope)
    x.ledger.learn(n, e)
    recovered = RsaRecover(key, signature, n, e)
    return x.ledger.learn(derive(f"AUTH{side} opened", recovered, "RFC 7296 §2.15", scope=x.ledger.scope))


def _raw_pair(der: bytes, size: int) -> bytes | None:
    """R | s, each ``size`` octets, or ``None`` if it is no such pair."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    try:
        r, s = decode_dss_signature(der)
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    except (ValueError, OverflowError):
        return None
