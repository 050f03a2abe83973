"""Key tables in the form in which Wireshark keeps them in a profile."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.events import KeysMade, Role, SaInstalled, SaSnapshot
from explorer.trace.trace import Trace

PREFERENCES = "esp.enable_encryption_decode: TRUE\nesp.enable_authentication_check: TRUE\n"
"""Switches on what Wireshark leaves off: decrypting ESP and checking its ICV."""

_ESP_ENCRYPTION = {
    "DES-CBC": "DES-CBC [RFC2405]",
    "3DES-CBC": "TripleDES-CBC [RFC2451]",
    **{f"AES-CBC-{bits}": "AES-CBC [RFC3602]" for bits in (128, 192, 256)},
    **{f"AES-CTR-{bits}": "AES-CTR [RFC3686]" for bits in (128, 192, 256)},
    **{
        f"AES-GCM-{icv}-{bits}": f"AES-GCM with {icv} octet ICV [RFC4106]"
        for icv in (8, 12, 16) for bits in (128, 192, 256)
    },
}
_IKE_ENCRYPTION = {
    "3DES-CBC": "3DES [RFC2451]",
    **{f"AES-CBC-{bits}": f"AES-CBC-{bits} [RFC3602]" for bits in (128, 192, 256)},
    **{f"AES-CTR-{bits}": f"AES-CTR-{bits} [RFC5930]" for bits in (128, 192, 256)},
    **{
        f"AES-{mode}-{icv}-{bits}": f"AES-{mode}-{bits} with {icv} octet ICV [RFC5282]"
        for mode in ("CCM", "GCM") for icv in (8, 12, 16) for bits in (128, 192, 256)
    },
}
"""Our names of ciphers, and Wireshark's; it knows fewer for ESP than for IKE, and ChaCha20 for neither."""

_ESP_INTEGRITY = {
    "HMAC-MD5": "HMAC-MD5-96 [RFC2403]",
    "HMAC-SHA1": "HMAC-SHA-1-96 [RFC2404]",
    "HMAC-SHA2-256": "HMAC-SHA-256-128 [RFC4868]",
    "HMAC-SHA2-384": "HMAC-SHA-384-192 [RFC4868]",
    "HMAC-SHA2-512": "HMAC-SHA-512-256 [RFC4868]",
}
_IKE_INTEGRITY = {
    "AUTH_HMAC_MD5_96": "HMAC_MD5_96 [RFC2403]",
    "AUTH_HMAC_SHA1_96": "HMAC_SHA1_96 [RFC2404]",
    "AUTH_HMAC_SHA2_256_128": "HMAC_SHA2_256_128 [RFC4868]",
    "AUTH_HMAC_SHA2_384_192": "HMAC_SHA2_384_192 [RFC4868]",
    "AUTH_HMAC_SHA2_512_256": "HMAC_SHA2_512_256 [RFC4868]",
}
# MACs made of AES it does not know, but where it is told the size of the ICV it can decrypt what is in front.
_ESP_UNCHECKED = "ANY 96 bit authentication [no checking]"
_IKE_UNCHECKED = "ANY 96-bits of Authentication [No Checking]"


def key_tables(trace: Trace) -> dict[str, str]:
    """File names and contents of a folder that serves as ``WIRESHARK_CONFIG_DIR``."""
    isakmp: dict[str, None] = {}
    ike: dict[bytes, str] = {}
    esp: dict[str, None] = {}
    for entry in trace.entries:
        if not isinstance(entry.event, SaInstalled | KeysMade):
            continue
        sa = entry.event.sa
        if sa.protocol == "ISAKMP":
            isakmp[_isakmp_row(sa)] = None
        elif sa.protocol == "IKE":
            # There is room for one row a pair of SPIs: the newest keys are in use longest.
            ike[b"".join(spi.octets for spi in sa.spis)] = ike_row(sa)
        elif sa.direction == "outbound" and sa.protocol == "ESP":
            esp.update(dict.fromkeys(_esp_rows(trace, entry.party, sa)))
    return {
        "ikev1_decryption_table": "".join(isakmp),
        "ikev2_decryption_table": "".join(ike.values()),
        "esp_sa": "".join(esp),
        "preferences": PREFERENCES,
    }


def _isakmp_row(sa: SaSnapshot) -> str:
    """Initiator cookie and the final cipher key, after Appendix B."""
    return f"{sa.spis[0].octets.hex()},{dict(sa.keys)['encrypt'].octets.hex()}\n"


def ike_row(sa: SaSnapshot) -> str:
    """Both SPIs, the four keys of the encrypted payload, and what they are for; a salt stands behind its key.

    There is no row for a cipher that Wireshark does not know: a single one would cost it the whole table.
    """
    words, keys = dict(sa.algorithms), dict(sa.keys)
    if words["encryption"] not in _IKE_ENCRYPTION:
        return ""

    def key(use: str) -> str:
        names = [use, use.replace("encrypt", "salt")] if use.startswith("encrypt") else [use]
        return "".join(keys[name].octets.hex() for name in names if name in keys)

    integrity, checking = "NONE [RFC4306]", ["", ""]
    if "integrity" in words:
        integrity = _IKE_INTEGRITY.get(words["integrity"], _IKE_UNCHECKED)
        if integrity != _IKE_UNCHECKED:  # else Wireshark wants no keys
            checking = [key("integrity, initiator"), key("integrity, responder")]
    columns = (
        sa.spis[0].octets.hex(),
        sa.spis[1].octets.hex(),
        key("encrypt, initiator"),
        key("encrypt, responder"),
        f'"{_IKE_ENCRYPTION[words["encryption"]]}"',
        *checking,
        f'"{integrity}"',
    )
    return ",".join(columns) + "\n"


def _esp_rows(trace: Trace, sender: Role, sa: SaSnapshot) -> Iterator[str]:
    """One direction, once for each pair of addresses that it has had: they may change while keys and SPI stay.

    No row for a cipher that Wireshark does not know.
    """
    if dict(sa.algorithms)["encryption"] not in _ESP_ENCRYPTION:
        return
    steps = [step for step in trace.steps if step.sender is sender]
    for source, destination in dict.fromkeys((step.source.address, step.destination.address) for step in steps):
        yield _esp_row(source, destination, sa)


def _esp_row(source: str, destination: str, sa: SaSnapshot) -> str:
    """Addresses, SPI, algorithms and keys."""
    words, keys = dict(sa.algorithms), dict(sa.keys)
    integrity = _ESP_INTEGRITY.get(_old_name(words["integrity"]), _ESP_UNCHECKED) if "integrity" in keys else "NULL"
    columns = (
        "IPv4",
        source,
        destination,
        f"0x{sa.spis[0].octets.hex()}",
        _ESP_ENCRYPTION[words["encryption"]],
        f"0x{keys['encryption'].octets.hex()}{keys['salt'].octets.hex() if 'salt' in keys else ''}",
        integrity,
        f"0x{keys['integrity'].octets.hex()}" if "integrity" in keys else "",
    )
    return ",".join(f'"{column}"' for column in columns) + "\n"


def _old_name(label: str) -> str:
    """IKEv2's name for an integrity algorithm is IKEv1's with the number of bits that are sent."""
    return label.removeprefix("AUTH_").rpartition("_")[0].replace("_", "-") if label.startswith("AUTH_") else label
