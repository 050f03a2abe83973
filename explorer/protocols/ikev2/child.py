"""Making a pair of Child SAs, in IKE_AUTH and in CREATE_CHILD_SA (RFC 7296 §1.2, §1.3, §2.17)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from explorer.crypto.term import Configured, Drawn, Origin, Term
from explorer.engine.ledger import Ledger
from explorer.engine.negotiation import nearest_miss
from explorer.engine.refusal import Refusal
from explorer.events import Binding, Judged, Role, SaInstalled, SaSnapshot
from explorer.octets import Span
from explorer.protocols.ikev2.config import Selector
from explorer.protocols.ikev2.ike_sa import Child, IkeSa
from explorer.protocols.ikev2.keys import child_keys
from explorer.protocols.ikev2.parts import Part, notifies_in, notify, of_term
from explorer.protocols.ikev2.suites import Offer, Suite, choose, sa_body
from explorer.registry.ikev2 import TsType, V2PayloadType
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.wire.ikev2 import TrafficSelector, V2Proposal, V2SecurityAssociation, V2TrafficSelectors
from explorer.wire.ikev2_message import V2Message
from explorer.wire.structure import build

_N = V2NotifyType
_CITE = "RFC 7296 §2.17"


@dataclass
class ChildMaker:
    """One pair of Child SAs on its way, at one peer.

    Attributes:
        role: this side's role in the exchange: its initiator's keys come first.
        offers: this side's offers.
        local, remote: whose packets this side wants to protect.
    """

    sa: IkeSa
    role: Role
    ledger: Ledger
    offers: Sequence[Offer]
    local: Selector
    remote: Selector
    transport: bool = False
    suite: Suite | None = None
    chosen: V2Proposal | None = None
    made: list[Term] = field(default_factory=list)

    @property
    def _own(self) -> str:
        return "i" if self.role is Role.INITIATOR else "r"

    @property
    def _other(self) -> str:
        return "r" if self._own == "i" else "i"

    # ---------------------------------------------------------------- parts

    def offer_parts(self, sa_word: str) -> list[Part]:
        """The initiator's offers and selectors."""
        SPI = self._draw_spi()
        body = sa_body([offer.proposal(n, SPI.octets) for n, offer in enumerate(self.offers, 1)])
        return [*self._sa_part(sa_word, body, SPI), *self._selector_parts(self.local, self.remote), *self._mode_parts()]

    def answer_parts(self, sa_word: str) -> list[Part]:
        """The responder's choice, and the selectors as far as it takes them."""
        assert self.suite is not None
        assert self.chosen is not None
        SPI = self._draw_spi()
        body = sa_body([self.suite.proposal(self.chosen.number, SPI.octets)])
        return [*self._sa_part(sa_word, body, SPI), *self._selector_parts(self.remote, self.local), *self._mode_parts()]

    def _sa_part(self, word: str, body: bytes, SPI: Term) -> list[Part]:
        origin, owner = Configured("RFC 7296 §1.2"), str(self.sa.party.role)
        SA = self.ledger.learn(Term(f"SA{self._own}_child", body, origin, scope=self.ledger.scope, owner=owner))
        return [of_term(word, V2PayloadType.SA, SA)]

    def _selector_parts(self, first: Selector, second: Selector) -> list[Part]:
        """TSi is the initiator's side, whoever sends it."""
        parts = []
        for symbol, kind, selector in (("TSi", V2PayloadType.TSI, first), ("TSr", V2PayloadType.TSR, second)):
            body = build(_selectors(selector))[4:]
            owner = str(self.sa.party.role)
            wish = " wanted" if self.role is Role.INITIATOR else ""
            term = Term(f"{symbol}_b{wish}", body, Configured("RFC 7296 §2.9"), scope=self.ledger.scope, owner=owner)
            self.ledger.learn(term)
            parts.append(of_term(symbol, kind, term))
        return parts

    def _mode_parts(self) -> list[Part]:
        return [notify(_N.USE_TRANSPORT_MODE)] if self.transport else []

    def _draw_spi(self) -> Term:
        """Four octets; 0 to 255 are reserved (RFC 4303 §2.1), so a first octet of zero becomes one."""
        symbol = f"SPI_{self._own}"
        party = self.sa.party
        drawn = party.entropy.draw(4, f"{self.ledger.scope}/{party.role}/{symbol}")
        octets = bytes((drawn[0] or 1,)) + drawn[1:]
        origin: Origin = Drawn(symbol, "RFC 4303 §2.1")
        return self.ledger.learn(Term(symbol, octets, origin, scope=self.ledger.scope, owner=str(party.role)))

    # ---------------------------------------------------------------- reading

    def consider(self, message: V2Message) -> None:
        """The responder: choose by one's own order, narrow the selectors, hold the other's SPI.

        Raises:
            Refusal: nothing fits.
        """
        self._take(message)

    def _take(self, message: V2Message) -> None:
        proposal = self._judge(message)
        self._narrow(message)
        self._agree_on_mode(message)
        self._hold_spi(message, proposal)

    def _agree_on_mode(self, message: V2Message) -> None:
        """Transport mode is only what both sides have named (RFC 7296 §1.3.1)."""
        self.transport = self.transport and _N.USE_TRANSPORT_MODE in notifies_in(message)

    def conclude(self, message: V2Message) -> None:
        """The initiator: the choice must be one of the offers, and the selectors within its own."""
        if len(_proposals(message)) != 1:
            raise Refusal("The answer must hold exactly one proposal", "RFC 7296 §2.7")
        self._take(message)

    def _judge(self, message: V2Message) -> V2Proposal:
        negotiation, found = choose(self.offers, _proposals(message))
        self.sa.party.emit(Judged(negotiation))
        if found is None:
            reason = f"No offer fits{nearest_miss(negotiation)}"
            raise Refusal(reason, "RFC 7296 §2.7", _N.NO_PROPOSAL_CHOSEN)
        self.suite, self.chosen = found
        if len(self.chosen.spi) != 4 or int.from_bytes(self.chosen.spi, "big") < 256:
            raise Refusal("An ESP SPI has four octets and is above 255", "RFC 4303 §2.1", _N.INVALID_SYNTAX)
        return self.chosen

    def _narrow(self, message: V2Message) -> None:
        """What both sides stand for (RFC 7296 §2.9)."""
        theirs = {}
        for payload, kind in zip(message.payloads, message.types, strict=True):
            if isinstance(payload, V2TrafficSelectors):
                theirs[kind] = [_range(s) for s in payload.selectors if s.ts_type == TsType.IPV4_RANGE]
        own_kind, other_kind = V2PayloadType.TSI, V2PayloadType.TSR
        if self.role is Role.RESPONDER:
            own_kind, other_kind = other_kind, own_kind
        local = _first_overlap(self.local, theirs.get(int(own_kind), []))
        remote = _first_overlap(self.remote, theirs.get(int(other_kind), []))
        if local is None or remote is None:
            reason = f"The selectors have nothing in common with {self.local.text} here and {self.remote.text} there"
            raise Refusal(reason, "RFC 7296 §2.9", _N.TS_UNACCEPTABLE)
        self.local, self.remote = local, remote

    def _hold_spi(self, message: V2Message, proposal: V2Proposal) -> None:
        """A received SPI is a term whose octets are a part of the received SA."""
        symbol, owner = f"SPI_{self._other}", str(self.sa.party.role.other)
        span = spi_spans(message, proposal.spi)[0]
        self.ledger.learn(Term(symbol, proposal.spi, span, scope=self.ledger.scope, owner=owner))

    # ---------------------------------------------------------------- keys and SAs

    def install(self, secrets: Sequence[Term], Ni: Term, Nr: Term, expires: float) -> Child:
        """KEYMAT, then one SA for each direction."""
        assert self.suite is not None
        scope = self.ledger.scope
        keys = child_keys(self.suite, self.sa.suite.prf, self.sa.keys.SK_d, secrets, Ni, Nr, scope)
        self.ledger.learn(*keys.made)
        for direction, side in (("inbound", self._own), ("outbound", self._other)):
            e, salt, a = keys.by_side[side]
            uses = (("encryption", e), ("salt", salt), ("integrity", a))
            held = tuple((use, term) for use, term in uses if term is not None)
            spis = (self.ledger[f"SPI_{side}"],)
            life = self.sa.party.config.child_lifetime
            self.sa.party.emit(SaInstalled(SaSnapshot("ESP", direction, spis, self._words(), held, life)))
        inbound, outbound = self.ledger[f"SPI_{self._own}"], self.ledger[f"SPI_{self._other}"]
        child = Child(scope, inbound, outbound, self.suite, self.local, self.remote, expires)
        self.sa.children.append(child)
        return child

    def _words(self) -> tuple[tuple[str, str], ...]:
        assert self.suite is not None
        mode = "Transport" if self.transport else "Tunnel"
        if self.sa.party.link.natted:
            mode = f"UDP-encapsulated {mode.lower()}"
        return (*self.suite.algorithms(), ("mode", mode))


