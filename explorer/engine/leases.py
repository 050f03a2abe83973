"""Internal addresses that a gateway hands out to its users."""

from __future__ import annotations

from collections.abc import Sequence

Holder = tuple[bytes, str]
"""Who has proven to be whom, and from which address: one user may have several machines."""


class Leases:
    """Addresses by whom they are with; somebody may hold one under several SAs, of which one follows the other."""

    def __init__(self) -> None:
        self._held: dict[bytes, tuple[Holder, int]] = {}

    def take(self, pool: Sequence[bytes], holder: Holder) -> bytes | None:
        """What the holder has already, so that a new SA can take an old one's place; or the first that is free."""
        own = next((address for address, (whose, _) in self._held.items() if whose == holder), None)
        address = own or next((address for address in pool if address not in self._held), None)
        if address is not None:
            self._held[address] = holder, self._held.get(address, (holder, 0))[1] + 1
        return address

    def held_by(self, whose: bytes) -> bytes | None:
        """An address that somebody has already."""
        return next((address for address, (holder, _) in self._held.items() if holder[0] == whose), None)

    def share(self, address: bytes, whose: bytes) -> bool:
        """One SA more for who has the address already; returns whether that is so."""
        holder, count = self._held.get(address, ((b"", ""), 0))
        if not count or holder[0] != whose:
            return False
        self._held[address] = holder, count + 1
        return True

    def give_back(self, address: bytes) -> None:
        """One SA less needs it."""
        if address in self._held:
            holder, count = self._held.pop(address)
            if count > 1:
                self._held[address] = holder, count - 1
