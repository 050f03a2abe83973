"""Offers held against policies: the responder's own order decides, and every comparison is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from explorer.events import Comparison, Negotiation, Verdict
from explorer.wire.attributes import Namespace, VariableAttribute
from explorer.wire.payloads import Proposal, Transform


@dataclass(frozen=True)
class Policy:
    """One policy of a party.

    Attributes:
        label: what people call it, such as ``policy 10``.
        protocol: protocol number of the proposals that it fits.
        transform_id: the transform it wants.
        values: wanted value by attribute type, in the order in which they are compared.
        lifetime_type: attribute type of the life duration: an offer may be shorter.
        namespace: what the attribute types mean.
        longer_life_is_cut: whether an offer that lives longer is taken and cut short (RFC 2407 §4.5.4 leaves
            the choice), rather than refused.
        transform_label: what the transform is called, as a verdict of its own; ``""`` where it says nothing.
    """

    label: str
    protocol: int
    transform_id: int
    values: Mapping[int, int]
    lifetime_type: int
    namespace: Namespace
    transform_label: str = ""
    longer_life_is_cut: bool = False


def negotiate(
    protocol: str, policies: Sequence[Policy], proposals: Sequence[Proposal]
) -> tuple[Negotiation, tuple[Policy, Proposal, Transform] | None]:
    """Take the party's own policies in order and hold each against every transform on offer.

    Returns:
        all comparisons up to the first match, and what matched.
    """
    comparisons: list[Comparison] = []
    for policy in policies:
        for proposal in proposals:
            for transform in proposal.transforms:
                verdicts = compare(policy, proposal, transform)
                comparisons.append(Comparison(policy.label, proposal.number, transform.number, verdicts))
                if comparisons[-1].ok:
                    return Negotiation(protocol, tuple(comparisons)), (policy, proposal, transform)
    return Negotiation(protocol, tuple(comparisons)), None


def compare(policy: Policy, proposal: Proposal, transform: Transform) -> tuple[Verdict, ...]:
    """Verdicts attribute by attribute; an attribute that the policy does not want is one against it."""
    verdicts: list[Verdict] = []
    if policy.transform_label or (proposal.protocol, transform.transform_id) != (policy.protocol, policy.transform_id):
        spec = next(s for s in type(transform).specs() if s.name == "transform_id")
        fits = (proposal.protocol, transform.transform_id) == (policy.protocol, policy.transform_id)
        verdicts.append(
            Verdict("Transform", spec.meaning(transform.transform_id).partition(" ")[2], policy.transform_label, fits)
        )
    for kind, wanted in policy.values.items():
        verdicts.append(_verdict(policy, transform, kind, wanted))
    for attribute in transform.attributes:
        if isinstance(attribute, VariableAttribute) and attribute.type not in policy.namespace.variable:
            # Basic attributes must not be sent with a length (RFC 2409 Appendix A, RFC 2407 §4.5).
            name = policy.namespace.spec_for(attribute.type)[0].label
            verdicts.append(Verdict(name, "with a length", "in two octets", ok=False))
        elif attribute.type not in policy.values:
            name = policy.namespace.spec_for(attribute.type)[0].label
            verdicts.append(Verdict(name, policy.namespace.say(attribute.type, attribute.number), "absent", False))
    return tuple(verdicts)


def _verdict(policy: Policy, transform: Transform, kind: int, wanted: int) -> Verdict:
    namespace = policy.namespace
    offered = transform.value_of(kind)
    name = namespace.spec_for(kind)[0].label
    said = namespace.say(kind, offered) if offered is not None else "absent"
    if kind == policy.lifetime_type:
        if policy.longer_life_is_cut:
            return Verdict(name, said, f"{wanted}, the shorter is used", offered is not None)
        return Verdict(name, said, f"at most {wanted}", offered is not None and offered <= wanted)
    return Verdict(name, said, namespace.say(kind, wanted), offered == wanted)
