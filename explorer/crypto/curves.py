"""Elliptic curves y² = x³ + ax + b mod p for key exchange (RFC 5903, RFC 5639)."""

from __future__ import annotations

from typing import NamedTuple

from explorer.crypto import ecdsa

Point = tuple[int, int]


class ExchangeCurve(NamedTuple):
    """One curve; ``g`` generates its whole group, of the prime order ``order``.

    ``size`` is the length in octets of a coordinate, ``library`` the name of its class in the library,
    ``source`` where its numbers are printed.
    """

    label: str
    library: str
    source: str
    size: int
    p: int
    a: int
    b: int
    g: Point
    order: int

    def holds(self, x: int, y: int) -> bool:
        """Whether the point is on the curve, with both coordinates below p."""
        on_curve = (y * y - (x * x * x + self.a * x + self.b)) % self.p == 0
        return x < self.p and y < self.p and on_curve


def _nist(curve: ecdsa.Curve, library: str, source: str) -> ExchangeCurve:
    """The curve of the same name that signs: a is -3, and b is what puts g on it."""
    p, (x, y) = curve.p, curve.g
    return ExchangeCurve(
        curve.label, library, source, curve.size, p, p - 3, (y * y - x * x * x + 3 * x) % p, curve.g, curve.order
    )


def _brainpool(bits: int, source: str, p: str, a: str, b: str, x: str, y: str, order: str) -> ExchangeCurve:
    g = (int(x, 16), int(y, 16))
    numbers = int(p, 16), int(a, 16), int(b, 16), g, int(order, 16)
    return ExchangeCurve(f"brainpoolP{bits}r1", f"BrainpoolP{bits}R1", source, bits // 8, *numbers)


P_256 = _nist(ecdsa.P_256, "SECP256R1", "RFC 5903 §3.1")
P_384 = _nist(ecdsa.P_384, "SECP384R1", "RFC 5903 §3.2")
P_521 = _nist(ecdsa.P_521, "SECP521R1", "RFC 5903 §3.3")
BRAINPOOL_256 = _brainpool(
    256,
    "RFC 5639 §3.4",
    "a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377",
    "7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9",
    "26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6",
    "8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262",
    "547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997",
    "a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7",
)
BRAINPOOL_384 = _brainpool(
    384,
    "RFC 5639 §3.6",
    "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71874700133107ec53",
    "7bc382c63d8c150c3c72080ace05afa0c2bea28e4fb22787139165efba91f90f8aa5814a503ad4eb04a8c7dd22ce2826",
    "04a8c7dd22ce28268b39b55416f0447c2fb77de107dcd2a62e880ea53eeb62d57cb4390295dbc9943ab78696fa504c11",
    "1d1c64f068cf45ffa2a63a81b7c13f6b8847a3e77ef14fe3db7fcafe0cbd10e8e826e03436d646aaef87b2e247d4af1e",
    "8abe1d7520f9c2a45cb1eb8e95cfd55262b70b29feec5864e19c054ff99129280e4646217791811142820341263c5315",
    "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565",
)
BRAINPOOL_512 = _brainpool(
    512,
    "RFC 5639 §3.7",
    "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330871"
    "7d4d9b009bc66842aecda12ae6a380e62881ff2f2d82c68528aa6056583a48f3",
    "7830a3318b603b89e2327145ac234cc594cbdd8d3df91610a83441caea9863bc"
    "2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94ca",
    "3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a7"
    "2bf2c7b9e7c1ac4d77fc94cadc083e67984050b75ebae5dd2809bd638016f723",
    "81aee4bdd82ed9645a21322e9c4c6a9385ed9f70b5d916c1b43b62eef4d0098e"
    "ff3b1f78e2d0d48d50d1687b93b97d5f7c6d5047406a5e688b352209bcb9f822",
    "7dde385d566332ecc0eabfa9cf7822fdf209f70024a57b1aa000c55b881f8111"
    "b2dcde494a5f485e5bca4bd88a2763aed1ca2b2fa8f0540678cd1e0f3ad80892",
    "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330870"
    "553e5c414ca92619418661197fac10471db1d381085ddaddb58796829ca90069",
)
