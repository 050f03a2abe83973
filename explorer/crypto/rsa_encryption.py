"""RSA encryption with PKCS #1 padding of type 2 (RFC 8017 §7.2), as RFC 2409 §5.2 and §5.3 use it.

The library would draw the padding itself, and what it makes of a bad ciphertext depends on the OpenSSL it
was built with; so both are done here, where a run can be repeated.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator

from explorer.crypto.expression import Expr, Token
from explorer.crypto.rsa import LEAST_PADDING, RsaKey, RsaPrivateKey, as_base, number, power_tokens, unpadded
from explorer.crypto.term import Term

REJECTED = 20
"""Octets that stand for the plaintext of a ciphertext which has none."""


def nonzero_padding(key: RsaKey, plaintext_size: int, draw: Callable[[int], bytes]) -> bytes:
    """The padding for a plaintext of ``plaintext_size`` octets: drawn octets with the zeros left out.

    ``draw`` is asked for as many octets as are still wanted, until there are enough.

    Raises:
        ValueError: less than eight octets of padding would have room (RFC 8017 §7.2.1).
    """
    wanted = key.size - 3 - plaintext_size
    if wanted < LEAST_PADDING:
        room = key.size - 3 - LEAST_PADDING
        raise ValueError(f"{plaintext_size} octets do not fit into this RSA key, which has room for {room}")
    padding = b""
    while len(padding) < wanted:
        padding += draw(wanted - len(padding)).replace(b"\0", b"")
    return padding


class RsaEncrypt(Expr):
    """``(00 02 | padding | 00 | plaintext) ^ e mod n``, as many octets as the modulus (RFC 8017 §7.2.1).

    Raises:
        ValueError: the padding has a zero in it, or is not what :func:`nonzero_padding` would return for
            this key and this length of plaintext.
    """

    __slots__ = ("e", "key", "n", "padding", "plaintext")

    def __init__(self, key: RsaKey, plaintext: Expr, padding: Expr, e: Term, n: Term) -> None:
        filled = len(padding.octets) + len(plaintext.octets) + 3
        if len(padding.octets) < LEAST_PADDING or 0 in padding.octets or filled != key.size:
            raise ValueError(f"expected {LEAST_PADDING} or more octets of padding without a zero, to fill {key.size}")
        block = b"\0\2" + padding.octets + b"\0" + plaintext.octets
        self.octets = number(pow(int.from_bytes(block, "big"), key.e, key.n), key.size)
        self.key = key
        self.plaintext = plaintext
        self.padding = padding
        self.e = e
        self.n = n

    def inputs(self) -> tuple[Expr, ...]:
        """Padding, plaintext and the public key's two numbers."""
        return (self.padding, self.plaintext, self.e, self.n)

    def tokens(self) -> Iterator[Token]:
        """The block as it is laid out."""
        yield Token("(00 02 | ")
        yield from self.padding.tokens()
        yield Token(" | 00 | ")
        yield from self.plaintext.tokens()
        yield Token(")")
        yield from power_tokens(self.e, self.n)

    def command(self) -> str:
        """Python raises to the power."""
        block = f"int('0002' '{self.padding.octets.hex()}' '00' '{self.plaintext.octets.hex()}', 16)"
        e, n = self.e.octets.hex(), self.n.octets.hex()
        return f"python3 -c \"print('%0{2 * self.key.size}x' % pow({block}, 0x{e}, 0x{n}))\""


class RsaDecrypt(Expr):
    """``unpad(ciphertext ^ d mod n)``: the plaintext.

    A ciphertext without one gives octets that nobody can foretell without the private key, the same each
    time: HMAC-SHA2-256(d, ciphertext), cut to 20 octets.  The exchange then goes on and fails
    later, where every wrong key fails; an answer that told bad padding apart would let whoever asks often
    enough decrypt what others sent (RFC 8017 §7.2.2, RFC 3218 §2.3).
    """

    __slots__ = ("ciphertext", "d", "key", "n")

    def __init__(self, key: RsaPrivateKey, ciphertext: Expr, d: Term, n: Term) -> None:
        self.octets = _decrypt(key, ciphertext.octets)
        self.key = key
        self.ciphertext = ciphertext
        self.d = d
        self.n = n

    def inputs(self) -> tuple[Expr, ...]:
        """The ciphertext and the private key's two numbers."""
        return (self.ciphertext, self.d, self.n)

    def tokens(self) -> Iterator[Token]:
        """Taking off the padding is a word."""
        yield Token("unpad(")
        yield from as_base(self.ciphertext)
        yield from power_tokens(self.d, self.n)
        yield Token(")")

    def command(self) -> str:
        """Python raises to the power and looks for the padding; where there is none it says what stands in."""
        return (
            f"python3 -c \"import hmac, re; c = '{self.ciphertext.octets.hex()}'; "
            f"d = '{self.d.octets.hex()}'; n = '{self.n.octets.hex()}'; "
            "m = '%0*x' % (len(n), pow(int('0' + c, 16), int(d, 16), int(n, 16))); "
            "m = re.fullmatch('0002(?:0[1-9a-f]|[1-9a-f].){8,}00(.*)', m) if len(c) == len(n) and c < n else None; "
            "x = hmac.digest(bytes.fromhex(d), bytes.fromhex(c), 'sha256'); "
            f'print(m[1] if m else x[:{REJECTED}].hex())"'
        )


def _decrypt(key: RsaPrivateKey, ciphertext: bytes) -> bytes:
    c = int.from_bytes(ciphertext, "big")
    found = None
    if len(ciphertext) == key.size and c < key.n:
        found = unpadded(2, number(key.power(c), key.size))
    rejected = hmac.digest(number(key.d, key.size), ciphertext, "sha256")[:REJECTED]
    return rejected if found is None else found
