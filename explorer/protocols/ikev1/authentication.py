"""How the peers of phase 1 prove who they are (RFC 2409 §5.1 to §5.4): one class a way, with its formulas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from explorer.crypto.term import Configured, Nature, Term
from explorer.engine.refusal import Refusal
from explorer.events import Binding, Event, Role
from explorer.protocols.ikev1.keys import Prfs, hash_i, hash_r, skeyid_with_psk
from explorer.registry.isakmp import NotifyType
from explorer.registry.phase1 import AuthenticationMethod
from explorer.wire.message import Message
from explorer.wire.payloads import PAYLOADS, Payload

if TYPE_CHECKING:
    from explorer.protocols.ikev1.binding import Named
    from explorer.protocols.ikev1.phase1 import Phase1

_M = AuthenticationMethod
_XAUTH_WITH = {
    _M.XAUTH_INIT_PSK: Role.INITIATOR,
    _M.XAUTH_RESP_PSK: Role.RESPONDER,
    _M.XAUTH_INIT_RSA: Role.INITIATOR,
    _M.XAUTH_RESP_RSA: Role.RESPONDER,
    _M.HYBRID_INIT_RSA: Role.INITIATOR,
}


class Authentication:
    """One way of authentication; the same object serves both sides and keeps nothing.

    Attributes:
        family: which figures of RFC 2409 §5 show its messages.
        cite: the section that describes it.
        dialect: how payloads are read while the public key exchange goes on.
    """

    family: ClassVar[str]
    cite: ClassVar[str]
    dialect: ClassVar[Mapping[int, type[Payload]]] = PAYLOADS

    def __init__(self, number: int) -> None:
        self.number = number

    @property
    def user(self) -> Role | None:
        """The role of phase 1 that has to log in afterwards (XAUTH), or ``None``."""
        return next((role for method, role in _XAUTH_WITH.items() if method == self.number), None)

    def configure(self, x: Phase1) -> None:
        """Called before anything is made, for what comes out of the configuration."""

    def skeyid(self, x: Phase1) -> Term:
        """SKEYID, of which all keys are made; its inputs are in the ledger."""
        raise NotImplementedError

    def prove(self, x: Phase1) -> None:
        """Make this side's proof."""
        x.identify()
        x.ledger.learn(self.expected(x, x.role))

    def verify(self, x: Phase1) -> None:
        """Check the other side's.

        Raises:
            Refusal: it does not prove anything.
        """
        prover = x.role.other
        symbol = "HASH_I" if prover is Role.INITIATOR else "HASH_R"
        received = x.ledger[symbol]
        expected = x.ledger.learn(self.expected(x, prover))
        x.ledger.verify(expected, received, x.party.role.other, "RFC 2409 §5")

    def expected(self, x: Phase1, prover: Role) -> Term:
        """HASH_I or HASH_R."""
        formula, identity = (hash_i, "IDii_b") if prover is Role.INITIATOR else (hash_r, "IDir_b")
        terms = (x.ledger[s] for s in ("SKEYID", "g^xi", "g^xr", "CKY-I", "CKY-R", "SAi_b", identity))
        return formula(self.proof_prf(x), *terms)

    def proof_prf(self, x: Phase1) -> Prfs:
        """The prf that HASH_I and HASH_R are made with."""
        return x.prf

    def open_bodies(
        self, x: Phase1, words: Named, message: Message, bindings: list[Binding]
    ) -> tuple[Message, list[Binding], list[Event]]:
        """Decrypt the bodies of single payloads; only encryption with public keys has any."""
        raise NotImplementedError

    def show_bodies(self, x: Phase1, words: Named, message: Message) -> tuple[Message, list[Binding]]:
        """The same for the sender, who knows what is inside."""
        raise NotImplementedError


class PreSharedKey(Authentication):
    """Both know one secret (RFC 2409 §5.4)."""

    family = "psk"
    cite = "RFC 2409 §5.4"

    def configure(self, x: Phase1) -> None:
        """The key, if it can be told already whose it is: in Main Mode by the peer's address alone."""
        identity = x.ledger[f"IDi{x.other_side}_b"].octets if f"IDi{x.other_side}_b" in x.ledger else None
        psk = x.party.config.key_for(x.party.link.remote.address, identity)
        if psk is None:
            known_as = x.party.link.remote.address
            raise Refusal(f"No pre-shared key for {known_as}", self.cite, NotifyType.AUTHENTICATION_FAILED)
        if "psk" not in x.ledger:
            x.ledger.learn(
                Term("psk", psk, Configured(self.cite), scope=x.ledger.scope, nature=Nature.SECRET, owner="")
            )

    def skeyid(self, x: Phase1) -> Term:
        """prf(psk, Ni_b | Nr_b)."""
        self.configure(x)
        return skeyid_with_psk(x.prf, x.ledger["psk"], x.ledger["Ni_b"], x.ledger["Nr_b"])


def authentication_of(number: int) -> Authentication:
    """The way that an authentication method's number stands for.

    Raises:
        KeyError: none that is spoken here.
    """
    from explorer.protocols.ikev1.encryption import PublicKeyEncryption, RevisedEncryption
    from explorer.protocols.ikev1.signatures import Hybrid, Signatures

    kinds: dict[int, type[Authentication]] = {
        _M.PRE_SHARED_KEY: PreSharedKey,
        _M.XAUTH_INIT_PSK: PreSharedKey,
        _M.XAUTH_RESP_PSK: PreSharedKey,
        _M.RSA_SIGNATURES: Signatures,
        _M.XAUTH_INIT_RSA: Signatures,
        _M.XAUTH_RESP_RSA: Signatures,
        _M.ECDSA_256: Signatures,
        _M.ECDSA_384: Signatures,
        _M.ECDSA_521: Signatures,
        _M.HYBRID_INIT_RSA: Hybrid,
        _M.RSA_ENCRYPTION: PublicKeyEncryption,
        _M.REVISED_RSA_ENCRYPTION: RevisedEncryption,
    }
    return kinds[number](number)


_SPOKEN = frozenset(_M) - {_M.DSS_SIGNATURES, _M.HYBRID_RESP_RSA}


def is_spoken(number: int) -> bool:
    """Whether a method can be used here; a peer may be configured with others, and finds them never to fit."""
    return number in _SPOKEN
