"""Numbers of ISAKMP itself: payloads, exchanges, flags, protocols, notify messages."""

from __future__ import annotations

from explorer.registry.number import Number


class PayloadType(Number):
    """The Next Payload octet (RFC 2408 §3.1)."""

    NONE = 0, "none", "no payload follows", "RFC 2408 §3.1"
    SA = 1, "Security Association", "offers, or the one that was chosen", "RFC 2408 §3.4"
    PROPOSAL = 2, "Proposal", "one protocol and the ways to run it", "RFC 2408 §3.5"
    TRANSFORM = 3, "Transform", "one complete set of algorithms", "RFC 2408 §3.6"
    KE = 4, "Key Exchange", "a Diffie-Hellman public value", "RFC 2408 §3.7"
    ID = 5, "Identification", "who the sender says it is", "RFC 2408 §3.8"
    CERT = 6, "Certificate", "a certificate", "RFC 2408 §3.9"
    CERTREQ = 7, "Certificate Request", "a wish for a certificate", "RFC 2408 §3.10"
    HASH = 8, "Hash", "proof over what was exchanged", "RFC 2408 §3.11"
    SIG = 9, "Signature", "a signature over what was exchanged", "RFC 2408 §3.12"
    NONCE = 10, "Nonce", "fresh random octets", "RFC 2408 §3.13"
    NOTIFY = 11, "Notification", "an error or a status", "RFC 2408 §3.14"
    DELETE = 12, "Delete", "SAs that the sender has dropped", "RFC 2408 §3.15"
    VID = 13, "Vendor ID", "what the sender's maker calls itself", "RFC 2408 §3.16"
    ATTRIBUTES = 14, "Attributes", "requests and values of the configuration method", "draft-dukes-ike-mode-cfg-02 §3.2"
    NAT_D = 20, "NAT-D", "hash of an address and a port, to detect a NAT", "RFC 3947 §3.2"
    NAT_OA = 21, "NAT-OA", "an address as it was before the NAT", "RFC 3947 §5.2"
    NAT_D_DRAFT = 130, "NAT-D (draft)", "NAT-D by its number before RFC 3947", "draft-ietf-ipsec-nat-t-ike-03"
    NAT_OA_DRAFT = 131, "NAT-OA (draft)", "NAT-OA by its number before RFC 3947", "draft-ietf-ipsec-nat-t-ike-03"

    @classmethod
    def unnamed(cls, value: int) -> str:
        """128 and up are for private use (RFC 2408 §3.1)."""
        return "private use" if value >= 128 else "unassigned"


class ExchangeType(Number):
    """The Exchange Type octet (RFC 2408 §3.1, RFC 2409 §5)."""

    NONE = 0, "none", "no exchange", "RFC 2408 §3.1"
    BASE = 1, "Base", "ISAKMP's base exchange", "RFC 2408 §4.4"
    IDENTITY_PROTECTION = (
        2,
        "Identity Protection",
        "six messages; IKE's Main Mode is this one",
        "RFC 2408 §4.5, RFC 2409 §5",
    )
    AUTHENTICATION_ONLY = 3, "Authentication Only", "proof without keys", "RFC 2408 §4.6"
    AGGRESSIVE = 4, "Aggressive", "three messages; IKE's Aggressive Mode", "RFC 2408 §4.7"
    INFORMATIONAL = 5, "Informational", "one message, no answer", "RFC 2408 §4.8"
    TRANSACTION = 6, "Transaction", "request and reply, or set and acknowledgement", "draft-dukes-ike-mode-cfg-02 §3.1"
    QUICK_MODE = 32, "Quick Mode", "phase 2: keys for another protocol", "RFC 2409 §5.5"
    NEW_GROUP_MODE = 33, "New Group Mode", "agree on a private group", "RFC 2409 §5.6"

    @classmethod
    def unnamed(cls, value: int) -> str:
        """32 to 239 belong to a DOI, 240 and up are private (RFC 2408 §3.1)."""
        return "private use" if value >= 240 else "DOI specific" if value >= 32 else "ISAKMP future use"


class HeaderFlag(Number):
    """Bits of the Flags octet (RFC 2408 §3.1)."""

    ENCRYPTION = 1, "encrypted", "everything after the header is encrypted", "RFC 2408 §3.1"
    COMMIT = 2, "commit", "wait before using the new keys", "RFC 2408 §3.1"
    AUTHENTICATION_ONLY = 4, "authentication only", "not encrypted, only authenticated", "RFC 2408 §3.1"


class Doi(Number):
    """Domain of Interpretation: which specification gives the numbers their meaning."""

    ISAKMP = 0, "ISAKMP", "generic ISAKMP", "RFC 2408 §3.4"
    IPSEC = 1, "IPsec", "the IPsec Domain of Interpretation", "RFC 2407 §4.2"


class ProtocolId(Number):
    """What an SA is for (RFC 2407 §4.4.1)."""

    ISAKMP = 1, "ISAKMP", "protection of the negotiation itself", "RFC 2407 §4.4.1.1"
    AH = 2, "AH", "integrity of IP packets", "RFC 2407 §4.4.1.2"
    ESP = 3, "ESP", "confidentiality and integrity of IP packets", "RFC 2407 §4.4.1.3"
    IPCOMP = 4, "IPCOMP", "compression of IP packets", "RFC 2407 §4.4.1.4"


