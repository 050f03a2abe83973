"""How it is made: a term's formula, what it is made of and feeds, its octets, and the proof; or an offer's matrix."""

from __future__ import annotations

from explorer.crypto.expression import Expr
from explorer.crypto.term import Configured, Constant, Drawn, Term
from explorer.events import Comparison, Judged, Negotiation, Role
from explorer.explanations import fit_in_words, of_field, of_term, offer_in_words, policy_in_words
from explorer.export.gear.sayings import sayings
from explorer.octets import Span
from explorer.trace.model import Key
from explorer.tui.lines import Line, Piece, Target, fit, fit_name, octets_text, symbol_pieces, wrap
from explorer.tui.render.proof import proof_lines
from explorer.tui.workspace import Workspace

_MARGIN = "   "


def title(workspace: Workspace) -> tuple[str, str]:
    """Heading and lower border."""
    key = workspace.selection.key
    name = key.symbol if key is not None else "this field"
    if _judged(workspace) is not None:
        name = "the choice"
    below = f"{workspace.breadcrumb}    backspace: return" if workspace.trail else workspace.breadcrumb
    return f"5 How it is made · {name}", below


def lines(workspace: Workspace, width: int) -> list[Line]:
    """The whole story of what is selected."""
    judged = _judged(workspace)
    if judged is not None:
        return _matrix(judged, width)
    if workspace.selection.key is None:
        return _field_story(workspace, width)
    return _term_story(workspace, workspace.selection.key, width)


# ---------------------------------------------------------------- terms


def _term_story(workspace: Workspace, key: Key, width: int) -> list[Line]:
    links = workspace.trace.links
    term = links.first(key)
    words = of_term(key.scope, key.symbol)
    rows = [Line([*symbol_pieces(term, bold=True), Piece(f"   {_who_made(workspace, key)}", "muted")])]
    rows[0].pieces.insert(0, Piece(" "))
    if words is not None:
        rows += [Line([Piece(f" {text}")]) for text in wrap(words.what, width - 2)]
    rows.append(Line())
    rows += _formulas(workspace, key, width)
    rows += _made_of(workspace, key, width)
    rows += _where(workspace, key)
    rows += _feeds(workspace, key, width)
    rows += _values(workspace, key, width)
    rows.append(Line())
    rows += proof_lines(term, width)
    if words is not None:
        rows += [Line(), Line([Piece(f" {words.where}", "muted")])]
    return rows


def _heading(text: str) -> Line:
    return Line([Piece(f" {text}", "text", True)])


def _who_made(workspace: Workspace, key: Key) -> str:
    """``made by both peers, never sent`` and its like, told from the trace."""
    links = workspace.trace.links
    origins = {party: term for _, party, term in links.terms(key) if not isinstance(term.origin, Span)}
    sent = [place for place in links.places(key) if place.buffer == "datagram"]
    hidden = [place for place in links.places(key) if place.buffer != "datagram"]
    peers = [party for party in (Role.INITIATOR, Role.RESPONDER) if party in origins]
    if not peers:
        made = "read from the wire"
    else:
        who = "both peers" if len(peers) == 2 else f"the {peers[0]} alone"
        origin = origins[peers[0]].origin
        verb = "given to" if isinstance(origin, Configured) else "drawn by" if isinstance(origin, Drawn) else "made by"
        made = f"{verb} {who}"
    travel = "never sent" if not sent and not hidden else "sent in the clear" if sent else "sent encrypted"
    return f"{made}, {travel}"


def _formulas(workspace: Workspace, key: Key, width: int) -> list[Line]:
    rows: list[Line] = []
    term = workspace.trace.links.first(key)
    head = symbol_pieces(term)
    for number, (at, party, made) in enumerate(workspace.trace.links.formulas(key)):
        lead = [*head, Piece(" = ")] if number == 0 else [Piece(" " * (len(head[0].text)) + " = ")]
        who = f"{party}, message {workspace.trace[at].step}"
        rows += _flow([Piece(" "), *lead], made.expression, who, width)
    if rows:
        rows.append(Line())
    return rows


def _flow(lead: list[Piece], expression: Expr | None, who: str, width: int) -> list[Line]:
    """A formula over as many rows as it needs, who made it at the end of the last."""
    rows = [Line(list(lead))]
    indent = sum(len(piece.text) for piece in lead)
    for token in expression.tokens() if expression is not None else ():
        piece = symbol_pieces(token.term)[0] if token.term is not None else Piece(token.text)
        if token.term is not None and token.text != token.term.symbol:
            mark = piece.text.split()[0] + " " if " " in piece.text else ""
            piece = piece._replace(text=mark + token.text)
        if rows[-1].width + len(piece.text.rstrip()) > width - 1:
            rows.append(Line([Piece(" " * indent)]))
            piece = piece._replace(text=piece.text.lstrip())
        rows[-1].pieces.append(piece)
    gap = width - rows[-1].width - len(who) - 2
    if gap >= 2:
        rows[-1].pieces += [Piece(" " * gap), Piece(who, "muted")]
    else:
        rows.append(Line([Piece(f"{who:>{width - 2}}", "muted")]))
    return rows


