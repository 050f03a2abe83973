"""The hosts of a shipped scenario, brought into any state of the exchange and kept there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from explorer.crypto.term import Constant, Term
from explorer.events import Event, Refused, Role, SaInstalled
from explorer.lab.host import IKE_PORT, Host, Packet
from explorer.lab.scenario import Scenario, load_scenario
from explorer.octets import Buffer
from explorer.protocols.ikev1.chain import IvChain
from explorer.protocols.ikev1.main_mode import UP as PHASE_1_UP
from explorer.protocols.ikev1.main_mode import MainMode
from explorer.protocols.ikev1.peer import Session
from explorer.protocols.ikev1.quick_mode import UP as PHASE_2_UP
from explorer.trace.model import Endpoint
from explorer.wire.message import read_message

HEADER = 28
MOST_EVENTS = 200
MOST_ANSWERS = 8


class Act(NamedTuple):
    """One thing that happens to a host: ``start``, ``quick``, ``ping``, or octets by ``udp`` or ``esp``."""

    kind: str
    octets: bytes = b""


def make_hosts(scenario: Scenario) -> dict[Role, Host]:
    first, second = scenario.initiator, scenario.responder
    return {
        Role.INITIATOR: Host(Role.INITIATOR, first.build(second), first.host, second.address, scenario.seed),
        Role.RESPONDER: Host(Role.RESPONDER, second.build(first), second.host, first.address, scenario.seed),
    }


def perform(scenario: Scenario, host: Host, act: Act) -> tuple[list[Event], list[Packet]]:
    """Let something happen to a host; returns what it says and what it sends."""
    if act.kind == "start":
        host.ike.start(host.remote, 0.0)
    elif act.kind == "quick":
        host.ike.start_quick(host.remote, 0.0)
    elif act.kind == "ping":
        host.ping(scenario.responder.host)
    else:
        port = IKE_PORT if act.kind == "udp" else 0
        host.receive(Packet(Endpoint(host.remote, port), Endpoint(host.address, port), act.octets), 0.0)
    return list(host.events()), host.packets(0.0)


def rehearse(scenario: Scenario) -> dict[Role, list[Act]]:
    """Everything that happens to each host in a run, in order."""
    hosts = make_hosts(scenario)
    acts: dict[Role, list[Act]] = {role: [] for role in hosts}
    for kind in ("start", "quick", "ping"):
        waiting = [(Role.INITIATOR, Act(kind))]
        while waiting:
            role, act = waiting.pop(0)
            acts[role].append(act)
            _, packets = perform(scenario, hosts[role], act)
            waiting += [(role.other, Act("udp" if p.destination.port else "esp", p.octets)) for p in packets]
    return acts


class Stage:
    """One host after the first ``count`` things that happen to it; it is set up again when it has changed."""

    def __init__(self, scenario: Scenario, role: Role, acts: list[Act], count: int) -> None:
        self.scenario = scenario
        self.role = role
        self.acts = acts
        self.count = count
        self._host: Host | None = None

    @property
    def label(self) -> str:
        return f"{self.scenario.name}-{self.role}-{self.count}"

    @property
    def host(self) -> Host:
        if self._host is None:
            self._host = make_hosts(self.scenario)[self.role]
            for act in self.acts[: self.count]:
                perform(self.scenario, self._host, act)
        return self._host

    def expected(self, kind: str) -> bytes:
        """What arrives next, or arrived last, by this way; nothing where nothing ever does."""
        coming = [act.octets for act in self.acts[self.count :] if act.kind == kind]
        past = [act.octets for act in self.acts[: self.count] if act.kind == kind]
        return next(iter(coming), past[-1] if past else b"")

    @property
    def session(self) -> Session | None:
        sessions = self.host.ike._sessions
        return sessions[0] if sessions else None

    # ---------------------------------------------------------------- the property

    def deliver(self, kind: str, octets: bytes, *, by_the_peer: bool = False) -> list[Event]:
        """Hand octets to the host and hold it to what it promises.

        ``by_the_peer``: whoever made them holds the keys and may well be believed.
        """
        host = self.host
        before, sas = fingerprint(host), associations(host)
        genuine = by_the_peer or self._is_genuine(kind, octets)
        self._host = None
        events, packets = perform(self.scenario, host, Act(kind, octets))
        assert len(events) < MOST_EVENTS, f"{len(events)} events"
        assert len(packets) <= MOST_ANSWERS, f"{len(packets)} answers"
        after = fingerprint(host)
        if not genuine:
            assert not any(isinstance(event, SaInstalled) for event in events), "an SA out of unauthenticated octets"
            assert associations(host) == sas, "unauthenticated octets changed an SA"
        if any(isinstance(event, Refused) for event in events):
            assert after == before, "refused, and yet something changed"
            assert not packets, "refused, and yet answered"
        if after == before:
            self._host = host
        return events

    def _is_genuine(self, kind: str, octets: bytes) -> bool:
        """Whether everything that hashes cover is as the peer made it.

        The version's minor part, the flags and the padding after the last payload are covered by nothing
        in IKEv1, so a message that differs in these alone is as good as the peer's own.
        """
        made = [act.octets for act in self.acts if act.kind == kind]
        if kind == "esp":
            return octets in made
        return any(
            octets[:17] == one[:17] and octets[18:19] == one[18:19] and octets[20:24] == one[20:24]
            and octets[HEADER:].startswith(one[HEADER:])
            for one in made
        )

    # ---------------------------------------------------------------- what only the peer could make

    @cached_property
    def _template(self) -> bytes:
        return self.expected("udp")

    def seal(self, plaintext: bytes) -> bytes:
        """A message like the one expected, with this inside it; nothing where there are no keys yet."""
        chain = self._chain()
        if chain is None or not self._template:
            return b""
        padded = plaintext + bytes(-len(plaintext) % chain.cipher.block)
        sealed = chain.cipher.encrypt(chain.key.octets, chain.iv.octets, padded)
        head = self._template[:19] + b"\x01" + self._template[20:24]
        return head + (HEADER + len(sealed)).to_bytes(4, "big") + sealed

    def sign(self, rest: bytes) -> bytes:
        """The same for Quick Mode, behind a HASH payload that verifies."""
        session = self.session
        if session is None or session.phase1.state != PHASE_1_UP:
            return b""
        phase1, M_ID = session.phase1, self._template[20:24]
        data = M_ID + rest
        quick = session.quick.get(int.from_bytes(M_ID, "big"))
        if self.role is Role.INITIATOR and quick is not None:
            data = M_ID + quick.ledger["Ni_b"].octets + rest
        proof = phase1.policy.hash_function.hmac(phase1.ledger["SKEYID_a"].octets, data)
        return self.seal(bytes((1, 0)) + (4 + len(proof)).to_bytes(2, "big") + proof + rest)

    def _chain(self) -> IvChain | None:
        session = self.session
        if session is None or session.phase1.chain is None:
            return None
        phase1, message_id = session.phase1, self._template[20:24]
        if not any(message_id):
            return phase1.chain
        quick = session.quick.get(int.from_bytes(message_id, "big"))
        return quick.chain if quick is not None else _first_chain(phase1, message_id)

    def plaintext(self) -> bytes:
        """The inside of the message expected, or nothing."""
        chain = self._chain()
        sealed = self._template[HEADER:]
        encrypted = self._template and read_message(Buffer("datagram", self._template)).header.encrypted
        if chain is None or not encrypted:
            return b""
        return chain.cipher.decrypt(chain.key.octets, chain.iv.octets, sealed)


def _first_chain(phase1: MainMode, message_id: bytes) -> IvChain | None:
    """RFC 2409 Appendix B: the first IV under a Message ID is a hash of phase 1's last block and that."""
    chain = phase1.chain
    if chain is None:
        return None
    octets = phase1.policy.hash_function.digest(chain.iv.octets + message_id)[: chain.cipher.block]
    return IvChain(chain.cipher, chain.key, Term("IV", octets, Constant("")), first=1)


