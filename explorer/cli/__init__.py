"""The command line: one thin command a file, each importing what it needs when it is about to need it."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Sequence

from explorer.errors import ExplorerError

DONE, BAD_INPUT, USAGE = 0, 1, 2
INTERRUPTED = 130
READER_LEFT = 141
"""What a shell reports for a program that its reader has left, such as ``show … | head``."""


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command; what was asked for goes to standard output, diagnostics to standard error.

    Returns:
        the exit status: 0 done, 1 the input was bad, 2 the usage was wrong.
    """
    # A command is over before collecting garbage would pay; the app turns it on again when it is up.
    gc.disable()
    _tolerate()
    try:
        status = _carry_out(argv)
        if sys.stdout is not None:
            sys.stdout.flush()
    except ExplorerError as error:
        complain(str(error))
        return BAD_INPUT
    except BrokenPipeError:
        _forget_output()
        return READER_LEFT
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        _forget_output()
        complain(f"{error.filename or 'standard output'}: {error.strerror or error}")
        return BAD_INPUT
    return status


def complain(message: str) -> None:
    """One line to standard error, whatever the message holds."""
    from explorer.export.printable import printable

    if sys.stderr is not None:
        print(f"ike-explorer: {printable(message)}", file=sys.stderr)


def _carry_out(argv: Sequence[str] | None) -> int:
    from explorer.cli.parser import build

    try:
        arguments = build().parse_args(argv)
    except SystemExit as leaving:
        # argparse has said what there is to say: help, version or what is wrong with the usage.
        return leaving.code if isinstance(leaving.code, int) else DONE
    return int(arguments.execute(arguments))


def _tolerate() -> None:
    """A terminal without a character shows a question mark for it, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _forget_output() -> None:
    """What is still buffered can go nowhere; without this the interpreter would complain while it ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, AttributeError, ValueError):
        return
