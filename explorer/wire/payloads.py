"""The ISAKMP header and the payloads of IKEv1, each declared once.

Field names are those of the figures in RFC 2408 §3; sizes are octets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from explorer.registry.certificate import CertificateEncoding
from explorer.registry.configuration import ConfigurationMessage
from explorer.registry.ip import IpProtocol
from explorer.registry.ipsec import AhTransformId, EspTransformId, IdType, Situation
from explorer.registry.isakmp import Doi, ExchangeType, HeaderFlag, NotifyType, PayloadType, ProtocolId
from explorer.registry.phase1 import IsakmpTransformId
from explorer.registry.vendor import VendorIdentifier
from explorer.wire import say
from explorer.wire.attributes import Attribute, ConfigurationAttribute, IpsecAttribute, IsakmpAttribute
from explorer.wire.field import Bit
from explorer.wire.structure import Structure, many, octets, rest, select_variant, u8, u16, u32

_FLAGS = tuple(Bit(flag.name[0], flag.value, flag.meaning) for flag in HeaderFlag)


def say_flags(value: Any) -> str:
    """``encrypted``, or ``none: not encrypted``."""
    names = [flag.label for flag in HeaderFlag if int(value) & flag.value]
    unknown = int(value) & ~7
    if unknown:
        names.append(f"unknown {unknown:#04x}")
    return ", ".join(names) if names else "none: not encrypted"


def _say_situation(value: Any) -> str:
    names = [bit.label for bit in Situation if int(value) & bit.value]
    return f"{value} {', '.join(names) or 'none'}"


class IsakmpHeader(Structure, label="ISAKMP header", cite="RFC 2408 §3.1"):
    """28 octets in front of every message."""

    initiator_cookie: bytes = octets(8, label="Initiator cookie")
    responder_cookie: bytes = octets(8, label="Responder cookie")
    next_payload: int = u8(PayloadType, label="Next payload", computed="next", default=None)
    version: int = u8(
        default=0x10,
        label="Version",
        say=lambda v: f"{v >> 4}.{v & 15}",
        bits=(Bit("MjVer", 0xF0, "major version"), Bit("MnVer", 0x0F, "minor version")),
    )
    exchange_type: int = u8(ExchangeType, label="Exchange type")
    flags: int = u8(default=0, label="Flags", say=say_flags, bits=_FLAGS)
    message_id: int = u32(default=0, label="Message ID", say=lambda v: f"{v:#010x}" if v else "0")
    length: int = u32(label="Length")

    @property
    def encrypted(self) -> bool:
        """Whether the Encryption bit is set."""
        return bool(self.flags & HeaderFlag.ENCRYPTION)


class Payload(Structure, label="Payload", cite="RFC 2408 §3.2", key="payload"):
    """The generic header: four octets in front of every payload."""

    next_payload: int = u8(PayloadType, label="Next payload", computed="next", default=None)
    reserved: int = u8(default=0, label="Reserved")
    length: int = u16(label="Payload length", computed="length", default=None)


class OpaquePayload(Payload, label="Payload of a type not known here", cite="RFC 2408 §3.2"):
    """Anything whose inside is not declared; keeps its octets and encodes back to itself."""

    data: bytes = rest(label="Payload data")


class Transform(Payload, label="Transform", cite="RFC 2408 §3.6"):
    """One complete set of algorithms; which numbers apply is selected by the proposal's protocol."""

    number: int = u8(label="Transform number")
    transform_id: int = u8(label="Transform ID")
    reserved2: int = u16(default=0, label="Reserved")
    attributes: tuple[Attribute, ...] = many(Attribute)

    def value_of(self, attribute_type: int) -> int | None:
        """The value of the first attribute of a type, or ``None``."""
        return next((a.number for a in self.attributes if a.type == attribute_type), None)


class IsakmpTransform(Transform, key="transform", numbers={"transform_id": IsakmpTransformId}):
    """A transform of a proposal for ISAKMP itself."""

    attributes: tuple[Attribute, ...] = many(IsakmpAttribute)


class EspTransform(Transform, key="transform", numbers={"transform_id": EspTransformId}):
    """A transform of a proposal for ESP."""

    attributes: tuple[Attribute, ...] = many(IpsecAttribute)


