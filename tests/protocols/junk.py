"""Octets that look like a message and are none: genuine ones with something changed, put in or cut out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import strategies as st

HEADER_SIZE = 28
"""Of ISAKMP and of IKEv2 alike."""


def repaired(octets: bytes) -> bytes:
    """With a Length that is true."""
    return octets[:24] + len(octets).to_bytes(4, "big") + octets[28:] if len(octets) >= HEADER_SIZE else octets


@st.composite
def junk_of(draw: st.DrawFn, genuine: Callable[[], Sequence[bytes]]) -> bytes:
    if draw(st.integers(0, 5)) == 0:
        return draw(st.binary(max_size=400))
    octets = bytearray(draw(st.sampled_from(genuine())))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(octets) - 1))
        match draw(st.integers(0, 3)):
            case 0 | 1:
                octets[at] = draw(st.integers(0, 255))
            case 2:
                octets[at:at] = draw(st.binary(min_size=1, max_size=16))
            case _:
                del octets[max(at, HEADER_SIZE) : at + draw(st.integers(1, 16))]
    return repaired(bytes(octets)) if draw(st.booleans()) else bytes(octets)
