"""The title row, the tab bar and the footer."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.tui.arrangement import LEAST_HEIGHT, LEAST_WIDTH
from explorer.tui.lines import Line, Piece, between
from explorer.tui.workspace import Workspace

TABS = (
    ("exchange", "1 Exchange"),
    ("message", "2 Message"),
    ("knowledge", "4 Who knows what"),
    ("how", "5 How it is made"),
    ("lesson", "6 Lesson"),
)


def title_line(workspace: Workspace, title: str, short: str, width: int) -> Line:
    """Program, scenario, and where we are."""
    step, trace = workspace.step, workspace.trace
    if width >= 110:
        where = f"message {step.number} of {len(trace.steps)} · event {workspace.at + 1} of {len(trace)}"
        position = f"{where} · seed {trace.seed} "
        name = title
    else:
        position = f"message {step.number}/{len(trace.steps)}  event {workspace.at + 1}/{len(trace)} "
        name = short
    return Line(
        between([Piece("  IKE Explorer", "text", True), Piece(f"   {name}")], [Piece(position, "muted")], width)
    )


def too_small(width: int, height: int) -> list[Line]:
    """What a window says in which nothing fits."""
    text = f"This window is {width}×{height}; {LEAST_WIDTH}×{LEAST_HEIGHT} is the least."
    return [*([Line()] * (max(height - 1, 0) // 2)), Line([Piece(f"{text:^{width}}")])]


def tab_line(current: str, with_lesson: bool) -> tuple[Line, list[tuple[int, int, str]]]:
    """The tab bar of the exchange."""
    return tabs_line(TABS if with_lesson else TABS[:-1], current)


def tabs_line(tabs: Sequence[tuple[str, str]], current: str) -> tuple[Line, list[tuple[int, int, str]]]:
    """A tab bar, and which columns stand for which tab."""
    line, spans = Line([Piece(" ")]), []
    for name, label in tabs:
        start = line.width
        line.pieces += [
            Piece(f" {label} ", "text-inverse" if name == current else "muted", name == current),
            Piece(" "),
        ]
        spans.append((start, line.width - 1, name))
    return line, spans


def footer_line(keys: list[tuple[str, str]], width: int) -> tuple[Line, list[tuple[int, int, str]]]:
    """Keys and what they do: as many as fit, the first ones first, and always the last one, which is help."""
    line, spans = Line([Piece(" ")]), []
    last = len(f"{keys[-1][0]} {keys[-1][1]}") if keys else 0
    for index, (key, label) in enumerate(keys):
        text = f"{key} {label}"
        reserved = 3 + last if index < len(keys) - 1 else 0
        if line.width + len(text) + reserved > width:
            continue
        start = line.width
        line.pieces += [Piece(key, "text", True), Piece(f" {label}", "muted"), Piece("   ")]
        spans.append((start, start + len(text), key))
    line.pieces.pop()
    return line, spans
