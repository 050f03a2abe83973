"""Encryption of ISAKMP messages: one CBC chain per exchange (RFC 2409 Appendix B)."""

from __future__ import annotations

from explorer.crypto.algorithms import CbcCipher
from explorer.crypto.expression import Concat, Encrypt, Expr, Plain
from explorer.crypto.term import Nature, Term, derive
from explorer.engine.refusal import Refusal
from explorer.octets import Span
from explorer.protocols.ikev1.keys import last_block
from explorer.registry.isakmp import NotifyType

_CITE = "RFC 2409 Appendix B"


class IvChain:
    """Both directions of one exchange share this chain.

    ``number`` counts the messages, so that ``E(5)`` is the ciphertext of Main Mode's fifth.  The chain
    moves only when a message was accepted: what is refused leaves the vector where it was.
    """

    def __init__(self, cipher: CbcCipher, key: Term, iv: Term, first: int) -> None:
        self.cipher = cipher
        self.key = key
        self.iv = iv
        self.number = first

    def copy(self) -> IvChain:
        """The chain as it is now, to go back to if a message turns out to be refused."""
        return IvChain(self.cipher, self.key, self.iv, self.number)

    def seal(self, plaintext: Expr) -> Term:
        """Pad with zeros to whole blocks and encrypt; the chain has not moved yet."""
        missing = -len(plaintext.octets) % self.cipher.block
        padded: Expr = plaintext | Concat((Plain("padding", bytes(missing)),)) if missing else plaintext
        sealed = Encrypt(self.cipher, self.key, self.iv, padded)
        return derive(f"E({self.number})", sealed, _CITE, scope=self.iv.scope, nature=Nature.ENCRYPTED)

    def received(self, span: Span) -> Term:
        """The ciphertext of a received message as a term.

        Raises:
            Refusal: it is not a whole number of blocks.
        """
        if len(span.octets) % self.cipher.block or not span.octets:
            rule = f"Encrypted part has {len(span.octets)} octets, not whole blocks of {self.cipher.block}"
            raise Refusal(rule, _CITE, NotifyType.PAYLOAD_MALFORMED, offset=span.start)
        return Term(f"E({self.number})", span.octets, span, scope=self.iv.scope, nature=Nature.ENCRYPTED)

    def open(self, ciphertext: Term) -> bytes:
        """Decrypt; the chain has not moved yet."""
        return self.cipher.decrypt(self.key.octets, self.iv.octets, ciphertext.octets)

    def advance(self, ciphertext: Term) -> Term:
        """Move on past an accepted message; returns the next initialization vector."""
        self.iv = last_block(self.iv.symbol + "'", ciphertext, self.cipher, self.iv.scope)
        self.number += 1
        return self.iv
