"""How a protected packet is written on the ladder: no RFC has a notation for it, this one is ours."""

from __future__ import annotations

from collections.abc import Collection

from explorer.registry.ip import IcmpType, IpProtocol


def title(protocols: Collection[int]) -> str:
    """The headers in their order on the wire."""
    names = ((IpProtocol.AH, "AH"), (IpProtocol.ESP, "ESP"))
    return ", ".join(name for protocol, name in names if protocol in protocols)


def describe(packet: bytes) -> str:
    """``ping`` and ``ping answer`` for an IPv4 echo inside, ``packet`` for anything else."""
    if len(packet) > 20 and packet[0] == 0x45 and packet[9] == IpProtocol.ICMP:
        words = {int(IcmpType.ECHO): "ping", int(IcmpType.ECHO_REPLY): "ping answer"}
        return words.get(packet[20], "packet")
    return "packet"
