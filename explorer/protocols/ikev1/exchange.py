"""What all exchanges share: rows in, messages out, every octet linked to its term."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from explorer.crypto.expression import Concat, Expr, Framed, Plain
from explorer.crypto.term import Term
from explorer.engine.ledger import Ledger
from explorer.engine.notation import Word
from explorer.engine.refusal import Refusal
from explorer.engine.repetition import repeat
from explorer.engine.retransmission import Retransmission
from explorer.engine.rows import Row, match
from explorer.errors import WireError
from explorer.events import Binding, Concluded, Decrypted, Envelope, Event, Making, Received, Role, Sent, StateChanged
from explorer.octets import Buffer
from explorer.protocols.ikev1.binding import Named, WordOf, bind_header, bind_words, match_words
from explorer.protocols.ikev1.chain import IvChain
from explorer.protocols.ikev1.link import Party
from explorer.registry.isakmp import HeaderFlag, NotifyType, PayloadType
from explorer.wire.field import Tree
from explorer.wire.message import HEADER_SIZE, Message, open_message, read_message
from explorer.wire.payloads import PAYLOADS, IsakmpHeader, Payload
from explorer.wire.structure import build

_UNPROTECTED = "RFC 2409 §5"

Extra = tuple[str, int, bytes]
"""A payload to chain to a message without being part of its exchange: word, type, body."""


class Exchange:
    """One exchange at one peer; its rows decide what may arrive, what is done, and what is answered.

    Attributes:
        role: this side's role in the exchange; a party that did not begin the ISAKMP SA may begin a Quick Mode.
        sa_role: this side's role in the ISAKMP SA, which the order of the cookies follows.
        sent: the last message, to send again if it seems lost.
        failure: why the exchange came to nothing; ``""`` while it may still succeed.
        message: the last message that was read.
        arrived: its payloads, each as a part of a formula.
    """

    name: str
    exchange_type: ClassVar[int]
    word: ClassVar[WordOf]
    message: Message
    rows: tuple[Row, ...] = ()
    dialect: Mapping[int, type[Payload]] = PAYLOADS

    def __init__(self, party: Party, role: Role, sa_role: Role, ledger: Ledger, message_id: int) -> None:
        self.party = party
        self.role = role
        self.sa_role = sa_role
        self.ledger = ledger
        self.message_id = message_id
        self.state = "idle"
        self.chain: IvChain | None = None
        self.arrived: tuple[tuple[str, Expr], ...] = ()
        self.sent: Sent | None = None
        self.outgoing: list[bytes] = []
        self.retransmission = Retransmission()
        self.failure = ""
        self.complained = False

    @property
    def finished(self) -> bool:
        """Whether no row leads on from here, or the exchange has failed."""
        return bool(self.failure) or match(self.rows, self.role, self.state) is None

    def owner(self, role: Role) -> str:
        """The party that has a role of this exchange."""
        return str(self.party.role if role is self.role else self.party.role.other)

    def sa_owner(self, role: Role) -> str:
        """The party that has a role of the ISAKMP SA."""
        return str(self.party.role if role is self.sa_role else self.party.role.other)

    def begin(self) -> None:
        """Take the first row of the initiator."""
        row = match(self.rows, self.role, self.state)
        if row is not None and not row.receives:
            self._answer(row)

    def receive(self, message: Message) -> None:
        """Take the next row, if this message is what it waits for.

        Raises:
            Refusal: the message is not legal here or a check failed; the exchange is as it was before.
        """
        self.prepare(message)
        row = None if self.failure else match(self.rows, self.role, self.state)
        if row is None:
            raise Refusal(f"{self.name} is over: no message is expected", _UNPROTECTED, NotifyType.INVALID_MESSAGE_ID)
        saved, chain = self.ledger.snapshot(), self.chain.copy() if self.chain is not None else None
        try:
            self._read(row, message)
            # What was read may have settled the way of authentication, and with it how the row goes on.
            self._answer(match(self.rows, self.role, self.state) or row)
        except Refusal:
            cookie = self.ledger.find("CKY-R")
            self.ledger.restore(saved)
            drawn = cookie is not None and cookie.owner == self.party.role and "CKY-R" not in saved
            if cookie is not None and drawn and not self.message_id:
                # Phase 1 has drawn it, and whatever is said of the refusal has to name it.
                self.ledger.hold(cookie)
            self.chain = chain
            raise

    # ---------------------------------------------------------------- time

    def set_timer(self, now: float) -> None:
        """After each message: whoever waits sends its last message again, if the other side does not have to.

        A responder waits patiently, as the initiator will ask again; unless what it waits for is the last message
        of all, which nobody else can tell was lost.
        """
        row = match(self.rows, self.role, self.state)
        if row is None or self.failure:
            self.retransmission.stop()
        elif self.role is Role.INITIATOR or not row.sends:
            self.retransmission.wait_for_answer(now)
        else:
            self.retransmission.wait_patiently(now)

    def handle_timer(self) -> bool:
        """Send the last message again, or give up; returns whether it was sent."""
        if self.retransmission.expire() and self.sent is not None:
            self.resend(self.sent)
            return True
        self.fail("no answer has come" if self.role is Role.INITIATOR else "the next message has not come")
        return False

    def resend(self, sent: Sent) -> None:
        """The same octets once more."""
        again = repeat(sent)
        self.party.emit(Making(self.name, self.ledger.scope, again.envelope.notation))
        self.party.emit(again)
        self.outgoing.append(again.envelope.trees[0].buffer.octets)

    def fail(self, reason: str) -> None:
        """Nothing more will come of this exchange."""
        if not self.finished:
            self.failure = reason
            self.retransmission.stop()
            self.party.emit(Concluded(self.name, self.ledger.scope, "failed", f"{self.name}: {reason}"))

    # ---------------------------------------------------------------- reading

    def _read(self, row: Row, message: Message) -> None:
        sealed: Term | None = None
        wanted = row.incoming
        if wanted.encrypted != message.header.encrypted and not wanted.either:
            found = "encrypted" if message.header.encrypted else "in the clear"
            raise Refusal(f"{row.receives} expected, the message is {found}", _UNPROTECTED, NotifyType.INVALID_FLAGS)
        if message.header.encrypted and self.chain is not None:
            sealed = self.chain.received(message.ciphertext)
            try:
                message = self._open(self.chain, sealed, message)
            except Refusal:
                # It did arrive, and what could be read of it is its header.
                bindings = self._bind_header(message)
                bindings.append(Binding(sealed, message.ciphertext))
                self.party.emit(Received(self._envelope([], message), tuple(bindings)))
                raise
        sender = self.role.other
        words = match_words(wanted, sender, type(self).word, message, row.receives)
        bindings = self._bind_header(message)
        bindings += bind_words(words, message, self.owner(sender), self.ledger.scope)
        if sealed is not None:
            bindings.append(Binding(sealed, message.ciphertext))
        for term, _ in bindings:
            self.ledger.hold(term)
        message, inner, opened = self.open_bodies(words, message, bindings)
        bindings += inner
        self.party.emit(Received(self._envelope(words, message), tuple(bindings)))
        if sealed is not None and self.chain is not None:
            self.party.emit(Decrypted(message.ciphertext, self.chain.key, self.chain.iv))
        for event in opened:
            self.party.emit(event)
        self.arrived = tuple(
            (text, self._framed(text, message, index, bindings)) for index, (text, _) in enumerate(words)
        )
        self.message = message
        if row.reads is not None:
            row.reads(self)
        if sealed is not None and self.chain is not None:
            self.ledger.learn(self.chain.advance(sealed))

    def prepare(self, message: Message) -> None:
        """Called before a row is taken, for exchanges whose rows depend on what the message says."""

    def open_bodies(
        self, words: Named, message: Message, bindings: list[Binding]
    ) -> tuple[Message, list[Binding], list[Event]]:
        """Called with the words of a received message, for exchanges that encrypt the bodies of single payloads."""
        return message, [], []

    def _bind_header(self, message: Message) -> list[Binding]:
        return bind_header(message, self.ledger, self.sa_owner, self.owner(Role.INITIATOR))

    def _open(self, chain: IvChain, sealed: Term, message: Message) -> Message:
        try:
            opened = open_message(message, chain.open(sealed))
        except WireError as error:
            reason = "It decrypts to nonsense; the two sides hold different keys"
            notify = NotifyType.PAYLOAD_MALFORMED
            raise Refusal(reason, error.citation, notify, received=sealed, offset=error.offset) from error
        end = opened.places[-1].end if opened.places else 0
        padding = len(opened.trees[-1].buffer.octets) - end
        if padding > chain.cipher.block:
            # More than the one whole block that some peers add is covered by no hash, and would move the chain.
            reason = f"{padding} octets of padding, expected at most a block of {chain.cipher.block}"
            raise Refusal(reason, "RFC 2409 Appendix B", NotifyType.PAYLOAD_MALFORMED, offset=end)
        return opened

    def bind_own(self, words: Named, message: Message) -> list[Binding]:
        """On the sender's side the terms exist already; here they get their octets."""
        bindings = self._bind_header(message)
        bindings += [
            Binding(self.ledger[word.symbol], message.body(index))
            for index, (_, word) in enumerate(words)
            if word is not None
        ]
        return bindings

    def _framed(self, text: str, message: Message, index: int, bindings: list[Binding]) -> Expr:
        """A received payload, header and all, as part of a formula."""
        whole, body = message.span(index), message.body(index)
        term = next((t for t, span in bindings if span == body), None)
        header = message.holder.octets[whole.start : body.start]
        return Framed(text, header, term) if term is not None else Plain(text, whole.octets)

    # ---------------------------------------------------------------- answering

    def _answer(self, row: Row) -> None:
        if row.sends:
            self.party.emit(Making(self.name, self.ledger.scope, row.sends))
        if row.makes is not None:
            row.makes(self)
        if row.sends:
            self._send(row)
        old, self.state = self.state, row.then
        self.party.emit(StateChanged(self.name, self.ledger.scope, self.role, old, row.then, row.receives, row.sends))
        self.settled()

    def settled(self) -> None:
        """Called after each transition, for what depends on the state reached."""

    def check_nonce(self, symbol: str) -> None:
        """Refuse a received nonce of a size that RFC 2409 §5 does not allow."""
        size = len(self.ledger[symbol].octets)
        if not 8 <= size <= 256:
            raise Refusal(f"{symbol} has {size} octets, expected 8 to 256", "RFC 2409 §5", NotifyType.PAYLOAD_MALFORMED)

    def authenticate(self, first: Word, rest: Expr) -> None:
        """Called with the first word and all payloads after it, for exchanges whose first payload covers them."""

    def extras(self, row: Row) -> list[Extra]:
        """Payloads to chain to a message that are not part of its exchange."""
        return []

    def _send(self, row: Row) -> None:
        optional = [text for group in row.outgoing.optional for text in group if self._has(text)]
        texts = row.outgoing.words(optional)
        words = [type(self).word(self.role, text) for text in texts]
        extras = self.extras(row)
        kinds = [word.payload_type for word in words] + [kind for _, kind, _ in extras]
        following = [*kinds[1:], int(PayloadType.NONE)]
        bodies: dict[int, Expr] = {len(words) + i: Plain(text, body) for i, (text, _, body) in enumerate(extras)}

        def framed(index: int) -> Expr:
            body = bodies[index] if index in bodies else self.ledger[words[index].symbol]
            header = bytes((following[index], 0)) + (4 + len(body.octets)).to_bytes(2, "big")
            return Framed(words[index].text if index < len(words) else str(body), header, body)

        self.authenticate(words[0], Concat(tuple(framed(index) for index in range(1, len(kinds)))))
        plaintext = Concat(tuple(framed(index) for index in range(len(kinds))))
        named: Named = [(word.text, word) for word in words]
        named += [(text, None) for text, _, _ in extras]
        self._emit_message(row, kinds[0], plaintext, named)

    def _has(self, text: str) -> bool:
        return self.ledger.own(type(self).word(self.role, text).symbol)

    def _emit_message(self, row: Row, first: int, plaintext: Expr, words: Named) -> None:
        sealed: Term | None = None
        in_clear = row.outgoing.either and self.party.config.clear_last
        if row.outgoing.encrypted and self.chain is not None and not in_clear:
            sealed = self.ledger.learn(self.chain.seal(plaintext))
        content = sealed.octets if sealed is not None else plaintext.octets
        header = IsakmpHeader(
            initiator_cookie=self.ledger["CKY-I"].octets,
            responder_cookie=self.ledger["CKY-R"].octets if "CKY-R" in self.ledger else bytes(8),
            next_payload=first,
            exchange_type=self.exchange_type,
            flags=int(HeaderFlag.ENCRYPTION) if sealed is not None else 0,
            message_id=self.message_id,
            length=HEADER_SIZE + len(content),
        )
        start = self.party.link.header_at
        message = read_message(Buffer("datagram", bytes(start) + build(header) + content), self.dialect, start)
        if sealed is not None:
            padding = bytes(len(content) - len(plaintext.octets))
            message = open_message(message, plaintext.octets + padding)
        bindings = self.bind_own(words, message)
        if sealed is not None:
            bindings.append(Binding(sealed, message.ciphertext))
        message, inner = self.show_bodies(words, message, bindings)
        self.sent = Sent(self._envelope(words, message), (*bindings, *inner))
        self.party.emit(self.sent)
        if sealed is not None and self.chain is not None:
            self.ledger.learn(self.chain.advance(sealed))
        self.outgoing.append(message.datagram.octets)

    def show_bodies(self, words: Named, message: Message, bindings: list[Binding]) -> tuple[Message, list[Binding]]:
        """Called with the words of an own message, for exchanges that encrypt the bodies of single payloads."""
        return message, []

    def _envelope(self, words: Named, message: Message) -> Envelope:
        encrypted, variant = message.header.encrypted, self.variant(message)
        notation = ", ".join(["HDR*" if encrypted else "HDR", *(text for text, _ in words)])
        trees: tuple[Tree, ...] = message.trees
        return Envelope(trees, notation, self.name, self.ledger.scope, self.message_id, encrypted, variant)

    def variant(self, message: Message) -> str:
        """Which of several kinds this message is, for exchanges whose messages differ."""
        return ""
