"""Wireshark against every IKEv2 message, with each generation of keys in turn.

Each IKE_INTERMEDIATE makes new keys for the same two SPIs (RFC 9370 §2.2.2).  Wireshark holds one row for two SPIs, so
the export has the last generation; here it gets the others too, one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import recording
from test_wireshark_catalogue import EARLIER_KEYS, EMPTY_IDENTITY, EXCEPTIONS
from tshark import Opened, Tshark, demand

from explorer.crypto.term import Term, constant
from explorer.events import KeysMade, Role, SaInstalled, SaSnapshot
from explorer.export.wireshark import ike_row
from explorer.lab.scenario import shipped
from explorer.registry.ikev2 import V2PayloadType
from explorer.trace.model import Key, Step
from explorer.trace.trace import Trace

pytestmark = pytest.mark.outside

EVERY = [name for name in shipped() if name.startswith("ikev2-")]
SEVERAL = sorted(name for name, why in EXCEPTIONS.items() if EARLIER_KEYS in why.values())


class Generation(NamedTuple):
    """The keys between one key exchange and the next; ``number`` counts from 0, the keys of IKE_SA_INIT."""

    sa: SaSnapshot
    number: int
    last: bool

    @property
    def spis(self) -> bytes:
        return b"".join(spi.octets for spi in self.sa.spis)

    def covers(self, step: Step) -> bool:
        """The n-th IKE_INTERMEDIATE has Message ID n and the keys of before; all that comes later has the last keys."""
        envelope = step.envelope
        early = envelope.exchange == "IKE_INTERMEDIATE"
        return spis(step) == self.spis and (envelope.message_id == self.number + 1 if early else self.last)


def spis(step: Step) -> bytes:
    start = 4 if step.octets[:4] == bytes(4) else 0
    return step.octets[start : start + 16]


def sealed(trace: Trace) -> list[Step]:
    return [step for step in trace.steps if step.envelope.encrypted and step.envelope.exchange != "ESP"]


def generations(trace: Trace) -> Iterator[Generation]:
    """Of every IKE SA."""
    events = [entry.event for entry in trace.entries]
    made = [event.sa for event in events if isinstance(event, KeysMade | SaInstalled) and event.sa.protocol == "IKE"]
    for sa in {tuple(spi.octets for spi in sa.spis): sa for sa in made}.values():
        marks = [key.symbol.removeprefix("SK_ei") for key in trace.links.keys
                 if key.scope == sa.scope and key.symbol.startswith("SK_ei")]
        for number, mark in enumerate(marks):
            keys = tuple((use, earlier(trace, term, mark)) for use, term in sa.keys if use.startswith(PROTECTING))
            yield Generation(sa._replace(keys=keys), number, last=mark == marks[-1])


PROTECTING = ("encrypt", "salt", "integrity")


def earlier(trace: Trace, term: Term, mark: str) -> Term:
    """The same key of another generation."""
    return trace.links.first(Key(term.scope, term.symbol.partition("(")[0] + mark))


def opens(folder: Path, trace: Trace, sa: SaSnapshot) -> dict[int, Opened]:
    """The messages that Wireshark verifies with these keys, and decrypts into what we had encrypted."""
    found = Tshark(folder, trace, {"ikev2_decryption_table": ike_row(sa)}).opened()
    return {
        frame: opened for frame, opened in found.items()
        if opened.correct and opened.octets == trace.step(frame).envelope.trees[1].buffer.octets
    }


def payloads(step: Step) -> list[int]:
    """The types of what is in an encrypted payload: each payload names the next one."""
    datagram, content = step.envelope.trees[:2]
    chain = (datagram.root.children[-1], *content.root.children)
    return [number for field in chain if (number := getattr(field.value, "next_payload", 0))]


def test_the_scenarios_with_several_generations_are_those_whose_export_lacks_some() -> None:
    lacking: dict[str, list[int]] = {}
    for name in EVERY:
        trace = recording(name)
        early = [generation for generation in generations(trace) if not generation.last]
        if lost := [step.number for step in sealed(trace) if any(it.covers(step) for it in early)]:
            lacking[name] = lost
    assert lacking == {
        name: list(frames) for name, frames in EXCEPTIONS.items() if EARLIER_KEYS in frames.values()}


@pytest.mark.parametrize("name", EVERY)
def test_each_generation_opens_its_own_messages_and_no_others(name: str, tmp_path: Path) -> None:
    demand()
    trace = recording(name)
    checked: list[int] = []
    for generation in generations(trace):
        own = [step.number for step in sealed(trace) if generation.covers(step)]
        assert sorted(opens(tmp_path, trace, generation.sa)) == own
        checked += own
    assert sorted(checked) == [step.number for step in sealed(trace)]


@pytest.mark.parametrize("name", SEVERAL)
def test_each_generation_shows_the_payloads_of_its_own_messages(name: str, tmp_path: Path) -> None:
    demand()
    trace = recording(name)
    for generation in generations(trace):
        for frame, opened in opens(tmp_path, trace, generation.sa).items():
            assert (frame, opened.payloads, opened.sound) == (frame, payloads(trace.step(frame)), True)


@pytest.mark.parametrize("sender", [Role.INITIATOR, Role.RESPONDER])
@pytest.mark.parametrize("name", SEVERAL)
def test_one_wrong_octet_in_a_key_leaves_only_what_the_other_side_sent(
    name: str, sender: Role, tmp_path: Path
) -> None:
    demand()
    trace = recording(name)
    for generation in generations(trace):
        own = {step.number: step.sender for step in sealed(trace) if generation.covers(step)}
        for use, term in generation.sa.keys:
            if use.endswith(f", {sender}"):
                wrong = spoilt(generation.sa, use, term)
                assert {trace.step(frame).sender for frame in opens(tmp_path, trace, wrong)} == {
                    side for side in own.values() if side is not sender}


def spoilt(sa: SaSnapshot, use: str, term: Term) -> SaSnapshot:
    """With one bit changed in the last octet of one key."""
    octets = term.octets[:-1] + bytes((term.octets[-1] ^ 1,))
    other = constant(term.symbol, octets, "spoilt")
    return sa._replace(keys=tuple((name, other if name == use else it) for name, it in sa.keys))


def test_wireshark_fails_on_an_identity_without_data_after_it_has_decrypted_it(tmp_path: Path) -> None:
    demand()
    trace = recording("ikev2-null-auth")
    ((frame, why),) = EXCEPTIONS["ikev2-null-auth"].items()
    assert why == EMPTY_IDENTITY
    (generation,) = generations(trace)
    opened = opens(tmp_path, trace, generation.sa)[frame]
    assert opened.payloads == payloads(trace.step(frame))[:1] == [V2PayloadType.IDI]
    assert not opened.sound
