"""Vendor IDs that tell what the sender can do (RFC 2408 §3.16)."""

from __future__ import annotations

from enum import Enum


class VendorIdentifier(Enum):
    """Octets, what they stand for, and where that is written."""

    NAT_T = "4a131c81070358455c5728f20e95452f", "NAT traversal as in RFC 3947", "RFC 3947 §3.1"
    NAT_T_03 = "7d9419a65310ca6f2c179d9215529d56", "NAT traversal, draft 03", "draft-ietf-ipsec-nat-t-ike-03 §3.1"
    NAT_T_02N = "90cb80913ebb696e086381b5ec427b1f", "NAT traversal, draft 02", "draft-ietf-ipsec-nat-t-ike-02 §3.1"
    NAT_T_02 = "cd60464335df21f87cfdb2fc68b6a448", "NAT traversal, draft 02", "draft-ietf-ipsec-nat-t-ike-02 §3.1"
    DPD = "afcad71368a1f1c96b8696fc77570100", "dead peer detection, version 1.0", "RFC 3706 §5.1"
    XAUTH = "09002689dfd6b712", "XAUTH", "draft-beaulieu-ike-xauth-02 §5"
    UNITY = "12f5f28c457168a9702d9fe274cc0100", "Cisco Unity", "Cisco"
    FRAGMENTATION = "4048b7d56ebce88525e7de7f00d6c2d3", "IKE fragmentation", "Microsoft, Cisco"

    def __init__(self, octets: str, label: str, citation: str) -> None:
        """Keep the octets as octets."""
        self.octets = bytes.fromhex(octets)
        self.label = label
        self.citation = citation

    @classmethod
    def find(cls, octets: bytes) -> VendorIdentifier | None:
        """The Vendor ID that these octets are, or ``None``."""
        return next((member for member in cls if octets.startswith(member.octets)), None)
