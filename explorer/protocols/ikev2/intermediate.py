"""IKE_INTERMEDIATE (RFC 9242) for additional key exchanges (RFC 9370): new keys before anybody is proven."""

from __future__ import annotations

from explorer.crypto.expression import Expr, Plain
from explorer.crypto.prfs import Mac
from explorer.crypto.term import Term, derive
from explorer.engine.refusal import Refusal
from explorer.engine.rows import Row
from explorer.events import KeysMade, Role
from explorer.protocols.ikev2.exchange import WAITS, V2Exchange
from explorer.protocols.ikev2.ike_sa import IkeSa
from explorer.protocols.ikev2.key_share import KeyShare
from explorer.protocols.ikev2.keys import further_skeyseed, ike_keys
from explorer.protocols.ikev2.parts import Part
from explorer.registry.ikev2 import V2ExchangeType, V2PayloadType
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.wire.ikev2_message import HEADER_SIZE, V2Message
from explorer.wire.structure import build

_CITE = "RFC 9370 §2.2.2"


class IkeIntermediate(V2Exchange):
    """One additional key exchange; all seven keys are replaced once it is over."""

    name = "IKE_INTERMEDIATE"
    exchange_type = V2ExchangeType.IKE_INTERMEDIATE
    _secret: Term

    def __init__(self, sa: IkeSa, role: Role, message_id: int) -> None:
        super().__init__(sa, role, message_id)
        self.number = message_id  # the first one follows IKE_SA_INIT, whose Message ID is 0
        methods = sa.suite.additional
        if self.number > len(methods):
            raise Refusal("No further key exchange was agreed on", _CITE, V2NotifyType.INVALID_SYNTAX)
        self.share_number = f"({self.number})"
        self.share = KeyShare(self, methods[self.number - 1], _CITE, self.share_number)

    # ---------------------------------------------------------------- the exchange

    def request(self) -> list[Part]:
        """KEi(n)."""
        self.share.draw()
        return [self.share.part()]

    def consider(self) -> None:
        """A value of the method that was agreed on."""
        self.share.check()
        self.share.draw()
        self._secret = self.share.agree()

    def answer(self) -> list[Part]:
        """KEr(n)."""
        return [self.share.part()]

    def conclude(self) -> None:
        """The same for the answer."""
        self.share.check()
        self._secret = self.share.agree()

    def succeeded(self) -> None:
        """IntAuth with the keys of before, then all keys anew: they are used from the next exchange on."""
        self._authenticate(self.message, self.role.other)
        self._authenticate(self.own_message, self.role)
        self._make_keys()
        self.sa.exchanged = self.number
        self.party.emit(KeysMade(self.sa.snapshot()))

    def _authenticate(self, message: V2Message, sender: Role) -> None:
        """prf(SK_p, message as if it had not been encrypted), chained to the one before (RFC 9242 §3.3.2)."""
        sa, side = self.sa, self.letter(sender)
        SK_p = sa.keys.SK_pi if side == "i" else sa.keys.SK_pr
        covered: Expr = Plain(f"message {2 * self.number + (1 if side == 'i' else 2)}, unencrypted", _adjusted(message))
        before = sa.int_auth.get(side)
        if before is not None:
            covered = before | covered
        made = derive(f"IntAuth_{side}", Mac(sa.suite.prf, SK_p, covered), "RFC 9242 §3.3.2", scope=self.scope)
        sa.int_auth[side] = self.ledger.learn(made)

    def _make_keys(self) -> None:
        sa, ledger, n = self.sa, self.ledger, self.number
        Ni, Nr, SPIi, SPIr = (ledger[s] for s in ("Ni", "Nr", "SPIi", "SPIr"))
        SKEYSEED = further_skeyseed(sa.suite.prf, sa.keys.SK_d, self._secret, Ni, Nr, n, sa.ledger.scope)
        ledger.learn(SKEYSEED)
        prime = "'" if sa.mixes_ppk and n == len(sa.suite.additional) else ""
        keys = ike_keys(sa.suite, SKEYSEED, Ni, Nr, SPIi, SPIr, f"({n})", prime)
        ledger.learn(*keys.made)
        sa.secure(sa.suite, keys)


def _adjusted(message: V2Message) -> bytes:
    """Header and generic header with lengths that leave out IV, padding and ICV, then the payloads in the clear."""
    assert message.sealed is not None
    content = message.holder.octets[: message.places[-1].end if message.places else 0]
    length = HEADER_SIZE + 4 + len(content)
    # Of a message in fragments it is what it would have been in one piece.
    head = build(message.header.replace(next_payload=int(V2PayloadType.SK), length=length))
    first = message.types[0] if message.types else 0
    return head + bytes((first, message.sealed.critical)) + (4 + len(content)).to_bytes(2, "big") + content


_I, _R = Role.INITIATOR, Role.RESPONDER
IkeIntermediate.rows = (
    Row(_I, "idle", "", None, None, "HDR, SK {KEi(n)}", WAITS),
    Row(_R, "idle", "HDR, SK {KEi(n)}", None, None, "HDR, SK {KEr(n)}", "keys made"),
    Row(_I, WAITS, "HDR, SK {KEr(n)}", None, None, "", "keys made"),
)
