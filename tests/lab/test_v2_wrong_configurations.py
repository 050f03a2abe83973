from __future__ import annotations

from typing import Any

import msgspec
import pytest

from explorer.lab.scenario import ChildProposal, IkeProposal, Scenario, load_scenario
from explorer.lab.scenario_check import complaints

IKE: dict[str, Any] = {"encryption": ["aes-cbc-128"], "prf": ["hmac-sha2-256"], "key_exchange": ["x25519"],
                       "integrity": ["hmac-sha2-256-128"]}
CHILD: dict[str, Any] = {"encryption": ["aes-cbc-128"], "integrity": ["hmac-sha2-256-128"]}
EIGHT = [[word] for word in ("ml-kem-512", "ml-kem-768", "ml-kem-1024", "ecp-256", "ecp-384", "x448", "modp-768",
                             "modp-1024")]


def asking(ike: dict[str, Any], child: dict[str, Any], **peer: Any) -> Scenario:
    shipped = load_scenario("ikev2-child")
    both = {"ike": [IkeProposal(**{**IKE, **ike})], "child": [ChildProposal(**{**CHILD, **child})], **peer}
    peers = {name: msgspec.structs.replace(one, **both)
             for name, one in (("initiator", shipped.initiator), ("responder", shipped.responder))}
    return msgspec.structs.replace(shipped, script=["phase 1", "ping", "phase 2", "ping"], **peers)


@pytest.mark.parametrize(("ike", "child", "peer"), [
    pytest.param({"integrity": []}, {}, {}, id="IKE SA: a cipher without integrity"),
    pytest.param({"integrity": ["none"]}, {}, {}, id="IKE SA: a cipher with integrity none"),
    pytest.param({}, {"integrity": []}, {}, id="Child SA: a cipher without integrity"),
    pytest.param({}, {"integrity": ["none"]}, {}, id="Child SA: a cipher with integrity none"),
    pytest.param({"encryption": ["aes-gcm-8-128"], "integrity": ["hmac-sha2-512-256"]}, {}, {},
                 id="IKE SA: an AEAD cipher with integrity beside it"),
    pytest.param({}, {"encryption": ["aes-gcm-8-128"], "integrity": ["hmac-sha2-512-256"]}, {},
                 id="Child SA: an AEAD cipher with integrity beside it"),
    pytest.param({"key_exchange": ["none"]}, {}, {}, id="IKE SA: no key exchange"),
    pytest.param({}, {}, {"guess": "none"}, id="a guess of none"),
    pytest.param({"additional": EIGHT}, {}, {"intermediate": True}, id="eight additional key exchanges"),
])
def test_it_is_said_before_the_run(ike: dict[str, Any], child: dict[str, Any], peer: dict[str, Any]) -> None:
    scenario = asking(ike, child, **peer)
    assert list(complaints(scenario)) != []
