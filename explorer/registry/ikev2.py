"""Numbers of IKEv2 itself (RFC 7296 §3): payloads, exchanges, flags, protocols, identities, authentication."""

from __future__ import annotations

from explorer.registry.number import Number


class V2PayloadType(Number):
    """The Next Payload octet (RFC 7296 §3.2)."""

    NONE = 0, "none", "no payload follows", "RFC 7296 §3.2"
    SA = 33, "Security Association", "offers, or the one that was chosen", "RFC 7296 §3.3"
    KE = 34, "Key Exchange", "a public value of one key exchange method", "RFC 7296 §3.4"
    IDI = 35, "Identification - Initiator", "who the initiator says it is", "RFC 7296 §3.5"
    IDR = 36, "Identification - Responder", "who the responder says it is, or is meant to be", "RFC 7296 §3.5"
    CERT = 37, "Certificate", "a certificate", "RFC 7296 §3.6"
    CERTREQ = 38, "Certificate Request", "authorities whose certificates are wanted", "RFC 7296 §3.7"
    AUTH = 39, "Authentication", "proof over the first messages", "RFC 7296 §3.8"
    NONCE = 40, "Nonce", "fresh random octets", "RFC 7296 §3.9"
    NOTIFY = 41, "Notify", "an error or a status", "RFC 7296 §3.10"
    DELETE = 42, "Delete", "SAs that the sender has dropped", "RFC 7296 §3.11"
    VENDOR = 43, "Vendor ID", "what the sender's maker calls itself", "RFC 7296 §3.12"
    TSI = 44, "Traffic Selector - Initiator", "whose packets at the initiator's side", "RFC 7296 §3.13"
    TSR = 45, "Traffic Selector - Responder", "whose packets at the responder's side", "RFC 7296 §3.13"
    SK = 46, "Encrypted and Authenticated", "all that is protected", "RFC 7296 §3.14"
    CP = 47, "Configuration", "requests and values for the peer's network", "RFC 7296 §3.15"
    EAP = 48, "Extensible Authentication", "a login of another protocol", "RFC 7296 §3.16"
    SKF = 53, "Encrypted Fragment", "a part of what is protected", "RFC 7383 §2.5"

    @classmethod
    def unnamed(cls, value: int) -> str:
        """128 and up are for private use (RFC 7296 §3.2)."""
        return "private use" if value >= 128 else "unassigned"


class V2ExchangeType(Number):
    """The Exchange Type octet (RFC 7296 §3.1)."""

    IKE_SA_INIT = 34, "IKE_SA_INIT", "algorithms, nonces, Diffie-Hellman", "RFC 7296 §1.2"
    IKE_AUTH = 35, "IKE_AUTH", "identities, proof, the first Child SA", "RFC 7296 §1.2"
    CREATE_CHILD_SA = 36, "CREATE_CHILD_SA", "another Child SA, or new keys for an SA", "RFC 7296 §1.3"
    INFORMATIONAL = 37, "INFORMATIONAL", "notify, delete, signs of life", "RFC 7296 §1.4"
    IKE_SESSION_RESUME = 38, "IKE_SESSION_RESUME", "an IKE SA from a ticket", "RFC 5723 §4.3"
    IKE_INTERMEDIATE = 43, "IKE_INTERMEDIATE", "more before the proof", "RFC 9242 §3.2"
    IKE_FOLLOWUP_KE = 44, "IKE_FOLLOWUP_KE", "more key exchanges of a rekeying", "RFC 9370 §2.2.4"


class V2Flag(Number):
    """Bits of the Flags octet (RFC 7296 §3.1)."""

    INITIATOR = 0x08, "initiator", "the sender is the original initiator of the IKE SA", "RFC 7296 §3.1"
    VERSION = 0x10, "version", "the sender can speak a higher version", "RFC 7296 §3.1"
    RESPONSE = 0x20, "response", "this answers the request of the same Message ID", "RFC 7296 §3.1"


class V2ProtocolId(Number):
    """What an SA is for (RFC 7296 §3.3.1)."""

    NONE = 0, "none", "no SA is meant", "RFC 7296 §3.10"
    IKE = 1, "IKE", "protection of the negotiation itself", "RFC 7296 §3.3.1"
    AH = 2, "AH", "integrity of IP packets", "RFC 7296 §3.3.1"
    ESP = 3, "ESP", "confidentiality and integrity of IP packets", "RFC 7296 §3.3.1"


class AuthMethod(Number):
    """How an AUTH payload was made (RFC 7296 §3.8)."""

    RSA = 1, "RSA Digital Signature", "PKCS #1 v1.5 with a DigestInfo", "RFC 7296 §3.8"
    SHARED_KEY = 2, "Shared Key Message Integrity Code", "both know one secret", "RFC 7296 §3.8"
    DSS = 3, "DSS Digital Signature", "with SHA-1", "RFC 7296 §3.8"
    ECDSA_256 = 9, "ECDSA with SHA-256 on P-256", "r and s, 32 octets each", "RFC 4754 §3"
    ECDSA_384 = 10, "ECDSA with SHA-384 on P-384", "r and s, 48 octets each", "RFC 4754 §3"
    ECDSA_521 = 11, "ECDSA with SHA-512 on P-521", "r and s, 66 octets each", "RFC 4754 §3"
    NULL = 13, "NULL Authentication", "proves nothing about who it is", "RFC 7619 §2.1"
    DIGITAL_SIGNATURE = 14, "Digital Signature", "the algorithm is named in front", "RFC 7427 §3"


