"""Phase 1 (RFC 2409 §5): what Main Mode and Aggressive Mode share, whatever the way of authentication."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from explorer.crypto.groups import is_usable_public_value, modp_group
from explorer.crypto.term import Configured, Nature, Term
from explorer.engine.ledger import Ledger
from explorer.engine.negotiation import LifeRule, nearest_miss, negotiate, settled_life
from explorer.engine.refusal import Refusal
from explorer.engine.rows import Row
from explorer.events import Binding, Concluded, Event, Judged, Role, SaInstalled, SaSnapshot
from explorer.protocols.ikev1.answer import answer, contents, parse_sa
from explorer.protocols.ikev1.authentication import Authentication, authentication_of, is_spoken
from explorer.protocols.ikev1.binding import Named
from explorer.protocols.ikev1.chain import IvChain
from explorer.protocols.ikev1.exchange import Exchange, Extra
from explorer.protocols.ikev1.keys import Prfs, encryption_key, phase1_iv, phase1_keys, public_value, shared_secret
from explorer.protocols.ikev1.link import Party
from explorer.protocols.ikev1.nat import check_nat, learn_nat_hashes
from explorer.protocols.ikev1.policies import Phase1Policy
from explorer.protocols.ikev1.words import phase1_word
from explorer.registry.isakmp import ExchangeType, NotifyType, PayloadType, ProtocolId
from explorer.registry.phase1 import Phase1Attribute
from explorer.registry.vendor import VendorIdentifier
from explorer.wire.message import Message
from explorer.wire.payloads import Payload, PlainNotification, Proposal, SecurityAssociation, Transform, VendorId
from explorer.wire.structure import build

UP = "ISAKMP SA up"
"""The state in which phase 1 is over."""

_CITE = "RFC 2409 §5"
_ID_START = 4
"""Octets of an Identification body before its data."""


class Phase1(Exchange):
    """One negotiation of an ISAKMP SA at one peer; when it is over it is the ISAKMP SA.

    Attributes:
        policy: what was agreed on, once it is.
        method: how the peers prove who they are, once that is known.
        proven: whether the other side has.
        life_was_cut: whether this side uses the SA for less time than was offered.
        first_contact: whether this side holds no other SA with the same peer.
    """

    word = staticmethod(phase1_word)
    policy: Phase1Policy
    method: Authentication | None = None

    def __init__(self, party: Party, role: Role, scope: str) -> None:
        super().__init__(party, role, role, Ledger(party.emit, party.entropy, party.role, scope), 0)
        self.proven = False
        self.life_was_cut = False
        self.first_contact = True
        self.first_iv: Term | None = None

    @property
    def prf(self) -> Prfs:
        """The negotiated prf."""
        return Prfs(self.policy.hash_function)

    @property
    def up(self) -> bool:
        """Whether the ISAKMP SA stands."""
        return self.state == UP

    @property
    def side(self) -> str:
        """``i`` or ``r``, as the RFC marks this side's values."""
        return "i" if self.role is Role.INITIATOR else "r"

    @property
    def other_side(self) -> str:
        """The other side's letter."""
        return "r" if self.side == "i" else "i"

    mode = "main"
    """What configurations call it."""

    def prepare(self, message: Message) -> None:
        """A responder may be told not to answer to a mode at all."""
        if self.role is Role.RESPONDER and self.state == "idle" and self.mode not in self.party.config.accepts:
            reason = f"This side does not answer to {self.name}"
            raise Refusal(reason, _CITE, NotifyType.UNSUPPORTED_EXCHANGE_TYPE, offset=message.start + 18)

    def by(self, method: Authentication) -> tuple[Row, ...]:
        """The rows of this mode with one way of authentication."""
        raise NotImplementedError

    def use(self, method: Authentication) -> None:
        """From now on the rows are those of this way of authentication, and bodies are read as it wants."""
        self.method = method
        self.rows = self.by(method)
        self.dialect: Mapping[int, type[Payload]] = method.dialect

    # ---------------------------------------------------------------- offers and choice

    def _offered_policies(self) -> tuple[Phase1Policy, ...]:
        return tuple(p for p in self.party.config.phase1 if is_spoken(p.authentication))

    def offer(self) -> None:
        """Everything the initiator would accept, most preferred first."""
        policies = self._offered_policies()
        for number in dict.fromkeys(p.authentication for p in policies):
            authentication_of(number).configure(self)
        self.ledger.draw("CKY-I", 8, "RFC 2408 §2.5.3", Nature.PUBLIC)
        transforms = tuple(p.transform(n) for n, p in enumerate(policies, 1))
        proposal = Proposal(number=1, protocol=ProtocolId.ISAKMP, transforms=transforms)
        body = build(SecurityAssociation(proposals=(proposal,)))[4:]
        owner = str(self.party.role)
        self.ledger.learn(Term("SAi_b", body, Configured(_CITE), scope=self.ledger.scope, owner=owner))

    def choose(self) -> None:
        """The responder's own policies in order; the first that an offered transform fits."""
        self.ledger.draw("CKY-R", 8, "RFC 2408 §2.5.3", Nature.PUBLIC)
        self._note_vendor_ids()
        offered = parse_sa(self.ledger["SAi_b"].octets)
        if len(offered.proposals) != 1:
            rule = f"Phase 1 has exactly one proposal, found {len(offered.proposals)}"
            raise Refusal(rule, _CITE, NotifyType.BAD_PROPOSAL_SYNTAX)
        self.policy, chosen = self._judge(offered)
        self.use(authentication_of(self.policy.authentication))
        proposal = offered.proposals[0]
        self.ledger.learn(answer(self.ledger["SAi_b"], proposal, chosen, None, str(self.party.role)))

    def check_choice(self) -> None:
        """What came back must be one of the offers, unchanged."""
        self._note_vendor_ids()
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
            raise Refusal(rule, _CITE, NotifyType.BAD_PROPOSAL_SYNTAX)
        self.policy, _ = self._judge(answered)
        self.use(authentication_of(self.policy.authentication))

    def _judge(self, sa: SecurityAssociation) -> tuple[Phase1Policy, Transform]:
        rule = self.party.config.life_rule or LifeRule.STRICT
        own = [policy for policy in self.party.config.phase1 if is_spoken(policy.authentication)]
        negotiation, found = negotiate("ISAKMP", [(p.policy(rule),) for p in own], sa.proposals)
        self.party.emit(Judged(negotiation))
        if found is None:
            raise Refusal(f"No offer fits{nearest_miss(negotiation)}", _CITE, NotifyType.NO_PROPOSAL_CHOSEN)
        (match,) = found
        chosen = next(p for p in own if p.label == match.policy.label)
        life = settled_life(match.policy, match.transform, chosen.lifetime)
        offered = match.transform.value_of(Phase1Attribute.LIFE_DURATION)
        self.life_was_cut = rule is LifeRule.CLAIM and offered is not None and life < offered
        return replace(chosen, lifetime=life), match.transform

    # ---------------------------------------------------------------- Diffie-Hellman and nonces

    def share(self) -> None:
        """Draw an exponent and a nonce; the public value follows from the exponent."""
        group, side = modp_group(self.policy.group), self.side
        x = self.ledger.draw(f"x{side}", group.exponent_size, _CITE)
        self.ledger.learn(public_value(group, f"g^x{side}", x, self.ledger.scope))
        self.ledger.draw(f"N{side}_b", self.party.config.nonce_size, _CITE, Nature.PUBLIC)

    def derive_keys(self) -> None:
        """Every key of phase 1; their last input is there."""
        ledger, group, cipher = self.ledger, modp_group(self.policy.group), self.policy.cipher
        g_xy = shared_secret(group, "g^xy", ledger[f"g^x{self.other_side}"], ledger[f"x{self.side}"], ledger.scope)
        ledger.learn(g_xy)
        SKEYID = self._method.skeyid(self)
        keys = phase1_keys(self.prf, SKEYID, g_xy, ledger["CKY-I"], ledger["CKY-R"])
        ledger.learn(*keys)
        Ka = ledger.learn(*encryption_key(self.prf, keys.SKEYID_e, cipher))
        self.first_iv = ledger.learn(
            phase1_iv(self.policy.hash_function, ledger["g^xi"], ledger["g^xr"], cipher)
        )
        self.chain = IvChain(cipher, Ka, self.first_iv, first=self.first_encrypted)

    first_encrypted = 5
    """Number of the first message that may be encrypted."""

    def check_share(self) -> None:
        """Refuse an unusable public value, a nonce of a wrong size, and this side's own value sent back."""
        public, own = f"g^x{self.other_side}", f"g^x{self.side}"
        group = modp_group(self.policy.group)
        if not is_usable_public_value(group, self.ledger[public].octets):
            rule = f"{public} has {len(self.ledger[public].octets)} octets or is trivial, expected {group.size}"
            raise Refusal(rule, "RFC 2409 §5, RFC 6989 §2.1", NotifyType.INVALID_KEY_INFORMATION)
        self.check_nonce(f"N{self.other_side}_b")
        if own in self.ledger and self.ledger[own].octets == self.ledger[public].octets:
            # With equal values and cookies both proofs would be the same formula: a peer would prove itself to itself.
            raise Refusal(f"{public} is this side's own value sent back", _CITE, NotifyType.INVALID_KEY_INFORMATION)

    # ---------------------------------------------------------------- identities and proof

    def identify(self) -> None:
        """Say who one is: type, protocol, port and data, without a generic header."""
        symbol = f"IDi{self.side}_b"
        if symbol not in self.ledger:
            body, origin = self.party.config.identity.body, Configured("RFC 2407 §4.6.2")
            self.ledger.learn(Term(symbol, body, origin, scope=self.ledger.scope, owner=str(self.party.role)))

    def prove(self) -> None:
        """Name oneself, and prove it."""
        self._method.prove(self)

    def verify(self) -> None:
        """Check who the other side says it is, then whether it is."""
        body = self.ledger[f"IDi{self.other_side}_b"].octets
        if len(body) < _ID_START:
            raise Refusal("The identity is shorter than its header", "RFC 2408 §3.8", NotifyType.PAYLOAD_MALFORMED)
        if (body[1], int.from_bytes(body[2:4], "big")) not in ((0, 0), (17, 500)):
            rule = "Protocol and port of the identity must be 0 and 0, or UDP and 500"
            raise Refusal(rule, "RFC 2407 §4.6.2", NotifyType.INVALID_ID_INFORMATION)
        self._method.verify(self)
        expected = self.party.config.expects
        if expected is not None and (expected.id_type, expected.data) != (body[0], body[4:]):
            rule = "The peer has proven to be somebody, but not the one that this side is configured for"
            raise Refusal(rule, "RFC 2407 §4.6.2", NotifyType.INVALID_ID_INFORMATION)
        self.proven = True

    @property
    def _method(self) -> Authentication:
        assert self.method is not None
        return self.method

    def settled(self) -> None:
        """The last row makes the SA."""
        if not self.up:
            return
        ledger = self.ledger
        keys = tuple(
            (use, ledger[s]) for use, s in (("derive", "SKEYID_d"), ("authenticate", "SKEYID_a"), ("encrypt", "Ka"))
        )
        spis = (ledger["CKY-I"], ledger["CKY-R"])
        self.party.emit(
            SaInstalled(SaSnapshot("ISAKMP", "both", spis, self.policy.algorithms(), keys, self.policy.lifetime))
        )
        self.party.emit(Concluded(self.name, ledger.scope, "completed", f"{self.name} made an ISAKMP SA"))

    # ---------------------------------------------------------------- NAT traversal and vendor IDs

    def send_nat_hashes(self) -> None:
        """NAT-D payloads, if both sides have said that they can traverse NATs."""
        if self.party.config.nat_traversal and self.party.link.peer_knows_natt:
            learn_nat_hashes(self)

    def read_nat_hashes(self) -> None:
        """Compare what the other side says of addresses and ports with what this side sees."""
        check_nat(self)

    def move_ports(self) -> None:
        """Behind a NAT, or talking to somebody behind one, go on at the other port (RFC 3947 §4)."""
        if self.party.link.natted:
            self.party.link.float()

    def _note_vendor_ids(self) -> None:
        said = {payload.data for payload in self.message.payloads if isinstance(payload, VendorId)}
        self.party.link.peer_knows_natt = VendorIdentifier.NAT_T.octets in said

    def vendor_ids(self) -> list[Extra]:
        """What this side says of itself with its first message."""
        config = self.party.config
        said = [*config.vendor_ids]
        if config.nat_traversal:
            said.append(VendorIdentifier.NAT_T.octets)
        if config.dead_peer_detection:
            said.append(VendorIdentifier.DPD.octets)
        if config.client is not None or config.gateway is not None:
            said.append(VendorIdentifier.XAUTH.octets)
        return [("VID", int(PayloadType.VID), octets) for octets in said]

    def initial_contact(self) -> list[Extra]:
        """Tell that this side knows of no older SA (RFC 2407 §4.6.3.3): encrypted, but no hash covers it."""
        if not self.party.config.initial_contact or not self.first_contact:
            return []
        cookies = self.ledger["CKY-I"].octets + self.ledger["CKY-R"].octets
        told = PlainNotification(
            protocol=int(ProtocolId.ISAKMP), notify_type=int(NotifyType.INITIAL_CONTACT), spi=cookies
        )
        return [("N", int(PayloadType.NOTIFY), build(told)[4:])]

    def variant(self, message: Message) -> str:
        """The way of authentication, once it shows."""
        opening = self.exchange_type == ExchangeType.IDENTITY_PROTECTION and message.find(SecurityAssociation)
        family = self.method.family if self.method is not None else "psk"
        return "" if family == "psk" or opening else family

    # ---------------------------------------------------------------- encrypted bodies

    def open_bodies(
        self, words: Named, message: Message, bindings: list[Binding]
    ) -> tuple[Message, list[Binding], list[Event]]:
        """Where the method encrypts bodies, it opens them."""
        if self.method is None or not any(word is not None and word.sealed for _, word in words):
            return message, [], []
        return self.method.open_bodies(self, words, message, bindings)

    def show_bodies(self, words: Named, message: Message, bindings: list[Binding]) -> tuple[Message, list[Binding]]:
        """Where the method encrypts bodies, the sender knows what is inside."""
        if self.method is None or not any(word is not None and word.sealed for _, word in words):
            return message, []
        return self.method.show_bodies(self, words, message)
