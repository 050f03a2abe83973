"""What is happening: one sentence, why, and what the selected field directly feeds."""

from __future__ import annotations

import re

from explorer.crypto.term import Configured, Derived, Drawn, Term
from explorer.events import (
    Event,
    Judged,
    Learned,
    Making,
    Received,
    Refused,
    Role,
    Sent,
)
from explorer.explanations import (
    fit_in_words,
    how_given,
    of_event,
    of_field,
    of_term,
    only_asks_again,
    predicate,
    what_changed,
)
from explorer.trace.model import is_packet
from explorer.tui.lines import Line, Piece, Target, fit, flow, symbol_pieces, wrap
from explorer.tui.render.exchange import refusal_badge
from explorer.tui.render.how import message_range
from explorer.tui.workspace import Workspace

_LABEL = 12


def lines(workspace: Workspace, width: int, height: int) -> tuple[list[Line], str]:
    """The caption's rows, and the citation for its lower border."""
    headline, why, where = happening(workspace)
    refusal = _refusal(workspace)
    most = 3 if refusal is not None else 2
    room = width - (4 if refusal is not None else 0)
    rows = [Line([Piece(text, "text", True)]) for text in wrap(headline, room)[:most]]
    if refusal is not None:
        rows[0].pieces[:0] = [refusal_badge(refusal), Piece(" ")]
    rows += flow(_marked(workspace, why), min(width, 72))[:most] if why else []
    if refusal is not None and not only_asks_again(refusal):
        return rows[:height], where  # a refusal needs the room; what is selected can wait
    below = _selected(workspace, width)
    if height >= 7:
        rows += [Line()] * max(4 - len(rows), 1)
    left = max(height - len(rows), 0)
    if 0 < left < len(below) and below[left - 1].pieces[0].text.strip() in ("", "What"):
        below[left - 1].pieces.append(Piece(" …", "muted"))
    return [*rows, *below[:left]][:height], where


def happening(workspace: Workspace) -> tuple[str, str, str]:
    """Sentence, why, and where it is specified, for the event we are at."""
    words = workspace.words
    if workspace.selection.sa and not workspace.by_event:
        return _about_sa(workspace)
    refusal = _refusal(workspace)
    if refusal is not None and workspace.at_end_of_step:
        return _refused(workspace, refusal)
    if workspace.at_end_of_step and words is not None:
        return words.headline, _on_the_way(workspace) or words.why, words.where
    event = workspace.entry.event
    headline = _headline(workspace, event)
    if isinstance(event, Learned):
        term = of_term(event.term.scope, event.term.symbol)
        if term is not None:
            return headline, term.why, term.where
    if isinstance(event, Refused):
        return _refused(workspace, event)
    why, where = of_event(_kind(event), workspace.entry.party)
    if isinstance(event, Sent) and words is not None:
        return words.headline, words.why, words.where
    if isinstance(event, Sent | Received) and is_packet(workspace.step):
        where = "RFC 4303 §3.3" if isinstance(event, Sent) else "RFC 4303 §3.4"
    return headline, why, getattr(event, "citation", "") or where


_FATES = {
    "lost": "The link loses it, and nobody reads it. Its sender will send it again when no answer has come.",
    "delivered twice": "The link delivers it twice. The second copy moves nothing and gets the same answer.",
    "delayed": "The link keeps it back. Its sender cannot tell that from a loss, and may send the same octets again.",
    "changed": "Somebody on the way changes {}. Only a check could tell.",
}


def _on_the_way(workspace: Workspace) -> str:
    """What the link does to the message; or that it has been sent before."""
    step = workspace.step
    if step.fate:
        return _FATES[step.fate].format(what_changed(step))
    sent = next(e.event for e in workspace.trace.entries[step.first :] if isinstance(e.event, Sent))
    again = isinstance(sent, Sent) and sent.again
    return "The same octets once more, as no answer has come, or as the other side has asked again." if again else ""


def _kind(event: Event) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()


def _refusal(workspace: Workspace) -> Refused | None:
    """The refusal that we are at: the event itself, or at the end of a message the one that it met with."""
    if workspace.selection.sa and not workspace.by_event:
        return None
    if isinstance(workspace.entry.event, Refused):
        return workspace.entry.event
    return workspace.refusal if workspace.at_end_of_step else None


def _refused(workspace: Workspace, event: Refused) -> tuple[str, str, str]:
    words = workspace.refusal_words(event)
    notify = f"The specification's answer is {event.notify}. " if event.notify else ""
    return f"{words.said}: {event.reason}", f"{notify}{words.why}", event.citation


def _about_sa(workspace: Workspace) -> tuple[str, str, str]:
    scope, at = workspace.selection.sa, workspace.at
    if workspace.trace.protocol == "ikev2":
        return _about_v2_sa(workspace, scope)
    is_phase_1 = scope.startswith("phase 1")
    phase, what = ("Phase 1", "the ISAKMP SA") if is_phase_1 else ("Phase 2", "the IPsec SAs")
    holders = [
        role
        for role in (Role.INITIATOR, Role.RESPONDER)
        if any(sa.scope == scope for sa in workspace.trace.sas(role, at))
    ]
    if not holders:
        headline = f"{phase} will make {what}; at this moment it has not."
    elif len(holders) == 1:
        headline = f"{phase} has made {what}, so far for the {holders[0]} alone."
    else:
        headline = f"{phase} has made {what}."
    if is_phase_1:
        why = "Every later message of IKE travels under these keys, in both directions: it protects the negotiation."
        return headline, why, "RFC 2409 §2"
    why = "One a direction, named by the SPI its receiver chose. Packets travel under these, not the ISAKMP SA."
    return headline, why, "RFC 2409 §5.5"


