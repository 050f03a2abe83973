"""A line between two peers of IKEv2, on which anything may happen to a message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Self

from line import AnyLine, Happening
from pair import I, R
from v2_hand import SK

from explorer.events import Endpoint, Role, Verified
from explorer.lab.entropy import SeededEntropy
from explorer.protocols.ikev2.config import V2Config
from explorer.protocols.ikev2.peer import Ikev2Peer

SKF = 53


class V2Line(AnyLine[Ikev2Peer]):
    def __init__(
        self,
        configs: Mapping[Role, V2Config],
        happenings: Mapping[int, Happening] | None = None,
        *,
        seed: int = 7,
        nat: str = "",
    ) -> None:
        peers = {role: Ikev2Peer(configs[role], SeededEntropy(seed, str(role)), role) for role in (I, R)}
        super().__init__(peers, happenings, nat=nat)

    @staticmethod
    def is_encrypted(octets: bytes) -> bool:
        return len(octets) > 28 and octets[16] in (SK, SKF)

    def is_complaint(self, octets: bytes) -> bool:
        return False

    def end(self, role: Role) -> Endpoint:
        """Where a side can be reached."""
        return Endpoint(self.outside[role], 500)

    def rekey_ike(self, by: Role = I) -> Self:
        """New keys for the IKE SA, if this side thinks that it has one."""
        try:
            self.peers[by].start_rekey_ike(self.end(by.other), self.now)
        except LookupError:
            return self
        return self.collect(by).settle()

    # ---------------------------------------------------------------- what has come of it

    def is_complete(self, role: Role) -> bool:
        """Whether it holds an IKE SA and Child SAs."""
        return {sa.protocol for sa in self.held(role)} == {"IKE", "ESP"}

    def unproven(self, role: Role) -> list[str]:
        """IKE SAs that stand though nobody has proven anything under them; a successor inherits the proof."""
        proofs = {
            re.sub(r"^IKE_AUTH \d+r?", "IKE SA", event.expected.scope)
            for event in self.of(Verified, role) if event.proves is role.other
        }
        made = [session.sa for session in self.peers[role].sessions if session.init is not None and session.sa.up]
        return [sa.ledger.scope for sa in made if sa.ledger.scope not in proofs]

    def waiting(self, role: Role) -> list[str]:
        """Requests that still wait for their answer."""
        asking = [s.asking for s in self.peers[role].sessions if s.asking is not None and not s.sa.ended]
        return [exchange.scope for exchange in asking if exchange.retransmission.due is not None]
