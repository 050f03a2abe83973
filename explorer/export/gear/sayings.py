"""One refused offer in the words of each kind of gear, for wherever a comparison is shown."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.events import Comparison
from explorer.export.gear import cisco_words, strongswan_words


def sayings(comparison: Comparison, protocol: str) -> Iterator[tuple[str, str]]:
    """Name of the gear and the line that it logs; nothing for gear that would say nothing, or nothing known.

    Args:
        protocol: of the negotiation.
    """
    first = cisco_words.refused_for(comparison)
    cisco = cisco_words.refusal_line(first, protocol) if first is not None else None
    charon = strongswan_words.refusal_line(comparison)
    for gear, line in (("Cisco IOS", cisco), ("strongSwan", charon)):
        if line is not None:
            yield gear, line
