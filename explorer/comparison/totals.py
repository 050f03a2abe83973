"""What one run costs and when it has done what: numbers that can be held beside another run's."""

from __future__ import annotations

from typing import NamedTuple

from explorer.comparison.eavesdropper import Learnt, learnt
from explorer.comparison.later import Later, later
from explorer.comparison.operations import Operations, operations
from explorer.comparison.proofs import Proof, proofs_of
from explorer.events import Role, SaInstalled, Sent
from explorer.trace.model import Beat, Step, is_packet
from explorer.trace.trace import Trace

_PEERS = (Role.INITIATOR, Role.RESPONDER)
_KEEPALIVE = "NAT keepalive"


class ExchangeTotal(NamedTuple):
    """All messages of one kind of exchange; ``octets`` are those of their UDP payloads."""

    name: str
    messages: int
    octets: int


class Totals(NamedTuple):
    """One run in numbers.

    Attributes:
        exchanges: the messages of IKE, by exchange, in order of appearance.
        largest: octets of the largest UDP payload among them, and the number of that message.
        packets: how many ESP and AH packets were sent.
        round_trips: for each peer, those that it waited for until it had keys for packets: half of one is one
            way; ``None`` if it never had them.
        operations: for each peer, what it computed.
        learnt: what an eavesdropper has learned at the end.
        later: what more it learns of its recording with a quantum computer.
        proven: for each peer, by what it was proven to the other, each kind of proof once: a password may follow the
            key of a group.
    """

    exchanges: tuple[ExchangeTotal, ...]
    largest: tuple[int, int]
    packets: int
    round_trips: dict[Role, float | None]
    operations: dict[Role, Operations]
    learnt: tuple[Learnt, ...]
    later: Later
    proven: dict[Role, tuple[Proof, ...]]

    @property
    def messages(self) -> int:
        """All messages of IKE."""
        return sum(total.messages for total in self.exchanges)

    @property
    def octets(self) -> int:
        """The octets of all messages of IKE."""
        return sum(total.octets for total in self.exchanges)


def is_negotiation(step: Step) -> bool:
    """Whether a message is one of IKE: neither a packet nor the single octet that keeps a NAT awake."""
    return not is_packet(step) and step.envelope.exchange != _KEEPALIVE


def totals(trace: Trace) -> Totals:
    """Everything that is counted, computed from the run."""
    steps = [step for step in trace.steps if is_negotiation(step)]
    largest = max(steps, key=lambda step: (len(step.octets), -step.number), default=None)
    found = learnt(trace)
    return Totals(
        exchanges=_exchanges(steps),
        largest=(0, 0) if largest is None else (len(largest.octets), largest.number),
        packets=sum(is_packet(step) for step in trace.steps),
        round_trips={party: _round_trips(trace, steps, party) for party in _PEERS},
        operations={party: operations(trace, party) for party in _PEERS},
        learnt=found,
        later=later(trace, found),
        proven={party: tuple(proofs_of(trace, party)) for party in _PEERS},
    )


def _exchanges(steps: list[Step]) -> tuple[ExchangeTotal, ...]:
    found: dict[str, list[int]] = {}
    for step in steps:
        found.setdefault(step.envelope.exchange, []).append(len(step.octets))
    return tuple(ExchangeTotal(name, len(sizes), sum(sizes)) for name, sizes in found.items())


def _round_trips(trace: Trace, steps: list[Step], party: Role) -> float | None:
    """Each change of direction is one way; what had to be sent again is the network's doing, not the exchange's."""
    installed = next(
        (
            entry
            for entry in trace.events_of(SaInstalled, party)
            if isinstance(entry.event, SaInstalled) and entry.event.sa.direction == "outbound"
        ),
        None,
    )
    if installed is None:
        return None
    read = max(
        (entry.step for entry in trace[: installed.at + 1] if entry.party is party and entry.beat is Beat.READ),
        default=0,
    )
    again = {entry.step for entry in trace.events_of(Sent) if isinstance(entry.event, Sent) and entry.event.again}
    senders = [step.sender for step in steps if step.number <= read and step.number not in again]
    ways = sum(at == 0 or senders[at - 1] is not sender for at, sender in enumerate(senders))
    return ways / 2
