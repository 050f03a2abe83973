"""One of our peers meets charon."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import charon_log
from charon import Charon
from machine import Machine
from our_side import OurSide

from explorer.events import Role


class Meeting:
    """Two peers on a wire, and what both must agree on afterwards."""

    def __init__(self, ours: OurSide, charon: Charon, machine: Machine, role: Role) -> None:
        self.ours, self.charon, self.machine, self.role = ours, charon, machine, role

    def bring_up(self) -> None:
        """Whoever is the initiator makes an ISAKMP SA and two IPsec SAs."""
        if self.role is Role.INITIATOR:
            self.ours.do(self.ours.peer.start)
            self.expect(lambda: len(self.ours.installed("ISAKMP")) == 1, "an ISAKMP SA")
            # Charon works with several threads: of two messages on its doorstep it may take the second first.
            self.expect(lambda: self.charon.says("IKE_SA lab.* established") == 1, "charon to have it too")
            self.ours.do(self.ours.peer.start_quick)
        else:
            output = self.charon_does("--initiate", "--child", "net")
            assert "initiate completed successfully" in output, output
        self.expect(lambda: len(self.ours.installed("ESP")) == 2, "two IPsec SAs")
        self.expect(lambda: self.charon.says("CHILD_SA net.* established") > 0, "charon to have them too")

    def charon_does(self, *arguments: str) -> str:
        """Have charon do something that takes both sides; what its control program printed."""
        process = self.charon.begin(*arguments, "--timeout", "10")
        try:
            self.ours.serve_until(lambda: process.poll() is not None)
            return process.communicate(timeout=5)[0]
        finally:
            _end(process)

    def expect(self, condition: Callable[[], bool], what: str) -> None:
        """Serve until something holds; tell what was said if it does not."""
        assert self.ours.serve_until(condition), f"waited in vain for {what}; refused: {self.ours.refused()}"

    def agree(self) -> None:
        """Both hold the same SAs, and have always had the same keys."""
        self.expect(
            lambda: (self.ours.spis("outbound"), self.ours.spis("inbound")) == self.charon.spis(), "the same SAs")
        log = self.charon.log()
        assert self.ours.esp_keys() == charon_log.esp_keys(log)
        (isakmp,) = self.ours.installed("ISAKMP")
        assert {term.symbol: term.octets for _, term in isakmp.keys}.items() <= {
            (symbol, charon_log.secrets(log, label)[-1])
            for symbol, label in (
                ("SKEYID_d", "SKEYID_d"), ("SKEYID_a", "SKEYID_a"), ("SKEYID_e", "SKEYID_e"),
                ("Ka", "encryption key Ka"))
        }


Meet = Callable[..., Meeting]


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
    process.communicate()
