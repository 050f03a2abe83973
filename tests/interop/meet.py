"""A fixture that puts one of our peers and charon on a wire."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from charon import Charon
from charon_settings import Settings
from demand import demand
from machine import Machine
from meeting import Meet, Meeting
from our_side import OurSide, our_config


@pytest.fixture
def meet(tmp_path: Path) -> Iterator[Meet]:
    """Puts both on the wire: charon's settings first, then what is different about our configuration."""
    demand("charon-systemd", "swanctl", "ping")
    with ExitStack() as stack:

        def bring_together(settings: Settings, **changes: Any) -> Meeting:
            machine = stack.enter_context(Machine())
            role = settings.role.other
            ours = OurSide(role, our_config(role, **changes), machine)
            stack.callback(ours.close)
            charon = Charon(machine, settings, tmp_path)
            stack.callback(charon.close)
            return Meeting(ours, charon, machine, role)

        yield bring_together