def fingerprint(host: Host) -> object:
    """Everything of a host that decides what it will do next."""
    return (
        [_session(session) for session in host.ike._sessions],
        host.esp._sequence,
        associations(host),
        [(spi, window.newest, window._seen) for spi, (_, window) in host.esp._inbound.items()],
    )


def _session(session: Session) -> tuple[object, ...]:
    return (session.address, _exchange(session.phase1), {i: _exchange(quick) for i, quick in session.quick.items()},
            sorted(session.answers))


def _exchange(exchange: Any) -> tuple[object, ...]:
    chain = exchange.chain
    position = (chain.number, chain.iv.octets) if chain is not None else None
    return exchange.state, position, {symbol: term.octets for symbol, term in exchange.ledger._terms.items()}


def associations(host: Host) -> object:
    """The SAs that a host holds, with their keys."""
    phase1 = [s.cookies for s in host.ike._sessions if s.phase1.state == PHASE_1_UP]
    phase2 = [i for s in host.ike._sessions for i, quick in s.quick.items() if quick.state == PHASE_2_UP]
    esp = [(spi, sa.encryption_key.octets, sa.integrity_key.octets) for spi, (sa, _) in host.esp._inbound.items()]
    outbound = host.esp._outbound
    return phase1, phase2, esp, outbound.spi.octets if outbound is not None else None


def stages() -> Iterator[Stage]:
    """Every state of both hosts, in the scenarios whose messages differ."""
    for name in ("ikev1-main-psk", "ikev1-main-psk-pfs"):
        scenario = load_scenario(name)
        for role, acts in rehearse(scenario).items():
            for count in range(len(acts) + 1):
                yield Stage(scenario, role, acts, count)
