from __future__ import annotations

import pytest

from explorer.engine.negotiation import LifeRule, Policy, compare, nearest_miss, negotiate, settled_life
from explorer.protocols.ikev1.policies import Phase1Policy, Phase2Policy
from explorer.wire.attributes import basic
from explorer.wire.payloads import Proposal, Transform

ESP = Phase2Policy(1, 12, 128, 2, 1, 3600, None)
AH = Phase2Policy(1, 3, None, 2, 1, 3600, None, protocol=2)
LONE = Phase1Policy(10, 7, 128, 2, 1, 14, 3600)


def proposal(number: int, *policies: Phase2Policy, spi: bytes = b"spi!") -> list[Proposal]:
    """Policies under one number: they go together."""
    return [Proposal(number=number, protocol=p.protocol, spi=spi, transforms=(p.transform(1),)) for p in policies]


def bundle(*policies: Phase2Policy) -> list[Policy]:
    return [policy.policy() for policy in policies]


def test_a_bundle_fits_a_bundle_member_by_member() -> None:
    _, found = negotiate("AH and ESP", [bundle(AH, ESP)], proposal(1, AH, ESP))
    assert found is not None
    assert [(match.policy.protocol, match.proposal.protocol) for match in found] == [(2, 2), (3, 3)]


def test_members_of_a_bundle_may_come_in_another_order() -> None:
    _, found = negotiate("AH and ESP", [bundle(AH, ESP)], proposal(1, ESP, AH))
    assert found is not None
    assert [(match.policy.protocol, match.proposal.protocol) for match in found] == [(2, 2), (3, 3)]


@pytest.mark.parametrize(("own", "offered", "said"), [
    ([ESP], [AH, ESP], "with others"), ([AH], [AH, ESP], "with others"), ([AH, ESP], [ESP], "alone")])
def test_a_bundle_fits_only_as_a_whole(own: list[Phase2Policy], offered: list[Phase2Policy], said: str) -> None:
    negotiation, found = negotiate("IPsec", [bundle(*own)], proposal(1, *offered))
    assert found is None
    assert negotiation.chosen is None
    verdicts = [v for comparison in negotiation.comparisons for v in comparison.verdicts if v.attribute == "Protocols"]
    assert [verdict.offered for verdict in verdicts] == [said] * len(verdicts)
    assert verdicts


def test_a_member_that_does_not_fit_spoils_its_bundle_and_not_the_next_one() -> None:
    other = Phase2Policy(1, 12, 256, 2, 1, 3600, None)
    offers = [*proposal(1, AH, other), *proposal(2, AH, ESP)]
    negotiation, found = negotiate("AH and ESP", [bundle(AH, ESP)], offers)
    assert found is not None
    assert {match.proposal.number for match in found} == {2}
    assert [(c.proposal, c.ok) for c in negotiation.comparisons] == [(1, True), (1, False), (2, True), (2, True)]


def test_a_refused_bundle_has_no_chosen_offer() -> None:
    other = Phase2Policy(1, 12, 256, 2, 1, 3600, None)
    negotiation, found = negotiate("AH and ESP", [bundle(AH, ESP)], proposal(1, AH, other))
    assert found is None
    assert negotiation.chosen is None


def test_own_bundles_are_tried_in_their_own_order() -> None:
    second = Phase2Policy(2, 3, None, 2, 1, 3600, None)
    _, found = negotiate("ESP", [bundle(ESP), bundle(second)], [*proposal(1, second), *proposal(2, ESP)])
    assert found is not None
    assert [(match.policy.label, match.proposal.number) for match in found] == [("proposal 1", 2)]


# ---------------------------------------------------------------- lives


def offered(seconds: int | None) -> Transform:
    transform = LONE.transform(1)
    kept = tuple(a for a in transform.attributes if a.type != 12)
    return transform.replace(attributes=kept if seconds is None else (*kept, basic(12, seconds)))


def taken(rule: LifeRule, seconds: int | None) -> int | None:
    """What becomes of an offer of so many seconds against a policy of an hour; ``None`` if it is refused."""
    own = LONE.policy(rule)
    holder = Proposal(number=1, protocol=1, transforms=(offered(seconds),))
    _, found = negotiate("ISAKMP", [[own]], [holder])
    return settled_life(own, found[0].transform, LONE.lifetime) if found is not None else None


@pytest.mark.parametrize(("rule", "shorter", "equal", "longer"), [
    (LifeRule.STRICT, 60, 3600, None), (LifeRule.CLAIM, 60, 3600, 3600), (LifeRule.OBEY, 60, 3600, 7200)])
def test_each_rule_has_its_own_answer_to_a_longer_life(
    rule: LifeRule, shorter: int, equal: int, longer: int | None
) -> None:
    assert (taken(rule, 60), taken(rule, 3600), taken(rule, 7200)) == (shorter, equal, longer)


@pytest.mark.parametrize("rule", LifeRule)
def test_a_life_of_nothing_is_never_taken(rule: LifeRule) -> None:
    assert taken(rule, 0) is None


@pytest.mark.parametrize("rule", LifeRule)
def test_an_isakmp_offer_without_a_life_gets_the_policys_own(rule: LifeRule) -> None:
    assert taken(rule, None) == 3600


def test_what_is_assumed_is_said() -> None:
    silent = offered(None)
    verdicts = compare(LONE.policy(), Proposal(number=1, protocol=1, transforms=(silent,)), silent)
    assert [v.offered for v in verdicts if v.attribute == "Life duration"] == ["absent, 3600 is assumed"]


def test_the_nearest_miss_is_the_offer_with_the_fewest_faults() -> None:
    far, near = Phase1Policy(1, 5, None, 1, 3, 2, 3600), Phase1Policy(2, 7, 256, 2, 1, 14, 3600)
    transforms = (far.transform(1), near.transform(2))
    negotiation, found = negotiate("ISAKMP", [[LONE.policy()]], [Proposal(number=1, protocol=1, transforms=transforms)])
    assert found is None
    assert nearest_miss(negotiation) == "; nearest: Key length 256, wanted 128"
