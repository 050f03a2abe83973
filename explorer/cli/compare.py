"""``compare A B``: two runs side by side."""

from __future__ import annotations

import argparse

from explorer.cli.play import SCENARIO_HELP, add_seed_argument, judge, settle_seed

ABOUT = "Run two scenarios and print them side by side."
_NARROWEST, _WIDEST = 80, 120


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``compare A B [--seed N|random] [--format text|json]``."""
    parser.add_argument("left", metavar="A", help=SCENARIO_HELP)
    parser.add_argument("right", metavar="B", help="the same; A and B with a seed have that seed both")
    add_seed_argument(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="text by default")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Print both; whether both reached their goals is the exit status."""
    from explorer.comparison.alignment import find_alignment
    from explorer.comparison.comparison import compare
    from explorer.lab.run import run
    from explorer.lab.scenario import load_scenario

    scenarios = [load_scenario(name) for name in (arguments.left, arguments.right)]
    seed = settle_seed(arguments.seed)
    traces = [run(scenario, seed) for scenario in scenarios]
    # By what was typed: somebody's own file may have a shipped name and be something else.
    comparison = compare(traces[0], traces[1], find_alignment(arguments.left, arguments.right))
    if arguments.format == "json":
        from explorer.export.comparison_json import comparison_to_json

        print(comparison_to_json(comparison), end="")
    else:
        from explorer.export.comparison_text import comparison_to_text

        print(comparison_to_text(comparison, _width()), end="")
    return max(judge(scenario, trace) for scenario, trace in zip(scenarios, traces, strict=True))


def _width() -> int:
    """As wide as the terminal, within reason; a file or a pipe gets the least."""
    import shutil

    return min(max(shutil.get_terminal_size((_NARROWEST, 24)).columns, _NARROWEST), _WIDEST)
