"""The run: a pure function of scenario and seed, from the first datagram to the last."""

from __future__ import annotations

from collections.abc import Callable

from explorer.errors import NoSaError
from explorer.events import (
    Concluded,
    Datagram,
    Event,
    NetworkChanged,
    Notified,
    Received,
    Refused,
    Role,
    SaEnded,
    SaInstalled,
    TunnelMoved,
    Verified,
)
from explorer.lab.entropy import SeededEntropy
from explorer.lab.host import Host
from explorer.lab.network import Link
from explorer.lab.scenario import Scenario
from explorer.lab.scenario_build import build, outside_address
from explorer.lab.scenario_build_v2 import build_v2
from explorer.lab.script import Action, parse_actions
from explorer.protocols.esp.observer import EspObserver
from explorer.protocols.ikev1.observer import Ikev1Observer
from explorer.protocols.ikev1.peer import Ikev1Peer
from explorer.protocols.ikev2.observer import Ikev2Observer
from explorer.protocols.ikev2.peer import Ikev2Peer
from explorer.trace.model import Beat, PartyInfo
from explorer.trace.trace import Recorder, Trace
from explorer.wire.structure import forget_readings

MOST_MESSAGES = 1000
"""A run that has not come to rest by then never will."""

Wanted = Callable[[Event], bool]
"""Whether an event is one of those that an action is meant to bring about."""

_PEERS = (Role.INITIATOR, Role.RESPONDER)


def run(scenario: Scenario, seed: int | None = None) -> Trace:
    """Play a scenario to its end and return the recording.

    Args:
        seed: overrides the scenario's own; the same scenario and seed give the same octets.
    """
    forget_readings()
    return Lab(scenario, scenario.seed if seed is None else seed).play()


_COME_AGAIN = ("COOKIE", "INVALID_KE_PAYLOAD")
"""Refusals that only ask for another try (RFC 7296 §1.2, §2.6)."""


def _made_ipsec_sas(event: Event) -> bool:
    made = ("Quick Mode", "CREATE_CHILD_SA")
    return isinstance(event, Concluded) and event.exchange in made and event.outcome == "completed"


def _is_sign_of_life(event: Event) -> bool:
    if isinstance(event, Notified):
        return event.notify == "R-U-THERE-ACK"
    return isinstance(event, Concluded) and (event.exchange, event.outcome) == ("INFORMATIONAL", "completed")


