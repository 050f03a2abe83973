"""A whole run as plain text, to read, print, mail or compare with ``diff``."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.errors import ExplorerError
from explorer.events import Role, SaInstalled, SaSnapshot
from explorer.explanations import how_ended, what_changed
from explorer.export.printable import printable
from explorer.export.text_events import event_lines, hex_lines
from explorer.trace.knowledge import Cell, Holding
from explorer.trace.model import Step
from explorer.trace.trace import Trace
from explorer.wire.field import Field, Tree

_LABELS = 44
_MEANINGS = 32
_COLUMNS = (Role.INITIATOR, Role.EAVESDROPPER, Role.RESPONDER)
_MARKS = {Holding.OWN: "●", Holding.SINCE: "●{step}", Holding.SEALED: "◌{step}", Holding.NONE: "·"}


def to_text(trace: Trace, message: int | None = None) -> str:
    """The run in words: each message with every octet explained, what came of it, and who knows what.

    Args:
        message: only this one, without what came of the run.

    Raises:
        ExplorerError: there is no such message.
    """
    if message is not None and not 1 <= message <= len(trace.steps):
        raise ExplorerError(f"message {message}: expected a number from 1 to {len(trace.steps)}")
    lines = list(_header(trace))
    for step in trace.steps if message is None else (trace.step(message),):
        lines += _message(trace, step)
    if message is None:
        lines += _sas(trace)
        lines += _knowledge(trace)
    # Octets are escaped where they are said; titles and reasons may come from anybody's scenario.
    return "".join(f"{printable(line.rstrip())}\n" for line in lines)


def _header(trace: Trace) -> Iterator[str]:
    yield trace.title
    yield f"scenario {trace.scenario} · protocol {trace.protocol} · seed {trace.seed}"
    yield f"{trace.outcome}: {trace.reason}"


# ---------------------------------------------------------------- messages


def _message(trace: Trace, step: Step) -> Iterator[str]:
    envelope = step.envelope
    yield ""
    yield f"═══ Message {step.number}   {step.sender} → {step.receiver}   {envelope.notation}"
    about = [f"{step.source} → {step.destination}", f"{len(step.octets)} octets", envelope.exchange]
    if envelope.scope != envelope.exchange:
        about.append(envelope.scope)
    about += [f"behind the NAT {step.inside}"] if step.inside is not None else []
    if step.fate:
        about.append(f"changed on the way: {what_changed(step)}" if step.fate == "changed" else step.fate)
    yield " · ".join([*about, f"{step.time:.3f} s"])
    for tree in envelope.trees:
        yield ""
        yield from _tree(trace, step.number, tree)
    yield from event_lines(trace, step.number)


def _tree(trace: Trace, message: int, tree: Tree) -> Iterator[str]:
    buffer = tree.buffer
    parent = buffer.parent
    came = f", from {parent.buffer.name} {_range(parent.start, parent.end)}" if parent is not None else ""
    yield f"{buffer.name}, {len(buffer.octets)} octets{came}"
    places: dict[tuple[int, int], list[str]] = {}
    for place, key in trace.links.in_buffer(message, buffer.name):
        places.setdefault((place.start, place.end), []).append(key.symbol)
    for field in tree.root.children or (tree.root,):
        yield from _field(field, 0, places)


def _field(field: Field, depth: int, places: dict[tuple[int, int], list[str]]) -> Iterator[str]:
    where = _range(field.start, field.end)
    label = f"{where:>9}  {'  ' * depth}{field.spec.label}"
    # A structure as a whole has no words of its own; an attribute, which has a name, has.
    said = field.meaning if field.spec.name or not field.children else ""
    terms = _terms(field, places)
    yield f"{label:<{_LABELS}}  {said:<{_MEANINGS}}  {terms}" if terms else f"{label:<{_LABELS}}  {said}"
    for child in field.children:
        yield from _field(child, depth + 1, places)


def _terms(field: Field, places: dict[tuple[int, int], list[str]]) -> str:
    """Terms that are this field; and those that are several of its children, such as ``SAi_b``, with their range."""
    said = []
    ranges = [(child.start, child.end) for child in field.children]
    for (start, end), symbols in places.items():
        if not field.start <= start < end <= field.end:
            continue
        if any(low <= start and end <= high for low, high in ranges):
            continue
        own = (start, end) == (field.start, field.end)
        said += [f"= {symbol}" if own else f"{_range(start, end)} = {symbol}" for symbol in symbols]
    return ", ".join(said)


def _range(start: int, end: int) -> str:
    """Inclusive, as people count; a field without octets has no range."""
    if end <= start:
        return "–"
    return str(start) if end == start + 1 else f"{start}–{end - 1}"


# ---------------------------------------------------------------- what came of it


def _sas(trace: Trace) -> Iterator[str]:
    yield ""
    yield "═══ Security associations"
    installed = [entry for entry in trace.entries if isinstance(entry.event, SaInstalled)]
    if not installed:
        yield "none"
    for entry in installed:
        if isinstance(entry.event, SaInstalled):
            yield ""
            yield from _sa(trace, entry.party, entry.event.sa)
            end = trace.sa_end(entry.party, entry.event.sa)
            if end is not None:
                yield f"  {'ended':<14} {how_ended(trace[end[0]], end[1])}"


def _sa(trace: Trace, party: Role, sa: SaSnapshot) -> Iterator[str]:
    direction = "both directions" if sa.direction == "both" else sa.direction
    yield f"{sa.protocol} SA of the {party}, {direction}"
    for spi in sa.spis:
        yield f"  {'named by':<14} {spi.symbol:<10} {spi.octets.hex()}"
    for name, value in sa.algorithms:
        yield f"  {name:<14} {value}"
    yield f"  {'lifetime':<14} {trace.sa_lifetime(party, sa, len(trace) - 1)} s"
    for use, term in sa.keys:
        first, *others = hex_lines(term.octets)
        yield f"  {use + ' key':<20} {term.symbol:<10} {first}"
        yield from (f"{'':34}{line}" for line in others)


def _knowledge(trace: Trace) -> Iterator[str]:
    """The table as it stands at the end."""
    yield ""
    yield "═══ Who knows what   (● has it, ●4 since message 4, ◌5 only its ciphertext, in message 5, · not)"
    yield ""
    yield f"{'':<14}" + "".join(f"{role:<14}" for role in _COLUMNS) + "octets"
    knowledge, last, scope = trace.knowledge, len(trace) - 1, ""
    for row in knowledge.rows(last):
        if row.key.scope != scope:
            scope = row.key.scope
            yield f"·· {scope} ··"
        cells = "".join(f"{_cell(knowledge.cell(row.key, role, last)):<14}" for role in _COLUMNS)
        yield f"{row.key.symbol:<14}{cells}{_shortened(row.term.octets)}"


def _cell(cell: Cell) -> str:
    return _MARKS[cell.holding].format(step=cell.step)


def _shortened(octets: bytes) -> str:
    return octets.hex() if len(octets) <= 20 else f"{octets[:16].hex()}… {len(octets)} octets"
