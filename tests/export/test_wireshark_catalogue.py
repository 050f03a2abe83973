from __future__ import annotations

from pathlib import Path

import pytest
from conftest import recording
from tshark import Tshark, demand

from explorer.events import Learned, SaInstalled
from explorer.export.wireshark import key_tables
from explorer.lab.scenario import shipped
from explorer.trace.model import is_packet
from explorer.trace.trace import Trace

pytestmark = pytest.mark.outside

# What Wireshark cannot follow, and why; frames are message numbers.  With the earlier keys it is asked once more, in
# test_wireshark_generations.py.
HASHES_CIPHERTEXT = "the first vector is hashed from KE bodies, and Wireshark takes the encrypted ones"
MOVES_ON_REPEATS = "Wireshark moves its vector on with a message that was sent again, no peer does"
EARLIER_KEYS = "Wireshark holds one row of keys for two SPIs, and each IKE_INTERMEDIATE makes new keys"
EMPTY_IDENTITY = "Wireshark fails an assertion of its own on an identity without data, as ID_NULL is"
EXCEPTIONS: dict[str, dict[int, str]] = {
    "ikev1-main-revised-pke": {5: HASHES_CIPHERTEXT},
    "ikev1-aggressive-revised-pke": {3: HASHES_CIPHERTEXT},
    "ikev2-hybrid-mlkem": dict.fromkeys((3, 4), EARLIER_KEYS),
    "ikev2-hybrid-rekey": dict.fromkeys((3, 4), EARLIER_KEYS),
    "ikev2-hybrid-two": dict.fromkeys((3, 4, 5, 6), EARLIER_KEYS),
    "ikev2-null-auth": {3: EMPTY_IDENTITY},
    "ikev1-lossy": {12: MOVES_ON_REPEATS, 13: MOVES_ON_REPEATS},
}
ERROR = 0x800000
"""Expert items of this severity and above."""


@pytest.fixture(params=shipped())
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Trace, Tshark]:
    demand()
    trace = recording(request.param)
    return request.param, trace, Tshark(tmp_path, trace)


def expected_faults(name: str) -> set[int]:
    return set(EXCEPTIONS.get(name, {}))


def test_every_frame_of_every_scenario_is_sound(scene: tuple[str, Trace, Tshark]) -> None:
    name, trace, tshark = scene
    assert len(tshark.frames("frame")) == len(trace.steps)
    faulty = set(tshark.frames(f"_ws.malformed or _ws.expert.severity >= {ERROR:#x}"))
    assert faulty == expected_faults(name)


def _readable(trace: Trace) -> list[int]:
    """Messages under an ISAKMP SA whose key the tables hold."""
    cookies = {
        entry.event.sa.spis[0].octets
        for entry in trace.events_of(SaInstalled)
        if isinstance(entry.event, SaInstalled) and entry.event.sa.protocol == "ISAKMP"
    }
    numbers = []
    for step in trace.steps:
        start = 4 if step.octets[:4] == bytes(4) else 0
        sealed = step.envelope.encrypted and not is_packet(step)
        if sealed and step.octets[start : start + 8] in cookies:
            numbers.append(step.number)
    return numbers


def test_everything_is_decrypted_that_the_tables_can_decrypt(scene: tuple[str, Trace, Tshark]) -> None:
    name, trace, tshark = scene
    readable = set(_readable(trace)) - expected_faults(name)
    inside = "isakmp.hash or isakmp.sig or isakmp.cert.data or isakmp.id.type"
    seen = set(tshark.frames(f"isakmp.flag_e == 1 and ({inside})"))
    assert readable <= seen


def test_every_esp_icv_is_good(scene: tuple[str, Trace, Tshark]) -> None:
    _, trace, tshark = scene
    sealed = [step.number for step in trace.steps if step.envelope.exchange == "ESP"]
    assert tshark.frames("esp.icv_good == 1") == sealed
    assert tshark.frames("esp.icv_bad == 1") == []


def test_pings_are_seen_by_their_type(scene: tuple[str, Trace, Tshark]) -> None:
    _, trace, tshark = scene
    for kind, word in ((8, "ping"), (0, "ping answer")):
        ours = [step.number for step in trace.steps if is_packet(step) and step.envelope.notation.endswith(f"  {word}")]
        assert tshark.frames(f"icmp.type == {kind}") == ours


@pytest.mark.parametrize("name", shipped())
def test_keys_of_the_tables_are_those_of_the_run(name: str) -> None:
    entries = recording(name).events_of(Learned)
    learned = {entry.event.term.octets for entry in entries if isinstance(entry.event, Learned)}
    for row in key_tables(recording(name))["ikev1_decryption_table"].splitlines():
        assert bytes.fromhex(row.split(",")[1]) in learned
