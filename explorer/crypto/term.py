"""Terms: named octet strings in the RFC's own notation, each with a scope and an origin."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

import msgspec

from explorer.crypto.expression import Expr, Token, wrap
from explorer.octets import Span


class Nature(Enum):
    """What kind of thing a term is; views give each a mark and a colour."""

    PUBLIC = "public"
    SECRET = "secret"
    DERIVED = "derived"
    ENCRYPTED = "encrypted"
    CONSTANT = "constant"


class Configured(msgspec.Struct, frozen=True):
    """Origin: the party's own configuration."""

    citation: str = ""


class Drawn(msgspec.Struct, frozen=True):
    """Origin: the party's own entropy."""

    purpose: str
    citation: str = ""


class Constant(msgspec.Struct, frozen=True):
    """Origin: a specification."""

    citation: str


class Derived(msgspec.Struct, frozen=True, eq=False):
    """Origin: computed from other terms."""

    expression: Expr
    citation: str


Origin = Span | Configured | Drawn | Constant | Derived


class Term(Expr):
    """A named octet string.  Compared by identity: what two parties hold are two terms.

    Attributes:
        symbol: the RFC's notation, such as ``g^xy`` or ``SKEYID_d``.
        scope: what the symbol is unique in: ``phase 1``, or one Quick Mode.
        origin: a span of a buffer, a configuration, a draw, a specification, or an expression.
        nature: what kind of thing it is.
        owner: the role whose value it is (``initiator``, ``responder``), or ``""``.
    """

    __slots__ = ("nature", "origin", "owner", "scope", "symbol")

    def __init__(
        self,
        symbol: str,
        octets: bytes,
        origin: Origin,
        *,
        scope: str = "",
        nature: Nature = Nature.PUBLIC,
        owner: str = "",
    ) -> None:
        self.octets = octets
        self.symbol = symbol
        self.scope = scope
        self.origin = origin
        self.nature = nature
        self.owner = owner

    def __repr__(self) -> str:
        return f"Term({self.symbol!r}, {len(self.octets)} octets)"

    @property
    def citation(self) -> str:
        """Where the term, or how it is made, is specified."""
        return "" if isinstance(self.origin, Span) else self.origin.citation

    @property
    def expression(self) -> Expr | None:
        """The expression it was derived by, or ``None``."""
        return self.origin.expression if isinstance(self.origin, Derived) else None

    def inputs(self) -> tuple[Expr, ...]:
        """A term is a leaf of whatever uses it."""
        return ()

    def terms(self) -> tuple[Term, ...]:
        """A term is its own nearest named term."""
        return (self,)

    def tokens(self) -> Iterator[Token]:
        """Its symbol."""
        yield Token(self.symbol, self)

    def command(self) -> str | None:
        """A shell command that derives it, or ``None`` for what is not derived."""
        return self.expression.command() if self.expression is not None else None

    def made_of(self) -> tuple[Term, ...]:
        """The terms its expression names directly, each once."""
        return self.expression.terms() if self.expression is not None else ()


def derive(
    symbol: str, expression: Expr, citation: str, *, scope: str = "", nature: Nature = Nature.DERIVED, owner: str = ""
) -> Term:
    """Evaluate an expression and give the result a name."""
    return Term(symbol, expression.octets, Derived(expression, citation), scope=scope, nature=nature, owner=owner)


def constant(symbol: str, octets: bytes, citation: str) -> Term:
    """A value that a specification fixes."""
    return Term(symbol, octets, Constant(citation), nature=Nature.CONSTANT)


__all__ = ["Configured", "Constant", "Derived", "Drawn", "Nature", "Origin", "Term", "constant", "derive", "wrap"]
