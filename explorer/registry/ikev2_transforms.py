"""Transforms of IKEv2 (RFC 7296 §3.3.2): what is negotiated, one registry for each type."""

from __future__ import annotations

from explorer.registry.number import Number


class TransformType(Number):
    """The Transform Type octet (RFC 7296 §3.3.2, RFC 9370 §2.1)."""

    ENCR = 1, "Encryption Algorithm", "cipher, for IKE and ESP", "RFC 7296 §3.3.2"
    PRF = 2, "Pseudorandom Function", "what keys are made with, for IKE", "RFC 7296 §3.3.2"
    INTEG = 3, "Integrity Algorithm", "for whatever cipher has none of its own", "RFC 7296 §3.3.2"
    KE = 4, "Key Exchange Method", "Diffie-Hellman group, or key encapsulation", "RFC 7296 §3.3.2, RFC 9370 §2.1"
    ESN = 5, "Sequence Numbers", "32 or 64 bits, for ESP and AH", "RFC 7296 §3.3.2, RFC 9827"
    ADDKE1 = 6, "Additional Key Exchange 1", "one more key exchange, after the first", "RFC 9370 §2.1"
    ADDKE2 = 7, "Additional Key Exchange 2", "one more", "RFC 9370 §2.1"
    ADDKE3 = 8, "Additional Key Exchange 3", "one more", "RFC 9370 §2.1"
    ADDKE4 = 9, "Additional Key Exchange 4", "one more", "RFC 9370 §2.1"
    ADDKE5 = 10, "Additional Key Exchange 5", "one more", "RFC 9370 §2.1"
    ADDKE6 = 11, "Additional Key Exchange 6", "one more", "RFC 9370 §2.1"
    ADDKE7 = 12, "Additional Key Exchange 7", "one more", "RFC 9370 §2.1"


class V2Attribute(Number):
    """Attributes of a transform (RFC 7296 §3.3.5)."""

    KEY_LENGTH = 14, "Key Length", "bits of key, for ciphers with several sizes", "RFC 7296 §3.3.5"


class EncryptionId(Number):
    """Transforms of type 1."""

    DES = 2, "ENCR_DES", "56 effective bits", "RFC 2405"
    TRIPLE_DES = 3, "ENCR_3DES", "168 bits, 64-bit blocks", "RFC 2451"
    NULL = 11, "ENCR_NULL", "no encryption", "RFC 2410"
    AES_CBC = 12, "ENCR_AES_CBC", "needs an integrity algorithm beside it", "RFC 3602"
    AES_CTR = 13, "ENCR_AES_CTR", "a stream; needs an integrity algorithm beside it", "RFC 5930"
    AES_CCM_8 = 14, "ENCR_AES_CCM_8", "encryption and integrity in one, 8 octets of ICV", "RFC 5282"
    AES_CCM_12 = 15, "ENCR_AES_CCM_12", "encryption and integrity in one, 12 octets of ICV", "RFC 5282"
    AES_CCM_16 = 16, "ENCR_AES_CCM_16", "encryption and integrity in one, 16 octets of ICV", "RFC 5282"
    AES_GCM_8 = 18, "ENCR_AES_GCM_8", "encryption and integrity in one, 8 octets of ICV", "RFC 5282"
    AES_GCM_12 = 19, "ENCR_AES_GCM_12", "encryption and integrity in one, 12 octets of ICV", "RFC 5282"
    AES_GCM_16 = 20, "ENCR_AES_GCM_16", "encryption and integrity in one, 16 octets of ICV", "RFC 5282"
    CHACHA20_POLY1305 = 28, "ENCR_CHACHA20_POLY1305", "encryption and integrity in one", "RFC 7634"


class PrfId(Number):
    """Transforms of type 2."""

    HMAC_MD5 = 1, "PRF_HMAC_MD5", "16 octets", "RFC 2104"
    HMAC_SHA1 = 2, "PRF_HMAC_SHA1", "20 octets", "RFC 2104"
    AES128_XCBC = 4, "PRF_AES128_XCBC", "16 octets, made of a cipher", "RFC 4434"
    HMAC_SHA2_256 = 5, "PRF_HMAC_SHA2_256", "32 octets", "RFC 4868"
    HMAC_SHA2_384 = 6, "PRF_HMAC_SHA2_384", "48 octets", "RFC 4868"
    HMAC_SHA2_512 = 7, "PRF_HMAC_SHA2_512", "64 octets", "RFC 4868"
    AES128_CMAC = 8, "PRF_AES128_CMAC", "16 octets, made of a cipher", "RFC 4615"


