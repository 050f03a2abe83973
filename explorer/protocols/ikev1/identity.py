"""Identification bodies: who somebody is, or whose packets are meant."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from explorer.registry.ipsec import IdType
from explorer.wire import say


@dataclass(frozen=True)
class Identity:
    """The body of an Identification payload without its protocol and port."""

    id_type: int
    data: bytes
    protocol: int = 0
    port: int = 0

    @property
    def body(self) -> bytes:
        """Type, protocol, port and data: what ``IDii_b`` and its relatives stand for."""
        return bytes((self.id_type, self.protocol)) + self.port.to_bytes(2, "big") + self.data


def selector(body: bytes) -> tuple[int, int, bytes, bytes]:
    """Whose packets an Identification body means: protocol, port, first and last address.

    One host may be written as an address, as a network of one, or as a range of one (RFC 2407 §4.6.2),
    so bodies are compared by this; other kinds of identity stand for nothing but their own octets.
    """
    id_type, protocol, port, data = body[0], body[1], int.from_bytes(body[2:4], "big"), body[4:]
    if id_type == IdType.IPV4_ADDR and len(data) == 4:
        return protocol, port, data, data
    if id_type == IdType.IPV4_ADDR_SUBNET and len(data) == 8:
        address, mask = int.from_bytes(data[:4], "big"), int.from_bytes(data[4:], "big")
        first, last = address & mask, address | ~mask & 0xFFFFFFFF
        return protocol, port, first.to_bytes(4, "big"), last.to_bytes(4, "big")
    if id_type == IdType.IPV4_ADDR_RANGE and len(data) == 8:
        return protocol, port, data[:4], data[4:]
    return protocol, port, bytes((id_type,)) + data, b""


def identity_text(body: bytes) -> str:
    """An Identification body as a person would write it: an address, a name; hex for anything else."""
    id_type, data = body[0], body[4:]
    if id_type == IdType.IPV4_ADDR and len(data) == 4:
        return str(IPv4Address(data))
    if id_type in (IdType.FQDN, IdType.USER_FQDN, IdType.KEY_ID):
        return say.text(data)[1:-1]
    return data.hex()


def host_identity(address: bytes) -> Identity:
    """One IPv4 address, four octets."""
    return Identity(int(IdType.IPV4_ADDR), address)
