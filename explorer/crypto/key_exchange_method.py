"""What every key exchange method of IKEv2 (transform type 4) can do."""

from __future__ import annotations

from abc import ABC, abstractmethod

from explorer.crypto.expression import Expr
from explorer.crypto.term import Term


class KeyExchangeMethod(ABC):
    """A Diffie-Hellman group, or a key encapsulation mechanism.

    All sizes are octets.

    Attributes:
        number: what IANA assigned, in transforms and in KE payloads.
        label: its name.
        public_size: what the initiator's KE payload carries.
        response_size: what the responder's carries.
        secret_size: the shared secret.
        private_size: what the initiator draws.
        response_private_size: what the responder draws.
        citation: where it is said what is sent and what is shared.
    """

    number: int
    label: str
    public_size: int
    response_size: int
    secret_size: int
    private_size: int
    response_private_size: int
    citation: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.label})"

    @abstractmethod
    def public(self, private: Term) -> Expr:
        """What the initiator sends, from ``private_size`` drawn octets."""

    def response(self, private: Term, received: Term) -> Expr:
        """What the responder sends, from ``response_private_size`` drawn octets and what it received."""
        return self.public(private)

    @abstractmethod
    def secret(self, private: Term, received: Term, *, initiator: bool) -> Expr:
        """The shared secret of one side, from what it drew and what it received.

        Raises:
            ValueError: there is none with this peer; one line.
        """

    @abstractmethod
    def is_usable(self, octets: bytes, *, from_initiator: bool) -> bool:
        """Whether what the initiator, or the responder, sent can be used at all; it never raises."""
