from __future__ import annotations

from explorer.wire.attributes import basic, of_octets, variable
from explorer.wire.ikev2 import (
    EncryptionTransform,
    EsnTransform,
    IkeHeader,
    IntegrityTransform,
    KeyExchangeTransform,
    PrfTransform,
    TrafficSelector,
    UnknownTransform,
    V2AddressIdentification,
    V2Auth,
    V2Certificate,
    V2CertificateRequest,
    V2Configuration,
    V2Delete,
    V2Encrypted,
    V2EncryptedFragment,
    V2KeyExchange,
    V2Nonce,
    V2OpaquePayload,
    V2PlainIdentification,
    V2Proposal,
    V2Sealed,
    V2SealedFragment,
    V2SecurityAssociation,
    V2TextIdentification,
    V2TrafficSelectors,
    V2VendorId,
)
from explorer.wire.ikev2_eap import (
    V2EapIdentity,
    V2EapMd5,
    V2EapMschap,
    V2EapMschapChallenge,
    V2EapMschapOther,
    V2EapMschapResponse,
    V2EapMschapWords,
    V2EapNak,
    V2EapOther,
    V2EapOutcome,
    V2EapUnknown,
    measured,
)
from explorer.wire.ikev2_notify import (
    V2AnotherAddress,
    V2AnotherAddress6,
    V2Hashes,
    V2Lifetime,
    V2PlainNotify,
    V2UnknownPayload,
    V2WantedMethod,
)
from explorer.wire.structure import Structure

EAP = (
    V2EapIdentity(code=1, identifier=7),
    V2EapIdentity(code=2, identifier=7, identity=b"alice"),
    V2EapNak(code=2, identifier=8, wanted=b"\x1a\4"),
    V2EapMd5(code=1, identifier=9, value=bytes(16), name=b"gateway"),
    V2EapMd5(code=2, identifier=9, value=bytes(16)),
    V2EapMschap(code=2, identifier=9, opcode=3),
    V2EapMschapChallenge(code=1, identifier=9, opcode=1, ms_id=9, challenge=bytes(16), name=b"gateway"),
    V2EapMschapResponse(
        code=2, identifier=9, opcode=2, ms_id=9, peer_challenge=bytes(16), nt_response=bytes(24), name=b"alice"),
    V2EapMschapWords(code=1, identifier=9, opcode=3, ms_id=9, words=b"S=00 M=OK"),
    V2EapMschapWords(code=1, identifier=9, opcode=4, ms_id=9, words=b"E=691 R=0"),
    V2EapMschapOther(code=2, identifier=9, opcode=7, ms_id=9, data=b"x"),
    V2EapOther(code=1, identifier=7, eap_type=6, data=b"hello"),
    V2EapOutcome(code=3, identifier=7),
    V2EapOutcome(code=4, identifier=7),
    V2EapUnknown(code=5, identifier=7, data=b"?"),
)

AES = EncryptionTransform(kind=1, transform_id=12, attributes=(basic(14, 128),))
TRANSFORMS = (
    AES,
    EncryptionTransform(kind=1, transform_id=28, attributes=()),
    PrfTransform(kind=2, transform_id=5, attributes=()),
    IntegrityTransform(kind=3, transform_id=12, attributes=()),
    KeyExchangeTransform(kind=4, transform_id=31, attributes=()),
    EsnTransform(kind=5, transform_id=0, attributes=()),
    KeyExchangeTransform(kind=6, transform_id=36, attributes=()),
    UnknownTransform(kind=77, transform_id=1, attributes=(variable(14, 256), basic(99, 1))),
)
FOR_IKE = V2Proposal(number=1, protocol=1, transforms=TRANSFORMS)
FOR_REKEYING = V2Proposal(number=2, protocol=1, spi=b"new SPIi", transforms=(AES,))
FOR_ESP = V2Proposal(number=3, protocol=3, spi=b"\1\2\3\4", transforms=(AES, TRANSFORMS[5]))
FOR_NOBODY = V2Proposal(number=4, protocol=99, spi=b"\1", transforms=())
IPV4 = TrafficSelector(ts_type=7, addresses=b"\x0a\0\0\0\x0a\0\0\xff")
IPV6 = TrafficSelector(ts_type=8, protocol=17, start_port=500, end_port=500, addresses=bytes(32))
OTHER = TrafficSelector(ts_type=200, addresses=b"")

