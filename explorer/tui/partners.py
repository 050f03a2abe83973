"""What a run can be held beside, and holding it there.  No widgets in here."""

from __future__ import annotations

import re
from typing import NamedTuple

from explorer.comparison.alignment import find_alignment, partners_of
from explorer.comparison.comparison import Comparison, compare
from explorer.lab.run import run
from explorer.lab.scenario import Scenario, load_scenario, shipped


class Partner(NamedTuple):
    """A shipped scenario; ``aligned`` where somebody has written down what in it stands for what in the other."""

    scenario: Scenario
    aligned: bool

    def fits(self, words: str) -> bool:
        """Whether every word occurs in the name, or where a word of the title begins."""
        scenario = self.scenario
        titles = f"{scenario.title} {scenario.short}".casefold()
        return all(
            word in scenario.name or re.search(rf"\b{re.escape(word)}", titles) is not None
            for word in words.casefold().split()
        )


class Beside(NamedTuple):
    """A comparison, and on which side of it one's own run is."""

    comparison: Comparison
    own: str


def find_partners(scenario: Scenario) -> list[Partner]:
    """Everything but the scenario itself, what is aligned with it first.

    Raises:
        ExplorerError: a content file is not as it should be.
    """
    aligned = partners_of(scenario.name) if _is_shipped(scenario) else ()
    others = [other for other in map(load_scenario, shipped()) if other != scenario]
    found = [Partner(other, other.name in aligned) for other in others]
    return sorted(found, key=lambda partner: not partner.aligned)


def hold_beside(scenario: Scenario, partner: Partner, seed: int) -> Beside:
    """Run both with one seed, the older protocol at the left.

    Both are run, though one of them has been: what an open app reads from its own run fills in as it is asked for, and
    this may happen in another thread.

    Raises:
        ExplorerError: a content file is not as it should be, or does not fit these runs.
    """
    turned = partner.scenario.protocol < scenario.protocol
    left, right = (partner.scenario, scenario) if turned else (scenario, partner.scenario)
    alignment = find_alignment(left.name, right.name) if partner.aligned else None
    return Beside(compare(run(left, seed), run(right, seed), alignment), "right" if turned else "left")


def _is_shipped(scenario: Scenario) -> bool:
    """Somebody's own file may have a shipped name and be something else."""
    return scenario.name in shipped() and load_scenario(scenario.name) == scenario
