"""The hosts of a scenario, brought into any state of their exchanges and kept there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from ipaddress import IPv4Address
from typing import NamedTuple

import msgspec

from explorer.crypto.term import Constant, Term
from explorer.errors import WireError
from explorer.events import Datagram, Endpoint, Event, Refused, Role, SaInstalled, StateChanged
from explorer.lab.host import Host
from explorer.lab.scenario import PeerFile, Scenario, load_scenario
from explorer.lab.scenario_build import build
from explorer.octets import Buffer
from explorer.protocols.esp.sa import IpsecSa
from explorer.protocols.ikev1.chain import IvChain
from explorer.protocols.ikev1.exchange import Exchange
from explorer.protocols.ikev1.informational import ClearInformational, Informational
from explorer.protocols.ikev1.phase1 import Phase1
from explorer.protocols.ikev1.quick_mode import QuickMode
from explorer.protocols.ikev1.session import Session
from explorer.registry.isakmp import ExchangeType, PayloadType
from explorer.wire.message import read_message

HEADER = 28
MOST_EVENTS = 200
MOST_ANSWERS = 8
NAMES = (
    "ikev1-main-psk",
    "ikev1-main-psk-pfs",
    "ikev1-main-rsa",
    "ikev1-main-revised-pke",
    "ikev1-aggressive-psk",
    "ikev1-aggressive-pke",
    "ikev1-remote-access-hybrid",
    "ikev1-quick-ah",
)
"""Scenarios whose messages differ."""


class Act(NamedTuple):
    """One thing that happens to a host: ``start``, ``quick``, ``ping``, or a datagram by ``udp`` or ``ip``."""

    kind: str
    datagram: Datagram = Datagram(b"", Endpoint("", 0), Endpoint("", 0))

    @property
    def octets(self) -> bytes:
        return self.datagram.octets


def hasty(scenario: Scenario) -> Scenario:
    """The same with the smallest group, so that a host is quickly where it should be."""

    def peer(file: PeerFile) -> PeerFile:
        isakmp = [msgspec.structs.replace(policy, group=1) for policy in file.isakmp]
        ipsec = [msgspec.structs.replace(one, pfs_group=one.pfs_group and 1) for one in file.ipsec]
        return msgspec.structs.replace(file, isakmp=isakmp, ipsec=ipsec)

    first, second = peer(scenario.initiator), peer(scenario.responder)
    return msgspec.structs.replace(scenario, initiator=first, responder=second)


def make_host(scenario: Scenario, role: Role) -> Host:
    peers = {Role.INITIATOR: scenario.initiator, Role.RESPONDER: scenario.responder}
    return Host(role, build(scenario, peers[role]), peers[role].host, peers[role.other].address, scenario.seed)


def perform(scenario: Scenario, host: Host, act: Act) -> tuple[list[Event], list[Datagram]]:
    """Let something happen to a host; returns what it says and what it sends."""
    if act.kind == "start":
        host.ike.start(host.remote, 0.0)
    elif act.kind == "quick":
        host.ike.start_quick(host.remote, 0.0)
    elif act.kind == "ping":
        host.ping(IPv4Address(scenario.responder.host).packed)
    else:
        host.receive(act.datagram, 0.0)
    return list(host.events()), host.datagrams(0.0)


def play(scenario: Scenario) -> list[tuple[Role, Act]]:
    """Everything that happens in a run, in order, and to whom."""
    hosts = {role: make_host(scenario, role) for role in (Role.INITIATOR, Role.RESPONDER)}
    happened = []
    for kind in ("start", "quick", "ping"):
        waiting = [(Role.INITIATOR, Act(kind))]
        while waiting:
            role, act = waiting.pop(0)
            happened.append((role, act))
            _, made = perform(scenario, hosts[role], act)
            waiting += [(role.other, Act("udp" if one.destination.port else "ip", one)) for one in made]
    return happened


class Staged:
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
            self._host = self.fresh()
            for act in self.acts[: self.count]:
                self.happen(self._host, act)
        return self._host

    def fresh(self) -> Host:
        raise NotImplementedError

    def happen(self, host: Host, act: Act) -> None:
        raise NotImplementedError

    def expected(self, kind: str) -> Act:
        """What arrives next, or arrived last, by this way; where nothing ever does, an empty datagram."""
        coming = [act for act in self.acts[self.count :] if act.kind == kind]
        past = [act for act in self.acts[: self.count] if act.kind == kind]
        return next(iter(coming), past[-1] if past else Act(kind, self._empty))

    @property
    def _empty(self) -> Datagram:
        port = Endpoint(self.host.remote.address, 500), Endpoint(self.host.config.address, 500)
        return Datagram(b"", *port)


class Stage(Staged):
    """One host of IKEv1 on its way."""

    def fresh(self) -> Host:
        return make_host(self.scenario, self.role)

    def happen(self, host: Host, act: Act) -> None:
        perform(self.scenario, host, act)

    @property
    def session(self) -> Session | None:
        return next(iter(_sessions(self.host)), None)

    # ---------------------------------------------------------------- the property

    def deliver(self, kind: str, octets: bytes, *, by_the_peer: bool = False) -> list[Event]:
        """Hand octets to the host and hold it to what it promises.

        ``by_the_peer``: whoever made them holds the keys and may well be believed.
        """
        host = self.host
        before, untouched, sas = fingerprint(host), traces(host), associations(host)
        genuine = by_the_peer or self._is_genuine(kind, octets)
        self._host = None
        datagram = self.expected(kind).datagram._replace(octets=octets)
        events, answers = perform(self.scenario, host, Act(kind, datagram))
        assert len(events) < MOST_EVENTS, f"{len(events)} events"
        assert len(answers) <= MOST_ANSWERS, f"{len(answers)} answers"
        after = fingerprint(host)
        if not genuine:
            assert not any(isinstance(event, SaInstalled) for event in events), "an SA out of unauthenticated octets"
            assert associations(host) == sas, "unauthenticated octets changed an SA"
        if is_refused(events):
            assert after == before, "refused, and yet something changed"
            assert len(answers) <= 1, "refused, and yet answered"
            assert all(one.octets[18] == ExchangeType.INFORMATIONAL for one in answers)
        if after == before and traces(host) == untouched:
            self._host = host
        return events

    def _is_genuine(self, kind: str, octets: bytes) -> bool:
        """Whether everything that hashes cover is as the peer made it.

        The version's minor part, the flags and the padding after the last payload are covered by nothing
        in IKEv1, so a message that differs in these alone is as good as the peer's own.
        """
        made = [act.octets for act in self.acts if act.kind == kind]
        if kind == "ip":
            return octets in made
        return any(
            octets[:17] == one[:17] and octets[18:19] == one[18:19] and octets[20:24] == one[20:24]
            and (octets[HEADER:].startswith(one[HEADER:]) or _covered(octets) == _covered(one))
            for one in made
        )

    # ---------------------------------------------------------------- what only the peer could make

    @cached_property
    def _template(self) -> bytes:
        return self.expected("udp").octets

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
        """The same under the ISAKMP SA, behind a HASH payload that verifies."""
        session = self.session
        if session is None or not session.phase1.up or not any(self._template[20:24]):
            return b""
        phase1, M_ID = session.phase1, self._template[20:24]
        data = M_ID + rest
        exchange = session.exchanges.get(int.from_bytes(M_ID, "big"))
        if isinstance(exchange, QuickMode) and exchange.role is Role.INITIATOR:
            data = M_ID + exchange.ledger["Ni_b"].octets + rest
        proof = phase1.policy.hash_function.hmac(phase1.ledger["SKEYID_a"].octets, data)
        follows = self._following if rest else 0
        return self.seal(bytes((follows, 0)) + (4 + len(proof)).to_bytes(2, "big") + proof + rest)

    @cached_property
    def _following(self) -> int:
        """The type of the payload behind the hash, in the message expected."""
        return (self.plaintext() or bytes((PayloadType.SA,)))[0]

    def _chain(self) -> IvChain | None:
        session = self.session
        if session is None or session.phase1.chain is None:
            return None
        phase1, message_id = session.phase1, self._template[20:24]
        if not any(message_id):
            return phase1.chain
        exchange = session.exchanges.get(int.from_bytes(message_id, "big"))
        return exchange.chain if exchange is not None else _first_chain(phase1, message_id)

    def plaintext(self) -> bytes:
        """The inside of the message expected, or nothing."""
        chain = self._chain()
        sealed = self._template[HEADER:]
        encrypted = self._template and read_message(Buffer("datagram", self._template)).header.encrypted
        if chain is None or not encrypted:
            return b""
        return chain.cipher.decrypt(chain.key.octets, chain.iv.octets, sealed)


def _covered(octets: bytes) -> object:
    """Of an Aggressive Mode message what its hashes cover: not the choice (RFC 2409 §5), and no vendor IDs."""
    try:
        message = read_message(Buffer("datagram", octets))
    except WireError:
        return octets
    if message.header.exchange_type != ExchangeType.AGGRESSIVE or message.header.encrypted:
        return octets
    proven = (PayloadType.KE, PayloadType.NONCE, PayloadType.ID, PayloadType.HASH)
    return sorted((kind, message.body(at).octets) for at, kind in enumerate(message.types) if kind in proven)


def is_refused(events: list[Event]) -> bool:
    """Whether the message was turned down; a login that fails is read and answered like any other."""
    kinds = [type(event) for event in events]
    return Refused in kinds and StateChanged not in kinds


def _first_chain(phase1: Phase1, message_id: bytes) -> IvChain | None:
    """RFC 2409 Appendix B: the first IV under a Message ID is a hash of phase 1's last block and that."""
    chain = phase1.chain
    if chain is None or not phase1.up:
        return None
    octets = phase1.policy.hash_function.digest(chain.iv.octets + message_id)[: chain.cipher.block]
    return IvChain(chain.cipher, chain.key, Term("IV", octets, Constant("")), first=1)


