"""Where the course's files are: beside the code in a checkout, inside the package in a wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from explorer.errors import ExplorerError


@cache
def content_folder() -> Path:
    """The ``lessons`` folder.

    Raises:
        ExplorerError: the installation lacks it.
    """
    package = Path(__file__).parent
    for candidate in (package / "_lessons", package.parent / "lessons"):
        if (candidate / "fields").is_dir():
            return candidate
    raise ExplorerError(f"{package}: the lessons folder is missing; install ike-explorer again")
