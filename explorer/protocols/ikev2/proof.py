"""The AUTH payload (RFC 7296 §2.15, RFC 7427): shared keys and signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.crypto.algorithms import SHA1, SHA2_256
from explorer.crypto.certificate import Certificate, check_chain, parse
from explorer.crypto.ecdsa import EcdsaKey, EcdsaPrivateKey, ecdsa_private_term, ecdsa_verifies
from explorer.crypto.ecdsa_signature import EcdsaSign
from explorer.crypto.expression import Concat, Expr, Hash, Plain
from explorer.crypto.rsa import RsaKey, RsaPrivateKey, rsa_private_term, rsa_public_terms
from explorer.crypto.rsa_signature import RsaRecover, RsaSign
from explorer.crypto.term import Configured, Nature, Term, derive
from explorer.engine.refusal import Refusal
from explorer.events import Role, Verified
from explorer.protocols.ikev2.config import identity_text
from explorer.protocols.ikev2.keys import auth_octets, shared_key_auth
from explorer.registry.certificate import CertificateEncoding
from explorer.registry.ikev2 import AuthMethod
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.wire.ikev2 import V2Auth

if TYPE_CHECKING:
    from explorer.protocols.ikev2.ike_auth import IkeAuth

_CITE = "RFC 7296 §2.15"
_FAILED = V2NotifyType.AUTHENTICATION_FAILED
_DIGEST_INFO = {
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
}
"""What PKCS #1 v1.5 puts in front of a hash to say which one it is (RFC 8017 §9.2)."""
_RSA_SHA256 = bytes.fromhex("300d06092a864886f70d01010b0500")
"""AlgorithmIdentifier sha256WithRSAEncryption (RFC 7427 A.1.2)."""
_ECDSA = {9: "P-256", 10: "P-384", 11: "P-521"}


def signed_octets(x: IkeAuth, prover: Role) -> Expr:
    """Own first message, the other's nonce, own identity under SK_p, and IntAuth where there is one."""
    sa, ledger = x.sa, x.ledger
    assert sa.keys is not None
    assert sa.suite is not None
    mine = prover is Role.INITIATOR
    message = ledger["RealMessage1" if mine else "RealMessage2"]
    nonce = ledger["Nr" if mine else "Ni"]
    SK_p = sa.keys.SK_pi if mine else sa.keys.SK_pr
    identity = ledger["IDi_b" if mine else "IDr_b"]
    octets = auth_octets(message, nonce, sa.suite.prf, SK_p, identity, x.int_auth())
    for term in octets.terms():
        if term.symbol.startswith("MACedID"):
            ledger.learn(term)
    return octets


def make(x: IkeAuth) -> tuple[int, Term]:
    """This side's AUTH: its method, and the data."""
    config, prover = x.party.config, x.role
    octets = signed_octets(x, prover)
    symbol = f"AUTH{x.letter(prover)}"
    if config.method == "psk":
        secret = _secret(x, None)
        assert x.sa.suite is not None
        return int(AuthMethod.SHARED_KEY), shared_key_auth(symbol, x.sa.suite.prf, secret, octets, x.ledger.scope)
    if config.credential is None:
        raise Refusal("This side has no certificate", _CITE, _FAILED)
    key, owner, big = config.credential.key, str(x.party.role), x.letter(prover).upper()
    if isinstance(key, EcdsaPrivateKey):
        d = x.ledger.learn(ecdsa_private_term(key, big, owner, x.ledger.scope))
        number = next(n for n, label in _ECDSA.items() if label == key.curve.label)
        return number, derive(symbol, EcdsaSign(key, octets, d), "RFC 4754 §3", scope=x.ledger.scope)
    assert isinstance(key, RsaPrivateKey)
    return _sign_rsa(x, key, octets, symbol, big)


def _sign_rsa(x: IkeAuth, key: RsaPrivateKey, octets: Expr, symbol: str, big: str) -> tuple[int, Term]:
    owner, scope = str(x.party.role), x.ledger.scope
    d = x.ledger.learn(rsa_private_term(key, big, owner, scope))
    n, e = rsa_public_terms(key, big, owner, scope)
    x.ledger.learn(n, e)
    if x.party.config.method == "signature" and V2NotifyType.SIGNATURE_HASH_ALGORITHMS in x.sa.peer_supports:
        signature = RsaSign(key, _digest("sha256", octets), d, n)
        data = Concat((Plain("length", bytes((len(_RSA_SHA256),))), Plain("algorithm", _RSA_SHA256), signature))
        return int(AuthMethod.DIGITAL_SIGNATURE), derive(symbol, data, "RFC 7427 §3", scope=scope)
    signature = RsaSign(key, _digest("sha1", octets), d, n)
    return int(AuthMethod.RSA), derive(symbol, signature, "RFC 7296 §3.8", scope=scope)


