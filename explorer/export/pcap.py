"""A capture of the run: raw IP packets, as a network tap between the peers would have kept them."""

from __future__ import annotations

import io
from ipaddress import IPv4Address

import dpkt

from explorer.lab.clock import EPOCH
from explorer.registry.ip import IpProtocol
from explorer.trace.model import Step
from explorer.trace.trace import Trace


def pcap(trace: Trace) -> bytes:
    """The messages of a run as a pcap file of link type raw IP (101)."""
    file = io.BytesIO()
    writer = dpkt.pcap.Writer(file, linktype=dpkt.pcap.DLT_RAW)
    for step in trace.steps:
        writer.writepkt(bytes(_packet(step)), ts=EPOCH + step.time)
    return file.getvalue()


def _packet(step: Step) -> dpkt.ip.IP:
    """IKE in UDP, ESP and AH directly over IP."""
    if step.destination.port:
        protocol = int(IpProtocol.UDP)
        ports = {"sport": step.source.port, "dport": step.destination.port}
        payload: object = dpkt.udp.UDP(**ports, ulen=8 + len(step.octets), data=step.octets)
    else:
        protocol, payload = step.protocol or int(IpProtocol.ESP), step.octets
    addresses = {"src": IPv4Address(step.source.address).packed, "dst": IPv4Address(step.destination.address).packed}
    # AH covers the identification too, and is made before anybody numbers the packet (RFC 4302 §3.3.3.1.1).
    number = 0 if protocol == IpProtocol.AH else step.number
    return dpkt.ip.IP(**addresses, p=protocol, id=number, ttl=64, data=payload)
