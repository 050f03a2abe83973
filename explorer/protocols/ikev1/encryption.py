"""Authentication with public key encryption (RFC 2409 §5.2) and its revised mode (§5.3): SKEME's inheritance.

Each side sends its identity and nonce so that only the other can read them.  Who can make HASH_I or HASH_R has
read the nonce, and so holds the private key; and whoever holds both nonces could have made all of it alone, so that
nobody can prove to others that a peer took part.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from explorer.crypto.certificate import Certificate
from explorer.crypto.expression import Encrypt, Expr, Hash, LastBlock, Plain
from explorer.crypto.rsa import RsaKey, RsaPrivateKey, rsa_private_term, rsa_public_terms
from explorer.crypto.rsa_encryption import RsaDecrypt, RsaEncrypt, nonzero_padding
from explorer.crypto.term import Configured, Drawn, Nature, Term, constant, derive
from explorer.engine.notation import Word
from explorer.engine.refusal import Refusal
from explorer.events import Binding, Decrypted, Event, Learned, Role
from explorer.octets import Buffer, Span
from explorer.protocols.ikev1.authentication import Authentication
from explorer.protocols.ikev1.binding import Named
from explorer.protocols.ikev1.keys import expand, nonce_key, skeyid_with_encryption
from explorer.protocols.ikev1.signatures import letter
from explorer.registry.isakmp import NotifyType, PayloadType
from explorer.wire.body import read_body
from explorer.wire.field import Tree
from explorer.wire.message import Message
from explorer.wire.payloads import BODIES_ENCRYPTED, KEY_ENCRYPTED_TOO

if TYPE_CHECKING:
    from explorer.protocols.ikev1.phase1 import Phase1

_SHORTEST, _LONGEST = 8, 256
"""Octets of a nonce (RFC 2409 §5)."""


class Opened(NamedTuple):
    """What was inside one body: the term, the tree of its buffer, and what there is to tell of it."""

    term: Term
    tree: Tree
    events: list[Event]


class PublicKeyEncryption(Authentication):
    """Identity and nonce are encrypted with the receiver's public key, each by itself (RFC 2409 §5.2)."""

    family = "encryption"
    cite = "RFC 2409 §5.2"
    dialect = BODIES_ENCRYPTED

    # ---------------------------------------------------------------- keys

    def _peer(self, x: Phase1) -> tuple[Certificate, RsaKey]:
        certificate = x.party.config.peer_certificate
        if certificate is None or not isinstance(certificate.public_key, RsaKey):
            reason = "This side has no RSA public key of the peer, which it needs before it can say anything"
            raise Refusal(reason, self.cite, NotifyType.CERTIFICATE_UNAVAILABLE)
        return certificate, certificate.public_key

    def _own(self, x: Phase1) -> tuple[Certificate, RsaPrivateKey]:
        credential = x.party.config.credential
        if credential is None or not isinstance(credential.key, RsaPrivateKey):
            raise Refusal("This side has no RSA key", self.cite, NotifyType.CERTIFICATE_UNAVAILABLE)
        return credential.certificate, credential.key

    def configure(self, x: Phase1) -> None:
        """Both public keys are known beforehand, and this side's private key to itself."""
        ledger, owner = x.ledger, str(x.party.role)
        if f"d_{letter(x.role)}" in ledger:
            return
        certificate, key = self._own(x)
        peer, peer_key = self._peer(x)
        ledger.learn(rsa_private_term(key, letter(x.role), owner, ledger.scope))
        ledger.learn(*rsa_public_terms(key, letter(x.role), owner, ledger.scope))
        ledger.learn(*rsa_public_terms(peer_key, letter(x.role.other), x.owner(x.role.other), ledger.scope))
        for whose, held in ((x.role, certificate), (x.role.other, peer)):
            body, origin = held.der, Configured(self.cite)
            name = f"Cert_{letter(whose)}"
            ledger.learn(Term(name, body, origin, scope=ledger.scope, owner=x.owner(whose)))

    def skeyid(self, x: Phase1) -> Term:
        """prf(hash(Ni_b | Nr_b), CKY-I | CKY-R): g^xy is not in it."""
        return skeyid_with_encryption(
            x.prf, *(x.ledger[s] for s in ("Ni_b", "Nr_b", "CKY-I", "CKY-R"))
        )

    # ---------------------------------------------------------------- sending

    def conceal(self, x: Phase1) -> None:
        """Everything of this side's message that only the other may read; identity and nonce are in the ledger."""
        self.configure(x)
        self._name_key(x)
        for symbol in (f"IDi{x.side}_b", f"N{x.side}_b"):
            self._encrypt(x, symbol)

    def _name_key(self, x: Phase1) -> None:
        """The initiator says which of the responder's keys it has used: HASH(1), the hash of the certificate."""
        if x.role is Role.INITIATOR:
            hashed = Hash(x.policy.hash_function, x.ledger["Cert_R"])
            made = derive("HASH(1)", hashed, self.cite, scope=x.ledger.scope, nature=Nature.PUBLIC)
            x.ledger.learn(made)

    def _encrypt(self, x: Phase1, symbol: str) -> None:
        ledger, receiver = x.ledger, letter(x.role.other)
        key = self._peer(x)[1]
        plain = ledger[symbol]
        purpose = f"{ledger.scope}/{x.party.role}/PS({symbol})"
        tries = count()
        try:
            padding = nonzero_padding(
                key, len(plain.octets), lambda size: x.party.entropy.draw(size, f"{purpose}/{next(tries)}")
            )
        except ValueError as error:
            raise Refusal(f"{symbol} is too long: {error}", self.cite) from error
        origin, owner = Drawn(f"PS({symbol})", "RFC 8017 §7.2.1"), str(x.party.role)
        PS = ledger.learn(
            Term(f"PS({symbol})", padding, origin, scope=ledger.scope, nature=Nature.SECRET, owner=owner)
        )
        sealed = RsaEncrypt(key, plain, PS, ledger[f"e_{receiver}"], ledger[f"n_{receiver}"])
        name = f"<{symbol}>PubKey_{x.other_side}"
        ledger.learn(derive(name, sealed, self.cite, scope=ledger.scope, nature=Nature.ENCRYPTED))

    def prove(self, x: Phase1) -> None:
        """The identity has gone already; what is left is the hash."""
        x.ledger.learn(self.expected(x, x.role))

    # ---------------------------------------------------------------- reading

    def open_bodies(
        self, x: Phase1, words: Named, message: Message, bindings: list[Binding]
    ) -> tuple[Message, list[Binding], list[Event]]:
        """Decrypt each body; a padding error leads on to a nonce that nobody knows, and so to a wrong hash."""
        events: list[Event] = []
        self.configure(x)
        self._check_key(x, words, message)
        inner: list[Binding] = []
        for index, word in _in_order(words):
            sealed = next(term for term, span in bindings if span == message.body(index))
            term, tree, more = self._open(x, word, sealed, message.body(index))
            events += more
            x.ledger.hold(term)
            message = message._replace(trees=(*message.trees, tree))
            inner.append(Binding(term, Span(tree.buffer, 0, len(term.octets))))
        return message, inner, events

    def _open(self, x: Phase1, word: Word, sealed: Term, span: Span) -> Opened:
        side = letter(x.role)
        opened = RsaDecrypt(self._own(x)[1], sealed, x.ledger[f"d_{side}"], x.ledger[f"n_{side}"])
        octets = opened.octets
        if word.payload_type == PayloadType.NONCE and not _SHORTEST <= len(octets) <= _LONGEST:
            octets = (octets + sealed.octets)[:20]
        return self._reveal(x, word, octets, span, Decrypted(span, x.ledger[f"d_{side}"], None))

    def _reveal(self, x: Phase1, word: Word, octets: bytes, span: Span, event: Event, padding: int = 0) -> Opened:
        buffer = Buffer(word.sealed, octets, span)
        tree = read_body(word.payload_type, buffer, padding)
        body = Span(buffer, 0, len(octets) - padding)
        term = Term(word.sealed, body.octets, body, scope=x.ledger.scope, owner=x.owner(x.role.other))
        return Opened(term, tree, [event])

    def _check_key(self, x: Phase1, words: Named, message: Message) -> None:
        """HASH(1) must be of this side's own certificate."""
        index = next((i for i, (text, _) in enumerate(words) if text == "HASH(1)"), None)
        if index is None or x.role is Role.INITIATOR:
            return
        own = Hash(x.policy.hash_function, x.ledger["Cert_R"])
        if message.body(index).octets != own.octets:
            reason = "HASH(1) names a certificate that is not this side's"
            raise Refusal(reason, self.cite, NotifyType.INVALID_CERTIFICATE)

    def show_bodies(self, x: Phase1, words: Named, message: Message) -> tuple[Message, list[Binding]]:
        """The sender knows what it has encrypted; it stands in buffers of its own."""
        inner: list[Binding] = []
        for index, word in _in_order(words):
            plain = x.ledger[word.sealed]
            octets, padding = self._filled(x, plain.octets, word)
            buffer = Buffer(word.sealed, octets, message.body(index))
            message = message._replace(trees=(*message.trees, read_body(word.payload_type, buffer, padding)))
            inner.append(Binding(plain, Span(buffer, 0, len(plain.octets))))
        return message, inner

    def _filled(self, x: Phase1, octets: bytes, word: Word) -> tuple[bytes, int]:
        """The plaintext as it is encrypted, and how much of it is padding that belongs to the body's own cipher."""
        return octets, 0


