"""A run as ``debug crypto isakmp`` of Cisco IOS shows it on each peer's console.

Every line is one that the gear is known to print, and every value in it is read from the recording.
What the gear says besides, and nobody here knows how, is left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from explorer.events import Judged, Learned, Received, Refused, Role, SaInstalled, Sent, StateChanged, Verified
from explorer.export.gear.cisco_checks import ipsec_checks, isakmp_checks
from explorer.export.gear.cisco_payloads import payload_lines
from explorer.export.gear.cisco_states import NOTHING, QUIET, next_state, phase1_of
from explorer.export.gear.console import PHASE_1, Line, ends, entries_of, header, peer_address, to_log, unknown_refusal
from explorer.trace.model import Entry, Step
from explorer.trace.trace import Trace

_FIRST_CONNECTION = 1001
_READY, _UP = "IKE_READY", "ISAKMP SA up"
_LETTERS = {Role.INITIATOR: "I", Role.RESPONDER: "R"}


def cisco_log(trace: Trace, message: int | None = None) -> str:
    """Both consoles, each under a heading.

    Args:
        message: only what this message makes them say.

    Raises:
        ExplorerError: there is no such message.
    """
    return to_log(trace, cisco_console, "debug crypto isakmp", message)


def cisco_console(trace: Trace, party: Role) -> Iterator[Line]:
    """What one peer's console shows, line by line."""
    return _Console(trace, party).lines()


