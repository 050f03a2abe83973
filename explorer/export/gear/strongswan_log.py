"""A run as strongSwan's charon 5.9.8 would log it on each side.

Every line has been seen in a log of that charon, and every value in it is read from the recording.  Where charon
does not do what the run does, a remark after ``#`` says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from explorer.crypto.term import Term
from explorer.events import (
    Envelope,
    Event,
    Judged,
    Learned,
    NetworkChanged,
    Notified,
    Received,
    Refused,
    Role,
    SaInstalled,
    Sent,
    StateChanged,
    Verified,
)
from explorer.export.gear.console import (
    PHASE_1,
    Line,
    answered_duplicate,
    cookie_of,
    ends,
    entries_of,
    header,
    payloads,
    peer_address,
    to_log,
    unknown_refusal,
)
from explorer.export.gear.strongswan_checks import checks, offered, proposals_line
from explorer.export.gear.strongswan_messages import summary
from explorer.export.gear.strongswan_words import identity, refusal_line, selector
from explorer.registry.isakmp import NotifyType, ProtocolId
from explorer.registry.phase1 import AuthenticationMethod, Phase1Attribute
from explorer.trace.model import Entry, Step
from explorer.trace.trace import Trace
from explorer.wire.payloads import Delete, Notification

_NOTIFICATIONS = ("NO-PROPOSAL-CHOSEN", "AUTHENTICATION-FAILED", "INVALID-ID-INFORMATION")
_SCHEMES: dict[int, str] = {
    AuthenticationMethod.RSA_SIGNATURES: "RSA_EMSA_PKCS1_NULL",
    AuthenticationMethod.XAUTH_INIT_RSA: "RSA_EMSA_PKCS1_NULL",
    AuthenticationMethod.HYBRID_INIT_RSA: "RSA_EMSA_PKCS1_NULL",
    AuthenticationMethod.ECDSA_256: "ECDSA_WITH_NULL",
}
_ECDSA = (AuthenticationMethod.ECDSA_256, AuthenticationMethod.ECDSA_384, AuthenticationMethod.ECDSA_521)
_ENCRYPTING = (AuthenticationMethod.RSA_ENCRYPTION, AuthenticationMethod.REVISED_RSA_ENCRYPTION)
_LOGIN: tuple[int, ...] = (
    AuthenticationMethod.XAUTH_INIT_PSK,
    AuthenticationMethod.XAUTH_INIT_RSA,
    AuthenticationMethod.HYBRID_INIT_RSA,
)
_MARKER = bytes(4)
_COOKIE = 8
_ASSIGNED = re.compile(r"(\S+)/32 through the tunnel to (.+)")


def strongswan_log(trace: Trace, message: int | None = None) -> str:
    """Both logs, each under a heading.

    Args:
        message: only what this message makes them say.

    Raises:
        ExplorerError: there is no such message.
    """
    return to_log(trace, strongswan_console, "charon, with cfg = 2", message)


def strongswan_console(trace: Trace, party: Role) -> Iterator[Line]:
    """What one peer's log shows, line by line."""
    return _Console(trace, party).lines()