def _in_order(words: Named) -> list[tuple[int, Word]]:
    """The encrypted bodies with their places; the nonce first, as other keys may be made of it."""
    found = [(index, word) for index, (_, word) in enumerate(words) if word is not None and word.sealed]
    return sorted(found, key=lambda item: "PubKey" not in item[1].text)


class RevisedEncryption(PublicKeyEncryption):
    """Only the nonce is encrypted with a public key; all else with a key made of the nonce (RFC 2409 §5.3)."""

    family = "revised"
    cite = "RFC 2409 §5.3"
    dialect = KEY_ENCRYPTED_TOO

    def conceal(self, x: Phase1) -> None:
        """The nonce, then everything else in one chain of blocks."""
        self.configure(x)
        self._name_key(x)
        self._encrypt(x, f"N{x.side}_b")
        made: list[Term] = []
        Ke = self._body_key(x, x.role, made)
        x.ledger.learn(*made)
        iv: Expr = constant("0", bytes(x.policy.cipher.block), self.cite)
        for symbol, name in ((f"g^x{x.side}", "KE_b"), (f"IDi{x.side}_b", f"IDi{x.side}_b")):
            plain = x.ledger[symbol]
            size = self._padding(x, len(plain.octets))
            filled = plain | Plain("padding", bytes(size - 1) + bytes((size - 1,)))
            sealed = derive(
                f"<{name}>Ke_{x.side}",
                Encrypt(x.policy.cipher, Ke, iv, filled),
                self.cite,
                scope=x.ledger.scope,
                nature=Nature.ENCRYPTED,
            )
            x.ledger.learn(sealed)
            iv = LastBlock(sealed, x.policy.cipher.block)

    def _padding(self, x: Phase1, size: int) -> int:
        """Octets of padding: always some, zeros and then one that counts those zeros."""
        return x.policy.cipher.block - size % x.policy.cipher.block

    def _body_key(self, x: Phase1, role: Role, made: list[Term]) -> Term:
        """Ke_i or Ke_r; new terms are put into ``made``."""
        side, cookie = ("i", "CKY-I") if role is Role.INITIATOR else ("r", "CKY-R")
        if f"Ke_{side}" in x.ledger:
            return x.ledger[f"Ke_{side}"]
        Ne = nonce_key(x.prf, f"Ne_{side}", x.ledger[f"N{side}_b"], x.ledger[cookie])
        made += [Ne, *expand(x.prf, Ne, x.policy.cipher, f"Ke_{side}", f"Ke_{side}·K")]
        return made[-1]

    def _open(self, x: Phase1, word: Word, sealed: Term, span: Span) -> Opened:
        if "PubKey" in word.text:
            return super()._open(x, word, sealed, span)
        made: list[Term] = []
        cipher, Ke = x.policy.cipher, self._body_key(x, x.role.other, made)
        if len(sealed.octets) % cipher.block or not sealed.octets:
            reason = f"{word.text} has {len(sealed.octets)} octets, not whole blocks of {cipher.block}"
            raise Refusal(reason, self.cite, NotifyType.PAYLOAD_MALFORMED, offset=span.start)
        for term in made:
            x.ledger.hold(term)
        iv = self._vector(x, word)
        octets = cipher.decrypt(Ke.octets, iv.octets, sealed.octets)
        x.ledger.hold(sealed)
        padding = min(octets[-1] + 1, len(octets))
        revealed = self._reveal(x, word, octets, span, Decrypted(span, Ke, None), padding)
        return revealed._replace(events=[*(Learned(term) for term in made), *revealed.events])

    def _vector(self, x: Phase1, word: Word) -> Expr:
        """Zero for the first body, then the last block of the one before."""
        side = x.other_side
        if word.sealed == f"g^x{side}":
            return constant("0", bytes(x.policy.cipher.block), self.cite)
        return LastBlock(x.ledger[f"<KE_b>Ke_{side}"], x.policy.cipher.block)

    def _filled(self, x: Phase1, octets: bytes, word: Word) -> tuple[bytes, int]:
        if "PubKey" in word.text:
            return octets, 0
        size = self._padding(x, len(octets))
        return octets + bytes(size - 1) + bytes((size - 1,)), size
