"""The prfs and integrity algorithms of IKEv2, as expressions, and prf+ (RFC 7296 §2.13)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from explorer.crypto import aes_mac, proof
from explorer.crypto.algorithms import MD5, SHA1, SHA2_256, SHA2_384, SHA2_512, HashFunction
from explorer.crypto.expression import Concat, Expr, Token
from explorer.crypto.term import Term, derive

MOST_BLOCKS = 255
"""The counter of prf+ is one octet, and starts at 1 (RFC 7296 §2.13)."""


class MacAlgorithm(NamedTuple):
    """A function of key and data, and the shell command that computes the same."""

    compute: Callable[[bytes, bytes], bytes]
    prove: Callable[[bytes, Sequence[bytes]], str]


def _hmac(function: HashFunction) -> MacAlgorithm:
    return MacAlgorithm(function.hmac, partial(proof.hmac, function.name))


_XCBC = MacAlgorithm(aes_mac.xcbc, aes_mac.prove_xcbc)
_CMAC = MacAlgorithm(aes_mac.cmac, aes_mac.prove_cmac)


class PrfFunction(NamedTuple):
    """A pseudorandom function (RFC 7296 §3.3.2, transform type 2).

    ``size`` is the length in octets of its output, ``key_size`` of the keys that it would like best
    (RFC 7296 §2.13); it takes keys of any length.  ``fixed_key`` says that it was made for keys of
    ``key_size`` octets alone: then half of a key made of nonces is the beginning of Ni and half that
    of Nr (RFC 7296 §2.14).
    """

    label: str
    size: int
    key_size: int
    algorithm: MacAlgorithm
    fixed_key: bool = False

    def mac(self, key: bytes, data: bytes) -> bytes:
        """``size`` octets; any length of key, also none."""
        return self.algorithm.compute(key, data)


PRF_HMAC_MD5 = PrfFunction("HMAC-MD5", 16, 16, _hmac(MD5))
PRF_HMAC_SHA1 = PrfFunction("HMAC-SHA1", 20, 20, _hmac(SHA1))
PRF_HMAC_SHA2_256 = PrfFunction("HMAC-SHA2-256", 32, 32, _hmac(SHA2_256))
PRF_HMAC_SHA2_384 = PrfFunction("HMAC-SHA2-384", 48, 48, _hmac(SHA2_384))
PRF_HMAC_SHA2_512 = PrfFunction("HMAC-SHA2-512", 64, 64, _hmac(SHA2_512))
PRF_AES128_XCBC = PrfFunction("AES128-XCBC", 16, 16, _XCBC, fixed_key=True)
PRF_AES128_CMAC = PrfFunction("AES128-CMAC", 16, 16, _CMAC, fixed_key=True)
PRFS = {
    function.label: function
    for function in (
        PRF_HMAC_MD5,
        PRF_HMAC_SHA1,
        PRF_HMAC_SHA2_256,
        PRF_HMAC_SHA2_384,
        PRF_HMAC_SHA2_512,
        PRF_AES128_XCBC,
        PRF_AES128_CMAC,
    )
}


class IntegrityFunction(NamedTuple):
    """An integrity algorithm (RFC 7296 §3.3.2, transform type 3).

    ``key_size`` octets of key go in, and the first ``icv_size`` octets of what comes out are sent.
    """

    label: str
    key_size: int
    icv_size: int
    algorithm: MacAlgorithm

    def mac(self, key: bytes, data: bytes) -> bytes:
        """``icv_size`` octets."""
        return self.algorithm.compute(key, data)[: self.icv_size]


AUTH_HMAC_MD5_96 = IntegrityFunction("HMAC-MD5-96", 16, 12, _hmac(MD5))
AUTH_HMAC_SHA1_96 = IntegrityFunction("HMAC-SHA1-96", 20, 12, _hmac(SHA1))
AUTH_HMAC_SHA2_256_128 = IntegrityFunction("HMAC-SHA2-256-128", 32, 16, _hmac(SHA2_256))
AUTH_HMAC_SHA2_384_192 = IntegrityFunction("HMAC-SHA2-384-192", 48, 24, _hmac(SHA2_384))
AUTH_HMAC_SHA2_512_256 = IntegrityFunction("HMAC-SHA2-512-256", 64, 32, _hmac(SHA2_512))
AUTH_AES_XCBC_96 = IntegrityFunction("AES-XCBC-96", 16, 12, _XCBC)
AUTH_AES_CMAC_96 = IntegrityFunction("AES-CMAC-96", 16, 12, _CMAC)
INTEGRITY_FUNCTIONS = {
    function.label: function
    for function in (
        AUTH_HMAC_MD5_96,
        AUTH_HMAC_SHA1_96,
        AUTH_HMAC_SHA2_256_128,
        AUTH_HMAC_SHA2_384_192,
        AUTH_HMAC_SHA2_512_256,
        AUTH_AES_XCBC_96,
        AUTH_AES_CMAC_96,
    )
}


class Mac(Expr):
    """``prf(key, data)`` with the negotiated function, as long as its output, under the name of its use."""

    __slots__ = ("data", "function", "key", "word")

    def __init__(self, function: PrfFunction, key: Expr, data: Expr, word: str = "prf") -> None:
        self.octets = function.mac(key.octets, data.octets)
        self.function = function
        self.key = key
        self.data = data
        self.word = word

    def inputs(self) -> tuple[Expr, ...]:
        """Key and data."""
        return (self.key, self.data)

    def tokens(self) -> Iterator[Token]:
        """As RFC 7296 writes it."""
        return _call(self.word, self.key, self.data)

    def command(self) -> str:
        """By openssl where it has the function, else by Python."""
        return self.function.algorithm.prove(self.key.octets, [part.octets for part in self.data.parts])


class Icv(Expr):
    """``HMAC-SHA2-256-128(key, data)``: the first ``icv_size`` octets of a MAC."""

    __slots__ = ("data", "function", "key")

    def __init__(self, function: IntegrityFunction, key: Expr, data: Expr) -> None:
        self.octets = function.mac(key.octets, data.octets)
        self.function = function
        self.key = key
        self.data = data

    def inputs(self) -> tuple[Expr, ...]:
        """Key and data."""
        return (self.key, self.data)

    def tokens(self) -> Iterator[Token]:
        """Under the algorithm's name, which says how many bits are left."""
        return _call(self.function.label, self.key, self.data)

    def command(self) -> str:
        """The whole MAC, cut."""
        whole = self.function.algorithm.prove(self.key.octets, [part.octets for part in self.data.parts])
        return proof.cut(whole, 0, self.function.icv_size)


def prf_plus(
    function: PrfFunction, key: Expr, seed: Expr, size: int, symbol: str, scope: str, citation: str
) -> tuple[Term, ...]:
    """``size`` octets under ``symbol``, last, after the blocks they are cut from (RFC 7296 §2.13).

    The blocks are T1 = prf(K, S | 1), T2 = prf(K, T1 | S | 2) and so on, named ``symbol·T1`` ….

    Raises:
        ValueError: more than 255 blocks would be needed, or none.
    """
    count = -(-size // function.size)
    if not 0 < count <= MOST_BLOCKS:
        raise ValueError(f"expected 1 to {MOST_BLOCKS * function.size} octets from prf+, not {size}")
    blocks: list[Term] = []
    for number in range(1, count + 1):
        fed = blocks[-1] | seed if blocks else seed
        block = Mac(function, key, fed | number)
        blocks.append(derive(f"{symbol}·T{number}", block, citation, scope=scope))
    return (*blocks, derive(symbol, Concat(tuple(blocks))[:size], citation, scope=scope))


def _call(word: str, key: Expr, data: Expr) -> Iterator[Token]:
    yield Token(f"{word}(")
    yield from key.tokens()
    yield Token(", ")
    yield from data.tokens()
    yield Token(")")