class _Console:
    """Keeps what the gear's lines repeat: its name for the state, and its number of the connection."""

    def __init__(self, trace: Trace, party: Role) -> None:
        self._trace = trace
        self._party = party
        self._peer = peer_address(trace, party)
        self._letter = _LETTERS[party]
        self._state = ""
        self._exchange = ""
        self._connections = 0
        self._connection = 0
        self._main = _READY
        self._waiting = ""
        self._entries = list(entries_of(trace, party))

    def lines(self) -> Iterator[Line]:
        """Every line, with the number of its message."""
        for index, (entry, step) in enumerate(self._entries):
            for text in self._say(index, entry, step):
                yield Line(entry.step, text)
            self._exchange = phase1_of(entry.event) or self._exchange
            self._state = next_state(entry.event, self._exchange, self._state)
            if isinstance(entry.event, StateChanged) and entry.event.exchange in PHASE_1:
                self._waiting = self._state

    def _say(self, index: int, entry: Entry, step: Step) -> Iterator[str]:
        event = entry.event
        if isinstance(event, Received):
            yield from self._received(event, step)
        elif isinstance(event, Sent):
            yield from self._sent(event, index, step)
        elif isinstance(event, Learned):
            self._number(event)
        elif isinstance(event, Judged):
            yield from self._judged(event, index)
        elif isinstance(event, Refused):
            yield from self._refused(event, step)
        elif isinstance(event, Verified):
            yield from self._verified(event)
        elif isinstance(event, StateChanged):
            yield from self._changed(event)

    @property
    def _me(self) -> str:
        return f"ISAKMP:({self._connection})"

    @property
    def _addresses(self) -> str:
        return f"(local {self._trace.parties[self._party].address} remote {self._peer})"

    def _number(self, event: Learned) -> None:
        """The gear numbers a connection once it has keys; until then it is 0."""
        if event.term.symbol == "SKEYID":
            self._connections += 1
            self._connection = _FIRST_CONNECTION + self._connections - 1

    # ---------------------------------------------------------------- messages

    def _received(self, event: Received, step: Step) -> Iterator[str]:
        own, far = ends(self._trace, step, self._party)
        fresh = event.envelope.exchange in PHASE_1 and self._is_first(event)
        if fresh:
            self._begin(event.envelope.exchange)
        where = "(N) NEW SA" if fresh else f"({self._letter}) {self._state_in(event.envelope.exchange)}"
        yield (
            f"ISAKMP ({self._connection}): received packet from {far.address}"
            f" dport {own.port} sport {far.port} Global {where}"
        )
        if event.envelope.exchange == "Main Mode":
            yield self._count()
        if not self._is_nonsense(step):
            yield from payload_lines(event.envelope, self._me)

    def _sent(self, event: Sent, index: int, step: Step) -> Iterator[str]:
        own, far = ends(self._trace, step, self._party)
        exchange = event.envelope.exchange
        row = None if event.again else self._row_after(index)
        begins = row is not None and row.old == "idle" and not row.receives
        if event.again and exchange in PHASE_1 and self._state != QUIET:
            yield f"{self._me}: retransmitting phase 1 {self._state}..."
        elif begins:
            yield from self._beginning(event)
        elif row is not None and row.exchange == "Quick Mode" and row.old == "idle":
            yield f"{self._me}:QM Responder gets spi"
        state = self._state_when_sending(row, exchange)
        if state:
            ports = f"my_port {own.port} peer_port {far.port}"
            yield f"{self._me}: sending packet to {far.address} {ports} ({self._letter}) {state}"
        if exchange == "Main Mode" and row is not None and not begins and row.new != _UP:
            yield self._count()

    @staticmethod
    def _is_first(event: Received) -> bool:
        """Whether the sender does not know a cookie of this side yet."""
        found = header(event.envelope)
        return found is not None and not any(found.responder_cookie)

    def _begin(self, exchange: str) -> None:
        """A new SA has no number yet and has come through nothing."""
        self._connection, self._main, self._state, self._exchange = 0, _READY, "", exchange

    def _beginning(self, event: Sent) -> Iterator[str]:
        """What comes before the first message of an exchange of one's own."""
        exchange = event.envelope.exchange
        if exchange in PHASE_1:
            self._begin(exchange)
        if exchange == "Main Mode":
            yield self._count()
        if exchange in PHASE_1:
            yield f"{self._me}: beginning {exchange} exchange"
        elif exchange == "Quick Mode":
            yield f"{self._me}:beginning Quick Mode exchange, M-ID of {event.envelope.message_id}"
            yield f"{self._me}:QM Initiator gets spi"

    def _row_after(self, index: int) -> StateChanged | None:
        """The row in which a message was sent: it is recorded behind the message."""
        for entry, _ in self._entries[index + 1 :]:
            if isinstance(entry.event, StateChanged):
                return entry.event
            if isinstance(entry.event, Sent | Received):
                break
        return None

    def _state_in(self, exchange: str) -> str:
        return QUIET if exchange in ("Quick Mode", "New Group Mode") else self._state or NOTHING.get(self._exchange, "")

    def _state_when_sending(self, row: StateChanged | None, exchange: str) -> str:
        """The gear is in its new state when it sends; but what completes phase 1 is still sent in the old one."""
        if row is None or exchange not in PHASE_1:
            return self._state_in(exchange)
        return self._waiting if row.new == _UP else next_state(row, exchange, self._state)

    def _count(self) -> str:
        """Main Mode's own states count its messages."""
        number = 1 if self._main == _READY else int(self._main[-1]) + 1
        old, self._main = self._main, f"IKE_{self._letter}_MM{number}"
        return f"{self._me}:Old State = {old}  New State = {self._main}"

    def _is_nonsense(self, step: Step) -> bool:
        """Whether what this side got out of a message was no payloads at all."""
        return any(
            isinstance(entry.event, Refused) and entry.event.notify == "PAYLOAD-MALFORMED"
            for entry, found in self._entries
            if found is step
        )

    # ---------------------------------------------------------------- what came of them

    def _judged(self, event: Judged, index: int) -> Iterator[str]:
        if event.negotiation.protocol == "ISAKMP":
            life = self._life_after(index) if event.negotiation.chosen is not None else None
            yield from isakmp_checks(event.negotiation, self._me, self._addresses, life)
        else:
            yield from ipsec_checks(event.negotiation, self._me, self._addresses)

    def _life_after(self, index: int) -> int | None:
        """The life with which the SA that is being agreed on came up, if it did."""
        for entry, _ in self._entries[index + 1 :]:
            event = entry.event
            if isinstance(event, SaInstalled) and event.sa.protocol == "ISAKMP":
                return event.sa.lifetime
            if isinstance(event, Judged) and event.negotiation.protocol == "ISAKMP":
                break
        return None

    def _refused(self, event: Refused, step: Step) -> Iterator[str]:
        exchange = step.envelope.exchange
        if event.notify == "PAYLOAD-MALFORMED" and exchange == "Main Mode":
            yield (
                f"%CRYPTO-4-IKMP_BAD_MESSAGE: IKE message from {self._peer}"
                " failed its sanity check or is malformed"
            )
        elif event.notify == "INVALID-ID-INFORMATION" and exchange == "Quick Mode":
            yield "IPSEC(ipsec_process_proposal): proxy identities not supported"
            yield f"{self._me}: IPSec policy invalidated proposal with error 32"
            yield f"{self._me}: phase 2 SA policy not acceptable! {self._addresses}"
        elif event.notify != "NO-PROPOSAL-CHOSEN":
            yield unknown_refusal(event)

    def _verified(self, event: Verified) -> Iterator[str]:
        if event.symbol.startswith(("HASH_", "SIG_")):
            yield f"{self._me}:SA authentication status: authenticated"
            yield f"{self._me}:SA has been authenticated with {self._peer}"

    def _changed(self, event: StateChanged) -> Iterator[str]:
        if event.exchange == "Main Mode" and event.new == _UP:
            yield f"{self._me}:Old State = {self._main}  New State = IKE_P1_COMPLETE"
            self._main = _READY
        elif event.exchange == "Quick Mode" and event.old == "idle" and not event.receives:
            yield f"{self._me}:Old State = IKE_QM_READY  New State = IKE_QM_I_QM1"
        elif event.exchange == "Quick Mode" and event.new == "IPsec SAs up":
            old = "IKE_QM_R_QM2" if event.role is Role.RESPONDER else "IKE_QM_I_QM1"
            yield f"{self._me}:Old State = {old}  New State = IKE_QM_PHASE2_COMPLETE"
