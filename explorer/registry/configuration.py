"""Numbers of the configuration method and of XAUTH, which uses it."""

from __future__ import annotations

from explorer.registry.number import Number

_CFG = "draft-dukes-ike-mode-cfg-02"
_XAUTH = "draft-beaulieu-ike-xauth-02"


class ConfigurationMessage(Number):
    """The Type octet of an Attributes payload."""

    REQUEST = 1, "ISAKMP_CFG_REQUEST", "asks for values", f"{_CFG} §3.3"
    REPLY = 2, "ISAKMP_CFG_REPLY", "gives the values asked for", f"{_CFG} §3.3"
    SET = 3, "ISAKMP_CFG_SET", "gives values unasked", f"{_CFG} §3.3"
    ACK = 4, "ISAKMP_CFG_ACK", "says which of them were taken", f"{_CFG} §3.3"


class ConfigurationAttributeType(Number):
    """Attribute types of an Attributes payload."""

    IP4_ADDRESS = 1, "INTERNAL_IP4_ADDRESS", "an address inside the protected network", f"{_CFG} §3.4"
    IP4_NETMASK = 2, "INTERNAL_IP4_NETMASK", "the mask of that network", f"{_CFG} §3.4"
    IP4_DNS = 3, "INTERNAL_IP4_DNS", "a name server there", f"{_CFG} §3.4"
    IP4_NBNS = 4, "INTERNAL_IP4_NBNS", "a NetBIOS name server there", f"{_CFG} §3.4"
    ADDRESS_EXPIRY = 5, "INTERNAL_ADDRESS_EXPIRY", "seconds for which the address may be used", f"{_CFG} §3.4"
    IP4_DHCP = 6, "INTERNAL_IP4_DHCP", "a DHCP server there", f"{_CFG} §3.4"
    APPLICATION_VERSION = 7, "APPLICATION_VERSION", "what the sender calls its software", f"{_CFG} §3.4"
    IP4_SUBNET = 13, "INTERNAL_IP4_SUBNET", "a network behind the gateway", f"{_CFG} §3.4"
    SUPPORTED_ATTRIBUTES = 14, "SUPPORTED_ATTRIBUTES", "attributes that the sender knows", f"{_CFG} §3.4"
    XAUTH_TYPE = 16520, "XAUTH-TYPE", "kind of login", f"{_XAUTH} §6.2"
    XAUTH_USER_NAME = 16521, "XAUTH-USER-NAME", "who logs in", f"{_XAUTH} §6.2"
    XAUTH_USER_PASSWORD = 16522, "XAUTH-USER-PASSWORD", "the user's password", f"{_XAUTH} §6.2"
    XAUTH_PASSCODE = 16523, "XAUTH-PASSCODE", "a code from a token card", f"{_XAUTH} §6.2"
    XAUTH_MESSAGE = 16524, "XAUTH-MESSAGE", "words for the user", f"{_XAUTH} §6.2"
    XAUTH_CHALLENGE = 16525, "XAUTH-CHALLENGE", "a challenge to answer", f"{_XAUTH} §6.2"
    XAUTH_DOMAIN = 16526, "XAUTH-DOMAIN", "the domain of the user", f"{_XAUTH} §6.2"
    XAUTH_STATUS = 16527, "XAUTH-STATUS", "whether the login succeeded", f"{_XAUTH} §6.2"
    XAUTH_NEXT_PIN = 16528, "XAUTH-NEXT-PIN", "a new PIN", f"{_XAUTH} §6.2"
    XAUTH_ANSWER = 16529, "XAUTH-ANSWER", "an answer to a question", f"{_XAUTH} §6.2"
    CISCO_BANNER = 28672, "CISCO-BANNER", "words for the user after the login", "Cisco Unity"

    @classmethod
    def unnamed(cls, value: int) -> str:
        """16384 to 32767 are for private use (draft-dukes-ike-mode-cfg-02 §3.4)."""
        return "private use" if value >= 16384 else "unassigned"


class XauthType(Number):
    """Values of XAUTH-TYPE."""

    GENERIC = 0, "generic", "name and password, or whatever is asked for", f"{_XAUTH} §6.2"
    RADIUS_CHAP = 1, "RADIUS-CHAP", "answer to a challenge", f"{_XAUTH} §6.2"
    OTP = 2, "OTP", "one-time password", f"{_XAUTH} §6.2"
    SKEY = 3, "S/KEY", "one-time password", f"{_XAUTH} §6.2"


class XauthStatus(Number):
    """Values of XAUTH-STATUS."""

    FAIL = 0, "fail", "the login was refused", f"{_XAUTH} §6.2"
    OK = 1, "OK", "the user is who it says", f"{_XAUTH} §6.2"
