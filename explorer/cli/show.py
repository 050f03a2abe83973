"""``show SCENARIO``: the run on standard output, without the app."""

from __future__ import annotations

import argparse

from explorer.cli.play import add_run_arguments, judge, play

ABOUT = "Print a run as text or JSON."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``show SCENARIO [--seed N|random] [--message N] [--format text|json]``."""
    add_run_arguments(parser)
    parser.add_argument("--message", type=int, metavar="N", help="only this message")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="text by default")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Print what was asked for; whether the run reached its goal is the exit status."""
    scenario, trace = play(arguments)
    if arguments.format == "json":
        from explorer.export.json_export import to_json as said
    else:
        from explorer.export.text import to_text as said
    print(said(trace, arguments.message), end="")
    return judge(scenario, trace)
