"""A whole ISAKMP message: header, payload chain, and what was inside if it was encrypted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from explorer.errors import WireError
from explorer.octets import Buffer, Span
from explorer.registry.isakmp import PayloadType
from explorer.wire.field import Field, Spec, Tree
from explorer.wire.payloads import PAYLOADS, IsakmpHeader, OpaquePayload, Payload
from explorer.wire.structure import build, read

HEADER_SIZE = 28
"""Octets of the ISAKMP header (RFC 2408 §3.1)."""

P = TypeVar("P", bound=Payload)

MARKER_SIZE = 4
"""Zero octets in front of the header on the port of NAT traversal (RFC 3948 §2.2)."""

_CHAIN = "RFC 2408 §3.2"
MARKER = Spec("message", "marker", "Non-ESP marker", "RFC 3948 §2.2", size=MARKER_SIZE)
KEEPALIVE = Spec("message", "keepalive", "NAT keepalive", "RFC 3948 §2.3", size=1)
MESSAGE = Spec("message", "", "ISAKMP message", "RFC 2408 §3")
CIPHERTEXT = Spec("message", "ciphertext", "Encrypted payloads", "RFC 2409 Appendix B")
CONTENT = Spec("message", "content", "Decrypted payloads", "RFC 2409 Appendix B")
PADDING = Spec("message", "padding", "Padding", "RFC 2409 Appendix B")


class Message(NamedTuple):
    """One ISAKMP message, as far as it can be read.

    Attributes:
        header: the 28 octets in front.
        payloads: in the order of the chain; empty while the message is encrypted and not opened.
        trees: one per buffer: the datagram, then what was decrypted from it.
        places: for each payload its field in the tree that holds the payloads.
        start: octet of the datagram at which the header begins: 4 behind a non-ESP marker, else 0.
    """

    header: IsakmpHeader
    payloads: tuple[Payload, ...]
    trees: tuple[Tree, ...]
    places: tuple[Field, ...]
    start: int = 0

    @property
    def datagram(self) -> Buffer:
        """The octets that travelled."""
        return self.trees[0].buffer

    @property
    def opened(self) -> bool:
        """Whether the payloads can be read."""
        return not self.header.encrypted or len(self.trees) > 1

    @property
    def ciphertext(self) -> Span:
        """Everything after the header."""
        datagram = self.datagram
        return Span(datagram, self.start + HEADER_SIZE, len(datagram.octets))

    @property
    def holder(self) -> Buffer:
        """The buffer in which the payloads stand."""
        inside = len(self.trees) > 1 and self.header.encrypted
        return self.trees[1 if inside else 0].buffer

    def find(self, payload_class: type[P]) -> P | None:
        """The first payload of a class, or ``None``."""
        return next((p for p in self.payloads if isinstance(p, payload_class)), None)

    @property
    def types(self) -> tuple[int, ...]:
        """The type of each payload, as its predecessor announced it."""
        announced = (self.header.next_payload, *(payload.next_payload for payload in self.payloads))
        return announced[: len(self.payloads)]

    def span(self, index: int, name: str = "") -> Span:
        """Where payload ``index`` stands, or one of its fields (an empty one has no octets)."""
        place = self.places[index]
        buffer = self.holder
        if not name:
            return Span(buffer, place.start, place.end)
        for child in place.children:
            if child.spec.name == name:
                return Span(buffer, child.start, child.end)
        return Span(buffer, place.end, place.end)

    def body(self, index: int) -> Span:
        """Payload ``index`` without its generic header: what RFC 2409 §3.2 writes as ``<P>_b``."""
        place = self.places[index]
        return Span(self.holder, place.start + 4, place.end)


def read_chain(
    first: int, data: bytes, at: int, end: int, classes: Mapping[int, type[Payload]]
) -> tuple[list[Payload], list[Field]]:
    """Read payloads from ``at`` for as long as each announces another; type 0 announces none.

    Raises:
        WireError: its ``tree`` holds the payloads before the faulty one, and the part of that.
    """
    payloads: list[Payload] = []
    fields: list[Field] = []
    following = first
    while following:
        try:
            payload, field = read(classes.get(following, OpaquePayload), data, at, end)
        except WireError as error:
            if isinstance(error.tree, Field):
                fields.append(error.tree)
            error.tree = Field(MESSAGE, 0, fields[-1].end if fields else at, None, tuple(fields))
            raise
        payloads.append(payload)
        fields.append(field)
        following, at = payload.next_payload, field.end
    return payloads, fields


def read_header(buffer: Buffer, start: int = 0) -> IsakmpHeader:
    """The header alone, to find out how the rest is to be read.

    Raises:
        WireError: fewer than 28 octets.
    """
    return read(IsakmpHeader, buffer.octets, start, len(buffer.octets))[0]


def read_message(buffer: Buffer, classes: Mapping[int, type[Payload]] = PAYLOADS, start: int = 0) -> Message:
    """Parse a datagram; what is encrypted stays one leaf until :func:`open_message`.

    Args:
        start: octet at which the header begins; whatever is in front of it is the non-ESP marker.

    Raises:
        WireError: the header's Length differs from the datagram's, octets follow the last payload, or
            a payload breaks its own rules.
    """
    data = buffer.octets
    header, head = read(IsakmpHeader, data, start, len(data))
    front = (Field(MARKER, 0, start, data[:start], ()), head) if start else (head,)
    if header.length != len(data) - start:
        rule = f"Length is {header.length}, the datagram has {len(data) - start} octets"
        raise WireError(start + 24, rule, "RFC 2408 §3.1", Field(MESSAGE, 0, head.end, None, front))
    if header.encrypted:
        sealed = (Field(CIPHERTEXT, head.end, len(data), data[head.end :], ()),) if len(data) > head.end else ()
        root = Field(MESSAGE, 0, len(data), None, (*front, *sealed))
        return Message(header, (), (Tree(buffer, root),), (), start)
    try:
        payloads, fields = read_chain(header.next_payload, data, head.end, len(data), classes)
    except WireError as error:
        inner = error.tree.children if isinstance(error.tree, Field) else ()
        error.tree = Field(MESSAGE, 0, inner[-1].end if inner else head.end, None, (*front, *inner))
        raise
    end = fields[-1].end if fields else head.end
    root = Field(MESSAGE, 0, end, None, (*front, *fields))
    if end != len(data):
        raise WireError(end, f"{len(data) - end} octets follow the last payload", _CHAIN, root)
    return Message(header, tuple(payloads), (Tree(buffer, root),), tuple(fields), start)


def read_keepalive(buffer: Buffer) -> Tree:
    """The one octet that keeps a NAT's memory fresh (RFC 3948 §2.3)."""
    leaf = Field(KEEPALIVE, 0, len(buffer.octets), buffer.octets, ())
    return Tree(buffer, Field(MESSAGE, 0, len(buffer.octets), None, (leaf,)))


