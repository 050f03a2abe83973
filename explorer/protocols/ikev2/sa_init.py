"""IKE_SA_INIT (RFC 7296 §1.2): algorithms, nonces and a key exchange; retries with a cookie or another method."""

from __future__ import annotations

from explorer.crypto.key_exchange import METHODS
from explorer.crypto.term import Configured, Term
from explorer.engine.negotiation import nearest_miss
from explorer.engine.refusal import Refusal
from explorer.engine.rows import Row
from explorer.events import Judged, Role
from explorer.protocols.ikev2.exchange import WAITS
from explorer.protocols.ikev2.ike_sa import IkeSa
from explorer.protocols.ikev2.key_share import KeyShare
from explorer.protocols.ikev2.keys import first_skeyseed, ike_keys
from explorer.protocols.ikev2.nat import nat_parts
from explorer.protocols.ikev2.opening import Opening
from explorer.protocols.ikev2.parts import Part, notifies_in, notify, of_term, request_certificate
from explorer.protocols.ikev2.signature import announced
from explorer.protocols.ikev2.suites import choose, sa_body
from explorer.registry.ikev2 import V2ExchangeType, V2PayloadType
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.registry.ikev2_transforms import KeyExchangeId
from explorer.wire.ikev2 import V2KeyExchange, V2Notify, V2OpaquePayload, V2SecurityAssociation
from explorer.wire.ikev2_message import V2Message

_CITE = "RFC 7296 §1.2"
_N = V2NotifyType
_ANSWERS = {
    _N.COOKIE: "cookie", _N.INVALID_KE_PAYLOAD: "invalid-ke", _N.NO_PROPOSAL_CHOSEN: "no-proposal",
    _N.INVALID_SYNTAX: "", _N.UNSUPPORTED_CRITICAL_PAYLOAD: "critical",
    _N.INVALID_MAJOR_VERSION: "version", _N.NAT_DETECTION_SOURCE_IP: "nat", _N.CHILDLESS_IKEV2_SUPPORTED: "childless",
}


