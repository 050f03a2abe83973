"""The body of a payload that was encrypted by itself (RFC 2409 §5.2, §5.3): fields without a generic header."""

from __future__ import annotations

from explorer.errors import WireError
from explorer.octets import Buffer
from explorer.wire.field import Field, Spec, Tree
from explorer.wire.message import CONTENT, PADDING
from explorer.wire.payloads import PAYLOADS, OpaquePayload
from explorer.wire.structure import read

BODY = Spec("message", "body", "Decrypted payload body", "RFC 2409 §5.2")
_HEADER = 4


def read_body(payload_type: int, buffer: Buffer, padding: int = 0) -> Tree:
    """The annotated body; one that cannot be read is shown as octets.

    Args:
        padding: octets at the end that belong to the encryption.
    """
    octets = buffer.octets[: len(buffer.octets) - padding]
    children = _fields(payload_type, octets)
    if padding:
        children += (Field(PADDING, len(octets), len(buffer.octets), buffer.octets[len(octets) :], ()),)
    return Tree(buffer, Field(CONTENT, 0, len(buffer.octets), None, children))


def _fields(payload_type: int, octets: bytes) -> tuple[Field, ...]:
    """Read behind a generic header of our own, which is taken off again."""
    if not octets:
        return ()
    whole = bytes(2) + (len(octets) + _HEADER).to_bytes(2, "big") + octets
    try:
        _, field = read(PAYLOADS.get(payload_type, OpaquePayload), whole, 0, len(whole))
    except WireError:
        return (Field(BODY, 0, len(octets), octets, ()),)
    return tuple(_moved(child) for child in field.children[3:])


def _moved(field: Field) -> Field:
    children = tuple(_moved(child) for child in field.children)
    return Field(field.spec, field.start - _HEADER, field.end - _HEADER, field.value, children)
