"""What all exchanges under an ISAKMP SA share: a Message ID, a chain of their own, and a hash in front."""

from __future__ import annotations

from explorer.crypto.expression import Concat, Expr
from explorer.crypto.term import Drawn, Origin, Term
from explorer.engine.ledger import Ledger
from explorer.engine.notation import Word
from explorer.engine.refusal import Refusal
from explorer.events import Role
from explorer.octets import Span
from explorer.protocols.ikev1.chain import IvChain
from explorer.protocols.ikev1.exchange import Exchange
from explorer.protocols.ikev1.keys import phase2_iv, quick_hash
from explorer.protocols.ikev1.phase1 import Phase1
from explorer.protocols.ikev1.words import protected_word
from explorer.registry.isakmp import NotifyType
from explorer.wire.message import Message


def message_id_origin(message: Message | None) -> Origin:
    """Where a Message ID comes from: drawn here, or read from a header."""
    if message is None:
        return Drawn("M-ID", "RFC 2408 §3.1")
    return Span(message.datagram, message.start + 20, message.start + 24)


class Protected(Exchange):
    """One exchange under the ISAKMP SA that ``phase1`` made.

    Attributes:
        authentic: whether the last message was the peer's: it has a hash that only the peer can have made.
    """

    word = staticmethod(protected_word)
    cite = "RFC 2409 §5.7"

    def __init__(self, phase1: Phase1, role: Role, M_ID: Origin, message_id: int) -> None:
        party = phase1.party
        scope = f"{self.name} {message_id:08x}"
        ledger = Ledger(party.emit, party.entropy, party.role, scope, phase1.ledger)
        super().__init__(party, role, phase1.role, ledger, message_id)
        self.phase1 = phase1
        self.authentic = False
        owner = self.owner(Role.INITIATOR)
        self._start_chain(Term("M-ID", message_id.to_bytes(4, "big"), M_ID, scope=scope, owner=owner))

    def _start_chain(self, M_ID: Term) -> None:
        """Each Message ID has a chain of its own, from phase 1's last block (RFC 2409 Appendix B)."""
        self.ledger.hold(M_ID)
        if self.phase1.chain is None or not self.phase1.up:
            raise Refusal("There is no ISAKMP SA yet", self.cite, NotifyType.INVALID_MESSAGE_ID)
        cipher, function = self.phase1.policy.cipher, self.phase1.policy.hash_function
        IV = phase2_iv(function, self.phase1.chain.iv, M_ID, cipher, self.ledger.scope)
        self.opening_chain = self.chain = IvChain(cipher, self.phase1.chain.key, IV, first=1)

    def prepare(self, message: Message) -> None:
        """Nothing is known yet of who has sent this message."""
        self.authentic = False

    def open_exchange(self) -> None:
        """What the one who begins has first: a Message ID, and the vector that follows from it."""
        self.ledger.learn(self.ledger["M-ID"], self.opening_chain.iv)

    def authenticate(self, first: Word, rest: Expr) -> None:
        """The hash of each message covers everything after it."""
        self.ledger.learn(self.make_hash(first.symbol, rest))

    def make_hash(self, symbol: str, rest: Expr | None = None) -> Term:
        """Over the octets as they are sent, or as they were received, generic headers included, padding not."""
        covered = self.ledger["M-ID"] | (rest if rest is not None else self.received_rest())
        return quick_hash(symbol, self.phase1.prf, self.ledger["SKEYID_a"], covered, self.ledger.scope)

    def received_rest(self) -> Expr:
        """Everything that has arrived after the first payload."""
        return Concat(tuple(expression for _, expression in self.arrived[1:]))

    def check_hash(self, symbol: str) -> None:
        """Verify the hash that came in front.

        Raises:
            Refusal: it was made with other keys, or over other octets.
        """
        received = self.ledger[symbol]
        if symbol == "HASH(1)" and self.role is Role.RESPONDER:
            self.ledger.learn(self.opening_chain.iv)
        self.ledger.verify(self.ledger.learn(self.make_hash(symbol)), received, None, self.cite)
        self.authentic = True
