"""What commands that run a scenario share: its name, its seed, and whether it ended as it should."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from explorer.cli import BAD_INPUT, DONE, complain

if TYPE_CHECKING:
    from explorer.lab.scenario import Scenario
    from explorer.trace.trace import Trace

GEAR = ("cisco", "strongswan")
"""Whose words a run and a scenario can be put in."""
SCENARIO_HELP = "name of a shipped scenario, or the path of a .toml file"
RANDOM = "random"
_SEEDS = 2**64


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """``SCENARIO [--seed N|random]``."""
    parser.add_argument("scenario", metavar="SCENARIO", help=SCENARIO_HELP)
    add_seed_argument(parser)


def add_seed_argument(parser: argparse.ArgumentParser) -> None:
    """``[--seed N|random]``."""
    parser.add_argument("--seed", type=_seed, metavar="N|random",
                        help="same seed, same octets; without it, the scenario's own")


def play(arguments: argparse.Namespace) -> tuple[Scenario, Trace]:
    """Load the scenario that the arguments name and run it.

    Raises:
        ExplorerError: there is no such scenario, or its file is not as it should be.
    """
    from explorer.lab.run import run
    from explorer.lab.scenario import load_scenario

    scenario = load_scenario(arguments.scenario)
    return scenario, run(scenario, settle_seed(arguments.seed))


def settle_seed(wanted: int | str | None) -> int | None:
    """The seed that was asked for; one that is drawn is said, so that it can be given again."""
    if not isinstance(wanted, str):
        return wanted
    seed = draw_seed()
    complain(f"the seed is {seed}")
    return seed


def demand_gear(scenario: Scenario) -> None:
    """Gear's words are known for IKEv1 only.

    Raises:
        ExplorerError: the scenario is about something else.
    """
    from explorer.errors import ExplorerError

    if scenario.protocol != "ikev1":
        raise ExplorerError(f"{scenario.name}: --as expects a scenario of ikev1, this is {scenario.protocol}")


def draw_seed() -> int:
    """32 bits from the system: few enough to be read aloud."""
    import secrets  # noqa: TID251 - a seed is where randomness comes in

    return secrets.randbits(32)


def judge(scenario: Scenario, trace: Trace) -> int:
    """A run that ends as its scenario says is a success, even if that is a failure; any other is said to be none."""
    difference = missed_goal(scenario, trace)
    if difference:
        complain(difference)
        return BAD_INPUT
    return DONE


def missed_goal(scenario: Scenario, trace: Trace) -> str:
    """How a run's end differs from what its scenario aims at; nothing if it does not."""
    if trace.outcome == scenario.goal:
        return ""
    return f"{scenario.name}: the run ended as {trace.outcome}, the goal is {scenario.goal}: {trace.reason}"


def _seed(text: str) -> int | str:
    if text == RANDOM:
        return text
    # int() takes more than a person means: signs, underscores, digits of other scripts.
    if text.isascii() and text.isdigit() and len(text) <= len(str(_SEEDS)) and int(text) < _SEEDS:
        return int(text)
    raise argparse.ArgumentTypeError(f'expected N from 0 to 2**64-1 or "random", got {text!r}')
