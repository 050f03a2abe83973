"""The ladder: both parties, one row a message, and a ruled line where an exchange produced its SAs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from explorer.events import (
    Concluded,
    Event,
    NetworkChanged,
    Received,
    Refused,
    RekeyCollision,
    Role,
    SaEnded,
    SaInstalled,
    StateChanged,
    TunnelMoved,
)
from explorer.explanations import only_asks_again
from explorer.trace.model import Step, is_packet
from explorer.trace.trace import Trace
from explorer.tui.lines import Line, Piece, Target, between, fit
from explorer.tui.workspace import Workspace

_COUNT = {1: "one", 2: "two", 3: "three", 4: "four"}


def title(workspace: Workspace) -> tuple[str, str]:
    """Heading and lower border."""
    trace = workspace.trace
    count = len(trace.steps)
    return "1 Exchange", f"{count} message{'' if count == 1 else 's'} · {trace.entries[-1].time:.2f} s"


def lines(workspace: Workspace, width: int) -> list[Line]:
    """Every row of the ladder."""
    rows = _header(workspace, width)
    numbers = _numbers(workspace.trace)
    products = products_of(workspace.trace)
    for step in workspace.trace.steps:
        rows.append(_message(workspace, step, numbers[step.number], width))
        made = products.get(step.number, [])
        rows.extend(_product(workspace, step.number, scope, text, width) for scope, text in made)
    if workspace.trace.outcome == "failed":
        rows.append(Line([Piece(f"{'·· nothing more is sent ··':^{width - 4}}", "muted")]))
    return rows


def row_count(trace: Trace) -> int:
    """How many rows the ladder has: names, addresses, states, messages and products."""
    return 3 + len(trace.steps) + sum(map(len, products_of(trace).values())) + (trace.outcome == "failed")


def products_of(trace: Trace) -> dict[int, list[tuple[str, str]]]:
    """After which message what has come of it: the scope of an exchange that made SAs, and a sentence."""
    found: dict[int, list[tuple[str, str]]] = {}
    names = _names(trace)
    for scope, number in _ends(trace).items():
        sentence = _sentence(trace, scope, names)
        if sentence:
            found.setdefault(number, []).append((scope, sentence))
    for number, sentence in _changes(trace, names):
        if ("", sentence) not in found.setdefault(number, []):
            found[number].append(("", sentence))
    return {number: found[number] for number in sorted(found) if found[number]}


def _ends(trace: Trace) -> dict[str, int]:
    """After which message each scope has all that it makes at both sides.

    IKEv1's phases are scopes that conclude; an SA of IKEv2 may be made by another exchange than the one that began it.
    """
    ends: dict[str, int] = {}
    for entry in trace.events_of(SaInstalled) if trace.protocol == "ikev2" else trace.conclusions:
        event = entry.event
        if isinstance(event, SaInstalled):
            ends[event.sa.scope] = entry.step
        elif isinstance(event, Concluded) and event.outcome == "completed":
            ends[event.scope] = max(ends.get(event.scope, 0), entry.step)
    return ends


def _names(trace: Trace) -> dict[bytes, str]:
    """What tells IKEv2's SAs apart, under each of their SPIs: the first octets of one, where there is more than one SA.

    Child SAs come in pairs, and a pair has one name.
    """
    pairs: dict[tuple[bool, str], list[bytes]] = {}
    for entry in trace.events_of(SaInstalled) if trace.protocol == "ikev2" else ():
        if isinstance(entry.event, SaInstalled):
            sa = entry.event.sa
            pairs.setdefault((sa.protocol == "IKE", sa.scope), []).append(sa.spis[0].octets)
    kinds = [is_ike for is_ike, _ in pairs]
    return {
        spi: f"{spis[0][:2].hex()}…" for (is_ike, _), spis in pairs.items() if kinds.count(is_ike) > 1 for spi in spis
    }


_ENDED = {"ISAKMP": "the ISAKMP SA", "IKE": "the IKE SA"}


def _sentence(trace: Trace, scope: str, names: dict[bytes, str]) -> str:
    """What an exchange has made; nothing, if that is no SA."""
    spis: dict[bytes, str] = {}
    holders: set[Role] = set()
    for entry in trace.events_of(SaInstalled):
        if isinstance(entry.event, SaInstalled) and entry.event.sa.scope == scope:
            spis[entry.event.sa.spis[0].octets] = entry.event.sa.protocol
            holders.add(entry.party)
    if "ISAKMP" in spis.values():
        return "phase 1 makes the ISAKMP SA"
    name = names.get(next(iter(spis), b""), "")
    here = "" if len(holders) > 1 else f"{min(holders, default='')}: "
    if "IKE" in spis.values():
        made = f"{'an' if scope == 'IKE SA' else 'a new'} IKE SA"
        return f"{here}{made}, {name}" if name else f"{here or 'now there is '}{made}"
    count = len(spis)
    if not count:
        return ""
    if trace.protocol == "ikev2":
        made = f"{_COUNT.get(count, str(count))} Child SAs"
        return f"{here}{made}, {name}" if name else f"{here or 'now there are '}{made}"
    return f"phase 2 makes {_COUNT.get(count, str(count))} IPsec SAs"


def _ended(trace: Trace, event: SaEnded, names: dict[bytes, str]) -> str:
    name = names.get(event.spi.octets)
    if name:
        return f"IKE SA {name}" if event.protocol == "IKE" else f"Child SAs {name}"
    return _ENDED.get(event.protocol, "Child SAs" if trace.protocol == "ikev2" else "IPsec SAs")


_MOVES = {"own address": "{} is at {}", "peer address": "{}: peer at {}"}
_TOLD = ("internal address", "route", "private group", *_MOVES)
"""What the ladder has a line for."""


def _changes(trace: Trace, names: dict[bytes, str]) -> Iterator[tuple[int, str]]:
    """What else is different after a message: the network of a party, and SAs that both have dropped."""
    natted: set[Role] = set()
    for entry in trace.entries:
        event = entry.event
        if isinstance(event, NetworkChanged) and event.what == "NAT":
            # Both sides find it, one after the other.
            behind = entry.party if event.value.endswith("this side") else entry.party.other
            if behind not in natted:
                yield entry.step, f"NAT in front of the {behind}"
            natted.add(behind)
        elif isinstance(event, NetworkChanged) and event.what in _TOLD:
            # Where a route leads to is what the ladder shows anyway.
            told = f"{event.what}: {event.value.partition(' through ')[0]}"
            yield entry.step, _MOVES[event.what].format(entry.party, event.value) if event.what in _MOVES else told
        elif isinstance(event, TunnelMoved):
            yield entry.step, f"{entry.party}: Child SAs move"
        elif isinstance(event, SaEnded) and event.how == "forgotten":
            yield entry.step, f"the {entry.party} restarts"
        elif isinstance(event, SaEnded) and entry.party is _who_tells_of_the_end(trace, event):
            yield entry.step, f"{_ended(trace, event, names)}: {event.how.removesuffix(' by the peer')}"
        elif isinstance(event, RekeyCollision) and entry.party is Role.INITIATOR:
            yield entry.step, f"nonces: {event.survivor}'s stays"


def _who_tells_of_the_end(trace: Trace, event: SaEnded) -> Role | None:
    """Both drop an SA at one message, and may have two words for it: its receiver's is told, where it has had one."""
    ends = [
        entry for entry in trace.events_of(SaEnded)
        if isinstance(entry.event, SaEnded) and entry.event.spi.octets == event.spi.octets
    ]
    receivers = (entry.party for entry in ends if entry.party is trace.step(entry.step).receiver)
    return next(receivers, ends[0].party if len(ends) == 1 else None)


