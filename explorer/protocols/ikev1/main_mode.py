"""Main Mode (RFC 2409 §5): six messages that make an ISAKMP SA and hide who makes it.

Read it beside the RFC: the tables at the end are its figures, one for each way of authentication.
"""

from __future__ import annotations

from explorer.engine.rows import Row
from explorer.events import Role
from explorer.protocols.ikev1.authentication import Authentication
from explorer.protocols.ikev1.encryption import PublicKeyEncryption
from explorer.protocols.ikev1.exchange import Extra
from explorer.protocols.ikev1.phase1 import UP, Phase1
from explorer.registry.isakmp import ExchangeType


class MainMode(Phase1):
    """Offers, then Diffie-Hellman, then proof."""

    name = "Main Mode"
    exchange_type = ExchangeType.IDENTITY_PROTECTION

    def by(self, method: Authentication) -> tuple[Row, ...]:
        """The figure for this way of authentication."""
        return MAIN_MODE[method.family]

    # ---------------------------------------------------------------- messages 3 and 4

    def open_up(self) -> None:
        """The initiator's Diffie-Hellman value and nonce."""
        self._method.configure(self)
        self.share()
        self.send_nat_hashes()

    def take_share(self) -> None:
        """The responder now has everything but its own share: make it, and all keys."""
        self.check_share()
        self.read_nat_hashes()
        self._method.configure(self)
        self.share()
        self.derive_keys()

    def answer_share(self) -> None:
        """What else goes with the responder's share."""
        self.send_nat_hashes()

    def finish_share(self) -> None:
        """The initiator's last input has come: all keys."""
        self.check_share()
        self.read_nat_hashes()
        self.derive_keys()

    def prove_elsewhere(self) -> None:
        """The initiator's proof goes to the other port, if a NAT was found."""
        self.move_ports()
        self.prove()

    # ---------------------------------------------------------------- the same with encrypted bodies

    def open_up_concealed(self) -> None:
        """As before, and the identity goes with it: encrypted, so that only the right responder can go on."""
        self.open_up()
        self.identify()
        self._conceal()

    def answer_concealed(self) -> None:
        """The responder's identity and nonce, encrypted for the initiator."""
        self.answer_share()
        self.identify()
        self._conceal()

    def _conceal(self) -> None:
        method = self._method
        assert isinstance(method, PublicKeyEncryption)
        method.conceal(self)

    def extras(self, row: Row) -> list[Extra]:
        """Vendor IDs go with each side's first message, INITIAL-CONTACT with the initiator's last."""
        if row.sends == "HDR, SA":
            return self.vendor_ids()
        return self.initial_contact() if row.outgoing.encrypted and self.role is Role.INITIATOR else []


_I, _R = Role.INITIATOR, Role.RESPONDER
_M = MainMode
_OPENING = (
    Row(_I, "idle", "", None, _M.offer, "HDR, SA", "waits for 2"),
    Row(_R, "idle", "HDR, SA", _M.choose, None, "HDR, SA", "waits for 3"),
)


def _figure(
    third: str, fourth: str, fifth: str, sixth: str, concealed: bool = False
) -> tuple[Row, ...]:
    """The rows of both sides; the first two messages are always the same."""
    opens, answers = (_M.open_up_concealed, _M.answer_concealed) if concealed else (_M.open_up, _M.answer_share)
    return (
        *_OPENING,
        Row(_I, "waits for 2", "HDR, SA", _M.check_choice, opens, third, "waits for 4"),
        Row(_R, "waits for 3", third, _M.take_share, answers, fourth, "waits for 5"),
        Row(_I, "waits for 4", fourth, _M.finish_share, _M.prove_elsewhere, fifth, "waits for 6"),
        Row(_R, "waits for 5", fifth, _M.verify, _M.prove, sixth, UP),
        Row(_I, "waits for 6", sixth, _M.verify, None, "", UP),
    )


_NAT = "[, NAT-D(1), NAT-D(2)]"
MAIN_MODE = {
    "psk": _figure(
        f"HDR, KE, Ni {_NAT}",
        f"HDR, KE, Nr {_NAT}",
        "HDR*, IDii, HASH_I",
        "HDR*, IDir, HASH_R",
    ),
    "signature": _figure(
        f"HDR, KE, Ni [, CERTREQ] {_NAT}",
        f"HDR, KE, Nr [, CERTREQ] {_NAT}",
        "HDR*, IDii [, CERT], SIG_I",
        "HDR*, IDir [, CERT], SIG_R",
    ),
    "hybrid": _figure(
        f"HDR, KE, Ni [, CERTREQ] {_NAT}",
        f"HDR, KE, Nr [, CERTREQ] {_NAT}",
        "HDR*, IDii, HASH_I",
        "HDR*, IDir [, CERT], SIG_R",
    ),
    "encryption": _figure(
        f"HDR, KE [, HASH(1)], <IDii_b>PubKey_r, <Ni_b>PubKey_r {_NAT}",
        f"HDR, KE, <IDir_b>PubKey_i, <Nr_b>PubKey_i {_NAT}",
        "HDR*, HASH_I",
        "HDR*, HASH_R",
        concealed=True,
    ),
    "revised": _figure(
        f"HDR [, HASH(1)], <Ni_b>PubKey_r, <KE_b>Ke_i, <IDii_b>Ke_i {_NAT}",
        f"HDR, <Nr_b>PubKey_i, <KE_b>Ke_r, <IDir_b>Ke_r {_NAT}",
        "HDR*, HASH_I",
        "HDR*, HASH_R",
        concealed=True,
    ),
}
"""The figures of RFC 2409 §5.1 to §5.4, with the payloads of RFC 3947 §3.2, by way of authentication."""

MainMode.rows = MAIN_MODE["psk"]
