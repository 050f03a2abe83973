"""A run as ``debug crypto isakmp`` of Cisco IOS shows it on each peer's console.

Every line is one that the gear is known to print, and every value in it is read from the recording.
Of what the gear says besides, and nobody here knows how, a remark after ``#`` is left at most.
"""

from __future__ import annotations

from collections.abc import Iterator

from explorer.events import Judged, Received, Refused, Role, Sent, StateChanged, Verified
from explorer.export.gear.cisco_checks import ipsec_checks, isakmp_checks
from explorer.export.gear.cisco_payloads import payload_lines, split_at_offers
from explorer.export.gear.cisco_sas import sas_by_message
from explorer.export.gear.cisco_states import NOTHING, QUIET, READY, IsakmpSa, SaTable, next_state
from explorer.export.gear.console import (
    PHASE_1,
    Line,
    answered_duplicate,
    ends,
    entries_of,
    header,
    peer_address,
    to_log,
    unknown_refusal,
)
from explorer.trace.model import Entry, Step
from explorer.trace.trace import Trace
from explorer.wire.payloads import Payload

_UP = "ISAKMP SA up"
_LETTERS = {Role.INITIATOR: "I", Role.RESPONDER: "R"}
_UNDER_ISAKMP = ("Quick Mode", "New Group Mode")


def cisco_log(trace: Trace, message: int | None = None) -> str:
    """Both consoles, each under a heading, and then what the gear would say of its SAs if it were asked.

    Args:
        message: only what this message makes them say.

    Raises:
        ExplorerError: there is no such message.
    """
    debug = to_log(trace, cisco_console, "debug crypto isakmp", message)
    asked = to_log(trace, sas_by_message, "show crypto isakmp sa", message)
    return "\n".join(part for part in (debug, asked) if part)


def cisco_console(trace: Trace, party: Role) -> Iterator[Line]:
    """What one peer's console shows, line by line."""
    return _Console(trace, party).lines()


