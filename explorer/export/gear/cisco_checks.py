"""How the gear goes through offers: each of its policies against each transform, and what it says of them."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.events import Comparison, Negotiation
from explorer.export.gear.cisco_words import (
    agreed_life,
    group_by_policy,
    ipsec_attributes,
    isakmp_attributes,
    refusal_line,
    refused_for,
    transform_name,
    transform_set,
)

_INDENT = "ISAKMP:      "


def isakmp_checks(negotiation: Negotiation, me: str, addresses: str) -> Iterator[str]:
    """Phase 1: the party's own policies by priority, against every transform.

    Args:
        me: how the gear begins its lines.
        addresses: ``(local A remote B)``.
    """
    for label, comparisons in group_by_policy(negotiation):
        for comparison in comparisons:
            yield from isakmp_check(comparison, label, me)
    if negotiation.chosen is None:
        yield f"{me}:no offers accepted!"
        yield f"{me}: phase 1 SA policy not acceptable! {addresses}"
        return
    life = agreed_life(negotiation.chosen)
    if life is not None:
        yield f"{me}:Returning Actual lifetime: {life}"
        yield f"{me}::Started lifetime timer: {life}."


def isakmp_check(comparison: Comparison, label: str, me: str) -> Iterator[str]:
    """One transform against one policy: what is offered, at most one refusal, the result."""
    priority = label.removeprefix("policy ")
    yield f"{me}:Checking ISAKMP transform {comparison.transform} against priority {priority} policy"
    yield from (f"{_INDENT}{said}" for said in isakmp_attributes(comparison.offer))
    fault = refused_for(comparison)
    line = refusal_line(fault) if fault is not None else None
    if line is not None:
        yield f"{me}:{line}"
    verdict = "acceptable" if comparison.ok else "not acceptable"
    yield f"{me}:atts are {verdict}. Next payload is {comparison.offer.next_payload}"


def ipsec_checks(negotiation: Negotiation, me: str, addresses: str) -> Iterator[str]:
    """Phase 2: each offered transform once; whether it will do, the gear asks its IPsec side."""
    best: dict[tuple[int, int, str], Comparison] = {}
    for comparison in negotiation.comparisons:
        key = comparison.proposal, comparison.transform, type(comparison.offer).__name__
        if key not in best or comparison.ok:
            best[key] = comparison
    for (proposal, transform, _), comparison in sorted(best.items(), key=lambda item: item[0][:2]):
        yield f"{me}:Checking IPSec proposal {proposal}"
        yield from _ipsec_check(transform, comparison, me)
    if negotiation.chosen is None:
        yield f"{me}: phase 2 SA policy not acceptable! {addresses}"


def _ipsec_check(transform: int, comparison: Comparison, me: str) -> Iterator[str]:
    name = transform_name(comparison.offer)
    if name is not None:
        yield f"ISAKMP: transform {transform}, {name}"
    yield "ISAKMP:   attributes in transform:"
    yield from (f"{_INDENT}{said}" for said in ipsec_attributes(comparison.offer))
    # This says only that the attributes make sense.
    yield f"{me}:atts are acceptable."
    fault, words = comparison.first_mismatch, transform_set(comparison.offer)
    # What it says where only PFS or the life differs is not known.
    if fault is not None and words is not None and fault.attribute not in ("Group description", "SA life duration"):
        yield f"IPSEC(ipsec_process_proposal): transform proposal not supported for identity: {{{words} }}"
        yield f"{me}: IPSec policy invalidated proposal with error 256"
