from __future__ import annotations

import hmac
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TypeVar

from by_hand import chain
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from pair import ADDRESSES, MOST_DELIVERIES, I, R, end
from v2_hand import CBC, IKE_AUTH, INFORMATIONAL, INTEGRITY_SIZE, SA_INIT, SK, Keys, opened, without_padding

from explorer.events import Concluded, Endpoint, Event, Notified, Refused, Role, SaEnded, SaInstalled
from explorer.lab.entropy import SeededEntropy
from explorer.lab.scenario import load_scenario
from explorer.lab.scenario_build_v2 import build_v2
from explorer.protocols.ikev2.config import V2Config
from explorer.protocols.ikev2.ike_sa import IkeSa
from explorer.protocols.ikev2.peer import Ikev2Peer

E = TypeVar("E", bound=Event)
PLAIN = "ikev2-child"
"""AES-CBC, SHA-256, X25519 and pre-shared keys."""

Payloads = list[tuple[int, bytes]]
"""By type; each with its generic header, or only the body when it is to be sealed."""


@cache
def v2_shipped(role: Role, name: str = PLAIN) -> V2Config:
    scenario = load_scenario(name)
    return build_v2(scenario, scenario.initiator if role is I else scenario.responder)


class V2Pair:
    """Two peers, a clock, and a wire on which every message waits until it is delivered."""

    def __init__(
        self, initiator: V2Config | None = None, responder: V2Config | None = None, *, name: str = PLAIN, seed: int = 7
    ) -> None:
        configs = {I: initiator or v2_shipped(I, name), R: responder or v2_shipped(R, name)}
        self.peers = {role: Ikev2Peer(configs[role], SeededEntropy(seed, str(role)), role) for role in (I, R)}
        self.heard: dict[Role, list[Event]] = {I: [], R: []}
        self.wire: deque[tuple[Role, bytes]] = deque()
        self.sent: list[bytes] = []
        self.ports = {I: 500, R: 500}
        self.addresses = dict(ADDRESSES)
        self.now = 0.0

    # ---------------------------------------------------------------- what the peers are asked for

    def start(self) -> V2Pair:
        self.peers[I].start(end(R), self.now)
        return self.put(I)

    def ask(self, role: Role, what: Callable[[Ikev2Peer, Endpoint], object]) -> V2Pair:
        what(self.peers[role], end(role.other))
        return self.put(role)

    def rekey_child(self, role: Role) -> V2Pair:
        return self.ask(role, lambda peer, there: peer.start_quick(there, self.now, replaces=True))

    def rekey_ike(self, role: Role) -> V2Pair:
        return self.ask(role, lambda peer, there: peer.start_rekey_ike(there, self.now))

    def liveness(self, role: Role) -> V2Pair:
        return self.ask(role, lambda peer, there: peer.start_dpd(there, self.now))

    def delete(self, role: Role, *, ike: bool = False) -> V2Pair:
        return self.ask(role, lambda peer, there: peer.start_delete(there, self.now, isakmp=ike))

    def put(self, by: Role) -> V2Pair:
        """Whatever a peer has to send goes on the wire."""
        self.wire.extend((by.other, octets) for octets in self.collect(by))
        return self

    def collect(self, role: Role) -> list[bytes]:
        while (event := self.peers[role].next_event()) is not None:
            self.heard[role].append(event)
        out = self.peers[role].datagrams_to_send(self.now)
        for datagram in out:
            self.ports = {role: datagram.source.port, role.other: datagram.destination.port}
            self.addresses[role] = datagram.source.address
        return [datagram.octets for datagram in out]

    def feed(self, role: Role, octets: bytes, source: str = "") -> list[bytes]:
        peer = Endpoint(source or self.addresses[role.other], self.ports[role.other])
        self.peers[role].receive_datagram(octets, peer, end(role, self.ports[role]), self.now)
        return self.collect(role)

    # ---------------------------------------------------------------- the wire

    def pump(self, count: int = MOST_DELIVERIES) -> V2Pair:
        for _ in range(count):
            if not self.wire:
                break
            role, octets = self.wire.popleft()
            self.sent.append(octets)
            self.wire.extend((role.other, answer) for answer in self.feed(role, octets))
        return self

    @property
    def pending(self) -> bytes:
        return self.wire[0][1]

    def swap(self, octets: bytes) -> V2Pair:
        self.wire[0] = (self.wire[0][0], octets)
        return self

    # ---------------------------------------------------------------- time

    def wait(self, seconds: float) -> V2Pair:
        """Let time pass: whatever timers bring about is delivered at once."""
        until = self.now + seconds
        while (due := self._due) is not None and due <= until:
            self.now = max(self.now, due)
            for role, peer in self.peers.items():
                peer.handle_timer(self.now)
                self.put(role)
            self.pump()
        self.now = until
        return self

    @property
    def _due(self) -> float | None:
        return min((at for peer in self.peers.values() if (at := peer.next_timer()) is not None), default=None)

    # ---------------------------------------------------------------- what has come of it

    def of(self, kind: type[E], role: Role) -> list[E]:
        return [event for event in self.heard[role] if isinstance(event, kind)]

    def refusals(self, role: Role) -> list[str]:
        return [event.reason for event in self.of(Refused, role)]

    def told(self, role: Role) -> list[str]:
        return [event.notify for event in self.of(Notified, role)]

    def failures(self, role: Role) -> list[str]:
        return [event.reason for event in self.of(Concluded, role) if event.outcome == "failed"]

    def sas(self, role: Role) -> list[str]:
        return [f"{event.sa.protocol} {event.sa.direction}" for event in self.of(SaInstalled, role)]

    def ended(self, role: Role, protocol: str) -> list[bytes]:
        return [event.spi.octets for event in self.of(SaEnded, role) if event.protocol == protocol]

    def sa(self, role: Role) -> IkeSa:
        """The newest IKE SA."""
        return self.peers[role].sessions[-1].sa

    @property
    def up(self) -> bool:
        return all(self.sas(role)[:3] == ["IKE both", "ESP inbound", "ESP outbound"] for role in (I, R))

    # ---------------------------------------------------------------- an insider, who has all keys

    def under(self, spis: bytes) -> IkeSa:
        """The IKE SA of these SPIs, or the newest."""
        found = [a.sa for peer in self.peers.values() for a in peer.sessions if b"".join(a.sa.spis) == spis]
        return found[0] if spis else self.sa(I)

    def keys(self, spis: bytes = b"") -> Keys:
        held = self.under(spis).keys
        assert held is not None
        terms = (held.SK_d, held.SK_ai, held.SK_ar, held.SK_ei, held.SK_er, held.SK_pi, held.SK_pr)
        return Keys(*(term.octets if term is not None else b"" for term in terms))

    def inside(self, octets: bytes) -> Payloads:
        return chain(octets[28], without_padding(opened(CBC, self.keys(octets[:16]), octets)))

    def _is_initiator(self, sender: Role, spis: bytes) -> bool:
        (sa,) = [a.sa for a in self.peers[sender].sessions if b"".join(a.sa.spis) == spis]
        return sa.role is I

    def sealed(
        self, sender: Role, exchange: int, number: int, payloads: Payloads, *, answer: bool = False, flags: int = 0,
        padding: bytes | None = None, spis: bytes = b"",
    ) -> bytes:
        """A message of an IKE SA, the newest unless told, that only its peers could have made."""
        spis = spis or b"".join(self.sa(sender).spis)
        initiator = self._is_initiator(sender, spis)
        flag = flags or (8 if initiator else 0) | (0x20 if answer else 0)
        following = [*(kind for kind, _ in payloads[1:]), 0][: len(payloads)]
        plain = b"".join(
            bytes((kind,)) + octets[1:] for (_, octets), kind in zip(payloads, following, strict=True))
        pad = bytes(-(len(plain) + 1) % 16) if padding is None else padding
        plain += pad + bytes((len(pad) % 256,))
        first = payloads[0][0] if payloads else 0
        size = 4 + 16 + len(plain) + INTEGRITY_SIZE
        head = spis + bytes((SK, 0x20, exchange, flag)) + number.to_bytes(4, "big")
        head += (28 + size).to_bytes(4, "big") + bytes((first, 0)) + size.to_bytes(2, "big") + bytes(16)
        keys = self.keys(spis)
        cipher, integrity = (keys.ei, keys.ai) if initiator else (keys.er, keys.ar)
        octets = head + Cipher(AES(cipher), modes.CBC(bytes(16))).encryptor().update(plain)
        return octets + hmac.new(integrity, octets, "sha256").digest()[:INTEGRITY_SIZE]


def payload(kind: int, body: bytes, flags: int = 0) -> tuple[int, bytes]:
    """With its generic header."""
    return kind, bytes((0, flags)) + (len(body) + 4).to_bytes(2, "big") + body


def changed(role: Role, **what: object) -> V2Config:
    return replace(v2_shipped(role), **what)  # type: ignore[arg-type]


__all__ = ["IKE_AUTH", "INFORMATIONAL", "PLAIN", "SA_INIT", "I", "R", "V2Pair", "changed", "payload", "v2_shipped"]
