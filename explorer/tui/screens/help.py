"""Help on what is selected, the marks, and the keys."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from explorer.explanations import of_field, of_term
from explorer.tui.keys import COMPARISON_KEYS, KEYS, LESSON_KEYS
from explorer.tui.lines import MARKS, Line, Piece, wrap
from explorer.tui.widgets.line_view import Pane
from explorer.tui.workspace import Workspace

_MEANINGS = (
    ("initiator", "the initiator's public value"),
    ("responder", "the responder's public value"),
    ("secret", "a secret that is never sent"),
    ("derived", "computed from other values"),
    ("encrypted", "encrypted octets"),
)
_CELLS = (
    ("●", "has it from the start"),
    ("●3", "has it since message 3"),
    ("◌5", "holds only its ciphertext, since message 5"),
    ("·", "does not have it"),
    ("+", "changed in this message"),
    ("≠", "the two sides have different octets under this name"),
)
_LADDER = (
    ("━━►", "the message you are at"),
    ("╌╌►", "still to come"),
    ("╳", "lost on its way: it never arrives"),
    ("²", "delivered twice"),
    ("◔", "delayed: the link keeps it back for a while"),
    ("≠", "changed on its way"),
    ("·4500", "to or from port 4500, to which both move where there may be a NAT"),
    ("→", "the address that a party has, and the one that the other sees"),
)
_LEARNT = (
    ("●", "an eavesdropper reads it"),
    ("·", "an eavesdropper has nothing of it; nobody was proven"),
)


class HelpScreen(ModalScreen[None]):
    """One scrolling page; any of escape, ``?``, enter and ``q`` closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter,backspace", "close", "Close", id="help.close", tooltip="Close help")
    ]

    def __init__(self, workspace: Workspace | None = None) -> None:
        super().__init__()
        self._workspace = workspace

    def compose(self) -> ComposeResult:
        """One pane in the middle."""
        yield Pane("help")

    def on_mount(self) -> None:
        """Fill it."""
        pane = self.query_one(Pane)
        pane.entitle("Help", "esc closes")
        pane.show(help_lines(self._workspace, min(self.app.size.width, 88) - 8))
        pane.focus()

    def action_close(self) -> None:
        """Back to the exchange."""
        self.dismiss(None)


def help_lines(workspace: Workspace | None, width: int) -> list[Line]:
    """What is selected, in full; then marks, cells and keys: without a workspace, those of a comparison."""
    rows = _selected(workspace, width) if workspace is not None else []
    rows.append(_heading("Marks"))
    rows += [Line([Piece(f"   {MARKS[role]}  ", role, True), Piece(meaning)]) for role, meaning in _MEANINGS]
    rows.append(Line([Piece("   ✓  ", "derived", True), Piece("verified, proven, fits, right")]))
    rows.append(Line([Piece("  "), Piece(" ✗ ", "failed"), Piece(" refused: which check, expected, found")]))
    rows.append(Line([Piece("   ↻  ", "text", True), Piece("asked for once more: with a cookie, or another method")]))
    if workspace is not None:
        rows += [Line(), _heading("Exchange"), *_legend(_LADDER)]
    rows.append(Line())
    title, cells = ("In numbers", _LEARNT) if workspace is None else ("Who knows what", _CELLS)
    rows += [_heading(title), *_legend(cells)]
    keys = COMPARISON_KEYS if workspace is None else (*KEYS, *LESSON_KEYS, *COMPARISON_KEYS)
    for group in dict.fromkeys(key.group for key in keys):
        rows += [Line(), _heading(group)]
        rows += [
            Line([Piece(f"   {key.glyph:<10}", "text", True), Piece(key.help)]) for key in keys if key.group == group
        ]
    for glyph, words in (
        ("↑ ↓", "Within the pane"),
        ("pgup pgdn", "A screen up, a screen down"),
        ("ctrl+p", "All, by name"),
    ):
        rows.append(Line([Piece(f"   {glyph:<10}", "text", True), Piece(words)]))
    return rows


def _legend(marks: tuple[tuple[str, str], ...]) -> list[Line]:
    return [Line([Piece(f"   {mark:<7}", "text", True), Piece(meaning)]) for mark, meaning in marks]


def _heading(text: str) -> Line:
    return Line([Piece(f" {text}", "text", True)])


def _selected(workspace: Workspace, width: int) -> list[Line]:
    key, field = workspace.selection.key, workspace.selected_field()
    rows: list[Line] = []
    found = []
    if field is not None:
        found.append((field.spec.label, of_field(field.spec)))
    if key is not None:
        found.append((key.symbol, of_term(key.scope, key.symbol)))
    for label, words in found:
        if words is None:
            continue
        rows.append(_heading(label))
        for prose in (words.what, words.why):
            rows += [Line([Piece(f"   {text}")]) for text in wrap(prose, width)]
        rows += [Line([Piece(f"   {words.where}", "muted")]), Line()]
    return rows
