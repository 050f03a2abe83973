"""docs/json.md says of every kind of event which keys it has, and names none that does not exist."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest
from conftest import recording

from explorer.events import Event
from explorer.export.json_export import to_json
from explorer.lab.scenario import shipped

REFERENCE = Path(__file__).parents[2] / "docs" / "json.md"
COMMON = {"at", "time", "party", "step", "beat", "cause", "kind"}


@cache
def rows() -> dict[str, set[str]]:
    """What stands in code font in the row of each kind of event."""
    section = REFERENCE.read_text(encoding="utf-8").partition("## Events")[2].partition("\n## ")[0]
    found: dict[str, set[str]] = {}
    for line in section.splitlines():
        if line.startswith("| `") and not line.startswith("| `kind`"):
            kinds, keys = line.strip("| ").split(" | ", 1)
            found |= {kind: set(re.findall(r"`(\w+)`", keys)) for kind in re.findall(r"`(\w+)`", kinds)}
    return found


def test_every_kind_of_event_has_a_row() -> None:
    kinds = {re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower() for kind in Event.__subclasses__()}
    assert rows().keys() == kinds


@pytest.mark.parametrize("name", shipped())
def test_every_key_of_an_event_is_in_its_row(name: str) -> None:
    for event in json.loads(to_json(recording(name)))["events"]:
        assert set(event) - COMMON <= rows()[event["kind"]], event["kind"]
