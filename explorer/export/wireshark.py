"""Key tables in the form in which Wireshark keeps them in a profile."""

from __future__ import annotations

from explorer.events import Role, SaInstalled, SaSnapshot
from explorer.trace.trace import Trace

PREFERENCES = "esp.enable_encryption_decode: TRUE\nesp.enable_authentication_check: TRUE\n"
"""Switches on what Wireshark leaves off: decrypting ESP and checking its ICV."""

_ENCRYPTION = {"DES-CBC": "DES-CBC [RFC2405]", "3DES-CBC": "TripleDES-CBC [RFC2451]"}
_INTEGRITY = {
    "HMAC-MD5": "HMAC-MD5-96 [RFC2403]",
    "HMAC-SHA1": "HMAC-SHA-1-96 [RFC2404]",
    "HMAC-SHA2-256": "HMAC-SHA-256-128 [RFC4868]",
    "HMAC-SHA2-384": "HMAC-SHA-384-192 [RFC4868]",
    "HMAC-SHA2-512": "HMAC-SHA-512-256 [RFC4868]",
}


def key_tables(trace: Trace) -> dict[str, str]:
    """File names and contents of a folder that serves as ``WIRESHARK_CONFIG_DIR``."""
    installed = [e for e in trace.events_of(SaInstalled) if isinstance(e.event, SaInstalled)]
    isakmp: dict[str, None] = {}
    esp: dict[str, None] = {}
    for entry in installed:
        sa = entry.event.sa  # type: ignore[attr-defined]
        if sa.protocol == "ISAKMP":
            isakmp[_isakmp_row(sa)] = None
        elif sa.direction == "outbound" and sa.protocol == "ESP":
            esp[_esp_row(trace, entry.party, sa)] = None
    return {
        "ikev1_decryption_table": "".join(isakmp),
        "ikev2_decryption_table": "",
        "esp_sa": "".join(esp),
        "preferences": PREFERENCES,
    }


def _isakmp_row(sa: SaSnapshot) -> str:
    """Initiator cookie and the final cipher key, after Appendix B."""
    return f"{sa.spis[0].octets.hex()},{dict(sa.keys)['encrypt'].octets.hex()}\n"


def _esp_row(trace: Trace, sender: Role, sa: SaSnapshot) -> str:
    """One direction: addresses, SPI, algorithms and keys."""
    words, keys = dict(sa.algorithms), dict(sa.keys)
    columns = (
        "IPv4",
        trace.parties[sender].outside or trace.parties[sender].address,
        trace.parties[sender.other].outside or trace.parties[sender.other].address,
        f"0x{sa.spis[0].octets.hex()}",
        _ENCRYPTION.get(words["encryption"], "AES-CBC [RFC3602]"),
        f"0x{keys['encryption'].octets.hex()}",
        _INTEGRITY[words["integrity"]],
        f"0x{keys['integrity'].octets.hex()}",
    )
    return ",".join(f'"{column}"' for column in columns) + "\n"
