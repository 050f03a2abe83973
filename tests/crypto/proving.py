from __future__ import annotations

import subprocess

from explorer.crypto.expression import Expr


def proved(expression: Expr) -> bytes:
    """What the proof command prints."""
    command = expression.command()
    assert command is not None
    assert "\n" not in command
    script = f"set -e -o pipefail\n{command}\n"
    done = subprocess.run(["bash"], input=script, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.endswith("\n")
    assert done.stdout == done.stdout.lower()
    return bytes.fromhex(done.stdout)
