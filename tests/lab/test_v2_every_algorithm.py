"""Every algorithm that a scenario of IKEv2 can name does its work, from the first message to a ping through ESP."""

from __future__ import annotations

import pytest
from suites import FIRST_SCRIPT, PLAIN, PROTECTIONS, SCRIPT, SHA2, Suite, plays

from explorer.crypto.ciphers import ENCRYPTIONS
from explorer.events import Role
from explorer.lab.scenario_build_v2 import KEY_EXCHANGE_WORDS, PRF_WORDS
from explorer.trace.trace import Trace

METHODS = [word for word in KEY_EXCHANGE_WORDS if word != "none"]
SLOW = {"modp-4096", "modp-6144", "modp-8192"}
"""Groups whose powers would make a test of whole scripts last: for them the first exchanges have to do."""

numbers = pytest.mark.parametrize("esn", [False, True], ids=["32-bit", "64-bit"])


def algorithms(trace: Trace, protocol: str) -> dict[str, str]:
    """Of the newest SA of a protocol, in words."""
    held = [dict(sa.algorithms) for sa in trace.sas(Role.INITIATOR, len(trace) - 1) if sa.protocol == protocol]
    return held[-1]


@numbers
@pytest.mark.parametrize(("encryption", "integrity"), PROTECTIONS)
def test_every_protection(encryption: str, integrity: str | None, *, esn: bool) -> None:
    trace = plays(Suite(encryption=encryption, integrity=integrity, esn=esn))
    label = "3DES-CBC" if encryption == "3des" else encryption.upper()
    for protocol in ("IKE", "ESP"):
        words = algorithms(trace, protocol)
        assert words["encryption"] == label
        assert label in ENCRYPTIONS
        assert ("integrity" in words) is (integrity is not None)
    assert algorithms(trace, "ESP")["sequence numbers"] == ("64-bit" if esn else "32-bit")


@pytest.mark.parametrize("prf", PRF_WORDS)
@pytest.mark.parametrize("encryption", [PLAIN, "aes-gcm-16-256"])
def test_every_prf(prf: str, encryption: str) -> None:
    integrity = SHA2 if encryption == PLAIN else None
    trace = plays(Suite(encryption=encryption, integrity=integrity, prf=prf))
    assert algorithms(trace, "IKE")["prf"].lower().replace("_", "-") == f"prf-{prf}"


@pytest.mark.parametrize("method", METHODS)
def test_every_key_exchange(method: str) -> None:
    """Also of Child SAs (perfect forward secrecy), and of the successors of both kinds of SA."""
    trace = plays(Suite(key_exchange=method), FIRST_SCRIPT if method in SLOW else SCRIPT)
    for protocol in ("IKE", "ESP"):
        assert algorithms(trace, protocol)["key exchange"].lower() == method


@pytest.mark.parametrize("method", METHODS)
def test_every_additional_key_exchange(method: str) -> None:
    trace = plays(Suite(additional=(method,)), FIRST_SCRIPT)
    assert algorithms(trace, "IKE")["additional key exchange 1"].lower() == method


@pytest.mark.parametrize("first", METHODS)
def test_every_key_exchange_beside_another_additional_one(first: str) -> None:
    second = "ml-kem-512" if first == "ml-kem-768" else "ml-kem-768"
    for pair in ((first, second), (second, first)):
        trace = plays(Suite(additional=pair), FIRST_SCRIPT)
        words = algorithms(trace, "IKE")
        assert [words[f"additional key exchange {n}"].lower() for n in (1, 2)] == list(pair)


@pytest.mark.parametrize("prf", ["hmac-md5", "aes128-xcbc", "hmac-sha2-512"])
def test_seven_additional_key_exchanges(prf: str) -> None:
    more = ("ml-kem-512", "ml-kem-768", "ml-kem-1024", "ecp-256", "x448", "brainpool-256", "modp-1024")
    trace = plays(Suite(prf=prf, additional=more), FIRST_SCRIPT)
    words = algorithms(trace, "IKE")
    assert [words[f"additional key exchange {n}"].lower() for n in range(1, 8)] == list(more)
