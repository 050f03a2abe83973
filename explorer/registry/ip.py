"""The few numbers of IP that a ping inside a tunnel needs."""

from __future__ import annotations

from explorer.registry.number import Number


class IpProtocol(Number):
    """The Protocol octet of IPv4 and the Next Header octet of ESP."""

    ANY = 0, "any", "in an Identification payload: every protocol", "RFC 2407 §4.6.2"
    ICMP = 1, "ICMP", "ping and its relatives", "RFC 792"
    IPV4 = 4, "IPv4", "a whole IPv4 packet follows: tunnel mode", "RFC 2003"
    TCP = 6, "TCP", "streams", "RFC 9293"
    UDP = 17, "UDP", "datagrams; IKE itself travels in them", "RFC 768"
    ESP = 50, "ESP", "encrypted IP", "RFC 4303"
    AH = 51, "AH", "authenticated IP", "RFC 4302"
    NO_NEXT = 59, "no next header", "a dummy packet", "RFC 4303 §2.6"


class IcmpType(Number):
    """ICMP message types."""

    ECHO_REPLY = 0, "Echo Reply", "the answer to a ping", "RFC 792"
    ECHO = 8, "Echo", "a ping", "RFC 792"
