"""``show SCENARIO``: the run on standard output, without the app."""

from __future__ import annotations

import argparse

from explorer.cli.play import GEAR, add_run_arguments, demand_gear, judge, play

ABOUT = "Print a run as text, as JSON or as the log of real gear."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``show SCENARIO [--seed N|random] [--message N] [--format text|json | --as cisco|strongswan]``."""
    add_run_arguments(parser)
    parser.add_argument("--message", type=int, metavar="N", help="only this message")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--format", choices=("text", "json"), default="text", help="text by default")
    form.add_argument("--as", choices=GEAR, dest="gear", help="what the consoles of such gear would show")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Print what was asked for; whether the run reached its goal is the exit status."""
    scenario, trace = play(arguments)
    if arguments.gear is not None:
        demand_gear(scenario)
    if arguments.gear == "cisco":
        from explorer.export.gear.cisco_log import cisco_log as said
    elif arguments.gear == "strongswan":
        from explorer.export.gear.strongswan_log import strongswan_log as said
    elif arguments.format == "json":
        from explorer.export.json_export import to_json as said
    else:
        from explorer.export.text import to_text as said
    print(said(trace, arguments.message), end="")
    return judge(scenario, trace)
