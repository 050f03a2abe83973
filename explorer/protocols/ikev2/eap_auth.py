"""IKE_AUTH with EAP (RFC 7296 §2.16): a first pair without AUTHi, pairs that log in, a last pair of AUTH."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.crypto.term import Nature, Term
from explorer.engine.ledger import Ledger
from explorer.engine.refusal import Refusal
from explorer.engine.rows import Row
from explorer.events import Binding, Role
from explorer.octets import Span
from explorer.protocols.ikev2 import proof
from explorer.protocols.ikev2.config import identity_text
from explorer.protocols.ikev2.eap import EapServer, EapUser, term_in
from explorer.protocols.ikev2.exchange import LOGIN, UP, WAITS
from explorer.protocols.ikev2.ike_auth import IkeAuth, auth_part
from explorer.protocols.ikev2.ike_sa import IkeSa
from explorer.protocols.ikev2.keys import shared_key_auth
from explorer.protocols.ikev2.parts import Part, errors_in, notify
from explorer.protocols.ikev2.protection import Unsealed
from explorer.protocols.ikev2.variants import error_variant
from explorer.registry.ikev2 import AuthMethod, EapCode, EapType, MschapOpcode, V2IdType, V2PayloadType
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.wire.ikev2 import V2Auth, V2Eap, V2Payload
from explorer.wire.ikev2_eap import V2EapMschap, V2EapTyped
from explorer.wire.ikev2_message import V2Message

_CITE = "RFC 7296 §2.16"
_FAILED = V2NotifyType.AUTHENTICATION_FAILED


@dataclass
class EapRun:
    """One login.

    Attributes:
        first: the pair with identities and offers.
        last: the pair before this one; its ledger is what the next falls back on.
    """

    side: EapUser | EapServer
    first: IkeAuth
    last: IkeAuth


def asking_auth(sa: IkeSa, message_id: int) -> IkeAuth:
    """The first pair, as the initiator is configured."""
    kind = EapBegin if sa.party.config.login is not None and sa.resumed is None else IkeAuth
    return kind(sa, Role.INITIATOR, message_id)


def answering_auth(sa: IkeSa, message_id: int) -> IkeAuth:
    """Which pair it is the turn of.

    Raises:
        Refusal: the login has failed before.
    """
    if sa.ended:
        raise Refusal("This IKE SA has come to nothing", "RFC 7296 §2.21.2")
    if sa.login is not None:
        return _following(sa.login, Role.RESPONDER, message_id)
    kind = EapBegin if sa.party.config.gateway is not None and sa.resumed is None else IkeAuth
    return kind(sa, Role.RESPONDER, message_id)


def _following(run: EapRun, role: Role, message_id: int) -> IkeAuth:
    return (EapProof if run.side.over else EapRound)(run.first.sa, role, message_id)


class EapStep(IkeAuth):
    """A pair that leaves the initiator unproven.

    Attributes:
        lost: why the login has failed, or ``""``.
    """

    lost = ""

    def follow(self, message_id: int) -> IkeAuth:
        """The initiator's next pair."""
        assert self.sa.login is not None
        return _following(self.sa.login, Role.INITIATOR, message_id)

    def _bind_payloads(self, message: V2Message, sender: Role) -> list[Binding]:
        """Also the terms inside the EAP packet: the first, if there are several."""
        found = super()._bind_payloads(message, sender)
        packet = message.find(V2Eap)
        pairs = zip(message.places, message.payloads, strict=True)
        place = next((place for place, payload in pairs if payload is packet), None)
        for leaf in place.leaves() if place is not None else ():
            named = term_in(packet, leaf.spec.name)
            if named is None:
                continue
            symbol, size = named
            span = Span(message.holder, leaf.start, leaf.end if size is None else leaf.start + size)
            derived = symbol in ("MD5-Response", "NT-Response", "AuthenticatorResponse")
            nature, owner = (Nature.DERIVED, "") if derived else (Nature.PUBLIC, self.owner(sender))
            term = Term(symbol, span.octets, span, scope=self.ledger.scope, nature=nature, owner=owner)
            found.append(Binding(term, span))
        return found

    def _packet(self) -> V2Eap:
        packet = self.message.find(V2Eap)
        assert packet is not None
        return packet

    def is_fatal(self, notify_type: int) -> bool:
        """Nothing is said of the Child SA yet."""
        return True

    def _move(self, row: Row) -> None:
        if self.lost:
            self.fail(self.lost)
            return
        super()._move(row)

    def variant_of(self, message: V2Message) -> str:
        """By the packet inside."""
        packet = message.find(V2Eap)
        if packet is None:
            return error_variant(message) if message.header.response else "eap-begin"
        if message.find(V2Auth) is not None:
            return "eap-begin"
        return _variant(packet)


