"""MODP groups as key exchange methods (RFC 7296 Appendix B, RFC 3526)."""

from __future__ import annotations

from explorer.crypto.expression import Expr, ModExp
from explorer.crypto.groups import ModpGroup, is_usable_public_value, modp_group, modp_sizes
from explorer.crypto.key_exchange_method import KeyExchangeMethod
from explorer.crypto.term import Term, constant

_IKEV2_GROUPS = {1: "RFC 7296 Appendix B.1", 2: "RFC 7296 Appendix B.2"}
"""Groups that IKEv2 prints itself, as RFC 2409 did; the others it takes from RFC 3526."""


class ModpMethod(KeyExchangeMethod):
    """g^i mod p.  The drawn octets are the exponent, the most significant first."""

    def __init__(self, number: int) -> None:
        size, exponent_size = modp_sizes(number)
        self.number = number
        self.label = f"MODP-{8 * size}"
        self.public_size = self.response_size = self.secret_size = size
        self.private_size = self.response_private_size = exponent_size
        self.citation = "RFC 7296 §3.4"

    @property
    def group(self) -> ModpGroup:
        """Prime and generator, computed when first asked for."""
        return modp_group(self.number)

    def public(self, private: Term) -> Expr:
        """g^i mod p, as many octets as the prime (RFC 7296 §3.4)."""
        generator = constant("g", bytes((self.group.generator,)), self._source)
        return ModExp(self.group, generator, private, self._prime)

    def secret(self, private: Term, received: Term, *, initiator: bool) -> Expr:
        """g^ir mod p, as many octets as the prime (RFC 7296 §2.14)."""
        return ModExp(self.group, received, private, self._prime)

    def is_usable(self, octets: bytes, *, from_initiator: bool) -> bool:
        """The right length, and none of 0, 1 and p-1 (RFC 6989 §2.1)."""
        return is_usable_public_value(self.group, octets)

    @property
    def _prime(self) -> Term:
        return constant("p", self.group.prime.to_bytes(self.group.size, "big"), self._source)

    @property
    def _source(self) -> str:
        return _IKEV2_GROUPS.get(self.number) or self.group.citation
