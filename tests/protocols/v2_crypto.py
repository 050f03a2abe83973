from __future__ import annotations

import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from v2_hand import INTEGRITY_SIZE, Keys


def resealed(octets: bytes, keys: Keys, plain: bytes, *, initiator: bool) -> bytes:
    """The same header and vector over another plaintext of the same size."""
    cipher, integrity = (keys.ei, keys.ai) if initiator else (keys.er, keys.ar)
    made = octets[:48] + Cipher(AES(cipher), modes.CBC(octets[32:48])).encryptor().update(plain)
    return made + hmac.new(integrity, made, "sha256").digest()[:INTEGRITY_SIZE]
