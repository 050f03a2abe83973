"""Informational exchanges (RFC 2409 §5.7): one message, no answer.

Under an ISAKMP SA a hash covers it; before there is one it travels in the clear, and anybody could have sent it.
"""

from __future__ import annotations

from collections.abc import Sequence

from explorer.crypto.term import Configured, Origin, Term
from explorer.engine.ledger import Ledger
from explorer.engine.rows import Row
from explorer.events import Concluded, Role
from explorer.protocols.ikev1.exchange import Exchange, Extra
from explorer.protocols.ikev1.phase1 import Phase1
from explorer.protocols.ikev1.protected import Protected
from explorer.protocols.ikev1.words import protected_word
from explorer.registry.isakmp import ExchangeType, NotifyType, PayloadType, ProtocolId
from explorer.wire.message import Message
from explorer.wire.payloads import Delete, Notification, Payload, PlainNotification
from explorer.wire.structure import build

_NAME = "Informational"
_CITE = "RFC 2409 §5.7"
_DONE = "told"


def kind_of(message: Message) -> str:
    """What a message is about: the notification's name in lower case, or ``delete``."""
    for payload in message.payloads:
        if isinstance(payload, Delete):
            return "delete"
        if isinstance(payload, Notification):
            return NotifyType.name_of(payload.notify_type).lower()
    return ""


def say(exchange: Exchange, payloads: Sequence[Payload]) -> list[Extra]:
    """Make terms of the first notification and the first deletion; what is left goes along as it is."""
    left: list[Extra] = []
    for payload in payloads:
        deletes = isinstance(payload, Delete)
        text, kind = ("D", PayloadType.DELETE) if deletes else ("N", PayloadType.NOTIFY)
        body = build(payload)[4:]
        if exchange.ledger.own(f"{text}_b"):
            left.append((text, int(kind), body))
            continue
        cite = "RFC 2408 §3.15" if deletes else "RFC 2408 §3.14"
        owner = str(exchange.party.role)
        exchange.ledger.learn(Term(f"{text}_b", body, Configured(cite), scope=exchange.ledger.scope, owner=owner))
    return left


class Informational(Protected):
    """One protected message."""

    name = _NAME
    exchange_type = ExchangeType.INFORMATIONAL
    cite = _CITE
    payloads: Sequence[Payload] = ()
    _left: Sequence[Extra] = ()

    def __init__(self, phase1: Phase1, role: Role, M_ID: Origin, message_id: int) -> None:
        super().__init__(phase1, role, M_ID, message_id)
        self.told = False

    def make(self) -> None:
        """What there is to say."""
        self.open_exchange()
        self._left = say(self, self.payloads)

    def check(self) -> None:
        """Verify HASH(1): it is the peer that says this."""
        self.check_hash("HASH(1)")

    def extras(self, row: Row) -> list[Extra]:
        """Notifications beyond the first."""
        return list(self._left)

    def variant(self, message: Message) -> str:
        """What the message is about."""
        return kind_of(message)

    def settled(self) -> None:
        """One message, and it is over."""
        self.party.emit(Concluded(self.name, self.ledger.scope, "completed", "One message was told"))


class ClearInformational(Exchange):
    """One message without any protection, about a phase 1 that has not come to its end."""

    name = _NAME
    exchange_type = ExchangeType.INFORMATIONAL
    word = staticmethod(protected_word)
    payloads: Sequence[Payload] = ()

    def __init__(self, phase1: Phase1, role: Role, M_ID: Origin, message_id: int) -> None:
        party = phase1.party
        scope = f"{_NAME} {message_id:08x}"
        ledger = Ledger(party.emit, party.entropy, party.role, scope, phase1.ledger)
        super().__init__(party, role, phase1.role, ledger, message_id)
        owner = self.owner(Role.INITIATOR)
        self.ledger.hold(Term("M-ID", message_id.to_bytes(4, "big"), M_ID, scope=scope, owner=owner))

    def make(self) -> None:
        """What there is to say."""
        self.ledger.learn(self.ledger["M-ID"])
        say(self, self.payloads)

    def variant(self, message: Message) -> str:
        """What the message is about."""
        return kind_of(message)

    def settled(self) -> None:
        """One message, and it is over."""
        self.party.emit(Concluded(self.name, self.ledger.scope, "completed", "One message was told, in the clear"))


def cookies_of(phase1: Phase1) -> bytes:
    """The SPI of an ISAKMP SA: both cookies, 16 octets (RFC 2407 §4.6.3)."""
    ledger = phase1.ledger
    return ledger["CKY-I"].octets + (ledger["CKY-R"].octets if "CKY-R" in ledger else bytes(8))


def isakmp_notification(phase1: Phase1, kind: NotifyType, data: bytes = b"") -> Notification:
    """A notification about the ISAKMP SA itself."""
    return PlainNotification(
        protocol=int(ProtocolId.ISAKMP), notify_type=int(kind), spi=cookies_of(phase1), data=data
    )


_I, _R = Role.INITIATOR, Role.RESPONDER
Informational.rows = (
    Row(_I, "idle", "", None, Informational.make, "HDR*, HASH(1) [, N] [, D]", _DONE),
    Row(_R, "idle", "HDR*, HASH(1) [, N] [, D]", Informational.check, None, "", _DONE),
)
ClearInformational.rows = (
    Row(_I, "idle", "", None, ClearInformational.make, "HDR [, N] [, D]", _DONE),
    Row(_R, "idle", "HDR [, N] [, D]", None, None, "", _DONE),
)
