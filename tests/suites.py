"""Runs with any algorithm that a scenario of IKEv2 can name."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from explorer.lab.run import run
from explorer.lab.scenario import ChildProposal, IkeProposal, Scenario, load_scenario
from explorer.lab.scenario_build_v2 import ENCRYPTION_WORDS, INTEGRITY_WORDS
from explorer.lab.scenario_check import complaints
from explorer.protocols.ikev2.suites import is_aead
from explorer.trace.trace import Trace

SCRIPT = ["phase 1", "ping", "phase 2", "ping", "rekey", "ping by responder", "rekey ike", "dpd", "rekey by responder",
          "ping", "rekey ike by responder", "ping"]
FIRST_SCRIPT = SCRIPT[:4]
PLAIN, SHA2 = "aes-cbc-128", "hmac-sha2-256-128"
ALONE = [word for word, (number, _) in ENCRYPTION_WORDS.items() if is_aead(number)]
WITH_INTEGRITY = [word for word in ENCRYPTION_WORDS if word not in ALONE]
MACS = [word for word in INTEGRITY_WORDS if word != "none"]
PROTECTIONS = [(word, None) for word in ALONE] + [(word, mac) for word in WITH_INTEGRITY for mac in MACS]


class Suite(NamedTuple):
    """What both sides are configured with, in the words of a scenario; the same for the IKE SA and its Child SAs."""

    encryption: str = PLAIN
    integrity: str | None = SHA2
    prf: str = "hmac-sha2-256"
    key_exchange: str = "x25519"
    additional: tuple[str, ...] = ()
    esn: bool = False

    def scenario(self, script: list[str]) -> Scenario:
        macs = [self.integrity] if self.integrity is not None else []
        more = [[word] for word in self.additional]
        ike = IkeProposal([self.encryption], [self.prf], [self.key_exchange], macs, more)
        child = ChildProposal([self.encryption], macs, [self.key_exchange], more, self.esn)
        shipped = load_scenario("ikev2-child")
        peers = {
            name: msgspec.structs.replace(peer, ike=[ike], child=[child], intermediate=bool(more))
            for name, peer in (("initiator", shipped.initiator), ("responder", shipped.responder))
        }
        made = msgspec.structs.replace(shipped, script=script, **peers)
        assert list(complaints(made)) == []
        return made


def plays(suite: Suite, script: list[str] | None = None) -> Trace:
    """A run in which all of the script is reached, and both sides hold the same keys."""
    trace = run(suite.scenario(script or SCRIPT))
    assert (trace.outcome, trace.reason) == ("established", "both sides hold the same SAs and the ping was answered")
    assert trace.refusals == []
    return trace
