"""What both gears' logs are made from: the events of one party, in order, and the messages they speak of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from explorer.errors import ExplorerError
from explorer.events import Endpoint, Envelope, Refused, Role, Sent
from explorer.export.printable import printable
from explorer.trace.model import Entry, Step
from explorer.trace.trace import Trace
from explorer.wire.field import Field
from explorer.wire.message import CONTENT
from explorer.wire.payloads import IsakmpHeader, Payload

PEERS = (Role.INITIATOR, Role.RESPONDER)
PHASE_1 = ("Main Mode", "Aggressive Mode")


class Line(NamedTuple):
    """One line of a console, and the number of the message that made the gear say it."""

    message: int
    text: str


Console = Callable[[Trace, Role], Iterable[Line]]


def to_log(trace: Trace, console: Console, title: str, message: int | None = None) -> str:
    """Both peers' consoles one after the other, each under a heading.

    Args:
        message: only what this message makes them say.

    Raises:
        ExplorerError: there is no such message.
    """
    if message is not None and not 1 <= message <= len(trace.steps):
        raise ExplorerError(f"message {message}: expected a number from 1 to {len(trace.steps)}")
    lines: list[str] = []
    for role in PEERS:
        said = [line.text for line in console(trace, role) if message in (None, line.message)]
        while said and not said[-1]:
            said.pop()
        if said or message is None:
            nothing = ["(nothing for which a line is known)"]
            lines += ["", f"═══ What the {role}’s console shows: {title}", "", *(said or nothing)]
    return "".join(f"{printable(line.rstrip())}\n" for line in lines[1:])


def unknown_refusal(event: Refused) -> str:
    """A remark in place of a line of the gear's: something is refused, and what the gear says of that is not known.

    A refused offer has its own lines already.
    """
    return f"# refused here, and no line is known for it: {event.reason}"


def entries_of(trace: Trace, party: Role) -> Iterator[tuple[Entry, Step]]:
    """A party's events with the message that each belongs to; what is no part of a negotiation is left out."""
    for entry in trace.entries:
        if entry.party is party and entry.step <= len(trace.steps):
            step = trace.step(entry.step)
            if header(step.envelope) is not None:
                yield entry, step


def header(envelope: Envelope) -> IsakmpHeader | None:
    """The ISAKMP header of a message; packets and keepalives have none."""
    return next((value for value in _values(envelope.trees[0].root) if isinstance(value, IsakmpHeader)), None)


def cookie_of(envelope: Envelope) -> bytes:
    """The initiator's cookie, which names the ISAKMP SA that a message belongs to; packets have none."""
    found = header(envelope)
    return found.initiator_cookie if found is not None else b""


def answered_duplicate(trace: Trace, entry: Entry) -> Step | None:
    """The message that came once more and so brought about that this side sends its own again; a clock brings none."""
    cause = trace[entry.cause] if entry.cause is not None else None
    if not isinstance(entry.event, Sent) or not entry.event.again or cause is None or cause.party is entry.party:
        return None
    return trace.step(cause.step)


def payloads(envelope: Envelope) -> list[Payload]:
    """The payloads of a message, as far as the party could read them."""
    root = envelope.trees[0].root
    if envelope.encrypted:
        root = next((tree.root for tree in envelope.trees if tree.root.spec is CONTENT), root)
    return [value for value in _values(root) if isinstance(value, Payload)]


def _values(root: Field) -> Iterator[object]:
    return (field.value for field in root.children)


def ends(trace: Trace, step: Step, party: Role) -> tuple[Endpoint, Endpoint]:
    """A message's own end and far end as a party sees them: behind a NAT it knows the inside only."""
    own, far = (step.source, step.destination) if party is step.sender else (step.destination, step.source)
    return (step.inside if step.inside is not None and trace.parties[party].outside else own), far


def peer_address(trace: Trace, party: Role) -> str:
    """Under which address a party knows the other."""
    other = trace.parties[party.other]
    return other.outside or other.address