class AhTransform(Transform, key="transform", numbers={"transform_id": AhTransformId}):
    """A transform of a proposal for AH."""

    attributes: tuple[Attribute, ...] = many(IpsecAttribute)


TRANSFORMS: dict[int, type[Transform]] = {
    ProtocolId.ISAKMP: IsakmpTransform,
    ProtocolId.ESP: EspTransform,
    ProtocolId.AH: AhTransform,
}


def _transform_of(proposal: Mapping[str, Any]) -> type[Structure]:
    return TRANSFORMS.get(proposal["protocol"], Transform)


class Proposal(Payload, label="Proposal", cite="RFC 2408 §3.5"):
    """One protocol, the sender's SPI for it, and the transforms to choose from."""

    number: int = u8(label="Proposal number")
    protocol: int = u8(ProtocolId, label="Protocol ID")
    spi_size: int = u8(label="SPI size", computed="size:spi", default=None)
    transform_count: int = u8(label="Number of transforms", computed="count:transforms", default=None)
    spi: bytes = octets("spi_size", label="SPI", default=b"")
    transforms: tuple[Transform, ...] = many(_transform_of, count="transform_count", chain=PayloadType.TRANSFORM)


class SecurityAssociation(Payload, label="Security Association payload", cite="RFC 2408 §3.4"):
    """Everything on offer; or, in the answer, the one thing chosen."""

    doi: int = u32(Doi, label="DOI", default=Doi.IPSEC)
    situation: int = u32(default=Situation.IDENTITY_ONLY, label="Situation", say=_say_situation)
    proposals: tuple[Proposal, ...] = many(Proposal, chain=PayloadType.PROPOSAL)


class ForeignSecurityAssociation(Payload, label="Security Association payload", cite="RFC 2408 §3.4"):
    """An SA of another Domain of Interpretation: what follows the DOI, only that DOI can tell."""

    doi: int = u32(Doi, label="DOI")
    data: bytes = rest(label="Data of another DOI", default=b"")


class AnySecurityAssociation(
    Payload, label="Security Association payload", cite="RFC 2408 §3.4", key="security_association"
):
    """Reads an SA payload as its DOI wants it read."""


def _sa_variant(data: bytes, at: int) -> type[Structure]:
    doi = int.from_bytes(data[at + 4 : at + 8], "big")
    return SecurityAssociation if doi == Doi.IPSEC else ForeignSecurityAssociation


select_variant(AnySecurityAssociation, _sa_variant)


class KeyExchange(Payload, label="Key Exchange payload", cite="RFC 2408 §3.7"):
    """A Diffie-Hellman public value, as long as the group's prime."""

    data: bytes = rest(label="Key exchange data")


class Nonce(Payload, label="Nonce payload", cite="RFC 2408 §3.13"):
    """8 to 256 fresh octets (RFC 2409 §5)."""

    data: bytes = rest(label="Nonce data")


class Hash(Payload, label="Hash payload", cite="RFC 2408 §3.11"):
    """A prf output over what was exchanged."""

    data: bytes = rest(label="Hash data")


class Signature(Payload, label="Signature payload", cite="RFC 2408 §3.12"):
    """A signature over HASH_I or HASH_R (RFC 2409 §5.1)."""

    data: bytes = rest(label="Signature data")


class Certificate(Payload, label="Certificate payload", cite="RFC 2408 §3.9"):
    """A certificate, or a part of the chain to one."""

    encoding: int = u8(CertificateEncoding, label="Certificate encoding")
    data: bytes = rest(label="Certificate data")


class CertificateRequest(Payload, label="Certificate Request payload", cite="RFC 2408 §3.10"):
    """Asks for a certificate that a certain authority issued; the authority is a DER distinguished name."""

    encoding: int = u8(CertificateEncoding, label="Certificate type")
    authority: bytes = rest(label="Certificate authority", default=b"")


class NatDetection(Payload, label="NAT-D payload", cite="RFC 3947 §3.2"):
    """The hash of both cookies, an address and a port."""

    data: bytes = rest(label="Hash of address and port")


