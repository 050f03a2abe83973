"""EAP inside IKE_AUTH (RFC 3748, RFC 7296 §2.16): the user's side and the server's, one packet in, one packet out.

Neither side knows of messages: an exchange hands over the packet that came and asks for the next.  What a method
computes is learned in the ledger of the exchange in which the packet stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from explorer.crypto.mschapv2 import (
    CHALLENGE_SIZE,
    authenticator_response,
    challenge_hash,
    md5_response,
    msk,
    nt_response,
    password_hashes,
    without_domain,
)
from explorer.crypto.term import Configured, Nature, Term
from explorer.engine.refusal import Refusal
from explorer.protocols.ikev2.config import V2Gateway, V2Login
from explorer.protocols.ikev2.parts import Part
from explorer.registry.ikev2 import EapCode, EapType, MschapOpcode, V2PayloadType
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.wire import say
from explorer.wire.ikev2 import V2Eap
from explorer.wire.ikev2_eap import (
    V2EapIdentity,
    V2EapMd5,
    V2EapMschap,
    V2EapMschapChallenge,
    V2EapMschapResponse,
    V2EapMschapWords,
    V2EapNak,
    V2EapOther,
    V2EapOutcome,
    V2EapTyped,
    measured,
)
from explorer.wire.structure import build, read

if TYPE_CHECKING:
    from explorer.protocols.ikev2.eap_auth import EapStep

TYPES = {"eap-mschapv2": EapType.MSCHAPV2, "eap-md5": EapType.MD5_CHALLENGE}
"""The type of each method, by its name in a configuration."""

MOST_REQUESTS = 16
"""Requests that the user's side answers in one login; a server could go on for ever."""

_FAILED = V2NotifyType.AUTHENTICATION_FAILED
_REQUEST, _RESPONSE = int(EapCode.REQUEST), int(EapCode.RESPONSE)
PROOF_SIZE = 42
"""Characters of ``S=`` and the 40 digits behind it (RFC 2759 §5)."""


def eap_part(packet: V2Eap, terms: Mapping[str, Term] | None = None) -> Part:
    """A packet as a payload; ``terms`` says by the name of a field which term stands there."""
    whole = measured(packet)
    octets = build(whole)
    _, field = read(V2Eap, octets, 0, len(octets))
    named = terms or {}
    held = tuple((named[leaf.spec.name], leaf.start - 4) for leaf in field.leaves() if leaf.spec.name in named)
    return Part("EAP", int(V2PayloadType.EAP), whole, held)


def term_in(packet: object, field: str) -> tuple[str, int | None] | None:
    """Which term a field of a packet is, and how many of its octets; ``None`` stands for all."""
    if isinstance(packet, V2EapMd5) and field == "value":
        return ("MD5-Challenge" if packet.code == _REQUEST else "MD5-Response"), None
    if isinstance(packet, V2EapMschapWords) and field == "words":
        good = packet.opcode == MschapOpcode.SUCCESS and len(packet.words) >= PROOF_SIZE
        return ("AuthenticatorResponse", PROOF_SIZE) if good else None
    if isinstance(packet, V2EapTyped) and packet.code == _RESPONSE and field in ("name", "identity"):
        return "user", None
    known = {
        "challenge": "AuthenticatorChallenge", "peer_challenge": "PeerChallenge", "nt_response": "NT-Response"}
    return (known[field], None) if field in known else None


class EapSide:
    """What both sides have.

    Attributes:
        over: whether the login has succeeded.
        lost: why it has failed, or ``""``.
        MSK: the key that came of it; methods without a key leave it at ``None``.
    """

    def __init__(self) -> None:
        self.over = False
        self.lost = ""
        self.MSK: Term | None = None


def _password(x: EapStep, octets: bytes) -> Term:
    origin = Configured("RFC 7296 §2.16")
    return x.ledger.learn(Term("password", octets, origin, scope=x.ledger.scope, nature=Nature.SECRET))