def _digest(name: str, octets: Expr) -> Expr:
    function = SHA1 if name == "sha1" else SHA2_256
    return Plain("DigestInfo", _DIGEST_INFO[name]) | Hash(function, octets)


def _secret(x: IkeAuth, identity: bytes | None) -> Term:
    """The pre-shared key: by whom the peer says that it is, or is expected to be."""
    config = x.party.config
    expected = config.expects.body if config.expects is not None else b"\0\0\0\0"
    psk = config.key_for(identity if identity is not None else expected, x.party.link.remote.address)
    if psk is None:
        raise Refusal("No pre-shared key for this peer", _CITE, _FAILED)
    held = x.ledger.find("psk")
    return held or x.ledger.learn(
        Term("psk", psk, Configured(_CITE), scope=x.sa.ledger.scope, nature=Nature.SECRET, owner="")
    )


# ---------------------------------------------------------------- checking


def check(x: IkeAuth) -> None:
    """The other side's AUTH.

    Raises:
        Refusal: it proves nothing.
    """
    prover = x.role.other
    identity = x.ledger["IDi_b" if prover is Role.INITIATOR else "IDr_b"].octets
    expected = x.party.config.expects
    if expected is not None and expected.body != identity:
        reason = f"The peer says that it is {identity_text(identity)}, not {identity_text(expected.body)}"
        raise Refusal(reason, "RFC 7296 §2.15", _FAILED)
    payload = x.message.find(V2Auth)
    assert payload is not None
    received = x.ledger[f"AUTH{x.letter(prover)}"]
    octets = signed_octets(x, prover)
    if payload.method == AuthMethod.SHARED_KEY:
        secret = _secret(x, identity)
        assert x.sa.suite is not None
        made = shared_key_auth(received.symbol, x.sa.suite.prf, secret, octets, x.ledger.scope)
        x.ledger.verify(x.ledger.learn(made), received, x.party.role.other, _CITE, _FAILED)
        return
    _check_signature(x, prover, payload, octets, received, identity)


def _check_signature(
    x: IkeAuth, prover: Role, payload: V2Auth, octets: Expr, received: Term, identity: bytes
) -> None:
    certificate = _certificate(x, prover)
    if identity_text(identity) not in certificate.names and identity[4:] != certificate.subject:
        names = ", ".join((*certificate.names, certificate.subject_text))
        reason = f"The certificate is for {names}, the peer says that it is {identity_text(identity)}"
        raise Refusal(reason, "RFC 7296 §2.15", _FAILED)
    key, scope, big = certificate.public_key, x.ledger.scope, x.letter(prover).upper()
    if isinstance(key, EcdsaKey):
        good = payload.method in _ECDSA and ecdsa_verifies(key, octets.octets, payload.data)
        expected = derive("signed octets", Hash(key.hash, octets), "RFC 4754 §3", scope=scope)
    else:
        expected, good, received = _check_rsa(x, key, payload, octets, received, big)
    if not good:
        reason = f"{received.symbol} is no signature by the key in the certificate"
        raise Refusal(reason, _CITE, _FAILED, expected=expected, received=received)
    x.party.emit(Verified(f"AUTH{x.letter(prover)}", expected, received, x.party.role.other, _CITE))


def _check_rsa(
    x: IkeAuth, key: RsaKey, payload: V2Auth, octets: Expr, received: Term, big: str
) -> tuple[Term, bool, Term]:
    n, e = rsa_public_terms(key, big, str(x.party.role.other), x.ledger.scope)
    x.ledger.learn(n, e)
    modern = payload.method == AuthMethod.DIGITAL_SIGNATURE
    front = 1 + len(_RSA_SHA256) if modern else 0
    known = payload.method == AuthMethod.RSA or payload.data[1:front] == _RSA_SHA256
    expected = derive("signed octets", _digest("sha256" if modern else "sha1", octets), _CITE, scope=x.ledger.scope)
    x.ledger.learn(expected)
    signature: Expr = received[front:] if modern else received
    opened = derive(f"AUTH{big.lower()} opened", RsaRecover(key, signature, n, e), _CITE, scope=x.ledger.scope)
    x.ledger.learn(opened)
    return expected, known and opened.octets == expected.octets, opened


def _certificate(x: IkeAuth, prover: Role) -> Certificate:
    held = x.ledger.find(f"CERT{x.letter(prover)}")
    if held is None or held.octets[:1] != bytes((CertificateEncoding.X509_SIGNATURE,)):
        raise Refusal("No certificate of a known kind has come", "RFC 7296 §3.6", _FAILED)
    try:
        certificate = parse(held.octets[1:])
    except ValueError as error:
        raise Refusal("The certificate cannot be read", "RFC 7296 §3.6", _FAILED) from error
    config = x.party.config
    reason = check_chain(certificate, tuple(config.authorities), config.epoch + x.party.link.now)
    if reason:
        raise Refusal(f"The certificate of {certificate.subject_text} {reason}", "RFC 7296 §3.6", _FAILED)
    return certificate


