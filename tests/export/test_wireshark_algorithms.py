"""Wireshark against every cipher and every integrity algorithm of IKEv2, for the IKE SA and for its Child SAs."""

from __future__ import annotations

from pathlib import Path

import pytest
from suites import ALONE, FIRST_SCRIPT, MACS, PLAIN, SHA2, WITH_INTEGRITY, Suite, plays
from tshark import Tshark, demand

pytestmark = pytest.mark.outside

# What Wireshark 4.0 does not know.
NO_CIPHER_OF_IKE = {"chacha20-poly1305"}
NO_CIPHER_OF_ESP = NO_CIPHER_OF_IKE | {word for word in ALONE if word.startswith("aes-ccm-")}
NO_MAC = {"aes-xcbc-96", "aes-cmac-96"}

PAIRS = [*((word, None) for word in ALONE), *((word, SHA2) for word in WITH_INTEGRITY), *((PLAIN, mac) for mac in MACS)]


@pytest.mark.parametrize(("encryption", "integrity"), dict.fromkeys(PAIRS))
def test_what_wireshark_knows_it_decrypts_and_what_it_knows_not_does_no_harm(
    encryption: str, integrity: str | None, tmp_path: Path
) -> None:
    demand()
    trace = plays(Suite(encryption=encryption, integrity=integrity), FIRST_SCRIPT)
    tshark = Tshark(tmp_path, trace)
    sealed = [step for step in trace.steps if step.envelope.encrypted]
    ike = {step.number: step.envelope.trees[1].buffer.octets for step in sealed if step.envelope.exchange != "ESP"}
    esp = [step.number for step in sealed if step.envelope.exchange == "ESP"]
    opened = tshark.opened()
    assert {frame: found.octets for frame, found in opened.items()} == ({} if encryption in NO_CIPHER_OF_IKE else ike)
    assert {found.correct for found in opened.values()} <= {integrity not in NO_MAC}
    assert tshark.frames("icmp") == ([] if encryption in NO_CIPHER_OF_ESP else esp)
    checked = encryption not in NO_CIPHER_OF_ESP and integrity not in NO_MAC
    assert tshark.frames("esp.icv_good == 1") == (esp if checked else [])
    assert tshark.frames("_ws.malformed or _ws.expert") == []
