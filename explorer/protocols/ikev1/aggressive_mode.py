"""Aggressive Mode (RFC 2409 §5): three messages that make an ISAKMP SA, at the price of what they give away.

The group cannot be negotiated, as the first message holds a public value already; and unless public keys are used
for encryption, identities travel in the clear, with a hash that lets everybody guess at a weak pre-shared key.
"""

from __future__ import annotations

from explorer.engine.refusal import Refusal
from explorer.engine.rows import Row
from explorer.events import Role
from explorer.protocols.ikev1.authentication import Authentication, authentication_of, is_spoken
from explorer.protocols.ikev1.encryption import PublicKeyEncryption
from explorer.protocols.ikev1.exchange import Extra
from explorer.protocols.ikev1.phase1 import UP, Phase1
from explorer.protocols.ikev1.policies import Phase1Policy, policy_of
from explorer.registry.isakmp import ExchangeType, NotifyType
from explorer.registry.phase1 import Phase1Attribute
from explorer.wire.message import Message, read_message
from explorer.wire.payloads import SecurityAssociation

_CITE = "RFC 2409 §5"


class AggressiveMode(Phase1):
    """Offers and Diffie-Hellman at once, then proof."""

    name = "Aggressive Mode"
    exchange_type = ExchangeType.AGGRESSIVE
    mode = "aggressive"
    first_encrypted = 3

    def by(self, method: Authentication) -> tuple[Row, ...]:
        """The figure for this way of authentication."""
        return AGGRESSIVE_MODE[method.family]

    def _offered_policies(self) -> tuple[Phase1Policy, ...]:
        """Only what fits the one public value, and the one way of authentication, of message 1."""
        spoken = super()._offered_policies()
        first = spoken[0]
        fixed = [(p.group, p.authentication) for p in spoken]
        chosen = tuple(p for p, key in zip(spoken, fixed, strict=True) if key == (first.group, first.authentication))
        if authentication_of(first.authentication).family in ("encryption", "revised"):
            # Bodies of message 1 are encrypted with the cipher and hash that are still to be agreed on.
            kept = (first.encryption, first.key_length, first.hash)
            chosen = tuple(p for p in chosen if (p.encryption, p.key_length, p.hash) == kept)
        return chosen

    def begin(self) -> None:
        """The method decides what the very first message looks like."""
        self.policy = self._offered_policies()[0]
        self.use(authentication_of(self.policy.authentication))
        super().begin()

    # ---------------------------------------------------------------- message 1

    def open_up(self) -> None:
        """Everything at once: offers, Diffie-Hellman, nonce and identity."""
        self.offer()
        self.share()
        self.identify()
        if isinstance(self.method, PublicKeyEncryption):
            self.method.conceal(self)

    def prepare(self, message: Message) -> None:
        """The responder must know the way of authentication before it can read the message that offers it."""
        super().prepare(message)
        if self.role is Role.INITIATOR or self.method is not None:
            return
        policy = first_offer(message)
        if policy is None or not is_spoken(policy.authentication):
            reason = "The first offer names algorithms that are not known here"
            raise Refusal(reason, _CITE, NotifyType.NO_PROPOSAL_CHOSEN)
        self.policy = policy
        self.use(authentication_of(policy.authentication))

    # ---------------------------------------------------------------- message 2

    def take_all(self) -> None:
        """Choose, then make everything that the answer needs, and the keys."""
        self.choose()
        self.check_share()
        self._method.configure(self)
        self.share()
        self.derive_keys()

    def answer_all(self) -> None:
        """The proof goes with the answer: the responder proves itself first."""
        self.identify()
        self.send_nat_hashes()
        if isinstance(self.method, PublicKeyEncryption):
            self.method.conceal(self)
        self.prove()

    # ---------------------------------------------------------------- message 3

    def check_all(self) -> None:
        """The choice, the keys, and the responder's proof."""
        self.check_choice()
        self.check_share()
        self.read_nat_hashes()
        self.derive_keys()
        self.verify()

    def prove_last(self) -> None:
        """The initiator's proof; from the other port, if a NAT was found."""
        self.move_ports()
        self.send_nat_hashes()
        self.prove()

    def check_last(self) -> None:
        """The initiator's proof, and what it sees of addresses."""
        self.read_nat_hashes()
        self.verify()

    def extras(self, row: Row) -> list[Extra]:
        """Vendor IDs go with each side's first message."""
        return self.vendor_ids() if "SA" in row.outgoing.required else []


