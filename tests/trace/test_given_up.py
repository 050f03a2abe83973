"""A message that was to be sent and was not: whoever gives up over it is still at the last one that was."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from explorer.events import Concluded, Refused, Role
from explorer.lab.run import run
from explorer.lab.scenario import Scenario, load_scenario
from explorer.tui.workspace import Workspace

TRUSTS = ("lab-ca", "lab-ca-ed25519")


def without_names(side: str) -> Scenario:
    """One side has a key for Ed25519, and the other does not say that it takes that."""
    scenario = load_scenario("ikev2-ed25519")
    peers = {name: replace(getattr(scenario, name), trusts=TRUSTS) for name in ("initiator", "responder")}
    peers[side] = replace(peers[side], proves="rsa", certificate=f"{side}-rsa")
    return replace(scenario, goal="failed", **peers)


@pytest.mark.parametrize(
    ("side", "messages", "by"), [("responder", 2, Role.INITIATOR), ("initiator", 4, Role.RESPONDER)])
def test_every_event_belongs_to_a_message_that_there_is(side: str, messages: int, by: Role) -> None:
    trace = run(without_names(side))
    assert len(trace.steps) == messages
    assert {entry.step for entry in trace.entries} == set(range(1, messages + 1))
    assert trace.steps[-1].last == len(trace) - 1
    (refused,) = trace.refusals
    assert isinstance(refused.event, Refused)
    assert (refused.party, refused.step) == (by, messages)
    ends = [entry for entry in trace.events_of(Concluded) if entry.party is by]
    assert isinstance(ends[-1].event, Concluded)
    assert ends[-1].event.outcome == "failed"


@pytest.mark.parametrize("side", ["initiator", "responder"])
def test_one_can_go_to_every_event(side: str) -> None:
    trace = run(without_names(side))
    workspace = Workspace(trace)
    for at in range(len(trace)):
        workspace.go_to_event(at)
        assert workspace.step.number == trace[at].step
        assert workspace.words is not None
