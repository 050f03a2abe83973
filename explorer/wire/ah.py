"""AH packets (RFC 4302 §2): a header in front of what it covers."""

from __future__ import annotations

from explorer.errors import WireError
from explorer.octets import Buffer
from explorer.registry.ip import IpProtocol
from explorer.wire.esp import EspPacket, SealedEspPacket
from explorer.wire.field import Field, Spec, Tree
from explorer.wire.ip import read_icmp, read_packet
from explorer.wire.structure import Structure, octets, read, u8, u16, u32

AH_PACKET = Spec("ah", "packet", "AH packet", "RFC 4302 §2")


class AhHeader(Structure, label="Authentication Header", cite="RFC 4302 §2", key="ah"):
    """The header; the ICV has as many octets as the payload length, in units of four, leaves it."""

    next_header: int = u8(IpProtocol, label="Next header")
    payload_length: int = u8(label="Payload length", say=lambda v: f"{v}: the header has {(v + 2) * 4} octets")
    reserved: int = u16(default=0, label="Reserved")
    spi: int = u32(label="SPI", say=lambda v: f"{v:08x}")
    sequence: int = u32(label="Sequence number")
    icv: bytes = octets("icv_size", label="Integrity check value")


def read_ah(buffer: Buffer, sizes: tuple[int, int] | None = None) -> tuple[AhHeader, EspPacket | None, Tree]:
    """Parse an AH packet and whatever follows its header.

    Args:
        sizes: octets of IV and ICV of an ESP packet inside, where the SA of that is known.

    Raises:
        WireError: the header's length does not fit.
    """
    data = buffer.octets
    if len(data) < 12 or (data[1] + 2) * 4 < 12:
        raise WireError(0, f"Authentication Header needs 12 octets, {len(data)} are there", "RFC 4302 §2")
    header, head = read(AhHeader, data, 0, len(data), {"icv_size": (data[1] + 2) * 4 - 12})
    esp: EspPacket | None = None
    if header.next_header == IpProtocol.ESP and sizes is not None:
        esp, inner = read(EspPacket, data, head.end, len(data), {"iv_size": sizes[0], "icv_size": sizes[1]})
        children: tuple[Field, ...] = (inner,)
    elif header.next_header == IpProtocol.ESP:
        children = (read(SealedEspPacket, data, head.end, len(data))[1],)
    elif header.next_header == IpProtocol.ICMP:
        children = read_icmp(data, head.end, len(data))
    else:
        children = read_packet(data, head.end, len(data))
    return header, esp, Tree(buffer, Field(AH_PACKET, 0, len(data), None, (head, *children)))
