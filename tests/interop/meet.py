"""A fixture that puts one of our peers and charon on a wire."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from charon import Charon
from charon_settings import Settings
from demand import demand
from machine import Machine
from meeting import Meet, Meeting
from meeting_v2 import MeetV2, V2Meeting
from our_side import OurSide, our_config
from our_v2 import our_v2_config

from explorer.events import Role
from explorer.protocols.ikev1.config import Config
from explorer.protocols.ikev2.config import V2Config

Met = tuple[OurSide, Charon, Machine, Role]


def _put(stack: ExitStack, folder: Path, settings: Settings, config: Config | V2Config) -> Met:
    machine = stack.enter_context(Machine())
    role = settings.role.other
    ours = OurSide(role, config, machine)
    stack.callback(ours.close)
    charon = Charon(machine, settings, folder)
    stack.callback(charon.close)
    return ours, charon, machine, role


@pytest.fixture
def meet(tmp_path: Path) -> Iterator[Meet]:
    """Puts both on the wire: charon's settings first, then what is different about our configuration."""
    demand("charon-systemd", "swanctl", "ping")
    with ExitStack() as stack:

        def bring_together(settings: Settings, **changes: Any) -> Meeting:
            return Meeting(*_put(stack, tmp_path, settings, our_config(settings.role.other, **changes)))

        yield bring_together


@pytest.fixture
def meet_v2(tmp_path: Path) -> Iterator[MeetV2]:
    """The same for IKEv2."""
    demand("charon-systemd", "swanctl", "ping")
    with ExitStack() as stack:

        def bring_together(settings: Settings, **changes: Any) -> V2Meeting:
            config = our_v2_config(settings.role.other, **changes)
            return V2Meeting(*_put(stack, tmp_path, replace(settings, version=2), config))

        yield bring_together