class NatOriginalAddress(Payload, label="NAT-OA payload", cite="RFC 3947 §5.2"):
    """An address as its owner knows it, before a NAT changed it."""

    id_type: int = u8(IdType, label="ID type")
    reserved2: int = u8(default=0, label="Reserved")
    reserved3: int = u16(default=0, label="Reserved")
    data: bytes = rest(label="Address", say=lambda v: say.ipv4(v) if len(v) == 4 else say.ipv6(v))


class AttributesPayload(Payload, label="Attributes payload", cite="draft-dukes-ike-mode-cfg-02 §3.2", key="attributes"):
    """A request, a reply, a set or an acknowledgement of the configuration method, and of XAUTH."""

    message: int = u8(ConfigurationMessage, label="Type")
    reserved2: int = u8(default=0, label="Reserved")
    identifier: int = u16(label="Identifier")
    attributes: tuple[Attribute, ...] = many(ConfigurationAttribute)


class EncryptedBody(Payload, label="Encrypted payload body", cite="RFC 2409 §5.2"):
    """A payload whose body alone is encrypted, with the receiver's public key or with Ke; its header is not."""

    data: bytes = rest(label="Encrypted body")


class EncryptedIdentification(EncryptedBody, label="Identification payload", key="encrypted_body"):
    """An identity that only the receiver can read."""


class EncryptedNonce(EncryptedBody, label="Nonce payload", key="encrypted_body"):
    """A nonce that only the receiver can read."""


class EncryptedKeyExchange(EncryptedBody, label="Key Exchange payload", key="encrypted_body"):
    """A public value that only the receiver can read (RFC 2409 §5.3)."""


def _say_vendor(octets_: Any) -> str:
    """What a Vendor ID announces, where that is known."""
    known = VendorIdentifier.find(octets_) if isinstance(octets_, bytes) else None
    return known.label if known is not None else say.text(octets_)


class VendorId(Payload, label="Vendor ID payload", cite="RFC 2408 §3.16"):
    """Says who made the sender, or what it can do beyond the RFCs."""

    data: bytes = rest(label="Vendor ID", say=_say_vendor)


class Identification(Payload, label="Identification payload", cite="RFC 2407 §4.6.2"):
    """Who the sender is (phase 1), or whose packets the SA is for (phase 2)."""

    id_type: int = u8(IdType, label="ID type")
    protocol: int = u8(IpProtocol, default=0, label="Protocol ID")
    port: int = u16(default=0, label="Port")
    data: bytes = rest(label="Identification data")


def _say_subnet(octets_: Any) -> str:
    half = len(octets_) // 2
    speak = say.ipv4 if half == 4 else say.ipv6
    return f"{speak(octets_[:half])} mask {speak(octets_[half:])}"


def _say_range(octets_: Any) -> str:
    half = len(octets_) // 2
    speak = say.ipv4 if half == 4 else say.ipv6
    return f"{speak(octets_[:half])} to {speak(octets_[half:])}"


class AddressIdentification(Identification, key="identification"):
    """An identity that is one address."""

    data: bytes = rest(label="Identification data", say=lambda v: say.ipv4(v) if len(v) == 4 else say.ipv6(v))


class SubnetIdentification(Identification, key="identification"):
    """An identity that is a network."""

    data: bytes = rest(label="Identification data", say=_say_subnet)


class RangeIdentification(Identification, key="identification"):
    """An identity that is a range of addresses."""

    data: bytes = rest(label="Identification data", say=_say_range)


class TextIdentification(Identification, key="identification"):
    """An identity that is a name."""

    data: bytes = rest(label="Identification data", say=say.text)


IDENTIFICATIONS: dict[int, type[Identification]] = {
    IdType.IPV4_ADDR: AddressIdentification,
    IdType.IPV6_ADDR: AddressIdentification,
    IdType.IPV4_ADDR_SUBNET: SubnetIdentification,
    IdType.IPV6_ADDR_SUBNET: SubnetIdentification,
    IdType.IPV4_ADDR_RANGE: RangeIdentification,
    IdType.IPV6_ADDR_RANGE: RangeIdentification,
    IdType.FQDN: TextIdentification,
    IdType.USER_FQDN: TextIdentification,
    IdType.KEY_ID: TextIdentification,
}