def first_offer(message: Message) -> Phase1Policy | None:
    """What the first transform of a first message says, or ``None``."""
    sa = message.find(SecurityAssociation)
    transforms = [t for proposal in sa.proposals for t in proposal.transforms] if sa is not None else []
    return policy_of(transforms[0]) if transforms else None


def reread(message: Message) -> Message:
    """A first message as its way of authentication wants it read.

    Raises:
        WireError: it cannot be read that way.
    """
    sa = message.find(SecurityAssociation)
    numbers = [
        transform.value_of(Phase1Attribute.AUTHENTICATION)
        for proposal in (sa.proposals if sa is not None else ())
        for transform in proposal.transforms
    ]
    if not numbers or numbers[0] is None or not is_spoken(numbers[0]):
        return message
    dialect = authentication_of(numbers[0]).dialect
    return read_message(message.datagram, dialect, message.start)


_I, _R = Role.INITIATOR, Role.RESPONDER
_A = AggressiveMode


def _figure(first: str, second: str, third: str) -> tuple[Row, ...]:
    """The rows of both sides.  The third message may be encrypted or not (RFC 2409 §5); ours is, as on most gear."""
    return (
        Row(_I, "idle", "", None, _A.open_up, first, "waits for 2"),
        Row(_R, "idle", first, _A.take_all, _A.answer_all, second, "waits for 3"),
        Row(_I, "waits for 2", second, _A.check_all, _A.prove_last, third, UP),
        Row(_R, "waits for 3", third, _A.check_last, None, "", UP),
    )


_NAT = "[, NAT-D(1), NAT-D(2)]"
AGGRESSIVE_MODE = {
    "psk": _figure(
        "HDR, SA, KE, Ni, IDii",
        f"HDR, SA, KE, Nr, IDir {_NAT}, HASH_R",
        f"HDR(*), HASH_I {_NAT}",
    ),
    "signature": _figure(
        "HDR, SA, KE, Ni, IDii [, CERTREQ]",
        f"HDR, SA, KE, Nr, IDir [, CERTREQ] {_NAT} [, CERT], SIG_R",
        f"HDR(*) [, CERT], SIG_I {_NAT}",
    ),
    "hybrid": _figure(
        "HDR, SA, KE, Ni, IDii [, CERTREQ]",
        f"HDR, SA, KE, Nr, IDir [, CERTREQ] {_NAT} [, CERT], SIG_R",
        f"HDR(*), HASH_I {_NAT}",
    ),
    "encryption": _figure(
        "HDR, SA [, HASH(1)], KE, <IDii_b>PubKey_r, <Ni_b>PubKey_r",
        f"HDR, SA, KE, <IDir_b>PubKey_i, <Nr_b>PubKey_i {_NAT}, HASH_R",
        f"HDR(*), HASH_I {_NAT}",
    ),
    "revised": _figure(
        "HDR, SA [, HASH(1)], <Ni_b>PubKey_r, <KE_b>Ke_i, <IDii_b>Ke_i",
        f"HDR, SA, <Nr_b>PubKey_i, <KE_b>Ke_r, <IDir_b>Ke_r {_NAT}, HASH_R",
        f"HDR(*), HASH_I {_NAT}",
    ),
}
"""The figures of RFC 2409 §5.1 to §5.4, with the payloads of RFC 3947 §3.2, by way of authentication."""

AggressiveMode.rows = AGGRESSIVE_MODE["psk"]
__all__ = ["AGGRESSIVE_MODE", "AggressiveMode", "first_offer", "reread"]