V2_SAMPLES: list[Structure] = [
    IkeHeader(
        initiator_spi=b"i" * 8, responder_spi=b"r" * 8, next_payload=46, exchange_type=37, flags=0x28, message_id=7,
        length=28),
    V2OpaquePayload(data=b"anything"),
    V2OpaquePayload(critical=0x80, data=b""),
    *TRANSFORMS,
    FOR_IKE,
    FOR_REKEYING,
    FOR_ESP,
    FOR_NOBODY,
    V2SecurityAssociation(proposals=(FOR_IKE, FOR_REKEYING, FOR_ESP, FOR_NOBODY)),
    V2SecurityAssociation(proposals=()),
    V2KeyExchange(method=31, data=bytes(range(32))),
    V2KeyExchange(method=65535, data=b""),
    V2Nonce(data=b"n" * 32),
    V2AddressIdentification(id_type=1, data=b"\x0a\0\0\1"),
    V2AddressIdentification(id_type=5, data=bytes(16)),
    V2TextIdentification(id_type=2, data=b"gw.example.com"),
    V2TextIdentification(id_type=3, data=b"user@example.com"),
    V2TextIdentification(id_type=11, data=b"\0\xff"),
    V2PlainIdentification(id_type=9, data=b"DER"),
    V2PlainIdentification(id_type=13),
    V2Certificate(encoding=4, data=b"DER"),
    V2CertificateRequest(encoding=4, authorities=b"a" * 40),
    V2CertificateRequest(encoding=4),
    V2Auth(method=2, data=b"p" * 32),
    V2VendorId(data=b"IKE Explorer"),
    V2PlainNotify(notify_type=16390, data=b"c" * 32),
    V2PlainNotify(protocol=3, spi=b"\1\2\3\4", notify_type=16393),
    V2PlainNotify(notify_type=60000),
    V2WantedMethod(notify_type=17, data=b"\0\x1f"),
    V2UnknownPayload(notify_type=1, data=b"\xc8"),
    V2Hashes(notify_type=16431, data=b"\0\2\0\5"),
    V2AnotherAddress(notify_type=16397, data=b"\x0a\0\0\1"),
    V2AnotherAddress6(notify_type=16398, data=bytes(16)),
    V2Lifetime(notify_type=16403, data=b"\0\0\x0e\x10"),
    V2Delete(protocol=1),
    V2Delete(protocol=3, spi_size=4, spi_count=2, spis=b"\1\2\3\4\5\6\7\x08"),
    IPV4,
    IPV6,
    OTHER,
    V2TrafficSelectors(selectors=(IPV4, IPV6, OTHER)),
    V2TrafficSelectors(selectors=()),
    V2Configuration(kind=1, attributes=(of_octets(1, b""), of_octets(3, b""))),
    V2Configuration(
        kind=2,
        attributes=(of_octets(1, b"\x0a\0\0\x09"), of_octets(13, b"\x0a\0\0\0\xff\0\0\0"), of_octets(7, b"me")),
    ),
    *map(measured, EAP),
    V2Sealed(data=bytes(range(64))),
    V2Encrypted(iv=b"v" * 16, ciphertext=b"e" * 32, icv=b"c" * 12),
    V2SealedFragment(fragment=1, total=3, data=bytes(range(64))),
    V2EncryptedFragment(fragment=3, total=3, iv=b"v" * 16, ciphertext=b"e" * 16, icv=b"c" * 12),
]

V2_SIZES = {"iv_size": 16, "icv_size": 12}
