"""``run SCENARIO``: the app.  The only command that imports it."""

from __future__ import annotations

import argparse
import os
import sys

from explorer.cli import DONE
from explorer.cli.play import add_run_arguments, draw_seed, play
from explorer.errors import ExplorerError

ABOUT = "Open the app on a scenario."
FIRST = "ikev1-main-psk"
"""What the app opens when nothing is said."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``run SCENARIO [--seed N|random]``."""
    add_run_arguments(parser)
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Run the scenario, then show it until the person leaves."""
    scenario, trace = play(arguments)
    if not _has_screen():
        raise ExplorerError(f"the app needs a terminal; for a file or a pipe: ike-explorer show {arguments.scenario}")
    from explorer.tui.app import run_app

    run_app(trace, scenario, draw_seed)
    return DONE


def _has_screen() -> bool:
    """A terminal, or a driver that stands in for one, such as the browser's."""
    return "TEXTUAL_DRIVER" in os.environ or (sys.stdin is not None and sys.stdin.isatty())