class EapBegin(EapStep):
    """Identities and offers; the responder proves itself, and asks the first question."""

    def _proof(self) -> list[Part]:
        """That AUTH is missing says that the initiator wants EAP."""
        return [] if self.role is Role.INITIATOR else super()._proof()

    def name_ppk(self) -> list[Part]:
        """Not before there is an AUTHi; until then AUTHr is made without a PPK (RFC 8784 §3)."""
        return []

    def confirm_ppk(self) -> list[Part]:
        """Nothing has been named."""
        return []

    def consider(self) -> None:
        """Who logs in does not prove itself here; what it wants of Child SAs is looked at when it has."""
        if self.message.find(V2Auth) is not None:
            raise Refusal("This side lets in only who logs in", _CITE, _FAILED)
        if self.party.config.ppk is not None and not self.sa.mixes_ppk:
            raise Refusal("The peer does not mix in a PPK, and this side wants it", "RFC 8784 §3", _FAILED)
        proof.check_identity(self, self.role.other)
        self.check_nats()

    def child_answer(self) -> list[Part]:
        """In place of the Child SA's half: the first request of EAP."""
        gateway = self.party.config.gateway
        assert gateway is not None
        name = identity_text(self.ledger["IDi_b"].octets).encode("utf-8")
        server = EapServer(gateway, name)
        self.sa.login = EapRun(server, self, self)
        return server.packet(self)

    def conclude(self) -> None:
        """The responder must be proven with a signature before anything is said to it (RFC 7296 §2.16)."""
        auth = self.message.find(V2Auth)
        if auth is not None and auth.method == AuthMethod.SHARED_KEY:
            raise Refusal("The responder must prove itself with a signature", _CITE, _FAILED)
        proof.check(self)
        config = self.party.config
        assert config.login is not None
        user = EapUser(config.login, config.method)
        user.hear(self, self._packet())
        self.lost = user.lost
        self.sa.login = EapRun(user, self, self)

    def succeeded(self) -> None:
        """Nothing stands yet."""


class _Later(IkeAuth):
    """A pair behind the first: it falls back on what those before it know."""

    def __init__(self, sa: IkeSa, role: Role, message_id: int) -> None:
        super().__init__(sa, role, message_id)
        assert sa.login is not None
        self.run = sa.login
        before = self.run.last.ledger
        self.ledger = Ledger(self.party.emit, self.party.entropy, self.party.role, self.scope, before)
        self.maker = self.run.first.maker
        self.makes_child = self.run.first.makes_child

    def begin(self) -> None:
        """The next pair of the login."""
        self._take_its_turn()
        super().begin()

    def _read(self, row: Row, message: V2Message, unsealed: Unsealed | None) -> None:
        if self.role is Role.RESPONDER:
            # Not before: a forged request never comes as far as this.
            self._take_its_turn()
        super()._read(row, message, unsealed)

    def _take_its_turn(self) -> None:
        self.maker.ledger = self.ledger
        self.run.last = self

    def symbol_of(self, payload: V2Payload, kind: int, sender: Role) -> tuple[str, int] | None:
        """Who somebody is, and both nonces, have been said and checked: they cannot be changed on the way."""
        heard = (V2PayloadType.AUTH, V2PayloadType.SA, V2PayloadType.TSI, V2PayloadType.TSR, V2PayloadType.NOTIFY)
        return super().symbol_of(payload, kind, sender) if kind in heard else None


class EapRound(EapStep, _Later):
    """A response of the user, and the next request, or what has come of it."""

    def request(self) -> list[Part]:
        """The user's packet."""
        return self.run.side.packet(self)

    def consider(self) -> None:
        """The server takes it."""
        self.run.side.hear(self, self._packet())

    def answer(self) -> list[Part]:
        """The server's packet; a failure is told to IKE as well (RFC 7296 §2.21.2)."""
        self.lost = self.run.side.lost
        return [*self.run.side.packet(self), *([notify(_FAILED)] if self.lost else [])]

    def conclude(self) -> None:
        """The user takes it."""
        self.run.side.hear(self, self._packet())
        self.lost = self.run.side.lost

    def succeeded(self) -> None:
        """Nothing stands yet."""


