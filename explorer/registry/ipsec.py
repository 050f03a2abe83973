"""Numbers of the IPsec Domain of Interpretation (RFC 2407 §4.4 to §4.6)."""

from __future__ import annotations

from explorer.registry.number import Number


class _Private61440(Number):
    """Attribute values from 61440 are private (RFC 2407 §4.5)."""

    @classmethod
    def unnamed(cls, value: int) -> str:
        """61440 and up are private (RFC 2407 §4.5)."""
        return "private use" if value >= 61440 else "unassigned"


class Situation(Number):
    """Bits of the Situation field (RFC 2407 §4.2)."""

    IDENTITY_ONLY = 1, "identity only", "nothing but the peers' identities matters", "RFC 2407 §4.2.1"
    SECRECY = 2, "secrecy", "labelled secrecy is wanted", "RFC 2407 §4.2.2"
    INTEGRITY = 4, "integrity", "labelled integrity is wanted", "RFC 2407 §4.2.3"


class EspTransformId(Number):
    """Transform-Id of a proposal for ESP: its cipher (RFC 2407 §4.4.4)."""

    DES_IV64 = 1, "ESP_DES_IV64", "DES with a 64-bit IV, historic", "RFC 2407 §4.4.4.1"
    DES = 2, "ESP_DES", "DES-CBC", "RFC 2407 §4.4.4.2"
    TRIPLE_DES = 3, "ESP_3DES", "3DES-CBC", "RFC 2407 §4.4.4.3"
    RC5 = 4, "ESP_RC5", "RC5", "RFC 2407 §4.4.4.4"
    IDEA = 5, "ESP_IDEA", "IDEA", "RFC 2407 §4.4.4.5"
    CAST = 6, "ESP_CAST", "CAST", "RFC 2407 §4.4.4.6"
    BLOWFISH = 7, "ESP_BLOWFISH", "Blowfish", "RFC 2407 §4.4.4.7"
    NULL = 11, "ESP_NULL", "no encryption, integrity only", "RFC 2410"
    AES = 12, "ESP_AES", "AES-CBC; needs a Key length attribute", "RFC 3602 §5.2"

    @classmethod
    def unnamed(cls, value: int) -> str:
        """249 and up are private (RFC 2407 §6.5)."""
        return "private use" if value >= 249 else "unassigned"


class AhTransformId(Number):
    """Transform-Id of a proposal for AH: its hash (RFC 2407 §4.4.3)."""

    MD5 = 2, "AH_MD5", "HMAC-MD5-96", "RFC 2407 §4.4.3.1"
    SHA = 3, "AH_SHA", "HMAC-SHA-1-96", "RFC 2407 §4.4.3.2"
    DES = 4, "AH_DES", "DES-MAC", "RFC 2407 §4.4.3.3"
    SHA2_256 = 5, "AH_SHA2-256", "HMAC-SHA2-256-128", "RFC 4868"
    SHA2_384 = 6, "AH_SHA2-384", "HMAC-SHA2-384-192", "RFC 4868"
    SHA2_512 = 7, "AH_SHA2-512", "HMAC-SHA2-512-256", "RFC 4868"


class IpsecAttribute(Number):
    """Attribute types inside a phase 2 transform (RFC 2407 §4.5)."""

    LIFE_TYPE = 1, "SA life type", "unit of the life duration that follows", "RFC 2407 §4.5"
    LIFE_DURATION = 2, "SA life duration", "how long the SA may be used", "RFC 2407 §4.5"
    GROUP = 3, "Group description", "group of this Quick Mode's own Diffie-Hellman", "RFC 2407 §4.5"
    ENCAPSULATION = 4, "Encapsulation mode", "tunnel or transport", "RFC 2407 §4.5"
    AUTHENTICATION = 5, "Authentication algorithm", "integrity of the packets", "RFC 2407 §4.5"
    KEY_LENGTH = 6, "Key length", "bits of key, for ciphers with several sizes", "RFC 2407 §4.5"
    KEY_ROUNDS = 7, "Key rounds", "rounds, for ciphers that vary them", "RFC 2407 §4.5"
    COMPRESS_DICTIONARY = 8, "Compress dictionary size", "log2 of the dictionary", "RFC 2407 §4.5"
    COMPRESS_PRIVATE = 9, "Compress private algorithm", "a vendor's compression", "RFC 2407 §4.5"

    @classmethod
    def unnamed(cls, value: int) -> str:
        """32001 and up are private (RFC 2407 §6.6)."""
        return "private use" if value >= 32001 else "unassigned"


