"""CREATE_CHILD_SA (RFC 7296 §1.3): another pair of Child SAs, or new keys for an SA that there is."""

from __future__ import annotations

from enum import Enum

from explorer.crypto.key_exchange import METHODS
from explorer.crypto.term import Configured, Nature, Term
from explorer.engine.ledger import Ledger
from explorer.engine.negotiation import nearest_miss
from explorer.engine.refusal import Refusal
from explorer.engine.rows import Row
from explorer.events import Binding, Judged, Role, SaInstalled
from explorer.protocols.ikev2.child import ChildMaker, spi_bindings, spi_spans
from explorer.protocols.ikev2.exchange import GOES_ON, MADE, WAITS, V2Exchange
from explorer.protocols.ikev2.ike_sa import Child, IkeSa
from explorer.protocols.ikev2.informational import V2Informational
from explorer.protocols.ikev2.key_share import KeyShare
from explorer.protocols.ikev2.keys import ike_keys, rekeyed_skeyseed
from explorer.protocols.ikev2.parts import Part, errors_in, notifies_in, notify, of_term
from explorer.protocols.ikev2.suites import Suite, choose, sa_body
from explorer.registry.ikev2 import V2ExchangeType, V2PayloadType, V2ProtocolId
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.registry.ikev2_transforms import KeyExchangeId, TransformType
from explorer.wire.ikev2 import V2KeyExchange, V2Nonce, V2Notify, V2Proposal, V2SecurityAssociation
from explorer.wire.ikev2_message import V2Message

_N = V2NotifyType
_SPI_SIZE = 8
"""Octets of an IKE SA's SPI."""


class Purpose(Enum):
    """What a CREATE_CHILD_SA exchange is for."""

    CHILD = "child"
    REKEY_CHILD = "rekey-child"
    REKEY_IKE = "rekey-ike"