class IkeSaInit(Opening):
    """The first two messages of an IKE SA, in the clear; they may have to be repeated with something added.

    Attributes:
        share: the key exchange that is tried.
    """

    name = "IKE_SA_INIT"
    exchange_type = V2ExchangeType.IKE_SA_INIT
    _secret: Term

    def __init__(self, sa: IkeSa, role: Role) -> None:
        super().__init__(sa, role)
        guess = self.party.config.guess
        own = self.party.config.ike[0].of_kind(4)
        self.share = self._share(guess if guess is not None else own[0].transform_id)

    def _share(self, method: int) -> KeyShare:
        # A first try has not begun when its method is chosen, a later one has not either.
        later = f"{self.ledger.scope}, try {self.tries + 1}" if self.tries else self.ledger.scope
        return KeyShare(self, METHODS[method], _CITE, scope=later)

    # ---------------------------------------------------------------- the request

    def request(self) -> list[Part]:
        """Everything the initiator would accept, one public value, one nonce."""
        config = self.party.config
        self.begin_try()
        self.draw_own()
        SAi = self._keep("SAi", sa_body([offer.proposal(n, b"") for n, offer in enumerate(config.ike, 1)]))
        if not self.share.drawn:
            self.share.draw()
        parts = [
            *self.cookie_part(),
            of_term("SAi1", V2PayloadType.SA, SAi),
            self.share.part(),
            self.nonce_part(),
            *self._abilities(),
        ]
        if config.unknown_payload is not None:
            payload = V2OpaquePayload(critical=0x80, data=b"Nobody knows me.")
            parts.append(Part(f"payload {config.unknown_payload}", config.unknown_payload, payload))
        return parts

    def _keep(self, symbol: str, body: bytes) -> Term:
        owner = str(self.party.role)
        return self.ledger.learn(Term(symbol, body, Configured(_CITE), scope=self.ledger.scope, owner=owner))

    def _abilities(self) -> list[Part]:
        """What this side can do beyond the least."""
        config = self.party.config
        parts = nat_parts(self) if config.nat_traversal else []
        if config.method == "signature" or config.login is not None:
            parts.append(notify(_N.SIGNATURE_HASH_ALGORITHMS, announced()))
        if config.fragment_size:
            parts.append(notify(_N.FRAGMENTATION_SUPPORTED))
        if config.ppk is not None and (self.role is Role.INITIATOR or _N.USE_PPK in self.sa.peer_supports):
            parts.append(notify(_N.USE_PPK))
        if config.intermediate:
            parts.append(notify(_N.INTERMEDIATE_EXCHANGE_SUPPORTED))
        if config.childless and self.role is Role.RESPONDER:
            parts.append(notify(_N.CHILDLESS_IKEV2_SUPPORTED))
        return parts

    # ---------------------------------------------------------------- the responder

    def consider(self) -> None:
        """Cookie, offers, public value; then all keys."""
        ke, sa = self.message.find(V2KeyExchange), self.message.find(V2SecurityAssociation)
        assert ke is not None
        assert sa is not None
        self.demand_cookie()
        negotiation, found = choose(self.party.config.ike, sa.proposals, ke.method)
        self.party.emit(Judged(negotiation))
        if found is None:
            reason = f"No offer fits{nearest_miss(negotiation)}"
            raise Refusal(reason, "RFC 7296 §2.7", _N.NO_PROPOSAL_CHOSEN)
        self.suite, self.chosen = found
        method = self.suite.key_exchange
        assert method is not None
        self.share = self._share(method.number)
        self.share.check()
        self.check_peer()
        self.draw_own()
        self.share.draw()
        self._secret = self.share.agree()
        self._keep("SAr", sa_body([self.suite.proposal(self.chosen.number, b"")]))

    def error_data(self, kind: V2NotifyType) -> bytes:
        """The method that is wanted."""
        if kind is _N.INVALID_KE_PAYLOAD:
            return self.share.method.number.to_bytes(2, "big")
        return super().error_data(kind)

    def answer(self) -> list[Part]:
        """The choice, the own public value and nonce."""
        return [
            of_term("SAr1", V2PayloadType.SA, self.ledger["SAr"]),
            self.share.part(),
            self.nonce_part(),
            *request_certificate(self.party.config.authorities),
            *self._abilities(),
        ]

    # ---------------------------------------------------------------- the initiator

    def _hear(self, message: V2Message) -> None:
        """Which hashes the peer can check signatures with (RFC 7427 §4)."""
        super()._hear(message)
        for payload in message.payloads:
            if isinstance(payload, V2Notify) and payload.notify_type == _N.SIGNATURE_HASH_ALGORITHMS:
                pairs = zip(payload.data[::2], payload.data[1::2], strict=False)
                self.sa.peer_hashes = frozenset(256 * high + low for high, low in pairs)

    def is_fatal(self, notify_type: int) -> bool:
        """Another method may be tried."""
        return notify_type != _N.INVALID_KE_PAYLOAD

    def asks_again(self, payload: V2Notify) -> bool:
        """With a cookie, or with another method of key exchange."""
        if payload.notify_type != _N.INVALID_KE_PAYLOAD:
            return super().asks_again(payload)
        wanted = int.from_bytes(payload.data, "big")
        if any(wanted == c.transform_id for offer in self.party.config.ike for c in offer.of_kind(4)):
            self.share = self._share(wanted)
            return True
        self.fail(f"the peer wants {KeyExchangeId.name_of(wanted)}, which this side does not offer")
        return False

    def conclude(self) -> None:
        """The choice must be one of the offers; then all keys."""
        sa, ke = self.message.find(V2SecurityAssociation), self.message.find(V2KeyExchange)
        assert sa is not None
        assert ke is not None
        negotiation, found = choose(self.party.config.ike, sa.proposals, ke.method)
        self.party.emit(Judged(negotiation))
        if found is None or len(sa.proposals) != 1 or found[0].key_exchange is not self.share.method:
            raise Refusal("The answer differs from what was offered", "RFC 7296 §3.3.6")
        self.check_responder_spi()
        self.suite = found[0]
        self.share.check()
        if self.party.config.ppk is not None and not self.sa.mixes_ppk:
            raise Refusal("The peer does not mix in a PPK, and this side wants it", "RFC 8784 §3")
        self.check_peer()
        self._secret = self.share.agree()

    def make_keys(self) -> None:
        """SKEYSEED and the seven keys."""
        ledger, suite = self.ledger, self.suite
        SKEYSEED = ledger.learn(first_skeyseed(suite.prf, ledger["Ni"], ledger["Nr"], self._secret, ledger.scope))
        prime = "'" if self.sa.mixes_ppk and not suite.additional else ""
        Ni, Nr, SPIi, SPIr = (ledger[symbol] for symbol in ("Ni", "Nr", "SPIi", "SPIr"))
        keys = ike_keys(suite, SKEYSEED, Ni, Nr, SPIi, SPIr, prime=prime)
        ledger.learn(*keys.made)
        self.sa.secure(suite, keys)

    def variant_of(self, message: V2Message) -> str:
        """A first try or a later one; a choice, or what the responder wants first."""
        kinds = notifies_in(message)
        if message.header.response:
            return next((name for kind, name in _ANSWERS.items() if kind in kinds), "chosen")
        if _N.COOKIE in kinds:
            return "cookie"
        if self.tries > 1:
            return "invalid-ke"
        return "nat" if _N.NAT_DETECTION_SOURCE_IP in kinds else ""


_I, _R = Role.INITIATOR, Role.RESPONDER
IkeSaInit.rows = (
    Row(_I, "idle", "", None, None, "HDR, SAi1, KEi, Ni", WAITS),
    Row(_R, "idle", "HDR, SAi1, KEi, Ni", None, None, "HDR, SAr1, KEr, Nr", "keys made"),
    Row(_I, WAITS, "HDR, SAr1, KEr, Nr", None, None, "", "keys made"),
)