class _Console:
    """Keeps what charon's lines repeat: numbers of SAs, names of the peers, the way of authentication."""

    def __init__(self, trace: Trace, party: Role) -> None:
        self._trace = trace
        self._party = party
        self._entries = list(entries_of(trace, party))
        self._begun: dict[str, Role] = {}
        for step in trace.steps:
            self._begun.setdefault(step.envelope.scope, step.sender)
        self._terms: dict[str, bytes] = {}
        self._scoped: dict[tuple[str, str], bytes] = {}
        self._sas: dict[bytes, int] = {}
        self._cookie = b""
        self._children = 0
        self._method = 0
        self._in_phase_1 = self._party
        self._arrived: Envelope | None = None
        self._requests = self._repeats = self._read = 0
        self._inbound: bytes | None = None
        self._awaits_login = self._login_refused = self._bundled = self._up = False

    def lines(self) -> Iterator[Line]:
        """Every line, with the number of its message."""
        for index, (entry, step) in enumerate(self._entries):
            self._cookie = cookie_of(step.envelope)
            self._note(entry.event)
            repeated = answered_duplicate(self._trace, entry)
            if repeated is not None:
                yield from (Line(repeated.number, text) for text in self._came_again(repeated))
            for text in self._say(index, entry, step):
                yield Line(entry.step, text)

    def _note(self, event: Event) -> None:
        """Remember the terms that later lines name."""
        terms: list[Term] = []
        if isinstance(event, Learned):
            terms = [event.term]
        elif isinstance(event, Received):
            terms = [binding.term for binding in event.bindings]
        for term in terms:
            self._terms[term.symbol] = self._scoped[term.scope, term.symbol] = term.octets

    def _say(self, index: int, entry: Entry, step: Step) -> Iterator[str]:
        event = entry.event
        if isinstance(event, Sent):
            yield from self._sent(event, index, entry, step)
        elif isinstance(event, Received):
            yield from self._received(event, step)
        elif isinstance(event, Judged):
            yield from self._judged(event, step)
        elif isinstance(event, Learned):
            yield from self._signed(event)
        elif isinstance(event, Verified):
            yield from self._verified(event)
        elif isinstance(event, SaInstalled):
            yield from self._installed(event)
        elif isinstance(event, StateChanged):
            yield from self._changed(event)
        elif isinstance(event, Refused):
            yield from self._refused(event, step)
        elif isinstance(event, NetworkChanged):
            yield from self._network(event)
        elif isinstance(event, Notified) and event.notify in _NOTIFICATIONS:
            yield f"[IKE] received {event.notify.replace('-', '_')} error notify"

    # ---------------------------------------------------------------- names

    @property
    def _sa(self) -> str:
        return self._name_of(self._cookie)

    def _name_of(self, cookie: bytes) -> str:
        """Charon counts its SAs; the initiator's cookie tells which one is spoken of."""
        return f"lab[{self._sas.get(cookie, len(self._sas))}]"

    @property
    def _peers(self) -> str:
        """Addresses and identities of both sides, one's own first."""
        mine, theirs = ("i", "r") if self._in_phase_1 is Role.INITIATOR else ("r", "i")
        local, remote = self._trace.parties[self._party].address, peer_address(self._trace, self._party)
        return f"{local}[{self._name(mine)}]...{remote}[{self._name(theirs)}]"

    def _name(self, side: str) -> str:
        """Who a side of phase 1 says it is; without a name, charon writes the address."""
        body = self._terms.get(f"IDi{side}_b")
        return (identity(body) if body else None) or "%any"

    @property
    def _peer_name(self) -> str:
        return self._name("r" if self._in_phase_1 is Role.INITIATOR else "i")

    @property
    def _own_name(self) -> str:
        return self._name("i" if self._in_phase_1 is Role.INITIATOR else "r")

    def _is_request(self, step: Step, sender: Role) -> bool:
        return self._begun[step.envelope.scope] is sender

    # ---------------------------------------------------------------- messages

    def _sent(self, event: Sent, index: int, entry: Entry, step: Step) -> Iterator[str]:
        envelope, request = event.envelope, self._is_request(step, self._party)
        if event.again:
            by_clock = answered_duplicate(self._trace, entry) is None
            yield from self._repeated(envelope.exchange, request=request and by_clock)
        else:
            self._requests, self._repeats = self._requests + request, 0
            yield from self._before(event, index)
            short = summary(envelope, request=request)
            yield from [f"[ENC] generating {short}"] if short is not None else []
        own, far = ends(self._trace, step, self._party)
        way = f"from {own.address}[{own.port}] to {far.address}[{far.port}]"
        yield f"[NET] sending packet: {way} ({_size(envelope.trees[0].buffer.octets)} bytes)"

    def _repeated(self, exchange: str, *, request: bool) -> Iterator[str]:
        """Only whose turn it is waits and sends again; its words for the other phase are not known."""
        if request and exchange in PHASE_1 and not self._up:
            self._repeats += 1
            yield f"[IKE] sending retransmit {self._repeats} of request message ID 0, seq {self._requests}"

    def _before(self, event: Sent, index: int) -> Iterator[str]:
        """What charon says before it makes a message: what it begins, or ends."""
        exchange = event.envelope.exchange
        found = header(event.envelope)
        if exchange in PHASE_1 and found is not None and not any(found.responder_cookie):
            self._begin(Role.INITIATOR)
            yield f"[IKE] initiating {exchange} IKE_SA {self._sa} to {peer_address(self._trace, self._party)}"
            yield from proposals_line("configured", offered(event.envelope))
        elif exchange == "New Group Mode":
            yield "# charon has no New Group Mode"
        elif exchange == "Quick Mode" and self._begins(index):
            yield from proposals_line("configured", offered(event.envelope))
        for payload in payloads(event.envelope):
            if isinstance(payload, Delete):
                yield from self._deleting(payload)
            elif isinstance(payload, Notification) and payload.notify_type == NotifyType.R_U_THERE:
                yield "[IKE] sending DPD request"

    def _begin(self, role: Role) -> None:
        self._sas[self._cookie] = len(self._sas) + 1
        self._requests = 1 if role is Role.INITIATOR else 0
        self._in_phase_1, self._awaits_login, self._up = role, False, False

    def _begins(self, index: int) -> bool:
        """Whether the row behind a message sent is one that answers nothing."""
        rows = (entry.event for entry, _ in self._entries[index + 1 :] if isinstance(entry.event, StateChanged))
        row = next(rows, None)
        return row is not None and row.old == "idle" and not row.receives

    def _received(self, event: Received, step: Step) -> Iterator[str]:
        envelope = self._arrived = event.envelope
        yield self._reception(step)
        if self._is_nonsense(step):
            return
        short = summary(envelope, request=self._is_request(step, step.sender))
        yield from [f"[ENC] parsed {short}"] if short is not None else []
        found = header(envelope)
        if envelope.exchange in PHASE_1 and found is not None and not any(found.responder_cookie):
            self._begin(Role.RESPONDER)
            yield f"[IKE] {ends(self._trace, step, self._party)[1].address} is initiating a {envelope.exchange} IKE_SA"
        for payload in payloads(envelope):
            if isinstance(payload, Delete):
                yield from self._deleted(payload)

    def _reception(self, step: Step) -> str:
        self._read = step.number
        own, far = ends(self._trace, step, self._party)
        way = f"from {far.address}[{far.port}] to {own.address}[{own.port}]"
        return f"[NET] received packet: {way} ({_size(step.octets)} bytes)"

    def _came_again(self, step: Step) -> Iterator[str]:
        """A message that was answered before; charon has words for it while phase 1 goes on."""
        yield self._reception(step)
        if step.envelope.exchange not in PHASE_1 or self._up:
            yield f"# message {step.number} came before, and no line is known for that; its answer is sent again"
        elif self._is_request(step, step.sender):
            yield "[IKE] received retransmit of request with ID 0, retransmitting response"
        else:
            yield "[IKE] received retransmit of response with ID 0, resending last request"

    def _is_nonsense(self, step: Step) -> bool:
        return any(
            isinstance(entry.event, Refused) and entry.event.notify == "PAYLOAD-MALFORMED"
            for entry, found in self._entries
            if found is step
        )

    # ---------------------------------------------------------------- the ends of SAs

    def _deleting(self, payload: Delete) -> Iterator[str]:
        if payload.protocol == ProtocolId.ISAKMP:
            name = self._name_of(payload.spis[:_COOKIE])
            yield f"[IKE] deleting IKE_SA {name} between {self._peers}"
            yield f"[IKE] sending DELETE for IKE_SA {name}"
        elif payload.protocol == ProtocolId.ESP:
            yield from (f"[IKE] sending DELETE for ESP CHILD_SA with SPI {spi}" for spi in _spis(payload))

    def _deleted(self, payload: Delete) -> Iterator[str]:
        if payload.protocol == ProtocolId.ISAKMP:
            name = self._name_of(payload.spis[:_COOKIE])
            yield f"[IKE] received DELETE for IKE_SA {name}"
            yield f"[IKE] deleting IKE_SA {name} between {self._peers}"
        elif payload.protocol == ProtocolId.ESP:
            yield from (f"[IKE] received DELETE for ESP CHILD_SA with SPI {spi}" for spi in _spis(payload))

    # ---------------------------------------------------------------- what came of them

    def _judged(self, event: Judged, step: Step) -> Iterator[str]:
        negotiation, chosen = event.negotiation, event.negotiation.chosen
        self._bundled = " and " in negotiation.protocol
        if negotiation.protocol == "ISAKMP" and chosen is not None:
            self._method = chosen.offer.value_of(Phase1Attribute.AUTHENTICATION) or 0
            self._awaits_login = self._method in _LOGIN
            if self._method in _ENCRYPTING:
                yield "# charon has no authentication with public key encryption"
        began = self._is_request(step, self._party)
        own = offered(self._own_offer(step)) if began else None
        received = offered(self._arrived) if self._arrived is not None else []
        yield from checks(negotiation, received, own)
        if chosen is None and not began:
            phase_1 = negotiation.protocol == "ISAKMP"
            if phase_1 and any(refusal_line(comparison) is None for comparison in negotiation.comparisons):
                yield "# charon would take this offer and go on; from here on its log would be another"
                return
            yield f"[IKE] no {'proposal found' if phase_1 else 'matching proposal found, sending NO_PROPOSAL_CHOSEN'}"

    def _own_offer(self, step: Step) -> Envelope:
        """The message of the same exchange in which this party made its offers."""
        scope = step.envelope.scope
        own = (found.envelope for found in self._trace.steps if found.sender is self._party)
        return next(envelope for envelope in own if envelope.scope == scope)

    def _signed(self, event: Learned) -> Iterator[str]:
        mine = "SIG_I" if self._in_phase_1 is Role.INITIATOR else "SIG_R"
        if event.term.symbol == mine:
            yield f"[IKE] authentication of '{self._own_name}' (myself) successful"

    def _verified(self, event: Verified) -> Iterator[str]:
        scheme = _SCHEMES.get(self._method)
        if event.symbol.startswith("SIG_") and scheme is not None:
            yield f"[IKE] authentication of '{self._peer_name}' with {scheme} successful"
        elif event.symbol == "password":
            yield f"[IKE] XAuth authentication of '{self._user}' successful"

    @property
    def _user(self) -> str:
        return self._terms.get("user", b"").decode("utf-8", "replace")

    def _installed(self, event: SaInstalled) -> Iterator[str]:
        """A pair of ESP SAs is one child; its words for AH are not known."""
        if event.sa.protocol == "ISAKMP":
            self._up = True
            yield from self._established() if not self._awaits_login else ()
        elif self._bundled:
            return
        elif event.sa.protocol == "ESP" and event.sa.direction == "inbound":
            self._inbound = event.sa.spis[0].octets
        elif event.sa.protocol == "ESP" and self._inbound is not None:
            self._children += 1
            spis = f"{self._inbound.hex()}_i {event.sa.spis[0].octets.hex()}_o"
            ts = self._selectors(event.sa.spis[0].scope)
            yield f"[IKE] CHILD_SA net{{{self._children}}} established with SPIs {spis} and TS {ts}"

    def _established(self) -> Iterator[str]:
        yield f"[IKE] IKE_SA {self._sa} established between {self._peers}"

    def _selectors(self, scope: str) -> str:
        """What is protected, one's own side first; without names it is the peers' own packets."""
        local, remote = self._trace.parties[self._party].address, peer_address(self._trace, self._party)
        names = [(scope, symbol) for symbol in ("IDci_b", "IDcr_b")]
        found = [selector(self._scoped[name]) for name in names if name in self._scoped]
        if len(found) < 2:
            return f"{local}/32 === {remote}/32"
        pair = found if self._scoped.get((scope, "SPI_i")) == self._inbound else found[::-1]
        return " === ".join(text or "?" for text in pair)

    def _changed(self, event: StateChanged) -> Iterator[str]:
        """With a login the SA is established only when that is over."""
        if event.exchange != "XAUTH status" or event.new != "done" or not self._awaits_login:
            return
        self._awaits_login = False
        if self._login_refused:
            return
        if event.role is Role.RESPONDER:
            yield f"[IKE] XAuth authentication of '{self._user}' (myself) successful"
        yield from self._established()

    def _refused(self, event: Refused, step: Step) -> Iterator[str]:
        exchange = step.envelope.exchange
        self._login_refused |= exchange in ("XAUTH login", "XAUTH status")
        if step.receiver is self._party and self._read != step.number:
            yield self._reception(step)
        if event.notify == "PAYLOAD-MALFORMED" and exchange == "Main Mode":
            yield "[IKE] message parsing failed"
            yield "[IKE] ID_PROT request with message ID 0 processing failed"
        elif event.expected is not None and event.expected.symbol.startswith("HASH_"):
            yield "[IKE] calculated HASH does not match HASH payload"
        elif event.notify == "INVALID-ID-INFORMATION" and exchange == "Quick Mode":
            names = [(step.envelope.scope, symbol) for symbol in ("IDci_b", "IDcr_b")]
            pair = (selector(self._scoped.get(name, b"\0" * 4)) or "?" for name in names)
            yield f"[IKE] no matching CHILD_SA config found for {' === '.join(pair)}"
        elif event.notify == "INVALID-CERTIFICATE":
            kind = "ECDSA" if self._method in _ECDSA else "RSA"
            yield f"[IKE] no trusted {kind} public key found for '{self._peer_name}'"
        elif exchange == "XAUTH login":
            yield f"[IKE] XAuth authentication of '{self._user}' failed"
        elif exchange == "XAUTH status":
            yield f"[IKE] XAuth authentication of '{self._user}' (myself) failed"
        elif event.notify != "NO-PROPOSAL-CHOSEN":
            yield unknown_refusal(event)

    def _network(self, event: NetworkChanged) -> Iterator[str]:
        assigned = _ASSIGNED.fullmatch(event.value)
        if event.what == "NAT" and event.value == "in front of the peer":
            yield "[IKE] remote host is behind NAT"
        elif event.what == "internal address":
            yield f"[IKE] installing new virtual IP {event.value}"
        elif event.what == "route" and assigned is not None:
            yield f"[IKE] assigning virtual IP {assigned[1]} to peer '{assigned[2]}'"


def _size(octets: bytes) -> int:
    """Octets of the message itself, without the marker in front on the port of NAT traversal."""
    return len(octets.removeprefix(_MARKER))


def _spis(payload: Delete) -> Iterator[str]:
    for start in range(0, len(payload.spis), payload.spi_size):
        yield payload.spis[start : start + payload.spi_size].hex()
