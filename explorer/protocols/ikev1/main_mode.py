"""Main Mode with a pre-shared key (RFC 2409 §5.4): six messages that make an ISAKMP SA.

Read it beside the RFC: the rows at the end are its figure, the methods its formulas.
"""

from __future__ import annotations

from dataclasses import replace

from explorer.crypto.groups import is_usable_public_value, modp_group
from explorer.crypto.term import Configured, Nature, Term
from explorer.engine.ledger import Ledger
from explorer.engine.negotiation import nearest_miss, negotiate, seconds_of_life
from explorer.engine.refusal import Refusal
from explorer.engine.rows import Row
from explorer.events import Concluded, Judged, Role, SaInstalled, SaSnapshot
from explorer.protocols.ikev1.answer import answer, contents, parse_sa
from explorer.protocols.ikev1.chain import IvChain
from explorer.protocols.ikev1.config import Phase1Policy
from explorer.protocols.ikev1.exchange import Exchange, Party
from explorer.protocols.ikev1.keys import (
    PHASE_1,
    Prfs,
    encryption_key,
    hash_i,
    hash_r,
    phase1_iv,
    phase1_keys,
    public_value,
    shared_secret,
    skeyid_with_psk,
)
from explorer.protocols.ikev1.words import phase1_word
from explorer.registry.isakmp import ExchangeType, NotifyType, PayloadType, ProtocolId
from explorer.wire.payloads import Proposal, SecurityAssociation, Transform
from explorer.wire.structure import build

UP = "ISAKMP SA up"
"""The state in which phase 1 is over."""

_CITE = "RFC 2409 §5.4"


