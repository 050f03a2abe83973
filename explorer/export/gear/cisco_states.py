"""The ISAKMP SAs of one console: how far each has got, in the gear's own names, and the numbers that it gives them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from explorer.events import Concluded, Event, Judged, Learned, Received, Role, SaEnded, Sent, StateChanged, Verified
from explorer.export.gear.console import PHASE_1, cookie_of
from explorer.trace.model import Step

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
READY = "IKE_READY"
_FIRST_NUMBER = 1001


@dataclass
class IsakmpSa:
    """One ISAKMP SA as a console keeps it.

    Attributes:
        starter: who began it.
        exchange: how phase 1 is done.
        state: as ``show crypto isakmp sa`` says it; ``""`` before anything of it could be read, and after its end.
        number: what the gear calls the connection; 0 while it has no keys.
        failed: whether phase 1 has come to nothing.
        main: Main Mode's own state, which counts its messages.
        waiting: the state in which phase 1 waited last.
    """

    starter: Role
    exchange: str
    state: str = ""
    number: int = 0
    failed: bool = False
    main: str = READY
    waiting: str = ""


class SaTable:
    """All ISAKMP SAs of one party, in the order in which they were begun."""

    def __init__(self, party: Role) -> None:
        self._party = party
        self._sas: dict[bytes, IsakmpSa] = {}
        self._scopes: dict[str, IsakmpSa] = {}
        self._numbers = 0

    def __iter__(self) -> Iterator[IsakmpSa]:
        return iter(self._sas.values())

    def of(self, step: Step) -> IsakmpSa:
        """The SA to which a message belongs: its initiator's cookie names it.

        What comes before there is one, such as the first message of a phase 1, begins it.
        """
        cookie, envelope = cookie_of(step.envelope), step.envelope
        found = self._sas.get(cookie)
        if found is None:
            found = self._sas[cookie] = IsakmpSa(step.sender, envelope.exchange)
        if envelope.exchange in PHASE_1:
            self._scopes[envelope.scope] = found
        return found

    def note(self, event: Event, step: Step) -> None:
        """Take in one more event of the party, which belongs to this message."""
        if isinstance(event, SaEnded):
            self._ended(event)
        elif isinstance(event, StateChanged | Concluded) and event.exchange in PHASE_1:
            self._advance(self._scopes.get(event.scope), event)
        elif not cookie_of(step.envelope):
            return
        elif isinstance(event, Learned) and event.term.symbol == "SKEYID":
            # The gear numbers a connection once it has keys.
            self._numbers += 1
            self.of(step).number = _FIRST_NUMBER + self._numbers - 1
        else:
            self._advance(self.of(step), event)

    def _ended(self, event: SaEnded) -> None:
        found = self._sas.get(event.spi.octets[:8]) if event.protocol == "ISAKMP" else None
        if found is not None:
            found.state = ""

    @staticmethod
    def _advance(sa: IsakmpSa | None, event: Event) -> None:
        if sa is None:
            return
        sa.failed = sa.failed or _fails(event)
        sa.state = next_state(event, sa.exchange, sa.state)
        if isinstance(event, StateChanged) and event.exchange in PHASE_1:
            sa.waiting = sa.state


def _fails(event: Event) -> bool:
    """Whether phase 1 has come to nothing with this: it was given up, or no offer fits."""
    if isinstance(event, Judged):
        return event.negotiation.protocol == "ISAKMP" and not event.negotiation.agreed
    return isinstance(event, Concluded) and event.outcome == "failed" and event.exchange in PHASE_1


def next_state(event: Event, exchange: str, state: str) -> str:
    """The state of an SA after one more event of the same party; ``exchange`` is how its phase 1 is done."""
    if isinstance(event, StateChanged):
        return _after_row(event, state)
    if isinstance(event, Received | Sent) and not state and event.envelope.exchange in PHASE_1:
        return NOTHING[exchange]
    if isinstance(event, Verified) and event.proves is not None and state in _BETWEEN.values():
        return _PROVEN[exchange]
    if isinstance(event, Concluded) and event.outcome == "failed" and event.exchange in PHASE_1:
        return NOTHING[event.exchange]
    return state


def _after_row(event: StateChanged, state: str) -> str:
    if event.exchange in PHASE_1:
        return _BETWEEN.get((event.exchange, event.new), QUIET)
    if event.exchange.startswith("XAUTH"):
        return QUIET if event.exchange == "XAUTH status" and event.new == "done" else _LOGIN
    if event.exchange.startswith("Mode Config"):
        return QUIET if event.new == "done" else _SETTINGS
    return state
