"""Quick Mode (RFC 2409 §5.5): three messages under an ISAKMP SA that make two IPsec SAs."""

from __future__ import annotations

from dataclasses import replace

from explorer.crypto.expression import Concat, Expr, wrap
from explorer.crypto.groups import is_usable_public_value, modp_group
from explorer.crypto.term import Configured, Drawn, Nature, Origin, Term, derive
from explorer.engine.ledger import Ledger
from explorer.engine.negotiation import Policy, nearest_miss, negotiate, seconds_of_life
from explorer.engine.notation import Word
from explorer.engine.refusal import Refusal
from explorer.engine.rows import Row
from explorer.events import Binding, Concluded, Judged, Role, SaInstalled, SaSnapshot
from explorer.octets import Span
from explorer.protocols.ikev1.answer import answer, contents, parse_sa
from explorer.protocols.ikev1.binding import Named
from explorer.protocols.ikev1.chain import IvChain
from explorer.protocols.ikev1.config import Identity, Phase2Policy, selector
from explorer.protocols.ikev1.exchange import Exchange
from explorer.protocols.ikev1.keys import keymat, phase2_iv, public_value, quick_hash, shared_secret
from explorer.protocols.ikev1.main_mode import MainMode
from explorer.protocols.ikev1.words import quick_word
from explorer.registry.isakmp import ExchangeType, NotifyType, ProtocolId
from explorer.wire.message import Message
from explorer.wire.payloads import Proposal, SecurityAssociation, Transform
from explorer.wire.structure import build

UP = "IPsec SAs up"
"""The state in which this phase 2 is over."""

_CITE = "RFC 2409 §5.5"


