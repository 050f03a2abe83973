"""Authentication with signatures (RFC 2409 §5.1, RFC 4754), and its hybrid with a login (hybrid-auth draft)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from explorer.crypto.certificate import Certificate, check_chain, parse
from explorer.crypto.credential import Credential
from explorer.crypto.ecdsa import (
    CURVES,
    EcdsaKey,
    EcdsaPrivateKey,
    ecdsa_private_term,
    ecdsa_public_term,
    ecdsa_verifies,
)
from explorer.crypto.ecdsa_signature import EcdsaSign
from explorer.crypto.ed25519 import Ed25519Key
from explorer.crypto.expression import Expr
from explorer.crypto.rsa import RsaKey, RsaPrivateKey, octets_of, rsa_private_term, rsa_public_terms
from explorer.crypto.rsa_signature import RsaRecover, RsaSign
from explorer.crypto.term import Configured, Nature, Term, derive
from explorer.engine.refusal import Refusal
from explorer.events import Role, Verified
from explorer.protocols.ikev1.authentication import Authentication
from explorer.protocols.ikev1.identity import identity_text
from explorer.protocols.ikev1.keys import Prfs, skeyid_with_signatures
from explorer.registry.certificate import CertificateEncoding
from explorer.registry.ipsec import IdType
from explorer.registry.isakmp import NotifyType
from explorer.registry.phase1 import AuthenticationMethod

if TYPE_CHECKING:
    from explorer.protocols.ikev1.phase1 import Phase1

_CITE = "RFC 2409 §5.1"
_ECDSA = {
    AuthenticationMethod.ECDSA_256: "P-256",
    AuthenticationMethod.ECDSA_384: "P-384",
    AuthenticationMethod.ECDSA_521: "P-521",
}


def letter(role: Role) -> str:
    """``I`` or ``R``, as in HASH_I and SIG_R."""
    return "I" if role is Role.INITIATOR else "R"


class Signatures(Authentication):
    """Each side signs its hash, and sends the certificate that says whose signature it is."""

    family = "signature"
    cite = _CITE

    def configure(self, x: Phase1) -> None:
        """Whose certificates are wanted: the first authority, by its name (RFC 2408 §3.10)."""
        symbol = f"CERTREQ_{letter(x.role)}"
        if x.party.config.authorities and symbol not in x.ledger:
            body = bytes((CertificateEncoding.X509_SIGNATURE,)) + x.party.config.authorities[0].subject
            origin = Configured("RFC 2408 §3.10")
            x.ledger.learn(Term(symbol, body, origin, scope=x.ledger.scope, owner=str(x.party.role)))

    def skeyid(self, x: Phase1) -> Term:
        """prf(Ni_b | Nr_b, g^xy)."""
        return skeyid_with_signatures(x.prf, x.ledger["Ni_b"], x.ledger["Nr_b"], x.ledger["g^xy"])

    def proof_prf(self, x: Phase1) -> Prfs:
        """ECDSA signs a hash of its curve's own size, so HASH_I is made with that hash (RFC 4754 §3)."""
        label = next((label for number, label in _ECDSA.items() if number == self.number), None)
        curve = next((curve for curve in CURVES.values() if curve.label == label), None)
        return Prfs(curve.hash) if curve is not None else x.prf

    def prove(self, x: Phase1) -> None:
        """Sign HASH_I or HASH_R as it is, without a second hash and without saying which hash it was."""
        x.identify()
        credential, side = self._credential(x), letter(x.role)
        HASH = x.ledger.learn(self.expected(x, x.role))
        body = bytes((CertificateEncoding.X509_SIGNATURE,)) + credential.certificate.der
        origin, scope, owner = Configured("RFC 2408 §3.9"), x.ledger.scope, str(x.party.role)
        x.ledger.learn(Term(f"CERT_{side}", body, origin, scope=scope, owner=owner))
        x.ledger.learn(derive(f"SIG_{side}", self._sign(x, credential, HASH), _CITE, scope=scope, owner=owner))

    def _credential(self, x: Phase1) -> Credential:
        credential = x.party.config.credential
        if credential is None:
            raise Refusal("This side has no certificate", _CITE, NotifyType.CERTIFICATE_UNAVAILABLE)
        self._demand_kind(credential.key, "This side's key is for", NotifyType.CERTIFICATE_UNAVAILABLE)
        return credential

    def _demand_kind(self, key: object, has: str, notify: NotifyType) -> None:
        """A key counts only if it is of the kind that was agreed on."""
        held = _kind(key)
        if held != self._wanted:
            raise Refusal(f"{has} {held}, {self._wanted} was agreed on", _CITE, notify)

    @property
    def _wanted(self) -> str:
        """The kind of key that was agreed on."""
        return next((label for number, label in _ECDSA.items() if number == self.number), "RSA")

    def _sign(self, x: Phase1, credential: Credential, HASH: Term) -> Expr:
        side, scope, owner, key = letter(x.role), x.ledger.scope, str(x.party.role), credential.key
        if isinstance(key, RsaPrivateKey):
            d = x.ledger.learn(rsa_private_term(key, side, owner, scope))
            n, e = rsa_public_terms(key, side, owner, scope)
            x.ledger.learn(n, e)
            return RsaSign(key, HASH, d, n)
        assert isinstance(key, EcdsaPrivateKey)
        d = x.ledger.learn(ecdsa_private_term(key, side, owner, scope))
        return EcdsaSign(key, HASH, d, hashed=True)

    # ---------------------------------------------------------------- checking

    def verify(self, x: Phase1) -> None:
        """The certificate, the name in it, then the signature made with its key."""
        prover = x.role.other
        certificate = self._certificate(x, prover)
        self._check_name(x, prover, certificate)
        expected = x.ledger.learn(self.expected(x, prover))
        SIG, proves = x.ledger[f"SIG_{letter(prover)}"], x.party.role.other
        if isinstance(certificate.public_key, RsaKey):
            received = x.ledger.learn(self._recover(x, prover, certificate.public_key, SIG))
            good = received.octets == expected.octets
        else:
            # What was agreed on is RSA or a curve, and the certificate was held against it.
            assert isinstance(certificate.public_key, EcdsaKey)
            received = SIG
            x.ledger.learn(_cut_point(x, prover, certificate.public_key))
            good = ecdsa_verifies(certificate.public_key, expected.octets, SIG.octets, hashed=True)
        if not good:
            reason = f"{SIG.symbol} is no signature of {expected.symbol} by the key in the certificate"
            raise Refusal(reason, _CITE, NotifyType.INVALID_SIGNATURE, expected=expected, received=received)
        x.party.emit(Verified(SIG.symbol, expected, received, proves, _CITE))

    def _certificate(self, x: Phase1, prover: Role) -> Certificate:
        """The one that has come, or the one that this side has already; its key is of the kind that was agreed on."""
        certificate = self._sent_or_known(x, prover)
        self._demand_kind(certificate.public_key, "The certificate has a key for", NotifyType.INVALID_SIGNATURE)
        return certificate

    @staticmethod
    def _sent_or_known(x: Phase1, prover: Role) -> Certificate:
        symbol = f"CERT_{letter(prover)}"
        if symbol not in x.ledger:
            if x.party.config.peer_certificate is None:
                raise Refusal("No certificate has come", _CITE, NotifyType.CERTIFICATE_UNAVAILABLE)
            return x.party.config.peer_certificate
        body = x.ledger[symbol].octets
        if body[:1] != bytes((CertificateEncoding.X509_SIGNATURE,)):
            name = CertificateEncoding.name_of(body[0]) if body else "none"
            raise Refusal(
                f"The certificate is encoded as {name}", "RFC 2408 §5.9", NotifyType.INVALID_CERT_ENCODING
            )
        try:
            certificate = parse(body[1:])
        except ValueError as error:
            said = str(error)
            raise Refusal(said[:1].upper() + said[1:], "RFC 2408 §5.9", NotifyType.INVALID_CERTIFICATE) from error
        reason = check_chain(certificate, x.party.config.authorities, x.party.config.epoch + x.party.link.now)
        if reason:
            said = f"The certificate of {certificate.subject_text} {reason}"
            raise Refusal(said, "RFC 2408 §5.9", NotifyType.INVALID_CERTIFICATE)
        return certificate

    @staticmethod
    def _check_name(x: Phase1, prover: Role, certificate: Certificate) -> None:
        """An identity counts only if the certificate says so too; otherwise anybody certified could be anybody."""
        body = x.ledger["IDii_b" if prover is Role.INITIATOR else "IDir_b"].octets
        if body[0] == IdType.DER_ASN1_DN:
            good = body[4:] == certificate.subject
        else:
            good = certificate.is_named(_NAME_KINDS.get(body[0], ""), identity_text(body))
        if not good:
            names = ", ".join((*certificate.names, certificate.subject_text))
            rule = f"The certificate is for {names}, the peer says that it is {identity_text(body)}"
            raise Refusal(rule, "RFC 2407 §4.6.2", NotifyType.INVALID_ID_INFORMATION)

    def _recover(self, x: Phase1, prover: Role, key: RsaKey, SIG: Term) -> Term:
        side, scope = letter(prover), x.ledger.scope
        n, e = _cut_numbers(x, prover, key)
        x.ledger.learn(n, e)
        return derive(f"HASH_{side}(SIG)", RsaRecover(key, SIG, n, e), _CITE, scope=scope)