def _header(workspace: Workspace, width: int) -> list[Line]:
    trace = workspace.trace
    left, right = trace.parties[Role.INITIATOR], trace.parties[Role.RESPONDER]
    names = between(
        [Piece(f" ► {left.name}", "initiator", True)], [Piece(f"{right.name} ◄ ", "responder", True)], width
    )
    half = width // 2
    addresses = between(
        _address(workspace, Role.INITIATOR, half), _address(workspace, Role.RESPONDER, half)[::-1], width
    )
    states = between(
        [Piece("   "), *_state(workspace, Role.INITIATOR)],
        [*_state(workspace, Role.RESPONDER), Piece("   ")],
        width,
    )
    return [Line(names), Line(addresses), Line(states)]


def _address(workspace: Workspace, role: Role, room: int) -> list[Piece]:
    """An address, and whether the other side knows whose it is; the words give way to a long address."""
    address = _ends_of(workspace, role, room - 5)
    proven = workspace.trace.peer_is_proven(role.other, workspace.at)
    proof = Piece("✓ proven", "derived") if proven else Piece("unproven", "muted")
    if len(address) + len(proof.text) + 5 > room:
        proof = Piece("✓" if proven else "", "derived")
    return [Piece("   "), Piece(address, "muted"), Piece(" "), proof]


