"""One key exchange at one peer: what it draws, sends, receives, and shares (RFC 7296 §3.4, RFC 9370 §2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.crypto.key_exchange import initiator_value, is_usable, responder_value, shared
from explorer.crypto.key_exchange_method import KeyExchangeMethod
from explorer.crypto.term import Drawn, Nature, Term
from explorer.engine.refusal import Refusal
from explorer.events import Role
from explorer.protocols.ikev2.parts import Part
from explorer.registry.ikev2 import V2PayloadType
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.registry.ikev2_transforms import KeyExchangeId
from explorer.wire.ikev2 import V2KeyExchange

if TYPE_CHECKING:
    from explorer.protocols.ikev2.exchange import V2Exchange


class KeyShare:
    """A Diffie-Hellman exchange or a key encapsulation within an exchange of IKE.

    Args:
        suffix: what tells an additional key exchange from the first, such as ``(1)``.
        citation: where it is said that this exchange has one.
        scope: what its own values are unique in; by default the ledger's.

    Attributes:
        drawn: whether this side has its own value.
    """

    def __init__(
        self, x: V2Exchange, method: KeyExchangeMethod, citation: str, suffix: str = "", scope: str = ""
    ) -> None:
        self._x = x
        self.method = method
        self._citation = citation
        self._suffix = suffix
        self._scope = scope or x.ledger.scope
        self.drawn = False

    def draw(self) -> None:
        """Draw a private value, and make the public one of it; the responder's may need the initiator's."""
        x, method, ledger, scope = self._x, self.method, self._x.ledger, self._scope
        asks, side, owner = x.role is Role.INITIATOR, x.letter(x.role), str(x.party.role)
        size = method.private_size if asks else method.response_private_size
        octets = x.party.entropy.draw(size, f"{ledger.scope}/{x.party.role}/{side}/{method.number}")
        symbol = side + self._suffix
        origin = Drawn(symbol, self._citation)
        private = ledger.learn(Term(symbol, octets, origin, scope=scope, nature=Nature.SECRET, owner=owner))
        value = f"KE{side}{self._suffix}"
        if asks:
            ledger.learn(initiator_value(method, value, private, scope))
        else:
            ledger.learn(responder_value(method, value, private, ledger[f"KEi{self._suffix}"], scope))
        self.drawn = True

    def part(self) -> Part:
        """The payload with the own public value."""
        word = f"KE{self._x.letter(self._x.role)}{self._suffix}"
        value = self._x.ledger[word]
        return Part(word, V2PayloadType.KE, V2KeyExchange(method=self.method.number, data=value.octets), ((value, 4),))

    def check(self) -> None:
        """The public value that has come: of this method, and one that can be used.

        Raises:
            Refusal: it is not.
        """
        x, method = self._x, self.method
        ke = x.message.find(V2KeyExchange)
        if ke is None or ke.method != method.number:
            come = "none" if ke is None else f"one for {KeyExchangeId.name_of(ke.method)}"
            wanted = KeyExchangeId.name_of(method.number)
            reason = f"A public value for {wanted} is wanted, and {come} has come"
            raise Refusal(reason, "RFC 7296 §1.2, §1.3", V2NotifyType.INVALID_KE_PAYLOAD)
        if not is_usable(method, ke.data, x.role is Role.RESPONDER):
            reason = f"{self._received} is no usable value for {method.label}"
            raise Refusal(reason, "RFC 7296 §3.4, RFC 6989", V2NotifyType.INVALID_SYNTAX)

    @property
    def _received(self) -> str:
        return f"KE{self._x.letter(self._x.role.other)}{self._suffix}"

    def agree(self) -> Term:
        """The shared secret: ``g^ir``, or ``SK(n)`` for an additional exchange.

        Raises:
            Refusal: there is none with this peer.
        """
        x, ledger = self._x, self._x.ledger
        symbol = f"SK{self._suffix}" if self._suffix else "g^ir"
        private, received = ledger[x.letter(x.role) + self._suffix], ledger[self._received]
        try:
            secret = shared(self.method, symbol, private, received, ledger.scope, x.role is Role.INITIATOR)
        except ValueError as error:
            raise Refusal(str(error), "RFC 8031 §3.2", V2NotifyType.INVALID_SYNTAX) from error
        return ledger.learn(secret)