class SignatureHash(Number):
    """Hashes that a peer takes in signatures (RFC 7427 §7)."""

    SHA1 = 1, "SHA1", "160 bits", "RFC 7427 §7"
    SHA2_256 = 2, "SHA2-256", "256 bits", "RFC 7427 §7"
    SHA2_384 = 3, "SHA2-384", "384 bits", "RFC 7427 §7"
    SHA2_512 = 4, "SHA2-512", "512 bits", "RFC 7427 §7"
    IDENTITY = 5, "Identity", "no hash: what is signed goes into the signature whole", "RFC 8420 §2"


class V2IdType(Number):
    """How to read the data of an Identification payload (RFC 7296 §3.5)."""

    IPV4_ADDR = 1, "ID_IPV4_ADDR", "four octets of address", "RFC 7296 §3.5"
    FQDN = 2, "ID_FQDN", "a host name", "RFC 7296 §3.5"
    RFC822_ADDR = 3, "ID_RFC822_ADDR", "a mail address", "RFC 7296 §3.5"
    IPV6_ADDR = 5, "ID_IPV6_ADDR", "sixteen octets of address", "RFC 7296 §3.5"
    DER_ASN1_DN = 9, "ID_DER_ASN1_DN", "a directory name", "RFC 7296 §3.5"
    DER_ASN1_GN = 10, "ID_DER_ASN1_GN", "a general name", "RFC 7296 §3.5"
    KEY_ID = 11, "ID_KEY_ID", "octets that mean something to the peer alone", "RFC 7296 §3.5"
    NULL = 13, "ID_NULL", "nobody", "RFC 7619 §2.2"


class TsType(Number):
    """Kinds of traffic selector (RFC 7296 §3.13.1)."""

    IPV4_RANGE = 7, "TS_IPV4_ADDR_RANGE", "first and last IPv4 address", "RFC 7296 §3.13.1"
    IPV6_RANGE = 8, "TS_IPV6_ADDR_RANGE", "first and last IPv6 address", "RFC 7296 §3.13.1"


class ConfigType(Number):
    """The CFG Type octet (RFC 7296 §3.15)."""

    REQUEST = 1, "CFG_REQUEST", "asks for values", "RFC 7296 §3.15"
    REPLY = 2, "CFG_REPLY", "gives the values asked for", "RFC 7296 §3.15"
    SET = 3, "CFG_SET", "gives values unasked", "RFC 7296 §3.15"
    ACK = 4, "CFG_ACK", "says which of them were taken", "RFC 7296 §3.15"


class ConfigAttribute(Number):
    """Attributes of a Configuration payload (RFC 7296 §3.15.1)."""

    IP4_ADDRESS = 1, "INTERNAL_IP4_ADDRESS", "an address inside the protected network", "RFC 7296 §3.15.1"
    IP4_NETMASK = 2, "INTERNAL_IP4_NETMASK", "the mask of that network", "RFC 7296 §3.15.1"
    IP4_DNS = 3, "INTERNAL_IP4_DNS", "a name server there", "RFC 7296 §3.15.1"
    IP4_NBNS = 4, "INTERNAL_IP4_NBNS", "a NetBIOS name server there", "RFC 7296 §3.15.1"
    IP4_DHCP = 6, "INTERNAL_IP4_DHCP", "a DHCP server there", "RFC 7296 §3.15.1"
    APPLICATION_VERSION = 7, "APPLICATION_VERSION", "what the sender calls its software", "RFC 7296 §3.15.1"
    IP4_SUBNET = 13, "INTERNAL_IP4_SUBNET", "a network behind the gateway", "RFC 7296 §3.15.1"
    SUPPORTED_ATTRIBUTES = 14, "SUPPORTED_ATTRIBUTES", "attributes that the sender knows", "RFC 7296 §3.15.1"


class EapCode(Number):
    """The Code octet of an EAP packet (RFC 3748 §4)."""

    REQUEST = 1, "Request", "the server asks", "RFC 3748 §4.1"
    RESPONSE = 2, "Response", "the peer answers", "RFC 3748 §4.1"
    SUCCESS = 3, "Success", "the peer is who it says", "RFC 3748 §4.2"
    FAILURE = 4, "Failure", "it is not", "RFC 3748 §4.2"


class EapType(Number):
    """The Type octet of an EAP request or response (RFC 3748 §5)."""

    IDENTITY = 1, "Identity", "who logs in", "RFC 3748 §5.1"
    NOTIFICATION = 2, "Notification", "words for the user", "RFC 3748 §5.2"
    NAK = 3, "Nak", "another method is wanted", "RFC 3748 §5.3"
    MD5_CHALLENGE = 4, "MD5-Challenge", "a hash over a challenge and the password", "RFC 3748 §5.4"
    MSCHAPV2 = 26, "EAP-MSCHAPv2", "a challenge both ways, and a key", "draft-kamath-pppext-eap-mschapv2"


class MschapOpcode(Number):
    """The OpCode octet of EAP-MSCHAPv2 (draft-kamath-pppext-eap-mschapv2 §2)."""

    CHALLENGE = 1, "Challenge", "the server's challenge", "draft-kamath-pppext-eap-mschapv2 §2.1"
    RESPONSE = 2, "Response", "the user's proof, and a challenge back", "draft-kamath-pppext-eap-mschapv2 §2.2"
    SUCCESS = 3, "Success", "the server's proof, and its receipt", "draft-kamath-pppext-eap-mschapv2 §2.3"
    FAILURE = 4, "Failure", "the login has failed", "draft-kamath-pppext-eap-mschapv2 §2.5"
    CHANGE_PASSWORD = 7, "Change-Password", "a new password", "draft-kamath-pppext-eap-mschapv2 §2.7"