class EapUser(EapSide):
    """The user's side: it answers requests, and believes in success only after the method has run its course."""

    def __init__(self, login: V2Login, method: str) -> None:
        super().__init__()
        self._login = login
        self._type = TYPES[method]
        self._asked: V2Eap | None = None
        self._requests = 0
        self._through = False
        self._response: tuple[Term, Term, Term] | None = None

    # ---------------------------------------------------------------- the server's packet

    def hear(self, x: EapStep, packet: V2Eap) -> None:
        """Take a request, success or failure.

        Raises:
            Refusal: success that nothing has earned, a server that does not know the password, or no end of requests.
        """
        if packet.code == EapCode.SUCCESS:
            if not self._through:
                raise Refusal("EAP Success has come before its method was through", "RFC 3748 §4.2", _FAILED)
            self.over = True
            return
        if packet.code == EapCode.FAILURE:
            self.lost = "the login has failed"
            return
        self._requests += 1
        if packet.code != _REQUEST or self._requests > MOST_REQUESTS:
            raise Refusal("A request is expected, and not without end", "RFC 3748 §4.1", _FAILED)
        if isinstance(packet, V2EapMd5) and not packet.value:
            raise Refusal("A challenge has at least one octet", "RFC 3748 §5.4", _FAILED)
        if isinstance(packet, V2EapMschapChallenge) and len(packet.challenge) != CHALLENGE_SIZE:
            raise Refusal(f"A challenge of MSCHAPv2 has {CHALLENGE_SIZE} octets", "RFC 2759 §4", _FAILED)
        self._asked = packet
        if isinstance(packet, V2EapMschapWords) and self._type is EapType.MSCHAPV2:
            self._judge(x, packet)

    def _judge(self, x: EapStep, packet: V2EapMschapWords) -> None:
        """The server must show that it knows the password as well (RFC 2759 §8.8)."""
        self._through = False
        if packet.opcode != MschapOpcode.SUCCESS:
            return
        received = x.ledger.find("AuthenticatorResponse")
        if self._response is None or received is None or not x.ledger.own("AuthenticatorResponse"):
            raise Refusal("Success of MSCHAPv2 without a proof", "RFC 2759 §5", _FAILED)
        hash_hash, response, challenge = self._response
        made = authenticator_response(hash_hash, response, challenge, x.ledger.scope)
        received = x.ledger["AuthenticatorResponse"]
        x.ledger.learn(*made)
        x.ledger.verify(made[-1], received, None, "RFC 2759 §8.8", _FAILED)
        self.MSK = x.ledger.learn(*msk(hash_hash, response, x.ledger.scope))
        self._through = True

    # ---------------------------------------------------------------- the user's packet

    def packet(self, x: EapStep) -> list[Part]:
        """The response to what was asked last."""
        asked = self._asked
        assert asked is not None
        number = asked.identifier
        if isinstance(asked, V2EapIdentity):
            user = self._user(x)
            packet = V2EapIdentity(code=_RESPONSE, identifier=number, identity=user.octets)
            return [eap_part(packet, {"identity": user})]
        if isinstance(asked, V2EapOther) and asked.eap_type == EapType.NOTIFICATION:
            return [eap_part(V2EapOther(code=_RESPONSE, identifier=number, eap_type=int(EapType.NOTIFICATION)))]
        if isinstance(asked, V2EapMd5) and self._type is EapType.MD5_CHALLENGE:
            return [self._md5(x, number)]
        if isinstance(asked, V2EapMschapChallenge) and self._type is EapType.MSCHAPV2:
            return [self._mschap(x, asked)]
        if isinstance(asked, V2EapMschapWords) and self._type is EapType.MSCHAPV2:
            return [eap_part(V2EapMschap(code=_RESPONSE, identifier=number, opcode=asked.opcode))]
        return [eap_part(V2EapNak(code=_RESPONSE, identifier=number, wanted=bytes((self._type,))))]

    def _user(self, x: EapStep) -> Term:
        origin, owner = Configured("RFC 3748 §5.1"), str(x.party.role)
        return x.ledger.learn(Term("user", self._login.user, origin, scope=x.ledger.scope, owner=owner))

    def _md5(self, x: EapStep, number: int) -> Part:
        challenge, user = x.ledger["MD5-Challenge"], self._user(x)
        made = x.ledger.learn(
            md5_response(number, _password(x, self._login.password), challenge, x.ledger.scope))
        self._through = True
        packet = V2EapMd5(code=_RESPONSE, identifier=number, value=made.octets, name=user.octets)
        return eap_part(packet, {"value": made, "name": user})

    def _mschap(self, x: EapStep, asked: V2EapMschapChallenge) -> Part:
        scope = x.ledger.scope
        user, password = self._user(x), _password(x, self._login.password)
        own = x.ledger.draw("PeerChallenge", CHALLENGE_SIZE, "RFC 2759 §8.1", Nature.PUBLIC)
        hashes = password_hashes(password, scope)
        challenge = challenge_hash(own, x.ledger["AuthenticatorChallenge"], user, scope)
        response = nt_response(challenge, hashes[0], scope)
        x.ledger.learn(*hashes, challenge, response)
        self._response = hashes[1], response, challenge
        packet = V2EapMschapResponse(
            code=_RESPONSE, identifier=asked.identifier, opcode=int(MschapOpcode.RESPONSE), ms_id=asked.ms_id,
            peer_challenge=own.octets, nt_response=response.octets, name=user.octets)
        return eap_part(packet, {"peer_challenge": own, "nt_response": response, "name": user})


