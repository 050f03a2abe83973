"""A message that is sent once more."""

from __future__ import annotations

from explorer.events import Binding, Sent
from explorer.octets import Buffer, Span
from explorer.wire.field import Tree


def repeat(sent: Sent) -> Sent:
    """The same message once more: equal octets in buffers of their own, so that each can be told from the other."""
    copies: dict[Buffer, Buffer] = {}

    def copy(buffer: Buffer) -> Buffer:
        if buffer not in copies:
            parent = buffer.parent
            moved = Span(copy(parent.buffer), parent.start, parent.end) if parent is not None else None
            copies[buffer] = Buffer(buffer.name, buffer.octets, moved)
        return copies[buffer]

    trees = tuple(Tree(copy(tree.buffer), tree.root) for tree in sent.envelope.trees)
    bindings = tuple(Binding(term, Span(copy(span.buffer), span.start, span.end)) for term, span in sent.bindings)
    return Sent(sent.envelope._replace(trees=trees), bindings, again=True)
