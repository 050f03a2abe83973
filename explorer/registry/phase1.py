"""Attribute classes and values of an ISAKMP SA (RFC 2409 Appendix A)."""

from __future__ import annotations

from explorer.registry.number import Number

_A = "RFC 2409 Appendix A"
_XAUTH = "draft-beaulieu-ike-xauth-02 §7.1"
_HYBRID = "draft-ietf-ipsec-isakmp-hybrid-auth-05 §3.2.1"


class IsakmpTransformId(Number):
    """Transform-Id of a proposal for ISAKMP (RFC 2407 §4.4.2)."""

    KEY_IKE = 1, "KEY_IKE", "the hybrid of ISAKMP, Oakley and SKEME", "RFC 2407 §4.4.2.1"


class Phase1Attribute(Number):
    """Attribute types inside a phase 1 transform."""

    ENCRYPTION = 1, "Encryption algorithm", "cipher for ISAKMP messages", _A
    HASH = 2, "Hash algorithm", "hash, and through HMAC the prf", _A
    AUTHENTICATION = 3, "Authentication method", "how the peers prove who they are", _A
    GROUP = 4, "Group description", "the Diffie-Hellman group", _A
    GROUP_TYPE = 5, "Group type", "kind of a private group", _A
    GROUP_PRIME = 6, "Group prime", "modulus of a private group", _A
    GROUP_GENERATOR_ONE = 7, "Group generator one", "generator of a private group", _A
    GROUP_GENERATOR_TWO = 8, "Group generator two", "second generator of a private group", _A
    GROUP_CURVE_A = 9, "Group curve A", "curve parameter of a private group", _A
    GROUP_CURVE_B = 10, "Group curve B", "curve parameter of a private group", _A
    LIFE_TYPE = 11, "Life type", "unit of the life duration that follows", _A
    LIFE_DURATION = 12, "Life duration", "how long the SA may be used", _A
    PRF = 13, "PRF", "a negotiated prf; none has ever been assigned", _A
    KEY_LENGTH = 14, "Key length", "bits of key, for ciphers with several sizes", _A
    FIELD_SIZE = 15, "Field size", "size of a private group's field", _A
    GROUP_ORDER = 16, "Group order", "order of a private group", _A

    @classmethod
    def unnamed(cls, value: int) -> str:
        """16384 and up are private (RFC 2409 Appendix A)."""
        return "private use" if value >= 16384 else "unassigned"


class _Private65001(Number):
    """Values from 65001 are private (RFC 2409 Appendix A)."""

    @classmethod
    def unnamed(cls, value: int) -> str:
        """65001 and up are private (RFC 2409 Appendix A)."""
        return "private use" if value >= 65001 else "unassigned"


class EncryptionAlgorithm(_Private65001):
    """Values of the Encryption algorithm attribute."""

    DES_CBC = 1, "DES-CBC", "56 effective bits, broken by search since 1998", "RFC 2405"
    IDEA_CBC = 2, "IDEA-CBC", "128 bits", _A
    BLOWFISH_CBC = 3, "Blowfish-CBC", "variable key", _A
    RC5_CBC = 4, "RC5-R16-B64-CBC", "variable key", _A
    TRIPLE_DES_CBC = 5, "3DES-CBC", "168 bits, 64-bit blocks", _A
    CAST_CBC = 6, "CAST-CBC", "variable key", _A
    AES_CBC = 7, "AES-CBC", "128, 192 or 256 bits; needs a Key length attribute", "RFC 3602 §5.1"


class HashAlgorithm(_Private65001):
    """Values of the Hash algorithm attribute."""

    MD5 = 1, "MD5", "16 octets; not collision-free, HMAC still holds", "RFC 1321"
    SHA1 = 2, "SHA-1", "20 octets; not collision-free, HMAC still holds", "FIPS 180-1"
    TIGER = 3, "Tiger", "24 octets", _A
    SHA2_256 = 4, "SHA2-256", "32 octets", "FIPS 180-2"
    SHA2_384 = 5, "SHA2-384", "48 octets", "FIPS 180-2"
    SHA2_512 = 6, "SHA2-512", "64 octets", "FIPS 180-2"


class AuthenticationMethod(_Private65001):
    """Values of the Authentication method attribute."""

    PRE_SHARED_KEY = 1, "pre-shared key", "both know one secret", "RFC 2409 §5.4"
    DSS_SIGNATURES = 2, "DSS signatures", "each signs its hash", "RFC 2409 §5.1"
    RSA_SIGNATURES = 3, "RSA signatures", "each signs its hash", "RFC 2409 §5.1"
    RSA_ENCRYPTION = 4, "RSA encryption", "each decrypts the other's nonce", "RFC 2409 §5.2"
    REVISED_RSA_ENCRYPTION = 5, "revised RSA encryption", "the same with fewer operations", "RFC 2409 §5.3"
    ECDSA_256 = 9, "ECDSA P-256", "each signs its hash; SHA-256", "RFC 4754 §3"
    ECDSA_384 = 10, "ECDSA P-384", "each signs its hash; SHA-384", "RFC 4754 §3"
    ECDSA_521 = 11, "ECDSA P-521", "each signs its hash; SHA-512", "RFC 4754 §3"
    HYBRID_INIT_RSA = 64221, "hybrid RSA, initiator is the user", "the responder signs, the initiator logs in", _HYBRID
    HYBRID_RESP_RSA = 64222, "hybrid RSA, responder is the user", "the initiator signs, the responder logs in", _HYBRID
    XAUTH_INIT_PSK = 65001, "XAUTH with pre-shared key, initiator is the user", "a key, then a password", _XAUTH
    XAUTH_RESP_PSK = 65002, "XAUTH with pre-shared key, responder is the user", "a key, then a password", _XAUTH
    XAUTH_INIT_RSA = 65005, "XAUTH with RSA signatures, initiator is the user", "a signature, then a password", _XAUTH
    XAUTH_RESP_RSA = 65006, "XAUTH with RSA signatures, responder is the user", "a signature, then a password", _XAUTH


class Group(_Private65001):
    """Diffie-Hellman groups, the same numbers in both phases."""

    MODP_768 = 1, "MODP-768", "768 bits; far too short today", "RFC 2409 §6.1"
    MODP_1024 = 2, "MODP-1024", "1024 bits; too short today", "RFC 2409 §6.2"
    EC2N_155 = 3, "EC2N-155", "a curve over GF[2^155]", "RFC 2409 §6.3"
    EC2N_185 = 4, "EC2N-185", "a curve over GF[2^185]", "RFC 2409 §6.4"
    MODP_1536 = 5, "MODP-1536", "1536 bits", "RFC 3526 §2"
    MODP_2048 = 14, "MODP-2048", "2048 bits", "RFC 3526 §3"
    MODP_3072 = 15, "MODP-3072", "3072 bits", "RFC 3526 §4"
    MODP_4096 = 16, "MODP-4096", "4096 bits", "RFC 3526 §5"
    MODP_6144 = 17, "MODP-6144", "6144 bits", "RFC 3526 §6"
    MODP_8192 = 18, "MODP-8192", "8192 bits", "RFC 3526 §7"


class GroupType(_Private65001):
    """Values of the Group type attribute."""

    MODP = 1, "MODP", "powers modulo a prime", _A
    ECP = 2, "ECP", "a curve over GF[p]", _A
    EC2N = 3, "EC2N", "a curve over GF[2^n]", _A


class LifeType(_Private65001):
    """Values of the Life type attribute; the same two units in both phases."""

    SECONDS = 1, "seconds", "life is counted in time", _A
    KILOBYTES = 2, "kilobytes", "life is counted in traffic", _A