def open_message(message: Message, plaintext: bytes, classes: Mapping[int, type[Payload]] = PAYLOADS) -> Message:
    """The message with its decrypted inside: payloads, then padding without a length of its own.

    Raises:
        WireError: offsets count in the plaintext; a wrong key shows up here, as nonsense in the chain.
    """
    inside = Buffer("decrypted", plaintext, message.ciphertext)
    payloads, fields = read_chain(message.header.next_payload, plaintext, 0, len(plaintext), classes)
    end = fields[-1].end if fields else 0
    padding = (Field(PADDING, end, len(plaintext), plaintext[end:], ()),) if end < len(plaintext) else ()
    root = Field(CONTENT, 0, len(plaintext), None, (*fields, *padding))
    return message._replace(
        payloads=tuple(payloads), trees=(message.trees[0], Tree(inside, root)), places=tuple(fields)
    )


def build_chain(payloads: Sequence[tuple[int, Payload]]) -> bytes:
    """Octets of a payload chain; each payload comes with its own type, for its predecessor to announce."""
    types = [kind for kind, _ in payloads[1:]] + [int(PayloadType.NONE)]
    return b"".join(build(payload, following) for (_, payload), following in zip(payloads, types, strict=True))


_TYPES: dict[str, int] = {cls.spec.structure: int(kind) for kind, cls in PAYLOADS.items()}
_TYPES["foreign_security_association"] = int(PayloadType.SA)


def payload_type(payload: Payload) -> int:
    """The Next Payload number that announces a payload of this class."""
    return _TYPES[type(payload).spec.structure]


def typed(payloads: Iterable[Payload]) -> list[tuple[int, Payload]]:
    """Payloads with the types that announce them."""
    return [(payload_type(payload), payload) for payload in payloads]
