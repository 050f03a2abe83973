"""The header and payloads of IKEv2, each declared once (RFC 7296 §3 and later)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from explorer.registry.certificate import CertificateEncoding
from explorer.registry.ikev2 import (
    AuthMethod,
    ConfigAttribute,
    ConfigType,
    EapCode,
    TsType,
    V2ExchangeType,
    V2Flag,
    V2IdType,
    V2PayloadType,
    V2ProtocolId,
)
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.registry.ikev2_transforms import (
    EncryptionId,
    EsnId,
    IntegrityId,
    KeyExchangeId,
    PrfId,
    TransformType,
    V2Attribute,
)
from explorer.registry.ip import IpProtocol
from explorer.registry.number import Number
from explorer.wire import say
from explorer.wire.attributes import Attribute, Namespace, reads
from explorer.wire.field import Bit
from explorer.wire.structure import Structure, many, octets, rest, select_variant, u8, u16, u32

_CRITICAL = (Bit("C", 0x80, "critical: who does not know the payload's type refuses the message"),)
_FLAGS = tuple(Bit(flag.name[0], flag.value, flag.meaning) for flag in V2Flag)


def _say_flags(value: Any) -> str:
    names = [flag.label for flag in V2Flag if int(value) & flag.value]
    unknown = int(value) & ~0x38
    if unknown:
        names.append(f"unknown {unknown:#04x}")
    return ", ".join(names) if names else "none"


class IkeHeader(Structure, label="IKE header", cite="RFC 7296 §3.1"):
    """28 octets in front of every message, laid out as ISAKMP's."""

    initiator_spi: bytes = octets(8, label="IKE SA initiator's SPI")
    responder_spi: bytes = octets(8, label="IKE SA responder's SPI")
    next_payload: int = u8(V2PayloadType, label="Next payload", computed="next", default=None)
    version: int = u8(
        default=0x20,
        label="Version",
        say=lambda v: f"{v >> 4}.{v & 15}",
        bits=(Bit("MjVer", 0xF0, "major version"), Bit("MnVer", 0x0F, "minor version")),
    )
    exchange_type: int = u8(V2ExchangeType, label="Exchange type")
    flags: int = u8(default=0, label="Flags", say=_say_flags, bits=_FLAGS)
    message_id: int = u32(default=0, label="Message ID", say=str)
    length: int = u32(label="Length")

    @property
    def response(self) -> bool:
        """Whether it answers a request."""
        return bool(self.flags & V2Flag.RESPONSE)

    @property
    def from_initiator(self) -> bool:
        """Whether the sender is the original initiator of the IKE SA."""
        return bool(self.flags & V2Flag.INITIATOR)


class V2Payload(Structure, label="Payload", cite="RFC 7296 §3.2", key="v2_payload"):
    """The generic header: four octets in front of every payload."""

    next_payload: int = u8(V2PayloadType, label="Next payload", computed="next", default=None)
    critical: int = u8(
        default=0, label="Critical bit", say=lambda v: "critical" if v & 0x80 else "not critical", bits=_CRITICAL
    )
    length: int = u16(label="Payload length", computed="length", default=None)


class V2OpaquePayload(V2Payload, label="Payload of a type not known here", key="v2_opaque_payload"):
    """Anything whose inside is not declared; keeps its octets and encodes back to itself."""

    data: bytes = rest(label="Payload data", default=b"")


# ---------------------------------------------------------------- offers


class Substructure(Structure, label="Substructure", cite="RFC 7296 §3.3.1", key="v2_substructure"):
    """Four octets in front of every proposal and transform; they look like a generic header and are none."""

    next_payload: int = u8(
        computed="next",
        default=None,
        label="Last substructure",
        say=lambda v: "0 last" if not v else f"{v} more follow",
    )
    reserved1: int = u8(default=0, label="Reserved")
    length: int = u16(label="Length", computed="length", default=None)


TRANSFORM_NAMESPACE = Namespace("v2_transform_attributes", V2Attribute, {})


class V2TransformAttribute(Attribute, key="attribute"):
    """Reads the attributes of a transform."""


reads(V2TransformAttribute, TRANSFORM_NAMESPACE)


class V2Transform(Substructure, label="Transform", cite="RFC 7296 §3.3.2", key="v2_transform"):
    """One algorithm for one purpose; what its number means, its type tells."""

    kind: int = u8(TransformType, label="Transform type")
    reserved: int = u8(default=0, label="Reserved")
    transform_id: int = u16(label="Transform ID")
    attributes: tuple[Attribute, ...] = many(V2TransformAttribute)

    @property
    def key_length(self) -> int | None:
        """Bits of key, where the cipher has several sizes."""
        return next((a.number for a in self.attributes if a.type == V2Attribute.KEY_LENGTH), None)


