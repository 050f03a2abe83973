"""The packet inside the tunnel: IPv4 and an ICMP echo."""

from __future__ import annotations

import struct

from explorer.errors import WireError
from explorer.registry.ip import IcmpType, IpProtocol
from explorer.wire import say
from explorer.wire.field import Bit, Field
from explorer.wire.structure import Structure, build, octets, read, rest, u8, u16

_VERSION_BITS = (Bit("Version", 0xF0, "IP version"), Bit("IHL", 0x0F, "header length in units of four octets"))
_FRAGMENT_BITS = (
    Bit("DF", 0x4000, "do not fragment"),
    Bit("MF", 0x2000, "more fragments follow"),
    Bit("Offset", 0x1FFF, "position of this fragment in units of eight octets"),
)


def _say_fragment(value: object) -> str:
    word = value if isinstance(value, int) else 0
    names = [label for label, mask in (("do not fragment", 0x4000), ("more fragments", 0x2000)) if word & mask]
    return ", ".join([*names, f"offset {(word & 0x1FFF) * 8}"])


class Ipv4Header(Structure, label="IPv4 header", cite="RFC 791 §3.1", key="ipv4_header"):
    """20 octets, for packets without options."""

    version_ihl: int = u8(
        default=0x45,
        label="Version, header length",
        say=lambda v: f"IPv{v >> 4}, {(v & 15) * 4} octets",
        bits=_VERSION_BITS,
    )
    type_of_service: int = u8(default=0, label="Type of service")
    total_length: int = u16(label="Total length")
    identification: int = u16(default=0, label="Identification")
    flags_fragment: int = u16(default=0x4000, label="Flags, fragment offset", say=_say_fragment, bits=_FRAGMENT_BITS)
    ttl: int = u8(default=64, label="Time to live")
    protocol: int = u8(IpProtocol, label="Protocol")
    checksum: int = u16(label="Header checksum", say=lambda v: f"{v:#06x}")
    source: bytes = octets(4, label="Source address", say=say.ipv4)
    destination: bytes = octets(4, label="Destination address", say=say.ipv4)


class IcmpEcho(Structure, label="ICMP echo", cite="RFC 792"):
    """A ping, or its answer."""

    icmp_type: int = u8(IcmpType, label="ICMP type")
    code: int = u8(default=0, label="Code")
    checksum: int = u16(label="ICMP checksum", say=lambda v: f"{v:#06x}")
    identifier: int = u16(label="Identifier")
    sequence: int = u16(label="Echo sequence number")
    data: bytes = rest(label="Echo data", say=say.text)


class OpaquePacket(Structure, label="Inner packet", cite="RFC 4303 §2.3"):
    """Anything inside the tunnel that is not an IPv4 echo."""

    data: bytes = rest(label="Octets of the inner packet")


def read_packet(data: bytes, at: int, end: int) -> tuple[Field, ...]:
    """Fields of an inner packet; whatever is not an IPv4 echo is one opaque field."""
    try:
        header, head = read(Ipv4Header, data, at, end)
        if header.version_ihl == 0x45 and header.total_length == end - at and header.protocol == IpProtocol.ICMP:
            _, echo = read(IcmpEcho, data, head.end, end)
            if echo.end == end:
                return (head, echo)
    except WireError:
        pass
    return (read(OpaquePacket, data, at, end)[1],)


def read_icmp(data: bytes, at: int, end: int) -> tuple[Field, ...]:
    """An ICMP echo without an IP header in front, as transport mode carries it; anything else is one opaque field."""
    try:
        _, echo = read(IcmpEcho, data, at, end)
        if echo.end == end:
            return (echo,)
    except WireError:
        pass
    return (read(OpaquePacket, data, at, end)[1],)


def checksum(data: bytes) -> int:
    """The ones' complement sum of 16-bit words (RFC 1071), 0 to 65535."""
    whole = data + bytes(len(data) % 2)
    total: int = sum(struct.unpack(f">{len(whole) // 2}H", whole))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def build_echo(kind: int, identifier: int, sequence: int, data: bytes) -> bytes:
    """An ICMP echo or echo reply with its checksum."""
    blank = IcmpEcho(icmp_type=kind, checksum=0, identifier=identifier, sequence=sequence, data=data)
    return build(blank.replace(checksum=checksum(build(blank))))


def build_ipv4(source: bytes, destination: bytes, protocol: int, payload: bytes, identification: int = 0) -> bytes:
    """An IPv4 packet around ``payload``; addresses are four octets."""
    blank = Ipv4Header(
        total_length=20 + len(payload),
        identification=identification,
        protocol=protocol,
        checksum=0,
        source=source,
        destination=destination,
    )
    return build(blank.replace(checksum=checksum(build(blank)))) + payload
