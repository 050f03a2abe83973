from __future__ import annotations

from dataclasses import replace as _replace
from pathlib import Path

import msgspec
import pytest

from explorer.content import content_folder
from explorer.events import Concluded, Role
from explorer.lab.entropy import SeededEntropy
from explorer.lab.run import MOST_MESSAGES, run
from explorer.lab.scenario import load_scenario, read_scenario, shipped
from explorer.lab.scenario_build import build
from explorer.trace.trace import Trace

NAMES = ["ikev1-main-psk", "ikev1-main-psk-pfs"]


def octets(trace: Trace) -> list[bytes]:
    return [step.octets for step in trace.steps]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_octets(name: str) -> None:
    first, second = run(load_scenario(name)), run(load_scenario(name))
    assert octets(first) == octets(second)
    assert [(e.at, e.time, e.party, type(e.event), e.step, e.beat, e.cause) for e in first] == [
        (e.at, e.time, e.party, type(e.event), e.step, e.beat, e.cause) for e in second]


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_gives_other_octets(name: str) -> None:
    first, second = run(load_scenario(name)), run(load_scenario(name), 2)
    assert second.seed == 2
    assert second.outcome == "established"
    for ours, theirs in zip(octets(first), octets(second), strict=True):
        assert ours != theirs


def test_the_scenarios_own_seed_is_the_default() -> None:
    scenario = load_scenario(NAMES[0])
    assert octets(run(scenario)) == octets(run(scenario, scenario.seed))


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_scenario_reaches_its_goal(name: str) -> None:
    scenario = load_scenario(name)
    trace = run(scenario)
    assert trace.outcome == scenario.goal
    assert scenario.name == trace.scenario == name
    assert 0 < len(trace.steps) < MOST_MESSAGES


@pytest.mark.parametrize("seed", range(20))
def test_any_seed_completes(seed: int) -> None:
    trace = run(load_scenario(NAMES[seed % 2]), seed)
    assert trace.outcome == "established", trace.reason


@pytest.mark.parametrize(("script", "messages"), [(["phase 1"], 6), (["phase 1", "phase 2"], 9)])
def test_a_script_may_stop_early(script: list[str], messages: int) -> None:
    trace = run(msgspec.structs.replace(load_scenario(NAMES[0]), script=script))
    assert (trace.outcome, len(trace.steps)) == ("established", messages)


def test_two_keys_that_differ_fail_and_say_why() -> None:
    scenario = load_scenario(NAMES[0])
    trace = run(msgspec.structs.replace(scenario, responder=msgspec.structs.replace(scenario.responder, psk="wrong")))
    assert trace.outcome == "failed"
    assert "different keys" in trace.reason
    assert [step.envelope.exchange for step in trace.steps] == ["Main Mode"] * 5 + ["Informational"]
    concluded = [e.event for e in trace.conclusions if isinstance(e.event, Concluded)]
    assert not [e for e in concluded if e.exchange == "Main Mode" and e.outcome == "completed"]


def test_time_is_virtual_and_only_the_link_moves_it() -> None:
    trace = run(load_scenario(NAMES[0]))
    latency = load_scenario(NAMES[0]).network.latency
    assert [round(step.time / latency) for step in trace.steps] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    by_party = {role: [e.time for e in trace if e.party is role] for role in Role}
    assert all(times == sorted(times) for times in by_party.values())


def test_entropy_is_a_stream_per_purpose() -> None:
    entropy = SeededEntropy(1, "a")
    assert entropy.draw(100, "x")[:64] == entropy.draw(64, "x")
    assert len(entropy.draw(0, "x")) == 0
    drawn = {entropy.draw(16, "x"), entropy.draw(16, "y"), SeededEntropy(1, "b").draw(16, "x"),
             SeededEntropy(2, "a").draw(16, "x")}
    assert len(drawn) == 4


def test_scenarios_are_found_by_name_and_by_path(tmp_path: Path) -> None:
    source = content_folder() / "scenarios" / f"{NAMES[0]}.toml"
    copy = tmp_path / "copy.toml"
    copy.write_bytes(source.read_bytes())
    assert msgspec.structs.replace(load_scenario(str(copy)), name=NAMES[0]) == load_scenario(NAMES[0])
    assert read_scenario(source).name == NAMES[0]
    assert set(NAMES) <= set(shipped())


def test_keys_may_be_hex() -> None:
    scenario = load_scenario(NAMES[0])
    peer = msgspec.structs.replace(scenario.initiator, psk="0x00ff")
    assert build(msgspec.structs.replace(scenario, initiator=peer), peer).keys == {"10.0.0.2": b"\0\xff"}


@pytest.mark.parametrize(("identity", "kind"), [
    (None, 1), ("10.9.9.9", 1), ("gw.example.com", 2), ("me@example.com", 3), ("keyid:group", 11)])
def test_identities_are_told_apart_by_their_form(identity: str | None, kind: int) -> None:
    scenario = load_scenario(NAMES[0])
    peer = msgspec.structs.replace(scenario.initiator, identity=identity)
    config = build(msgspec.structs.replace(scenario, initiator=peer), peer)
    assert config.identity.id_type == kind
    assert _replace(config.identity, port=500).body[2:4] == b"\x01\xf4"
