"""The two MACs made from AES-128: XCBC (RFC 3566, as a prf RFC 4434) and CMAC (RFC 4493, as a prf RFC 4615)."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.crypto import proof, proof_aes
from explorer.crypto.algorithms import AES_128_CBC

BLOCK = 16
_ZERO = bytes(BLOCK)
_OPENSSL_CMAC = "openssl mac -cipher AES-128-CBC -macopt hexkey:"


def xcbc(key: bytes, data: bytes) -> bytes:
    """AES-XCBC-PRF-128, 16 octets: a shorter key is filled with zeros, a longer one goes through XCBC first."""
    fitting = _xcbc(_ZERO, key) if len(key) > BLOCK else key.ljust(BLOCK, b"\0")
    return _xcbc(fitting, data)


def cmac(key: bytes, data: bytes) -> bytes:
    """AES-CMAC-PRF-128, 16 octets: a key that has not 16 octets goes through CMAC first."""
    fitting = key if len(key) == BLOCK else _cmac(_ZERO, key)
    return _cmac(fitting, data)


def prove_xcbc(key: bytes, parts: Sequence[bytes]) -> str:
    """Python, since openssl's command has no XCBC."""
    return proof_aes.xcbc(key, b"".join(parts))


def prove_cmac(key: bytes, parts: Sequence[bytes]) -> str:
    """What openssl's command says, in lower case; it is asked twice if the key does not fit."""
    hexkey = key.hex()
    if len(key) != BLOCK:
        hexkey = f"$({proof.feed([key])} | {_OPENSSL_CMAC}{_ZERO.hex()} CMAC)"
    return f"{proof.feed(parts)} | {_OPENSSL_CMAC}{hexkey} CMAC | tr A-F a-f"


def _xcbc(key: bytes, data: bytes) -> bytes:
    k_1, k_2, k_3 = (_block(key, bytes((i,)) * BLOCK) for i in (1, 2, 3))
    return _chain(k_1, data, k_2, k_3)


def _cmac(key: bytes, data: bytes) -> bytes:
    k_1 = _doubled(_block(key, _ZERO))
    return _chain(key, data, k_1, _doubled(k_1))


def _chain(key: bytes, data: bytes, for_whole: bytes, for_padded: bytes) -> bytes:
    """The last block of a CBC encryption, in which the last plaintext block is masked."""
    end = max(0, len(data) - 1) // BLOCK * BLOCK
    last = data[end:]
    masked = _xor(last, for_whole) if len(last) == BLOCK else _xor((last + b"\x80").ljust(BLOCK, b"\0"), for_padded)
    return AES_128_CBC.encrypt(key, _ZERO, data[:end] + masked)[-BLOCK:]


def _block(key: bytes, block: bytes) -> bytes:
    return AES_128_CBC.encrypt(key, _ZERO, block)


def _doubled(block: bytes) -> bytes:
    """Times x in GF(2^128) (RFC 4493 §2.3)."""
    number = int.from_bytes(block, "big") << 1
    return (number ^ (0x87 | 1 << 128 if number >> 128 else 0)).to_bytes(BLOCK, "big")


def _xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=True))