# ---------------------------------------------------------------- what a host is


def _sessions(host: Host) -> list[Session]:
    return [session for session in host.ike.sessions if isinstance(session, Session)]


def fingerprint(host: Host) -> object:
    """Everything of a host that decides what it will believe, hold and accept next."""
    windows = [(key, window.newest, window._seen) for key, (_, window) in host.ipsec._inbound.items()]
    return [_session(session) for session in _sessions(host)], host.ipsec._sequence, associations(host), windows


def _session(session: Session) -> tuple[object, ...]:
    link, access = session.party.link, session.access
    told = Informational | ClearInformational
    exchanges = {
        number: _exchange(exchange)
        for number, exchange in session.exchanges.items()
        if not isinstance(exchange, told) and exchange.state != "idle"
    }
    network = link.local, link.remote, link.peer_knows_natt, link.nat_here, link.nat_there
    user = access.authorized, access.refused, access.address
    held = [(holding.scope, holding.expires, holding.renewing) for holding in session.holdings]
    return (_exchange(session.phase1), exchanges, network, user, held, session.ended, session.expires,
            session.private_groups, sorted(session._answers))


def _exchange(exchange: Exchange) -> tuple[object, ...]:
    chain = exchange.chain
    position = (chain.number, chain.iv.octets) if chain is not None else None
    return exchange.state, exchange.failure, position, {s: term.octets for s, term in exchange.ledger._terms.items()}


