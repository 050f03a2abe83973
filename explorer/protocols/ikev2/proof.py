"""The AUTH payload (RFC 7296 §2.15, RFC 7427): shared keys and signatures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from explorer.crypto.certificate import Certificate, check_chain, parse
from explorer.crypto.expression import Expr
from explorer.crypto.term import Configured, Nature, Term
from explorer.engine.refusal import Refusal
from explorer.events import Role, Verified
from explorer.protocols.ikev2.config import identity_text
from explorer.protocols.ikev2.ike_sa import Resumed
from explorer.protocols.ikev2.keys import auth_octets, resumed_auth, shared_key_auth
from explorer.protocols.ikev2.signature import sign, verify
from explorer.registry.certificate import CertificateEncoding
from explorer.registry.ikev2 import AuthMethod, V2IdType
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.wire.ikev2 import V2Auth

if TYPE_CHECKING:
    from explorer.protocols.ikev2.ike_auth import IkeAuth

_CITE = "RFC 7296 §2.15"
_FAILED = V2NotifyType.AUTHENTICATION_FAILED


def SK_p(x: IkeAuth, prover: Role) -> Term:
    """The key of one side that is for proofs (RFC 7296 §2.14)."""
    return x.sa.keys.SK_pi if prover is Role.INITIATOR else x.sa.keys.SK_pr


def signed_octets(x: IkeAuth, prover: Role) -> Expr:
    """Own first message, the other's nonce, own identity under SK_p, and IntAuth where there is one."""
    sa, ledger = x.sa, x.ledger
    mine = prover is Role.INITIATOR
    message = ledger["RealMessage1" if mine else "RealMessage2"]
    nonce = ledger["Nr" if mine else "Ni"]
    identity = ledger["IDi_b" if mine else "IDr_b"]
    octets = auth_octets(message, nonce, sa.suite.prf, SK_p(x, prover), identity, x.int_auth())
    for term in octets.terms():
        if term.symbol.startswith("MACedID"):
            ledger.learn(term)
    return octets


def make(x: IkeAuth) -> tuple[int, Term]:
    """This side's AUTH: its method, and the data."""
    config, prover = x.party.config, x.role
    octets = signed_octets(x, prover)
    symbol = f"AUTH{x.letter(prover)}"
    if x.sa.resumed is not None:
        return int(AuthMethod.SHARED_KEY), _resumed_auth(x, prover, symbol, octets)
    if config.method == "psk":
        secret = _secret(x, None)
        return int(AuthMethod.SHARED_KEY), shared_key_auth(symbol, x.sa.suite.prf, secret, octets, x.ledger.scope)
    if config.method == "null":
        return int(AuthMethod.NULL), _null_auth(x, prover, symbol, octets)
    if config.credential is None:
        raise Refusal("This side has no certificate", _CITE, _FAILED)
    return sign(x, config.credential.key, octets, symbol)


def _null_auth(x: IkeAuth, prover: Role, symbol: str, octets: Expr) -> Term:
    """SK_p in place of a secret: it shows that this is still the same peer, whoever that is (RFC 7619 §2.1)."""
    return shared_key_auth(symbol, x.sa.suite.prf, SK_p(x, prover), octets, x.ledger.scope)


def _resumed_auth(x: IkeAuth, prover: Role, symbol: str, octets: Expr) -> Term:
    return resumed_auth(symbol, x.sa.suite.prf, SK_p(x, prover), octets, x.ledger.scope)


