"""Two runs as plain text in two columns."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from explorer.comparison.comparison import Comparison
from explorer.export.comparison_columns import beside, cell, heading
from explorer.export.comparison_pairs import aligned_lines
from explorer.export.comparison_rows import Row, header_rows, said_without_alignment, sections

NARROWEST = 80
_LABELS = 26
_GAP = 2


def comparison_to_text(comparison: Comparison, width: int = NARROWEST) -> str:
    """Both runs in numbers, one in each column, and what of one stands for what of the other."""
    lines = [line for row in header_rows(comparison) for line in _row(row, width)]
    for section in sections(comparison):
        lines += heading(section.title)
        lines += [line for row in section.rows for line in _row(row, width)]
        lines += [section.note] if section.note else []
    if comparison.aligned is None:
        # Names of scenarios are typed again: a line never ends inside one.
        lines += ["", *wrap(said_without_alignment(comparison), width, break_on_hyphens=False)]
    else:
        lines += aligned_lines(comparison.aligned, comparison.left.scenario, comparison.right.scenario, width)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _row(row: Row, width: int) -> Iterator[str]:
    """A label and two cells, each as many lines as it needs."""
    room = (width - _LABELS) // 2 - _GAP
    yield from beside([row.label], cell(row.left.text, room), cell(row.right.text, room), widths=(_LABELS, room + _GAP))