class QuickMode(Exchange):
    """One Quick Mode at one peer, under the ISAKMP SA that ``phase1`` made."""

    name = "Quick Mode"
    exchange_type = ExchangeType.QUICK_MODE
    word = staticmethod(quick_word)
    policy: Phase2Policy

    def __init__(self, phase1: MainMode, role: Role, M_ID: Origin, message_id: int) -> None:
        """``M_ID`` is where the Message ID comes from: drawn here, or read from a header."""
        party = phase1.party
        scope = f"Quick Mode {message_id:08x}"
        super().__init__(party, role, Ledger(party.emit, party.entropy, role, scope, phase1.ledger), message_id)
        self.phase1 = phase1
        self._start_chain(Term("M-ID", message_id.to_bytes(4, "big"), M_ID, scope=scope, owner=str(Role.INITIATOR)))

    def _start_chain(self, M_ID: Term) -> None:
        """Each Message ID has a chain of its own, from phase 1's last block (Appendix B)."""
        if self.phase1.chain is None:
            raise Refusal("There is no ISAKMP SA yet", _CITE, NotifyType.INVALID_MESSAGE_ID)
        self.ledger.hold(M_ID)
        cipher, function = self.phase1.policy.cipher, self.phase1.policy.hash_function
        IV = phase2_iv(function, self.phase1.chain.iv, M_ID, cipher, self.ledger.scope)
        self.opening_chain = self.chain = IvChain(cipher, self.phase1.chain.key, IV, first=1)

    # ---------------------------------------------------------------- message 1

    def propose(self) -> None:
        """Offers, a nonce, an SPI of one's own, and a Diffie-Hellman value where PFS is wanted."""
        config, ledger = self.party.config, self.ledger
        ledger.learn(ledger["M-ID"], self.opening_chain.iv)
        SPI = self._draw_spi("SPI_i")
        proposals = tuple(
            Proposal(number=n, protocol=ProtocolId.ESP, spi=SPI.octets, transforms=(policy.transform(1),))
            for n, policy in enumerate(config.phase2, 1)
        )
        ledger.learn(self._offers(proposals))
        ledger.draw("Ni_b", config.nonce_size, _CITE, Nature.PUBLIC)
        group = config.phase2[0].group
        if group is not None:
            self._share(group, "i")
        if config.local is not None and config.remote is not None:
            self._identify("IDci_b", config.local)
            self._identify("IDcr_b", config.remote)

    def consider(self) -> None:
        """Verify HASH(1), check who the SA is for, choose by one's own policy, and make all keys."""
        ledger = self.ledger
        received = ledger["HASH(1)"]
        ledger.learn(self.opening_chain.iv)
        ledger.verify(ledger.learn(self._hash("HASH(1)")), received, None, _CITE)
        self._check_identities()
        offered = parse_sa(ledger["SAi_b"].octets)
        own = self.party.config.phase2
        # Proposals of one number belong together (RFC 2408 §4.2); such bundles are not made here.
        numbers = [proposal.number for proposal in offered.proposals]
        single = [proposal for proposal in offered.proposals if numbers.count(proposal.number) == 1]
        negotiation, match = negotiate("ESP", [p.policy() for p in own], single)
        self.party.emit(Judged(negotiation))
        if match is None:
            raise Refusal(f"No offer fits{nearest_miss(negotiation)}", _CITE, NotifyType.NO_PROPOSAL_CHOSEN)
        policy, proposal, transform = match
        _check_spi(proposal)
        self.check_nonce("Ni_b")
        self.policy = self._settle(policy, transform)
        self._hold_spi("SPI_i", Role.INITIATOR, "SAi_b", proposal)
        SPI = self._draw_spi("SPI_r")
        ledger.learn(answer(ledger["SAi_b"], proposal, transform, SPI, str(self.role)))
        ledger.draw("Nr_b", self.party.config.nonce_size, _CITE, Nature.PUBLIC)
        self._take_share("g(qm)^xi", "r")
        self._make_keys()

    # ---------------------------------------------------------------- message 2

    def check_answer(self) -> None:
        """Verify HASH(2), find the choice among the offers, and make all keys."""
        ledger = self.ledger
        received = ledger["HASH(2)"]
        ledger.verify(ledger.learn(self._hash("HASH(2)")), received, None, _CITE)
        self._check_identities()
        answered = parse_sa(ledger["SAr_b"].octets)
        if len(answered.proposals) != 1 or len(answered.proposals[0].transforms) != 1:
            raise Refusal("The answer must hold exactly one transform", _CITE, NotifyType.BAD_PROPOSAL_SYNTAX)
        proposal = answered.proposals[0]
        own = self.party.config.phase2
        if not 1 <= proposal.number <= len(own):
            raise Refusal(f"Proposal {proposal.number} was not offered", _CITE, NotifyType.BAD_PROPOSAL_SYNTAX)
        policy = own[proposal.number - 1]
        negotiation, match = negotiate("ESP", [policy.policy()], answered.proposals)
        self.party.emit(Judged(negotiation))
        offered = parse_sa(ledger["SAi_b"].octets).proposals[proposal.number - 1]
        if match is None or contents(match[2]) not in [contents(transform) for transform in offered.transforms]:
            raise Refusal("The answer differs from what was offered", _CITE, NotifyType.BAD_PROPOSAL_SYNTAX)
        _check_spi(proposal)
        self.check_nonce("Nr_b")
        self.policy = self._settle(match[0], match[2])
        self._hold_spi("SPI_r", Role.RESPONDER, "SAr_b", proposal)
        self._take_share("g(qm)^xr", "i")
        self._make_keys()

    # ---------------------------------------------------------------- message 3

    def confirm(self) -> None:
        """Verify HASH(3): the initiator is alive, and holds the keys."""
        received = self.ledger["HASH(3)"]
        self.ledger.verify(self.ledger.learn(self._hash("HASH(3)")), received, None, _CITE)

    def authenticate(self, first: Word, rest: Expr) -> None:
        """The hash of each message covers everything after it."""
        self.ledger.learn(self._hash(first.symbol, rest))

    def _hash(self, symbol: str, rest: Expr | None = None) -> Term:
        """Over the octets as they are sent, or as they were received, generic headers included, padding not."""
        ledger = self.ledger
        if rest is None:
            rest = Concat(tuple(expression for _, expression in self.arrived[1:]))
        data: Expr
        if symbol == "HASH(1)":
            data = ledger["M-ID"] | rest
        elif symbol == "HASH(2)":
            data = ledger["M-ID"] | ledger["Ni_b"] | rest
        else:
            data = wrap(0) | ledger["M-ID"] | ledger["Ni_b"] | ledger["Nr_b"]
        return quick_hash(symbol, self.phase1.prf, ledger["SKEYID_a"], data, ledger.scope)

    # ---------------------------------------------------------------- keys and SAs

    def _make_keys(self) -> None:
        """KEYMAT once for each direction, with the SPI that the receiver of that direction chose."""
        ledger = self.ledger
        if "g(qm)^xy" in ledger:
            seed_head: tuple[Expr, ...] = (ledger["g(qm)^xy"],)
        else:
            seed_head = ()
        for side in ("i", "r"):
            seed = Concat(
                (*seed_head, wrap(int(ProtocolId.ESP)), ledger[f"SPI_{side}"], ledger["Ni_b"], ledger["Nr_b"])
            )
            material = ledger.learn(
                *keymat(self.phase1.prf, ledger["SKEYID_d"], seed, self.policy.keymat_size, side, ledger.scope)
            )
            cut = self.policy.cipher.key_size
            cite = "RFC 4301 §4.5.2"
            ledger.learn(
                derive(f"ESP_e{side}", material[:cut], cite, scope=ledger.scope),
                derive(f"ESP_a{side}", material[cut:], cite, scope=ledger.scope),
            )

    def settled(self) -> None:
        """The last row installs one SA for each direction."""
        if self.state != UP:
            return
        mine = "i" if self.role is Role.INITIATOR else "r"
        theirs = "r" if mine == "i" else "i"
        for direction, side in (("inbound", mine), ("outbound", theirs)):
            keys = (("encryption", self.ledger[f"ESP_e{side}"]), ("integrity", self.ledger[f"ESP_a{side}"]))
            spis = (self.ledger[f"SPI_{side}"],)
            self.party.emit(
                SaInstalled(SaSnapshot("ESP", direction, spis, self.policy.algorithms(), keys, self.policy.lifetime))
            )
        self.party.emit(Concluded(self.name, self.ledger.scope, "completed", f"{self.name} made two IPsec SAs"))

    # ---------------------------------------------------------------- small pieces

    def bind_own(self, words: Named, message: Message) -> list[Binding]:
        """The SPIs inside the SA payload are terms too."""
        bindings = super().bind_own(words, message)
        for term in (self.ledger[s] for s in ("SPI_i", "SPI_r") if s in self.ledger):
            if term.owner == self.role:
                bindings += [Binding(term, span) for span in _spi_spans(message)]
        return bindings

    def _hold_spi(self, symbol: str, owner: Role, sa: str, proposal: Proposal) -> None:
        """A received SPI is a term whose octets are a part of the received SA."""
        origin: Origin = self.ledger[sa].origin
        if isinstance(origin, Span):
            at = origin.start + _spi_offset(self.ledger[sa].octets, proposal)
            origin = Span(origin.buffer, at, at + len(proposal.spi))
        self.ledger.learn(Term(symbol, proposal.spi, origin, scope=self.ledger.scope, owner=str(owner)))

    def _draw_spi(self, symbol: str) -> Term:
        """Four octets; 0 to 255 are reserved (RFC 4303 §2.1), so a first octet of zero becomes one."""
        drawn = self.party.entropy.draw(4, f"{self.ledger.scope}/{self.role}/{symbol}")
        octets = bytes((drawn[0] or 1,)) + drawn[1:]
        origin = Drawn(symbol, "RFC 4303 §2.1")
        return self.ledger.learn(Term(symbol, octets, origin, scope=self.ledger.scope, owner=str(self.role)))

    def _settle(self, policy: Policy, transform: Transform) -> Phase2Policy:
        own = self.party.config.phase2
        chosen = own[[p.policy().label for p in own].index(policy.label)]
        return replace(chosen, lifetime=min(chosen.lifetime, seconds_of_life(policy, transform) or chosen.lifetime))

    def _share(self, group_number: int, side: str) -> None:
        group = modp_group(group_number)
        x = self.ledger.draw(f"x(qm){side}", group.exponent_size, _CITE)
        self.ledger.learn(public_value(group, f"g(qm)^x{side}", x, self.ledger.scope))

    def _take_share(self, received: str, side: str) -> None:
        """With PFS on both sides make g(qm)^xy; a KE without a negotiated group, or the reverse, is refused."""
        if (self.policy.group is not None) != (received in self.ledger):
            raise Refusal("KE and the group attribute go together", _CITE, NotifyType.INVALID_KEY_INFORMATION)
        if self.policy.group is None:
            return
        group = modp_group(self.policy.group)
        if not is_usable_public_value(group, self.ledger[received].octets):
            raise Refusal(f"{received} is not a value of the group", _CITE, NotifyType.INVALID_KEY_INFORMATION)
        if f"x(qm){side}" not in self.ledger:
            self._share(self.policy.group, side)
        secret = shared_secret(group, "g(qm)^xy", self.ledger[received], self.ledger[f"x(qm){side}"], self.ledger.scope)
        self.ledger.learn(secret)

    def _identify(self, symbol: str, identity: Identity) -> None:
        origin = Configured("RFC 2407 §4.6.2")
        self.ledger.learn(Term(symbol, identity.body, origin, scope=self.ledger.scope, owner=str(self.role)))

    def _check_identities(self) -> None:
        """Both sides must mean the same packets."""
        config = self.party.config
        local, remote = ("IDci_b", "IDcr_b") if self.role is Role.INITIATOR else ("IDcr_b", "IDci_b")
        for symbol, wanted in ((local, config.local), (remote, config.remote)):
            held = self.ledger[symbol].octets if symbol in self.ledger else None
            if (selector(held) if held else None) != (selector(wanted.body) if wanted is not None else None):
                reason = f"{symbol} is not what this side is configured to protect"
                raise Refusal(reason, _CITE, NotifyType.INVALID_ID_INFORMATION)

    def _offers(self, proposals: tuple[Proposal, ...]) -> Term:
        body = build(SecurityAssociation(proposals=proposals))[4:]
        return Term("SAi_b", body, Configured(_CITE), scope=self.ledger.scope, owner=str(self.role))


