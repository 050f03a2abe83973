"""Everything that can go wrong on purpose.

``ExplorerError`` is for people: bad files, names, keys.  ``WireError`` is for octets.  Nothing else
leaves the codec, and no command shows a traceback for either.  ``NoSaError`` ends a script, not a program.
"""

from __future__ import annotations


class ExplorerError(Exception):
    """Input from a person was bad; the message is one line: where, and what was expected."""


class NoSaError(LookupError):
    """Something was asked for that needs a security association which is not there; the message says which."""


class WireError(Exception):
    """Octets that are not what the specification says.

    Attributes:
        offset: first octet, counted in the buffer that was read, at which the rule is broken.
        rule: what was expected and what was found, in one sentence.
        citation: where the rule stands, such as ``RFC 2408 §3.1``.
        tree: the part that was read before the rule broke (a ``wire.field.Field``), or ``None``.
    """

    def __init__(self, offset: int, rule: str, citation: str, tree: object = None) -> None:
        super().__init__(f"octet {offset}: {rule} ({citation})")
        self.offset = offset
        self.rule = rule
        self.citation = citation
        self.tree = tree
