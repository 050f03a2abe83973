"""One of our IKEv2 peers meets charon."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import charon_log
from demand import program
from machine import BEHIND_THEM, BEHIND_US
from meeting import Meeting

from explorer.events import Concluded, Role, SaEnded, SaSnapshot

USES = {
    "derive": "Sk_d secret",
    "integrity, initiator": "Sk_ai secret",
    "integrity, responder": "Sk_ar secret",
    "encrypt, initiator": "Sk_ei secret",
    "encrypt, responder": "Sk_er secret",
    "prove, initiator": "Sk_pi secret",
    "prove, responder": "Sk_pr secret",
}
"""What our side and charon call the same key."""


class V2Meeting(Meeting):
    """Two peers on a wire, and what both must agree on afterwards."""

    def bring_up(self) -> None:
        """Whoever is the initiator makes an IKE SA and the first pair of Child SAs with it."""
        self._bring_up("--child", "net")
        self.expect(lambda: len(self.ours.installed("ESP")) == 2, "two Child SAs")
        self.expect(lambda: len(self.charon.spis()[0]) == 1, "charon to have them too")

    def bring_up_alone(self) -> None:
        """The same, but no Child SA comes of it."""
        self._bring_up("--ike", "lab")
        self.expect(lambda: not self.ours.v2.busy, "all answers")
        assert self.ours.installed("ESP") == []

    def _bring_up(self, *what: str) -> None:
        if self.role is Role.INITIATOR:
            self.ours.do(self.ours.peer.start)
        else:
            output = self.charon_does("--initiate", *what)
            assert "initiate completed successfully" in output, output
        self.expect(lambda: len(self.ours.installed("IKE")) == 1, "an IKE SA")
        self.expect(lambda: self.charon.says(r"IKE_SA lab\[\d+\] established") == 1, "charon to have it too")

    def settle(self) -> None:
        """Until nobody waits for an answer and both hold the same Child SAs."""
        self.expect(lambda: not self.ours.v2.busy, "all answers")
        self.expect(lambda: self._ours() == self.charon.spis(), "the same Child SAs")

    def _ours(self) -> tuple[set[str], set[str]]:
        return self.ours.spis("outbound"), self.ours.spis("inbound")

    def agree(self) -> None:
        """Both hold the same SAs, and have always had the same keys."""
        self.settle()
        log = self.charon.log()
        assert self.ours.esp_keys() == charon_log.v2_esp_keys(log)
        made = [_keys(sa) for sa in self.ours.installed("IKE")]
        theirs = [
            {name: charon_log.secrets(log, name)[number] for name in keys}
            for number, keys in enumerate(made)
        ]
        assert made == theirs
        assert len(made) == len(charon_log.secrets(log, "Sk_d secret"))

    def alive(self, *, children: int = 1) -> None:
        """Charon holds one IKE SA and its Child SAs, and nothing else."""
        listed = self.charon.associations()
        assert (listed.count("ESTABLISHED"), listed.count("INSTALLED")) == (1, children)
        assert (listed.count("REKEYED"), listed.count("DELET")) == (0, 0)
        assert self.ours.refused() == []
        assert [event.reason for event in self.ours.said(Concluded) if event.outcome != "completed"] == []

    def gone(self, protocol: str, how: str, count: int) -> None:
        """Until so many SAs are over."""
        self.expect(lambda: self.ended(protocol, how) == count, f"{count} SAs to be {how}")

    def ping(self, folder: Path) -> str:
        """What the ping of somebody behind charon says of somebody behind us."""
        log = folder / "ping.txt"
        process = self.machine.start(
            program("ping"), "-c", "3", "-i", "0.2", "-W", "2", "-I", BEHIND_THEM, BEHIND_US, log=log)
        assert self.ours.serve_until(lambda: process.poll() is not None)
        return log.read_text(encoding="utf-8")

    def ended(self, protocol: str, how: str = "") -> int:
        """How many SAs of a protocol are over; a pair of Child SAs counts twice."""
        found = [event for event in self.ours.said(SaEnded) if event.protocol == protocol]
        return len([event for event in found if how in (event.how, "")])


def _keys(sa: SaSnapshot) -> dict[str, bytes]:
    """By charon's names; where a cipher has a salt it is the end of the key."""
    by_use = {use: term.octets for use, term in sa.keys}
    return {
        name: by_use[use] + by_use.get(use.replace("encrypt", "salt") if "encrypt" in use else "", b"")
        for use, name in USES.items() if use in by_use}


MeetV2 = Callable[..., V2Meeting]