class Lab:
    """Two hosts, an eavesdropper, a link, and a clock that only the link and the peers' timers move."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario = scenario
        self.seed = seed
        first, second = scenario.initiator, scenario.responder
        config = build_v2 if scenario.protocol == "ikev2" else build
        self.hosts = {
            role: Host(role, config(scenario, peer), peer.host, outside_address(scenario, other), seed)
            for role, peer, other in ((Role.INITIATOR, first, second), (Role.RESPONDER, second, first))
        }
        self._ike_observer: Ikev1Observer | Ikev2Observer = (
            Ikev2Observer()
            if scenario.protocol == "ikev2"
            else Ikev1Observer(SeededEntropy(seed, str(Role.EAVESDROPPER)))
        )
        self._esp_observer = EspObserver()
        self._recorder = Recorder()
        self._link = Link(scenario.network)
        self._now = 0.0

    def play(self) -> Trace:
        """Carry out the script, line by line, as far as it gets."""
        failure = ""
        for text in self.scenario.script:
            actions = parse_actions(text)
            assert actions is not None
            since = len(self._recorder.entries)
            try:
                for action in actions:
                    self._do(action)
                if actions[-1].what != "wait":
                    self._settle()
            except NoSaError as error:
                failure = self._why(since) or str(error)
                break
            # Of what begins together one thing may well be in the way of the other: that is the point.
            if len(actions) == 1 and not self._reached(actions[0], since):
                failure = self._why(since) or f"“{text}” came to nothing"
                break
        return self._trace(failure)

    # ---------------------------------------------------------------- the script

    def _do(self, action: Action) -> None:
        host = self.hosts[action.by]
        ike, remote, now = host.ike, host.remote, self._now
        if action.what == "wait":
            self._settle(until=now + action.seconds)
            return
        if action.what == "phase 1":
            ike.start(remote, now)
        elif action.what in ("phase 2", "rekey"):
            ike.start_quick(remote, now, replaces=action.what == "rekey")
        elif action.what == "new group" and isinstance(ike, Ikev1Peer):
            ike.start_new_group(remote, now)
        elif action.what == "rekey ike" and isinstance(ike, Ikev2Peer):
            ike.start_rekey_ike(remote, now)
        elif action.what == "dpd":
            ike.start_dpd(remote, now)
        elif action.what == "ping":
            host.ping(self.hosts[action.by.other].inner)
        elif action.what == "restart":
            host.restart()
        elif action.what == "move" and isinstance(ike, Ikev2Peer) and self.scenario.initiator.moves_to is not None:
            ike.start_move(remote, self.scenario.initiator.moves_to, now)
        elif action.what == "resume" and isinstance(ike, Ikev2Peer):
            ike.start_resumption(remote, now)
        elif action.what == "reauthenticate" and isinstance(ike, Ikev2Peer):
            ike.start_reauthentication(remote, now)
        elif action.what.startswith("delete"):
            ike.start_delete(remote, now, isakmp=action.what == "delete phase 1")
        self._collect(action.by, None)

    def _reached(self, action: Action, since: int) -> bool:
        """Whether an action has done what it was meant to, as far as both sides can tell."""
        if action.what == "phase 1":
            return all(any(s.usable for s in host.ike.sessions) for host in self.hosts.values())
        if action.what in ("phase 2", "rekey", "rekey ike"):
            return self._both(since, _made_ipsec_sas)
        if action.what == "reauthenticate":
            return self._both(since, lambda e: isinstance(e, SaEnded) and e.protocol == "IKE")
        if action.what == "resume":
            return self._both(since, lambda e: isinstance(e, SaInstalled) and e.sa.protocol == "IKE")
        if action.what == "move":
            return self._both(since, lambda e: isinstance(e, TunnelMoved))
        if action.what == "ping":
            return self._one(since, action.by, lambda e: isinstance(e, Verified) and e.symbol == "ICV")
        if action.what == "dpd":
            return self._one(since, action.by, _is_sign_of_life)
        if action.what == "new group":
            return self._both(since, lambda e: isinstance(e, NetworkChanged) and e.what == "private group")
        if action.what.startswith("delete"):
            return self._both(since, lambda e: isinstance(e, SaEnded))
        return True

    def _one(self, since: int, party: Role, wanted: Wanted) -> bool:
        return any(entry.party is party and wanted(entry.event) for entry in self._recorder.entries[since:])

    def _both(self, since: int, wanted: Wanted) -> bool:
        return all(self._one(since, party, wanted) for party in _PEERS)

    def _why(self, since: int) -> str:
        """The first thing that a peer refused, or else the first exchange that came to nothing."""
        own = [entry.event for entry in self._recorder.entries[since:] if entry.party in _PEERS]
        refused = [event for event in own if isinstance(event, Refused)]
        failed = [event.reason for event in own if isinstance(event, Concluded) and event.outcome == "failed"]
        # Who is asked to come again has not failed yet.
        again = tuple(event.reason for event in refused if event.notify in _COME_AGAIN)
        reasons = [event.reason for event in refused] + [reason for reason in failed if not reason.endswith(again)]
        return next((reason for reason in reasons if reason not in again), "")

    # ---------------------------------------------------------------- time

    def _settle(self, until: float | None = None) -> None:
        """Deliver, and let timers run, until nothing is under way any more; or up to a time."""
        while len(self._recorder.steps) < MOST_MESSAGES:
            arrives = self._link.next_time
            due = self._next_timer() if until is not None or arrives is not None or self._busy() else None
            times = [at for at in (arrives, due) if at is not None and (until is None or at <= until)]
            if not times:
                break
            self._now = max(self._now, min(times))
            if arrives is not None and arrives == min(times):
                self._deliver()
            else:
                self._let_timers_run()
        if until is not None:
            self._now = max(self._now, until)

    def _busy(self) -> bool:
        return any(host.ike.busy for host in self.hosts.values())

    def _next_timer(self) -> float | None:
        return min((at for host in self.hosts.values() if (at := host.ike.next_timer()) is not None), default=None)

    def _let_timers_run(self) -> None:
        for party, host in self.hosts.items():
            due = host.ike.next_timer()
            if due is not None and due <= self._now:
                host.ike.handle_timer(self._now)
                self._collect(party, None)

    def _deliver(self) -> None:
        delivery = self._link.take()
        if delivery is None:
            return
        number, receiver = delivery.message, delivery.receiver
        self._recorder.begin_reading(receiver, number, Beat.READ)
        self.hosts[receiver].receive(delivery.datagram, self._now)
        self._collect(receiver, self._recorder.sent_entry(number))

    # ---------------------------------------------------------------- recording

    def _collect(self, party: Role, cause: int | None) -> None:
        """Record what a host says, let the eavesdropper see what it sends, and put that on the link."""
        host = self.hosts[party]
        for event in host.events():
            self._recorder.add(party, self._now, event, cause)
            if isinstance(event, Received):
                cause = len(self._recorder.entries) - 1
        for made in host.datagrams(self._now):
            datagram, inside = self._link.on_the_wire(party, made)
            number = self._recorder.message_sent(party, datagram, self._now, inside)
            fate, delivered = self._link.put(number, datagram, party.other, self._now)
            if fate:
                self._recorder.mark(number, fate, delivered.octets)
            self._watch(delivered, party, number)

    def _watch(self, datagram: Datagram, sender: Role, number: int) -> None:
        observer = Role.EAVESDROPPER
        self._recorder.begin_reading(observer, number, Beat.WIRE)
        for event in self._seen(datagram, sender):
            cause = self._recorder.sent_entry(number)
            self._recorder.add(observer, self._now + self.scenario.network.latency / 2, event, cause)

    def _seen(self, datagram: Datagram, sender: Role) -> list[Event]:
        if self._esp_observer.is_ipsec(datagram):
            return [self._esp_observer.see(datagram)]
        self._ike_observer.see(datagram, sender)
        seen = []
        while (event := self._ike_observer.next_event()) is not None:
            seen.append(event)
        return seen

    def _trace(self, failure: str) -> Trace:
        entries, steps = self._recorder.finish()
        scenario = self.scenario
        parties = [
            PartyInfo(role, peer.name, peer.address, outside_address(scenario, peer).replace(peer.address, ""))
            for role, peer in ((Role.INITIATOR, scenario.initiator), (Role.RESPONDER, scenario.responder))
        ]
        trace = Trace(
            scenario=scenario.name,
            title=scenario.title,
            protocol=scenario.protocol,
            seed=self.seed,
            parties=[*parties, PartyInfo(Role.EAVESDROPPER, "Eavesdropper", "")],
            entries=entries,
            steps=steps,
            outcome="",
            reason="",
        )
        trace.outcome, trace.reason = self._outcome(trace, failure)
        return trace

    def _outcome(self, trace: Trace, failure: str) -> tuple[str, str]:
        """Established if everything in the script was reached and SAs stand; completed if none is left."""
        if failure:
            return "failed", failure
        last = len(trace) - 1
        held = [
            {(sa.spis[0].octets, tuple(key.octets for _, key in sa.keys)) for sa in trace.sas(role, last)}
            for role in _PEERS
        ]
        if not any(held):
            return "completed", "everything was done, and no SA is left"
        if held[0] != held[1]:
            return "established", "both sides hold SAs, but not with the same keys"
        pinged = " and the ping was answered" if "ping" in self.scenario.script else ""
        return "established", f"both sides hold the same SAs{pinged}"
