"""Proof of ChaCha20 and Poly1305 (RFC 8439), in a few lines of Python."""

from __future__ import annotations

from explorer.crypto.proof_script import assigned, lines_of, script

# RFC 8439 §2.1 to §2.8.
_SOURCE = """
from struct import pack, unpack
def turn(n, k): return (n << k | n >> 32 - k) & 0xffffffff
def quarter(s, a, b, c, d):
    for x, y, z, k in (a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7):
        s[x] = s[x] + s[y] & 0xffffffff
        s[z] = turn(s[z] ^ s[x], k)
def block(i):
    start = [*unpack("<4L", b"expand 32-byte k"), *unpack("<8L", key), i, *unpack("<3L", nonce)]
    s = start[:]
    for _ in range(10):
        for c in range(4): quarter(s, c, 4 + c, 8 + c, 12 + c)
        for c in range(4): quarter(s, c, 4 + (c + 1) % 4, 8 + (c + 2) % 4, 12 + (c + 3) % 4)
    return pack("<16L", *(a + b & 0xffffffff for a, b in zip(s, start)))
def fill(data): return data + bytes(-len(data) % 16)
stream = b"".join(block(1 + i) for i in range(-(-len(text) // 64)))
sealed = bytes(a ^ b for a, b in zip(text, stream))
once = block(0)
r = int.from_bytes(once[:16], "little") & 0x0ffffffc0ffffffc0ffffffc0fffffff
data, tag = fill(aad) + fill(sealed) + pack("<2Q", len(aad), len(text)), 0
for i in range(0, len(data), 16): tag = (tag + int.from_bytes(data[i:i + 16] + bytes([1]), "little")) * r % (2**130 - 5)
tag += int.from_bytes(once[16:32], "little")
print((sealed + (tag % 2**128).to_bytes(16, "little")).hex())
"""


def chacha20_poly1305(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> str:
    """Ciphertext and ICV."""
    return script(*assigned(key=key, nonce=nonce, text=plaintext, aad=aad), *lines_of(_SOURCE))