class EapServer(EapSide):
    """The server's side: it asks, and knows the users' passwords.

    Args:
        name: how the initiator has called itself; the user's name, unless the login says another.
    """

    def __init__(self, gateway: V2Gateway, name: bytes) -> None:
        super().__init__()
        self._gateway = gateway
        self.user = name
        self._type = TYPES[gateway.method]
        self._number = 0
        self._asks = "identity" if gateway.asks_identity else "challenge"
        self._proof: Term | None = None

    # ---------------------------------------------------------------- the user's packet

    def hear(self, x: EapStep, packet: V2Eap) -> None:
        """Take a response.  Whatever is wrong with it ends the login; the next packet says so."""
        try:
            self._take(x, packet)
        except Refusal as refusal:
            x.party.emit(refusal.event())
            if self._asks == "challenge" and self._type is EapType.MSCHAPV2 and isinstance(packet, V2EapMschapResponse):
                # A wrong password is told in MSCHAPv2's own words first (RFC 2759 §6).
                self._asks = "sorry"
            else:
                self.lost = refusal.reason

    def _take(self, x: EapStep, packet: V2Eap) -> None:
        if packet.code != _RESPONSE or packet.identifier != self._number:
            raise Refusal(f"A response to request {self._number} is expected", "RFC 3748 §4.1", _FAILED)
        if self._asks == "identity" and isinstance(packet, V2EapIdentity):
            self.user, self._asks = packet.identity, "challenge"
        elif self._asks == "challenge" and isinstance(packet, V2EapMd5) and self._type is EapType.MD5_CHALLENGE:
            self._check_md5(x, packet)
        elif self._asks == "challenge" and isinstance(packet, V2EapMschapResponse) and self._type is EapType.MSCHAPV2:
            self._check_mschap(x, packet)
        elif self._asks == "proof" and type(packet) is V2EapMschap and packet.opcode == MschapOpcode.SUCCESS:
            self.over = True
        elif self._asks == "sorry":
            self.lost = "the login has failed"
        elif isinstance(packet, V2EapNak):
            wanted = ", ".join(EapType.name_of(kind) for kind in packet.wanted)
            raise Refusal(f"The user's side wants {wanted or 'nothing'}", "RFC 3748 §5.3.1", _FAILED)
        else:
            raise Refusal("This is no response to what was asked", "RFC 3748 §4.1", _FAILED)

    def _password_of(self, x: EapStep, name: bytes) -> Term:
        """Of the user that the packet names; if it names none, of the one that was named before."""
        self.user = name or self.user
        users = self._gateway.users
        found = users.get(self.user, users.get(without_domain(self.user)))
        if found is None:
            raise Refusal(f"No user is called {say.text(self.user)}", "RFC 3748 §5.1", _FAILED)
        return _password(x, found)

    def _check_md5(self, x: EapStep, packet: V2EapMd5) -> None:
        if not packet.value:
            raise Refusal("The response is empty", "RFC 3748 §5.4", _FAILED)
        received = x.ledger["MD5-Response"]
        password, challenge = self._password_of(x, packet.name), x.ledger["MD5-Challenge"]
        made = x.ledger.learn(md5_response(packet.identifier, password, challenge, x.ledger.scope))
        x.ledger.verify(made, received, None, "RFC 3748 §5.4", _FAILED)
        self.over = True

    def _check_mschap(self, x: EapStep, packet: V2EapMschapResponse) -> None:
        scope, received, own = x.ledger.scope, x.ledger["NT-Response"], x.ledger["AuthenticatorChallenge"]
        password = self._password_of(x, packet.name)
        user = x.ledger["user"] if packet.name else x.ledger.learn(
            Term("user", b"", Configured("RFC 2759 §4"), scope=scope))
        hashes = password_hashes(password, scope)
        challenge = challenge_hash(x.ledger["PeerChallenge"], own, user, scope)
        made = nt_response(challenge, hashes[0], scope)
        x.ledger.learn(*hashes, challenge, made)
        x.ledger.verify(made, received, None, "RFC 2759 §8.5", _FAILED)
        proof = authenticator_response(hashes[1], made, challenge, scope)
        self._proof = x.ledger.learn(*proof)
        self.MSK = x.ledger.learn(*msk(hashes[1], made, scope))
        self._asks = "proof"

    # ---------------------------------------------------------------- the server's packet

    def packet(self, x: EapStep) -> list[Part]:
        """The next request, or what has come of it."""
        if self.lost or self.over:
            code = EapCode.FAILURE if self.lost else EapCode.SUCCESS
            return [eap_part(V2EapOutcome(code=int(code), identifier=self._number))]
        self._number += 1
        if self._asks == "identity":
            return [eap_part(V2EapIdentity(code=_REQUEST, identifier=self._number))]
        if self._asks == "challenge":
            return [self._challenge(x)]
        return [self._words(x)]

    def _challenge(self, x: EapStep) -> Part:
        if self._type is EapType.MD5_CHALLENGE:
            challenge = x.ledger.draw("MD5-Challenge", CHALLENGE_SIZE, "RFC 3748 §5.4", Nature.PUBLIC)
            packet = V2EapMd5(code=_REQUEST, identifier=self._number, value=challenge.octets)
            return eap_part(packet, {"value": challenge})
        challenge = x.ledger.draw("AuthenticatorChallenge", CHALLENGE_SIZE, "RFC 2759 §8.1", Nature.PUBLIC)
        request = V2EapMschapChallenge(
            code=_REQUEST, identifier=self._number, opcode=int(MschapOpcode.CHALLENGE), ms_id=self._number,
            challenge=challenge.octets, name=b"gateway")
        return eap_part(request, {"challenge": challenge})

    def _words(self, x: EapStep) -> Part:
        """``S=`` and the proof; or ``E=691``, no retry, and a challenge that nobody needs (RFC 2759 §5, §6)."""
        common = {"code": _REQUEST, "identifier": self._number, "ms_id": self._number - 1}
        if self._asks == "proof" and self._proof is not None:
            words = self._proof.octets + b" M=Welcome"
            packet = V2EapMschapWords(**common, opcode=int(MschapOpcode.SUCCESS), words=words)
            return eap_part(packet, {"words": self._proof})
        words = b"E=691 R=0 C=" + bytes(CHALLENGE_SIZE).hex().encode("ascii") + b" V=3 M=Authentication failed"
        return eap_part(V2EapMschapWords(**common, opcode=int(MschapOpcode.FAILURE), words=words))
