"""What somebody who recorded a run learns when there is a quantum computer that breaks its key exchanges."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from explorer.comparison.eavesdropper import Learnt
from explorer.comparison.operations import names_of
from explorer.crypto.term import Nature, Term
from explorer.events import Decrypted, Role
from explorer.trace.model import Key
from explorer.trace.trace import Trace

_BREAKABLE = {"ModExp", "CurvePoint", "Ladder"}
_LATTICE = {"EncapsulatedSecret", "Decapsulation"}
_PRIVATE_KEY = re.compile("d_[IR]")
_PACKET_KEY = re.compile("ESP_e[ir]")


class Later(NamedTuple):
    """What of the ciphertext falls.

    ``names`` and ``packets`` say whether those can be read then, or ``None`` where the run has none that are encrypted.
    ``secrets`` are those that hold what does not fall: configured ones, and ``lattice`` ones that come from ML-KEM.
    """

    names: bool | None
    packets: bool | None
    secrets: tuple[str, ...]
    lattice: tuple[str, ...]


def later(trace: Trace, learnt: Iterable[Learnt]) -> Later:
    """The keys that the run's ciphertext is under, and what stands behind them."""
    breaker = _Breaker(trace)
    sealed = {item.message for item in learnt if item.subject.startswith("name of") and item.holding == "sealed"}
    opened = [entry.event for entry in trace.events_of(Decrypted) if entry.step in sealed]
    names = [breaker.lacks(trace.links.key(event.key)) for event in opened if isinstance(event, Decrypted)]
    if sealed and not names:
        # Whoever got them had another key.
        names = [breaker.lacks(key) for key in trace.links.keys if key.symbol == "SKEYID_e"]
    packets = [breaker.lacks(key) for key in trace.links.keys if _PACKET_KEY.fullmatch(key.symbol)]
    lacking = frozenset[str]().union(*names, *packets)
    return Later(
        _falls(names),
        _falls(packets),
        tuple(sorted(lacking - breaker.lattice)),
        tuple(sorted(lacking & breaker.lattice)),
    )


def _falls(keys: list[frozenset[str]]) -> bool | None:
    return any(not lacking for lacking in keys) if keys else None


class _Breaker:
    """Has all that was sent, and the secret of every exchange in a group; RSA falls to it too, ML-KEM does not."""

    def __init__(self, trace: Trace) -> None:
        self._links = trace.links
        self._known: dict[Key, frozenset[str]] = {}
        self.lattice: set[str] = set()

    def lacks(self, key: Key) -> frozenset[str]:
        """The secrets that it would need for a row, on the way of that peer whose way needs fewest."""
        if key not in self._known:
            self._known[key] = frozenset()
            terms = [term for _, party, term in self._links.terms(key) if party is not Role.EAVESDROPPER]
            self._known[key] = min(map(self._for, terms), key=len, default=frozenset())
        return self._known[key]

    def _for(self, term: Term) -> frozenset[str]:
        kinds = names_of(term)
        if kinds & _LATTICE:
            self.lattice.add(term.symbol)
            return frozenset({term.symbol})
        if kinds & _BREAKABLE or _PRIVATE_KEY.fullmatch(term.symbol):
            return frozenset()
        if term.expression is None:
            return frozenset({term.symbol}) if term.nature is Nature.SECRET else frozenset()
        return frozenset[str]().union(*(self.lacks(self._links.key(part)) for part in term.made_of()))
