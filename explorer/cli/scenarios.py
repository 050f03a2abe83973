"""``scenarios``: what can be run, and whether a file of one's own can."""

from __future__ import annotations

import argparse
from pathlib import Path

from explorer.cli import BAD_INPUT, DONE, complain
from explorer.cli.play import missed_goal
from explorer.errors import ExplorerError

ABOUT = "List the shipped scenarios, or check files of your own."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``scenarios [list | check FILE…]``."""
    parser.set_defaults(execute=list_all)
    actions = parser.add_subparsers(title="actions", metavar="list | check")
    actions.add_parser("list", help="name and title of each; the default").set_defaults(execute=list_all)
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
