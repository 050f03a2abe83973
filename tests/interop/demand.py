from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

_SYSTEM_PATHS = "/usr/sbin:/sbin:/usr/local/sbin"
_WIRING = ("ip", "nsenter", "setpriv", "unshare")


def program(name: str) -> str:
    """Where a program is; those for administrators are often not on a person's PATH."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SYSTEM_PATHS}")
    assert found is not None, f"{name} is not installed"
    return found


def demand(*programs: str) -> None:
    """Without what it takes a person's run goes on and says so; a run that others rely on fails."""
    path = f"{os.environ.get('PATH', '')}:{_SYSTEM_PATHS}"
    lacking = [name for name in (*_WIRING, *programs) if shutil.which(name, path=path) is None]
    complaints = [f"{', '.join(lacking)} not installed"] if lacking else []
    if os.geteuid() != 0:
        complaints.append("only root may make network namespaces")
    if not Path("/dev/net/tun").exists():
        complaints.append("there is no /dev/net/tun")
    if not complaints:
        return
    if os.environ.get("CI"):
        pytest.fail(f"this run must meet real gear, but {'; '.join(complaints)}")
    pytest.skip(f"NOT CHECKED AGAINST REAL GEAR: {'; '.join(complaints)}")
