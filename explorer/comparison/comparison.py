"""Two runs in one structure that every view of a comparison reads."""

from __future__ import annotations

from typing import NamedTuple

from explorer.comparison.totals import Totals, totals
from explorer.trace.trace import Trace


class Side(NamedTuple):
    """One of the two runs."""

    scenario: str
    title: str
    protocol: str
    seed: int
    outcome: str
    reason: str
    totals: Totals


class Comparison(NamedTuple):
    """Both runs."""

    left: Side
    right: Side


def compare(left: Trace, right: Trace) -> Comparison:
    """Hold two runs side by side."""
    return Comparison(_side(left), _side(right))


def _side(trace: Trace) -> Side:
    return Side(
        trace.scenario, trace.title, trace.protocol, trace.seed, trace.outcome, trace.reason, totals(trace)
    )