class CreateChildSa(V2Exchange):
    """One such exchange; the responder finds its purpose in the request.

    Attributes:
        purpose: what it is for.
        old: the pair of Child SAs that is replaced, or ``None``.
        child: the pair of Child SAs that it has made.
        new_sa: the IKE SA that takes the place of this one, once it is made.
        meanwhile: what this side is asking for at the same time, if it answers.
        rival: an exchange of the other side that replaces the same SA, if both have begun at once.
        link: what the responder calls it, for further key exchanges.
        wanted: number of the key exchange method that the responder has asked for instead, or 0.
    """

    name = "CREATE_CHILD_SA"
    exchange_type = V2ExchangeType.CREATE_CHILD_SA
    old: Child | None = None
    child: Child | None = None
    new_sa: IkeSa | None = None
    meanwhile: V2Exchange | None = None
    rival: CreateChildSa | None = None
    wanted = 0
    link = b""
    suite: Suite
    chosen: V2Proposal
    share: KeyShare | None = None
    _missing = b""

    def __init__(
        self, sa: IkeSa, role: Role, message_id: int, purpose: Purpose = Purpose.CHILD, method: int = 0
    ) -> None:
        super().__init__(sa, role, message_id)
        self.purpose = purpose
        self.secrets: list[Term] = []
        config = self.party.config
        local, remote = sa.local or config.local, sa.remote or config.remote
        self.maker = ChildMaker(sa, role, self.ledger, config.child, local, remote, config.transport)
        if role is Role.INITIATOR:
            self._take_method(method or self._preferred())

    def _preferred(self) -> int:
        config = self.party.config
        offers = config.ike if self.purpose is Purpose.REKEY_IKE else config.child
        own = offers[0].of_kind(TransformType.KE) if offers else []
        return own[0].transform_id if own else 0

    def _take_method(self, number: int) -> None:
        self.share = KeyShare(self, METHODS[number], "RFC 7296 §1.3") if number else None

    # ---------------------------------------------------------------- the request

    def request(self) -> list[Part]:
        """[N(REKEY_SA),] SA, Ni [, KEi] [, TSi, TSr]."""
        ledger = self.ledger
        nonce = self._nonce("Ni")
        ke = []
        if self.share is not None:
            self.share.draw()
            ke = [self.share.part()]
        if self.purpose is Purpose.REKEY_IKE:
            SPI = ledger.draw("SPIi'", _SPI_SIZE, "RFC 7296 §2.18", Nature.PUBLIC)
            body = sa_body([offer.proposal(n, SPI.octets) for n, offer in enumerate(self.party.config.ike, 1)])
            return [self._sa_part("SAi", body), nonce, *ke]
        first = []
        if self.old is not None:
            first = [notify(_N.REKEY_SA, spi=self.old.inbound.octets, protocol=int(V2ProtocolId.ESP))]
        parts = self.maker.offer_parts("SA")
        return [*first, parts[0], nonce, *ke, *parts[1:]]

    def _nonce(self, symbol: str) -> Part:
        N = self.ledger.draw(symbol, self.party.config.nonce_size, "RFC 7296 §2.10", Nature.PUBLIC)
        return Part(symbol, V2PayloadType.NONCE, V2Nonce(data=N.octets), ((N, 0),))

    def _sa_part(self, symbol: str, body: bytes) -> Part:
        origin, owner = Configured("RFC 7296 §1.3.2"), str(self.party.role)
        SA = self.ledger.learn(Term(symbol, body, origin, scope=self.ledger.scope, owner=owner))
        return of_term("SA", V2PayloadType.SA, SA)

    # ---------------------------------------------------------------- the responder

    def consider(self) -> None:
        """What is it for, and can it be done?"""
        sa = self.message.find(V2SecurityAssociation)
        assert sa is not None
        if sa.proposals and sa.proposals[0].protocol == V2ProtocolId.IKE:
            self.purpose = Purpose.REKEY_IKE
        notifies = (p for p in self.message.payloads if isinstance(p, V2Notify))
        rekeyed = next((p for p in notifies if p.notify_type == _N.REKEY_SA), None)
        if rekeyed is not None:
            self.purpose = Purpose.REKEY_CHILD
            self._find_old(rekeyed.spi)
        self._give_way()
        self._agree(sa)
        if self.share is not None:
            self.share.check()
            self.share.draw()
            self.secrets.append(self.share.agree())

    def _find_old(self, spi: bytes) -> None:
        """REKEY_SA names the SPI that its sender expects inbound (RFC 7296 §1.3.3)."""
        self.old = next((child for child in self.sa.children if child.outbound.octets == spi), None)
        if self.old is None:
            self._missing = spi
            raise Refusal("There is no Child SA of that SPI", "RFC 7296 §2.25", _N.CHILD_SA_NOT_FOUND)

    def _give_way(self) -> None:
        """What does not go together with what this side is about to do has to wait (RFC 7296 §2.25.1, §2.25.2)."""
        own, ike = self.meanwhile, self.purpose is Purpose.REKEY_IKE
        clashes = False
        if ike and self.sa.renewed:
            reason = "This side has rekeyed this IKE SA already, and is about to delete it"
            raise Refusal(reason, "RFC 7296 §2.8.2", _N.TEMPORARY_FAILURE)
        if isinstance(own, CreateChildSa):
            clashes = ike is not (own.purpose is Purpose.REKEY_IKE) or (ike and own.rival is not None)
        elif isinstance(own, V2Informational):
            clashes = own.deletes_ike or (ike and bool(own.deletes)) or self.old in own.deletes
        if clashes:
            reason = "This side is just about to change what this would change"
            raise Refusal(reason, "RFC 7296 §2.25", _N.TEMPORARY_FAILURE)

    def error_data(self, kind: V2NotifyType) -> bytes:
        """The method that is wanted."""
        if kind is _N.INVALID_KE_PAYLOAD and self.share is not None:
            return self.share.method.number.to_bytes(2, "big")
        return super().error_data(kind)

    def error_part(self, kind: V2NotifyType) -> Part:
        """Which Child SA it is that there is not (RFC 7296 §2.25)."""
        if kind is _N.CHILD_SA_NOT_FOUND:
            return notify(kind, spi=self._missing, protocol=int(V2ProtocolId.ESP))
        return super().error_part(kind)

    def answer(self) -> list[Part]:
        """SA, Nr [, KEr] [, TSi, TSr]."""
        nonce = self._nonce("Nr")
        ke = [self.share.part()] if self.share is not None else []
        if self.purpose is Purpose.REKEY_IKE:
            SPI = self.ledger.draw("SPIr'", _SPI_SIZE, "RFC 7296 §2.18", Nature.PUBLIC)
            sa = self._sa_part("SAr", sa_body([self.suite.proposal(self.chosen.number, SPI.octets)]))
            return [sa, nonce, *ke, *self._link_part()]
        parts = self.maker.answer_parts("SA")
        return [parts[0], nonce, *ke, *parts[1:], *self._link_part()]

    def _link_part(self) -> list[Part]:
        """What further key exchanges are to name this one by (RFC 9370 §2.2.4)."""
        if not self.suite.additional:
            return []
        self.link = self.party.entropy.draw(8, f"{self.scope}/{self.party.role}/link")
        return [notify(_N.ADDITIONAL_KEY_EXCHANGE, self.link)]

    # ---------------------------------------------------------------- the initiator

    def is_fatal(self, notify_type: int) -> bool:
        """Another method is wanted: this exchange is over, and the next one may bring it (RFC 7296 §1.3)."""
        if notify_type == _N.INVALID_KE_PAYLOAD:
            told = [p.data for p in self.message.payloads if isinstance(p, V2Notify) and p.notify_type == notify_type]
            self.wanted = self._offered(int.from_bytes(told[0], "big"))
        return True

    def _offered(self, method: int) -> int:
        config = self.party.config
        offers = config.ike if self.purpose is Purpose.REKEY_IKE else config.child
        own = {choice.transform_id for offer in offers for choice in offer.of_kind(TransformType.KE)}
        tried = self.share.method.number if self.share is not None else 0
        return method if method in own - {tried} else 0

    def conclude(self) -> None:
        """The choice must be one of the offers."""
        sa = self.message.find(V2SecurityAssociation)
        assert sa is not None
        self._agree(sa)
        if self.share is not None:
            self.share.check()
            self.secrets.append(self.share.agree())
        self.link = link_in(self.message)
        if self.suite.additional and not self.link:
            raise Refusal("Additional key exchanges were chosen, and no name for them has come", "RFC 9370 §2.2.4")

    # ---------------------------------------------------------------- both

    def _agree(self, sa: V2SecurityAssociation) -> None:
        """Algorithms, the other side's SPI, and with them the method of key exchange."""
        if self.purpose is Purpose.REKEY_IKE:
            self._agree_on_ike(sa)
        else:
            take = self.maker.consider if self.role is Role.RESPONDER else self.maker.conclude
            take(self.message)
            assert self.maker.suite is not None
            self.suite = self.maker.suite
        method = self.suite.key_exchange
        if method is None and self.suite.additional:
            raise Refusal("Only additional key exchanges were agreed on", "RFC 9370 §2.2.4", _N.INVALID_SYNTAX)
        number = method.number if method is not None else 0
        tried = self.share.method.number if self.share is not None else 0
        if self.role is Role.INITIATOR and number not in (tried, 0):
            wanted, told = (KeyExchangeId.name_of(n) for n in (tried, number))
            raise Refusal(f"A value for {wanted} was sent, and {told} was chosen", "RFC 7296 §1.3")
        self._take_method(number)

    def _agree_on_ike(self, sa: V2SecurityAssociation) -> None:
        ke = self.message.find(V2KeyExchange)
        negotiation, found = choose(self.party.config.ike, sa.proposals, ke.method if ke is not None else None)
        self.party.emit(Judged(negotiation))
        if found is None:
            reason = f"No offer fits{nearest_miss(negotiation)}"
            raise Refusal(reason, "RFC 7296 §2.7", _N.NO_PROPOSAL_CHOSEN)
        self.suite, self.chosen = found
        spi, sender = self.chosen.spi, self.role.other
        if len(spi) != _SPI_SIZE or not any(spi):
            reason = f"The SPI of an IKE SA has {_SPI_SIZE} octets and is not zero, {len(spi)} have come"
            raise Refusal(reason, "RFC 7296 §3.3.1", _N.INVALID_SYNTAX)
        span = spi_spans(self.message, spi)[0]
        symbol = f"SPI{self.letter(sender)}'"
        self.ledger.learn(Term(symbol, spi, span, scope=self.ledger.scope, owner=self.owner(sender)))

    @property
    def pending(self) -> bool:
        """Whether secrets of additional key exchanges are still to come."""
        return not self.failure and 0 < len(self.secrets) <= len(self.suite.additional)

    def succeeded(self) -> None:
        """New keys on both sides, unless further key exchanges follow."""
        if not self.suite.additional:
            self.complete()

    def complete(self) -> None:
        """Every secret is there."""
        ledger = self.ledger
        if self.purpose is Purpose.REKEY_IKE:
            self._make_ike_sa()
            return
        expires = self.party.link.now + self.party.config.child_lifetime
        self.child = self.maker.install(self.secrets, ledger["Ni"], ledger["Nr"], expires)

    def _make_ike_sa(self) -> None:
        """Who began the rekeying is the new SA's original initiator (RFC 7296 §2.18)."""
        old, ledger, party = self.sa, self.ledger, self.party
        # Two successors that both sides have made at once have two names.
        scope = old.successor_scope + ("r" if self.owner(Role.INITIATOR) == Role.RESPONDER else "")
        new = IkeSa(party, self.role, old.number, Ledger(party.emit, party.entropy, party.role, scope))
        new.generation = old.generation + 1
        Ni, Nr = ledger["Ni"], ledger["Nr"]
        SKEYSEED = ledger.learn(rekeyed_skeyseed(old.suite.prf, old.keys.SK_d, self.secrets, Ni, Nr, scope))
        SPIi, SPIr = (_renamed(ledger[f"{s}'"], s, scope) for s in ("SPIi", "SPIr"))
        new.ledger.learn(SPIi, SPIr)
        keys = ike_keys(self.suite, SKEYSEED, Ni, Nr, SPIi, SPIr)
        new.ledger.learn(*keys.made)
        new.secure(self.suite, keys)
        new.up = True
        new.expires = party.link.now + party.config.lifetime
        new.peer_supports, new.peer_identity = set(old.peer_supports), old.peer_identity
        new.local, new.remote, new.first_role = old.local, old.remote, old.first_role
        new.proven_as = old.origin
        party.emit(SaInstalled(new.snapshot()))
        self.new_sa = new

    def once_more(self, message_id: int) -> CreateChildSa:
        """The same again, with the method that the responder has asked for."""
        again = CreateChildSa(self.sa, Role.INITIATOR, message_id, self.purpose, self.wanted)
        again.old = self.old
        return again

    def replaces_the_same(self, other: CreateChildSa) -> bool:
        """Whether both exchanges make a successor of one SA."""
        if self.purpose is Purpose.REKEY_IKE:
            return other.purpose is Purpose.REKEY_IKE
        return self.old is not None and self.old is other.old

    def lowest_nonce(self) -> Term:
        """The lower of its two nonces, compared octet by octet: what decides between rivals (RFC 7296 §2.8.1)."""
        return min(self.ledger["Ni"], self.ledger["Nr"], key=lambda nonce: nonce.octets)

    def reached(self, state: str) -> str:
        """There is no new SA before all its secrets are there."""
        return GOES_ON if state == MADE and self.pending else state

    def variant_of(self, message: V2Message) -> str:
        """By its purpose; an error is an error."""
        if errors_in(message):
            return "error"
        sa, kinds = message.find(V2SecurityAssociation), notifies_in(message)
        if sa is not None and sa.proposals and sa.proposals[0].protocol == V2ProtocolId.IKE:
            return "rekey-ike"
        rekeys = _N.REKEY_SA in kinds or self.purpose is Purpose.REKEY_CHILD
        return "rekey-child" if rekeys else ""

    def bind_more(self, message: V2Message) -> list[Binding]:
        """SPIs inside the offers."""
        return spi_bindings(self.ledger, message, self.party.role)


def link_in(message: V2Message) -> bytes:
    """The name of an exchange that further key exchanges belong to; empty if there is none."""
    kind = _N.ADDITIONAL_KEY_EXCHANGE
    return next((p.data for p in message.payloads if isinstance(p, V2Notify) and p.notify_type == kind), b"")


def _renamed(term: Term, symbol: str, scope: str) -> Term:
    """The SPI of the exchange is the SPI of the SA that it made."""
    return Term(symbol, term.octets, term.origin, scope=scope, nature=term.nature, owner=term.owner)


_I, _R = Role.INITIATOR, Role.RESPONDER
_FIRST = "HDR, SK {[N(REKEY_SA),] SA, Ni [, KEi] [, TSi, TSr]}"
_SECOND = "HDR, SK {SA, Nr [, KEr] [, TSi, TSr]}"
CreateChildSa.rows = (
    Row(_I, "idle", "", None, None, _FIRST, WAITS),
    Row(_R, "idle", _FIRST, None, None, _SECOND, MADE),
    Row(_I, WAITS, _SECOND, None, None, "", MADE),
)
