"""MODP Diffie-Hellman groups (RFC 2409 §6, RFC 3526).

The primes are computed from their definition, p = 2^n - 2^(n-64) - 1 + 2^64 * (floor(2^(n-130) * pi) + c),
so that a reader sees that nobody chose them freely.  Exponents are short ones, of the size that RFC 3526 §8
gives as its larger estimate (groups 1 and 2, which it does not list, have those of group 5); Python's
``pow`` is not constant-time, which a teaching lab can afford.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from explorer.registry.phase1 import Group


class ModpGroup(NamedTuple):
    """One group: modulus, generator, and how long its exponents are.

    ``size`` is the length in octets of the prime, of public values and of shared secrets; ``exponent_size``
    that of private exponents.
    """

    number: int
    prime: int
    generator: int
    size: int
    exponent_size: int
    citation: str

    def power(self, base: int, exponent: int) -> bytes:
        """``base`` ^ ``exponent`` mod p, left-padded with zeros to ``size`` octets (RFC 2409 §5)."""
        return pow(base, exponent, self.prime).to_bytes(self.size, "big")


# Group: bits of the prime, the constant c of its definition, bits of a private exponent.
_DEFINITIONS = {
    Group.MODP_768: (768, 149686, 240),
    Group.MODP_1024: (1024, 129093, 240),
    Group.MODP_1536: (1536, 741804, 240),
    Group.MODP_2048: (2048, 124476, 320),
    Group.MODP_3072: (3072, 1690314, 420),
    Group.MODP_4096: (4096, 240904, 480),
    Group.MODP_6144: (6144, 929484, 540),
    Group.MODP_8192: (8192, 4743158, 620),
}

SUPPORTED = tuple(int(group) for group in _DEFINITIONS)


def modp_sizes(number: int) -> tuple[int, int]:
    """Octets of the prime and of a private exponent, without the work of computing the prime.

    Raises:
        StopIteration: the number is not a MODP group of this program.
    """
    bits, _, exponent_bits = _DEFINITIONS[_known(number)]
    return bits // 8, -(-exponent_bits // 8)


@cache
def modp_group(number: int) -> ModpGroup:
    """The group with this number.

    Raises:
        StopIteration: the number is not a MODP group of this program.
    """
    group = _known(number)
    bits, constant, _ = _DEFINITIONS[group]
    prime = 2**bits - 2 ** (bits - 64) - 1 + 2**64 * (_pi_times_two_to(bits - 130) + constant)
    return ModpGroup(number, prime, 2, *modp_sizes(number), group.citation)


def private_group(number: int, prime: bytes, generator: int) -> ModpGroup:
    """A group that two peers have agreed on; the prime is big-endian octets (RFC 2409 §5.6)."""
    return ModpGroup(number, int.from_bytes(prime, "big"), generator, len(prime), 40, "RFC 2409 §5.6")


def is_usable_public_value(group: ModpGroup, value: bytes) -> bool:
    """Whether a received public value has the right length and is none of 0, 1 and p-1 (RFC 6989 §2.1)."""
    return len(value) == group.size and 1 < int.from_bytes(value, "big") < group.prime - 1


def _known(number: int) -> Group:
    return next(member for member in _DEFINITIONS if member == number)


def _pi_times_two_to(bits: int) -> int:
    """floor(2^bits * pi), by Machin's formula with 64 spare bits."""
    one = 1 << (bits + 64)
    return (4 * (4 * _arctan_of_inverse(5, one) - _arctan_of_inverse(239, one))) >> 64


def _arctan_of_inverse(x: int, one: int) -> int:
    """arctan(1/x) as a multiple of 1/one."""
    term = one // x
    total, divisor, sign = term, 1, 1
    while term:
        term //= x * x
        divisor, sign = divisor + 2, -sign
        total += sign * (term // divisor)
    return total
