"""CREATE_CHILD_SA (RFC 7296 §1.3): another pair of Child SAs, or new keys for an SA that there is."""

from __future__ import annotations

from enum import Enum

from explorer.crypto.key_exchange import METHODS, initiator_value, is_usable, responder_value, shared
from explorer.crypto.key_exchange_method import KeyExchangeMethod
from explorer.crypto.term import Configured, Drawn, Nature, Term
from explorer.engine.ledger import Ledger
from explorer.engine.negotiation import nearest_miss
from explorer.engine.refusal import Refusal
from explorer.engine.rows import Row
from explorer.events import Binding, Judged, Role, SaInstalled
from explorer.octets import Span
from explorer.protocols.ikev2.child import ChildMaker, spi_bindings
from explorer.protocols.ikev2.exchange import DONE, WAITS, V2Exchange
from explorer.protocols.ikev2.ike_sa import Child, IkeSa
from explorer.protocols.ikev2.keys import ike_keys, ike_scope, rekeyed_skeyseed
from explorer.protocols.ikev2.parts import Part, notify
from explorer.protocols.ikev2.sa_init import ke_payload, sa_payload
from explorer.protocols.ikev2.suites import choose, sa_body
from explorer.registry.ikev2 import V2ExchangeType, V2PayloadType, V2ProtocolId
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.registry.ikev2_transforms import TransformType
from explorer.wire.ikev2 import V2KeyExchange, V2Nonce, V2Notify, V2SecurityAssociation
from explorer.wire.ikev2_message import V2Message

