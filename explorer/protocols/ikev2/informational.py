"""INFORMATIONAL (RFC 7296 §1.4): notify, delete, signs of life; always answered, if only with nothing."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.engine.refusal import Refusal
from explorer.engine.rows import Row
from explorer.events import NetworkChanged, Role
from explorer.protocols.ikev2.exchange import LOGIN, UP, WAITS, V2Exchange
from explorer.protocols.ikev2.ike_sa import Child, IkeSa
from explorer.protocols.ikev2.nat import Nats, find_nats, forbidden_nat, nat_parts
from explorer.protocols.ikev2.parts import Part, errors_in, notifies_in, notify
from explorer.registry.ikev2 import V2ExchangeType, V2PayloadType, V2ProtocolId
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.wire.ikev2 import V2Delete, V2Notify, V2Payload
from explorer.wire.ikev2_message import V2Message

_FATAL = (V2NotifyType.AUTHENTICATION_FAILED, V2NotifyType.INVALID_SYNTAX)


class V2Informational(V2Exchange):
    """One of them.

    Attributes:
        parts: what the initiator says.
        deletes: the Child SAs that the initiator drops with it.
        deletes_ike: whether it drops the IKE SA.
        moves: whether the initiator says that it goes on from where this message comes from.
        nats: where NATs stand now, if both sides look for them.
    """

    name = "INFORMATIONAL"
    exchange_type = V2ExchangeType.INFORMATIONAL

    def __init__(self, sa: IkeSa, role: Role, message_id: int, parts: Sequence[Part] = ()) -> None:
        super().__init__(sa, role, message_id)
        self.parts = parts
        self.deletes: list[Child] = []
        self.deletes_ike = False
        self.how = "deleted"
        self.moves = False
        self.nats: Nats | None = None
        self._about = ""

    def request(self) -> Sequence[Part]:
        """What there is to say; nothing at all asks for a sign of life."""
        return self.parts

    def consider(self) -> None:
        """Drop what the peer has dropped."""
        self._answer: list[Part] = []
        if self.sa.ended and not any(isinstance(p, V2Delete) for p in self.message.payloads):
            # Both may have dropped it at the same time; apart from that nothing is said under it any more.
            raise Refusal("This IKE SA is over", "RFC 7296 §1.4.1")
        for payload in self.message.payloads:
            if isinstance(payload, V2Delete) and payload.protocol == V2ProtocolId.IKE:
                self.deletes_ike = True
            elif isinstance(payload, V2Delete):
                self._answer += self._drop(payload)
            elif isinstance(payload, V2Notify) and payload.notify_type in _FATAL:
                # The answer of IKE_AUTH was refused: there is no SA at the peer (RFC 7296 §2.21.2, §2.21.3).
                self.deletes_ike, self.how = True, "refused by the peer"
        if self.sa.mobile and self.sa.up and not self.sa.ended:
            self._answer += self._consider_addresses()

    def _consider_addresses(self) -> list[Part]:
        """Only who has begun the first of all IKE SAs decides on addresses (RFC 4555 §3.5)."""
        kinds, parts = notifies_in(self.message), list[Part]()
        if forbidden_nat(self):
            raise Refusal("A NAT, and the peer allows none", "RFC 4555 §3.9", V2NotifyType.UNEXPECTED_NAT_DETECTED)
        if V2NotifyType.UPDATE_SA_ADDRESSES in kinds and self.sa.first_role is Role.RESPONDER:
            self.moves = True
            self.party.link.moves += 1
            self.party.emit(NetworkChanged("peer address", self.party.link.remote.address, "RFC 4555 §3.5"))
        if V2NotifyType.NAT_DETECTION_SOURCE_IP in kinds and self.party.config.nat_traversal:
            self.nats = find_nats(self)
            parts += nat_parts(self)
        if V2NotifyType.COOKIE2 in kinds:
            # Whoever can say it again has received it (RFC 4555 §3.7).
            COOKIE2 = self.ledger["COOKIE2"]
            parts.append(notify(V2NotifyType.COOKIE2, COOKIE2.octets, [(COOKIE2, 4)]))
        return parts

    def _drop(self, payload: V2Delete) -> list[Part]:
        """SPIs are the sender's inbound ones; the answer names this side's (RFC 7296 §1.4.1)."""
        size = payload.spi_size
        spis = [payload.spis[at : at + size] for at in range(0, len(payload.spis), size)] if size else []
        gone = [child for child in self.sa.children if child.outbound.octets in spis]
        own = b"".join(child.inbound.octets for child in gone)
        self.deletes += gone
        return [delete_part(own, len(gone))] if gone else []

    def answer(self) -> Sequence[Part]:
        """The other half of what was dropped, or nothing."""
        return self._answer

    def variant_of(self, message: V2Message) -> str:
        """What the request is about; its answer is about the same, even if there is nothing in it, or is an error."""
        if not message.header.response:
            self._about = self._subject(message)
        elif errors_in(message):
            return "addresses-refused" if self._about.startswith("addresses") else "error"
        return self._about

    def _subject(self, message: V2Message) -> str:
        """Delete, new addresses, another notification, or nothing at all."""
        if message.find(V2Delete) is not None:
            return "delete"
        kinds = notifies_in(message)
        if V2NotifyType.COOKIE2 in kinds:
            return "cookie2"
        if V2NotifyType.NO_NATS_ALLOWED in kinds:
            return "addresses-no-nat"
        if V2NotifyType.NAT_DETECTION_SOURCE_IP in kinds or V2NotifyType.UPDATE_SA_ADDRESSES in kinds:
            return "addresses"
        return "notify" if message.find(V2Notify) is not None else ""

    def symbol_of(self, payload: V2Payload, kind: int, sender: Role) -> tuple[str, int] | None:
        """A value that is to be said again is a term."""
        if isinstance(payload, V2Notify) and payload.notify_type == V2NotifyType.COOKIE2:
            return "COOKIE2", 4
        return super().symbol_of(payload, kind, sender)

    def reached(self, state: str) -> str:
        """Whether the IKE SA is still there, or a successor."""
        if state != UP:
            return state
        if (self.deletes_ike or self.sa.ended) and not self.sa.renewed:
            return "IKE SA ended"
        return UP if self.sa.up else LOGIN

    def succeeded(self) -> None:
        """What was dropped is gone on each side."""
        for child in self.deletes:
            if child in self.sa.children:
                self.sa.drop_child(child, self.how)
        if self.deletes_ike:
            self.sa.drop(self.how)


def delete_part(spis: bytes, count: int) -> Part:
    """Child SAs, by the sender's inbound SPIs."""
    payload = V2Delete(protocol=int(V2ProtocolId.ESP), spi_size=4, spi_count=count, spis=spis)
    return Part("D", V2PayloadType.DELETE, payload)


def delete_ike_part() -> Part:
    """The IKE SA, which the header names already (RFC 7296 §3.11)."""
    return Part("D", V2PayloadType.DELETE, V2Delete(protocol=int(V2ProtocolId.IKE)))


_I, _R = Role.INITIATOR, Role.RESPONDER
_ANY = "HDR, SK {[N] [, D]}"
V2Informational.rows = (
    Row(_I, "idle", "", None, None, _ANY, WAITS),
    Row(_R, "idle", _ANY, None, None, _ANY, UP),
    Row(_I, WAITS, _ANY, None, None, "", UP),
)
