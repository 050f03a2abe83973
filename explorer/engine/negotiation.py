"""Offers held against policies: the responder's own order decides, and every comparison is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from itertools import groupby
from typing import NamedTuple

import msgspec

from explorer.events import Comparison, Negotiation, Verdict
from explorer.wire import say
from explorer.wire.attributes import Namespace, VariableAttribute
from explorer.wire.payloads import Proposal, Transform

LONGEST_LIFE = 0xFFFFFFFF
"""Seconds that fit four octets; a duration may have thousands, and no clock can count so far."""


class LifeRule(Enum):
    """What to do with an offer that would live longer than one's own policy says (RFC 2407 §4.5.4)."""

    OBEY = "obey"
    STRICT = "strict"
    CLAIM = "claim"


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
        life_rule: what becomes of an offer that lives longer: its life is obeyed, it is refused, or it is taken
            and cut short, which the responder then claims in a notification.
        assumed_life: seconds to assume where an offer says nothing of its life.
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
    life_rule: LifeRule = LifeRule.STRICT
    assumed_life: int = 0


class Match(NamedTuple):
    """What fits what."""

    policy: Policy
    proposal: Proposal
    transform: Transform


def negotiate(
    protocol: str, bundles: Sequence[Sequence[Policy]], proposals: Sequence[Proposal]
) -> tuple[Negotiation, tuple[Match, ...] | None]:
    """Take the party's own policies in order and hold each against every transform on offer.

    Policies come in bundles, nearly always of one; proposals of one number are one too, and a bundle fits only as
    a whole (RFC 2408 §4.2).

    Returns:
        all comparisons up to the first match, and what matched, one for each member of the bundle.
    """
    comparisons: list[Comparison] = []
    offers = [tuple(members) for _, members in groupby(proposals, key=lambda proposal: proposal.number)]
    for bundle in bundles:
        for offer in offers:
            found = tuple(_members(bundle, offer, comparisons))
            if len(found) == len(bundle) == len(offer):
                return Negotiation(protocol, tuple(comparisons), agreed=True), found
    return Negotiation(protocol, tuple(comparisons), agreed=False), None


def _members(
    bundle: Sequence[Policy], offer: Sequence[Proposal], comparisons: list[Comparison]
) -> Iterator[Match]:
    """The first fitting transform for each member of a bundle; ends at the first member that has none."""
    for policy in bundle:
        candidates = [proposal for proposal in offer if proposal.protocol == policy.protocol] or offer
        found = _first_fit(policy, candidates, comparisons, surplus=len(offer) - len(bundle))
        if found is None:
            return
        yield found


def _first_fit(
    policy: Policy, proposals: Sequence[Proposal], comparisons: list[Comparison], surplus: int
) -> Match | None:
    for proposal in proposals:
        for transform in proposal.transforms:
            verdicts = compare(policy, proposal, transform)
            if surplus:
                said = "with others" if surplus > 0 else "alone"
                verdicts += (Verdict("Protocols", said, "alone" if surplus > 0 else "with others", ok=False),)
            comparison = Comparison(policy.label, proposal.number, transform.number, verdicts, transform)
            comparisons.append(comparison)
            if comparison.ok:
                return Match(policy, proposal, transform)
    return None


def nearest_miss(negotiation: Negotiation) -> str:
    """Why the offer that came nearest did not fit: its first mismatch, in words to put behind a sentence."""

    def faults(comparison: Comparison) -> int:
        return sum(not verdict.ok for verdict in comparison.verdicts)

    if not negotiation.comparisons:
        return ""
    first = min(negotiation.comparisons, key=faults).first_mismatch
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
    unit, life_is_given = None, False
    for attribute in transform.attributes:
        kind = attribute.type
        if kind == policy.life_type:
            unit = attribute.number
        elif kind == policy.lifetime_type:
            life_is_given = True
            if unit == policy.values[policy.life_type]:
                return attribute.number
    return None if life_is_given else policy.assumed_life or None


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
    absent = all(attribute.type != policy.lifetime_type for attribute in transform.attributes)
    if kind == policy.life_type:
        said = "absent" if seconds is None or absent else policy.namespace.say(kind, wanted)
        return Verdict(name, said, policy.namespace.say(kind, wanted), seconds is not None)
    said = "absent" if seconds is None else f"absent, {seconds} is assumed" if absent else say.number(seconds)
    if policy.life_rule is LifeRule.STRICT:
        return Verdict(name, said, f"at most {wanted}", seconds is not None and 0 < seconds <= wanted)
    if policy.life_rule is LifeRule.CLAIM:
        return Verdict(name, said, f"{wanted}, the shorter is used", bool(seconds))
    # Nobody can promise to obey a life that cannot be counted (RFC 2407 §4.5.4).
    countable = seconds is not None and 0 < seconds <= LONGEST_LIFE
    return Verdict(name, said, f"{wanted}, the offered one is obeyed", countable)


def settled_life(policy: Policy, transform: Transform, own: int) -> int:
    """Seconds for which an SA of this choice will be used."""
    offered = seconds_of_life(policy, transform) or own
    return offered if policy.life_rule is LifeRule.OBEY else min(own, offered)
