"""The states of ``show crypto isakmp sa``: how far phase 1 has got, in the gear's own names."""

from __future__ import annotations

from explorer.events import Concluded, Event, Role, SaEnded, StateChanged, Verified
from explorer.export.gear.console import PHASE_1
from explorer.trace.trace import Trace

NOTHING = {"Main Mode": "MM_NO_STATE", "Aggressive Mode": "AG_NO_STATE"}
"""An SA of which no more is known than that there is one; a failed phase 1 leaves it so."""
_PROVEN = {"Main Mode": "MM_KEY_AUTH", "Aggressive Mode": "AG_AUTH"}
_BETWEEN = {
    ("Main Mode", "waits for 2"): "MM_NO_STATE",
    ("Main Mode", "waits for 3"): "MM_SA_SETUP",
    ("Main Mode", "waits for 4"): "MM_SA_SETUP",
    ("Main Mode", "waits for 5"): "MM_KEY_EXCH",
    ("Main Mode", "waits for 6"): "MM_KEY_EXCH",
    ("Aggressive Mode", "waits for 2"): "AG_INIT_EXCH",
    ("Aggressive Mode", "waits for 3"): "AG_INIT_EXCH",
}
_LOGIN, _SETTINGS = "CONF_XAUTH", "CONF_ADDR"
QUIET = "QM_IDLE"
"""Phase 1 is done, and phase 2 may run."""


def isakmp_state(trace: Trace, party: Role, at: int) -> str:
    """What ``show crypto isakmp sa`` says on a party's console at entry ``at``; ``""`` while there is no SA."""
    state, exchange = "", ""
    for entry in trace.entries[: at + 1]:
        if entry.party is party:
            exchange = phase1_of(entry.event) or exchange
            state = next_state(entry.event, exchange, state)
    return state


def phase1_of(event: Event) -> str:
    """The kind of phase 1 that an event speaks of, or ``""``."""
    return event.exchange if isinstance(event, StateChanged | Concluded) and event.exchange in PHASE_1 else ""


def next_state(event: Event, exchange: str, state: str) -> str:
    """The state after one more event of the same party; ``exchange`` is how phase 1 is done."""
    if isinstance(event, StateChanged):
        return _after_row(event, state)
    if isinstance(event, Verified) and event.proves is not None and state in _BETWEEN.values():
        return _PROVEN[exchange]
    if isinstance(event, Concluded) and event.outcome == "failed" and event.exchange in PHASE_1:
        return NOTHING[event.exchange]
    if isinstance(event, SaEnded) and event.protocol == "ISAKMP" and event.how != "replaced":
        return ""
    return state


def _after_row(event: StateChanged, state: str) -> str:
    if event.exchange in PHASE_1:
        return _BETWEEN.get((event.exchange, event.new), QUIET)
    if event.exchange.startswith("XAUTH"):
        return QUIET if event.exchange == "XAUTH status" and event.new == "done" else _LOGIN
    if event.exchange.startswith("Mode Config"):
        return QUIET if event.new == "done" else _SETTINGS
    return state
