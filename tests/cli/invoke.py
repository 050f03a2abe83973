"""``ike-explorer`` as a shell would start it, and scenarios to give it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from explorer.content import content_folder

FIRST = "ikev1-main-psk"
WRONG_PSK = ('psk = "correct horse battery staple"', 'psk = "something else"')
FAILS = ('goal = "established"', 'goal = "failed"')


class Cli:
    """Runs commands in one folder, without a terminal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "explorer", *arguments],
            cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=60, check=False,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        )

    def write(self, name: str, *changes: tuple[str, str]) -> Path:
        """A copy of a shipped scenario with some of its text replaced."""
        text = (content_folder() / "scenarios" / f"{FIRST}.toml").read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


def one_line(text: str) -> bool:
    """Whether a diagnostic is one line that says who speaks."""
    return text.count("\n") == 1 and text.endswith("\n") and text.startswith("ike-explorer")
