"""ML-KEM (FIPS 203) without any randomness of its own: whatever is drawn is handed in.

The library makes a key pair from a seed and decapsulates, but draws by itself when it encapsulates, and has
no ML-KEM-512; so the whole is here, and a run can be repeated.  Nothing is constant-time, which a teaching
lab can afford.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

Q, N = 3329, 256
Poly = list[int]
"""256 coefficients; between operations they need not be below Q, nor positive."""


class Parameters(NamedTuple):
    """One parameter set (FIPS 203 §8): k polynomials make a vector; the others bound noise and rounding."""

    label: str
    k: int
    eta_1: int
    d_u: int
    d_v: int
    eta_2: int = 2

    @property
    def key_size(self) -> int:
        """Octets of an encapsulation key."""
        return 384 * self.k + 32

    @property
    def ciphertext_size(self) -> int:
        """Octets of a ciphertext."""
        return 32 * (self.k * self.d_u + self.d_v)


ML_KEM_512 = Parameters("ML-KEM-512", 2, 3, 10, 4)
ML_KEM_768 = Parameters("ML-KEM-768", 3, 2, 10, 4)
ML_KEM_1024 = Parameters("ML-KEM-1024", 4, 2, 11, 5)
SEED_SIZE, MESSAGE_SIZE, SECRET_SIZE = 64, 32, 32
"""Octets of d | z, of m and of the shared secret."""


class KeyPair(NamedTuple):
    """What key generation gives; ``s`` is the secret vector, transformed, and ``z`` answers bad ciphertexts."""

    encapsulation_key: bytes
    s: list[Poly]
    z: bytes


def key_pair(parameters: Parameters, seed: bytes) -> KeyPair:
    """A key pair from the 64 octets d | z (FIPS 203 §7.1, Algorithms 13 and 16)."""
    k, d, z = parameters.k, seed[:32], seed[32:]
    hashed = hashlib.sha3_512(d + bytes((k,))).digest()
    rho, sigma = hashed[:32], hashed[32:]
    noise = [_ntt(_noise(parameters.eta_1, sigma, number)) for number in range(2 * k)]
    s, e = noise[:k], noise[k:]
    t = [_add(_dot([_uniform(rho, i, j) for j in range(k)], s), e[i]) for i in range(k)]
    return KeyPair(b"".join(_encode(12, poly) for poly in t) + rho, [_reduced(poly) for poly in s], z)


def encapsulate(parameters: Parameters, key: bytes, m: bytes) -> tuple[bytes, bytes]:
    """Shared secret and ciphertext for an encapsulation key and 32 drawn octets (FIPS 203 Algorithm 17)."""
    hashed = _secret_and_randomness(key, m)
    return hashed[:SECRET_SIZE], _encrypt(parameters, key, m, hashed[SECRET_SIZE:])


def encapsulated_secret(key: bytes, m: bytes) -> bytes:
    """The shared secret alone, for which no lattice is needed."""
    return _secret_and_randomness(key, m)[:SECRET_SIZE]


def decapsulate(parameters: Parameters, pair: KeyPair, ciphertext: bytes) -> bytes:
    """The shared secret; a ciphertext that nobody made as it must be gives another one (FIPS 203 Algorithm 18)."""
    m = _decrypt(parameters, pair.s, ciphertext)
    secret, again = encapsulate(parameters, pair.encapsulation_key, m)
    return secret if again == ciphertext else hashlib.shake_256(pair.z + ciphertext).digest(32)


def is_usable_key(parameters: Parameters, key: bytes) -> bool:
    """Whether an encapsulation key has its length and no coefficient of Q or more (FIPS 203 §7.2)."""
    if len(key) != parameters.key_size:
        return False
    return all(c < Q for i in range(parameters.k) for c in _decode(12, key[384 * i : 384 * (i + 1)]))


def _secret_and_randomness(key: bytes, m: bytes) -> bytes:
    return hashlib.sha3_512(m + hashlib.sha3_256(key).digest()).digest()


def _encrypt(parameters: Parameters, key: bytes, m: bytes, r: bytes) -> bytes:
    """K-PKE.Encrypt (FIPS 203 Algorithm 14)."""
    k, rho = parameters.k, key[-32:]
    t = [_decode(12, key[384 * i : 384 * (i + 1)]) for i in range(k)]
    y = [_ntt(_noise(parameters.eta_1, r, number)) for number in range(k)]
    parts = []
    for i in range(k):
        u = _back(_dot([_uniform(rho, j, i) for j in range(k)], y))
        parts.append(_compressed(parameters.d_u, _add(u, _noise(parameters.eta_2, r, k + i))))
    v = _add(_back(_dot(t, y)), _noise(parameters.eta_2, r, 2 * k))
    return b"".join((*parts, _compressed(parameters.d_v, _add(v, _decompressed(1, m)))))


def _decrypt(parameters: Parameters, s: list[Poly], ciphertext: bytes) -> bytes:
    """K-PKE.Decrypt (FIPS 203 Algorithm 15)."""
    size = 32 * parameters.d_u
    parts = [ciphertext[size * i : size * (i + 1)] for i in range(parameters.k)]
    u = [_ntt(_decompressed(parameters.d_u, part)) for part in parts]
    v = _decompressed(parameters.d_v, ciphertext[size * parameters.k :])
    return _compressed(1, [a - b for a, b in zip(v, _back(_dot(s, u)), strict=True)])


def _decode(bits: int, octets: bytes) -> Poly:
    """ByteDecode: coefficients of ``bits`` bits, the least significant first."""
    number, mask = int.from_bytes(octets, "little"), (1 << bits) - 1
    return [number >> at & mask for at in range(0, 8 * len(octets), bits)]


def _encode(bits: int, poly: Sequence[int]) -> bytes:
    """ByteEncode, of coefficients modulo Q or, below 12 bits, modulo 2^bits."""
    modulus = Q if bits == 12 else 1 << bits
    written = "".join([format(c % modulus, f"0{bits}b") for c in reversed(poly)])
    return int(written, 2).to_bytes(32 * bits, "little")


def _compressed(bits: int, poly: Poly) -> bytes:
    """Each coefficient rounded to ``bits`` bits (FIPS 203 §4.2.1), then as octets."""
    return _encode(bits, [((c % Q << bits) + Q // 2) // Q for c in poly])


def _decompressed(bits: int, octets: bytes) -> Poly:
    half = 1 << (bits - 1)
    return [c * Q + half >> bits for c in _decode(bits, octets)]


def _uniform(rho: bytes, i: int, j: int) -> Poly:
    """Entry i, j of the matrix A (SampleNTT, Algorithm 7): twelve bits at a time, those below Q."""
    stream, blocks = hashlib.shake_128(rho + bytes((j, i))), 3
    while True:
        found = [c for c in _decode(12, stream.digest(168 * blocks)) if c < Q]
        if len(found) >= N:
            return found[:N]
        blocks += 1


def _noise(eta: int, seed: bytes, number: int) -> Poly:
    """Small coefficients (SamplePolyCBD, Algorithm 8): bits of one half less bits of the other."""
    table = [(x & (1 << eta) - 1).bit_count() - (x >> eta).bit_count() for x in range(1 << 2 * eta)]
    return [table[x] for x in _decode(2 * eta, hashlib.shake_256(seed + bytes((number,))).digest(64 * eta))]


def _reversed_bits(number: int) -> int:
    return int(format(number, "07b")[::-1], 2)


_ZETAS = [pow(17, _reversed_bits(i), Q) for i in range(128)]
_GAMMAS = [pow(17, 2 * _reversed_bits(i) + 1, Q) for i in range(128)]


def _ntt(poly: Poly) -> Poly:
    """The number-theoretic transform (Algorithm 9); sums stay unreduced for its seven rounds."""
    f, number, half = poly[:], 0, 128
    while half >= 2:
        for start in range(0, N, 2 * half):
            number += 1
            zeta, middle = _ZETAS[number], start + half
            low, high = f[start:middle], [zeta * c % Q for c in f[middle : middle + half]]
            f[start:middle] = [a + b for a, b in zip(low, high, strict=True)]
            f[middle : middle + half] = [a - b for a, b in zip(low, high, strict=True)]
        half //= 2
    return f


def _back(poly: Poly) -> Poly:
    """Its inverse (Algorithm 10)."""
    f, number, half = poly[:], 128, 2
    while half <= 128:
        for start in range(0, N, 2 * half):
            number -= 1
            zeta, middle = _ZETAS[number], start + half
            low, high = f[start:middle], f[middle : middle + half]
            f[start:middle] = [a + b for a, b in zip(low, high, strict=True)]
            f[middle : middle + half] = [zeta * (b - a) % Q for a, b in zip(low, high, strict=True)]
        half *= 2
    return [c * 3303 % Q for c in f]


def _dot(a: list[Poly], b: list[Poly]) -> Poly:
    """The sum of products of transformed polynomials (Algorithms 11 and 12)."""
    total = [0] * N
    for f, g in zip(a, b, strict=True):
        for at, gamma in zip(range(0, N, 2), _GAMMAS, strict=True):
            f_0, f_1, g_0, g_1 = f[at], f[at + 1], g[at], g[at + 1]
            total[at] += f_0 * g_0 + f_1 * g_1 * gamma
            total[at + 1] += f_0 * g_1 + f_1 * g_0
    return _reduced(total)


def _add(a: Poly, b: Poly) -> Poly:
    return [x + y for x, y in zip(a, b, strict=True)]


def _reduced(poly: Poly) -> Poly:
    return [c % Q for c in poly]
