"""A party's terms by symbol, and its sources of new ones."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Protocol

from explorer.crypto.term import Drawn, Nature, Term
from explorer.engine.refusal import Refusal
from explorer.events import Event, Learned, Role, Verified
from explorer.registry.isakmp import NotifyType
from explorer.registry.number import Number

Emit = Callable[[Event], None]


class Entropy(Protocol):
    """Where randomness comes from; keyed by purpose, so that one draw never shifts another."""

    def draw(self, size: int, purpose: str) -> bytes:
        """``size`` octets for one purpose."""


class Numbered:
    """Entropy of the ``number``-th use of something: the same purposes, other streams."""

    def __init__(self, entropy: Entropy, number: int) -> None:
        self._entropy = entropy
        self._number = number

    def draw(self, size: int, purpose: str) -> bytes:
        """``size`` octets for one purpose."""
        return self._entropy.draw(size, f"{purpose} ({self._number})")


class Ledger:
    """What one party knows in one scope; a Quick Mode's ledger falls back on its phase 1's."""

    def __init__(self, emit: Emit, entropy: Entropy, role: Role, scope: str, parent: Ledger | None = None) -> None:
        self._emit = emit
        self._entropy = entropy
        self._parent = parent
        self._terms: dict[str, Term] = {}
        self.role = role
        self.scope = scope

    @property
    def root_scope(self) -> str:
        """The scope that this one falls back on in the end: phase 1's."""
        return self.scope if self._parent is None else self._parent.root_scope

    def __getitem__(self, symbol: str) -> Term:
        if symbol not in self._terms and self._parent is not None:
            return self._parent[symbol]
        return self._terms[symbol]

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._terms or (self._parent is not None and symbol in self._parent)

    def find(self, symbol: str) -> Term | None:
        """The term, or ``None``."""
        term = self._terms.get(symbol)
        if term is None and self._parent is not None:
            return self._parent.find(symbol)
        return term

    def own(self, symbol: str) -> bool:
        """Whether the term is of this very scope, not of the parent's."""
        return symbol in self._terms

    def hold(self, term: Term) -> Term:
        """Keep a term that an event of its own already speaks of."""
        self._terms[term.symbol] = term
        return term

    def forget(self, symbol: str) -> None:
        """Know nothing under this symbol any more."""
        self._terms.pop(symbol, None)

    def snapshot(self) -> dict[str, Term]:
        """The terms as they are now, to go back to if a message turns out to be refused."""
        return dict(self._terms)

    def restore(self, snapshot: dict[str, Term]) -> None:
        """Forget what was held or learned since the snapshot."""
        self._terms = snapshot

    def learn(self, *terms: Term) -> Term:
        """Keep terms, in the order in which they were made, and say so; the only place that says it."""
        for term in terms:
            self._terms[term.symbol] = term
            self._emit(Learned(term))
        return terms[-1]

    def draw(self, symbol: str, size: int, citation: str, nature: Nature = Nature.SECRET) -> Term:
        """Draw ``size`` octets and learn them under ``symbol``."""
        octets = self._entropy.draw(size, f"{self.scope}/{self.role}/{symbol}")
        origin = Drawn(symbol, citation)
        return self.learn(Term(symbol, octets, origin, scope=self.scope, nature=nature, owner=str(self.role)))

    def verify(
        self, expected: Term, received: Term, proves: Role | None, citation: str, notify: Number | None = None
    ) -> None:
        """Compare in constant time.

        Args:
            notify: what to answer if they differ; IKEv1's notifications where nothing is said.

        Raises:
            Refusal: they differ.
        """
        if not hmac.compare_digest(expected.octets, received.octets):
            reason = f"{expected.symbol} does not verify: not made with the keys that this side holds"
            usual = NotifyType.AUTHENTICATION_FAILED if proves else NotifyType.INVALID_HASH_INFORMATION
            raise Refusal(reason, citation, notify or usual, expected=expected, received=received)
        self._emit(Verified(expected.symbol, expected, received, proves, citation))