def _ends_of(workspace: Workspace, role: Role, room: int) -> str:
    """The address that a party has by now, and the one that the other side sees, if a NAT makes that another."""
    party = workspace.trace.parties[role]
    own, seen = party.address, party.outside
    for entry in workspace.trace.events_of(NetworkChanged):
        event = entry.event
        if entry.at <= workspace.at and isinstance(event, NetworkChanged):
            if entry.party is role and event.what == "own address":
                own, seen = event.value, ""
            elif entry.party is role.other and event.what == "peer address":
                seen = event.value
    both = f"{own}→{seen}"
    return both if seen not in ("", own) and len(both) <= room else own


def _state(workspace: Workspace, role: Role) -> list[Piece]:
    """In words; between reading a message and answering it a party waits for nothing."""
    trace, step, at = workspace.trace, workspace.step, workspace.at
    own = [e for e in trace.entries[step.first : at + 1] if e.party is role and e.step == step.number]
    refused = next((e.event for e in own if isinstance(e.event, Refused)), None)
    if isinstance(refused, Refused):
        return [refusal_badge(refused), Piece(f" {workspace.refusal_words(refused).state}")]
    has_read = any(isinstance(e.event, Received) for e in own)
    if has_read and not any(isinstance(e.event, StateChanged) for e in own) and not is_packet(step):
        return [Piece(f"has read {step.number}")]
    return [Piece(trace.state(role, at))]


def refusal_badge(event: Refused) -> Piece:
    """In the colour of failures only what is one."""
    return Piece(" ↻ ", "text", True) if only_asks_again(event) else Piece(" ✗ ", "failed")


_NAT_PORT = 4500
"""The port to which IKE moves, and in which ESP is wrapped, where there may be a NAT."""


def _numbers(trace: Trace) -> dict[int, str]:
    """Each message's number, with the port that it has moved to; all equally wide, so that the arrows align."""
    ports = {step.number: _NAT_PORT in (step.source.port, step.destination.port) for step in trace.steps}
    if not any(ports.values()):
        return {number: f"{number:>3} " for number in ports}
    digits = len(str(max(ports)))
    return {number: f"{number:>{digits}}{f'·{_NAT_PORT}' if moved else '':<5} " for number, moved in ports.items()}


def _message(workspace: Workspace, step: Step, label: str, width: int) -> Line:
    current = step.number == workspace.step.number and not workspace.selection.sa
    coming = step.number > workspace.step.number
    role = "muted" if coming else str(step.sender)
    body = _arrow(step, width - len(label) - 4, coming, current)
    line = Line(target=Target(message=step.number), selected=current)
    refused = [e.event for e in workspace.trace.refusals if e.step == step.number]
    margin = _margin(step, refused=refused[0] if refused and not coming else None)
    number = Piece(label, role if not coming else "muted", current)
    line.pieces = [
        Piece("▌" if current else " ", role, True),
        number,
        Piece(body, role, current),
        Piece(" "),
        margin,
        Piece(" "),
    ]
    return line


_FATES = {"delivered twice": "²", "delayed": "◔", "changed": "≠", "lost": "╳"}


def _margin(step: Step, *, refused: Event | None) -> Piece:
    """What the link did to a message, or whether it was refused, or encrypted."""
    if isinstance(refused, Refused):
        return Piece("↻", "text") if only_asks_again(refused) else Piece("✗", "failed")
    if step.fate:
        return Piece(_FATES[step.fate], "failed")
    return Piece("▒" if step.envelope.encrypted else " ", "encrypted")