class EapProof(_Later):
    """AUTH of both sides, with the key of the login; and the Child SA."""

    def request(self) -> list[Part]:
        """AUTHi, and with which PPK it is made."""
        ppk = self.name_ppk()
        return [*self._proof(), *ppk]

    def answer(self) -> list[Part]:
        """AUTHr, and the Child SA, or why there is none."""
        return [*self._proof(), *self.child_answer(), *self.confirm_ppk()]

    def _made(self, prover: Role) -> Term:
        """With the MSK; without one with SK_pi or SK_pr (RFC 7296 §2.16)."""
        sa = self.sa
        octets = proof.signed_octets(self, prover)
        secret, symbol = self.run.side.MSK or proof.SK_p(self, prover), f"AUTH{self.letter(prover)}"
        return shared_key_auth(symbol, sa.suite.prf, secret, octets, self.ledger.scope)

    def _proof(self) -> list[Part]:
        return [auth_part(self.ledger.learn(self._made(self.role)), int(AuthMethod.SHARED_KEY))]

    def _check(self) -> None:
        prover = self.role.other
        received = self.ledger[f"AUTH{self.letter(prover)}"]
        auth = self.message.find(V2Auth)
        if auth is None or auth.method != AuthMethod.SHARED_KEY:
            raise Refusal("AUTH after a login is made with a shared key", _CITE, _FAILED)
        made = self.ledger.learn(self._made(prover))
        self.ledger.verify(made, received, self.party.role.other, _CITE, _FAILED)

    def consider(self) -> None:
        """The initiator's proof; then what it asked for at first.

        It is known by the name that has logged in: IDi is proven by nothing.
        """
        self.find_ppk()
        self._check()
        assert isinstance(self.run.side, EapServer)
        first = self.run.first
        first.proven = self.proven = bytes((V2IdType.KEY_ID, 0, 0, 0)) + self.run.side.user
        first.consider_child()
        self.take_child_of(first)

    def conclude(self) -> None:
        """The responder's second proof, and its choice."""
        self._check()
        self.proven = self.ledger["IDr_b"].octets
        self.conclude_child()

    def variant_of(self, message: V2Message) -> str:
        """By whether the login has made a key, or what went wrong."""
        if message.find(V2Auth) is None:
            return error_variant(message)
        if message.header.response and errors_in(message):
            return "no-child"
        return "eap-key" if self.run.side.MSK is not None else "eap-no-key"


_VARIANTS = {
    (EapCode.REQUEST, EapType.IDENTITY): "eap-identity",
    (EapCode.RESPONSE, EapType.IDENTITY): "eap-identity",
    (EapCode.RESPONSE, EapType.NAK): "eap-nak",
    (EapCode.REQUEST, EapType.MD5_CHALLENGE): "eap-md5",
    (EapCode.RESPONSE, EapType.MD5_CHALLENGE): "eap-md5",
}
_OPERATIONS = {
    MschapOpcode.CHALLENGE: "eap-challenge",
    MschapOpcode.RESPONSE: "eap-response",
    MschapOpcode.SUCCESS: "eap-proof",
    MschapOpcode.FAILURE: "eap-sorry",
}


def _variant(packet: V2Eap) -> str:
    """The name of a packet among captions."""
    if packet.code in (EapCode.SUCCESS, EapCode.FAILURE):
        return "eap-success" if packet.code == EapCode.SUCCESS else "eap-failure"
    if isinstance(packet, V2EapMschap):
        return next((word for code, word in _OPERATIONS.items() if code == packet.opcode), "eap-other")
    kind = packet.eap_type if isinstance(packet, V2EapTyped) else 0
    return next((word for key, word in _VARIANTS.items() if key == (packet.code, kind)), "eap-other")


_I, _R = Role.INITIATOR, Role.RESPONDER
_FIRST = "HDR, SK {IDi [, CERTREQ] [, IDr] [, SAi2, TSi, TSr]}"
_SECOND = "HDR, SK {IDr [, CERT], AUTH, EAP}"
_EAP = "HDR, SK {EAP}"
_LAST = "HDR, SK {AUTH}"
_END = "HDR, SK {AUTH [, SAr2, TSi, TSr]}"
EapBegin.rows = (
    Row(_I, "idle", "", None, None, _FIRST, WAITS),
    Row(_R, "idle", _FIRST, None, None, _SECOND, LOGIN),
    Row(_I, WAITS, _SECOND, None, None, "", LOGIN),
)
EapRound.rows = (
    Row(_I, "idle", "", None, None, _EAP, WAITS),
    Row(_R, "idle", _EAP, None, None, _EAP, LOGIN),
    Row(_I, WAITS, _EAP, None, None, "", LOGIN),
)
EapProof.rows = (
    Row(_I, "idle", "", None, None, _LAST, WAITS),
    Row(_R, "idle", _LAST, None, None, _END, UP),
    Row(_I, WAITS, _END, None, None, "", UP),
)
