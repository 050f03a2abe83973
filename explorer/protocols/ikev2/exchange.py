"""What all exchanges of IKEv2 share: one request, one answer, and every octet linked to its term (RFC 7296 §2.1)."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import ClassVar

from explorer.engine.ledger import Ledger
from explorer.engine.refusal import Refusal
from explorer.engine.repetition import repeat
from explorer.engine.retransmission import Retransmission
from explorer.engine.rows import Row, match
from explorer.events import (
    Binding,
    Concluded,
    Decrypted,
    Envelope,
    Learned,
    Making,
    Notified,
    Received,
    Role,
    Sent,
    StateChanged,
    Verified,
)
from explorer.protocols.ikev2.binding import header_bindings, payload_bindings, usual_symbol
from explorer.protocols.ikev2.fragments import Fragments
from explorer.protocols.ikev2.ike_sa import IkeSa
from explorer.protocols.ikev2.parts import ERRORS_END, Part, bind_parts, notation, notify, word_of
from explorer.protocols.ikev2.protection import Unsealed, opened, opened_fragment, unseal
from explorer.protocols.ikev2.sending import datagrams
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.wire.ikev2 import V2EncryptedFragment, V2Notify, V2OpaquePayload, V2Payload
from explorer.wire.ikev2_message import V2Message

UP = "IKE SA up"
"""The state after an exchange that leaves the IKE SA as it was, or makes it usable."""

MADE, GOES_ON = "new SA up", "key exchange goes on"
"""The states after an exchange that has made an SA, and after one that makes one only with others."""

LOGIN = "login goes on"
"""The state between two pairs of messages of a login by EAP."""

WAITS = "waits for the answer"
"""The state of who has asked."""


class V2Exchange:
    """One exchange at one peer.

    Attributes:
        role: this side's role in the exchange: the initiator asks, the responder answers.
        message: the last message that was read.
        own_message: the last message that was sent.
        sent: its datagrams, more than one if it was sent in fragments.
        digests: SHA-256 of the datagrams of the message that was read.
        failure: why it came to nothing; ``""`` while it may still succeed.
        share_number: which key exchange of several it is for, such as ``(1)``; ``""`` for the first.
        retry: whether the answer asks for the same request once more, with something changed.
    """

    name: ClassVar[str]
    exchange_type: ClassVar[int]
    encrypted: ClassVar[bool] = True
    share_number = ""
    rows: ClassVar[tuple[Row, ...]]
    message: V2Message
    own_message: V2Message
    _unsupported = 0

    def __init__(self, sa: IkeSa, role: Role, message_id: int, ledger: Ledger | None = None) -> None:
        self.sa = sa
        self.party = sa.party
        self.role = role
        self.message_id = message_id
        starter = sa.role if role is Role.INITIATOR else sa.role.other
        mark = "" if starter is Role.INITIATOR else "r"
        scope = f"{self.name} {message_id}{mark}{sa.suffix}"
        self.ledger = ledger or Ledger(self.party.emit, self.party.entropy, self.party.role, scope, sa.ledger)
        self.scope = scope
        self.state = "idle"
        self.failure = ""
        self.retry = False
        self.sent: list[Sent] = []
        self.fragments = Fragments()
        self.digests: list[bytes] = []
        self.outgoing: list[bytes] = []
        self.retransmission = Retransmission()
        self.refusal: Refusal | None = None

    def is_over(self) -> bool:
        """Whether no row leads on from here, or it has come to nothing."""
        return self.failed() or match(self.rows, self.role, self.state) is None

    def failed(self) -> bool:
        """Whether it has come to nothing."""
        return bool(self.failure)

    def owner(self, role: Role) -> str:
        """The party that has a role of this exchange."""
        return str(self.party.role if role is self.role else self.party.role.other)

    def letter(self, role: Role) -> str:
        """``i`` for who asks, ``r`` for who answers."""
        return "i" if role is Role.INITIATOR else "r"

    # ---------------------------------------------------------------- what each exchange says

    def request(self) -> Sequence[Part]:
        """The payloads of the request."""
        raise NotImplementedError

    def consider(self) -> None:
        """The responder has read the request: check it.

        Raises:
            Refusal: it is answered with an error notification.
        """

    def answer(self) -> Sequence[Part]:
        """The payloads of the answer."""
        raise NotImplementedError

    def conclude(self) -> None:
        """The initiator has read the answer.

        Raises:
            Refusal: it will not do.
        """

    def succeeded(self) -> None:
        """Called on each side when the exchange is over and has done what it set out to do."""

    # ---------------------------------------------------------------- going through it

    def begin(self) -> None:
        """Send the request; where this side has nothing to prove itself with, it fails and nobody hears of it."""
        row = match(self.rows, self.role, self.state)
        assert row is not None
        self.party.emit(Making(self.name, self.scope, row.sends))
        try:
            self._send(self.request(), row.sends)
        except Refusal as refusal:
            self._refuse(refusal)
            return
        self._move(row)

    def _move(self, row: Row) -> None:
        old, self.state = self.state, self.reached(row.then)
        self.party.emit(StateChanged(self.name, self.scope, self.role, old, self.state, row.receives, row.sends))

    def reached(self, state: str) -> str:
        """The state that a row leads to, by what has come of it."""
        return state

    def receive(self, message: V2Message) -> None:
        """Read a request and answer it, or read the answer.

        Raises:
            Refusal: nobody who has the keys can have sent this; nothing has changed (RFC 7296 §2.21).
        """
        row = match(self.rows, self.role, self.state)
        if row is None or self.failure:
            raise Refusal(f"{self.name} is over: no message is expected", "RFC 7296 §2.1")
        unsealed = self._unseal(message)
        if unsealed is not None and isinstance(message.sealed, V2EncryptedFragment):
            self._take_fragment(message, message.sealed, unsealed)
        else:
            # The sender may have turned to fragments, or away from them (RFC 7383 §2.5).
            self.fragments = Fragments()
        self.digests.append(sha256(message.datagram.octets).digest())
        if self.fragments.incomplete:
            return
        try:
            self._read(row, message, unsealed)
            if self.failed():
                return
            if self.role is Role.RESPONDER:
                self.consider()
            elif not self.retry:
                self.conclude()
            if row.sends and not self.retry:
                self.party.emit(Making(self.name, self.scope, row.sends))
                self._send(self.answer(), row.sends)
        except Refusal as refusal:
            self._refuse(refusal)
            return
        if self.retry:
            self.state = "idle"
            return
        self._move(row)
        if self.failed():
            return
        self.succeeded()
        self.party.emit(Concluded(self.name, self.scope, "completed", f"{self.name} is done"))

    def _refuse(self, refusal: Refusal) -> None:
        """A refused request is answered with what is wrong; a refused answer ends the exchange."""
        self.party.emit(refusal.event())
        if self.role is Role.RESPONDER and isinstance(refusal.notify, V2NotifyType):
            part = self.error_part(refusal.notify)
            self.party.emit(Making(self.name, self.scope, notation([part.word], encrypted=self.encrypted)))
            self._send([part], "")
        self.refusal = refusal
        self.fail(refusal.reason)

    def error_part(self, kind: V2NotifyType) -> Part:
        """The notification that says what is wrong."""
        return notify(kind, self.error_data(kind))

    def error_data(self, kind: V2NotifyType) -> bytes:
        """What goes with it: the type of a critical payload that is not known (RFC 7296 §2.5)."""
        return bytes((self._unsupported,)) if kind is V2NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD else b""

    def fail(self, reason: str) -> None:
        """Nothing more will come of this exchange."""
        if not self.is_over():
            self.failure = reason
            self.retransmission.stop()
            self.party.emit(Concluded(self.name, self.scope, "failed", f"{self.name}: {reason}"))

    # ---------------------------------------------------------------- time

    def set_timer(self, now: float) -> None:
        """Only who has asked sends again (RFC 7296 §2.1)."""
        if self.role is Role.INITIATOR and not self.is_over():
            self.retransmission.wait_for_answer(now)
        else:
            self.retransmission.stop()

    def handle_timer(self) -> bool:
        """Send the request again, or give up; returns whether it was sent."""
        if self.retransmission.expire() and self.sent:
            self.resend()
            return True
        self.fail("no answer has come")
        return False

    def resend(self) -> None:
        """The last message once more, octet for octet."""
        for sent in self.sent:
            again = repeat(sent)
            self.party.emit(Making(self.name, self.scope, again.envelope.notation))
            self.party.emit(again)
            self.outgoing.append(again.envelope.trees[0].buffer.octets)

    # ---------------------------------------------------------------- reading

    def _unseal(self, message: V2Message) -> Unsealed | None:
        """Check the ICV and decrypt, where this exchange is encrypted."""
        if not self.encrypted:
            if message.sealed is not None:
                raise Refusal("The message is encrypted, and may not be", "RFC 7296 §1.2")
            return None
        sa = self.sa
        if message.sealed is None or not sa.secured:
            raise Refusal("The message is in the clear, and must be encrypted", "RFC 7296 §1.2")
        fragment = message.sealed.fragment if isinstance(message.sealed, V2EncryptedFragment) else 0
        number = f"_{self.letter(self.role.other)}" + (f"({fragment})" if fragment else "")
        return unseal(sa.suite, sa.sealing_keys(own=False), message, scope=self.scope, number=number)

    def _take_fragment(self, message: V2Message, fragment: V2EncryptedFragment, unsealed: Unsealed) -> None:
        """Keep a part; what it says can be read once the last one has come (RFC 7383 §2.6)."""
        if not self.sa.takes_fragments:
            raise Refusal("Fragments were not agreed on", "RFC 7383 §2.3")
        part = opened_fragment(message, unsealed)
        begins_anew = fragment.total > self.fragments.total
        self.fragments.take(fragment, part.holder.octets[: -1 - unsealed.plaintext[-1]])
        if begins_anew:
            self.digests = []
        if self.fragments.incomplete:
            bindings = (*self._bind_header(part), *unsealed.bindings)
            self.party.emit(Received(self._envelope(part, ()), bindings))
            self._tell_of_opening(part, unsealed)

    def _read(self, row: Row, message: V2Message, unsealed: Unsealed | None) -> None:
        sender = self.role.other
        bindings = self._bind_header(message)
        if unsealed is not None:
            message = opened(message, unsealed, self.fragments)
            bindings += unsealed.bindings
        words = [word_of(payload, kind) for payload, kind in zip(message.payloads, message.types, strict=True)]
        bindings += self._bind_payloads(message, sender)
        self.party.emit(Received(self._envelope(message, words), tuple(bindings)))
        if unsealed is not None:
            self._tell_of_opening(message, unsealed)
        for term, _ in bindings:
            self.ledger.hold(term)
        self.message = message
        self._check_critical(message)
        self._hear(message)
        self._demand(row, message)

    def _tell_of_opening(self, message: V2Message, unsealed: Unsealed) -> None:
        expected, received = unsealed.expected, unsealed.received
        if expected is not None:
            self.party.emit(Learned(expected))
            self.party.emit(Verified(received.symbol, expected, received, None, "RFC 7296 §3.14"))
        key = self.sa.sealing_keys(own=False).encryption
        iv = unsealed.iv if unsealed.iv.octets else None
        self.party.emit(Decrypted(message.part("ciphertext"), key, iv))

    def _bind_header(self, message: V2Message) -> list[Binding]:
        return header_bindings(self.sa, message)

    def _bind_payloads(self, message: V2Message, sender: Role) -> list[Binding]:
        return payload_bindings(self, message, sender)

    def symbol_of(self, payload: V2Payload, kind: int, sender: Role) -> tuple[str, int] | None:
        """The term that a payload's body is, and behind how many octets."""
        return usual_symbol(payload, kind, self.letter(sender), self.share_number)

    def _check_critical(self, message: V2Message) -> None:
        for payload, kind in zip(message.payloads, message.types, strict=True):
            if isinstance(payload, V2OpaquePayload) and payload.critical & 0x80:
                self._unsupported = kind
                reason = f"A payload of type {kind} is critical, and not known here"
                raise Refusal(reason, "RFC 7296 §2.5", V2NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD)

    def _hear(self, message: V2Message) -> None:
        """Notifications: what the peer can do, and errors."""
        for payload in message.payloads:
            if not isinstance(payload, V2Notify):
                continue
            self.sa.peer_supports.add(payload.notify_type)
            name = V2NotifyType.name_of(payload.notify_type)
            if self.interesting(payload.notify_type):
                self.party.emit(Notified(name, self.encrypted, "RFC 7296 §3.10"))
            if payload.notify_type < ERRORS_END and self.role is Role.INITIATOR and self.is_fatal(payload.notify_type):
                self.fail(f"the peer says {name}")

    def interesting(self, notify_type: int) -> bool:
        """Whether a notification is worth an event of its own."""
        return notify_type < ERRORS_END

    def is_fatal(self, notify_type: int) -> bool:
        """Whether an error ends the exchange."""
        return True

    def _demand(self, row: Row, message: V2Message) -> None:
        """Refuse what lacks a payload that the row wants."""
        if self.failure:
            return
        words = [_plain(word_of(p, k)) for p, k in zip(message.payloads, message.types, strict=True)]
        for wanted in row.incoming.required:
            if _plain(wanted) not in words:
                reason = f"{row.receives} expected, {wanted} is missing"
                raise Refusal(reason, "RFC 7296 §1.2", V2NotifyType.INVALID_SYNTAX)

    # ---------------------------------------------------------------- sending

    def _send(self, parts: Sequence[Part], sends: str) -> None:
        """Each datagram; the last of several has all payloads, put together again."""
        self.sent = []
        for message, sealed, whole in datagrams(self, parts, sends):
            found = [*self._bind_header(message), *sealed]
            if whole:
                found += [*bind_parts(parts, message), *(self.bind_more(message) if message.payloads else [])]
            sent = Sent(self._envelope(message, [part.word for part in parts] if whole else ()), tuple(found))
            self.sent.append(sent)
            self.own_message = message
            self.party.emit(sent)
            self.outgoing.append(message.datagram.octets)

    def bind_more(self, message: V2Message) -> list[Binding]:
        """Terms that stand inside payloads of an own message."""
        return []

    def variant_of(self, message: V2Message) -> str:
        """Which of the messages that may stand in this place it is."""
        return ""

    def _envelope(self, message: V2Message, words: Sequence[str]) -> Envelope:
        encrypted, sealed, variant = message.sealed is not None, message.sealed, ""
        fragment = None
        if isinstance(sealed, V2EncryptedFragment):
            fragment, variant = (sealed.fragment, sealed.total), "fragment"
        text = notation(words, encrypted=encrypted, fragment=fragment)
        variant = self.variant_of(message) if words or not fragment else variant
        return Envelope(message.trees, text, self.name, self.scope, self.message_id, encrypted, variant)


def _plain(word: str) -> str:
    """A word without what tells this exchange's payload from another's: ``SAi2`` is an ``SA``."""
    for kind in ("SA", "KE", "TSi", "TSr", "AUTH", "CERTREQ", "CERT", "EAP", "IDi", "IDr", "CP"):
        if word.startswith(kind):
            return kind
    return "N" if word in ("Ni", "Nr") else word
