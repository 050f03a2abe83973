"""What each exchange of one negotiation works with."""

from __future__ import annotations

from typing import NamedTuple

from explorer.engine.leases import Leases
from explorer.engine.ledger import Emit, Entropy
from explorer.engine.link import Link
from explorer.events import Role
from explorer.protocols.ikev1.config import Config


class Party(NamedTuple):
    """What every exchange of one negotiation works with.

    ``role`` is this party's in the whole run; ``leases`` are the internal addresses that it has handed out.
    """

    config: Config
    emit: Emit
    entropy: Entropy
    role: Role
    link: Link
    leases: Leases