class EncapsulationMode(_Private61440):
    """Values of the Encapsulation mode attribute."""

    TUNNEL = 1, "Tunnel", "a whole IP packet travels inside", "RFC 2407 §4.5"
    TRANSPORT = 2, "Transport", "only the payload of the packet is protected", "RFC 2407 §4.5"
    UDP_TUNNEL = 3, "UDP-encapsulated tunnel", "tunnel behind a NAT", "RFC 3947 §5.1"
    UDP_TRANSPORT = 4, "UDP-encapsulated transport", "transport behind a NAT", "RFC 3947 §5.1"


class AuthenticationAlgorithm(_Private61440):
    """Values of the Authentication algorithm attribute."""

    HMAC_MD5 = 1, "HMAC-MD5", "96 of 128 bits are sent", "RFC 2403"
    HMAC_SHA1 = 2, "HMAC-SHA1", "96 of 160 bits are sent", "RFC 2404"
    DES_MAC = 3, "DES-MAC", "historic", "RFC 2407 §4.5"
    KPDK = 4, "KPDK", "historic", "RFC 1826"
    HMAC_SHA2_256 = 5, "HMAC-SHA2-256", "128 of 256 bits are sent", "RFC 4868 §2.3"
    HMAC_SHA2_384 = 6, "HMAC-SHA2-384", "192 of 384 bits are sent", "RFC 4868 §2.3"
    HMAC_SHA2_512 = 7, "HMAC-SHA2-512", "256 of 512 bits are sent", "RFC 4868 §2.3"


class IdType(Number):
    """How to read the data of an Identification payload (RFC 2407 §4.6.2.1)."""

    IPV4_ADDR = 1, "ID_IPV4_ADDR", "four octets of address", "RFC 2407 §4.6.2.2"
    FQDN = 2, "ID_FQDN", "a host name, such as gw.example.com", "RFC 2407 §4.6.2.3"
    USER_FQDN = 3, "ID_USER_FQDN", "a mail address, such as user@example.com", "RFC 2407 §4.6.2.4"
    IPV4_ADDR_SUBNET = 4, "ID_IPV4_ADDR_SUBNET", "an address and a mask", "RFC 2407 §4.6.2.5"
    IPV6_ADDR = 5, "ID_IPV6_ADDR", "sixteen octets of address", "RFC 2407 §4.6.2.6"
    IPV6_ADDR_SUBNET = 6, "ID_IPV6_ADDR_SUBNET", "an address and a mask", "RFC 2407 §4.6.2.7"
    IPV4_ADDR_RANGE = 7, "ID_IPV4_ADDR_RANGE", "first and last address", "RFC 2407 §4.6.2.8"
    IPV6_ADDR_RANGE = 8, "ID_IPV6_ADDR_RANGE", "first and last address", "RFC 2407 §4.6.2.9"
    DER_ASN1_DN = 9, "ID_DER_ASN1_DN", "a directory name out of a certificate", "RFC 2407 §4.6.2.10"
    DER_ASN1_GN = 10, "ID_DER_ASN1_GN", "a general name out of a certificate", "RFC 2407 §4.6.2.11"
    KEY_ID = 11, "ID_KEY_ID", "octets that mean something to the peer alone", "RFC 2407 §4.6.2.12"