class IntegrityId(Number):
    """Transforms of type 3."""

    NONE = 0, "NONE", "the cipher has its own", "RFC 7296 §3.3.2"
    HMAC_MD5_96 = 1, "AUTH_HMAC_MD5_96", "12 octets are sent", "RFC 2403"
    HMAC_SHA1_96 = 2, "AUTH_HMAC_SHA1_96", "12 octets are sent", "RFC 2404"
    AES_XCBC_96 = 5, "AUTH_AES_XCBC_96", "12 octets are sent", "RFC 3566"
    AES_CMAC_96 = 8, "AUTH_AES_CMAC_96", "12 octets are sent", "RFC 4494"
    HMAC_SHA2_256_128 = 12, "AUTH_HMAC_SHA2_256_128", "16 octets are sent", "RFC 4868"
    HMAC_SHA2_384_192 = 13, "AUTH_HMAC_SHA2_384_192", "24 octets are sent", "RFC 4868"
    HMAC_SHA2_512_256 = 14, "AUTH_HMAC_SHA2_512_256", "32 octets are sent", "RFC 4868"


class KeyExchangeId(Number):
    """Transforms of type 4, and of the additional key exchanges."""

    NONE = 0, "NONE", "no key exchange of its own", "RFC 7296 §3.3.2"
    MODP_768 = 1, "MODP-768", "far too short today", "RFC 7296 Appendix B.1"
    MODP_1024 = 2, "MODP-1024", "too short today", "RFC 7296 Appendix B.2"
    MODP_1536 = 5, "MODP-1536", "1536 bits", "RFC 3526 §2"
    MODP_2048 = 14, "MODP-2048", "2048 bits", "RFC 3526 §3"
    MODP_3072 = 15, "MODP-3072", "3072 bits", "RFC 3526 §4"
    MODP_4096 = 16, "MODP-4096", "4096 bits", "RFC 3526 §5"
    MODP_6144 = 17, "MODP-6144", "6144 bits", "RFC 3526 §6"
    MODP_8192 = 18, "MODP-8192", "8192 bits", "RFC 3526 §7"
    ECP_256 = 19, "ECP-256", "a curve of 256 bits", "RFC 5903 §3.1"
    ECP_384 = 20, "ECP-384", "a curve of 384 bits", "RFC 5903 §3.2"
    ECP_521 = 21, "ECP-521", "a curve of 521 bits", "RFC 5903 §3.3"
    BRAINPOOL_256 = 28, "Brainpool-256", "a curve of 256 bits", "RFC 6954 §2.1"
    BRAINPOOL_384 = 29, "Brainpool-384", "a curve of 384 bits", "RFC 6954 §2.1"
    BRAINPOOL_512 = 30, "Brainpool-512", "a curve of 512 bits", "RFC 6954 §2.1"
    X25519 = 31, "X25519", "a curve of 255 bits", "RFC 8031 §3.1"
    X448 = 32, "X448", "a curve of 448 bits", "RFC 8031 §3.1"
    ML_KEM_512 = 35, "ML-KEM-512", "key encapsulation against quantum computers", "draft-ietf-ipsecme-ikev2-mlkem"
    ML_KEM_768 = 36, "ML-KEM-768", "key encapsulation against quantum computers", "draft-ietf-ipsecme-ikev2-mlkem"
    ML_KEM_1024 = 37, "ML-KEM-1024", "key encapsulation against quantum computers", "draft-ietf-ipsecme-ikev2-mlkem"


class EsnId(Number):
    """Transforms of type 5."""

    SHORT = 0, "32-bit", "32-bit sequence numbers", "RFC 7296 §3.3.2"
    EXTENDED = 1, "64-bit", "extended sequence numbers, of which half are sent", "RFC 7296 §3.3.2"