def _made_of(workspace: Workspace, key: Key, width: int) -> list[Line]:
    inputs: dict[Key, Term] = {}
    for _, _, term in workspace.trace.links.formulas(key):
        for source in term.made_of():
            inputs.setdefault(workspace.trace.links.key(source), source)
    if not inputs:
        return []
    known = {at: workspace.trace.links.terms(at) for at in inputs}
    shown = {at: known[at][0][2] if known[at] else term for at, term in inputs.items()}
    column = min(max(13, *(len(_marked(term).text) + 2 for term in shown.values())), 26)
    origins = [_origin(workspace, *item) for item in shown.items()]
    where = min(max(map(len, origins)) + 1, width - column - 12)
    rows = [_heading("Made of")]
    for (made_from, term), origin in zip(shown.items(), origins, strict=True):
        symbol = _marked(term)
        name = Piece(f"{fit_name(symbol.text, column - 1)} ", symbol.role)
        room = width - len(_MARGIN) - column - where - 2
        octets = Piece(octets_text(term.octets, room), "muted")
        pieces = [Piece(_MARGIN), name, Piece(fit(origin, where), "muted"), Piece(" "), octets]
        rows.append(Line(pieces, Target(key=made_from) if known[made_from] else None))
    rows.append(Line())
    return rows


def _marked(term: Term) -> Piece:
    """Mark and symbol, with blanks for a mark where there is none, so that names stand under each other."""
    piece = symbol_pieces(term)[0]
    return piece if piece.text[:1] in "►◄◆ƒ▒" else piece._replace(text=f"  {piece.text}")


def _origin(workspace: Workspace, key: Key, term: Term) -> str:
    """Where a term comes from, in a few words."""
    places = workspace.trace.links.places(key)
    if places:
        place = places[0]
        kind = "octets" if place.buffer == "datagram" else place.buffer
        return f"message {place.message}, {kind} {place.start}–{place.end - 1}"
    if isinstance(term.origin, Constant):
        return term.origin.citation
    if isinstance(term.origin, Configured):
        return f"the {term.owner}'s configuration" if term.owner else "configured on both sides"
    if isinstance(term.origin, Drawn):
        return f"the {term.owner} alone"
    return "derived"


def _where(workspace: Workspace, key: Key) -> list[Line]:
    places = workspace.trace.links.places(key)
    if not places:
        return []
    rows = [_heading("Stands in")]
    for place in places[:4]:
        inside = "" if place.buffer == "datagram" else f", {place.buffer}"
        text = f"{_MARGIN}message {place.message}{inside}, octets {place.start}–{place.end - 1}"
        rows.append(Line([Piece(text)], Target(place=place, key=key, message=place.message)))
    if len(places) > 4:
        rows.append(Line([Piece(f"{_MARGIN}and {len(places) - 4} more places", "muted")]))
    return [*rows, Line()]


def _feeds(workspace: Workspace, key: Key, width: int) -> list[Line]:
    links = workspace.trace.links
    feeds = links.feeds(key)
    if not feeds:
        return []
    rows = [_heading("Feeds"), Line([Piece(_MARGIN)])]
    for following in feeds:
        piece = symbol_pieces(links.first(following))[0]
        if rows[-1].width + len(piece.text) + 3 > width:
            rows.append(Line([Piece(_MARGIN)]))
        start = rows[-1].width
        rows[-1].pieces += [piece, Piece("   ")]
        rows[-1].spans.append((start, start + len(piece.text), Target(key=following)))
        rows[-1].target = rows[-1].target or Target(key=following)
    messages = links.messages_fed(key)
    if messages:
        rows.append(Line([Piece(f"{_MARGIN}→ "), Piece(f"▒ {message_range(messages)}", "encrypted")]))
    return [*rows, Line()]


def message_range(messages: tuple[int, ...]) -> str:
    """``messages 5–9`` or ``messages 5, 7``."""
    if len(messages) == 1:
        return f"message {messages[0]}"
    if messages == tuple(range(messages[0], messages[-1] + 1)):
        return f"messages {messages[0]}–{messages[-1]}"
    return "messages " + ", ".join(map(str, messages))


def _values(workspace: Workspace, key: Key, width: int) -> list[Line]:
    """The octets; both sides' where they differ, for then that is the whole story."""
    links = workspace.trace.links
    if not links.differ(key):
        octets = links.first(key).octets
        return [_heading(f"{len(octets)} octets"), *_octets(octets, width)]
    rows: list[Line] = []
    for party, octets in links.values(key).items():
        rows += [_heading(f"≠ {len(octets)} octets, as the {party} has it"), *_octets(octets, width)]
    return rows


