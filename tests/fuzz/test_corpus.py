"""The fuzz targets without atheris: the corpus, and seeded mutations of it."""

from __future__ import annotations

import random  # noqa: TID251 - random is used to mutate, from a seed

import pytest
from fuzz_peers import CORPUS, PICK, Target, entry, examples, mutate, target_of, targets
from stage import Stage, stages
from v2_stage import V2Stage, v2_stages

from explorer.events import Received, Refused

FILES = sorted(CORPUS.glob("*.bin"))
OUTSIDE_PEERS = ("codec", "eavesdropper")
MUTATIONS = 1500
GROUPS = ["codec", "initiator", "responder", "eavesdropper"]


def group_of(target: Target) -> str:
    first, _, rest = target.label.partition("-")
    if first in OUTSIDE_PEERS:
        return first
    return "initiator" if "initiator" in rest else "responder"


def inputs(group: str) -> list[bytes]:
    """The committed inputs of one group of targets."""
    octets = [path.read_bytes() for path in FILES]
    return [one for one in octets if group_of(target_of(one)) == group]


def test_the_corpus_holds_what_every_target_expects() -> None:
    made = examples()
    assert {path.name for path in FILES} == set(made), "python tests/fuzz/fuzz_peers.py --write-corpus"
    genuine = {name: octets for name, octets in made.items() if "-mutated" not in name}
    stale = [name for name, octets in genuine.items() if (CORPUS / name).read_bytes() != octets]
    assert not stale, "python tests/fuzz/fuzz_peers.py --write-corpus"


@pytest.mark.parametrize("group", GROUPS)
def test_corpus(group: str) -> None:
    for octets in inputs(group):
        entry(octets)


@pytest.mark.parametrize("group", GROUPS)
def test_mutations_of_the_corpus(group: str) -> None:
    chance, seeds = random.Random(f"mutations/{group}"), inputs(group)
    for _ in range(MUTATIONS):
        octets = mutate(chance.choice(seeds), chance)
        try:
            entry(octets)
        except AssertionError as error:
            error.add_note(f"input: {octets.hex()}")
            raise


@pytest.mark.parametrize("size", range(0, 300, 7))
def test_noise_of_any_size(size: int) -> None:
    chance = random.Random(size)
    for index in range(size % 5, len(targets()), 5):
        entry(index.to_bytes(PICK, "big") + chance.randbytes(size))


@pytest.mark.parametrize("stage", list(stages()), ids=lambda s: s.label)
def test_a_stage_accepts_what_its_state_waits_for(stage: Stage) -> None:
    coming = stage.acts[stage.count : stage.count + 1]
    if not coming or coming[0].kind not in ("udp", "ip"):
        return
    events = stage.deliver(coming[0].kind, coming[0].octets)
    assert any(isinstance(event, Received) for event in events)
    assert not any(isinstance(event, Refused) for event in events)
    inside = stage.plaintext()
    if coming[0].kind == "udp" and inside:
        assert stage.seal(inside) == coming[0].octets


@pytest.mark.parametrize("stage", list(v2_stages()), ids=lambda s: s.label)
def test_a_stage_of_version_2_accepts_what_its_state_waits_for(stage: V2Stage) -> None:
    coming = stage.acts[stage.count : stage.count + 1]
    if not coming or coming[0].kind not in ("udp", "ip"):
        return
    inside = stage.inside()
    if coming[0].kind == "udp" and inside is not None:
        assert stage.seal(inside, stage.vector) == coming[0].octets
    events = stage.deliver(coming[0].kind, coming[0].octets)
    assert any(isinstance(event, Received) for event in events)
    refused = [event for event in events if isinstance(event, Refused)]
    tried_first = stage.label in ("ikev2-cookie-invalid-ke-responder-0", "ikev2-cookie-invalid-ke-responder-1")
    assert bool(refused) is tried_first, "only a first try without cookie or with another method is refused"
