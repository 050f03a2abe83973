"""What of one run stands for what of another, in two columns with a sentence under each pair."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from explorer.comparison.comparison import Aligned, MessageOf, TermOf
from explorer.events import Role
from explorer.export.comparison_columns import beside, cell, heading
from explorer.export.comparison_rows import said_of_message, said_of_term

_MARKS = {Role.INITIATOR: "►", Role.RESPONDER: "◄", Role.EAVESDROPPER: " "}
_BETWEEN = " │ "
_NONE = "–"


def aligned_lines(aligned: Aligned, left: str, right: str, width: int) -> Iterator[str]:
    """Names, messages and terms, each pair in its author's order."""
    yield from heading("Names")
    yield from _pair([left], [right], "", width)
    for name in aligned.names:
        yield from _pair([name.left], [name.right], name.says, width)
    yield from heading("Message by message   (► the initiator's, ◄ the responder's)")
    for messages in aligned.messages:
        yield ""
        yield from _pair(_messages(messages.left), _messages(messages.right), messages.says, width)
    yield from heading("Key by key")
    for terms in aligned.terms:
        yield ""
        yield from _pair(_terms(terms.left), _terms(terms.right), terms.says, width)


def _pair(left: Sequence[str], right: Sequence[str], says: str, width: int) -> Iterator[str]:
    room = (width - len(_BETWEEN)) // 2
    cells = [[line for text in side or [_NONE] for line in cell(text, room, others="    ")] for side in (left, right)]
    size = max(map(len, cells))
    yield from beside(cells[0], [_BETWEEN] * size, cells[1], widths=(room, len(_BETWEEN)))
    if says:
        yield from cell(says, width, "    ", "    ")


def _messages(found: Sequence[MessageOf]) -> list[str]:
    return [
        text
        for message in found
        for text in (
            f"{message.number:>2}{_MARKS[message.sender]} {message.notation}",
            f"    {said_of_message(message)}",
        )
    ]


def _terms(found: Sequence[TermOf]) -> list[str]:
    said = []
    for term in found:
        said.append(f"{term.symbol}, {said_of_term(term)}")
        if term.formula:
            said.append(f"  = {term.formula}")
    return said
