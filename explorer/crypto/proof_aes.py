"""Proofs with AES that openssl's commands do not offer: XCBC, GCM and CCM, in a few lines of Python each.

Python's library has no AES; so a proof brings its own (FIPS 197), slow and short.
"""

from __future__ import annotations

from explorer.crypto.proof_script import assigned, lines_of, script

# The S-box comes from powers of 3, which generates GF(2^8) without zero: L[-i] is the inverse of L[i].
_AES = """
def xor(a, b): return bytes(x ^ y for x, y in zip(a, b))
def twice(a): return a << 1 ^ (a >> 7) * 283
L = [1]
while len(L) < 255: L.append(L[-1] ^ twice(L[-1]))
S = [99] * 256
for i in range(255): b = L[-i] * 257; S[L[i]] = (b ^ b >> 4 ^ b >> 5 ^ b >> 6 ^ b >> 7) & 255 ^ 99
def schedule(key):
    n, c = len(key) // 4, 1
    W = [key[4 * i:4 * i + 4] for i in range(n)]
    for i in range(n, 4 * n + 28):
        t = W[-1]
        if i % n == 0: t = xor([S[t[1]], S[t[2]], S[t[3]], S[t[0]]], [c, 0, 0, 0]); c = twice(c)
        elif n > 6 and i % n == 4: t = [S[x] for x in t]
        W.append(xor(t, W[i - n]))
    return b"".join(W)
def aes(W, block):
    s = xor(block, W)
    for i in range(16, len(W), 16):
        s = [S[s[5 * j % 16]] for j in range(16)]
        c = [s[j] ^ s[j + 1] ^ s[j + 2] ^ s[j + 3] for j in range(0, 16, 4)]
        if i < len(W) - 16: s = [s[j] ^ c[j // 4] ^ twice(s[j] ^ s[j - j % 4 + (j + 1) % 4]) for j in range(16)]
        s = xor(s, W[i:i + 16])
    return s
"""

# RFC 3566 §4; for keys of other lengths RFC 4434 §2.
_XCBC = """
def xcbc(key, data):
    W = schedule(key)
    K1, K2, K3 = (aes(W, bytes([i]) * 16) for i in (1, 2, 3))
    W, E, end = schedule(K1), bytes(16), max(0, len(data) - 1) // 16 * 16
    last = data[end:]
    last = xor(last, K2) if len(last) == 16 else xor(last + bytes([128]) + bytes(15), K3)
    for i in range(0, end, 16): E = aes(W, xor(E, data[i:i + 16]))
    return aes(W, xor(E, last))
key = xcbc(bytes(16), key) if len(key) > 16 else key + bytes(16 - len(key))
print(xcbc(key, data).hex())
"""

_COUNTER = """
W = schedule(key)
def block(i): return aes(W, front + nonce + i.to_bytes(16 - len(front + nonce), "big"))
def stream(first): return b"".join(block(first + i) for i in range(-(-len(text) // 16)))
def fill(data): return data + bytes(-len(data) % 16)
"""

# NIST SP 800-38D §6.3, §6.4, §7.1 with a nonce of 12 octets.
_GCM = """
def times(x, y):
    z = 0
    for i in range(127, -1, -1):
        if x >> i & 1: z ^= y
        y = y >> 1 ^ (y & 1) * (225 << 120)
    return z
front = b""
sealed = xor(text, stream(2))
lengths = (8 * len(aad)).to_bytes(8, "big") + (8 * len(text)).to_bytes(8, "big")
data = fill(aad) + fill(sealed) + lengths
H, Y = int.from_bytes(aes(W, bytes(16)), "big"), 0
for i in range(0, len(data), 16): Y = times(Y ^ int.from_bytes(data[i:i + 16], "big"), H)
print((sealed + xor(Y.to_bytes(16, "big"), block(1))[:size]).hex())
"""

# NIST SP 800-38C §6.1, with the formatting of its Appendix A: a nonce of 11 octets leaves 4 for the length.
_CCM = """
front = bytes([3])
sealed = xor(text, stream(1))
data = bytes([64 * bool(aad) + 4 * size - 5]) + nonce + len(text).to_bytes(4, "big")
if aad: data += fill(len(aad).to_bytes(2, "big") + aad)
data, T = data + fill(text), bytes(16)
for i in range(0, len(data), 16): T = aes(W, xor(T, data[i:i + 16]))
print((sealed + xor(T, block(0))[:size]).hex())
"""


def xcbc(key: bytes, data: bytes) -> str:
    """AES-XCBC-PRF-128."""
    return script(*assigned(key=key, data=data), *lines_of(_AES), *lines_of(_XCBC))


def gcm(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, icv_size: int) -> str:
    """Ciphertext and ICV of AES-GCM."""
    return _aead(_GCM, key, nonce, plaintext, aad, icv_size)


def ccm(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, icv_size: int) -> str:
    """Ciphertext and ICV of AES-CCM; at most 65279 octets of associated data."""
    return _aead(_CCM, key, nonce, plaintext, aad, icv_size)


def _aead(source: str, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, icv_size: int) -> str:
    given = [*assigned(key=key, nonce=nonce, text=plaintext, aad=aad), f"size = {icv_size}"]
    return script(*given, *lines_of(_AES), *lines_of(_COUNTER), *lines_of(source))
