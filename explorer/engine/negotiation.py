"""Offers held against policies: the responder's own order decides, and every comparison is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from explorer.events import Comparison, Negotiation, Verdict
from explorer.wire.attributes import Namespace, VariableAttribute
from explorer.wire.payloads import Proposal, Transform


class Policy(msgspec.Struct, frozen=True):
    """One policy of a party.

    Attributes:
        label: what people call it, such as ``policy 10``.
        protocol: protocol number of the proposals that it fits.
        transform_id: the transform it wants.
        values: wanted value by attribute type, in the order in which they are compared.
        lifetime_type: attribute type of the life duration: an offer may be shorter.
        life_type: attribute type of the unit that a life duration is counted in.
        namespace: what the attribute types mean.
        longer_life_is_cut: whether an offer that lives longer is taken and cut short (RFC 2407 §4.5.4 leaves
            the choice), rather than refused.
        assumed_life: seconds to assume where an offer says nothing of its life; 0 where nothing may be assumed.
        transform_label: what the transform is called, as a verdict of its own; ``""`` where it says nothing.
    """

    label: str
    protocol: int
    transform_id: int
    values: Mapping[int, int]
    lifetime_type: int
    life_type: int
    namespace: Namespace
    transform_label: str = ""
    longer_life_is_cut: bool = False
    assumed_life: int = 0


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


def nearest_miss(negotiation: Negotiation) -> str:
    """Why the offer that came nearest did not fit: its first mismatch, in words to put behind a sentence."""

    def faults(comparison: Comparison) -> int:
        return sum(not verdict.ok for verdict in comparison.verdicts)

    if not negotiation.comparisons:
        return ""
    nearest = min(negotiation.comparisons, key=faults)
    first = next((verdict for verdict in nearest.verdicts if not verdict.ok), None)
    return f"; nearest: {first.attribute} {first.offered}, wanted {first.wanted}" if first is not None else ""


def compare(policy: Policy, proposal: Proposal, transform: Transform) -> tuple[Verdict, ...]:
    """Verdicts attribute by attribute; an attribute that the policy does not want is one against it."""
    verdicts: list[Verdict] = []
    if policy.transform_label or (proposal.protocol, transform.transform_id) != (policy.protocol, policy.transform_id):
        spec = next(s for s in type(transform).specs() if s.name == "transform_id")
        fits = (proposal.protocol, transform.transform_id) == (policy.protocol, policy.transform_id)
        verdicts.append(
            Verdict("Transform", spec.meaning(transform.transform_id).partition(" ")[2], policy.transform_label, fits)
        )
    verdicts += [_verdict(policy, transform, kind, wanted) for kind, wanted in policy.values.items()]
    verdicts += _surplus(policy, transform)
    return tuple(verdicts)


def _surplus(policy: Policy, transform: Transform) -> list[Verdict]:
    """What speaks against an offer besides a wanted value: the unknown, the misshapen, the contradictory."""
    namespace, found, seen = policy.namespace, [], set()
    life = (policy.life_type, policy.lifetime_type)
    for attribute in transform.attributes:
        name = namespace.spec_for(attribute.type)[0].label
        if isinstance(attribute, VariableAttribute) and attribute.type not in namespace.variable:
            # Basic attributes must not be sent with a length (RFC 2409 Appendix A, RFC 2407 §4.5).
            found.append(Verdict(name, "with a length", "in two octets", ok=False))
        elif attribute.type not in policy.values:
            found.append(Verdict(name, namespace.say(attribute.type, attribute.number), "absent", ok=False))
        elif attribute.type in seen and attribute.type not in life:
            # Conflicting attributes abort the negotiation (RFC 2407 §4.5.2); only lifetimes come in several units.
            found.append(Verdict(name, "twice", "once", ok=False))
        seen.add(attribute.type)
    return found


def seconds_of_life(policy: Policy, transform: Transform) -> int | None:
    """The offered life in seconds; life types and durations come in pairs, one for each unit."""
    unit = None
    if policy.assumed_life and all(attribute.type != policy.lifetime_type for attribute in transform.attributes):
        return policy.assumed_life
    for attribute in transform.attributes:
        if attribute.type == policy.life_type:
            unit = attribute.number
        elif attribute.type == policy.lifetime_type and unit == policy.values[policy.life_type]:
            return attribute.number
    return None


def _verdict(policy: Policy, transform: Transform, kind: int, wanted: int) -> Verdict:
    namespace = policy.namespace
    name = namespace.spec_for(kind)[0].label
    if kind in (policy.life_type, policy.lifetime_type):
        return _life_verdict(policy, transform, name, kind, wanted)
    offered = transform.value_of(kind)
    said = namespace.say(kind, offered) if offered is not None else "absent"
    return Verdict(name, said, namespace.say(kind, wanted), offered == wanted)


def _life_verdict(policy: Policy, transform: Transform, name: str, kind: int, wanted: int) -> Verdict:
    """A life in seconds is wanted; one in other units may stand beside it."""
    seconds = seconds_of_life(policy, transform)
    if kind == policy.life_type:
        said = "absent" if seconds is None else policy.namespace.say(kind, wanted)
        return Verdict(name, said, policy.namespace.say(kind, wanted), seconds is not None)
    said = "absent" if seconds is None else str(seconds)
    if policy.longer_life_is_cut:
        return Verdict(name, said, f"{wanted}, the shorter is used", bool(seconds))
    return Verdict(name, said, f"at most {wanted}", seconds is not None and 0 < seconds <= wanted)