class MainMode(Exchange):
    """One Main Mode at one peer; when it is over it is the ISAKMP SA."""

    name = "Main Mode"
    exchange_type = ExchangeType.IDENTITY_PROTECTION
    word = staticmethod(phase1_word)
    policy: Phase1Policy

    def __init__(self, party: Party, role: Role) -> None:
        super().__init__(party, role, Ledger(party.emit, party.entropy, role, PHASE_1), 0)
        self.proven = False

    @property
    def prf(self) -> Prfs:
        """The negotiated prf."""
        return Prfs(self.policy.hash_function)

    # ---------------------------------------------------------------- messages 1 and 2: offers and choice

    def offer(self) -> None:
        """Everything the initiator would accept, most preferred first."""
        self._configure()
        self.ledger.draw("CKY-I", 8, "RFC 2408 §2.5.3", Nature.PUBLIC)
        transforms = tuple(p.transform(n) for n, p in enumerate(self.party.config.phase1, 1))
        self.ledger.learn(self._offers(transforms))

    def choose(self) -> None:
        """The responder's own policies in order; the first that an offered transform fits."""
        self._configure()
        offered = parse_sa(self.ledger["SAi_b"].octets)
        if len(offered.proposals) != 1:
            rule = f"Phase 1 has exactly one proposal, found {len(offered.proposals)}"
            raise Refusal(rule, "RFC 2409 §5", NotifyType.BAD_PROPOSAL_SYNTAX)
        self.policy, chosen = self._judge(offered)
        self.ledger.draw("CKY-R", 8, "RFC 2408 §2.5.3", Nature.PUBLIC)
        proposal = offered.proposals[0]
        self.ledger.learn(answer(self.ledger["SAi_b"], proposal, chosen, None, str(self.role)))

    def check_choice(self) -> None:
        """What came back must be one of the offers, unchanged."""
        answered = parse_sa(self.ledger["SAr_b"].octets)
        if self.ledger["CKY-R"].octets == self.ledger["CKY-I"].octets:
            raise Refusal("The responder's cookie is the initiator's", "RFC 2408 §2.5.3", NotifyType.INVALID_COOKIE)
        if len(answered.proposals) != 1 or len(answered.proposals[0].transforms) != 1:
            raise Refusal("The answer must hold exactly one transform", _CITE, NotifyType.BAD_PROPOSAL_SYNTAX)
        chosen = answered.proposals[0].transforms[0]
        offers = parse_sa(self.ledger["SAi_b"].octets).proposals[0].transforms
        # By value: real gear may return the attributes in another order, or in the other form (RFC 2409 Appendix A).
        if contents(chosen) not in [contents(offer) for offer in offers]:
            rule = f"Transform {chosen.number} of the answer is none of those offered"
            raise Refusal(rule, "RFC 2409 §5", NotifyType.BAD_PROPOSAL_SYNTAX)
        self.policy, _ = self._judge(answered)

    def _judge(self, sa: SecurityAssociation) -> tuple[Phase1Policy, Transform]:
        own = self.party.config.phase1
        negotiation, match = negotiate("ISAKMP", [p.policy() for p in own], sa.proposals)
        self.party.emit(Judged(negotiation))
        if match is None:
            raise Refusal(f"No offer fits{nearest_miss(negotiation)}", _CITE, NotifyType.NO_PROPOSAL_CHOSEN)
        chosen = own[[p.policy().label for p in own].index(match[0].label)]
        lifetime = seconds_of_life(match[0], match[2]) or chosen.lifetime
        return replace(chosen, lifetime=min(chosen.lifetime, lifetime)), match[2]

    # ---------------------------------------------------------------- messages 3 and 4: Diffie-Hellman and nonces

    def share(self) -> None:
        """Draw an exponent and a nonce; the public value follows from the exponent."""
        group = modp_group(self.policy.group)
        own, side = ("xi", "i") if self.role is Role.INITIATOR else ("xr", "r")
        x = self.ledger.draw(own, group.exponent_size, "RFC 2409 §5")
        self.ledger.learn(public_value(group, f"g^x{side}", x, PHASE_1))
        self.ledger.draw(f"N{side}_b", self.party.config.nonce_size, "RFC 2409 §5", Nature.PUBLIC)

    def take_share(self) -> None:
        """The responder now has everything but its own share: make it, and all keys."""
        self._check_share("g^xi", "Ni_b")
        self.share()
        self.derive_keys()

    def derive_keys(self) -> None:
        """Every key of phase 1; their last input has just arrived."""
        ledger, group, cipher = self.ledger, modp_group(self.policy.group), self.policy.cipher
        own, received = ("xi", "g^xr") if self.role is Role.INITIATOR else ("xr", "g^xi")
        self._check_share(received, "Nr_b" if self.role is Role.INITIATOR else "Ni_b")
        g_xy = ledger.learn(shared_secret(group, "g^xy", ledger[received], ledger[own], PHASE_1))
        SKEYID = skeyid_with_psk(self.prf, ledger["psk"], ledger["Ni_b"], ledger["Nr_b"])
        keys = phase1_keys(self.prf, SKEYID, g_xy, ledger["CKY-I"], ledger["CKY-R"])
        ledger.learn(*keys)
        Ka = ledger.learn(*encryption_key(self.prf, keys.SKEYID_e, cipher))
        IV = ledger.learn(phase1_iv(self.policy.hash_function, ledger["g^xi"], ledger["g^xr"], cipher))
        self.chain = IvChain(cipher, Ka, IV, first=5)

    def _check_share(self, public: str, nonce: str) -> None:
        group = modp_group(self.policy.group)
        if not is_usable_public_value(group, self.ledger[public].octets):
            rule = f"{public} has {len(self.ledger[public].octets)} octets or is trivial, expected {group.size}"
            raise Refusal(rule, "RFC 2409 §5, RFC 6989 §2.1", NotifyType.INVALID_KEY_INFORMATION)
        self.check_nonce(nonce)
        own = "g^xr" if public == "g^xi" else "g^xi"
        if own in self.ledger and self.ledger[own].octets == self.ledger[public].octets:
            # With equal values and cookies both proofs would be the same formula: a peer would prove itself to itself.
            raise Refusal(
                f"{public} is this side's own value sent back", "RFC 2409 §5", NotifyType.INVALID_KEY_INFORMATION
            )

    # ---------------------------------------------------------------- messages 5 and 6: identities and proof

    def prove(self) -> None:
        """Name oneself, and prove knowledge of the key."""
        body = self.party.config.identity.body
        symbol = "IDii_b" if self.role is Role.INITIATOR else "IDir_b"
        self.ledger.learn(Term(symbol, body, Configured("RFC 2407 §4.6.2"), scope=PHASE_1, owner=str(self.role)))
        self.ledger.learn(self._expected(self.role))

    def verify(self) -> None:
        """Compute what the other side should have sent, and compare."""
        prover = self.role.other
        symbol = "HASH_I" if prover is Role.INITIATOR else "HASH_R"
        received = self.ledger[symbol]
        identity = self.ledger["IDii_b" if prover is Role.INITIATOR else "IDir_b"].octets
        if (identity[1], int.from_bytes(identity[2:4], "big")) not in ((0, 0), (17, 500)):
            rule = "Protocol and port of the identity must be 0 and 0, or UDP and 500"
            raise Refusal(rule, "RFC 2407 §4.6.2", NotifyType.INVALID_ID_INFORMATION)
        expected = self.ledger.learn(self._expected(prover))
        self.ledger.verify(expected, received, prover, "RFC 2409 §5")
        self.proven = True

    def _expected(self, prover: Role) -> Term:
        ledger = self.ledger
        formula, identity = (hash_i, "IDii_b") if prover is Role.INITIATOR else (hash_r, "IDir_b")
        terms = (ledger[s] for s in ("SKEYID", "g^xi", "g^xr", "CKY-I", "CKY-R", "SAi_b", identity))
        return formula(self.prf, *terms)

    def settled(self) -> None:
        """The last row makes the SA."""
        if self.state != UP:
            return
        ledger = self.ledger
        keys = tuple(
            (use, ledger[s]) for use, s in (("derive", "SKEYID_d"), ("authenticate", "SKEYID_a"), ("encrypt", "Ka"))
        )
        spis = (ledger["CKY-I"], ledger["CKY-R"])
        self.party.emit(
            SaInstalled(SaSnapshot("ISAKMP", "both", spis, self.policy.algorithms(), keys, self.policy.lifetime))
        )
        self.party.emit(Concluded(self.name, PHASE_1, "completed", f"{self.name} made an ISAKMP SA"))

    # ---------------------------------------------------------------- small pieces

    def extras(self, row: Row) -> list[tuple[str, int, bytes]]:
        """Vendor IDs go with each side's first message."""
        if row.sends != "HDR, SA":
            return []
        return [("VID", int(PayloadType.VID), vid) for vid in self.party.config.vendor_ids]

    def _configure(self) -> None:
        psk = self.party.config.keys.get(self.party.remote)
        if psk is None:
            raise Refusal(f"No pre-shared key for {self.party.remote}", _CITE)
        origin = Configured(_CITE)
        self.ledger.learn(Term("psk", psk, origin, scope=PHASE_1, nature=Nature.SECRET, owner=""))

    def _offers(self, transforms: tuple[Transform, ...]) -> Term:
        proposal = Proposal(number=1, protocol=ProtocolId.ISAKMP, transforms=transforms)
        body = build(SecurityAssociation(proposals=(proposal,)))[4:]
        return Term("SAi_b", body, Configured("RFC 2409 §5"), scope=PHASE_1, owner=str(self.role))


_I, _R = Role.INITIATOR, Role.RESPONDER
_M = MainMode
MainMode.rows = (
    Row(_I, "idle", "", None, _M.offer, "HDR, SA", "waits for 2"),
    Row(_R, "idle", "HDR, SA", _M.choose, None, "HDR, SA", "waits for 3"),
    Row(_I, "waits for 2", "HDR, SA", _M.check_choice, _M.share, "HDR, KE, Ni", "waits for 4"),
    Row(_R, "waits for 3", "HDR, KE, Ni", _M.take_share, None, "HDR, KE, Nr", "waits for 5"),
    Row(_I, "waits for 4", "HDR, KE, Nr", _M.derive_keys, _M.prove, "HDR*, IDii, HASH_I", "waits for 6"),
    Row(_R, "waits for 5", "HDR*, IDii, HASH_I", _M.verify, _M.prove, "HDR*, IDir, HASH_R", UP),
    Row(_I, "waits for 6", "HDR*, IDir, HASH_R", _M.verify, None, "", UP),
)