class _Console:
    """Keeps what the gear's lines repeat: its SAs with their states and numbers, and the one that it speaks of."""

    def __init__(self, trace: Trace, party: Role) -> None:
        self._trace = trace
        self._party = party
        self._peer = peer_address(trace, party)
        self._letter = _LETTERS[party]
        self._sas = SaTable(party)
        self._sa = IsakmpSa(party, "")
        self._read = 0
        self._rest: list[Payload] = []
        self._entries = list(entries_of(trace, party))

    def lines(self) -> Iterator[Line]:
        """Every line, with the number of its message."""
        for index, (entry, step) in enumerate(self._entries):
            repeated = answered_duplicate(self._trace, entry)
            if repeated is not None:
                yield from (Line(repeated.number, text) for text in self._came_again(repeated))
            self._sa = self._sas.of(step)
            for text in self._say(index, entry, step):
                yield Line(entry.step, text)
            self._sas.note(entry.event, step)

    def _say(self, index: int, entry: Entry, step: Step) -> Iterator[str]:
        event = entry.event
        if isinstance(event, Received):
            yield from self._received(event, step)
        elif isinstance(event, Sent):
            yield from self._sent(event, index, step)
        elif isinstance(event, Judged):
            yield from self._judged(event, step)
        elif isinstance(event, Refused):
            yield from self._refused(event, step)
        elif isinstance(event, Verified):
            yield from self._verified(event)
        elif isinstance(event, StateChanged):
            yield from self._changed(event)

    @property
    def _me(self) -> str:
        return f"ISAKMP:({self._sa.number})"

    @property
    def _addresses(self) -> str:
        return f"(local {self._trace.parties[self._party].address} remote {self._peer})"

    # ---------------------------------------------------------------- messages

    def _received(self, event: Received, step: Step) -> Iterator[str]:
        yield self._reception(step)
        if event.envelope.exchange == "Main Mode" and not self._counts_when_proven:
            yield self._count()
        if not self._is_nonsense(step):
            first, self._rest = split_at_offers(event.envelope)
            yield from payload_lines(first, event.envelope, self._me)

    def _reception(self, step: Step, *, again: bool = False) -> str:
        """That a message is there; the gear says so before it looks into it."""
        self._read = step.number
        own, far = ends(self._trace, step, self._party)
        exchange = step.envelope.exchange
        fresh = exchange in PHASE_1 and self._is_first(step) and not again
        where = "(N) NEW SA" if fresh else f"({self._letter}) {self._state_in(exchange)}"
        return (
            f"ISAKMP ({self._sa.number}): received packet from {far.address}"
            f" dport {own.port} sport {far.port} Global {where}"
        )

    def _came_again(self, step: Step) -> Iterator[str]:
        self._sa = self._sas.of(step)
        yield self._reception(step, again=True)
        yield f"# message {step.number} came before, and no line is known for that; its answer is sent again"

    def _sent(self, event: Sent, index: int, step: Step) -> Iterator[str]:
        own, far = ends(self._trace, step, self._party)
        exchange = event.envelope.exchange
        row = None if event.again else self._row_after(index)
        begins = row is not None and row.old == "idle" and not row.receives
        if event.again and exchange in PHASE_1 and self._sa.state != QUIET:
            yield f"{self._me}: retransmitting phase 1 {self._sa.state}..."
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
    def _is_first(step: Step) -> bool:
        """Whether the sender does not know a cookie of this side yet."""
        found = header(step.envelope)
        return found is not None and not any(found.responder_cookie)

    def _beginning(self, event: Sent) -> Iterator[str]:
        """What comes before the first message of an exchange of one's own."""
        exchange = event.envelope.exchange
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
        return QUIET if exchange in _UNDER_ISAKMP else self._sa.state or NOTHING.get(self._sa.exchange, "")

    def _state_when_sending(self, row: StateChanged | None, exchange: str) -> str:
        """The gear is in its new state when it sends; but what completes phase 1 is still sent in the old one."""
        if row is None or exchange not in PHASE_1:
            return self._state_in(exchange)
        return self._sa.waiting if row.new == _UP else next_state(row, exchange, self._sa.state)

    @property
    def _counts_when_proven(self) -> bool:
        """The initiator counts the last message of Main Mode when it has verified it, all others as they come."""
        return self._sa.main == "IKE_I_MM5"

    def _count(self) -> str:
        """Main Mode's own states count its messages."""
        number = 1 if self._sa.main == READY else int(self._sa.main[-1]) + 1
        old, self._sa.main = self._sa.main, f"IKE_{self._letter}_MM{number}"
        return f"{self._me}:Old State = {old}  New State = {self._sa.main}"

    def _is_nonsense(self, step: Step) -> bool:
        """Whether what this side got out of a message was no payloads at all."""
        return any(
            isinstance(entry.event, Refused) and entry.event.notify == "PAYLOAD-MALFORMED"
            for entry, found in self._entries
            if found is step
        )

    # ---------------------------------------------------------------- what came of them

    def _judged(self, event: Judged, step: Step) -> Iterator[str]:
        if event.negotiation.protocol == "ISAKMP":
            yield from isakmp_checks(event.negotiation, self._me, self._addresses)
            return
        yield from ipsec_checks(event.negotiation, self._me, self._addresses)
        if event.negotiation.chosen is not None:
            yield from payload_lines(self._rest, step.envelope, self._me)

    def _refused(self, event: Refused, step: Step) -> Iterator[str]:
        exchange = step.envelope.exchange
        if step.receiver is self._party and self._read != step.number:
            yield self._reception(step)
        if event.notify == "PAYLOAD-MALFORMED" and exchange == "Main Mode":
            yield (
                f"%CRYPTO-4-IKMP_BAD_MESSAGE: IKE message from {self._peer}"
                " failed its sanity check or is malformed"
            )
        elif event.notify == "UNSUPPORTED-EXCHANGE-TYPE" and exchange == "Aggressive Mode":
            yield "%CRYPTO-5-IKMP_AG_MODE_DISABLED: Unable to initiate or respond to Aggressive Mode while disabled"
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
            if self._counts_when_proven:
                yield self._count()

    def _changed(self, event: StateChanged) -> Iterator[str]:
        if event.exchange == "Main Mode" and event.new == _UP:
            yield f"{self._me}:Old State = {self._sa.main}  New State = IKE_P1_COMPLETE"
            self._sa.main = READY
        elif event.exchange == "Quick Mode" and event.old == "idle" and not event.receives:
            yield f"{self._me}:Old State = IKE_QM_READY  New State = IKE_QM_I_QM1"
        elif event.exchange == "Quick Mode" and event.new == "IPsec SAs up":
            old = "IKE_QM_R_QM2" if event.role is Role.RESPONDER else "IKE_QM_I_QM1"
            yield f"{self._me}:Old State = {old}  New State = IKE_QM_PHASE2_COMPLETE"