def _arrow(step: Step, room: int, coming: bool, current: bool) -> str:
    dash = "╌" if coming else "━" if current else "─"
    lost = step.fate == "lost"
    text = shorten(step.envelope.notation, room - (9 if lost else 5))
    if step.sender is Role.INITIATOR:
        start = f"{dash}{dash} {text} "
        return start + dash * (room - len(start) - (5 if lost else 1)) + ("╳    " if lost else "►")
    end = f" {text} {dash}{dash}"
    return ("    ╳" if lost else "◄") + dash * (room - len(end) - (5 if lost else 1)) + end


def shorten(notation: str, room: int) -> str:
    """A notation without blanks or with ``N(…)`` for late notifications; else cut after a whole word."""
    for text in _shorter(notation):
        if len(text) <= room:
            return text
    words = notation.split(", ")
    while len(words) > 1 and len(", ".join(words)) + 3 > room:
        words.pop()
    cut = ", ".join(words) + ", …"
    # "HDR, …" would say nothing of what an encrypted message holds.
    whole = len(cut) <= room and (len(words) > 1 or "{" not in notation)
    return cut if whole else fit(notation, room)


_LATE_NOTIFICATION = re.compile(r"^(.*, )N\(\w+\)")
"""Not the first in its list: that one is what its message is about."""


def _shorter(notation: str) -> Iterator[str]:
    """Every payload in ever fewer columns."""
    before = ""
    while notation != before:
        yield notation
        yield notation.replace(", ", ",")
        before, notation = notation, _LATE_NOTIFICATION.sub(r"\1N(…)", notation)


def _product(workspace: Workspace, number: int, scope: str, text: str, width: int) -> Line:
    """What has come of message ``number``; what is not selectable as an SA is done once that message is."""
    selected = bool(scope) and workspace.selection.sa == scope
    room = width - 8
    # The dots give way to the words.
    dots = "·" * min(2 if width < 50 else 8, (room - 2 - len(text)) // 2)
    words = f"{dots} {text} {dots}" if dots else fit(text, room)
    padded = f"{words:^{room}}"
    held = any(sa.scope == scope for sa in workspace.trace.sas(Role.INITIATOR, workspace.at))
    done = held or number < workspace.step.number or (not scope and number == workspace.step.number)
    role = "derived" if selected else "text" if done else "muted"
    pieces = [
        Piece("▌" if selected else " ", "derived", True),
        Piece("    "),
        Piece(padded, role, selected),
        Piece("   "),
    ]
    return Line(pieces, target=Target(sa=scope) if scope else None, selected=selected)


def strip(workspace: Workspace, width: int) -> Line:
    """The whole exchange in one row, for narrow screens."""
    line = Line([Piece(" Exchange ", "text", True)])
    cells = [(_strip_cell(workspace, step), step) for step in workspace.trace.steps]
    tail = f"  {workspace.step.envelope.notation}"
    room = width - 10 - min(len(tail), 16)
    first, last = _window([len(text) for (text, _), _ in cells], workspace.step.number - 1, room)
    if first:
        line.pieces.append(Piece("‹", "muted"))
    for (text, role), step in cells[first:last]:
        start = line.width
        current = step.number == workspace.step.number
        line.pieces.append(Piece(text, f"{role}-inverse" if current else role, current))
        line.spans.append((start, line.width, Target(message=step.number)))
    if last < len(cells):
        line.pieces.append(Piece("›", "muted"))
    left = width - line.width
    line.pieces.append(Piece(fit(tail, left) if left > 3 else "", str(workspace.step.sender), True))
    return line


def _strip_cell(workspace: Workspace, step: Step) -> tuple[str, str]:
    name = step.envelope.exchange[0] if is_packet(step) else str(step.number)
    if step.number > workspace.step.number:
        return f" {name}{'▒' if step.envelope.encrypted else '·'} ", "muted"
    mark = (
        "▒"
        if step.envelope.encrypted and step.number != workspace.step.number
        else "►"
        if step.sender is Role.INITIATOR
        else "◄"
    )
    return f" {name}{mark} ", str(step.sender)


def _window(sizes: list[int], current: int, room: int) -> tuple[int, int]:
    """The cells around the current one that fit."""
    if sum(sizes) <= room:
        return 0, len(sizes)
    first, last, used = current, current + 1, sizes[current] + 2
    while True:
        if last < len(sizes) and used + sizes[last] <= room:
            used += sizes[last]
            last += 1
        elif first > 0 and used + sizes[first - 1] <= room:
            first -= 1
            used += sizes[first]
        else:
            return first, last
