"""Which term stands in which octets of a received message: the words of a row laid over its payloads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile
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

OwnerOf = Callable[[Role], str]
"""Which party of the run has a role of an exchange, or of an SA."""


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
    leading = len(list(takewhile(lambda word: word.text == "SA" or word.text.startswith("HASH("), wanted)))
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
    """The required words, and every optional group for which there are payloads enough; in the order of the row."""
    left = list(kinds)
    for text in notation.required:
        kind = word_of(sender, text).payload_type
        if kind in left:
            left.remove(kind)
    present: list[str] = []
    for group in notation.optional:
        types = [word_of(sender, text).payload_type for text in group]
        if all(left.count(kind) >= types.count(kind) for kind in types):
            present.extend(group)
            for kind in types:
                left.remove(kind)
    return [word_of(sender, text) for text in notation.words(present)]


def bind_words(named: Named, message: Message, owner: str, scope: str) -> list[Binding]:
    """New terms for the payload bodies of a received message; ``owner`` is the party that sent it."""
    bindings = []
    for index, (_, word) in enumerate(named):
        if word is None:
            continue
        span = message.body(index)
        nature = Nature.DERIVED if word.checked else Nature.ENCRYPTED if word.sealed else Nature.PUBLIC
        held = "" if word.checked else owner
        bindings.append(Binding(Term(word.symbol, span.octets, span, scope=scope, nature=nature, owner=held), span))
    return bindings


def bind_header(message: Message, ledger: Ledger, owner_of: OwnerOf, starter: str) -> list[Binding]:
    """Cookies and Message ID: the party's own terms where it has them, new ones where it has not.

    Args:
        owner_of: which party has which role of the ISAKMP SA: the cookies are never swapped.
        starter: the party that began the exchange, whose Message ID it is.
    """
    datagram, at = message.datagram, message.start
    places = [
        ("CKY-I", at, at + 8, owner_of(Role.INITIATOR)),
        ("CKY-R", at + 8, at + 16, owner_of(Role.RESPONDER)),
    ]
    if message.header.message_id:
        places.append(("M-ID", at + 20, at + 24, starter))
    bindings = []
    for symbol, start, end, owner in places:
        span = Span(datagram, start, end)
        if not any(span.octets):
            continue
        term = ledger.find(symbol)
        if term is None:
            scope = ledger.scope if symbol == "M-ID" else ledger.root_scope
            term = Term(symbol, span.octets, span, scope=scope, owner=owner)
        bindings.append(Binding(term, span))
    return bindings