_N = V2NotifyType


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
        new_sa: the IKE SA that takes the place of this one, once it is made.
        negotiations: the number that a new IKE SA would have in the run.
    """

    name = "CREATE_CHILD_SA"
    exchange_type = V2ExchangeType.CREATE_CHILD_SA
    old: Child | None = None
    new_sa: IkeSa | None = None

    def __init__(
        self, sa: IkeSa, role: Role, message_id: int, purpose: Purpose = Purpose.CHILD, number: int = 2
    ) -> None:
        super().__init__(sa, role, message_id)
        self.purpose = purpose
        self.number = number
        self.variant = "" if purpose is Purpose.CHILD else purpose.value
        self.method: KeyExchangeMethod | None = None
        self._wanted = 0
        config = self.party.config
        self.maker = ChildMaker(sa, role, self.ledger, config.child, config.local, config.remote, config.transport)
        if purpose is Purpose.REKEY_IKE:
            self.method = METHODS[config.ike[0].of_kind(TransformType.KE)[0].transform_id]
        elif config.child and config.child[0].of_kind(TransformType.KE):
            number_ = config.child[0].of_kind(TransformType.KE)[0].transform_id
            self.method = METHODS[number_] if number_ else None

    # ---------------------------------------------------------------- the request

    def request(self) -> list[Part]:
        """[N(REKEY_SA),] SA, Ni [, KEi] [, TSi, TSr]."""
        ledger = self.ledger
        ledger.draw("Ni", self.party.config.nonce_size, "RFC 7296 §2.10", Nature.PUBLIC)
        nonce = Part("Ni", V2PayloadType.NONCE, V2Nonce(data=ledger["Ni"].octets), ((ledger["Ni"], 0),))
        if self.method is not None:
            self._share(Role.INITIATOR)
        ke = self._ke_part("KEi")
        if self.purpose is Purpose.REKEY_IKE:
            SPI = ledger.draw("SPIi'", 8, "RFC 7296 §2.18", Nature.PUBLIC)
            body = sa_body([offer.proposal(n, SPI.octets) for n, offer in enumerate(self.party.config.ike, 1)])
            return [self._sa_part("SA", "SAi", body), nonce, *ke]
        first = []
        if self.old is not None:
            first = [notify(_N.REKEY_SA, spi=self.old.inbound.octets, protocol=int(V2ProtocolId.ESP))]
        parts = self.maker.offer_parts("SA")
        return [*first, parts[0], nonce, *ke, *parts[1:]]

    def _sa_part(self, word: str, symbol: str, body: bytes) -> Part:
        origin, owner = Configured("RFC 7296 §1.3.2"), str(self.party.role)
        SA = self.ledger.learn(Term(symbol, body, origin, scope=self.ledger.scope, owner=owner))
        return Part(word, V2PayloadType.SA, sa_payload(body), ((SA, 0),))

    def _share(self, role: Role) -> None:
        assert self.method is not None
        side, ledger, method = self.letter(role), self.ledger, self.method
        size = method.private_size if role is Role.INITIATOR else method.response_private_size
        octets = self.party.entropy.draw(size, f"{ledger.scope}/{self.party.role}/{side}/{method.number}")
        origin, owner = Drawn(side, "RFC 7296 §1.3.1"), str(self.party.role)
        private = ledger.learn(Term(side, octets, origin, scope=ledger.scope, nature=Nature.SECRET, owner=owner))
        if role is Role.INITIATOR:
            ledger.learn(initiator_value(method, "KEi", private, ledger.scope))
        else:
            ledger.learn(responder_value(method, "KEr", private, ledger["KEi"], ledger.scope))

    def _ke_part(self, symbol: str) -> list[Part]:
        term = self.ledger.find(symbol) if self.ledger.own(symbol) else None
        if self.method is None or term is None:
            return []
        return [Part(symbol, V2PayloadType.KE, ke_payload(self.method, term), ((term, 4),))]

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
        self.variant = "" if self.purpose is Purpose.CHILD else self.purpose.value
        if self.purpose is Purpose.REKEY_IKE:
            self._consider_ike(sa)
        else:
            self.maker.consider(self.message)
            assert self.maker.suite is not None
            self._take_method(self.maker.suite.key_exchange)
        self.ledger.draw("Nr", self.party.config.nonce_size, "RFC 7296 §2.10", Nature.PUBLIC)
        if self.method is not None:
            self._share(Role.RESPONDER)

    def _find_old(self, spi: bytes) -> None:
        """REKEY_SA names the SPI that its sender expects inbound (RFC 7296 §1.3.3)."""
        self.old = next((child for child in self.sa.children if child.outbound.octets == spi), None)
        if self.old is None:
            self._missing = spi
            raise Refusal("There is no Child SA of that SPI", "RFC 7296 §2.25", _N.CHILD_SA_NOT_FOUND)

    def _consider_ike(self, sa: V2SecurityAssociation) -> None:
        ke = self.message.find(V2KeyExchange)
        negotiation, found = choose(self.party.config.ike, sa.proposals, ke.method if ke is not None else None)
        self.party.emit(Judged(negotiation))
        if found is None:
            reason = f"No offer fits{nearest_miss(negotiation)}"
            raise Refusal(reason, "RFC 7296 §2.7", _N.NO_PROPOSAL_CHOSEN)
        self.suite, self.chosen = found
        self._hold_ike_spi("SPIi'", self.chosen.spi, Role.INITIATOR)
        self._take_method(self.suite.key_exchange)

    def _hold_ike_spi(self, symbol: str, spi: bytes, owner: Role) -> None:
        from explorer.protocols.ikev2.child import spi_spans

        span: Span = spi_spans(self.message, spi)[0]
        self.ledger.learn(Term(symbol, spi, span, scope=self.ledger.scope, owner=self.owner(owner)))

    def _take_method(self, method: KeyExchangeMethod | None) -> None:
        """The chosen method and the public value that has come must go together (RFC 7296 §1.3.1)."""
        ke = self.message.find(V2KeyExchange)
        self.method = method
        if method is None:
            return
        if ke is None or ke.method != method.number:
            reason = f"{method.label} is wanted, and no value for it has come"
            raise Refusal(reason, "RFC 7296 §1.3.1", _N.INVALID_KE_PAYLOAD)
        symbol = f"KE{self.letter(self.role.other)}"
        if not is_usable(method, ke.data, self.role is Role.RESPONDER):
            raise Refusal(f"{symbol} is no usable value for {method.label}", "RFC 6989", _N.INVALID_SYNTAX)

    def error_data(self, kind: V2NotifyType) -> bytes:
        """The method that is wanted."""
        return self.method.number.to_bytes(2, "big") if kind is _N.INVALID_KE_PAYLOAD and self.method else b""

    def answer(self) -> list[Part]:
        """SA, Nr [, KEr] [, TSi, TSr]."""
        ledger = self.ledger
        nonce = Part("Nr", V2PayloadType.NONCE, V2Nonce(data=ledger["Nr"].octets), ((ledger["Nr"], 0),))
        ke = self._ke_part("KEr")
        if self.purpose is Purpose.REKEY_IKE:
            SPI = ledger.draw("SPIr'", 8, "RFC 7296 §2.18", Nature.PUBLIC)
            body = sa_body([self.suite.proposal(self.chosen.number, SPI.octets)])
            return [self._sa_part("SA", "SAr", body), nonce, *ke]
        parts = self.maker.answer_parts("SA")
        return [parts[0], nonce, *ke, *parts[1:]]

    # ---------------------------------------------------------------- the initiator

    def conclude(self) -> None:
        """The choice must be one of the offers."""
        sa = self.message.find(V2SecurityAssociation)
        assert sa is not None
        if self.purpose is not Purpose.REKEY_IKE:
            self.maker.conclude(self.message)
            assert self.maker.suite is not None
            self._take_method(self.maker.suite.key_exchange)
            return
        negotiation, found = choose(self.party.config.ike, sa.proposals)
        self.party.emit(Judged(negotiation))
        if found is None:
            raise Refusal("The answer differs from what was offered", "RFC 7296 §3.3.6")
        self.suite, self.chosen = found
        self._hold_ike_spi("SPIr'", self.chosen.spi, Role.RESPONDER)
        self._take_method(self.suite.key_exchange)

    # ---------------------------------------------------------------- what comes of it

    def succeeded(self) -> None:
        """New keys on both sides."""
        ledger = self.ledger
        secrets: list[Term] = []
        if self.method is not None:
            own, received = ("i", "KEr") if self.role is Role.INITIATOR else ("r", "KEi")
            initiator = self.role is Role.INITIATOR
            g_ir = shared(self.method, "g^ir", ledger[own], ledger[received], ledger.scope, initiator)
            secrets.append(ledger.learn(g_ir))
        if self.purpose is Purpose.REKEY_IKE:
            self._make_ike_sa(secrets)
            return
        now = self.party.link.now
        self.maker.install(secrets, ledger["Ni"], ledger["Nr"], now + self.party.config.child_lifetime)

    def _make_ike_sa(self, secrets: list[Term]) -> None:
        """Who began the rekeying is the new SA's original initiator (RFC 7296 §2.18)."""
        old, ledger = self.sa, self.ledger
        assert old.suite is not None
        assert old.keys is not None
        scope = ike_scope(self.number)
        party = self.party
        new = IkeSa(party, self.role, self.number, Ledger(party.emit, party.entropy, party.role, scope))
        Ni, Nr = ledger["Ni"], ledger["Nr"]
        SKEYSEED = ledger.learn(rekeyed_skeyseed(old.suite.prf, old.keys.SK_d, secrets, Ni, Nr, scope))
        SPIi, SPIr = (_renamed(ledger[f"{s}'"], s, scope) for s in ("SPIi", "SPIr"))
        new.ledger.learn(SPIi, SPIr)
        keys = ike_keys(self.suite, SKEYSEED, Ni, Nr, SPIi, SPIr)
        new.ledger.learn(*keys.made)
        new.suite, new.keys, new.up = self.suite, keys, True
        new.expires = party.link.now + party.config.lifetime
        new.peer_supports = set(old.peer_supports)
        party.emit(SaInstalled(new.snapshot()))
        self.new_sa = new

    def bind_more(self, message: V2Message) -> list[Binding]:
        """SPIs inside the offers."""
        return spi_bindings(self.ledger, message, self.party.role)


def _renamed(term: Term, symbol: str, scope: str) -> Term:
    """The SPI of the exchange is the SPI of the SA that it made."""
    return Term(symbol, term.octets, term.origin, scope=scope, nature=term.nature, owner=term.owner)


_I, _R = Role.INITIATOR, Role.RESPONDER
_FIRST = "HDR, SK {[N(REKEY_SA),] SA, Ni [, KEi] [, TSi, TSr]}"
_SECOND = "HDR, SK {SA, Nr [, KEr] [, TSi, TSr]}"
CreateChildSa.rows = (
    Row(_I, "idle", "", None, None, _FIRST, WAITS),
    Row(_R, "idle", _FIRST, None, None, _SECOND, DONE),
    Row(_I, WAITS, _SECOND, None, None, "", DONE),
)
