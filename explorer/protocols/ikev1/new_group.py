"""New Group Mode (RFC 2409 §5.6): two messages that agree on a Diffie-Hellman group of one's own."""

from __future__ import annotations

from explorer.crypto.term import Configured, Term
from explorer.engine.refusal import Refusal
from explorer.engine.rows import Row
from explorer.events import Concluded, NetworkChanged, Role
from explorer.protocols.ikev1.answer import answer, contents, parse_sa
from explorer.protocols.ikev1.config import PrivateGroup
from explorer.protocols.ikev1.protected import Protected
from explorer.registry.isakmp import ExchangeType, NotifyType, ProtocolId
from explorer.registry.phase1 import GroupType, IsakmpTransformId, Phase1Attribute
from explorer.wire.attributes import basic, of_octets
from explorer.wire.payloads import IsakmpTransform, Proposal, SecurityAssociation
from explorer.wire.structure import build

DONE = "group agreed"
"""The state in which both sides know the group."""

_CITE = "RFC 2409 §5.6"


class NewGroupMode(Protected):
    """The group is proposed as the attributes of one transform; it is taken or refused as it is."""

    name = "New Group Mode"
    exchange_type = ExchangeType.NEW_GROUP_MODE
    cite = _CITE
    group: PrivateGroup

    def propose(self) -> None:
        """The group that this side is configured with."""
        self.open_exchange()
        self.group = self.party.config.private_groups[0]
        proposal = Proposal(number=1, protocol=ProtocolId.ISAKMP, transforms=(_transform(self.group),))
        body = build(SecurityAssociation(proposals=(proposal,)))[4:]
        owner = str(self.party.role)
        self.ledger.learn(Term("SAi_b", body, Configured(_CITE), scope=self.ledger.scope, owner=owner))

    def consider(self) -> None:
        """Take the group, if this side is configured to."""
        self.check_hash("HASH(1)")
        proposals = parse_sa(self.ledger["SAi_b"].octets).proposals
        allowed = self.party.config.private_groups
        for proposal in proposals:
            for transform in proposal.transforms:
                match = next((g for g in allowed if contents(_transform(g)) == contents(transform)), None)
                if match is not None:
                    self.group = match
                    self.ledger.learn(answer(self.ledger["SAi_b"], proposal, transform, None, str(self.party.role)))
                    return
        raise Refusal("Nobody has told this side to trust that group", _CITE, NotifyType.ATTRIBUTES_NOT_SUPPORTED)

    def check(self) -> None:
        """The answer is the proposal, unchanged."""
        self.check_hash("HASH(2)")
        offered, answered = (parse_sa(self.ledger[s].octets).proposals for s in ("SAi_b", "SAr_b"))
        said, wanted = ([contents(t) for p in side for t in p.transforms] for side in (answered, offered))
        if said != wanted:
            raise Refusal("The answer differs from what was offered", _CITE, NotifyType.BAD_PROPOSAL_SYNTAX)

    def settled(self) -> None:
        """Both sides know the group by its number from now on."""
        if self.state == DONE:
            bits = 8 * len(self.group.prime)
            self.party.emit(NetworkChanged("private group", f"number {self.group.number}, {bits} bits", _CITE))
            self.party.emit(Concluded(self.name, self.ledger.scope, "completed", "A private group was agreed on"))


def _transform(group: PrivateGroup) -> IsakmpTransform:
    """A group as attributes (RFC 2409 §5.6, Appendix A)."""
    generator = group.generator.to_bytes((group.generator.bit_length() + 7) // 8, "big")
    attributes = (
        basic(Phase1Attribute.GROUP, group.number),
        basic(Phase1Attribute.GROUP_TYPE, GroupType.MODP),
        of_octets(Phase1Attribute.GROUP_PRIME, group.prime),
        of_octets(Phase1Attribute.GROUP_GENERATOR_ONE, generator),
    )
    return IsakmpTransform(number=1, transform_id=IsakmpTransformId.KEY_IKE, attributes=attributes)


_I, _R = Role.INITIATOR, Role.RESPONDER
_N = NewGroupMode
NewGroupMode.rows = (
    Row(_I, "idle", "", None, _N.propose, "HDR*, HASH(1), SA", "waits for HASH(2)"),
    Row(_R, "idle", "HDR*, HASH(1), SA", _N.consider, None, "HDR*, HASH(2), SA", DONE),
    Row(_I, "waits for HASH(2)", "HDR*, HASH(2), SA", _N.check, None, "", DONE),
)
