"""The hosts of an IKEv2 scenario, brought into any state of their exchanges and kept there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from ipaddress import IPv4Address
from typing import NamedTuple

from stage import MOST_ANSWERS, MOST_EVENTS, Act, Staged

from explorer.events import Datagram, Event, Refused, Role, SaInstalled, Verified
from explorer.lab.host import Host
from explorer.lab.scenario import Scenario, load_scenario
from explorer.lab.scenario_build_v2 import build_v2
from explorer.octets import Buffer
from explorer.protocols.esp.sa import IpsecSa
from explorer.protocols.ikev2.association import Association
from explorer.protocols.ikev2.exchange import V2Exchange
from explorer.protocols.ikev2.peer import Ikev2Peer
from explorer.wire.ikev2_message import V2Message, read_v2

I, R = Role.INITIATOR, Role.RESPONDER  # noqa: E741 - the RFC's letters
HEADER, GENERIC = 28, 4
MOST_TIMERS = 40
OWN_PADDING, ASKED = 0x80, 0x40
WHOLE = (("start", I), ("ping", I), ("rekey", I), ("rekey ike", R), ("dpd", I), ("quick", R), ("delete", I),
         ("end", R))
SCRIPTS = {
    "ikev2-psk": WHOLE,
    "ikev2-gcm": (("start", I), ("rekey ike", I)),
    "ikev2-rsa": (("start", I),),
    "ikev2-hybrid-mlkem": (("start", I),),
    "ikev2-cookie-invalid-ke": (("start", I),),
    "ikev2-session-resumption": (("start", I), ("resume", I)),
    "ikev2-mobike": (("start", I), ("move", I)),
}
"""Scenarios whose messages differ, and what is done in each."""


def make_host(scenario: Scenario, role: Role) -> Host:
    peers = {I: scenario.initiator, R: scenario.responder}
    return Host(role, build_v2(scenario, peers[role]), peers[role].host, peers[role.other].address, scenario.seed)


def perform(scenario: Scenario, host: Host, act: Act) -> tuple[list[Event], list[Datagram]]:
    """Let something happen to a host; returns what it says and what it sends."""
    ike = host.ike
    assert isinstance(ike, Ikev2Peer)
    match act.kind:
        case "start":
            ike.start(host.remote, 0.0)
        case "quick" | "rekey":
            ike.start_quick(host.remote, 0.0, replaces=act.kind == "rekey")
        case "rekey ike":
            ike.start_rekey_ike(host.remote, 0.0)
        case "dpd":
            ike.start_dpd(host.remote, 0.0)
        case "resume":
            ike.start_resumption(host.remote, 0.0)
        case "move":
            ike.start_move(host.remote, "10.77.0.5", 0.0)
        case "delete" | "end":
            ike.start_delete(host.remote, 0.0, isakmp=act.kind == "end")
        case "ping":
            there = scenario.responder if host.role is I else scenario.initiator
            host.ping(IPv4Address(there.host).packed)
        case _:
            host.receive(act.datagram, 0.0)
    return list(host.events()), host.datagrams(0.0)


def play(scenario: Scenario) -> list[tuple[Role, Act]]:
    """Everything that happens in a run, in order, and to whom."""
    hosts = {role: make_host(scenario, role) for role in (I, R)}
    happened = []
    for kind, by in SCRIPTS[scenario.name]:
        waiting = [(by, Act(kind))]
        while waiting:
            role, act = waiting.pop(0)
            happened.append((role, act))
            _, made = perform(scenario, hosts[role], act)
            waiting += [(role.other, Act("udp" if one.destination.port else "ip", one)) for one in made]
    return happened


class Inside(NamedTuple):
    """What is to be sealed: the kind of exchange, the first payload's type, and the payloads.

    Written as octets, the way a fuzzer has them: kind, type, and the rest.  Two bits of the kind say that the rest
    brings its own padding, right or wrong; and that it is a request of its own whose turn it is.
    """


    kind: int
    first: int
    rest: bytes

    @classmethod
    def of(cls, octets: bytes) -> Inside:
        kind, first = (octets + bytes(2))[:2]
        return cls(kind, first, octets[2:])

    def octets(self) -> bytes:
        return bytes((self.kind, self.first)) + self.rest


class V2Stage(Staged):
    """One host of IKEv2 on its way."""

    def fresh(self) -> Host:
        return make_host(self.scenario, self.role)

    def happen(self, host: Host, act: Act) -> None:
        perform(self.scenario, host, act)

    @cached_property
    def template(self) -> bytes:
        return self.expected("udp").octets

    # ---------------------------------------------------------------- the property

    def deliver(self, kind: str, octets: bytes, *, by_the_peer: bool = False) -> list[Event]:
        """Hand octets to the host and hold it to what it promises; ``by_the_peer`` if they are sealed with its keys."""
        host = self.host
        before, sas = fingerprint(host), associations(host)
        keyed = self._is_keyed(octets)
        genuine = by_the_peer or octets in [act.octets for act in self.acts if act.kind == kind]
        self._host = None
        datagram = self.expected(kind).datagram._replace(octets=octets)
        events, answers = perform(self.scenario, host, Act(kind, datagram))
        assert len(events) < MOST_EVENTS, f"{len(events)} events"
        assert len(answers) <= MOST_ANSWERS, f"{len(answers)} answers"
        self._nobody_unproven_gets_in(events)
        after = fingerprint(host)
        if not genuine:
            assert associations(host) == sas, "unauthenticated octets changed an SA"
            if keyed or kind == "ip":
                assert after == before, "nobody with the keys has sent this, and yet something changed"
        if after == before:
            self._host = host
        else:
            comes_to_rest(host)
        return events

    def _is_keyed(self, octets: bytes) -> bool:
        """Whether the octets speak to an IKE SA that has keys, so that only who has them can be meant."""
        known = [a.sa for a in sessions(self.host) if a.sa.secured]
        return any(octets[:8] == sa.spis[0] and octets[8:16] in (sa.spis[1], bytes(8)) for sa in known)

    def _nobody_unproven_gets_in(self, events: list[Event]) -> None:
        was_up = any(a.sa.up for a in sessions(self.host))
        for at, event in enumerate(events):
            if isinstance(event, SaInstalled) and not was_up:
                earlier = events[:at]
                assert any(isinstance(e, Verified) and e.proves is self.role.other for e in earlier), "nobody is proven"

    # ---------------------------------------------------------------- what only the peer could make

    @cached_property
    def _association(self) -> Association | None:
        """The IKE SA of the message expected, if it has keys."""
        found = [a for a in sessions(self.host) if b"".join(a.sa.spis) == self.template[:16]]
        return found[0] if found and found[0].sa.secured else None

    def seal(self, inside: Inside, iv: bytes | None = None) -> bytes:
        """A message like the one expected, with this inside it; nothing where there are no keys yet."""
        association, asked = self._association, bool(inside.kind & ASKED)
        if asked:
            association = next((a for a in reversed(sessions(self.host)) if a.sa.up), association)
        if association is None:
            return b""
        sa, suite, keys = association.sa, association.sa.suite, association.sa.sealing_keys(own=False)
        assert suite is not None
        cipher = suite.encryption
        vector = bytes(cipher.iv_size) if iv is None else iv
        padding = -(len(inside.rest) + 1) % cipher.block
        plain = inside.rest + bytes(padding) + bytes((padding,))
        if inside.kind & OWN_PADDING:
            plain = inside.rest + bytes(-len(inside.rest) % cipher.block)
        size = GENERIC + len(vector) + len(plain) + suite.icv_size
        place = self.template[19:24]
        if asked:
            place = bytes((8 if sa.role is R else 0,)) + sa.expected.to_bytes(4, "big")
        head = b"".join(sa.spis) + bytes((46, 0x20, inside.kind & 0x3F)) + place
        head += (HEADER + size).to_bytes(4, "big") + bytes((inside.first, 0)) + (size & 0xFFFF).to_bytes(2, "big")
        salt = keys.salt.octets if keys.salt is not None else b""
        ciphertext, icv = cipher.seal(keys.encryption.octets, salt, vector, plain, head if cipher.is_aead else b"")
        if suite.integrity is not None:
            assert keys.integrity is not None
            icv = suite.integrity.mac(keys.integrity.octets, head + vector + ciphertext)
        return head + vector + ciphertext + icv

    def inside(self) -> Inside | None:
        """The inside of the message expected, or nothing."""
        message = self._opened
        if self._association is None or message is None:
            return None
        suite, keys = self._association.sa.suite, self._association.sa.sealing_keys(own=False)
        assert suite is not None
        parts = (message.part(name).octets for name in ("iv", "ciphertext", "icv"))
        iv, ciphertext, icv = parts
        salt = keys.salt.octets if keys.salt is not None else b""
        front = self.template[: HEADER + GENERIC]
        aead = suite.encryption.is_aead
        args = (icv, front) if aead else ()
        plain = suite.encryption.open(keys.encryption.octets, salt, iv, ciphertext, *args)
        assert plain is not None
        assert message.sealed is not None
        return Inside(message.header.exchange_type, message.sealed.next_payload, plain[: len(plain) - 1 - plain[-1]])

    @property
    def vector(self) -> bytes:
        """The vector of the message expected."""
        return self._opened.part("iv").octets if self._opened is not None else b""

    @cached_property
    def _opened(self) -> V2Message | None:
        if self._association is None or not self._association.sa.secured or self.template[16] != 46:
            return None
        return read_v2(Buffer("datagram", self.template), 0, self._association.sa.suite.sizes)


# ---------------------------------------------------------------- what a host is


def sessions(host: Host) -> list[Association]:
    assert isinstance(host.ike, Ikev2Peer)
    return host.ike.sessions


def comes_to_rest(host: Host) -> None:
    """Nobody answers any more: whatever waits gives up in the end."""
    for _ in range(MOST_TIMERS):
        due = host.ike.next_timer()
        if due is None:
            break
        host.ike.handle_timer(due)
        list(host.events())
        host.datagrams(due)
    assert host.ike.next_timer() is None, "it waits for ever"
    assert not host.ike.busy, "it is busy for ever"


def fingerprint(host: Host) -> object:
    """Everything of a host that decides what it will believe, hold and accept next."""
    windows = [(key, window.newest, window._seen) for key, (_, window) in host.ipsec._inbound.items()]
    return [_session(one) for one in sessions(host)], host.ipsec._sequence, associations(host), windows


def _session(one: Association) -> tuple[object, ...]:
    sa, link = one.sa, one.party.link
    ledger = {symbol: term.octets for symbol, term in sa.ledger._terms.items()}
    counts = (sa.next_request, sa.expected, sa.up, sa.ended, len(one.waiting), sorted(one.answered))
    children = [(child.inbound.octets, child.outbound.octets, child.rekeying) for child in sa.children]
    asking = _exchange(one.asking) if one.asking is not None else None
    return sa.spis, counts, children, sorted(sa.peer_supports), ledger, asking, link.local, link.remote


def _exchange(exchange: V2Exchange) -> tuple[object, ...]:
    ledger = {symbol: term.octets for symbol, term in exchange.ledger._terms.items()}
    return exchange.state, exchange.failure, exchange.retry, exchange.message_id, exchange.retransmission.due, ledger


def associations(host: Host) -> object:
    """The SAs that a host holds, with their keys."""
    ike = [(a.sa.spis, a.sa.keys.SK_d.octets) for a in sessions(host) if a.sa.up and not a.sa.ended and a.sa.keys]
    inbound = [(key, _keys(sa)) for key, (sa, _) in host.ipsec._inbound.items()]
    outbound = [(scope, number, _keys(sa)) for scope, bundle in host.ipsec._outbound.items()
                for number, sa in bundle.items()]
    return ike, inbound, outbound


def _keys(sa: IpsecSa) -> tuple[bytes, ...]:
    keys = (sa.spi, sa.integrity_key, sa.encryption_key)
    return tuple(key.octets for key in keys if key is not None)


def is_refused(events: list[Event]) -> bool:
    return any(isinstance(event, Refused) for event in events)


def v2_stages() -> Iterator[V2Stage]:
    """Every state of both hosts, in the scenarios whose messages differ."""
    for name in SCRIPTS:
        scenario = load_scenario(name)
        happened = play(scenario)
        for role in (I, R):
            acts = [act for whose, act in happened if whose is role]
            for count in range(len(acts) + 1):
                yield V2Stage(scenario, role, acts, count)
