from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from explorer.lab.run import run
from explorer.lab.scenario import load_scenario
from explorer.trace.trace import Trace

settings.register_profile("explorer", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("explorer")

MAIN, PFS = "ikev1-main-psk", "ikev1-main-psk-pfs"


@cache
def recording(name: str) -> Trace:
    return run(load_scenario(name))


@pytest.fixture(params=[MAIN, PFS])
def trace(request: pytest.FixtureRequest) -> Trace:
    return recording(request.param)


@pytest.fixture
def main() -> Trace:
    return recording(MAIN)


@pytest.fixture
def pfs() -> Trace:
    return recording(PFS)


@pytest.fixture(scope="session")
def vectors() -> Path:
    return Path(__file__).parent / "vectors"