def _octets(octets: bytes, width: int) -> list[Line]:
    per_row = 16 if width >= 58 else 8
    shown = octets[: per_row * 4]
    rows = []
    for at in range(0, len(shown), per_row):
        row = shown[at : at + per_row]
        text = row[:8].hex(" ") + ("  " + row[8:].hex(" ") if len(row) > 8 else "")
        rows.append(Line([Piece(f"{_MARGIN}{text}")]))
    if len(octets) > len(shown) and rows:
        rows[-1].pieces.append(Piece(" …", "muted"))
    return rows


# ---------------------------------------------------------------- fields


def _field_story(workspace: Workspace, width: int) -> list[Line]:
    field = workspace.selected_field()
    if field is None:
        return [Line([Piece(" Select a field or a term.", "muted")])]
    words = of_field(field.spec)
    rows = [_heading(field.spec.label)]
    if not field.children:
        rows.append(Line([Piece(f"{_MARGIN}{fit(field.meaning, width - 5).rstrip()}")]))
    if words is not None:
        for heading, prose in (("What", words.what), ("Why", words.why)):
            rows += [Line(), _heading(heading)]
            rows += [Line([Piece(f"{_MARGIN}{text}")]) for text in wrap(prose, min(width - 5, 72))]
    if field.spec.bits:
        rows += [Line(), _heading("Bits")]
        value = field.value if isinstance(field.value, int) else 0
        width_of_bits = 2 * (field.end - field.start)
        for bit in field.spec.bits:
            shift = (bit.mask & -bit.mask).bit_length() - 1
            part = (value & bit.mask) >> shift
            head = f"{_MARGIN}{bit.label:<10}{part:<6}{bit.mask:#0{width_of_bits + 2}x}  "
            texts = wrap(bit.meaning, width - len(head) - 1)
            rows.append(Line([Piece(head), Piece(texts[0], "muted")]))
            rows += [Line([Piece(" " * len(head)), Piece(text, "muted")]) for text in texts[1:]]
    where = words.where if words is not None else field.spec.citation
    return [*rows, Line(), Line([Piece(f" {where}", "muted")])]


# ---------------------------------------------------------------- choices


_OFFERS = (
    "security_association", "proposal", "transform", "phase1_attributes", "ipsec_attributes",
    "v2_sa", "v2_proposal", "v2_transform",
)
"""What the fields of an offer belong to."""


def _judged(workspace: Workspace) -> Negotiation | None:
    """The comparison that is behind a selected offer: of this message, or of the answer's reader."""
    spec = workspace.selection.spec
    if not spec.startswith(_OFFERS):
        return None
    if workspace.trail and workspace.selection.key is not None and len(workspace.trail) > 1:
        return None
    for entry in workspace.trace.events_of(Judged):
        if entry.step == workspace.step.number and isinstance(entry.event, Judged):
            return entry.event.negotiation
    return None


def _matrix(negotiation: Negotiation, width: int) -> list[Line]:
    chosen = negotiation.chosen
    verdict = fit_in_words(chosen) if chosen is not None else "nothing fits"
    count = len(negotiation.comparisons)
    summary = f"{count} comparison{'' if count == 1 else 's'}: {verdict}."
    rows = [*(Line([Piece(f" {text}", "text", True)]) for text in wrap(summary, width - 2)), Line()]
    columns = (24, max((width - 34) // 2, 10))
    head = f"{_MARGIN}{'':<{columns[0]}}{'offered':<{columns[1]}}wanted"
    rows.append(Line([Piece(head, "muted")]))
    for comparison in negotiation.comparisons:
        rows += _comparison(comparison, columns, width)
        rows += _sayings(comparison, negotiation.protocol, width)
    return rows


def _comparison(comparison: Comparison, columns: tuple[int, int], width: int) -> list[Line]:
    result = Piece("✓ fits", "derived") if comparison.ok else Piece(" ✗ ", "failed")
    head = [
        Piece(f" {policy_in_words(comparison)}", "text", True),
        Piece(f"  {offer_in_words(comparison)}  "),
        result,
    ]
    rows = [Line(head)]
    for verdict in comparison.verdicts:
        pieces = [
            Piece(f"{_MARGIN}{fit(verdict.attribute, columns[0])}", "muted"),
            Piece(f"{fit(verdict.offered, columns[1] - 1)} "),
            Piece(fit(verdict.wanted, max(width - columns[0] - columns[1] - 8, 6))),
            Piece("✓", "derived") if verdict.ok else Piece(" ✗ ", "failed"),
        ]
        rows.append(Line(pieces))
        if not verdict.ok:
            break  # the first mismatch decides; gear looks no further
    return rows


def _sayings(comparison: Comparison, protocol: str, width: int) -> list[Line]:
    """What people who look for this in a log have to look for."""
    found = (f"{gear} says: {line}" for gear, line in sayings(comparison, protocol))
    return [Line([Piece(f"{_MARGIN}{row}", "muted")]) for text in found for row in wrap(text, width - len(_MARGIN) - 1)]