_REGISTRIES: dict[int, type[Number]] = {
    TransformType.ENCR: EncryptionId,
    TransformType.PRF: PrfId,
    TransformType.INTEG: IntegrityId,
    TransformType.KE: KeyExchangeId,
    TransformType.ESN: EsnId,
    **{int(kind): KeyExchangeId for kind in TransformType if kind >= TransformType.ADDKE1},
}


class EncryptionTransform(V2Transform, key="v2_transform", numbers={"transform_id": EncryptionId}):
    """A cipher."""


class PrfTransform(V2Transform, key="v2_transform", numbers={"transform_id": PrfId}):
    """A pseudorandom function."""


class IntegrityTransform(V2Transform, key="v2_transform", numbers={"transform_id": IntegrityId}):
    """An integrity algorithm."""


class KeyExchangeTransform(V2Transform, key="v2_transform", numbers={"transform_id": KeyExchangeId}):
    """A key exchange method, the first or an additional one."""


class EsnTransform(V2Transform, key="v2_transform", numbers={"transform_id": EsnId}):
    """The length of sequence numbers."""


class UnknownTransform(V2Transform, key="v2_transform"):
    """A transform of any other type."""


_KINDS: dict[int, type[V2Transform]] = {
    TransformType.ENCR: EncryptionTransform,
    TransformType.PRF: PrfTransform,
    TransformType.INTEG: IntegrityTransform,
    TransformType.ESN: EsnTransform,
    **{int(kind): KeyExchangeTransform for kind, numbers in _REGISTRIES.items() if numbers is KeyExchangeId},
}


def transform_class(kind: int) -> type[V2Transform]:
    """The structure for a transform of this type."""
    return _KINDS.get(kind, UnknownTransform)


def transform_name(kind: int, transform_id: int) -> str:
    """What an algorithm is called."""
    numbers = _REGISTRIES.get(kind)
    return numbers.name_of(transform_id) if numbers is not None else str(transform_id)


select_variant(V2Transform, lambda data, at: _KINDS.get(data[at + 4] if at + 4 < len(data) else 0, UnknownTransform))


class V2Proposal(Substructure, label="Proposal", cite="RFC 7296 §3.3.1", key="v2_proposal"):
    """One protocol, the sender's SPI for it, and for each type of transform the algorithms to choose from."""

    number: int = u8(label="Proposal number")
    protocol: int = u8(V2ProtocolId, label="Protocol ID")
    spi_size: int = u8(label="SPI size", computed="size:spi", default=None)
    transform_count: int = u8(label="Number of transforms", computed="count:transforms", default=None)
    spi: bytes = octets("spi_size", label="SPI", default=b"")
    transforms: tuple[V2Transform, ...] = many(V2Transform, count="transform_count", chain=3)


class V2SecurityAssociation(V2Payload, label="Security Association payload", cite="RFC 7296 §3.3", key="v2_sa"):
    """Everything on offer; or, in the answer, the one thing chosen."""

    proposals: tuple[V2Proposal, ...] = many(V2Proposal, chain=2)


# ---------------------------------------------------------------- keys, identities, proof


class V2KeyExchange(V2Payload, label="Key Exchange payload", cite="RFC 7296 §3.4", key="v2_key_exchange"):
    """A public value, an encapsulation key or a ciphertext, under the number of its method."""

    method: int = u16(KeyExchangeId, label="Key exchange method")
    reserved: int = u16(default=0, label="Reserved")
    data: bytes = rest(label="Key exchange data")


class V2Nonce(V2Payload, label="Nonce payload", cite="RFC 7296 §3.9", key="v2_nonce"):
    """16 to 256 fresh octets."""

    data: bytes = rest(label="Nonce data")


def _say_identity(value: Any) -> str:
    return say.text(value)


class V2Identification(V2Payload, label="Identification payload", cite="RFC 7296 §3.5", key="v2_identification"):
    """Who the sender is, or whom it wants to talk to."""

    id_type: int = u8(V2IdType, label="ID type")
    reserved: bytes = octets(3, label="Reserved", default=bytes(3))
    data: bytes = rest(label="Identification data", default=b"")


