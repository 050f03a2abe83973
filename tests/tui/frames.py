"""The screen as text, and the kept frames that it is held against."""

from __future__ import annotations

import os
from pathlib import Path

from textual.app import App

FRAMES = Path(__file__).parent / "frames"
UPDATE = "UPDATE_FRAMES"
"""Set to 1, this environment variable has the kept frames rewritten instead of compared."""


def screen_text(app: App[None]) -> str:
    """What is on the screen, one line a row, without colours."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips) + "\n"


def kept(name: str, frame: str) -> str:
    """The frame kept under this name; the given one becomes it where frames are being rewritten."""
    path = FRAMES / f"{name}.txt"
    if os.environ.get(UPDATE) == "1":
        path.write_text(frame, encoding="utf-8")
    return path.read_text(encoding="utf-8") if path.exists() else f"there is no {path}; run with {UPDATE}=1\n"
