"""Notify message types of IKEv2 (RFC 7296 §3.10.1 and later)."""

from __future__ import annotations

from explorer.registry.number import Number

_E = "RFC 7296 §3.10.1"


class V2NotifyType(Number):
    """Errors below 16384, status above."""

    UNSUPPORTED_CRITICAL_PAYLOAD = 1, "UNSUPPORTED_CRITICAL_PAYLOAD", "a critical payload is not known", _E
    INVALID_IKE_SPI = 4, "INVALID_IKE_SPI", "no IKE SA has these SPIs", _E
    INVALID_MAJOR_VERSION = 5, "INVALID_MAJOR_VERSION", "another protocol version", _E
    INVALID_SYNTAX = 7, "INVALID_SYNTAX", "something breaks the rules", _E
    INVALID_MESSAGE_ID = 9, "INVALID_MESSAGE_ID", "a Message ID outside the window", _E
    INVALID_SPI = 11, "INVALID_SPI", "no SA has this SPI", _E
    NO_PROPOSAL_CHOSEN = 14, "NO_PROPOSAL_CHOSEN", "no offer matches the policy", _E
    INVALID_KE_PAYLOAD = 17, "INVALID_KE_PAYLOAD", "another key exchange method is wanted; the data name it", _E
    AUTHENTICATION_FAILED = 24, "AUTHENTICATION_FAILED", "proof of identity failed", _E
    SINGLE_PAIR_REQUIRED = 34, "SINGLE_PAIR_REQUIRED", "traffic selectors for one pair of addresses only", _E
    NO_ADDITIONAL_SAS = 35, "NO_ADDITIONAL_SAS", "no more Child SAs are made", _E
    INTERNAL_ADDRESS_FAILURE = 36, "INTERNAL_ADDRESS_FAILURE", "no address is left to hand out", _E
    FAILED_CP_REQUIRED = 37, "FAILED_CP_REQUIRED", "a Configuration payload is wanted", _E
    TS_UNACCEPTABLE = 38, "TS_UNACCEPTABLE", "the traffic selectors do not overlap", _E
    INVALID_SELECTORS = 39, "INVALID_SELECTORS", "a packet that an SA is not for", _E
    UNACCEPTABLE_ADDRESSES = 40, "UNACCEPTABLE_ADDRESSES", "the SAs stay at the addresses they had", "RFC 4555 §4.1.1"
    UNEXPECTED_NAT_DETECTED = 41, "UNEXPECTED_NAT_DETECTED", "a NAT where none may be", "RFC 4555 §4.1.2"
    TEMPORARY_FAILURE = 43, "TEMPORARY_FAILURE", "not now: something else is under way", "RFC 7296 §2.25"
    CHILD_SA_NOT_FOUND = 44, "CHILD_SA_NOT_FOUND", "the Child SA to be rekeyed is gone", "RFC 7296 §2.25"
    STATE_NOT_FOUND = 47, "STATE_NOT_FOUND", "the key exchange to be followed up is gone", "RFC 9370 §4.1"
    INITIAL_CONTACT = 16384, "INITIAL_CONTACT", "the sender knows of no older SA", _E
    SET_WINDOW_SIZE = 16385, "SET_WINDOW_SIZE", "how many requests may be under way", _E
    ADDITIONAL_TS_POSSIBLE = 16386, "ADDITIONAL_TS_POSSIBLE", "more selectors, in another SA", _E
    NAT_DETECTION_SOURCE_IP = 16388, "NAT_DETECTION_SOURCE_IP", "hash of the sender's address", "RFC 7296 §2.23"
    NAT_DETECTION_DESTINATION_IP = (
        16389,
        "NAT_DETECTION_DESTINATION_IP",
        "hash of the receiver's address",
        "RFC 7296 §2.23",
    )
    COOKIE = 16390, "COOKIE", "octets to be sent back, before any state is kept", "RFC 7296 §2.6"
    USE_TRANSPORT_MODE = 16391, "USE_TRANSPORT_MODE", "transport mode is wanted", _E
    HTTP_CERT_LOOKUP_SUPPORTED = 16392, "HTTP_CERT_LOOKUP_SUPPORTED", "certificates by address", _E
    REKEY_SA = 16393, "REKEY_SA", "the SA that the new one replaces", "RFC 7296 §1.3.3"
    ESP_TFC_PADDING_NOT_SUPPORTED = 16394, "ESP_TFC_PADDING_NOT_SUPPORTED", "no extra padding, please", _E
    MOBIKE_SUPPORTED = 16396, "MOBIKE_SUPPORTED", "addresses may change", "RFC 4555 §3.2"
    ADDITIONAL_IP4_ADDRESS = 16397, "ADDITIONAL_IP4_ADDRESS", "another address of the sender", "RFC 4555 §3.4"
    ADDITIONAL_IP6_ADDRESS = 16398, "ADDITIONAL_IP6_ADDRESS", "another address of the sender", "RFC 4555 §3.4"
    NO_ADDITIONAL_ADDRESSES = 16399, "NO_ADDITIONAL_ADDRESSES", "there is only this address", "RFC 4555 §3.4"
    UPDATE_SA_ADDRESSES = 16400, "UPDATE_SA_ADDRESSES", "use this message's addresses from now on", "RFC 4555 §3.5"
    COOKIE2 = 16401, "COOKIE2", "octets to be sent back, to show that an address is in reach", "RFC 4555 §3.7"
    NO_NATS_ALLOWED = 16402, "NO_NATS_ALLOWED", "no NAT may stand in between", "RFC 4555 §3.9"
    AUTH_LIFETIME = 16403, "AUTH_LIFETIME", "seconds until the peer must prove itself again", "RFC 4478 §3"
    TICKET_LT_OPAQUE = 16409, "TICKET_LT_OPAQUE", "a ticket to resume with, and for how long", "RFC 5723 §7.2"
    TICKET_REQUEST = 16410, "TICKET_REQUEST", "a ticket is wanted", "RFC 5723 §7.3"
    TICKET_ACK = 16411, "TICKET_ACK", "a ticket will come later", "RFC 5723 §7.4"
    TICKET_NACK = 16412, "TICKET_NACK", "no ticket, or not with this one", "RFC 5723 §7.5"
    TICKET_OPAQUE = 16413, "TICKET_OPAQUE", "the ticket that is to be resumed with", "RFC 5723 §7.6"
    EAP_ONLY_AUTHENTICATION = 16417, "EAP_ONLY_AUTHENTICATION", "the login proves the responder too", "RFC 5998 §3"
    CHILDLESS_IKEV2_SUPPORTED = 16418, "CHILDLESS_IKEV2_SUPPORTED", "no Child SA at first", "RFC 6023 §3"
    FRAGMENTATION_SUPPORTED = 16430, "IKEV2_FRAGMENTATION_SUPPORTED", "large messages in parts", "RFC 7383 §2.3"
    SIGNATURE_HASH_ALGORITHMS = 16431, "SIGNATURE_HASH_ALGORITHMS", "hashes for signatures", "RFC 7427 §4"
    USE_PPK = 16435, "USE_PPK", "a further secret is to be mixed in", "RFC 8784 §3"
    PPK_IDENTITY = 16436, "PPK_IDENTITY", "which further secret", "RFC 8784 §3"
    NO_PPK_AUTH = 16437, "NO_PPK_AUTH", "proof for a peer without it", "RFC 8784 §3"
    INTERMEDIATE_EXCHANGE_SUPPORTED = (
        16438,
        "INTERMEDIATE_EXCHANGE_SUPPORTED",
        "more may come before the proof",
        "RFC 9242 §3.1",
    )
    ADDITIONAL_KEY_EXCHANGE = 16441, "ADDITIONAL_KEY_EXCHANGE", "ties key exchanges together", "RFC 9370 §2.2.4"

    @classmethod
    def unnamed(cls, value: int) -> str:
        """Errors below 16384, status above; private ranges in both (RFC 7296 §3.10.1)."""
        if value < 16384:
            return "private error" if value >= 8192 else "reserved error"
        return "private status" if value >= 40960 else "reserved status"

    @classmethod
    def explain(cls, value: int) -> str:
        """Number and name, and what has happened or is announced by it."""
        member = cls.find(value)
        return cls.say(value) if member is None else f"{cls.say(value)}: {member.meaning}"