def traces(host: Host) -> object:
    """What a complaint leaves behind: that it was made, and its Message ID."""
    return [
        (session.begun, [(number, one.complained) for number, one in session.exchanges.items()],
         session.phase1.complained)
        for session in _sessions(host)
    ]


def associations(host: Host) -> object:
    """The SAs that a host holds, with their keys."""
    phase1 = [session.cookies for session in _sessions(host) if session.phase1.up and not session.ended]
    inbound = [(key, _keys(sa)) for key, (sa, _) in host.ipsec._inbound.items()]
    outbound = [(scope, number, _keys(sa)) for scope, bundle in host.ipsec._outbound.items()
                for number, sa in bundle.items()]
    return phase1, inbound, outbound


def _keys(sa: IpsecSa) -> tuple[bytes, ...]:
    keys = (sa.spi, sa.integrity_key, sa.encryption_key)
    return tuple(key.octets for key in keys if key is not None)


def stages() -> Iterator[Stage]:
    """Every state of both hosts, in the scenarios whose messages differ."""
    for name in NAMES:
        scenario = hasty(load_scenario(name))
        happened = play(scenario)
        for role in (Role.INITIATOR, Role.RESPONDER):
            acts = [act for whose, act in happened if whose is role]
            for count in range(len(acts) + 1):
                yield Stage(scenario, role, acts, count)
