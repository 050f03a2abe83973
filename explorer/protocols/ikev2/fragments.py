"""One message in several datagrams, each encrypted by itself (RFC 7383)."""

from __future__ import annotations

from explorer.crypto.expression import Expr
from explorer.engine.refusal import Refusal
from explorer.protocols.ikev2.suites import Suite
from explorer.wire.ikev2 import V2EncryptedFragment
from explorer.wire.ikev2_message import HEADER_SIZE

_GENERIC = 8
"""Octets of an encrypted fragment payload in front of its IV (RFC 7383 §2.5)."""

MOST_FRAGMENTS = 2048
"""Parts of one message: enough for the longest one in datagrams of 128 octets."""

MOST_OCTETS = 65535
"""Inside all parts of one message: as much as an encrypted payload in one piece could hold.

Whoever has made a key exchange can send verified fragments, proven or not; so what is kept of them has an end.
"""


def pieces(suite: Suite, content: Expr, start: int, most: int) -> list[Expr]:
    """What goes into each fragment; the borders of payloads do not matter (RFC 7383 §2.5).

    Args:
        start: octets of non-ESP marker.
        most: octets of the largest datagram, UDP header not counted; 0 for any size.
    """
    encryption = suite.encryption
    room = most - start - HEADER_SIZE - _GENERIC - encryption.iv_size - suite.icv_size
    # Whole blocks, and the last octet counts the padding. SK has four octets less in front than SKF.
    chunk = room - room % encryption.block - 1
    if not most or chunk < 1 or len(content.octets) <= chunk + 4:
        return [content]
    return [content[at : at + chunk] for at in range(0, len(content.octets), chunk)]


class Fragments:
    """What has come of one message so far.

    Attributes:
        total: how many there are; 0 before the first has come.
        first_payload: type of the first payload, which only the first fragment tells.
    """

    def __init__(self) -> None:
        self.total = 0
        self.first_payload = 0
        self._parts: dict[int, bytes] = {}

    @property
    def incomplete(self) -> bool:
        """Whether some have come, and not all."""
        return 0 < len(self._parts) < self.total

    def take(self, fragment: V2EncryptedFragment, octets: bytes) -> None:
        """Keep one that has been verified; a larger total begins anew (RFC 7383 §2.6).

        Raises:
            Refusal: it has a number that cannot be, belongs to a division with fewer, or makes the message too long.
        """
        number, total = fragment.fragment, fragment.total
        if not 1 <= number <= total or total < self.total:
            of = f", {self.total} have been announced" if self.total else ""
            raise Refusal(f"Fragment {number} of {total} does not belong here{of}", "RFC 7383 §2.6")
        if total > MOST_FRAGMENTS:
            raise Refusal(f"{total} fragments are announced, of at most {MOST_FRAGMENTS}", "RFC 7383 §2.6")
        if total > self.total:
            self.total, self._parts = total, {}
        if number in self._parts:
            raise Refusal(f"Fragment {number} of {total} is here already", "RFC 7383 §2.6")
        held = sum(len(part) for part in self._parts.values())
        if held + len(octets) > MOST_OCTETS:
            raise Refusal(f"Fragments of more than {MOST_OCTETS} octets are no message", "RFC 7383 §2.6")
        self._parts[number] = octets
        if number == 1:
            self.first_payload = fragment.next_payload

    def whole(self) -> bytes:
        """All of them, one after the other."""
        return b"".join(self._parts[number] for number in sorted(self._parts))
