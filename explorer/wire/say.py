"""Values in words.  Everything that came from the wire is escaped here, before any view sees it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

_LONG = 1 << 64


def text(octets: object) -> str:
    r"""Octets as text: printable ASCII as it is, everything else as ``\xNN``, in quotes."""
    if not isinstance(octets, bytes):
        return str(octets)
    shown = "".join(chr(o) if 0x20 <= o < 0x7F and o != 0x5C else f"\\x{o:02x}" for o in octets)
    return f"'{shown}'"


def hexadecimal(octets: object) -> str:
    """Octets as lower-case hex pairs; the first eight of a long run."""
    if not isinstance(octets, bytes):
        return str(octets)
    if not octets:
        return "empty"
    shown = octets[:8].hex(" ")
    return f"{shown} …" if len(octets) > 8 else shown


def ipv4(octets: object) -> str:
    """Four octets as an address."""
    if isinstance(octets, bytes) and len(octets) == 4:
        return str(IPv4Address(octets))
    return hexadecimal(octets)


def ipv4_subnet(octets: object) -> str:
    """An address and a mask, four octets each."""
    if isinstance(octets, bytes) and len(octets) == 8:
        return f"{ipv4(octets[:4])} mask {ipv4(octets[4:])}"
    return hexadecimal(octets)


def ipv4_range(octets: object) -> str:
    """First and last address, four octets each."""
    if isinstance(octets, bytes) and len(octets) == 8:
        return f"{ipv4(octets[:4])} to {ipv4(octets[4:])}"
    return hexadecimal(octets)


def ipv6(octets: object) -> str:
    """Sixteen octets as an address."""
    if isinstance(octets, bytes) and len(octets) == 16:
        return str(IPv6Address(octets))
    return hexadecimal(octets)


def number_in_octets(octets: object) -> str:
    """Octets as one big-endian number, as long as that is readable."""
    if isinstance(octets, bytes) and 0 < len(octets) <= 8:
        return str(int.from_bytes(octets, "big"))
    return hexadecimal(octets)


def number(value: int) -> str:
    """A number as it is, as long as that is readable; its octets where it has more than eight of them."""
    return str(value) if value < _LONG else hexadecimal(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def say_value(value: object) -> str:
    """The default: numbers as they are, octets as hex."""
    return hexadecimal(value) if isinstance(value, bytes) else str(value)