class V2AddressIdentification(V2Identification, key="v2_identification"):
    """An identity that is one address."""

    data: bytes = rest(
        label="Identification data", default=b"", say=lambda v: say.ipv4(v) if len(v) == 4 else say.ipv6(v)
    )


class V2TextIdentification(V2Identification, key="v2_identification"):
    """An identity that is a name."""

    data: bytes = rest(label="Identification data", default=b"", say=_say_identity)


class V2PlainIdentification(V2Identification, key="v2_identification"):
    """An identity of any other type."""


_IDENTITIES: dict[int, type[V2Identification]] = {
    V2IdType.IPV4_ADDR: V2AddressIdentification,
    V2IdType.IPV6_ADDR: V2AddressIdentification,
    V2IdType.FQDN: V2TextIdentification,
    V2IdType.RFC822_ADDR: V2TextIdentification,
    V2IdType.KEY_ID: V2TextIdentification,
}
select_variant(
    V2Identification,
    lambda data, at: _IDENTITIES.get(data[at + 4] if at + 4 < len(data) else 0, V2PlainIdentification),
)


class V2Certificate(V2Payload, label="Certificate payload", cite="RFC 7296 §3.6", key="v2_certificate"):
    """A certificate."""

    encoding: int = u8(CertificateEncoding, label="Certificate encoding")
    data: bytes = rest(label="Certificate data", default=b"")


class V2CertificateRequest(
    V2Payload, label="Certificate Request payload", cite="RFC 7296 §3.7", key="v2_certificate_request"
):
    """Authorities that are trusted: SHA-1 hashes of their public keys, 20 octets each."""

    encoding: int = u8(CertificateEncoding, label="Certificate encoding")
    authorities: bytes = rest(label="Hashes of authorities' keys", default=b"")


class V2Auth(V2Payload, label="Authentication payload", cite="RFC 7296 §3.8", key="v2_auth"):
    """The proof, and how it was made."""

    method: int = u8(AuthMethod, label="Auth method")
    reserved: bytes = octets(3, label="Reserved", default=bytes(3))
    data: bytes = rest(label="Authentication data", default=b"")


class V2VendorId(V2Payload, label="Vendor ID payload", cite="RFC 7296 §3.12", key="v2_vendor_id"):
    """Says who made the sender, or what it can do."""

    data: bytes = rest(label="Vendor ID", default=b"", say=say.text)


# ---------------------------------------------------------------- notify and delete


class V2Notify(V2Payload, label="Notify payload", cite="RFC 7296 §3.10", key="v2_notify"):
    """An error or a status; what its type makes of the data is in ``ikev2_notify``."""

    protocol: int = u8(V2ProtocolId, default=0, label="Protocol ID")
    spi_size: int = u8(label="SPI size", computed="size:spi", default=None)
    notify_type: int = u16(V2NotifyType, label="Notify message type", say=V2NotifyType.explain)
    spi: bytes = octets("spi_size", label="SPI", default=b"")
    data: bytes = rest(label="Notification data", default=b"")


class V2Delete(V2Payload, label="Delete payload", cite="RFC 7296 §3.11", key="v2_delete"):
    """SPIs of SAs that the sender no longer uses; none for the IKE SA itself."""

    protocol: int = u8(V2ProtocolId, label="Protocol ID")
    spi_size: int = u8(label="SPI size", default=0)
    spi_count: int = u16(label="Number of SPIs", default=0)
    spis: bytes = octets("spi_size*spi_count", label="SPIs", default=b"")


# ---------------------------------------------------------------- traffic selectors, configuration, EAP


class TrafficSelector(Structure, label="Traffic Selector", cite="RFC 7296 §3.13.1"):
    """A range of addresses, of ports, and a protocol."""

    ts_type: int = u8(TsType, label="TS type")
    protocol: int = u8(IpProtocol, default=0, label="IP protocol")
    length: int = u16(label="Selector length", computed="length", default=None)
    start_port: int = u16(default=0, label="Start port")
    end_port: int = u16(default=0xFFFF, label="End port")
    addresses: bytes = rest(label="Start, end address", say=say.ipv4_range)


class V2TrafficSelectors(V2Payload, label="Traffic Selector payload", cite="RFC 7296 §3.13", key="v2_selectors"):
    """Whose packets an SA is for, at one side."""

    count: int = u8(label="Number of selectors", computed="count:selectors", default=None)
    reserved: bytes = octets(3, label="Reserved", default=bytes(3))
    selectors: tuple[TrafficSelector, ...] = many(TrafficSelector, count="count")


