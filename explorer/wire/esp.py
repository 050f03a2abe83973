"""ESP packets (RFC 4303 §2): what travels, and what is inside."""

from __future__ import annotations

from explorer.errors import WireError
from explorer.octets import Buffer, Span
from explorer.registry.ip import IpProtocol
from explorer.wire.field import Field, Spec, Tree
from explorer.wire.ip import read_icmp, read_packet
from explorer.wire.structure import Structure, octets, parse, read, rest, u8, u32

PACKET = Spec("esp", "packet", "Inner IP packet", "RFC 4303 §3.1.2")
CONTENT = Spec("esp", "content", "Decrypted ESP payload", "RFC 4303 §2.3")


class EspPacket(Structure, label="ESP packet", cite="RFC 4303 §2", key="esp"):
    """An ESP packet whose sizes the receiver knows from its SA: ``iv_size`` and ``icv_size`` octets."""

    spi: int = u32(label="SPI", say=lambda v: f"{v:08x}")
    sequence: int = u32(label="Sequence number")
    iv: bytes = octets("iv_size", label="Initialization vector")
    ciphertext: bytes = rest(label="Encrypted payload", but="icv_size")
    icv: bytes = octets("icv_size", label="Integrity check value")


class SealedEspPacket(Structure, label="ESP packet", cite="RFC 4303 §2", key="sealed_esp"):
    """The same to somebody without the SA: where the IV ends and the ICV begins cannot be seen."""

    spi: int = u32(label="SPI", say=lambda v: f"{v:08x}")
    sequence: int = u32(label="Sequence number")
    data: bytes = rest(label="Encrypted octets")


class EspTrailer(Structure, label="ESP trailer", cite="RFC 4303 §2.4"):
    """The end of the plaintext; ``padding_size`` octets of padding are 1, 2, 3 and so on."""

    padding: bytes = octets("padding_size", label="Padding")
    pad_length: int = u8(label="Pad length")
    next_header: int = u8(IpProtocol, label="Next header")


def read_esp(buffer: Buffer, iv_size: int, icv_size: int) -> tuple[EspPacket, Tree]:
    """Parse an ESP packet whose SA is known; sizes in octets.

    Raises:
        WireError: shorter than its fixed parts.
    """
    return parse(EspPacket, buffer, {"iv_size": iv_size, "icv_size": icv_size})


def read_sealed(buffer: Buffer) -> tuple[SealedEspPacket, Tree]:
    """Parse an ESP packet whose SA is not known.

    Raises:
        WireError: fewer than eight octets.
    """
    return parse(SealedEspPacket, buffer)


def read_content(plaintext: bytes, parent: Span) -> tuple[bytes, EspTrailer, Tree]:
    """Parse a decrypted ESP payload from its end: next header, pad length, padding, then the packet.

    Returns:
        the inner packet, the trailer, and the tree of the whole.

    Raises:
        WireError: the pad length does not fit, or padding is not 1, 2, 3 … (RFC 4303 §2.4).
    """
    buffer = Buffer("decrypted", plaintext, parent)
    if len(plaintext) < 2 or plaintext[-2] > len(plaintext) - 2:
        raise WireError(max(len(plaintext) - 2, 0), "Pad length is larger than the payload", "RFC 4303 §2.4")
    padding_size = plaintext[-2]
    inner_end = len(plaintext) - 2 - padding_size
    trailer, trailer_field = read(EspTrailer, plaintext, inner_end, len(plaintext), {"padding_size": padding_size})
    if trailer.padding != bytes(range(1, padding_size + 1)):
        raise WireError(inner_end, "Padding is not 1, 2, 3 and so on", "RFC 4303 §2.4")
    read_inner = read_icmp if trailer.next_header == IpProtocol.ICMP else read_packet
    inner = read_inner(plaintext, 0, inner_end) if inner_end else ()
    packet = (Field(PACKET, 0, inner_end, None, inner),) if inner else ()
    root = Field(CONTENT, 0, len(plaintext), None, (*packet, trailer_field))
    return plaintext[:inner_end], trailer, Tree(buffer, root)
