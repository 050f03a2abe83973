"""IKE_SA_INIT (RFC 7296 §1.2): algorithms, nonces and a key exchange; retries with a cookie or another method."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address

from explorer.crypto.algorithms import SHA1
from explorer.crypto.expression import Hash
from explorer.crypto.key_exchange import METHODS
from explorer.crypto.prfs import PRF_HMAC_SHA2_256
from explorer.crypto.term import Configured, Nature, Term, constant, derive
from explorer.engine.negotiation import nearest_miss
from explorer.engine.refusal import Refusal
from explorer.engine.rows import Row
from explorer.events import Binding, Endpoint, Judged, NetworkChanged, Role
from explorer.octets import Span
from explorer.protocols.ikev2.exchange import WAITS, V2Exchange
from explorer.protocols.ikev2.ike_sa import IkeSa
from explorer.protocols.ikev2.key_share import KeyShare
from explorer.protocols.ikev2.keys import first_skeyseed, ike_keys
from explorer.protocols.ikev2.parts import Part, notifies_in, notify, of_term, request_certificate
from explorer.protocols.ikev2.signature import announced
from explorer.protocols.ikev2.suites import Suite, choose, sa_body
from explorer.registry.ikev2 import V2ExchangeType, V2PayloadType
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.registry.ikev2_transforms import KeyExchangeId
from explorer.wire.ikev2 import V2KeyExchange, V2Nonce, V2Notify, V2OpaquePayload, V2Payload, V2SecurityAssociation
from explorer.wire.ikev2_message import V2Message

_CITE = "RFC 7296 §1.2"
_N = V2NotifyType
_ANSWERS = {
    _N.COOKIE: "cookie", _N.INVALID_KE_PAYLOAD: "invalid-ke", _N.NO_PROPOSAL_CHOSEN: "no-proposal",
    _N.INVALID_SYNTAX: "", _N.UNSUPPORTED_CRITICAL_PAYLOAD: "critical",
    _N.INVALID_MAJOR_VERSION: "version",
}


class IkeSaInit(V2Exchange):
    """The first two messages of an IKE SA, in the clear; they may have to be repeated with something added.

    Attributes:
        cookie: what the responder wants to see again, or ``None``.
        share: the key exchange that is tried.
        suite: what was agreed on, once it is.
        retry: whether the answer asks for the same once more.
    """

    name = "IKE_SA_INIT"
    exchange_type = V2ExchangeType.IKE_SA_INIT
    encrypted = False
    suite: Suite
    _secret: Term
    _expected_cookie = b""

    def __init__(self, sa: IkeSa, role: Role) -> None:
        super().__init__(sa, role, 0, sa.ledger)
        self.scope = sa.ledger.scope
        self.cookie: Term | None = None
        self.tries = 0
        guess = self.party.config.guess
        own = self.party.config.ike[0].of_kind(4)
        self.share = self._share(guess if guess is not None else own[0].transform_id)

    def _share(self, method: int) -> KeyShare:
        return KeyShare(self, METHODS[method], _CITE)

    # ---------------------------------------------------------------- the request

    def request(self) -> list[Part]:
        """Everything the initiator would accept, one public value, one nonce."""
        ledger, config = self.ledger, self.party.config
        self.retry = False
        self.tries += 1
        if "SPIi" not in ledger:
            ledger.draw("SPIi", 8, "RFC 7296 §2.6", Nature.PUBLIC)
            ledger.draw("Ni", config.nonce_size, "RFC 7296 §2.10", Nature.PUBLIC)
        body = sa_body([offer.proposal(n, b"") for n, offer in enumerate(config.ike, 1)])
        SAi = self._keep("SAi", body)
        self.share.draw()
        parts = [
            of_term("SAi1", V2PayloadType.SA, SAi),
            self.share.part(),
            Part("Ni", V2PayloadType.NONCE, V2Nonce(data=ledger["Ni"].octets), ((ledger["Ni"], 0),)),
            *self._abilities(),
        ]
        if config.unknown_payload is not None:
            payload = V2OpaquePayload(critical=0x80, data=b"Nobody knows me.")
            parts.append(Part(f"payload {config.unknown_payload}", config.unknown_payload, payload))
        if self.cookie is not None:
            parts.insert(0, notify(_N.COOKIE, self.cookie.octets, [(self.cookie, 4)]))
        return parts

    def _keep(self, symbol: str, body: bytes) -> Term:
        owner = str(self.party.role)
        return self.ledger.learn(Term(symbol, body, Configured(_CITE), scope=self.ledger.scope, owner=owner))

    def _abilities(self) -> list[Part]:
        """What this side can do beyond the least."""
        config = self.party.config
        parts = self._nat_parts() if config.nat_traversal else []
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
        payloads = self.message.payloads
        ke, sa = self.message.find(V2KeyExchange), self.message.find(V2SecurityAssociation)
        assert ke is not None
        assert sa is not None
        if self.party.config.wants_cookies:
            self._demand_cookie(payloads)
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
        self._check_nonce("Ni")
        self._check_nat()
        ledger = self.ledger
        ledger.draw("SPIr", 8, "RFC 7296 §2.6", Nature.PUBLIC)
        ledger.draw("Nr", self.party.config.nonce_size, "RFC 7296 §2.10", Nature.PUBLIC)
        self.share.draw()
        self._secret = self.share.agree()
        self._keep("SAr", sa_body([self.suite.proposal(self.chosen.number, b"")]))

    def _demand_cookie(self, payloads: Sequence[V2Payload]) -> None:
        """Keep nothing for an address that has not shown that it can receive (RFC 7296 §2.6)."""
        self._expected_cookie = self._make_cookie()
        first = payloads[0] if payloads else None
        has_come = isinstance(first, V2Notify) and first.notify_type == _N.COOKIE
        if not has_come or not isinstance(first, V2Notify) or first.data != self._expected_cookie:
            reason = "The sender has not shown yet that it receives what is sent to its address"
            raise Refusal(reason, "RFC 7296 §2.6", _N.COOKIE)

    def _make_cookie(self) -> bytes:
        """prf(secret, Ni | IPi | SPIi): made again from the retry, so that nothing has to be kept."""
        secret = self.party.entropy.draw(32, "cookie secret")
        seen = self.ledger["Ni"].octets + IPv4Address(self.party.link.remote.address).packed
        return PRF_HMAC_SHA2_256.mac(secret, seen + self.message.header.initiator_spi)

    def error_data(self, kind: V2NotifyType) -> bytes:
        """The method that is wanted, or the cookie."""
        if kind is _N.INVALID_KE_PAYLOAD:
            return self.share.method.number.to_bytes(2, "big")
        return self._expected_cookie if kind is _N.COOKIE else super().error_data(kind)

    def answer(self) -> list[Part]:
        """The choice, the own public value and nonce."""
        ledger = self.ledger
        return [
            of_term("SAr1", V2PayloadType.SA, ledger["SAr"]),
            self.share.part(),
            Part("Nr", V2PayloadType.NONCE, V2Nonce(data=ledger["Nr"].octets), ((ledger["Nr"], 0),)),
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
        """Two errors only ask for the same once more."""
        return notify_type != _N.INVALID_KE_PAYLOAD

    def interesting(self, notify_type: int) -> bool:
        """A cookie is a status, and yet it means that nothing was made."""
        return super().interesting(notify_type) or notify_type == _N.COOKIE

    def _demand(self, row: Row, message: V2Message) -> None:
        """An answer that asks for a retry holds nothing else."""
        if self.role is Role.INITIATOR and self._asks_again(message):
            self.retry = True
            return
        super()._demand(row, message)

    def _asks_again(self, message: V2Message) -> bool:
        for index, payload in enumerate(message.payloads):
            if not isinstance(payload, V2Notify) or self.tries > 3:
                continue
            if payload.notify_type == _N.COOKIE:
                body = message.body(index)
                span = Span(body.buffer, body.start + 4, body.end)
                owner = str(self.party.role.other)
                self.cookie = Term("COOKIE", span.octets, span, scope=self.ledger.scope, owner=owner)
                self.ledger.learn(self.cookie)
                return True
            if payload.notify_type == _N.INVALID_KE_PAYLOAD:
                wanted = int.from_bytes(payload.data, "big")
                if any(wanted == c.transform_id for offer in self.party.config.ike for c in offer.of_kind(4)):
                    self.share = self._share(wanted)
                    return True
                self.fail(f"the peer wants {KeyExchangeId.name_of(wanted)}, which this side does not offer")
        return False

    def conclude(self) -> None:
        """The choice must be one of the offers; then all keys."""
        if self.retry:
            return
        sa, ke = self.message.find(V2SecurityAssociation), self.message.find(V2KeyExchange)
        assert sa is not None
        assert ke is not None
        negotiation, found = choose(self.party.config.ike, sa.proposals, ke.method)
        self.party.emit(Judged(negotiation))
        if found is None or len(sa.proposals) != 1 or found[0].key_exchange is not self.share.method:
            raise Refusal("The answer differs from what was offered", "RFC 7296 §3.3.6")
        if not any(self.message.header.responder_spi):
            raise Refusal("The responder's SPI is zero", "RFC 7296 §3.1", offset=self.message.start + 8)
        self.suite = found[0]
        self.share.check()
        self._check_nonce("Nr")
        if self.party.config.ppk is not None and not self.sa.mixes_ppk:
            raise Refusal("The peer does not mix in a PPK, and this side wants it", "RFC 8784 §3")
        self._check_nat()
        self._secret = self.share.agree()

    def succeeded(self) -> None:
        """All keys, on each side when its last input is there."""
        if not self.retry:
            self.make_keys()

    def make_keys(self) -> None:
        """SKEYSEED and the seven keys."""
        ledger, suite = self.ledger, self.suite
        SKEYSEED = ledger.learn(first_skeyseed(suite.prf, ledger["Ni"], ledger["Nr"], self._secret, ledger.scope))
        prime = "'" if self.sa.mixes_ppk and not suite.additional else ""
        Ni, Nr, SPIi, SPIr = (ledger[symbol] for symbol in ("Ni", "Nr", "SPIi", "SPIr"))
        keys = ike_keys(suite, SKEYSEED, Ni, Nr, SPIi, SPIr, prime=prime)
        ledger.learn(*keys.made)
        self.sa.suite, self.sa.keys = suite, keys

    # ---------------------------------------------------------------- checks

    def _check_nonce(self, symbol: str) -> None:
        size = len(self.ledger[symbol].octets)
        if not 16 <= size <= 256:
            raise Refusal(f"{symbol} has {size} octets, expected 16 to 256", "RFC 7296 §3.9", _N.INVALID_SYNTAX)

    # ---------------------------------------------------------------- NAT detection

    def _nat_parts(self) -> list[Part]:
        """SHA-1 of both SPIs, address and port: where it comes from, where it goes (RFC 7296 §2.23)."""
        link, side = self.party.link, self.letter(self.role)
        source = self._nat_hash(f"NAT_src_{side}", link.local)
        destination = self._nat_hash(f"NAT_dst_{side}", link.remote)
        return [
            notify(_N.NAT_DETECTION_SOURCE_IP, source.octets, [(source, 4)]),
            notify(_N.NAT_DETECTION_DESTINATION_IP, destination.octets, [(destination, 4)]),
        ]

    def _nat_hash(self, symbol: str, end: Endpoint) -> Term:
        ledger = self.ledger
        place = Term(
            f"IP_{symbol[4:]}",
            IPv4Address(end.address).packed + end.port.to_bytes(2, "big"),
            Configured("RFC 7296 §2.23"),
            scope=ledger.scope,
        )
        SPIr = ledger.find("SPIr") or constant("0", bytes(8), "RFC 7296 §2.23")
        ledger.learn(place)
        made = derive(symbol, Hash(SHA1, ledger["SPIi"] | SPIr | place), "RFC 7296 §2.23", scope=ledger.scope)
        return ledger.learn(made)

    def _check_nat(self) -> None:
        """Compare what the peer says of addresses with what this side sees."""
        found = {p.notify_type: p.data for p in self.message.payloads if isinstance(p, V2Notify)}
        source, destination = found.get(_N.NAT_DETECTION_SOURCE_IP), found.get(_N.NAT_DETECTION_DESTINATION_IP)
        if not self.party.config.nat_traversal or source is None or destination is None:
            return
        link, side = self.party.link, self.letter(self.role.other)
        here = self._nat_hash(f"NAT_dst_{side}", link.local)
        there = self._nat_hash(f"NAT_src_{side}", link.remote)
        link.nat_here, link.nat_there = here.octets != destination, there.octets != source
        for found_nat, where in ((link.nat_here, "in front of this side"), (link.nat_there, "in front of the peer")):
            if found_nat:
                self.party.emit(NetworkChanged("NAT", where, "RFC 7296 §2.23"))
        if self.role is Role.INITIATOR and link.natted:
            link.float()

    def variant_of(self, message: V2Message) -> str:
        """A first try or a later one; a choice, or what the responder wants first."""
        kinds = notifies_in(message)
        if message.header.response:
            return next((name for kind, name in _ANSWERS.items() if kind in kinds), "chosen")
        if _N.COOKIE in kinds:
            return "cookie"
        return "invalid-ke" if self.tries > 1 else ""

    # ---------------------------------------------------------------- what AUTH will cover

    def _bind_header(self, message: V2Message) -> list[Binding]:
        """The message as a whole is a term too: AUTH covers it."""
        bindings = super()._bind_header(message)
        number = 2 if message.header.response else 1
        span = Span(message.datagram, message.start, len(message.datagram.octets))
        owner = self.owner(Role.RESPONDER if message.header.response else Role.INITIATOR)
        term = Term(f"RealMessage{number}", span.octets, span, scope=self.ledger.scope, owner=owner)
        self.ledger.hold(term)
        return [*bindings, Binding(term, span)]


_I, _R = Role.INITIATOR, Role.RESPONDER
IkeSaInit.rows = (
    Row(_I, "idle", "", None, None, "HDR, SAi1, KEi, Ni", WAITS),
    Row(_R, "idle", "HDR, SAi1, KEi, Ni", None, None, "HDR, SAr1, KEr, Nr", "keys made"),
    Row(_I, WAITS, "HDR, SAr1, KEr, Nr", None, None, "", "keys made"),
)
