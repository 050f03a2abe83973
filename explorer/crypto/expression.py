"""Expressions with octets: one object evaluates, prints in RFC notation, lists its inputs and proves itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from explorer.crypto import proof
from explorer.crypto.algorithms import CbcCipher, HashFunction
from explorer.crypto.groups import ModpGroup

if TYPE_CHECKING:
    from explorer.crypto.term import Term


class Token(NamedTuple):
    """A piece of a formula: plain text, or the symbol of a term."""

    text: str
    term: Term | None = None


class Expr:
    """Something with octets.

    ``a | b`` concatenates, ``a[:n]`` takes the first ``n`` octets, and an integer in a concatenation is
    one octet, as in RFC 2409 §3.2.
    """

    __slots__ = ("octets",)

    octets: bytes

    def __or__(self, other: Expr | int) -> Concat:
        return Concat((*self.parts, *wrap(other).parts))

    def __ror__(self, other: int) -> Concat:
        return Concat((wrap(other), *self.parts))

    def __getitem__(self, cut: slice) -> Slice:
        return Slice(self, cut.start or 0, len(self.octets) if cut.stop is None else cut.stop)

    @property
    def parts(self) -> tuple[Expr, ...]:
        """The members of a concatenation; anything else is a part by itself."""
        return (self,)

    def __str__(self) -> str:
        return "".join(token.text for token in self.tokens())

    def inputs(self) -> tuple[Expr, ...]:
        """The expressions it is computed from."""
        raise NotImplementedError

    def tokens(self) -> Iterator[Token]:
        """The formula in RFC notation."""
        raise NotImplementedError

    def command(self) -> str | None:
        """A shell command that prints the octets in lower-case hex, or ``None``."""
        raise NotImplementedError

    def terms(self) -> tuple[Term, ...]:
        """The nearest named terms, each once, in order of appearance."""
        found: dict[int, Term] = {}
        for expression in self.inputs():
            for term in expression.terms():
                found.setdefault(id(term), term)
        return tuple(found.values())


class Octet(Expr):
    """One octet, written as its number."""

    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.octets = bytes((value,))
        self.value = value

    def inputs(self) -> tuple[Expr, ...]:
        return ()

    def tokens(self) -> Iterator[Token]:
        yield Token(str(self.value))

    def command(self) -> str | None:
        return proof.print_octets([self.octets])


class Concat(Expr):
    """``a | b | c``.  Joined when looked at: most concatenations are only a step on the way to a longer one."""

    __slots__ = ("_joined", "parts")

    def __init__(self, parts: tuple[Expr, ...]) -> None:  # its octets come later
        self.parts = parts  # type: ignore[misc]
        self._joined: bytes | None = None

    @property
    def octets(self) -> bytes:  # type: ignore[override]
        """The parts, one after another."""
        if self._joined is None:
            self._joined = b"".join([part.octets for part in self.parts])
        return self._joined

    def inputs(self) -> tuple[Expr, ...]:
        return self.parts

    def tokens(self) -> Iterator[Token]:
        for index, part in enumerate(self.parts):
            if index:
                yield Token(" | ")
            yield from part.tokens()

    def command(self) -> str | None:
        return proof.print_octets([part.octets for part in self.parts])


class Framed(Expr):
    """A whole payload, generic header included, written as its word; its body is a term of its own.

    ``word`` is the RFC's name, such as ``IDii``; ``header`` the four octets in front of the body.
    """

    __slots__ = ("body", "header", "word")

    def __init__(self, word: str, header: bytes, body: Expr) -> None:
        self.octets = header + body.octets
        self.word = word
        self.header = header
        self.body = body

    def inputs(self) -> tuple[Expr, ...]:
        return (self.body,)

    def tokens(self) -> Iterator[Token]:
        terms = self.body.terms()
        yield Token(self.word, terms[0] if terms else None)

    def command(self) -> str | None:
        return proof.print_octets([self.octets])


class Plain(Expr):
    """Octets that no term stands for, under a word of their own, such as ``padding``."""

    __slots__ = ("word",)

    def __init__(self, word: str, octets: bytes) -> None:
        self.octets = octets
        self.word = word

    def inputs(self) -> tuple[Expr, ...]:
        return ()

    def tokens(self) -> Iterator[Token]:
        yield Token(self.word)

    def command(self) -> str | None:
        return proof.print_octets([self.octets])


class Slice(Expr):
    """Octets ``start`` up to, not including, ``end`` of something."""

    __slots__ = ("end", "of", "start")

    def __init__(self, of: Expr, start: int, end: int) -> None:
        self.octets = of.octets[start:end]
        self.of = of
        self.start = start
        self.end = end

    def inputs(self) -> tuple[Expr, ...]:
        return (self.of,)

    def tokens(self) -> Iterator[Token]:
        wide = isinstance(self.of, Concat) and len(self.of.parts) > 1
        yield Token(f"octets {self.start}–{self.end - 1} of " + ("(" if wide else ""))
        yield from self.of.tokens()
        if wide:
            yield Token(")")

    def command(self) -> str | None:
        whole = proof.print_octets([self.of.octets]) if not isinstance(self.of, Prf | Hash) else self.of.command()
        return proof.cut(whole, self.start, self.end) if whole is not None else None


class LastBlock(Expr):
    """The last ``size`` octets of a ciphertext."""

    __slots__ = ("of",)

    def __init__(self, of: Expr, size: int) -> None:
        self.octets = of.octets[-size:]
        self.of = of

    def inputs(self) -> tuple[Expr, ...]:
        return (self.of,)

    def tokens(self) -> Iterator[Token]:
        yield Token("last block of ")
        yield from self.of.tokens()

    def command(self) -> str | None:
        total = len(self.of.octets)
        return proof.cut(proof.print_octets([self.of.octets]), total - len(self.octets), total)


class Prf(Expr):
    """``prf(key, data)``: HMAC with the negotiated hash (RFC 2409 §4), under the name of its use."""

    __slots__ = ("data", "function", "key", "word")

    def __init__(self, function: HashFunction, key: Expr, data: Expr, word: str = "prf") -> None:
        self.octets = function.hmac(key.octets, data.octets)
        self.function = function
        self.key = key
        self.data = data
        self.word = word

    def inputs(self) -> tuple[Expr, ...]:
        return (self.key, self.data)

    def tokens(self) -> Iterator[Token]:
        yield Token(f"{self.word}(")
        yield from self.key.tokens()
        yield Token(", ")
        yield from self.data.tokens()
        yield Token(")")

    def command(self) -> str | None:
        return proof.hmac(self.function.name, self.key.octets, [part.octets for part in self.data.parts])


class Hash(Expr):
    """``hash(data)`` with the negotiated hash itself, not HMAC."""

    __slots__ = ("data", "function")

    def __init__(self, function: HashFunction, data: Expr) -> None:
        self.octets = function.digest(data.octets)
        self.function = function
        self.data = data

    def inputs(self) -> tuple[Expr, ...]:
        return (self.data,)

    def tokens(self) -> Iterator[Token]:
        yield Token("hash(")
        yield from self.data.tokens()
        yield Token(")")

    def command(self) -> str | None:
        return proof.digest(self.function.name, [part.octets for part in self.data.parts])


class ModExp(Expr):
    """``base ^ exponent mod p``, left-padded to the length of the prime (RFC 2409 §5)."""

    __slots__ = ("base", "exponent", "group", "prime")

    def __init__(self, group: ModpGroup, base: Expr, exponent: Expr, prime: Expr) -> None:
        self.octets = group.power(int.from_bytes(base.octets, "big"), int.from_bytes(exponent.octets, "big"))
        self.group = group
        self.base = base
        self.exponent = exponent
        self.prime = prime

    def inputs(self) -> tuple[Expr, ...]:
        return (self.base, self.exponent, self.prime)

    def tokens(self) -> Iterator[Token]:
        long_base = "^" in str(self.base)
        yield Token("(" if long_base else "")
        yield from self.base.tokens()
        yield Token(") ^ " if long_base else " ^ ")
        yield from self.exponent.tokens()
        yield Token(" mod ")
        yield from self.prime.tokens()

    def command(self) -> str | None:
        return proof.power(self.base.octets, self.exponent.octets, self.prime.octets)


class Encrypt(Expr):
    """A CBC encryption; the plaintext is a whole number of blocks."""

    __slots__ = ("cipher", "iv", "key", "plaintext")

    def __init__(self, cipher: CbcCipher, key: Expr, iv: Expr, plaintext: Expr) -> None:
        self.octets = cipher.encrypt(key.octets, iv.octets, plaintext.octets)
        self.cipher = cipher
        self.key = key
        self.iv = iv
        self.plaintext = plaintext

    def inputs(self) -> tuple[Expr, ...]:
        return (self.key, self.iv, self.plaintext)

    def tokens(self) -> Iterator[Token]:
        yield Token(f"{self.cipher.label}(")
        for index, part in enumerate(self.inputs()):
            yield Token(", " if index else "")
            yield from part.tokens()
        yield Token(")")

    def command(self) -> str | None:
        return self.cipher.command(self.key.octets, self.iv.octets, self.plaintext.octets)


def wrap(value: Expr | int) -> Expr:
    """An integer as the one octet that it stands for."""
    return Octet(value) if isinstance(value, int) else value
