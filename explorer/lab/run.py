"""The run: a pure function of scenario and seed, from the first datagram to the last."""

from __future__ import annotations

from explorer.events import Concluded, Event, Received, Role, Verified
from explorer.lab.entropy import SeededEntropy
from explorer.lab.host import Host, Packet
from explorer.lab.scenario import Scenario
from explorer.protocols.esp.observer import EspObserver
from explorer.protocols.ikev1.observer import Ikev1Observer
from explorer.trace.model import Beat, PartyInfo
from explorer.trace.trace import Recorder, Trace

MOST_MESSAGES = 1000
"""A run that has not come to rest by then never will."""


def run(scenario: Scenario, seed: int | None = None) -> Trace:
    """Play a scenario to its end and return the recording.

    Args:
        seed: overrides the scenario's own; the same scenario and seed give the same octets.
    """
    return Lab(scenario, scenario.seed if seed is None else seed).play()


class Lab:
    """Two hosts, an eavesdropper, a perfect link and a clock that only the link moves."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario = scenario
        self.seed = seed
        first, second = scenario.initiator, scenario.responder
        self.hosts = {
            Role.INITIATOR: Host(Role.INITIATOR, first.build(second), first.host, second.address, seed),
            Role.RESPONDER: Host(Role.RESPONDER, second.build(first), second.host, first.address, seed),
        }
        self._ike_observer = Ikev1Observer(SeededEntropy(seed, str(Role.EAVESDROPPER)))
        self._esp_observer = EspObserver()
        self._recorder = Recorder()
        self._now = 0.0
        self._link: list[tuple[int, Packet, Role]] = []

    def play(self) -> Trace:
        """Carry out the script, step by step, as far as it gets."""
        for action in self.scenario.script:
            if action != "phase 1" and not self._concluded(action):
                break
            self._do(action)
            self._settle()
        return self._trace()

    def _do(self, action: str) -> None:
        host = self.hosts[Role.INITIATOR]
        if action == "phase 1":
            host.ike.start(host.remote, self._now)
        elif action == "phase 2":
            host.ike.start_quick(host.remote, self._now)
        else:
            host.ping(self.scenario.responder.host)
        self._collect(Role.INITIATOR, None)

    def _concluded(self, action: str) -> bool:
        """Whether what this action needs has been reached on both sides."""
        needed = {"phase 2": "Main Mode", "ping": "Quick Mode"}[action]
        done = {
            entry.party
            for entry in self._recorder.entries
            if isinstance(entry.event, Concluded) and entry.event.exchange == needed
        }
        return {Role.INITIATOR, Role.RESPONDER} <= done

    def _settle(self) -> None:
        """Deliver until nothing is under way."""
        while self._link and len(self._recorder.steps) < MOST_MESSAGES:
            number, packet, receiver = self._link.pop(0)
            self._now += self.scenario.network.latency
            self._recorder.begin_reading(receiver, number, Beat.READ)
            cause = self._recorder.sent_entry(number)
            self.hosts[receiver].receive(packet, self._now)
            self._collect(receiver, cause)

    def _collect(self, party: Role, cause: int | None) -> None:
        """Record what a host says, let the eavesdropper see what it sends, and put that on the link."""
        host = self.hosts[party]
        for event in host.events():
            self._recorder.add(party, self._now, event, cause)
            if isinstance(event, Received):
                cause = len(self._recorder.entries) - 1
        for packet in host.packets(self._now):
            number = self._recorder.message_sent(
                party, party.other, packet.source, packet.destination, self._now, packet.octets
            )
            self._watch(packet, number)
            self._link.append((number, packet, party.other))

    def _watch(self, packet: Packet, number: int) -> None:
        observer = Role.EAVESDROPPER
        self._recorder.begin_reading(observer, number, Beat.WIRE)
        for event in self._seen(packet):
            cause = self._recorder.sent_entry(number)
            self._recorder.add(observer, self._now + self.scenario.network.latency / 2, event, cause)

    def _seen(self, packet: Packet) -> list[Event]:
        if not packet.destination.port:
            return [self._esp_observer.see(packet.octets)]
        self._ike_observer.see(packet.octets, packet.source.address)
        seen = []
        while (event := self._ike_observer.next_event()) is not None:
            seen.append(event)
        return seen

    def _trace(self) -> Trace:
        entries, steps = self._recorder.finish()
        scenario = self.scenario
        parties = [
            PartyInfo(Role.INITIATOR, scenario.initiator.name, scenario.initiator.address),
            PartyInfo(Role.RESPONDER, scenario.responder.name, scenario.responder.address),
            PartyInfo(Role.EAVESDROPPER, "Eavesdropper", ""),
        ]
        trace = Trace(
            scenario=scenario.name,
            title=scenario.title,
            protocol=scenario.protocol,
            seed=self.seed,
            parties=parties,
            entries=entries,
            steps=steps,
            outcome="",
            reason="",
        )
        trace.outcome, trace.reason = self._outcome(trace)
        return trace

    def _outcome(self, trace: Trace) -> tuple[str, str]:
        """Established when everything in the script was reached on both sides, failed otherwise."""
        if trace.refusals:
            event = trace.refusals[-1].event
            return "failed", getattr(event, "reason", "")
        wanted = {"phase 1": "Main Mode", "phase 2": "Quick Mode"}
        for action in self.scenario.script:
            if action == "ping":
                answered = [
                    e for e in trace.events_of(Verified, Role.INITIATOR) if getattr(e.event, "symbol", "") == "ICV"
                ]
                if not answered:
                    return "failed", "the ping was not answered"
            else:
                done = {e.party for e in trace.conclusions if getattr(e.event, "exchange", "") == wanted[action]}
                if len(done) < 2:
                    return "failed", f"{wanted[action]} was not completed"
        return "established", "both sides hold the same SAs" + (
            " and the ping was answered" if "ping" in self.scenario.script else ""
        )
