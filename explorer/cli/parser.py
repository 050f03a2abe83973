"""The grammar of the command line."""

from __future__ import annotations

import argparse
from typing import NoReturn

from explorer import __version__
from explorer.cli import USAGE, compare, export, lessons, run, scenarios, show

_ABOUT = "A complete IKE exchange in your terminal: every message, every octet, every key, and where each came from."


class Parser(argparse.ArgumentParser):
    """Complains in one line, like everything else here."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and leave with status 2."""
        self.exit(USAGE, f"{self.prog}: {message} (try {self.prog} --help)\n")


def build() -> argparse.ArgumentParser:
    """All commands; without one, the app opens on its first scenario."""
    parser = Parser(prog="ike-explorer", description=_ABOUT, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"ike-explorer {__version__}")
    parser.set_defaults(execute=run.execute, scenario=run.FIRST, seed=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in (run, show, compare, export, scenarios, lessons):
        name = command.__name__.rpartition(".")[2]
        added = commands.add_parser(name, help=command.ABOUT, description=command.ABOUT, allow_abbrev=False)
        command.add_arguments(added)
    return parser