_NAME_KINDS: Mapping[int, str] = {IdType.FQDN: "dns", IdType.USER_FQDN: "mail", IdType.IPV4_ADDR: "address"}
"""Which of a certificate's names an identity can be; one that is only octets can be none."""


def _kind(key: object) -> str:
    """What a key is for; a peer's certificate may have one that IKEv1 has no use for."""
    if isinstance(key, Ed25519Key):
        return "Ed25519"
    return key.curve.label if isinstance(key, EcdsaKey | EcdsaPrivateKey) else "RSA"


def _cut_numbers(x: Phase1, prover: Role, key: RsaKey) -> tuple[Term, Term]:
    """Modulus and exponent, cut out of the certificate, so that they lead back to its octets."""
    side, owner = letter(prover), x.owner(prover)
    n, e = rsa_public_terms(key, side, owner, x.ledger.scope)
    if f"CERT_{side}" not in x.ledger:
        return n, e
    CERT = x.ledger[f"CERT_{side}"]
    at = CERT.octets.find(n.octets)
    if at < 0:
        return n, e
    behind = at + key.size
    # The exponent follows the modulus as an INTEGER of its own: 02, length, value (RFC 8017 A.1.1).
    size = octets_of(key.e)
    cite, scope = "RFC 8017 A.1.1", x.ledger.scope
    return (
        derive(n.symbol, CERT[at:behind], cite, scope=scope, nature=Nature.PUBLIC, owner=owner),
        derive(e.symbol, CERT[behind + 2 : behind + 2 + size], cite, scope=scope, nature=Nature.PUBLIC, owner=owner)
        if CERT.octets[behind + 2 : behind + 2 + size] == e.octets
        else e,
    )


