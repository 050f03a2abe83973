"""``export SCENARIO``: the run in files for other programs."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.cli.play import add_run_arguments, judge, play
from explorer.errors import ExplorerError

if TYPE_CHECKING:
    from explorer.export.files import Output
    from explorer.trace.trace import Trace

ABOUT = "Write a run as a capture, Wireshark's key tables, JSON or text."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``export SCENARIO [--seed N|random] [--pcap FILE] [--keys DIR] [--json FILE] [--text FILE]``."""
    add_run_arguments(parser)
    parser.add_argument("--pcap", type=Path, metavar="FILE", help="a capture, IKE and ESP in one")
    parser.add_argument("--keys", type=Path, metavar="DIR", help="key tables, for use as WIRESHARK_CONFIG_DIR")
    parser.add_argument("--json", type=Path, metavar="FILE", help="everything, for scripts")
    parser.add_argument("--text", type=Path, metavar="FILE", help="everything, for people")
    parser.set_defaults(execute=partial(execute, parser))


def execute(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Make all contents first, then write all files."""
    files = (arguments.pcap, arguments.json, arguments.text)
    if not any((*files, arguments.keys)):
        parser.error("expected at least one of --pcap, --keys, --json and --text")
    scenario, trace = play(arguments)
    from explorer.export.files import write_all

    for path in filter(None, (*files, arguments.keys)):
        if str(path) == "-":
            raise ExplorerError("-: expected a path; what goes to standard output is made by “ike-explorer show”")
        if path.exists() and Path(arguments.scenario).exists() and path.samefile(arguments.scenario):
            raise ExplorerError(f"{path}: is the scenario itself, expected another path")
    write_all(_outputs(trace, arguments), [arguments.keys] if arguments.keys else [])
    return judge(scenario, trace)


def _outputs(trace: Trace, arguments: argparse.Namespace) -> list[Output]:
    from explorer.export.files import Output, folder_of_files

    outputs = []
    if arguments.pcap:
        from explorer.export.pcap import pcap

        outputs.append(Output(arguments.pcap, pcap(trace)))
    if arguments.json:
        from explorer.export.json_export import to_json

        outputs.append(Output(arguments.json, to_json(trace).encode()))
    if arguments.text:
        from explorer.export.text import to_text

        outputs.append(Output(arguments.text, to_text(trace).encode()))
    if arguments.keys:
        from explorer.export.wireshark import key_tables

        outputs += folder_of_files(arguments.keys, key_tables(trace))
    return outputs
