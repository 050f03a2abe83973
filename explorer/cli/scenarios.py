"""``scenarios``: what can be run, how it would be set up on real gear, and whether a file of one's own can be run."""

from __future__ import annotations

import argparse
from pathlib import Path

from explorer.cli import BAD_INPUT, DONE, complain
from explorer.cli.play import GEAR, demand_gear, missed_goal
from explorer.errors import ExplorerError

ABOUT = "List the shipped scenarios, show one, or check files of your own."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``scenarios [list | show NAME [--as cisco|strongswan] | check FILE…]``."""
    parser.set_defaults(execute=list_all)
    actions = parser.add_subparsers(title="actions", metavar="list | show | check")
    actions.add_parser("list", help="name and title of each; the default").set_defaults(execute=list_all)
    showing = actions.add_parser("show", help="what it is about and how its peers are set up")
    showing.add_argument("scenario", metavar="NAME", help="name of a shipped scenario, or the path of a .toml file")
    showing.add_argument("--as", choices=GEAR, dest="gear", help="as the configuration of such gear")
    showing.set_defaults(execute=show)
    checking = actions.add_parser("check", help="read and run each file, and say what is wrong with it")
    checking.add_argument("files", nargs="+", type=Path, metavar="FILE")
    checking.set_defaults(execute=check)


def list_all(_arguments: argparse.Namespace) -> int:
    """Name and title of each shipped scenario."""
    from explorer.lab.scenario import load_scenario, shipped

    found = [load_scenario(name) for name in shipped()]
    width = max((len(scenario.name) for scenario in found), default=0)
    for scenario in found:
        print(f"{scenario.name:<{width}}  {scenario.title}")
    return DONE


def show(arguments: argparse.Namespace) -> int:
    """A scenario in its own words, or each peer's configuration in the words of real gear."""
    from explorer.lab.scenario import load_scenario

    scenario = load_scenario(arguments.scenario)
    if arguments.gear is None:
        from explorer.export.gear.description import description

        print(description(scenario), end="")
        return DONE
    demand_gear(scenario)
    if arguments.gear == "cisco":
        from explorer.export.gear.cisco_config import cisco_config as configuration
    else:
        from explorer.export.gear.strongswan_config import strongswan_config as configuration
    from explorer.events import Role

    print("\n".join(configuration(scenario, role) for role in (Role.INITIATOR, Role.RESPONDER)), end="")
    return DONE


def check(arguments: argparse.Namespace) -> int:
    """Each file is read and run; a line for each that is not right."""
    from explorer.export.printable import printable

    problems = [(path, _problem(path)) for path in arguments.files]
    for path, problem in problems:
        if problem:
            complain(problem)
        else:
            print(f"{printable(str(path))}: fine")
    return BAD_INPUT if any(problem for _, problem in problems) else DONE


def _problem(path: Path) -> str:
    from explorer.lab.run import run
    from explorer.lab.scenario import read_scenario

    try:
        scenario = read_scenario(path)
    except ExplorerError as error:
        return str(error)
    return missed_goal(scenario, run(scenario))