def _cut_point(x: Phase1, prover: Role, key: EcdsaKey) -> Term:
    """The public point, cut out of the certificate."""
    side, owner = letter(prover), x.owner(prover)
    Q = ecdsa_public_term(key, side, owner, x.ledger.scope)
    CERT = x.ledger.find(f"CERT_{side}")
    at = CERT.octets.find(Q.octets) if CERT is not None else -1
    if CERT is None or at < 0:
        return Q
    cut = CERT[at : at + len(Q.octets)]
    return derive(Q.symbol, cut, "RFC 5480 §2.2", scope=x.ledger.scope, nature=Nature.PUBLIC, owner=owner)


class Hybrid(Signatures):
    """Only the gateway signs; the user sends a hash that proves nothing, and logs in afterwards.

    A group secret that many users share would let each of them play the gateway; a certificate does not.
    """

    family = "hybrid"
    cite = "draft-ietf-ipsec-isakmp-hybrid-auth-05 §3.2"

    def configure(self, x: Phase1) -> None:
        """Only the user wants a certificate; it has none to give."""
        if x.role is self.user:
            super().configure(x)

    def prove(self, x: Phase1) -> None:
        """The user's side has no key: its hash shows only that it took part in this exchange."""
        if x.role is self.user:
            Authentication.prove(self, x)
        else:
            super().prove(x)

    def verify(self, x: Phase1) -> None:
        """The user's hash is checked, but names nobody yet: that is what the login is for."""
        if x.role is self.user:
            super().verify(x)
            return
        prover = x.role.other
        received = x.ledger[f"HASH_{letter(prover)}"]
        expected = x.ledger.learn(self.expected(x, prover))
        x.ledger.verify(expected, received, None, self.cite)
