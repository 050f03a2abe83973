"""How an ESP packet is written on the ladder: no RFC has a notation for it, this one is ours."""

from __future__ import annotations

from explorer.registry.ip import IcmpType, IpProtocol


def describe(packet: bytes) -> str:
    """``ESP  ping`` and ``ESP  ping answer`` for an IPv4 echo inside, ``ESP  packet`` for anything else."""
    if len(packet) > 20 and packet[0] == 0x45 and packet[9] == IpProtocol.ICMP:
        words = {int(IcmpType.ECHO): "ping", int(IcmpType.ECHO_REPLY): "ping answer"}
        return f"ESP  {words.get(packet[20], 'packet')}"
    return "ESP  packet"
