"""A whole IKEv2 message: header, payload chain, and what was inside the encrypted payload (RFC 7296 §3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from explorer.errors import WireError
from explorer.octets import Buffer, Span
from explorer.registry.ikev2 import V2PayloadType
from explorer.wire import ikev2_eap, ikev2_notify  # noqa: F401 - teach V2Eap and V2Notify what their data are
from explorer.wire.field import Field, Spec, Tree
from explorer.wire.ikev2 import (
    V2_PAYLOADS,
    IkeHeader,
    V2Encrypted,
    V2EncryptedFragment,
    V2OpaquePayload,
    V2Payload,
    V2Sealed,
    V2SealedFragment,
)
from explorer.wire.message import MARKER
from explorer.wire.structure import read

HEADER_SIZE = 28
"""Octets of the IKE header (RFC 7296 §3.1)."""

MESSAGE = Spec("v2_message", "", "IKE message", "RFC 7296 §3")
CONTENT = Spec("v2_message", "content", "Decrypted payloads", "RFC 7296 §3.14")
PART = Spec("v2_message", "part", "Part of the payloads", "RFC 7383 §2.5")
PADDING = Spec("v2_message", "padding", "Padding", "RFC 7296 §3.14")
PAD_LENGTH = Spec("v2_message", "pad_length", "Pad length", "RFC 7296 §3.14", size=1)

P = TypeVar("P", bound=V2Payload)
Sizes = tuple[int, int]
"""Octets of initialization vector and of integrity check value."""

_LAST = (V2Sealed, V2Encrypted, V2SealedFragment, V2EncryptedFragment)
_SIZED: Mapping[int, type[V2Payload]] = {V2PayloadType.SK: V2Encrypted, V2PayloadType.SKF: V2EncryptedFragment}


class V2Message(NamedTuple):
    """One IKEv2 message, as far as it can be read.

    Attributes:
        header: the 28 octets in front.
        payloads: what it says: the payloads inside the encrypted one, once that is open, else those in the clear.
        types: the type of each payload, as its predecessor announced it.
        places: for each payload its field in the tree that holds it.
        trees: one per buffer: the datagram, then what was decrypted or reassembled.
        sealed: the encrypted payload, or ``None``.
        sealed_at: its field in the datagram.
        start: octet of the datagram at which the header begins: 4 behind a non-ESP marker, else 0.
    """

    header: IkeHeader
    payloads: tuple[V2Payload, ...]
    types: tuple[int, ...]
    places: tuple[Field, ...]
    trees: tuple[Tree, ...]
    sealed: V2Payload | None
    sealed_at: Field | None
    start: int

    @property
    def datagram(self) -> Buffer:
        """The octets that travelled."""
        return self.trees[0].buffer

    @property
    def opened(self) -> bool:
        """Whether the payloads can be read."""
        return self.sealed is None or len(self.trees) > 1

    @property
    def holder(self) -> Buffer:
        """The buffer in which the payloads stand."""
        return self.trees[-1].buffer

    def part(self, name: str) -> Span:
        """A field of the encrypted payload: ``iv``, ``ciphertext`` or ``icv``; an empty one has no octets."""
        assert self.sealed_at is not None
        for child in self.sealed_at.children:
            if child.spec.name == name:
                return Span(self.datagram, child.start, child.end)
        return Span(self.datagram, self.sealed_at.end, self.sealed_at.end)

    def find(self, payload_class: type[P]) -> P | None:
        """The first payload of a class, or ``None``."""
        return next((p for p in self.payloads if isinstance(p, payload_class)), None)

    def span(self, index: int) -> Span:
        """Where payload ``index`` stands, generic header and all."""
        return Span(self.holder, self.places[index].start, self.places[index].end)

    def body(self, index: int) -> Span:
        """Payload ``index`` without its generic header."""
        return Span(self.holder, self.places[index].start + 4, self.places[index].end)


class _Chain(NamedTuple):
    payloads: list[V2Payload]
    types: list[int]
    fields: list[Field]


def _read_chain(first: int, data: bytes, at: int, end: int, given: Mapping[str, int] | None) -> _Chain:
    """Payloads for as long as each announces another; an encrypted one is always the last (RFC 7296 §3.14)."""
    chain = _Chain([], [], [])
    following = first
    while following:
        chosen = _SIZED.get(following) if given is not None else None
        cls = chosen or V2_PAYLOADS.get(following, V2OpaquePayload)
        try:
            payload, field = read(cls, data, at, end, given)
        except WireError as error:
            if isinstance(error.tree, Field):
                chain.fields.append(error.tree)
            error.tree = Field(MESSAGE, 0, chain.fields[-1].end if chain.fields else at, None, tuple(chain.fields))
            raise
        chain.payloads.append(payload)
        chain.types.append(following)
        chain.fields.append(field)
        at = field.end
        if isinstance(payload, _LAST):
            break
        following = payload.next_payload
    return chain


def read_v2_header(buffer: Buffer, start: int = 0) -> IkeHeader:
    """The header alone, to find out how the rest is to be read.

    Raises:
        WireError: fewer than 28 octets.
    """
    return read(IkeHeader, buffer.octets, start, len(buffer.octets))[0]


def read_v2(buffer: Buffer, start: int = 0, sizes: Sizes | None = None) -> V2Message:
    """Parse a datagram; what is encrypted stays closed until :func:`open_v2`.

    Args:
        start: octet at which the header begins; whatever is in front of it is the non-ESP marker.
        sizes: octets of IV and ICV, to whom the SA is known.

    Raises:
        WireError: the header's Length differs from the datagram's, octets follow the last payload, or a
            payload breaks its own rules.
    """
    data = buffer.octets
    header, head = read(IkeHeader, data, start, len(data))
    front = (Field(MARKER, 0, start, data[:start], ()), head) if start else (head,)
    if header.length != len(data) - start:
        rule = f"Length is {header.length}, the datagram has {len(data) - start} octets"
        raise WireError(start + 24, rule, "RFC 7296 §3.1", Field(MESSAGE, 0, head.end, None, front))
    given = {"iv_size": sizes[0], "icv_size": sizes[1]} if sizes is not None else None
    try:
        chain = _read_chain(header.next_payload, data, head.end, len(data), given)
    except WireError as error:
        inner = error.tree.children if isinstance(error.tree, Field) else ()
        error.tree = Field(MESSAGE, 0, inner[-1].end if inner else head.end, None, (*front, *inner))
        raise
    end = chain.fields[-1].end if chain.fields else head.end
    root = Field(MESSAGE, 0, end, None, (*front, *chain.fields))
    if end != len(data):
        raise WireError(end, f"{len(data) - end} octets follow the last payload", "RFC 7296 §3.2", root)
    sealed = chain.payloads[-1] if chain.payloads and isinstance(chain.payloads[-1], _LAST) else None
    count = len(chain.payloads) - (sealed is not None)
    return V2Message(
        header,
        tuple(chain.payloads[:count]),
        tuple(chain.types[:count]),
        tuple(chain.fields[:count]),
        (Tree(buffer, root),),
        sealed,
        chain.fields[-1] if sealed is not None else None,
        start,
    )


def open_v2(message: V2Message, plaintext: bytes, parent: Span) -> V2Message:
    """The message with its inside: payloads, padding, and the octet that counts the padding.

    Raises:
        WireError: offsets count in the plaintext.
    """
    assert message.sealed is not None
    buffer = Buffer("decrypted", plaintext, parent)
    if not plaintext or plaintext[-1] >= len(plaintext):
        at = max(len(plaintext) - 1, 0)
        length = Field(PAD_LENGTH, at, len(plaintext), plaintext[-1] if plaintext else None, ())
        root = Field(CONTENT, 0, len(plaintext), None, (length,) if plaintext else ())
        raise WireError(at, "Pad length is larger than the payload", "RFC 7296 §3.14", root)
    end = len(plaintext) - 1 - plaintext[-1]
    chain, root = _content(message.sealed.next_payload, plaintext, end)
    return message._replace(
        payloads=tuple(chain.payloads),
        types=tuple(chain.types),
        places=tuple(chain.fields),
        trees=(message.trees[0], Tree(buffer, root)),
    )


def _content(first: int, plaintext: bytes, end: int) -> tuple[_Chain, Field]:
    chain = _read_chain(first, plaintext, 0, end, None)
    stop = chain.fields[-1].end if chain.fields else 0
    if stop != end:
        root = Field(CONTENT, 0, stop, None, tuple(chain.fields))
        raise WireError(stop, f"{end - stop} octets follow the last payload", "RFC 7296 §3.2", root)
    last = len(plaintext) - 1
    children = [*chain.fields]
    if end < last:
        children.append(Field(PADDING, end, last, plaintext[end:last], ()))
    children.append(Field(PAD_LENGTH, last, len(plaintext), plaintext[last], ()))
    return chain, Field(CONTENT, 0, len(plaintext), None, tuple(children))


def open_fragment(message: V2Message, plaintext: bytes, parent: Span) -> V2Message:
    """A fragment with its inside: a part of the payloads, padding, and the octet that counts it (RFC 7383 §2.5).

    Raises:
        WireError: offsets count in the plaintext.
    """
    buffer, last = Buffer("decrypted", plaintext, parent), len(plaintext) - 1
    if not plaintext or plaintext[-1] >= len(plaintext):
        root = Field(CONTENT, 0, len(plaintext), None, ())
        raise WireError(max(last, 0), "Pad length is larger than the payload", "RFC 7296 §3.14", root)
    end = last - plaintext[-1]
    children = [
        Field(spec, start, stop, value, ())
        for spec, start, stop, value in (
            (PART, 0, end, plaintext[:end]),
            (PADDING, end, last, plaintext[end:last]),
            (PAD_LENGTH, last, len(plaintext), plaintext[last]),
        )
        if start < stop
    ]
    root = Field(CONTENT, 0, len(plaintext), None, tuple(children))
    return message._replace(trees=(message.trees[0], Tree(buffer, root)))


def read_reassembled(message: V2Message, octets: bytes, first: int) -> V2Message:
    """A message whose parts came in fragments: the payloads stand in a buffer of their own (RFC 7383 §2.6).

    Raises:
        WireError: offsets count in the reassembled octets.
    """
    chain = _read_chain(first, octets, 0, len(octets), None)
    end = chain.fields[-1].end if chain.fields else 0
    if end != len(octets):
        root = Field(CONTENT, 0, end, None, tuple(chain.fields))
        raise WireError(end, f"{len(octets) - end} octets follow the last payload", "RFC 7296 §3.2", root)
    root = Field(CONTENT, 0, len(octets), None, tuple(chain.fields))
    return message._replace(
        payloads=tuple(chain.payloads),
        types=tuple(chain.types),
        places=tuple(chain.fields),
        trees=(*message.trees, Tree(Buffer("reassembled", octets, message.part("ciphertext")), root)),
    )
