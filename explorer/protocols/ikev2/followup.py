"""IKE_FOLLOWUP_KE (RFC 9370 §2.2.4): the additional key exchanges of a CREATE_CHILD_SA, one after the other."""

from __future__ import annotations

from explorer.crypto.term import Term
from explorer.engine.refusal import Refusal
from explorer.engine.rows import Row
from explorer.events import Role
from explorer.protocols.ikev2.create_child import CreateChildSa, link_in
from explorer.protocols.ikev2.exchange import GOES_ON, MADE, WAITS, V2Exchange
from explorer.protocols.ikev2.key_share import KeyShare
from explorer.protocols.ikev2.parts import Part, notify
from explorer.registry.ikev2 import V2ExchangeType
from explorer.registry.ikev2_notify import V2NotifyType

_N = V2NotifyType
_CITE = "RFC 9370 §2.2.4"


class IkeFollowupKe(V2Exchange):
    """One additional key exchange; nothing changes before the last of them is done.

    Attributes:
        base: the exchange whose SA waits for this.
    """

    name = "IKE_FOLLOWUP_KE"
    exchange_type = V2ExchangeType.IKE_FOLLOWUP_KE
    _secret: Term

    def __init__(self, base: CreateChildSa, message_id: int) -> None:
        super().__init__(base.sa, base.role, message_id)
        self.base = base
        self.number = len(base.secrets)
        self.share_number = f"({self.number})"
        self.share = KeyShare(self, base.suite.additional[self.number - 1], _CITE, self.share_number)

    def reached(self, state: str) -> str:
        """There is no new SA before all its secrets are there."""
        return state if state != MADE or self.is_last else GOES_ON

    @property
    def is_last(self) -> bool:
        """Whether all secrets are there after this one."""
        return self.number == len(self.base.suite.additional)

    def request(self) -> list[Part]:
        """KEi(n), and what the responder has called the exchange that this belongs to."""
        self.share.draw()
        return [self.share.part(), notify(_N.ADDITIONAL_KEY_EXCHANGE, self.base.link)]

    def consider(self) -> None:
        """A value of the method whose turn it is."""
        if link_in(self.message) != self.base.link:
            raise Refusal("No key exchange waits for this one", _CITE, _N.STATE_NOT_FOUND)
        self.share.check()
        self.share.draw()
        self._secret = self.share.agree()

    def answer(self) -> list[Part]:
        """KEr(n), and the same name once more if another one is to follow."""
        more = [] if self.is_last else [notify(_N.ADDITIONAL_KEY_EXCHANGE, self.base.link)]
        return [self.share.part(), *more]

    def conclude(self) -> None:
        """The same for the answer."""
        self.share.check()
        if not self.is_last:
            self.base.link = link_in(self.message)
        self._secret = self.share.agree()

    def succeeded(self) -> None:
        """One secret more; with the last one all keys are made."""
        self.base.secrets.append(self._secret)
        if self.is_last:
            self.base.complete()


_I, _R = Role.INITIATOR, Role.RESPONDER
_FIRST, _SECOND = "HDR, SK {KEi(n), N(ADDITIONAL_KEY_EXCHANGE)}", "HDR, SK {KEr(n) [, N(ADDITIONAL_KEY_EXCHANGE)]}"
IkeFollowupKe.rows = (
    Row(_I, "idle", "", None, None, _FIRST, WAITS),
    Row(_R, "idle", _FIRST, None, None, _SECOND, MADE),
    Row(_I, WAITS, _SECOND, None, None, "", MADE),
)
