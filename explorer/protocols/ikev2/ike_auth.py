"""IKE_AUTH (RFC 7296 §1.2): identities, proof, and the first pair of Child SAs, all encrypted."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.crypto.expression import Expr
from explorer.crypto.term import Configured, Nature, Term
from explorer.engine.refusal import Refusal
from explorer.engine.rows import Row
from explorer.events import Binding, Role, SaInstalled
from explorer.protocols.ikev2 import configuration, proof
from explorer.protocols.ikev2.child import ChildMaker, spi_bindings
from explorer.protocols.ikev2.exchange import UP, WAITS, V2Exchange
from explorer.protocols.ikev2.ike_sa import IkeSa, Resumed
from explorer.protocols.ikev2.keys import mix_ppk
from explorer.protocols.ikev2.nat import forbidden_nat, no_nats_parts
from explorer.protocols.ikev2.parts import Part, notify, of_term, request_certificate
from explorer.protocols.ikev2.tickets import LIFETIME, Ticket
from explorer.protocols.ikev2.variants import auth_variant
from explorer.registry.certificate import CertificateEncoding
from explorer.registry.ikev2 import V2ExchangeType, V2PayloadType
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.wire.ikev2 import (
    V2Auth,
    V2Certificate,
    V2Notify,
    V2Payload,
    V2SecurityAssociation,
)
from explorer.wire.ikev2_message import V2Message

_N = V2NotifyType
_LIFETIME_SIZE = 4
"""Octets in front of a ticket that is handed out (RFC 5723 §7.2)."""
_FIXED_PPK = 2
"""Type of a PPK that both sides have under one name (RFC 8784 §5.1)."""
_CHILD_ERRORS = frozenset((
    int(_N.NO_PROPOSAL_CHOSEN),
    int(_N.TS_UNACCEPTABLE),
    int(_N.SINGLE_PAIR_REQUIRED),
    int(_N.INTERNAL_ADDRESS_FAILURE),
    int(_N.FAILED_CP_REQUIRED),
))
"""Errors of the Child SA alone: the IKE SA stands all the same (RFC 7296 §2.21.2)."""


class IkeAuth(V2Exchange):
    """Who is who, and what for.

    Attributes:
        first_contact: whether this side holds no other IKE SA with the peer.
        held_address: the internal address under the IKE SA that this one is to replace, or ``b""``.
        proven: body of the identity that the peer has proven; ``b""`` for one that proves nothing.
    """

    first_contact = True
    held_address = b""
    proven = b""

    name = "IKE_AUTH"
    exchange_type = V2ExchangeType.IKE_AUTH

    def __init__(self, sa: IkeSa, role: Role, message_id: int) -> None:
        super().__init__(sa, role, message_id)
        config = self.party.config
        offers = [offer.without_key_exchange() for offer in config.child]
        local = configuration.EVERYTHING if config.asks_address and role is Role.INITIATOR else config.local
        self.maker = ChildMaker(sa, role, self.ledger, offers, local, config.remote, config.transport)
        self._granted: list[Part] = []
        self.child_failure = ""
        self._child_notify = V2NotifyType.NO_PROPOSAL_CHOSEN
        self.makes_child = True

    def int_auth(self) -> Sequence[Expr]:
        """IntAuth_i | IntAuth_r | Message ID, if there were intermediate exchanges (RFC 9242 §3.3.2)."""
        if len(self.sa.int_auth) < 2:
            return ()
        mid = Term("M-ID", self.message_id.to_bytes(4, "big"), Configured("RFC 9242 §3.3.2"), scope=self.scope)
        return (self.sa.int_auth["i"], self.sa.int_auth["r"], self.ledger.find("M-ID") or self.ledger.learn(mid))

    # ---------------------------------------------------------------- parts

    def request(self) -> list[Part]:
        """IDi, CERT, CERTREQ, IDr, AUTH, and what the Child SA needs."""
        config = self.party.config
        parts = [self._identity("IDi", V2PayloadType.IDI, config.identity.body)]
        if config.initial_contact and self.first_contact and self.sa.resumed is None:
            parts.append(notify(_N.INITIAL_CONTACT))
        parts += self._certificates()
        if config.expects is not None:
            parts.append(self._identity("IDr", V2PayloadType.IDR, config.expects.body, symbol="IDr_b wanted"))
        ppk = self.name_ppk()
        parts += self._proof()
        self.makes_child = not (config.childless and _N.CHILDLESS_IKEV2_SUPPORTED in self.sa.peer_supports)
        if config.asks_address:
            parts.append(configuration.wish(self.held_address))
        offer = self.maker.offer_parts("SAi2") if self.makes_child else []
        return [*parts, *offer, *ppk, *self._beside()]

    def name_ppk(self) -> list[Part]:
        """In the request that holds AUTH, which PPK it is; AUTH is then made with it (RFC 8784 §3)."""
        ppk = self.party.config.ppk
        if ppk is None or not self.sa.mixes_ppk:
            return []
        self._mix_ppk()
        return [notify(_N.PPK_IDENTITY, bytes((_FIXED_PPK,)) + ppk.name)]

    def confirm_ppk(self) -> list[Part]:
        """The answer to it says that the PPK is in use."""
        return [notify(_N.PPK_IDENTITY)] if self.sa.mixes_ppk else []

    def _mix_ppk(self) -> None:
        """Three keys anew, before anything is made with them (RFC 8784 §3)."""
        sa, config = self.sa, self.party.config
        assert config.ppk is not None
        origin, scope = Configured("RFC 8784 §3"), sa.ledger.scope
        PPK = self.ledger.learn(Term("PPK", config.ppk.secret, origin, scope=scope, nature=Nature.SECRET))
        sa.secure(sa.suite, mix_ppk(sa.suite.prf, PPK, sa.keys))
        sa.ledger.learn(*sa.keys.made)

    def find_ppk(self) -> None:
        """The responder: the peer must name the one that this side has, if it has one.

        Raises:
            Refusal: it names another, or none.
        """
        ppk = self.party.config.ppk
        if ppk is None or self.sa.resumed is not None:
            return
        named = [
            payload.data for payload in self.message.payloads
            if isinstance(payload, V2Notify) and payload.notify_type == _N.PPK_IDENTITY
        ]
        if not self.sa.mixes_ppk or named != [bytes((_FIXED_PPK,)) + ppk.name]:
            told = "another PPK" if named else "no PPK"
            raise Refusal(f"The peer names {told}", "RFC 8784 §3", _N.AUTHENTICATION_FAILED)
        self._mix_ppk()

    def answer(self) -> list[Part]:
        """IDr, CERT, AUTH, and the Child SA, or why there is none."""
        parts = [
            self._identity("IDr", V2PayloadType.IDR, self.party.config.identity.body),
            *self._certificates(),
            *self._proof(),
        ]
        return [*parts, *self.child_answer(), *self.confirm_ppk()]

    def child_answer(self) -> list[Part]:
        """The Child SA's half of the answer, if one was asked for, and what goes beside it."""
        beside = self._beside()
        if not self.makes_child:
            return beside
        if self.child_failure:
            return [notify(self._child_notify), *beside]
        return [*self._granted, *self.maker.answer_parts("SAr2"), *beside]

    def _beside(self) -> list[Part]:
        """That addresses may change, and at which others this side can be reached (RFC 4555 §3.2, §3.4); a ticket."""
        config, asks = self.party.config, self.role is Role.INITIATOR
        parts: list[Part] = []
        if config.mobike and (asks or self.sa.mobile):
            others = [notify(_N.ADDITIONAL_IP4_ADDRESS, address) for address in config.other_addresses]
            parts += [notify(_N.MOBIKE_SUPPORTED), *others]
            parts += no_nats_parts(self) if asks and not config.nat_traversal else []
        if config.resumption and asks:
            parts.append(notify(_N.TICKET_REQUEST))
        elif config.resumption and self.proven and _N.TICKET_REQUEST in self.sa.peer_supports:
            parts += self._ticket()
        return parts

    def _ticket(self) -> list[Part]:
        """For the peer to come back with, and how long it is good; none is sent where none can be made."""
        TICKET = self.party.tickets.issue(self.sa, self.ledger, self.proven)
        if TICKET is None:
            return [notify(_N.TICKET_NACK)]
        data = LIFETIME.to_bytes(_LIFETIME_SIZE, "big") + TICKET.octets
        return [notify(_N.TICKET_LT_OPAQUE, data, [(TICKET, 4 + _LIFETIME_SIZE)])]

    def _keep_ticket(self) -> None:
        """The newest takes the place of any other of this peer (RFC 5723 §4.2)."""
        sa, ledger, kind = self.sa, self.ledger, _N.TICKET_LT_OPAQUE
        told = next((p.data for p in self.message.payloads if isinstance(p, V2Notify) and p.notify_type == kind), b"")
        if self.role is Role.RESPONDER or not self.party.config.resumption or len(told) <= _LIFETIME_SIZE:
            return
        resumed = Resumed(sa.spis, ledger["IDi_b"].octets, ledger["IDr_b"].octets, self.proven)
        ends = self.party.link.now + int.from_bytes(told[:_LIFETIME_SIZE], "big")
        ticket = Ticket(ledger["TICKET"], sa.keys.SK_d, sa.suite.without_key_exchange(), resumed, ends)
        self.party.tickets.held[self.party.link.remote.address] = ticket

    def _identity(self, word: str, kind: int, body: bytes, symbol: str = "") -> Part:
        owner, origin = str(self.party.role), Configured("RFC 7296 §3.5")
        term = self.ledger.learn(
            Term(symbol or f"{word}_b", body, origin, scope=self.ledger.scope, owner=owner)
        )
        return of_term(word, kind, term)

    def _certificates(self) -> list[Part]:
        config, side = self.party.config, self.letter(self.role)
        parts = []
        if self.sa.resumed is not None:
            # Who somebody is has been shown already, and cannot change (RFC 5723 §4.3.3).
            return []
        if config.method not in ("psk", "null") and config.credential is not None:
            der = config.credential.certificate.der
            body = bytes((CertificateEncoding.X509_SIGNATURE,)) + der
            origin, owner = Configured("RFC 7296 §3.6"), str(self.party.role)
            term = self.ledger.learn(Term(f"CERT{side}", body, origin, scope=self.ledger.scope, owner=owner))
            payload = V2Certificate(encoding=int(CertificateEncoding.X509_SIGNATURE), data=der)
            parts.append(Part("CERT", V2PayloadType.CERT, payload, ((term, 0),)))
        return parts + (request_certificate(config.authorities) if self.role is Role.INITIATOR else [])

    def _proof(self) -> list[Part]:
        return [auth_part(self.ledger.learn(made), method) for method, made in [proof.make(self)]]

    def symbol_of(self, payload: V2Payload, kind: int, sender: Role) -> tuple[str, int] | None:
        """IDr in the request is only a wish; the SA is the Child's."""
        if kind == V2PayloadType.IDR and sender is Role.INITIATOR:
            return "IDr_b wanted", 0
        if kind == V2PayloadType.SA:
            return f"SA{self.letter(sender)}_child", 0
        is_ticket = isinstance(payload, V2Notify) and payload.notify_type == _N.TICKET_LT_OPAQUE
        if is_ticket and isinstance(payload, V2Notify) and len(payload.data) > _LIFETIME_SIZE:
            return "TICKET", 4 + _LIFETIME_SIZE
        return super().symbol_of(payload, kind, sender)

    # ---------------------------------------------------------------- checks

    def consider(self) -> None:
        """The initiator's proof; then, apart from it, whether the Child SA can be made."""
        self.find_ppk()
        proof.check(self)
        self.check_nats()
        self.consider_child()

    def check_nats(self) -> None:
        """The first request of IKE_AUTH may forbid NATs, with AUTHi or without it.

        Raises:
            Refusal: there is one.
        """
        if self.sa.mobile and forbidden_nat(self):
            raise Refusal("A NAT, and the peer allows none", "RFC 4555 §3.9", _N.UNEXPECTED_NAT_DETECTED)

    def consider_child(self) -> None:
        """Whether the Child SA can be made; if not, that is told with the proof."""
        self.makes_child = self.message.find(V2SecurityAssociation) is not None
        if not self.makes_child:
            return
        try:
            self._granted = configuration.grant(self)
            self.maker.consider(self.message)
        except Refusal as refusal:
            if not isinstance(refusal.notify, V2NotifyType):
                raise
            self.party.emit(refusal.event())
            self.child_failure, self._child_notify = refusal.reason, refusal.notify

    def take_child_of(self, other: IkeAuth) -> None:
        """What another pair of the same IKE_AUTH has found out about the Child SA."""
        self.makes_child, self._granted = other.makes_child, other._granted
        self.child_failure, self._child_notify = other.child_failure, other._child_notify

    def conclude(self) -> None:
        """The responder's proof, and its choice."""
        proof.check(self)
        self.conclude_child()

    def conclude_child(self) -> None:
        """The responder's choice."""
        if not self.makes_child or self.child_failure:
            return
        if self.message.find(V2SecurityAssociation) is None:
            raise Refusal("The answer makes no Child SA, and does not say why", "RFC 7296 §1.2")
        if self.party.config.asks_address:
            configuration.take(self)
        self.maker.conclude(self.message)

    def is_fatal(self, notify_type: int) -> bool:
        """An error of the Child SA leaves the IKE SA as it is."""
        if notify_type in _CHILD_ERRORS:
            self.child_failure = V2NotifyType.name_of(notify_type)
            return False
        return True

    def succeeded(self) -> None:
        """The IKE SA stands; and the Child SA, if it could be made."""
        sa, now = self.sa, self.party.link.now
        sa.up = True
        sa.peer_identity = self.proven
        sa.expires = now + self.party.config.lifetime
        self._keep_ticket()
        self.party.emit(SaInstalled(sa.snapshot()))
        if self.makes_child and not self.child_failure:
            self.maker.install((), self.ledger["Ni"], self.ledger["Nr"], now + self.party.config.child_lifetime)

    def variant_of(self, message: V2Message) -> str:
        """By what is new in it, how its sender proves itself, or what went wrong."""
        return auth_variant(self, message)

    def bind_more(self, message: V2Message) -> list[Binding]:
        """The SPI of the Child SA stands inside its offers."""
        return spi_bindings(self.ledger, message, self.party.role)


def auth_part(made: Term, method: int) -> Part:
    """The AUTH payload with a proof in it."""
    return Part("AUTH", V2PayloadType.AUTH, V2Auth(method=method, data=made.octets), ((made, 4),))


_I, _R = Role.INITIATOR, Role.RESPONDER
_FIRST = "HDR, SK {IDi [, CERT] [, CERTREQ] [, IDr], AUTH [, CP] [, SAi2, TSi, TSr]}"
_SECOND = "HDR, SK {IDr [, CERT], AUTH [, CP] [, SAr2, TSi, TSr]}"
IkeAuth.rows = (
    Row(_I, "idle", "", None, None, _FIRST, WAITS),
    Row(_R, "idle", _FIRST, None, None, _SECOND, UP),
    Row(_I, WAITS, _SECOND, None, None, "", UP),
)