class PlainIdentification(Identification, key="identification"):
    """An identity of any other type: its octets are shown as they are."""


class Notification(Payload, label="Notification payload", cite="RFC 2408 §3.14"):
    """An error or a status; it is about the SA that its SPI names."""

    doi: int = u32(Doi, label="DOI", default=Doi.IPSEC)
    protocol: int = u8(ProtocolId, label="Protocol ID")
    spi_size: int = u8(label="SPI size", computed="size:spi", default=None)
    notify_type: int = u16(NotifyType, label="Notify message type")
    spi: bytes = octets("spi_size", label="SPI", default=b"")


class LifetimeNotification(Notification, key="notification"):
    """RESPONDER-LIFETIME for an IPsec SA: its data are attributes (RFC 2407 §4.6.3.1)."""

    attributes: tuple[Attribute, ...] = many(IpsecAttribute)


class IsakmpLifetimeNotification(Notification, key="notification"):
    """RESPONDER-LIFETIME for the ISAKMP SA."""

    attributes: tuple[Attribute, ...] = many(IsakmpAttribute)


class CountedNotification(Notification, key="notification"):
    """R-U-THERE and its answer: the data are a sequence number (RFC 3706 §5.3)."""

    data: bytes = rest(label="Notification data", default=b"", say=say.number_in_octets)


class PlainNotification(Notification, key="notification"):
    """A notification of any other type."""

    data: bytes = rest(label="Notification data", default=b"", say=say.text)


def _notification(data: bytes, at: int) -> type[Notification]:
    protocol, notify_type = data[at + 8 : at + 9], int.from_bytes(data[at + 10 : at + 12], "big")
    if notify_type == NotifyType.RESPONDER_LIFETIME:
        return IsakmpLifetimeNotification if protocol == bytes((ProtocolId.ISAKMP,)) else LifetimeNotification
    if notify_type in (NotifyType.R_U_THERE, NotifyType.R_U_THERE_ACK):
        return CountedNotification
    return PlainNotification


select_variant(Notification, _notification)


class Delete(Payload, label="Delete payload", cite="RFC 2408 §3.15"):
    """SPIs of SAs that the sender no longer uses."""

    doi: int = u32(Doi, label="DOI", default=Doi.IPSEC)
    protocol: int = u8(ProtocolId, label="Protocol ID")
    spi_size: int = u8(label="SPI size")
    spi_count: int = u16(label="Number of SPIs")
    spis: bytes = octets("spi_size*spi_count", label="SPIs")


select_variant(
    Identification, lambda data, at: IDENTIFICATIONS.get(data[at + 4] if at + 4 < len(data) else 0, PlainIdentification)
)

PAYLOADS: dict[int, type[Payload]] = {
    PayloadType.SA: AnySecurityAssociation,
    PayloadType.KE: KeyExchange,
    PayloadType.ID: Identification,
    PayloadType.HASH: Hash,
    PayloadType.NONCE: Nonce,
    PayloadType.NOTIFY: Notification,
    PayloadType.DELETE: Delete,
    PayloadType.VID: VendorId,
    PayloadType.SIG: Signature,
    PayloadType.CERT: Certificate,
    PayloadType.CERTREQ: CertificateRequest,
    PayloadType.ATTRIBUTES: AttributesPayload,
    PayloadType.NAT_D_DRAFT: NatDetection,
    PayloadType.NAT_OA_DRAFT: NatOriginalAddress,
    PayloadType.NAT_D: NatDetection,
    PayloadType.NAT_OA: NatOriginalAddress,
}

BODIES_ENCRYPTED: dict[int, type[Payload]] = {
    **PAYLOADS,
    PayloadType.ID: EncryptedIdentification,
    PayloadType.NONCE: EncryptedNonce,
}
"""How payloads are read where the bodies of ID and Nonce are encrypted with a public key (RFC 2409 §5.2)."""

KEY_ENCRYPTED_TOO: dict[int, type[Payload]] = {**BODIES_ENCRYPTED, PayloadType.KE: EncryptedKeyExchange}
"""How they are read in the revised mode, which encrypts KE too (RFC 2409 §5.3)."""