class NotifyType(Number):
    """Notify message types (RFC 2408 §3.14.1, RFC 2407 §4.6.3)."""

    INVALID_PAYLOAD_TYPE = 1, "INVALID-PAYLOAD-TYPE", "a payload is not known", "RFC 2408 §3.14.1"
    DOI_NOT_SUPPORTED = 2, "DOI-NOT-SUPPORTED", "the DOI is not known", "RFC 2408 §3.14.1"
    SITUATION_NOT_SUPPORTED = 3, "SITUATION-NOT-SUPPORTED", "the situation is not known", "RFC 2408 §3.14.1"
    INVALID_COOKIE = 4, "INVALID-COOKIE", "no SA has these cookies", "RFC 2408 §3.14.1"
    INVALID_MAJOR_VERSION = 5, "INVALID-MAJOR-VERSION", "another protocol version", "RFC 2408 §3.14.1"
    INVALID_MINOR_VERSION = 6, "INVALID-MINOR-VERSION", "another protocol version", "RFC 2408 §3.14.1"
    INVALID_EXCHANGE_TYPE = 7, "INVALID-EXCHANGE-TYPE", "the exchange is not known", "RFC 2408 §3.14.1"
    INVALID_FLAGS = 8, "INVALID-FLAGS", "flags that do not go together", "RFC 2408 §3.14.1"
    INVALID_MESSAGE_ID = 9, "INVALID-MESSAGE-ID", "no exchange has this Message ID", "RFC 2408 §3.14.1"
    INVALID_PROTOCOL_ID = 10, "INVALID-PROTOCOL-ID", "the protocol is not known", "RFC 2408 §3.14.1"
    INVALID_SPI = 11, "INVALID-SPI", "no SA has this SPI", "RFC 2408 §3.14.1"
    INVALID_TRANSFORM_ID = 12, "INVALID-TRANSFORM-ID", "the transform is not known", "RFC 2408 §3.14.1"
    ATTRIBUTES_NOT_SUPPORTED = 13, "ATTRIBUTES-NOT-SUPPORTED", "an attribute is not known", "RFC 2408 §3.14.1"
    NO_PROPOSAL_CHOSEN = 14, "NO-PROPOSAL-CHOSEN", "no offer matches the policy", "RFC 2408 §3.14.1"
    BAD_PROPOSAL_SYNTAX = 15, "BAD-PROPOSAL-SYNTAX", "an offer breaks the rules", "RFC 2408 §3.14.1"
    PAYLOAD_MALFORMED = 16, "PAYLOAD-MALFORMED", "a payload breaks the rules", "RFC 2408 §3.14.1"
    INVALID_KEY_INFORMATION = 17, "INVALID-KEY-INFORMATION", "an unusable key exchange value", "RFC 2408 §3.14.1"
    INVALID_ID_INFORMATION = 18, "INVALID-ID-INFORMATION", "identities that are not allowed", "RFC 2408 §3.14.1"
    INVALID_CERT_ENCODING = 19, "INVALID-CERT-ENCODING", "a certificate of unknown form", "RFC 2408 §3.14.1"
    INVALID_CERTIFICATE = 20, "INVALID-CERTIFICATE", "a certificate that is not valid", "RFC 2408 §3.14.1"
    CERT_TYPE_UNSUPPORTED = 21, "CERT-TYPE-UNSUPPORTED", "a certificate of unknown type", "RFC 2408 §3.14.1"
    INVALID_CERT_AUTHORITY = 22, "INVALID-CERT-AUTHORITY", "an authority that is not known", "RFC 2408 §3.14.1"
    INVALID_HASH_INFORMATION = 23, "INVALID-HASH-INFORMATION", "a hash that does not verify", "RFC 2408 §3.14.1"
    AUTHENTICATION_FAILED = 24, "AUTHENTICATION-FAILED", "proof of identity failed", "RFC 2408 §3.14.1"
    INVALID_SIGNATURE = 25, "INVALID-SIGNATURE", "a signature that does not verify", "RFC 2408 §3.14.1"
    ADDRESS_NOTIFICATION = 26, "ADDRESS-NOTIFICATION", "an address", "RFC 2408 §3.14.1"
    NOTIFY_SA_LIFETIME = 27, "NOTIFY-SA-LIFETIME", "how long the SA lives", "RFC 2408 §3.14.1"
    CERTIFICATE_UNAVAILABLE = 28, "CERTIFICATE-UNAVAILABLE", "no certificate to give", "RFC 2408 §3.14.1"
    UNSUPPORTED_EXCHANGE_TYPE = 29, "UNSUPPORTED-EXCHANGE-TYPE", "the exchange is not done here", "RFC 2408 §3.14.1"
    UNEQUAL_PAYLOAD_LENGTHS = 30, "UNEQUAL-PAYLOAD-LENGTHS", "lengths do not add up", "RFC 2408 §3.14.1"
    CONNECTED = 16384, "CONNECTED", "the commit bit is released", "RFC 2408 §3.14.1"
    RESPONDER_LIFETIME = 24576, "RESPONDER-LIFETIME", "the lifetime the responder will use", "RFC 2407 §4.6.3.1"
    REPLAY_STATUS = 24577, "REPLAY-STATUS", "whether replays are detected", "RFC 2407 §4.6.3.2"
    INITIAL_CONTACT = 24578, "INITIAL-CONTACT", "the sender knows of no older SA", "RFC 2407 §4.6.3.3"
    R_U_THERE = 36136, "R-U-THERE", "is the peer still alive?", "RFC 3706 §5.3"
    R_U_THERE_ACK = 36137, "R-U-THERE-ACK", "it is", "RFC 3706 §5.3"

    @classmethod
    def unnamed(cls, value: int) -> str:
        """Errors below 16384, status above; private ranges in both (RFC 2408 §3.14.1)."""
        if value < 16384:
            return "private error" if value >= 8192 else "reserved error"
        return "private status" if value >= 32768 else "reserved status"
