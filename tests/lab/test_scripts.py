from __future__ import annotations

import msgspec
import pytest

from explorer.events import Role, SaEnded
from explorer.lab.run import run
from explorer.lab.scenario import Scenario, load_scenario
from explorer.lab.script import ACTIONS, Action, parse_action
from explorer.trace.trace import Trace

NAME = "ikev1-main-psk"


def played(*script: str, name: str = NAME) -> Trace:
    return run(msgspec.structs.replace(load_scenario(name), script=list(script)))


@pytest.mark.parametrize("text", [action for action in ACTIONS if action != "wait N"])
def test_every_action_is_read(text: str) -> None:
    assert parse_action(text) == Action(text, Role.INITIATOR)
    by_responder = parse_action(f"{text} by responder")
    assert by_responder == (None if text in ("phase 1", "move", "resume") else Action(text, Role.RESPONDER))


@pytest.mark.parametrize(("text", "seconds"), [("wait 0", 0.0), ("wait 20", 20.0), ("wait 999999999", 999999999.0)])
def test_a_wait_has_its_seconds(text: str, seconds: float) -> None:
    assert parse_action(text) == Action("wait", Role.INITIATOR, seconds)


@pytest.mark.parametrize("text", ["", "wait", "wait N", "wait -1", "wait 1.5", "wait 9999999999", "ping by initiator",
                                  "ping by responder by responder", "Ping", " ping", "ping ", "phase 3", "dance"])
def test_anything_else_is_none(text: str) -> None:
    assert parse_action(text) is None


@pytest.mark.parametrize(("script", "outcome"), [
    (("phase 1",), "established"),
    (("phase 1", "phase 2", "rekey by responder", "ping by responder"), "established"),
    (("phase 1", "phase 2", "dpd", "dpd by responder"), "established"),
    (("phase 1", "phase 2", "delete phase 2", "delete phase 1"), "completed"),
    (("phase 1", "phase 2", "delete phase 1 by responder", "ping"), "established"),
])
def test_what_a_script_comes_to(script: tuple[str, ...], outcome: str) -> None:
    trace = played(*script)
    assert trace.outcome == outcome, trace.reason


@pytest.mark.parametrize(("script", "reason"), [
    (("phase 1", "ping"), "no outbound SA"),
    (("phase 1", "delete phase 1", "phase 2"), "no ISAKMP SA with 10.0.0.2"),
    (("phase 1", "phase 2", "delete phase 2", "ping"), "no outbound SA"),
    (("phase 1", "phase 2", "wait 90000", "ping"), "no outbound SA"),
])
def test_what_cannot_be_done_is_told_and_ends_the_script(script: tuple[str, ...], reason: str) -> None:
    trace = played(*script)
    assert (trace.outcome, trace.reason) == ("failed", reason)


def test_waiting_moves_the_clock_and_nothing_else() -> None:
    trace = played("phase 1", "wait 100", "phase 2")
    times = [step.time for step in trace.steps]
    assert times[6] - times[5] >= 100
    assert len(times) == 9


def test_time_that_passes_ends_sas() -> None:
    trace = played("phase 1", "phase 2", "wait 100000")
    ended = [entry.event.how for entry in trace.events_of(SaEnded) if isinstance(entry.event, SaEnded)]
    assert set(ended) == {"expired"}
    assert len(ended) == 6
    assert trace.outcome == "completed"


def test_the_reason_of_a_failure_is_the_first_thing_refused() -> None:
    scenario: Scenario = load_scenario("ikev1-policy-mismatch-group")
    trace = run(scenario)
    assert trace.outcome == "failed"
    assert "Group description" in trace.reason


def test_being_asked_for_a_cookie_is_no_reason_of_a_failure() -> None:
    scenario = load_scenario("ikev2-wrong-psk")
    responder = msgspec.structs.replace(scenario.responder, wants_cookies=True)
    trace = run(msgspec.structs.replace(scenario, responder=responder))
    assert trace.outcome == "failed"
    assert trace.reason.startswith("AUTHi does not verify")
