from __future__ import annotations

from explorer.wire.ah import AhHeader
from explorer.wire.attributes import basic, of_octets, variable
from explorer.wire.esp import EspTrailer, SealedEspPacket
from explorer.wire.ip import IcmpEcho, Ipv4Header, OpaquePacket
from explorer.wire.payloads import (
    AddressIdentification,
    AhTransform,
    AttributesPayload,
    Certificate,
    CertificateRequest,
    CountedNotification,
    Delete,
    EncryptedBody,
    EspTransform,
    ForeignSecurityAssociation,
    Hash,
    IsakmpHeader,
    IsakmpLifetimeNotification,
    IsakmpTransform,
    KeyExchange,
    LifetimeNotification,
    NatDetection,
    NatOriginalAddress,
    Nonce,
    OpaquePayload,
    PlainIdentification,
    PlainNotification,
    Proposal,
    RangeIdentification,
    SecurityAssociation,
    Signature,
    SubnetIdentification,
    TextIdentification,
    Transform,
    VendorId,
)
from explorer.wire.structure import Structure

ATTRIBUTES = (basic(1, 7), basic(14, 128), variable(12, 86400), variable(6, 3, size=3))
KEY_IKE = IsakmpTransform(number=1, transform_id=1, attributes=ATTRIBUTES)
ESP_AES = EspTransform(number=1, transform_id=12, attributes=ATTRIBUTES)
AH_SHA = AhTransform(number=2, transform_id=3, attributes=())
FOR_ISAKMP = Proposal(number=1, protocol=1, transforms=(KEY_IKE, KEY_IKE.replace(number=2)))
FOR_ESP = Proposal(number=2, protocol=3, spi=b"\1\2\3\4", transforms=(ESP_AES,))
FOR_AH = Proposal(number=3, protocol=2, spi=b"\1\2\3\5", transforms=(AH_SHA,))
NO_KIND = Transform(number=9, transform_id=99, attributes=())
FOR_NOBODY = Proposal(number=4, protocol=77, spi=b"\1", transforms=(NO_KIND,))

LIFE_IN_SECONDS = b"\x80\1\0\1"
"""Octets that can be read as any notification's data, an attribute's included."""

SAMPLES: list[Structure] = [
    IsakmpHeader(initiator_cookie=b"i" * 8, responder_cookie=b"r" * 8, next_payload=1, exchange_type=2, length=28),
    OpaquePayload(data=b"anything"),
    KEY_IKE,
    ESP_AES,
    AH_SHA,
    FOR_ISAKMP,
    FOR_ESP,
    FOR_AH,
    FOR_NOBODY,
    SecurityAssociation(proposals=(FOR_ISAKMP, FOR_ESP, FOR_AH, FOR_NOBODY)),
    SecurityAssociation(proposals=()),
    ForeignSecurityAssociation(doi=2, data=b"\0\1\2"),
    KeyExchange(data=bytes(range(96))),
    Nonce(data=b"n" * 20),
    Hash(data=b"h" * 20),
    VendorId(data=b"IKE Explorer"),
    AddressIdentification(id_type=1, data=b"\x0a\0\0\1"),
    AddressIdentification(id_type=5, data=bytes(16)),
    SubnetIdentification(id_type=4, data=b"\x0a\0\0\0\xff\xff\xff\0"),
    SubnetIdentification(id_type=6, data=bytes(32)),
    RangeIdentification(id_type=7, data=b"\x0a\0\0\0\x0a\0\0\xff"),
    RangeIdentification(id_type=8, data=bytes(32)),
    TextIdentification(id_type=2, protocol=17, port=500, data=b"gw.example.com"),
    TextIdentification(id_type=3, data=b"user@example.com"),
    TextIdentification(id_type=11, data=b"\0\xff"),
    PlainIdentification(id_type=200, data=b"?"),
    Signature(data=bytes(range(128))),
    Certificate(encoding=4, data=b"DER"),
    CertificateRequest(encoding=4, authority=b"DER name"),
    CertificateRequest(encoding=4),
    NatDetection(data=b"d" * 20),
    NatOriginalAddress(id_type=1, data=b"\x0a\0\0\1"),
    AttributesPayload(message=1, identifier=7, attributes=(of_octets(1, b""), basic(16520, 0))),
    AttributesPayload(message=2, identifier=7, attributes=(of_octets(16521, b"alice"), of_octets(16522, b"secret"))),
    AttributesPayload(message=3, identifier=7, attributes=(of_octets(1, b"\x0a\0\0\x09"), basic(16527, 1))),
    EncryptedBody(data=bytes(range(64))),
    PlainNotification(protocol=3, notify_type=14, spi=b"\1\2\3\4", data=LIFE_IN_SECONDS),
    PlainNotification(protocol=1, notify_type=24578, spi=bytes(16)),
    LifetimeNotification(protocol=3, notify_type=24576, spi=b"\1\2\3\4", attributes=(basic(1, 1), basic(2, 600))),
    IsakmpLifetimeNotification(
        protocol=1, notify_type=24576, spi=bytes(16), attributes=(basic(11, 1), basic(12, 600))
    ),
    CountedNotification(protocol=1, notify_type=36136, spi=bytes(16), data=b"\0\0\0\7"),
    Delete(protocol=3, spi_size=4, spi_count=2, spis=b"\1\2\3\4\5\6\7\x08"),
    SealedEspPacket(spi=0x1000, sequence=1, data=b"e" * 40),
    AhHeader(next_header=4, payload_length=4, spi=0x1000, sequence=1, icv=b"v" * 12),
    EspTrailer(padding=b"\1\2\3", pad_length=3, next_header=4),
    Ipv4Header(total_length=20, protocol=1, checksum=0, source=b"\x0a\0\0\1", destination=b"\x0a\0\0\2"),
    IcmpEcho(icmp_type=8, checksum=1, identifier=2, sequence=3, data=b"ping"),
    OpaquePacket(data=b"not an echo"),
]

SIZES = {"padding_size": 3, "icv_size": 12}
