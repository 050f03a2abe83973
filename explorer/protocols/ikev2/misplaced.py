"""A request that is authentic and has no place: it is answered all the same, or its sender would take us for dead."""

from __future__ import annotations

from explorer.engine.refusal import Refusal
from explorer.engine.rows import Row
from explorer.events import Role
from explorer.protocols.ikev2.exchange import UP, V2Exchange
from explorer.protocols.ikev2.ike_sa import IkeSa
from explorer.registry.ikev2 import V2ExchangeType
from explorer.registry.ikev2_notify import V2NotifyType


class Misplaced(V2Exchange):
    """Every request is answered (RFC 7296 §2.1): one that belongs to nothing, or of no known kind, with an error."""

    rows = (Row(Role.RESPONDER, "idle", "HDR, SK {}", None, None, "", UP),)

    def __init__(self, sa: IkeSa, kind: int, message_id: int) -> None:
        self.exchange_type = kind  # type: ignore[misc]
        self.name = V2ExchangeType.say(kind)  # type: ignore[misc]
        super().__init__(sa, Role.RESPONDER, message_id)

    def consider(self) -> None:
        """Nothing comes of it.

        Raises:
            Refusal: always.
        """
        if self.exchange_type == V2ExchangeType.IKE_FOLLOWUP_KE:
            reason = "No exchange waits for an additional key exchange"
            raise Refusal(reason, "RFC 9370 §2.2.4", V2NotifyType.STATE_NOT_FOUND)
        reason = f"Exchange {self.name} has no place here"
        raise Refusal(reason, "RFC 7296 §2.1, §2.21.3", V2NotifyType.INVALID_SYNTAX)