def _check_spi(proposal: Proposal) -> None:
    if len(proposal.spi) != 4 or int.from_bytes(proposal.spi, "big") < 256:
        raise Refusal("An ESP SPI has four octets and is above 255", "RFC 4303 §2.1", NotifyType.INVALID_SPI)


def _spi_offset(body: bytes, proposal: Proposal) -> int:
    """Where in the body of an SA payload a proposal's SPI stands: the same octets may stand elsewhere by chance."""
    at = 8  # after DOI and Situation
    while at < len(body):
        size = int.from_bytes(body[at + 2 : at + 4], "big")
        if body[at + 4] == proposal.number:
            return at + 8
        at += size
    return 0


def _spi_spans(message: Message) -> list[Span]:
    """Every SPI field inside the SA payload of an opened message."""
    tree = message.trees[-1]
    return [
        Span(tree.buffer, field.start, field.end)
        for field in tree.root.walk()
        if field.spec.key == "proposal.spi" and field.end > field.start
    ]


_I, _R = Role.INITIATOR, Role.RESPONDER
_Q = QuickMode
_FIRST = "HDR*, HASH(1), SA, Ni [, KE] [, IDci, IDcr]"
_SECOND = "HDR*, HASH(2), SA, Nr [, KE] [, IDci, IDcr]"
_THIRD = "HDR*, HASH(3)"
QuickMode.rows = (
    Row(_I, "idle", "", None, _Q.propose, _FIRST, "waits for HASH(2)"),
    Row(_R, "idle", _FIRST, _Q.consider, None, _SECOND, "waits for HASH(3)"),
    Row(_I, "waits for HASH(2)", _SECOND, _Q.check_answer, None, _THIRD, UP),
    Row(_R, "waits for HASH(3)", _THIRD, _Q.confirm, None, "", UP),
)
