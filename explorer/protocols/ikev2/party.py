"""What everything under one IKE SA works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from explorer.engine.leases import Leases
from explorer.engine.ledger import Emit, Entropy
from explorer.engine.link import Link
from explorer.events import Role
from explorer.protocols.ikev2.config import V2Config

if TYPE_CHECKING:
    from explorer.protocols.ikev2.cookies import Cookies
    from explorer.protocols.ikev2.tickets import Tickets


class V2Party(NamedTuple):
    """``role`` is this party's in the whole run; in an SA or an exchange it may have the other.

    ``leases`` are the internal addresses that it has handed out, under all its IKE SAs; ``tickets`` are those that it
    holds, and the key of those that it has made; ``cookies`` has the secret of those that it asks for.
    """

    config: V2Config
    emit: Emit
    entropy: Entropy
    role: Role
    link: Link
    leases: Leases
    tickets: Tickets
    cookies: Cookies