def _about_v2_sa(workspace: Workspace, scope: str) -> tuple[str, str, str]:
    """The IKE SA, or the two SAs of a Child."""
    protocols = {
        role: {sa.protocol for sa in workspace.trace.sas(role, workspace.at) if sa.scope == scope}
        for role in (Role.INITIATOR, Role.RESPONDER)
    }
    holders = [role for role, found in protocols.items() if found]
    is_ike = any("IKE" in found for found in protocols.values())
    what = "This IKE SA" if is_ike else "This pair of Child SAs"
    if not holders:
        return "It will be made; at this moment neither side holds it.", "", "RFC 7296 §1.2"
    alone = f", so far at the {holders[0]} alone" if len(holders) == 1 else ""
    if is_ike:
        why = "Every later message of IKE travels under its keys, one set for each direction."
        return f"{what} is up{alone}.", why, "RFC 7296 §1.2, §2.14"
    why = "One a direction, named by the SPI its receiver chose. Packets travel under these, not the IKE SA."
    return f"{what} is up{alone}.", why, "RFC 7296 §1.2, §2.17"


def _headline(workspace: Workspace, event: Event) -> str:
    party, words = workspace.entry.party, workspace.words
    who = f"The {party}"
    if isinstance(event, Learned):
        return _learned(who, event.term)
    if isinstance(event, Making):
        return words.made if words is not None else f"{who} prepares {event.notation}."
    if isinstance(event, Sent):
        return f"{who} sends {event.envelope.notation}."
    if isinstance(event, Received):
        if words is None:
            return f"{who} reads {event.envelope.notation}."
        return words.wire if party is Role.EAVESDROPPER else words.read
    return _checked(workspace, who, event)


def _checked(workspace: Workspace, who: str, event: Event) -> str:
    if isinstance(event, Judged):
        chosen = event.negotiation.chosen
        result = fit_in_words(chosen) if chosen is not None else "nothing fits"
        if workspace.entry.party is Role.INITIATOR:
            own = "proposals" if workspace.trace.protocol == "ikev2" else "policies"
            return f"{who} holds the answer against its {own}: {result}."
        return f"{who} judges the offers: {result}."
    done = predicate(event)
    return f"{who} {done}." if done else ""


def _learned(who: str, term: Term) -> str:
    if isinstance(term.origin, Configured):
        return f"{who} {how_given(term.symbol)}."
    if isinstance(term.origin, Drawn):
        return f"{who} draws {term.symbol}, {len(term.octets)} fresh octets."
    if isinstance(term.origin, Derived) and term.symbol == "SAr_b":
        return f"{who} puts the offer that it chose into SAr_b."
    if isinstance(term.origin, Derived):
        return f"{who} computes {term.symbol}, {len(term.octets)} octets."
    return f"{who} reads {term.symbol}."


def _marked(workspace: Workspace, text: str) -> list[Piece]:
    """Secrets named in prose carry their mark."""
    secrets = {key.symbol: workspace.trace.links.first(key) for key in workspace.trace.links.keys}
    pieces: list[Piece] = []
    for part in re.split(r"(?<![\w^])(xi|xr|psk)(?![\w^])", text):
        term = secrets.get(part)
        pieces += symbol_pieces(term) if term is not None and part in ("xi", "xr", "psk") else [Piece(part)]
    return pieces


def _label(text: str) -> Piece:
    return Piece(fit(text, _LABEL), "muted")


def _selected(workspace: Workspace, width: int) -> list[Line]:
    """The selected field: its value in words, and what it directly feeds."""
    field, key = workspace.selected_field(), workspace.selection.key
    rows: list[Line] = []
    room = width - _LABEL
    if key is not None:
        term = workspace.trace.links.first(key)
        words = of_term(key.scope, key.symbol)
        said = [*symbol_pieces(term), Piece(f", {len(term.octets)} octets")]
        rows.append(Line([_label("This term" if field is None else "This field"), *said]))
        what = words.what if words is not None else ""
    elif field is not None:
        meaning = "" if field.children else f": {field.meaning}"
        rows.append(Line([_label("This field"), Piece(fit(f"{field.spec.label}{meaning}", room).rstrip())]))
        explanation = of_field(field.spec)
        what = explanation.what if explanation is not None else ""
    else:
        return []
    rows += [
        Line([_label("" if index else "What"), Piece(text)]) for index, text in enumerate(wrap(what, room - 2)[:2])
    ]
    feeds = _feeds(workspace, room)
    return [rows[0], feeds, *rows[1:]] if feeds is not None else rows


def _feeds(workspace: Workspace, room: int) -> Line | None:
    key, links = workspace.selection.key, workspace.trace.links
    if key is None or not links.feeds(key):
        return None
    messages = links.messages_fed(key)
    tail = [Piece("→ "), Piece(f"▒ {message_range(messages)}", "encrypted")] if messages else []
    left = room - sum(len(piece.text) for piece in tail) - 2
    line = Line([_label("Feeds")])
    feeds = links.feeds(key)
    for index, following in enumerate(feeds):
        piece = symbol_pieces(links.first(following))[0]
        if len(piece.text) + 2 > left - (0 if index == len(feeds) - 1 else 2):
            line.pieces.append(Piece("… ", "muted"))
            break
        start = line.width
        line.spans.append((start, start + len(piece.text), Target(key=following)))
        line.pieces += [piece, Piece("  ")]
        left -= len(piece.text) + 2
    line.pieces += tail
    return line