CONFIG_NAMESPACE = Namespace(
    "v2_config_attributes",
    ConfigAttribute,
    {},
    variable=list(ConfigAttribute),
    words={
        **dict.fromkeys(
            (
                ConfigAttribute.IP4_ADDRESS,
                ConfigAttribute.IP4_NETMASK,
                ConfigAttribute.IP4_DNS,
                ConfigAttribute.IP4_NBNS,
                ConfigAttribute.IP4_DHCP,
            ),
            say.ipv4,
        ),
        ConfigAttribute.IP4_SUBNET: say.ipv4_subnet,
        ConfigAttribute.APPLICATION_VERSION: say.text,
        ConfigAttribute.SUPPORTED_ATTRIBUTES: say.hexadecimal,
    },
)


class V2ConfigAttribute(Attribute, key="attribute"):
    """Reads the attributes of a Configuration payload."""


reads(V2ConfigAttribute, CONFIG_NAMESPACE)


class V2Configuration(V2Payload, label="Configuration payload", cite="RFC 7296 §3.15", key="v2_configuration"):
    """A request, a reply, a set or an acknowledgement."""

    kind: int = u8(ConfigType, label="CFG type")
    reserved: bytes = octets(3, label="Reserved", default=bytes(3))
    attributes: tuple[Attribute, ...] = many(V2ConfigAttribute)


class V2Eap(V2Payload, label="EAP payload", cite="RFC 7296 §3.16", key="v2_eap"):
    """An EAP packet (RFC 3748 §4); what its code and type make of the rest is in ``ikev2_eap``."""

    code: int = u8(EapCode, label="EAP code")
    identifier: int = u8(label="EAP identifier")
    eap_length: int = u16(label="EAP length", default=0)


# ---------------------------------------------------------------- what is protected


class V2Sealed(V2Payload, label="Encrypted payload", cite="RFC 7296 §3.14", key="v2_sealed"):
    """SK to somebody without the keys."""

    data: bytes = rest(label="IV, encrypted payloads, ICV", default=b"")


class V2Encrypted(V2Payload, label="Encrypted payload", cite="RFC 7296 §3.14", key="v2_encrypted"):
    """SK to somebody who knows the sizes: ``iv_size`` and ``icv_size`` octets."""

    iv: bytes = octets("iv_size", label="Initialization vector", default=b"")
    ciphertext: bytes = rest(label="Encrypted payloads", but="icv_size", default=b"")
    icv: bytes = octets("icv_size", label="Integrity check value", default=b"")


class V2SealedFragment(V2Payload, label="Encrypted fragment payload", cite="RFC 7383 §2.5", key="v2_sealed_fragment"):
    """SKF to somebody without the keys."""

    fragment: int = u16(label="Fragment number")
    total: int = u16(label="Total fragments")
    data: bytes = rest(label="IV, encrypted part, ICV", default=b"")


class V2EncryptedFragment(
    V2Payload, label="Encrypted fragment payload", cite="RFC 7383 §2.5", key="v2_encrypted_fragment"
):
    """SKF to somebody who knows the sizes."""

    fragment: int = u16(label="Fragment number")
    total: int = u16(label="Total fragments")
    iv: bytes = octets("iv_size", label="Initialization vector", default=b"")
    ciphertext: bytes = rest(label="Encrypted part", but="icv_size", default=b"")
    icv: bytes = octets("icv_size", label="Integrity check value", default=b"")


V2_PAYLOADS: Mapping[int, type[V2Payload]] = {
    V2PayloadType.SA: V2SecurityAssociation,
    V2PayloadType.KE: V2KeyExchange,
    V2PayloadType.IDI: V2Identification,
    V2PayloadType.IDR: V2Identification,
    V2PayloadType.CERT: V2Certificate,
    V2PayloadType.CERTREQ: V2CertificateRequest,
    V2PayloadType.AUTH: V2Auth,
    V2PayloadType.NONCE: V2Nonce,
    V2PayloadType.NOTIFY: V2Notify,
    V2PayloadType.DELETE: V2Delete,
    V2PayloadType.VENDOR: V2VendorId,
    V2PayloadType.TSI: V2TrafficSelectors,
    V2PayloadType.TSR: V2TrafficSelectors,
    V2PayloadType.SK: V2Sealed,
    V2PayloadType.CP: V2Configuration,
    V2PayloadType.EAP: V2Eap,
    V2PayloadType.SKF: V2SealedFragment,
}