def _secret(x: IkeAuth, identity: bytes | None) -> Term:
    """The pre-shared key: by whom the peer says that it is, or is expected to be; or with which it has been proven."""
    config, held = x.party.config, x.ledger.find("psk")
    if identity is None and held is not None:
        return held
    expected = config.expects.body if config.expects is not None else b"\0\0\0\0"
    psk = config.key_for(identity if identity is not None else expected, x.party.link.remote.address)
    if psk is None:
        raise Refusal("No pre-shared key for this peer", _CITE, _FAILED)
    if held is not None and held.octets != psk:
        who = identity_text(identity) if identity is not None else "the peer"
        raise Refusal(f"The pre-shared key for {who} is not the one in use here", _CITE, _FAILED)
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
    identity = x.proven = check_identity(x, prover)
    payload = x.message.find(V2Auth)
    assert payload is not None
    received = x.ledger[f"AUTH{x.letter(prover)}"]
    octets = signed_octets(x, prover)
    if x.sa.resumed is not None:
        _check_resumed(x, x.sa.resumed, prover, payload, octets, received)
        return
    if payload.method == AuthMethod.SHARED_KEY:
        secret = _secret(x, identity)
        made = shared_key_auth(received.symbol, x.sa.suite.prf, secret, octets, x.ledger.scope)
        x.ledger.verify(x.ledger.learn(made), received, x.party.role.other, _CITE, _FAILED)
        return
    if payload.method == AuthMethod.NULL:
        if not x.party.config.accepts_null:
            raise Refusal("The peer proves nothing about itself, and this side wants a proof", "RFC 7619 §2.1", _FAILED)
        x.proven = b""
        made = _null_auth(x, prover, received.symbol, octets)
        x.ledger.verify(x.ledger.learn(made), received, None, "RFC 7619 §2.1", _FAILED)
        return
    _check_signature(x, prover, payload, octets, received, identity)


def _check_resumed(
    x: IkeAuth, resumed: Resumed, prover: Role, payload: V2Auth, octets: Expr, received: Term
) -> None:
    """Whoever was proven then is proven now; nobody else can be (RFC 5723 §4.3.3)."""
    was, symbol = (resumed.IDi, "IDi_b") if prover is Role.INITIATOR else (resumed.IDr, "IDr_b")
    if x.ledger[symbol].octets != was:
        who, before = identity_text(x.ledger[symbol].octets), identity_text(was)
        raise Refusal(f"The ticket is {before}'s, the peer says that it is {who}", "RFC 5723 §4.3.3", _FAILED)
    if payload.method != AuthMethod.SHARED_KEY:
        raise Refusal("With a ticket goes a proof with its keys alone", "RFC 5723 §5.1", _FAILED)
    x.proven = resumed.who
    made = _resumed_auth(x, prover, received.symbol, octets)
    x.ledger.verify(x.ledger.learn(made), received, x.party.role.other, "RFC 5723 §5.1", _FAILED)


def check_identity(x: IkeAuth, prover: Role) -> bytes:
    """Who the other side says that it is: it must be whom this side expects, if it expects somebody.

    Raises:
        Refusal: it is somebody else.
    """
    identity = x.ledger["IDi_b" if prover is Role.INITIATOR else "IDr_b"].octets
    expected = x.party.config.expects
    # The reserved octets are covered by AUTH as they came, and mean nothing (RFC 7296 §3.5).
    if expected is not None and (expected.id_type, expected.data) != (identity[0], identity[4:]):
        reason = f"The peer says that it is {identity_text(identity)}, not {identity_text(expected.body)}"
        raise Refusal(reason, "RFC 7296 §2.15", _FAILED)
    return identity


def _check_signature(
    x: IkeAuth, prover: Role, payload: V2Auth, octets: Expr, received: Term, identity: bytes
) -> None:
    certificate = _certificate(x, prover)
    if not _is_named(certificate, identity):
        names = ", ".join((*certificate.names, certificate.subject_text))
        reason = f"The certificate is for {names}, the peer says that it is {identity_text(identity)}"
        raise Refusal(reason, "RFC 7296 §2.15", _FAILED)
    good, expected, shown = verify(x, prover, certificate, payload, octets, received)
    if not good:
        reason = f"{received.symbol} is no signature by the key in the certificate"
        raise Refusal(reason, _CITE, _FAILED, expected=expected, received=shown)
    x.party.emit(Verified(f"AUTH{x.letter(prover)}", expected, shown, x.party.role.other, _CITE))


_NAME_KINDS: Mapping[int, str] = {
    V2IdType.FQDN: "dns", V2IdType.RFC822_ADDR: "mail", V2IdType.IPV4_ADDR: "address"}


def _is_named(certificate: Certificate, identity: bytes) -> bool:
    """An identity is proven by a name of its own type alone; of type ID_KEY_ID a certificate has none (RFC 7296 §3.5).

    Otherwise who is certified as a host could be a user of the same name.
    """
    id_type, data = identity[0], identity[4:]
    if id_type == V2IdType.DER_ASN1_DN:
        return data == certificate.subject
    return certificate.is_named(_NAME_KINDS.get(id_type, ""), identity_text(identity))


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


