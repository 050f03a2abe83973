"""Transaction exchanges (mode-config draft §3): request and reply, or set and acknowledgement.

XAUTH logs a user in with them, and the configuration method hands out addresses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from explorer.crypto.term import Configured, Nature, Term
from explorer.engine.refusal import Refusal
from explorer.engine.rows import Row
from explorer.events import Binding, Concluded, Event, Role
from explorer.octets import Span
from explorer.protocols.ikev1.binding import Named
from explorer.protocols.ikev1.protected import Protected
from explorer.registry.configuration import ConfigurationAttributeType, ConfigurationMessage
from explorer.registry.isakmp import ExchangeType, NotifyType
from explorer.wire.attributes import Attribute
from explorer.wire.message import Message
from explorer.wire.payloads import AttributesPayload
from explorer.wire.structure import build

DONE = "done"
"""The state in which both messages have gone."""

_C = ConfigurationAttributeType
_SECRETS = {"xauth_user_name": ("user", Nature.PUBLIC), "xauth_user_password": ("password", Nature.SECRET)}
_ANSWERS: dict[int, int] = {
    ConfigurationMessage.REQUEST: int(ConfigurationMessage.REPLY),
    ConfigurationMessage.SET: int(ConfigurationMessage.ACK),
}


class Attributes(NamedTuple):
    """What one message says: its type, the identifier of the whole conversation, and the attributes."""

    message: int
    identifier: int
    values: tuple[Attribute, ...]

    def value(self, kind: int) -> Attribute | None:
        """The first attribute of a type, or ``None``."""
        return next((attribute for attribute in self.values if attribute.type == kind), None)

    def octets(self, kind: int) -> bytes:
        """The octets of an attribute's value; none if it is not there."""
        attribute = self.value(kind)
        value = getattr(attribute, "value", b"")
        return value if isinstance(value, bytes) else value.to_bytes(2, "big")

    @property
    def about_login(self) -> bool:
        """Whether it belongs to XAUTH."""
        return any(_C.XAUTH_TYPE <= attribute.type <= _C.XAUTH_ANSWER for attribute in self.values)


Answerer = Callable[[Attributes], Sequence[Attribute]]
"""Makes the attributes of an answer."""

Doorkeeper = Callable[[Attributes], None]
"""Raises Refusal where the peer has no right to say this here and now."""


class Transaction(Protected):
    """Two messages under one Message ID.

    Attributes:
        said: what the one who began has said.
        answered: what came back.
    """

    name = "Transaction"
    exchange_type = ExchangeType.TRANSACTION
    cite = "draft-dukes-ike-mode-cfg-02 §3.1"
    said: Attributes
    answered: Attributes | None = None
    answerer: Answerer
    doorkeeper: Doorkeeper

    def ask(self) -> None:
        """The first message."""
        self.open_exchange()
        self._put("ATTR1_b", self.said)

    def take(self) -> None:
        """Read the first message; its answer is made at once."""
        self.check_hash("HASH(1)")
        if self.said.message not in _ANSWERS:
            name = ConfigurationMessage.say(self.said.message)
            raise Refusal(f"{name} begins no transaction", self.cite, NotifyType.ATTRIBUTES_NOT_SUPPORTED)
        self.doorkeeper(self.said)

    def reply(self) -> None:
        """The second message."""
        kind = _ANSWERS[self.said.message]
        self.answered = Attributes(kind, self.said.identifier, tuple(self.answerer(self.said)))
        self._put("ATTR2_b", self.answered)

    def check(self) -> None:
        """Read the second message."""
        self.check_hash("HASH(2)")
        answered = self._read_attributes(self.message)
        if answered.message != _ANSWERS[self.said.message]:
            name = ConfigurationMessage.say(answered.message)
            raise Refusal(f"{name} is no answer to this", self.cite, NotifyType.ATTRIBUTES_NOT_SUPPORTED)
        if answered.identifier not in (self.said.identifier, 0):
            # One identifier goes through a whole conversation (draft-beaulieu-ike-xauth-02 §6); strongSwan, which
            # leaves it out of its answers, is to be understood all the same.
            found = f"Identifier {answered.identifier} of the answer is not {self.said.identifier}, the question's"
            raise Refusal(found, "draft-dukes-ike-mode-cfg-02 §3.2", NotifyType.ATTRIBUTES_NOT_SUPPORTED)
        self.answered = answered

    def settled(self) -> None:
        """Over when both messages have gone."""
        if self.state == DONE:
            self.party.emit(Concluded(self.name, self.ledger.scope, "completed", f"{self.name} is done"))

    # ---------------------------------------------------------------- octets

    def _put(self, symbol: str, said: Attributes) -> None:
        payload = AttributesPayload(message=said.message, identifier=said.identifier, attributes=said.values)
        origin, owner = Configured(self.cite), str(self.party.role)
        self.ledger.learn(Term(symbol, build(payload)[4:], origin, scope=self.ledger.scope, owner=owner))
        self.name = title(said)

    @staticmethod
    def _read_attributes(message: Message) -> Attributes:
        payload = message.find(AttributesPayload)
        if payload is None:
            raise Refusal("An Attributes payload is missing", Transaction.cite, NotifyType.PAYLOAD_MALFORMED)
        return Attributes(payload.message, payload.identifier, payload.attributes)

    def open_bodies(
        self, words: Named, message: Message, bindings: list[Binding]
    ) -> tuple[Message, list[Binding], list[Event]]:
        """What kind of transaction it is shows only now; names and passwords in it are terms."""
        said = self._read_attributes(message)
        if self.role is Role.RESPONDER:
            self.said = said
        self.name = title(said)
        return message, self._login_terms(message, self.owner(self.role.other), own=False), []

    def show_bodies(self, words: Named, message: Message, bindings: list[Binding]) -> tuple[Message, list[Binding]]:
        """The same for the sender."""
        return message, self._login_terms(message, str(self.party.role), own=True)

    def _login_terms(self, message: Message, owner: str, *, own: bool) -> list[Binding]:
        found = []
        for field in message.trees[-1].root.walk():
            if field.spec.name not in _SECRETS or field.children or not field.end > field.start:
                continue
            symbol, nature = _SECRETS[field.spec.name]
            span = Span(message.trees[-1].buffer, field.start, field.end)
            origin = Configured("draft-beaulieu-ike-xauth-02 §6.2") if own else span
            term = Term(symbol, span.octets, origin, scope=self.ledger.scope, nature=nature, owner=owner)
            if own:
                self.ledger.learn(term)
            self.ledger.hold(term)
            found.append(Binding(term, span))
        return found


def title(said: Attributes) -> str:
    """What people call a transaction of this kind."""
    pushed = said.message in (ConfigurationMessage.SET, ConfigurationMessage.ACK)
    if said.about_login:
        return "XAUTH status" if pushed else "XAUTH login"
    return "Mode Config push" if pushed else "Mode Config"


_I, _R = Role.INITIATOR, Role.RESPONDER
_T = Transaction
Transaction.rows = (
    Row(_I, "idle", "", None, _T.ask, "HDR*, HASH(1), ATTR1", "waits for HASH(2)"),
    Row(_R, "idle", "HDR*, HASH(1), ATTR1", _T.take, _T.reply, "HDR*, HASH(2), ATTR2", DONE),
    Row(_I, "waits for HASH(2)", "HDR*, HASH(2), ATTR2", _T.check, None, "", DONE),
)
