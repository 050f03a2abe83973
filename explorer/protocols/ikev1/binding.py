"""Which term stands in which octets of a received message: the words of a row laid over its payloads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from explorer.crypto.term import Nature, Term
from explorer.engine.ledger import Ledger
from explorer.engine.notation import Notation, Word
from explorer.engine.refusal import Refusal
from explorer.events import Binding, Role
from explorer.octets import Span
from explorer.protocols.ikev1.words import EXTRA_WORDS
from explorer.registry.isakmp import NotifyType, PayloadType
from explorer.wire.message import Message

Named = list[tuple[str, Word | None]]
"""The payloads of a message in order: what each is called, and its word if it belongs to the exchange."""


class WordOf(Protocol):
    """Looks up a word as its sender means it."""

    def __call__(self, sender: Role, text: str, /) -> Word:
        """The word."""


def match_words(notation: Notation, sender: Role, word_of: WordOf, message: Message, expected: str) -> Named:
    """Name every payload of a message.

    Raises:
        Refusal: a payload is missing or out of place, or a RESERVED octet is not zero.
    """
    kinds = message.types
    wanted = _expected_words(notation, sender, word_of, kinds)
    named: Named = []
    if any(payload.reserved for payload in message.payloads):
        raise Refusal("A RESERVED octet is not zero", "RFC 2408 §5.3", NotifyType.PAYLOAD_MALFORMED)
    leading = sum(1 for word in wanted if word.text == "SA" or word.text.startswith("HASH("))
    for index, kind in enumerate(kinds):
        # SA comes first in phase 1, HASH and SA in Quick Mode; the order of the rest is free (RFC 2409 §5, §5.5).
        place = 0 if index < leading else next((i for i, word in enumerate(wanted) if word.payload_type == kind), None)
        if place is not None and wanted and wanted[place].payload_type == kind:
            word = wanted.pop(place)
            named.append((word.text, word))
        elif index >= leading and kind in EXTRA_WORDS:
            named.append((EXTRA_WORDS[kind], None))
        else:
            reason = f"{expected} expected, found a {PayloadType.name_of(kind)} payload out of place"
            raise Refusal(reason, "RFC 2409 §5", NotifyType.INVALID_PAYLOAD_TYPE)
    if wanted:
        reason = f"{expected} expected, {wanted[0].text} is missing"
        raise Refusal(reason, "RFC 2409 §5", NotifyType.PAYLOAD_MALFORMED)
    return named


def _expected_words(notation: Notation, sender: Role, word_of: WordOf, kinds: Sequence[int]) -> list[Word]:
    """The required words, and every optional group for which there are payloads enough."""
    words = [word_of(sender, text) for text in notation.required]
    for group in notation.optional:
        members = [word_of(sender, text) for text in group]
        types = [word.payload_type for word in members]
        if all(kinds.count(kind) >= types.count(kind) for kind in types):
            words.extend(members)
    return words


def bind_words(named: Named, message: Message, sender: Role, scope: str) -> list[Binding]:
    """New terms for the payload bodies of a received message."""
    bindings = []
    for index, (_, word) in enumerate(named):
        if word is None:
            continue
        span = message.body(index)
        nature = Nature.DERIVED if word.checked else Nature.PUBLIC
        owner = "" if word.checked else str(sender)
        bindings.append(Binding(Term(word.symbol, span.octets, span, scope=scope, nature=nature, owner=owner), span))
    return bindings


def bind_header(message: Message, ledger: Ledger, message_id: int) -> list[Binding]:
    """Cookies and Message ID: the party's own terms where it has them, new ones where it has not."""
    datagram = message.datagram
    places = [("CKY-I", 0, 8, Role.INITIATOR), ("CKY-R", 8, 16, Role.RESPONDER)]
    if message_id:
        places.append(("M-ID", 20, 24, Role.INITIATOR))
    bindings = []
    for symbol, start, end, owner in places:
        span = Span(datagram, start, end)
        if not any(span.octets):
            continue
        if symbol in ledger:
            bindings.append(Binding(ledger[symbol], span))
        else:
            term = Term(symbol, span.octets, span, scope=ledger.scope, owner=str(owner))
            bindings.append(Binding(term, span))
    return bindings
