"""How charon goes through offers, and what it says of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from explorer.events import Comparison, Envelope, Negotiation
from explorer.export.gear.console import payloads
from explorer.export.gear.strongswan_words import proposal, refusal_line, uncompared, wanted
from explorer.wire.payloads import SecurityAssociation


def offered(envelope: Envelope) -> list[str | None]:
    """Every transform of a message's offers in charon's words."""
    return [
        proposal(transform)
        for payload in payloads(envelope)
        if isinstance(payload, SecurityAssociation)
        for one in payload.proposals
        for transform in one.transforms
    ]


def proposals_line(which: str, found: Sequence[str | None]) -> Iterator[str]:
    """All proposals in one line; none where charon's word for one of them is not known."""
    if found and None not in found:
        yield f"[CFG] {which} proposals: {', '.join(dict.fromkeys(text for text in found if text is not None))}"


def checks(
    negotiation: Negotiation, received: Sequence[str | None], configured: Sequence[str | None] | None
) -> Iterator[str]:
    """Each of the party's own proposals against each that it received.

    Args:
        configured: the party's own, where a message of its own shows them; else they are read from the comparisons,
            which name all of them only if none fitted.
    """
    if " and " in negotiation.protocol:
        yield f"# charon does not negotiate {negotiation.protocol} together"
        return
    for comparison in negotiation.comparisons:
        yield "[CFG] selecting proposal:"
        yield _result(comparison)
    if configured is None and negotiation.chosen is None:
        configured = [wanted(comparison) for comparison in negotiation.comparisons]
    yield from proposals_line("received", received)
    yield from proposals_line("configured", configured or ())
    selected = proposal(negotiation.chosen.offer) if negotiation.chosen is not None else None
    if selected is not None:
        yield f"[CFG] selected proposal: {selected}"


def _result(comparison: Comparison) -> str:
    line = "proposal matches" if comparison.ok else refusal_line(comparison)
    return f"[CFG]   {line}" if line is not None else f"# charon does not look at {uncompared(comparison)} here"