def spi_spans(message: V2Message, spi: bytes) -> list[Span]:
    """Every SPI field of these octets inside the SA payload."""
    found: list[Span] = []
    for place, payload in zip(message.places, message.payloads, strict=True):
        if isinstance(payload, V2SecurityAssociation):
            fields = (field for proposal in place.children for field in proposal.children)
            own = (field for field in fields if field.spec.name == "spi" and field.value == spi)
            found.extend(Span(message.holder, field.start, field.end) for field in own)
    return found


def spi_bindings(ledger: Ledger, message: V2Message, party: Role) -> list[Binding]:
    """The sender's own SPI stands in each of its proposals."""
    bindings = []
    for symbol in ("SPI_i", "SPI_r"):
        term = ledger.find(symbol)
        if term is not None and term.owner == party and ledger.own(symbol):
            bindings += [Binding(term, span) for span in spi_spans(message, term.octets)]
    return bindings


def _proposals(message: V2Message) -> tuple[V2Proposal, ...]:
    sa = message.find(V2SecurityAssociation)
    return sa.proposals if sa is not None else ()


def _selectors(selector: Selector) -> V2TrafficSelectors:
    one = TrafficSelector(ts_type=int(TsType.IPV4_RANGE), addresses=selector.first + selector.last)
    return V2TrafficSelectors(selectors=(one,))


def _range(selector: TrafficSelector) -> Selector:
    half = len(selector.addresses) // 2
    return Selector(selector.addresses[:half], selector.addresses[half:])


def _first_overlap(own: Selector, theirs: Sequence[Selector]) -> Selector | None:
    return next((both for other in theirs if (both := own.narrowed(other)) is not None), None)


